//! A certificate authority for one harness, and the certificates and keys that it gives out.

use std::path::PathBuf;

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};

use crate::work_directory::WorkDirectory;

/// The files of a certificate and its key.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// PEM of the certificate.
    pub certificate: PathBuf,
    /// PEM of its private key (PKCS #8).
    pub key: PathBuf,
}

/// A certificate authority that lives as long as its harness.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Authority {
    /// A new authority, its certificate written to `ca.crt`.
    pub fn create(work: &WorkDirectory) -> Result<Self> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "wit-e2e");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate()?)
            .context("cannot make a certificate authority")?;
        let file = work.write("ca.crt", issuer.pem())?;
        Ok(Self { issuer, file })
    }

    /// Where its own certificate is.
    pub fn file(&self) -> &std::path::Path {
        &self.file
    }

    /// Gives out a certificate for `127.0.0.1` and `localhost`, good for both ends of a connection.
    pub fn certificate(&self, work: &WorkDirectory, name: &str) -> Result<CertificateFiles> {
        let mut parameters = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate()?;
        let certificate = parameters.signed_by(&key, &self.issuer).context("cannot sign a certificate")?;
        Ok(CertificateFiles {
            certificate: work.write(&format!("{name}.crt"), certificate.pem())?,
            key: work.write(&format!("{name}.key"), key.serialize_pem())?,
        })
    }
}

/// A key pair for signing service account tokens: private and public PEM files.
pub fn signing_key(work: &WorkDirectory) -> Result<(PathBuf, PathBuf)> {
    let key = KeyPair::generate()?;
    let private = work.write("service-accounts.key", key.serialize_pem())?;
    let public = work.write("service-accounts.pub", key.public_key_pem())?;
    Ok((private, public))
}
