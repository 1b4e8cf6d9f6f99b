//! The race of a thread that begins to block with a stand-in that ends.

use super::Standing;
use crate::loom::Arc;
use loom::thread;

#[test]
fn loom_whoever_blocks_has_a_stand_in() {
    loom::model(|| {
        let standing = Arc::new(Standing::new());
        assert!(standing.begin_blocking(), "the first stand-in is started");
        standing.end_blocking();
        let retires = {
            let standing = Arc::clone(&standing);
            thread::spawn(move || standing.try_retire())
        };
        let started = standing.begin_blocking();
        let retired = retires.join().unwrap();
        assert_eq!(retired, started, "one stands in: the first that stayed, or another");
        assert!(!standing.try_retire(), "somebody blocks");
        standing.end_blocking();
        assert!(standing.try_retire());
        assert!(!standing.try_retire(), "nobody is left to retire");
    });
}
