//! Log throttling: events that remote clients can cause at any rate are logged now and then, with a count.

use crate::limits::LOG_INTERVAL;
use std::time::Instant;

/// Something to be logged at most once in [`LOG_INTERVAL`].
#[derive(Debug, Default)]
pub(crate) struct LogThrottle {
    /// When it was logged last.
    last_logged: Option<Instant>,
    /// How often it happened since.
    suppressed: u64,
}

impl LogThrottle {
    /// It happened. If it is to be logged: how often it did since it was logged last.
    pub(crate) fn record(&mut self, now: Instant) -> Option<u64> {
        self.suppressed += 1;
        if self.last_logged.is_some_and(|said| now < said + LOG_INTERVAL) {
            return None;
        }
        self.last_logged = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::clock::now;
    use std::time::Duration;

    #[test]
    fn an_event_is_logged_once_in_the_interval() {
        let start = now();
        let mut throttle = LogThrottle::default();
        assert_eq!(throttle.record(start), Some(1));
        assert_eq!(throttle.record(start + Duration::from_secs(1)), None);
        assert_eq!(throttle.record(start + Duration::from_secs(4)), None);
        assert_eq!(throttle.record(start + LOG_INTERVAL), Some(3));
    }
}
