//! Time for those who try a program from outside: deadlines, and pauses between two looks at what cannot be waited for.

use std::io;
use std::time::{Duration, Instant};

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// This moment.
#[expect(clippy::disallowed_methods, reason = "a chore that measures another process")]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Lets time pass: a load has a rate, and a measurement a length.
#[expect(clippy::disallowed_methods, reason = "what is measured is what happens in this time")]
pub(super) fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Looks until there is something, and says after how long; an error names what did not come in time.
pub(super) fn wait_for<T>(
    what: &str,
    patience: Duration,
    mut look: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<(T, Duration)> {
    let began = now();
    loop {
        if let Some(found) = look()? {
            return Ok((found, began.elapsed()));
        }
        if began.elapsed() > patience {
            let words = format!("{what}: not within {} s", patience.as_secs_f64());
            return Err(io::Error::new(io::ErrorKind::TimedOut, words));
        }
        pause(LOOK_EVERY);
    }
}
