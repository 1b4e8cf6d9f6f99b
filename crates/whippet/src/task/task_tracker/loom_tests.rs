//! `TaskTracker` under every interleaving. An end that is not told shows as a deadlock of the model.

use super::TaskTracker;
use loom::future::block_on;
use loom::thread;

#[test]
fn loom_the_last_task_beside_close_and_wait() {
    loom::model(|| {
        let tasks = TaskTracker::new();
        let threads =
            [tasks.token(), tasks.token()].map(|token| thread::spawn(move || drop(token)));
        let closes = thread::spawn({
            let tasks = tasks.clone();
            move || assert!(tasks.close())
        });
        block_on(tasks.wait());
        assert!(tasks.is_closed() && tasks.is_empty());
        closes.join().unwrap();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn loom_what_a_task_did_is_seen_by_who_waited_for_it() {
    loom::model(|| {
        let tasks = TaskTracker::new();
        let cell = loom::sync::Arc::new(loom::cell::Cell::new(0));
        let (token, written) = (tasks.token(), loom::sync::Arc::clone(&cell));
        let thread = thread::spawn(move || {
            written.set(1);
            drop(token);
        });
        tasks.close();
        block_on(tasks.wait());
        assert_eq!(cell.get(), 1);
        thread.join().unwrap();
    });
}
