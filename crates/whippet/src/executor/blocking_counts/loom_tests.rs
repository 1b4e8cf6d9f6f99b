//! The race of a thread that begins to block with a spare worker that ends.

use super::BlockingCounts;
use crate::loom::Arc;
use loom::thread;

#[test]
fn loom_each_blocked_thread_has_a_spare_worker() {
    loom::model(|| {
        let counts = Arc::new(BlockingCounts::new());
        assert!(counts.begin_blocking(), "the first spare worker is started");
        counts.end_blocking();
        let retires = {
            let counts = Arc::clone(&counts);
            thread::spawn(move || counts.try_retire())
        };
        let started = counts.begin_blocking();
        let retired = retires.join().unwrap();
        assert_eq!(retired, started, "one stands in: the first that stayed, or another");
        assert!(!counts.try_retire(), "a thread blocks");
        counts.end_blocking();
        assert!(counts.try_retire());
        assert!(!counts.try_retire(), "nobody is left to retire");
    });
}
