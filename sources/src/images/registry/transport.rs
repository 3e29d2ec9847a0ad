//! GET, with our own rules of where redirects may lead.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use wit_graph::Digest;

use super::RegistryError;
use super::zone::{GuardedResolver, OutOfZone, Zone};
use crate::images::intake::Intake;
use crate::images::{FetchError, FetchErrorKind, Reference};

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;
/// The registry that answers for `docker.io`.
const DOCKER_HUB: &str = "registry-1.docker.io";

/// HTTP clients, one for each zone that a registry may be in: they differ in where they connect to.
#[derive(Debug)]
pub(super) struct Transport {
    public: Client,
    private: Client,
    loopback: Client,
    link_local: Client,
}

/// A registry as it is reached.
#[derive(Debug)]
pub(super) struct Home {
    origin: Url,
    zone: Zone,
}

impl Transport {
    /// Clients that give up a connection that is not there after a third of `timeout`.
    pub(super) fn new(timeout: Duration) -> Result<Self, RegistryError> {
        let tls = tls()?;
        let client = |zone| {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("wit-placement/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .dns_resolver(GuardedResolver(zone))
                .connect_timeout(timeout / 3)
                .build()
                .map_err(RegistryError::Http)
        };
        Ok(Self {
            public: client(Zone::Public)?,
            private: client(Zone::Private)?,
            loopback: client(Zone::Loopback)?,
            link_local: client(Zone::LinkLocal)?,
        })
    }

    /// The answer at `url`, redirects followed by the rules. The token goes to the registry alone.
    pub(super) async fn get(
        &self,
        home: &Home,
        url: Url,
        headers: &HeaderMap,
        token: Option<&str>,
    ) -> Result<Response, FetchError> {
        let client = self.client(home.zone);
        let mut at = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = client.get(at.clone()).headers(headers.clone());
            if let Some(token) = token.filter(|_| home.is_origin_of(&at)) {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.map_err(|error| failed(error, &url, &at))?;
            let Some(next) = redirect(&response, &url)? else { return Ok(response) };
            home.check_hop(&at, &next)?;
            at = next;
        }
        let problem = format!("is redirected more than {MAX_REDIRECTS} times");
        Err(send_error(FetchErrorKind::Refused, &url, &at, &problem))
    }

    const fn client(&self, zone: Zone) -> &Client {
        match zone {
            Zone::Public => &self.public,
            Zone::Private => &self.private,
            Zone::Loopback => &self.loopback,
            Zone::LinkLocal => &self.link_local,
        }
    }
}

impl Home {
    /// The registry of `reference`, over plain HTTP where it is on this machine or listed as insecure.
    pub(super) async fn of(reference: &Reference, insecure: &[String]) -> Result<Self, FetchError> {
        let registry = match reference.registry() {
            "docker.io" => DOCKER_HUB,
            other => other,
        };
        let address = |scheme: &str| {
            Url::parse(&format!("{scheme}://{registry}/")).map_err(|problem| {
                FetchError::new(
                    FetchErrorKind::Unreachable,
                    reference,
                    format!("has no usable registry: {problem}"),
                )
            })
        };
        let secure = address("https")?;
        let host = secure.host_str().unwrap_or_default();
        let listed = insecure.iter().any(|listed| listed == reference.registry() || listed == host);
        let plain = listed || Zone::of_literal(host) == Some(Zone::Loopback);
        let zone = Zone::of_host(host).await;
        Ok(Self { origin: if plain { address("http")? } else { secure }, zone })
    }

    /// A path at the registry.
    pub(super) fn url(&self, path: &str) -> Result<Url, FetchError> {
        self.origin
            .join(path)
            .map_err(|problem| FetchError::new(FetchErrorKind::Unreachable, &self.origin, problem))
    }

    /// Whether the URL is at this registry: same scheme, host and port.
    pub(super) fn is_origin_of(&self, url: &Url) -> bool {
        url.origin() == self.origin.origin()
    }

    /// Whether this registry may send us from one URL to another.
    pub(super) fn check_hop(&self, from: &Url, to: &Url) -> Result<(), FetchError> {
        let zone = to.host_str().and_then(Zone::of_literal).filter(|&zone| !self.zone.may_send_to(zone));
        let problem = match to.scheme() {
            _ if !to.username().is_empty() || to.password().is_some() => "has a user name in it".to_owned(),
            "http" if from.scheme() != "http" => "is not HTTPS".to_owned(),
            "http" | "https" => match zone {
                Some(zone) => OutOfZone(zone).to_string(),
                None => return Ok(()),
            },
            other => format!("is not HTTPS but {other}"),
        };
        let problem = format!("sends us to {}, which is refused: it {problem}", place(to));
        Err(FetchError::new(FetchErrorKind::Refused, place(from), problem))
    }
}

/// What of a URL may be shown: the query of a redirect often holds a signature.
pub(super) fn place(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    // Fails only for URLs that cannot have them.
    let _ = (shown.set_username(""), shown.set_password(None));
    shown.to_string()
}

/// A failure at `url`, which led to `at`.
pub(super) fn send_error(kind: FetchErrorKind, url: &Url, at: &Url, problem: &str) -> FetchError {
    if url == at {
        return FetchError::new(kind, place(url), problem);
    }
    FetchError::new(kind, format!("{} (by redirect {})", place(url), place(at)), problem)
}

/// The body, counted and hashed while it comes.
pub(super) async fn read_body(
    mut response: Response,
    mut intake: Intake,
) -> Result<(Digest, Vec<u8>), FetchError> {
    let url = response.url().clone();
    intake.announce(response.content_length())?;
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(error, &url, &url))? {
        intake.push(&chunk)?;
    }
    intake.finish()
}

