//! The server's clock: placement has none and is told the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use wit_placement::Millis;

/// Milliseconds since 1970 that never run backwards: the system's time at start, and a monotonic clock from there.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    origin: u64,
}

impl Clock {
    /// A clock that starts at the system's time.
    pub fn start() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), origin: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
    }

    /// The time now.
    pub fn now(&self) -> Millis {
        Millis(self.origin).after(self.started.elapsed())
    }
}
