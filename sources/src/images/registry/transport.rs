//! GET, with our own rules of where redirects may lead.

use std::error::Error;
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
}

/// A registry as it is reached.
#[derive(Debug)]
pub(super) struct Home {
    origin: Url,
    zone: Zone,
}

impl Transport {
    /// Clients that give up a connection that is not there after a third of `timeout`.
    ///
    /// They speak HTTP/1.1, where every answer has a connection of its own: one that is not read for a while holds a few
    /// hundred KiB, and does not use up a window that it shares with those that are.
    pub(super) fn new(timeout: Duration) -> Result<Self, RegistryError> {
        let tls = crate::tls::config().map_err(RegistryError::Tls)?;
        let client = |zone| {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("wit-placement/", env!("CARGO_PKG_VERSION")))
                .redirect(Policy::none())
                .referer(false)
                .no_proxy()
                .dns_resolver(GuardedResolver(zone))
                .connect_timeout(timeout / 3)
                .http1_only()
                .build()
                .map_err(RegistryError::Http)
        };
        Ok(Self {
            public: client(Zone::Public)?,
            private: client(Zone::Private)?,
            loopback: client(Zone::Loopback)?,
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
            // No registry is link-local; the client that goes to the internet alone is safe.
            Zone::Public | Zone::LinkLocal => &self.public,
            Zone::Private => &self.private,
            Zone::Loopback => &self.loopback,
        }
    }
}

impl Home {
    /// The registry of `reference`, over plain HTTP where it is listed as insecure.
    ///
    /// Whoever creates a pod chooses its name, so what only we can reach is refused: link-local addresses always, this
    /// machine unless it is listed. A name that resolves to something else later is stopped by [`GuardedResolver`].
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
        let zone = Zone::of_host(host).await;
        let refused = |advice| {
            let problem = format!("its registry is refused: {}", OutOfZone(zone));
            Err(FetchError::new(FetchErrorKind::Refused, reference, problem).advising(advice))
        };
        match zone {
            Zone::LinkLocal => refused("name a registry that has an address of its own"),
            Zone::Loopback if !listed => {
                refused("add the registry to `images.insecureRegistries` if it is meant")
            }
            _ => Ok(Self { origin: if listed { address("http")? } else { secure }, zone }),
        }
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

/// A body, counted and hashed while it comes.
pub(super) struct Incoming {
    response: Response,
    intake: Intake,
}

impl Incoming {
    /// The body of this answer, unless it announces that it is too long.
    pub(super) fn new(response: Response, intake: Intake) -> Result<Self, FetchError> {
        intake.announce(response.content_length())?;
        Ok(Self { response, intake })
    }

    /// Waits for the next bytes; whether there were any.
    pub(super) async fn next(&mut self) -> Result<bool, FetchError> {
        let url = self.response.url().clone();
        match self.response.chunk().await {
            Ok(Some(chunk)) => self.intake.push(&chunk).map(|()| true),
            Ok(None) => Ok(false),
            Err(error) => Err(failed(error, &url, &url)),
        }
    }

    /// Reads to the end, as long as no pause is longer than this.
    pub(super) async fn finish(mut self, longest_pause: Duration) -> Result<(Digest, Vec<u8>), FetchError> {
        let url = self.response.url().clone();
        let silent = |_| {
            let problem = format!("falls silent: nothing came for {} ms", longest_pause.as_millis());
            FetchError::new(FetchErrorKind::Timeout, place(&url), problem)
        };
        while tokio::time::timeout(longest_pause, self.next()).await.map_err(silent)?? {}
        self.intake.finish()
    }
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
    async fn plain_http_is_for_listed_registries() {
        let listed = ["10.0.0.7:5000", "10.0.0.8", "localhost", "127.0.0.9:5000", "[::1]:5000"];
        let listed = listed.map(str::to_owned);
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

    async fn refusal(registry: &str, insecure: &[&str]) -> Option<String> {
        let insecure: Vec<_> = insecure.iter().map(|&listed| listed.to_owned()).collect();
        let error = Home::of(&format!("{registry}/x").parse().unwrap(), &insecure).await.err()?;
        assert!(error.kind() == FetchErrorKind::Refused && error.is_definite(), "{error}");
        Some(error.to_string())
    }

    #[tokio::test]
    async fn a_link_local_registry_is_refused_listed_or_not() {
        for registry in ["169.254.169.254", "169.254.169.254:80", "[fe80::1]:80", "[::ffff:a9fe:a9fe]:80"] {
            for listed in [&[][..], &[registry]] {
                let message = refusal(registry, listed).await.expect(registry);
                assert!(message.contains("its registry is refused: its address is link-local"), "{message}");
            }
        }
    }

    #[tokio::test]
    async fn a_registry_on_this_machine_is_refused_unless_it_is_listed() {
        for registry in
            ["localhost:5000", "x.localhost:80", "127.0.0.1:5000", "127.1:80", "0.0.0.0:80", "[::1]:5000"]
        {
            for other in [&[][..], &["127.0.0.1:5001", "registry.example"]] {
                let message = refusal(registry, other).await.expect(registry);
                assert!(message.contains("its address is on this machine"), "{message}");
                assert!(message.contains("`images.insecureRegistries`"), "{message}");
            }
            assert_eq!(refusal(registry, &[registry]).await, None);
        }
        assert_eq!(refusal("10.0.0.1:5000", &[]).await, None);
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
