//! A slow way to the API server: everything that it says, watch events above all, arrives later.
//!
//! Binding is asynchronous and watches lag on busy clusters; an extender that trusts its watch alone overfills nodes then.
//! The delay is made on the bytes of each connection, so that TLS, watches and everything else stay real.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::access::Access;
use crate::work_directory::WorkDirectory;

/// A running detour. Dropping it closes the door to new connections.
#[derive(Debug)]
pub struct DelayedAccess {
    kubeconfig: PathBuf,
    task: JoinHandle<()>,
}

impl DelayedAccess {
    /// Starts a detour for an identity (`wit-extender`), each answer `delay` late.
    pub async fn start(
        access: &Access,
        identity: &str,
        delay: Duration,
        work: &WorkDirectory,
    ) -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen on loopback")?;
        let port = listener.local_addr()?.port();
        let direct = access.kubeconfig(identity);
        let content = std::fs::read_to_string(&direct)
            .with_context(|| format!("cannot read {}", direct.display()))?
            .replace(access.url(), &format!("https://127.0.0.1:{port}"));
        let kubeconfig = work.write(&format!("{identity}-delayed-{port}.kubeconfig"), content)?;
        let server = access.url().trim_start_matches("https://").to_owned();
        let task = tokio::spawn(accept(listener, server, delay));
        Ok(Self { kubeconfig, task })
    }

    /// The kubeconfig that takes the detour.
    pub fn kubeconfig(&self) -> PathBuf {
        self.kubeconfig.clone()
    }
}

impl Drop for DelayedAccess {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, delay: Duration) {
    while let Ok((client, _)) = listener.accept().await {
        let Ok(upstream) = TcpStream::connect(&server).await else { continue };
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = upstream.into_split();
        tokio::spawn(forward(from_client, to_server, Duration::ZERO));
        tokio::spawn(forward(from_server, to_client, delay));
    }
}

/// Reading goes on while bytes wait for their time: a delay, not a bottleneck.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (read, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((at, bytes)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The other side has ended; there is nobody left to tell about a failure.
        let _closed = to.shutdown().await;
    });
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default().to_vec();
        if count == 0 || read.send((Instant::now() + delay, bytes)).is_err() {
            return;
        }
    }
}
