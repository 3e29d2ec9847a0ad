//! OCI registries over HTTP.
//!
//! # Why a client of our own
//!
//! `oci-client` 0.18 reads manifests and configurations of any length, follows redirects wherever they lead, follows
//! the foreign layer `urls` that an image names, and takes no client certificate. In a cluster everybody who can create
//! a pod chooses what we fetch, so each of these is a way to exhaust us or to reach what only we can reach. What is left
//! to do without them is two kinds of GET and a token, over reqwest:
//!
//! - **Sizes** are declared in the manifest and checked before anything is fetched; bytes are counted while they come.
//! - **Digests** of manifests and blobs are verified over what was read whole.
//! - **Registries** with a link-local address, where cloud providers serve credentials, are refused. Those on this
//!   machine, by address or by what their name resolves to, are refused unless `images.insecureRegistries` lists them.
//! - **Redirects**: at most three; never from HTTPS to HTTP; never to a link-local address, and to a loopback or private one
//!   only where the registry itself is in that zone. Names are resolved once and the connection goes to what was checked.
//! - **Authorization** goes to the registry that asked for it and to no other host.
//! - **Tokens**: a Bearer challenge is answered with an anonymous token, from a realm under the rules of redirects.
//!   Credentials and client certificates are not used yet.
//! - **Plain HTTP** only to `images.insecureRegistries`.
//! - **Certificates** are checked against the system's roots (`SSL_CERT_FILE` and `SSL_CERT_DIR` name others).
//! - **Proxies** of the environment are not used: behind one, the zone of an address cannot be checked.

mod challenge;
mod transport;
mod zone;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::header::{ACCEPT, HeaderMap};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time::Instant;
use wit_config::Images;
use wit_graph::Digest;

use self::challenge::Challenge;
use self::transport::{Home, Incoming, Transport, place, send_error};
use super::intake::Intake;
use super::manifest::{ACCEPTED, json_problem};
use super::resolution::{Resolution, Step};
use super::store::{Body, within};
use super::{FetchError, FetchErrorKind, ImageStore, Layer, Reference, Resolved};

/// How long a layer may pause while others wait for the right to read.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The largest answer of a token service, in bytes.
const MAX_TOKEN_BYTES: u64 = 64 << 10;
/// How long a token is good for when its service does not say.
const TOKEN_LIFE: Duration = Duration::from_secs(60);
/// How long a token is used at most, whatever its service says.
const MAX_TOKEN_LIFE: Duration = Duration::from_secs(3600);
/// How much earlier than it ends a token is replaced.
const TOKEN_MARGIN: Duration = Duration::from_secs(10);
/// How many repositories' tokens are remembered.
const MAX_TOKENS: usize = 1_000;

/// The client of all registries.
#[derive(Debug)]
pub struct Registry {
    transport: Transport,
    images: Images,
    tokens: Mutex<HashMap<String, Token>>,
}

/// Why the client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// The HTTP library refuses its configuration.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

/// A token and when it ends.
#[derive(Clone, Debug)]
struct Token {
    secret: String,
    until: Instant,
}

