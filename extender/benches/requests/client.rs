//! An HTTP client that costs next to nothing: one connection, one request at a time, blocking.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

/// A kept-alive connection.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
    chunk: Vec<u8>,
    /// Where in `received` the last reply's body begins.
    body: usize,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(1 << 20), chunk: vec![0; 64 << 10], body: 0 })
    }

    /// Sends a request and reads the reply to its last byte; how long that took.
    pub(crate) fn ask(&mut self, request: &[u8]) -> anyhow::Result<Duration> {
        self.received.clear();
        let started = Instant::now();
        self.stream.write_all(request)?;
        let (body, length) = self.read_head()?;
        self.read_until(body + length)?;
        let took = started.elapsed();
        self.body = body;
        ensure!(self.received.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&self.received));
        Ok(took)
    }

    /// The body of the last reply.
    pub(crate) fn reply(&self) -> &[u8] {
        self.received.get(self.body..).unwrap_or_default()
    }

    /// Where the body begins, and its length.
    fn read_head(&mut self) -> anyhow::Result<(usize, usize)> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if let Some(end) = self.received.windows(END.len()).position(|window| window == END) {
                let head = String::from_utf8_lossy(self.received.get(..end).unwrap_or_default());
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
                let (_, length) =
                    length.context("a reply without Content-Length closes the scheduler's connection")?;
                return Ok((end + END.len(), length.parse()?));
            }
            self.read_until(self.received.len() + 1)?;
        }
    }

    fn read_until(&mut self, length: usize) -> anyhow::Result<()> {
        while self.received.len() < length {
            let read = self.stream.read(&mut self.chunk)?;
            ensure!(read > 0, "the server closed the connection");
            self.received.extend_from_slice(self.chunk.get(..read).unwrap_or_default());
        }
        Ok(())
    }
}
