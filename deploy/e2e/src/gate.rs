//! A way to a registry that stays shut until it is opened: connections are taken and nothing is answered.

use std::net::Ipv4Addr;

use anyhow::{Context, Result};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A running detour to a server. Dropping it closes the door to new connections.
#[derive(Debug)]
pub struct Gate {
    port: u16,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Gate {
    /// Starts a detour to `server` (`127.0.0.1:PORT`), shut.
    pub async fn start(server: &str) -> Result<Self> {
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen on loopback")?;
        let port = listener.local_addr()?.port();
        let (open, opened) = watch::channel(false);
        let task = tokio::spawn(accept(listener, server.to_owned(), opened));
        Ok(Self { port, open, task })
    }

    /// `127.0.0.1:PORT`, as image references begin.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Lets everything through, what has waited first.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, server: String, opened: watch::Receiver<bool>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(forward(client, server.clone(), opened.clone()));
    }
}

/// The test may have ended and the client may have gone: a connection that breaks is no failure of the test.
async fn forward(mut client: TcpStream, server: String, mut opened: watch::Receiver<bool>) -> Result<()> {
    opened.wait_for(|open| *open).await?;
    let mut upstream = TcpStream::connect(server).await?;
    tokio::io::copy_bidirectional(&mut client, &mut upstream).await?;
    Ok(())
}
