//! Who may talk to the API server: tokens, kubeconfig files and clients.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

use crate::work_directory::WorkDirectory;

/// A user of the API server who proves itself by a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The kubeconfig's file name, `NAME.kubeconfig`.
    pub name: String,
    /// The user that RBAC rules name.
    pub user: String,
    /// The groups that RBAC rules name; the API server adds `system:authenticated`.
    pub groups: Vec<String>,
}

impl Identity {
    /// May do everything.
    pub fn admin() -> Self {
        Self::new("admin", "wit-e2e-admin", &["system:masters"])
    }

    /// The scheduler as a cluster knows it, with the rights that Kubernetes itself gives it.
    pub fn scheduler() -> Self {
        Self::new("scheduler", "system:kube-scheduler", &[])
    }

    /// The service account of `deploy/rbac/rbac.yaml`: it may do what that file allows and nothing else.
    pub fn extender() -> Self {
        let groups = ["system:serviceaccounts", "system:serviceaccounts:wit-system"];
        Self::new("wit-extender", "system:serviceaccount:wit-system:wit-extender", &groups)
    }

    /// A user of every scenario's control plane who may do nothing until a scenario gives it rights.
    pub fn newcomer() -> Self {
        Self::new("newcomer", "wit-e2e-newcomer", &[])
    }

    /// Any other user, for the options of a control plane.
    pub fn new(name: &str, user: &str, groups: &[&str]) -> Self {
        let groups = groups.iter().map(|&group| group.to_owned()).collect();
        Self { name: name.to_owned(), user: user.to_owned(), groups }
    }
}

/// The kubeconfig files of a control plane and the clients made from them.
#[derive(Debug, Clone)]
pub struct Access {
    url: String,
    directory: PathBuf,
}

impl Access {
    /// Writes `tokens.csv` for the API server and one kubeconfig for each identity.
    pub fn create(
        work: &WorkDirectory,
        port: u16,
        authority: &Path,
        identities: &[Identity],
    ) -> Result<(Self, PathBuf)> {
        let url = format!("https://127.0.0.1:{port}");
        let mut tokens = String::new();
        for (index, identity) in identities.iter().enumerate() {
            let token = random_token()?;
            writeln!(tokens, "{token},{},{index},\"{}\"", identity.user, identity.groups.join(","))?;
            let content = kubeconfig(&url, authority, &identity.name, &token);
            work.write(&file_name(&identity.name), serde_saphyr::to_string(&content)?)?;
        }
        let tokens = work.write("tokens.csv", tokens)?;
        Ok((Self { url, directory: work.path().to_owned() }, tokens))
    }

    /// The API server's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The kubeconfig file of an identity, by its name: `admin`, `wit-extender`, `scheduler`, or one of the options.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        self.directory.join(file_name(name))
    }

    /// A client that may do everything. It belongs to the runtime that it is made on, so each test makes its own.
    pub async fn admin(&self) -> Result<kube::Client> {
        self.client("admin").await
    }

    /// A client of an identity, by its name.
    pub async fn client(&self, name: &str) -> Result<kube::Client> {
        use_ring();
        let file = self.kubeconfig(name);
        let content =
            Kubeconfig::read_from(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut config = kube::Config::from_custom_kubeconfig(content, &KubeConfigOptions::default()).await?;
        config.read_timeout = Some(Duration::from_secs(300));
        Ok(kube::Client::try_from(config)?)
    }
}

/// A client for readiness and metrics on loopback, which does not look at certificates.
pub fn probe_client() -> Result<reqwest::Client> {
    use_ring();
    Ok(reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .timeout(Duration::from_secs(2))
        .build()?)
}

/// Chooses the cryptography that rustls uses in this process; the first choice stays.
pub fn use_ring() {
    let _already_chosen = rustls::crypto::ring::default_provider().install_default();
}

fn file_name(identity: &str) -> String {
    format!("{identity}.kubeconfig")
}

fn kubeconfig(url: &str, authority: &Path, user: &str, token: &str) -> serde_json::Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "wit-e2e",
        "clusters": [{"name": "wit-e2e", "cluster": {"server": url, "certificate-authority": authority}}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": "wit-e2e", "context": {"cluster": "wit-e2e", "user": user}}],
    })
}

fn random_token() -> Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes))?;
    Ok(bytes.iter().fold(String::new(), |mut token, byte| {
        let _never_fails = write!(token, "{byte:02x}");
        token
    }))
}