/// Where the answer redirects to, if it does.
fn redirect(response: &Response, url: &Url) -> Result<Option<Url>, FetchError> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !redirects.contains(&response.status()) {
        return Ok(None);
    }
    let location = response.headers().get(LOCATION).and_then(|location| location.to_str().ok());
    let next = location.and_then(|location| response.url().join(location).ok());
    let nowhere = || send_error(FetchErrorKind::Refused, url, response.url(), "is redirected to nowhere");
    next.ok_or_else(nowhere).map(Some)
}

/// A request that got no answer.
fn failed(error: reqwest::Error, url: &Url, at: &Url) -> FetchError {
    let timeout = error.is_timeout();
    let error = error.without_url();
    let causes: Vec<&dyn Error> =
        std::iter::successors(Some(&error as &dyn Error), |&cause| cause.source()).collect();
    let refused = causes.iter().any(|cause| cause.is::<OutOfZone>());
    let kind = match (refused, timeout) {
        (true, _) => FetchErrorKind::Refused,
        (false, true) => FetchErrorKind::Timeout,
        (false, false) => FetchErrorKind::Unreachable,
    };
    let mut words: Vec<String> = causes.iter().map(ToString::to_string).collect();
    words.dedup();
    send_error(kind, url, at, &format!("cannot be read: {}", words.join(": ")))
}

/// TLS with the system's roots. The provider is named here, so that nothing depends on a process-wide default.
fn tls() -> Result<rustls::ClientConfig, RegistryError> {
    let system = rustls_native_certs::load_native_certs();
    for problem in &system.errors {
        tracing::warn!(%problem, "a root certificate of the system cannot be read");
    }
    let mut roots = rustls::RootCertStore::empty();
    let (usable, unusable) = roots.add_parsable_certificates(system.certs);
    tracing::debug!(usable, unusable, "root certificates of the system");
    if usable == 0 {
        tracing::warn!("the system has no root certificates: registries cannot be reached over HTTPS");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(RegistryError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(tls)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn home(registry: &str, insecure: &[String]) -> Home {
        Home::of(&format!("{registry}/cart").parse().unwrap(), insecure).await.unwrap()
    }

    fn check(zone: Zone, from: &str, to: &str) -> Result<(), FetchError> {
        let home = Home { origin: Url::parse(from).unwrap(), zone };
        home.check_hop(&Url::parse(from).unwrap(), &Url::parse(to).unwrap())
    }

    #[tokio::test]
    async fn plain_http_is_for_this_machine_and_for_listed_registries() {
        let listed = ["10.0.0.7:5000".to_owned(), "10.0.0.8".to_owned()];
        for (registry, url) in [
            ("localhost", "http://localhost/"),
            ("localhost:5000", "http://localhost:5000/"),
            ("127.0.0.9:5000", "http://127.0.0.9:5000/"),
            ("[::1]:5000", "http://[::1]:5000/"),
            ("10.0.0.7:5000", "http://10.0.0.7:5000/"),
            ("10.0.0.7:5001", "https://10.0.0.7:5001/"),
            ("10.0.0.8:5001", "http://10.0.0.8:5001/"),
            ("10.0.0.9", "https://10.0.0.9/"),
        ] {
            assert_eq!(home(registry, &listed).await.origin.as_str(), url);
        }
    }

    #[test]
    fn a_hop_never_leads_from_https_to_http() {
        let (secure, plain) = ("https://a.example/", "http://b.example/");
        assert!(check(Zone::Public, secure, "https://b.example/").is_ok());
        assert!(check(Zone::Private, plain, plain).is_ok());
        assert!(check(Zone::Private, plain, secure).is_ok());
        let error = check(Zone::Private, secure, plain).unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::Refused);
        assert!(error.to_string().contains("it is not HTTPS"), "{error}");
    }

    #[test]
    fn a_hop_leads_to_the_internet_or_stays_in_the_zone() {
        let from = "https://registry.example/";
        for inside in
            ["https://127.0.0.1/", "https://10.0.0.1/", "https://[::ffff:10.0.0.1]/", "https://169.254.0.1/"]
        {
            assert!(check(Zone::Public, from, inside).is_err(), "{inside}");
        }
        assert!(check(Zone::Private, from, "https://192.168.0.1/").is_ok());
        assert!(check(Zone::Private, from, "https://0x7f.1/").is_err());
        assert!(check(Zone::Loopback, from, "https://localhost/").is_ok());
    }

    #[tokio::test]
    async fn a_name_with_an_address_in_another_zone_is_not_connected_to() {
        let transport = Transport::new(Duration::from_secs(20)).unwrap();
        let home = Home { origin: Url::parse("http://localhost:1/").unwrap(), zone: Zone::Public };
        let error = transport.get(&home, home.origin.clone(), &HeaderMap::new(), None).await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::Refused, "{error}");
        assert!(error.to_string().contains("its address is on this machine"), "{error}");
    }

    #[test]
    fn what_is_shown_of_a_url_holds_no_secrets() {
        let url = Url::parse("https://user:secret@a.example/b?signature=secret#secret").unwrap();
        assert_eq!(place(&url), "https://a.example/b");
    }
}
