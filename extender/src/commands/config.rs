//! `wit-extender config`.

use std::process::ExitCode;

use super::{print, settings};
use crate::cli::{ConfigArguments, ConfigCommand, SettingsArguments};

/// Prints the defaults or checks a file.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn run(arguments: &ConfigArguments) -> anyhow::Result<ExitCode> {
    match &arguments.command {
        ConfigCommand::Defaults => print(&wit_config::defaults_yaml())?,
        ConfigCommand::Check { file } => {
            let only = SettingsArguments { config: Some(file.clone()), ..SettingsArguments::default() };
            settings(&only, wit_config::Settings::default())?;
            print(&format!("{}: ok\n", file.display()))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
