//! Free loopback ports for children that must be told theirs.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Mutex;

use anyhow::{Context, Result};

/// Below the range that systems take the local ports of outgoing connections from, so that none of those can take a port
/// between our look and the child's `bind`.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

static NEXT: Mutex<Option<u16>> = Mutex::new(None);

/// A loopback port that nothing listens on, and that this process has not given out lately.
///
/// Harnesses in other processes start their search elsewhere, so that two hardly ever want the same one.
pub fn free_port() -> Result<u16> {
    let mut next = NEXT.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let spread = (std::process::id().wrapping_mul(97) % u32::from(COUNT)).try_into().unwrap_or(0);
    let start: u16 = next.unwrap_or(spread);
    let offset = (0..COUNT)
        .map(|step| (start + step) % COUNT)
        .find(|offset| TcpListener::bind((Ipv4Addr::LOCALHOST, FIRST + offset)).is_ok())
        .with_context(|| format!("no free loopback port from {FIRST} to {}", FIRST + COUNT - 1))?;
    *next = Some((offset + 1) % COUNT);
    Ok(FIRST + offset)
}
