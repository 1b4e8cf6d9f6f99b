//! What strangers can make happen as often as they like, and the log is to have now and then.

use crate::limits::LOG_INTERVAL;
use std::time::Instant;

/// Something to be said at most once in [`LOG_INTERVAL`].
#[derive(Debug, Default)]
pub(crate) struct Seldom {
    /// When it was said last.
    said: Option<Instant>,
    /// How often it happened since.
    silent: u64,
}

impl Seldom {
    /// It happened. If it is to be said: how often it did since it was said last.
    pub(crate) fn tell(&mut self, now: Instant) -> Option<u64> {
        self.silent += 1;
        if self.said.is_some_and(|said| now < said + LOG_INTERVAL) {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.silent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn seldom_is_once_in_its_time() {
        let start = whippet::time::Instant::now().into_std();
        let mut seldom = Seldom::default();
        assert_eq!(seldom.tell(start), Some(1));
        assert_eq!(seldom.tell(start + Duration::from_secs(1)), None);
        assert_eq!(seldom.tell(start + Duration::from_secs(4)), None);
        assert_eq!(seldom.tell(start + LOG_INTERVAL), Some(3));
    }
}
