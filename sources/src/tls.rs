//! How HTTPS is spoken.

use std::sync::Arc;

use rustls::ClientConfig;

/// TLS with the system's roots. The provider is named here, so that nothing depends on a process-wide default.
///
/// # Errors
/// Where the provider knows no version of TLS.
pub(crate) fn config() -> Result<ClientConfig, rustls::Error> {
    let system = rustls_native_certs::load_native_certs();
    for problem in &system.errors {
        tracing::warn!(%problem, "a root certificate of the system cannot be read");
    }
    let mut roots = rustls::RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(system.certs);
    tracing::debug!(usable, unusable, "root certificates of the system");
    if usable == 0 {
        tracing::warn!("the system has no root certificates: nothing can be reached over HTTPS");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}
