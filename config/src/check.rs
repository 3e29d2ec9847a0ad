//! What must hold between several settings; each key's own range stands in its row of the table.

use std::net::SocketAddr;

use crate::reader::Reader;
use crate::settings::Settings;

/// Reports every rule that the settings break.
pub(crate) fn together(settings: &Settings, reader: &mut Reader) {
    if settings.reading.retry_max < settings.reading.retry_initial {
        let paths = ["reading.retryInitialSeconds", "reading.retryMaxSeconds"];
        reader.report_together(
            &paths,
            "the longest pause between retries must not be below the first one".into(),
        );
    }
    if settings.images.max_manifest_bytes > settings.images.max_bytes {
        let paths = ["images.maxBytes", "images.maxManifestBytes"];
        reader.report_together(&paths, "a manifest must not be allowed to be larger than its image".into());
    }
    let listeners = &settings.listeners;
    let bound = [
        ("listeners.verbs", listeners.verbs),
        ("listeners.ops", listeners.ops),
        ("listeners.api", listeners.api),
    ];
    for (index, (path, address)) in bound.iter().enumerate() {
        for (other_path, other) in bound.iter().take(index).filter(|(_, other)| collide(*address, *other)) {
            reader.report_together(
                &[other_path, path],
                format!("{address} is taken by `{other_path}` ({other})"),
            );
        }
    }
}

/// Whether two sockets cannot both be bound: an unspecified address takes the port of all others.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let all = |address: SocketAddr| address.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || all(one) || all(other))
}
