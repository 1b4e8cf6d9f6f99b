//! Time for programs that test another process: deadlines, sleeps, and polling for what gives no notice.

use std::io;
use std::time::{Duration, Instant};

/// Time between two polls.
const POLL_EVERY: Duration = Duration::from_millis(2);

/// This moment.
#[expect(clippy::disallowed_methods, reason = "a chore that measures another process")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Sleeps: a load has a rate, and a measurement a length.
#[expect(clippy::disallowed_methods, reason = "what is measured is what happens in this time")]
pub(super) fn sleep(time: Duration) {
    std::thread::sleep(time);
}

/// Polls until there is a value; returns it and the time that it took. The error names what did not come in time.
pub(super) fn wait_until<T>(
    what: &str,
    timeout: Duration,
    mut poll: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<(T, Duration)> {
    let began = now();
    loop {
        if let Some(found) = poll()? {
            return Ok((found, began.elapsed()));
        }
        if began.elapsed() > timeout {
            let message = format!("{what}: not within {} s", timeout.as_secs_f64());
            return Err(io::Error::new(io::ErrorKind::TimedOut, message));
        }
        sleep(POLL_EVERY);
    }
}
