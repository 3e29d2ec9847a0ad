//! Logs and the last words of a failed command.

use std::io::{IsTerminal, Write};

use anyhow::Context;
use tracing_subscriber::EnvFilter;
use wit_config::{Log, LogFormat};

/// Sets up logging to standard error.
///
/// # Errors
/// Where the filter is none.
pub fn init(log: &Log) -> anyhow::Result<()> {
    let filter: EnvFilter = EnvFilter::builder().parse(&log.filter).with_context(|| {
        format!("log.filter: `{}` is not a filter such as `info` or `wit_extender=debug`", log.filter)
    })?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Chooses the TLS library of HTTP clients, once: two could be meant.
pub fn choose_tls() {
    // A second call finds the choice made.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Says why a command failed, with every cause.
pub fn complain(error: &anyhow::Error) {
    // Nobody can be told when standard error is closed.
    let _ = writeln!(std::io::stderr(), "error: {error:#}");
}
