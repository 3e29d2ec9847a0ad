//! A registry on loopback that does as it is told, lies included.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wit_graph::Digest;

use crate::document::{WASM, descriptor, manifest};

/// A running registry. It ends with the test's runtime.
pub(crate) struct FakeRegistry {
    host: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    replies: Mutex<HashMap<String, Reply>>,
    seen: Mutex<Vec<Seen>>,
}

/// A request that was made.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) authorization: Option<String>,
}

/// What to answer at a path.
#[derive(Clone, Default)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    length: Length,
    delay: Duration,
    /// After how many bytes of the body nothing more comes.
    silent_after: Option<usize>,
    /// The token without which the answer is 401, and the challenge that goes with it.
    token: Option<(String, String)>,
}

/// What the `Content-Length` of an answer says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Length {
    #[default]
    True,
    Claimed(u64),
    Unsaid,
}

impl Reply {
    pub(crate) fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, body: body.into(), ..Self::default() }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::status(307).header(&format!("Location: {to}"))
    }

    pub(crate) fn header(mut self, line: &str) -> Self {
        self.headers.push(line.to_owned());
        self
    }

    pub(crate) fn length(mut self, length: Length) -> Self {
        self.length = length;
        self
    }

    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(crate) fn silent_after(mut self, bytes: usize) -> Self {
        self.silent_after = Some(bytes);
        self
    }

    pub(crate) fn for_token(mut self, token: &str, challenge: &str) -> Self {
        self.token = Some((token.to_owned(), challenge.to_owned()));
        self
    }

    fn head(&self) -> String {
        let mut lines = vec![format!("HTTP/1.1 {} x", self.status), "Connection: close".to_owned()];
        match self.length {
            Length::True => lines.push(format!("Content-Length: {}", self.body.len())),
            Length::Claimed(length) => lines.push(format!("Content-Length: {length}")),
            Length::Unsaid => {}
        }
        lines.extend_from_slice(&self.headers);
        lines.join("\r\n") + "\r\n\r\n"
    }
}

impl FakeRegistry {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                tokio::spawn(async move { shared.serve(stream).await });
            }
        });
        Self { host, shared }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.host)
    }

    pub(crate) fn reference(&self, image: &str) -> String {
        format!("{}/{image}", self.host)
    }

    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        self.shared.replies.lock().unwrap().insert(path.to_owned(), reply);
    }

    /// Serves these bytes as a blob of `repository` and gives the path.
    pub(crate) fn blob(&self, repository: &str, bytes: &[u8]) -> String {
        let path = format!("/v2/{repository}/blobs/{}", Digest::of(bytes));
        self.reply(&path, Reply::ok(bytes));
        path
    }

    /// Serves this manifest under a tag and under its digest, and gives the digest.
    pub(crate) fn manifest(&self, repository: &str, tag: &str, bytes: &[u8]) -> Digest {
        let digest = Digest::of(bytes);
        for version in [tag, &digest.to_string()] {
            self.reply(&format!("/v2/{repository}/manifests/{version}"), Reply::ok(bytes));
        }
        digest
    }

    /// Publishes a CNCF Wasm artifact, and gives the path of its layer.
    pub(crate) fn publish(&self, repository: &str, tag: &str, component: &[u8]) -> String {
        self.manifest(repository, tag, &manifest(&[descriptor(WASM, component)]));
        self.blob(repository, component)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// How many requests there were whose path contains `part`.
    pub(crate) fn count(&self, part: &str) -> usize {
        self.seen().iter().filter(|seen| seen.path.contains(part)).count()
    }
}

impl Shared {
    async fn serve(&self, mut stream: TcpStream) {
        let Some(seen) = read_request(&mut stream).await else { return };
        self.seen.lock().unwrap().push(seen.clone());
        let mut reply =
            self.replies.lock().unwrap().get(&seen.path).cloned().unwrap_or_else(|| Reply::status(404));
        if let Some((token, challenge)) = reply.token.take()
            && seen.authorization.as_deref() != Some(&format!("Bearer {token}"))
        {
            reply = Reply::status(401).header(&format!("WWW-Authenticate: {challenge}"));
        }
        tokio::time::sleep(reply.delay).await;
        // The client may have gone: that is its right.
        let _ = stream.write_all(reply.head().as_bytes()).await;
        if let Some(bytes) = reply.silent_after {
            let _ = stream.write_all(reply.body.get(..bytes).unwrap()).await;
            std::future::pending::<()>().await;
        }
        let _ = stream.write_all(&reply.body).await;
        let _ = stream.shutdown().await;
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.split(' ').nth(1)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let authorization = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("authorization").then(|| value.to_owned())
    });
    Some(Seen { path: path.to_owned(), query: query.to_owned(), authorization })
}