/// The answer of a token service. The token has either name; many services give it under both.
#[derive(Deserialize)]
struct TokenAnswer {
    #[serde(default)]
    token: Option<String>,
    #[serde(default)]
    access_token: Option<String>,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Registry {
    /// A client with these bounds.
    ///
    /// # Errors
    ///
    /// When TLS or HTTP cannot be set up. A system without root certificates is no error here: then every HTTPS
    /// registry is unreachable, and says why.
    pub fn new(images: &Images) -> Result<Self, RegistryError> {
        let transport = Transport::new(images.timeout)?;
        Ok(Self { transport, images: images.clone(), tokens: Mutex::default() })
    }

    async fn find(&self, reference: &Reference) -> Result<Resolved, FetchError> {
        let home = Home::of(reference, &self.images.insecure_registries).await?;
        let (mut url, top, mut bytes) = self.top(&home, reference).await?;
        let mut resolution = Resolution::new(top, &self.images);
        let mut step = resolution.manifest(&place(&url), &bytes)?;
        loop {
            step = match step {
                Step::Done(resolved) => return Ok(resolved),
                Step::Manifest(blob) => {
                    (url, bytes) = self.blob(&home, reference, "manifests", blob).await?;
                    resolution.manifest(&place(&url), &bytes)?
                }
                Step::Configuration(blob) => {
                    (url, bytes) = self.blob(&home, reference, "blobs", blob).await?;
                    resolution.configuration(&place(&url), &bytes)?
                }
            };
        }
    }

    /// The manifest or index that the reference itself names.
    async fn top(&self, home: &Home, reference: &Reference) -> Result<(Url, Digest, Vec<u8>), FetchError> {
        let url = home.url(&format!("v2/{}/manifests/{}", reference.repository(), reference.version()))?;
        let response = self.get(home, reference, &url).await?;
        let promised = response.headers().get("docker-content-digest").and_then(|value| value.to_str().ok());
        let expected = reference.digest().or_else(|| promised.and_then(|promised| promised.parse().ok()));
        let intake = Intake::document(place(&url), expected, self.images.max_manifest_bytes);
        let (digest, bytes) = Incoming::new(response, intake)?.finish(self.images.timeout).await?;
        Ok((url, digest, bytes))
    }

    /// A manifest or blob of which digest and size are known.
    async fn blob(
        &self,
        home: &Home,
        reference: &Reference,
        what: &str,
        blob: Layer,
    ) -> Result<(Url, Vec<u8>), FetchError> {
        let url = home.url(&format!("v2/{}/{what}/{}", reference.repository(), blob.digest))?;
        let response = self.get(home, reference, &url).await?;
        let (_, bytes) =
            Incoming::new(response, Intake::blob(place(&url), blob))?.finish(self.images.timeout).await?;
        Ok((url, bytes))
    }

    /// A layer of which the first bytes have come.
    async fn begin(&self, reference: &Reference, layer: Layer) -> Result<Incoming, FetchError> {
        let home = Home::of(reference, &self.images.insecure_registries).await?;
        let url = home.url(&format!("v2/{}/blobs/{}", reference.repository(), layer.digest))?;
        let response = self.get(&home, reference, &url).await?;
        let mut incoming = Incoming::new(response, Intake::blob(place(&url), layer))?;
        incoming.next().await?;
        Ok(incoming)
    }

    /// The answer at `url`, with a token where the registry asks for one.
    async fn get(&self, home: &Home, reference: &Reference, url: &Url) -> Result<Response, FetchError> {
        let headers = HeaderMap::from_iter([(ACCEPT, accept(url))]);
        let scope = reference.name();
        let token = self.remembered(&scope);
        let response = self.transport.get(home, url.clone(), &headers, token.as_deref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED || !home.is_origin_of(response.url()) {
            return successful(response, url);
        }
        let token = self.login(home, reference, &response).await?;
        self.remember(scope, &token);
        let response = self.transport.get(home, url.clone(), &headers, Some(&token.secret)).await?;
        successful(response, url)
    }

    /// An anonymous token from the service that the registry names.
    async fn login(
        &self,
        home: &Home,
        reference: &Reference,
        response: &Response,
    ) -> Result<Token, FetchError> {
        let unauthorized =
            |problem: &str| FetchError::new(FetchErrorKind::Unauthorized, place(response.url()), problem);
        let challenge = Challenge::find(response.headers())
            .ok_or_else(|| unauthorized("wants a login that is not by Bearer token"))?;
        let realm = challenge
            .request(reference.repository())
            .ok_or_else(|| unauthorized("names a token service whose address cannot be read"))?;
        home.check_hop(response.url(), &realm)?;
        let answer = self.transport.get(home, realm.clone(), &HeaderMap::new(), None).await?;
        let answer = successful(answer, &realm)?;
        let intake = Intake::document(place(&realm), None, MAX_TOKEN_BYTES);
        let (_, bytes) = Incoming::new(answer, intake)?.finish(self.images.timeout).await?;
        let answer: TokenAnswer = serde_json::from_slice(&bytes).map_err(|problem| {
            FetchError::new(FetchErrorKind::Corrupt, place(&realm), json_problem(&problem))
        })?;
        let secret = answer
            .token
            .or(answer.access_token)
            .ok_or_else(|| unauthorized("has a token service that gives no token"))?;
        let life = answer.expires_in.map_or(TOKEN_LIFE, Duration::from_secs).min(MAX_TOKEN_LIFE);
        Ok(Token { secret, until: Instant::now() + life.saturating_sub(TOKEN_MARGIN) })
    }

    fn remembered(&self, scope: &str) -> Option<String> {
        let tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(scope).filter(|token| token.until > Instant::now()).map(|token| token.secret.clone())
    }

    fn remember(&self, scope: String, token: &Token) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_TOKENS {
            let now = Instant::now();
            tokens.retain(|_, token| token.until > now);
        }
        if tokens.len() < MAX_TOKENS {
            tokens.insert(scope, token.clone());
        }
    }
}

impl ImageStore for Registry {
    fn resolve<'a>(&'a self, reference: &'a Reference) -> BoxFuture<'a, Result<Resolved, FetchError>> {
        Box::pin(within(self.images.timeout, reference, self.find(reference)))
    }

    fn read<'a>(
        &'a self,
        reference: &'a Reference,
        layer: &'a Layer,
    ) -> BoxFuture<'a, Result<Vec<u8>, FetchError>> {
        let blob = async move {
            let (_, bytes) = self.begin(reference, *layer).await?.finish(self.images.timeout).await?;
            Ok(bytes)
        };
        Box::pin(within(self.images.timeout, reference, blob))
    }

    fn open<'a>(
        &'a self,
        reference: &'a Reference,
        layer: &'a Layer,
    ) -> BoxFuture<'a, Result<Body<'a>, FetchError>> {
        Box::pin(async move {
            let incoming = within(self.images.timeout, reference, self.begin(reference, *layer)).await?;
            let rest = async move { incoming.finish(LONGEST_PAUSE).await.map(|(_, bytes)| bytes) };
            let rest: Body<'a> = Box::pin(within(self.images.timeout, reference, rest));
            Ok(rest)
        })
    }
}

/// What is asked for at a URL of a registry.
fn accept(url: &Url) -> reqwest::header::HeaderValue {
    let manifests = url.path().contains("/manifests/");
    reqwest::header::HeaderValue::from_static(if manifests { ACCEPTED } else { "*/*" })
}

/// The answer, when it is one.
fn successful(response: Response, url: &Url) -> Result<Response, FetchError> {
    let status = response.status();
    let (kind, problem) = match status {
        StatusCode::OK => return Ok(response),
        StatusCode::NOT_FOUND => (FetchErrorKind::Missing, "is not there".to_owned()),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => (
            FetchErrorKind::Unauthorized,
            format!("is not there, or not for everybody ({})", status.as_u16()),
        ),
        _ => (FetchErrorKind::Unavailable, format!("answers with status {}", status.as_u16())),
    };
    Err(send_error(kind, url, response.url(), &problem))
}
