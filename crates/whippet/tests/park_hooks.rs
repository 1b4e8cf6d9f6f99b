//! The hooks that run when a worker parks and unparks.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use whippet::runtime::Builder;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

#[test]
fn what_a_hook_spawns_is_run_before_the_worker_sleeps() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let (sender, receiver) = mpsc::channel();
        let spawned = AtomicUsize::new(0);
        let ends = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&ends);
        let runtime = builder
            .worker_threads(1)
            .on_thread_park(move || {
                if spawned.fetch_add(1, SeqCst) == 0 {
                    let sender = sender.clone();
                    // Inside of the runtime; the worker's LIFO slot, where it lies, wakes no thread.
                    drop(whippet::spawn(async move { sender.send("ran") }));
                }
            })
            .on_thread_unpark(move || {
                counted.fetch_add(1, SeqCst);
            })
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let word = whippet::task::spawn_blocking(move || receiver.recv_timeout(DEADLINE));
            assert_eq!(word.await.expect("it ends well"), Ok("ran"));
        });
        drop(runtime);
        assert!(ends.load(SeqCst) > 0, "each time it goes on the other hook is called");
    }
}
