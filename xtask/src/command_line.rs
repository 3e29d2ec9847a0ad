//! A command line as a page.

use std::fmt::Write;

use clap::{Arg, Command};

/// The command and all its subcommands, each with its usage and arguments.
pub fn markdown(command: Command) -> String {
    let mut command = command;
    command.build();
    let mut page = String::new();
    describe(&mut page, &command, 2);
    page
}

fn describe(page: &mut String, command: &Command, level: usize) {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ");
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    put(
        page,
        format_args!("\n{} `{name}`\n\n{}\n\n```text\n{usage}\n```\n", "#".repeat(level), sentence(&about)),
    );
    let arguments: Vec<&Arg> = command.get_arguments().filter(|argument| !is_builtin(argument)).collect();
    if !arguments.is_empty() {
        page.push_str("\n| argument | default | meaning |\n|---|---|---|\n");
        for argument in arguments {
            row(page, argument);
        }
    }
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        describe(page, command, (level + 1).min(4));
    }
}

fn is_builtin(argument: &Arg) -> bool {
    matches!(argument.get_id().as_str(), "help" | "version")
}

fn row(page: &mut String, argument: &Arg) {
    let default: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let takes_value = argument.get_action().takes_values();
    let default =
        if default.is_empty() || !takes_value { String::new() } else { format!("`{}`", default.join(" ")) };
    let mut meaning = sentence(&argument.get_help().map(ToString::to_string).unwrap_or_default());
    let values = argument.get_possible_values();
    if !values.is_empty() && takes_value {
        let values: Vec<_> = values.iter().map(|value| format!("`{}`", value.get_name())).collect();
        put(&mut meaning, format_args!(" One of {}.", values.join(", ")));
    }
    if let Some(variable) = argument.get_env() {
        put(&mut meaning, format_args!(" Environment: `{}`.", variable.to_string_lossy()));
    }
    put(page, format_args!("| `{argument}` | {default} | {meaning} |\n"));
}

fn sentence(text: &str) -> String {
    let text = text.trim().replace('|', "\\|");
    if text.is_empty() || text.ends_with('.') { text } else { text + "." }
}

/// `write!` to a text, which cannot fail.
fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}
