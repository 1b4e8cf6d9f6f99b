//! `JoinSet` under every interleaving. A completion that is lost shows as a deadlock of the model.

use super::JoinSet;
use crate::executor::task::{Id, JoinHandle, OwnedRef, RunResult, Runnable, Schedule, Spawned};
use loom::future::block_on;
use loom::thread;
use std::panic::Location;

/// A task that nobody wakes.
struct Nowhere;

impl Schedule for Nowhere {
    type Destination = ();

    fn destination(&self) {}

    fn schedule(_: (), _: Runnable) {
        unreachable!("nobody wakes these tasks")
    }

    fn release(&self, _: &OwnedRef) -> Option<OwnedRef> {
        None
    }
}

/// A task that gives `output`.
fn gives(output: usize) -> (Runnable, JoinHandle<usize>) {
    let Spawned { runnable, owned_ref, handle } =
        Spawned::new(async move { output }, Nowhere, Id::next(), Location::caller());
    owned_ref.release_on_complete();
    (runnable, handle)
}

fn run(task: Runnable) {
    assert!(matches!(task.run(), RunResult::Complete));
}

#[test]
fn loom_two_tasks_complete_while_they_are_joined() {
    loom::model(|| {
        let mut set = JoinSet::new();
        let threads = [1, 2].map(|output| {
            let (runnable, handle) = gives(output);
            drop(set.insert(handle));
            thread::spawn(move || run(runnable))
        });
        let outputs = block_on(set.join_all());
        assert_eq!(outputs.iter().sum::<usize>(), 3);
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn loom_a_task_completes_while_it_is_put_into_the_set() {
    loom::model(|| {
        let (runnable, handle) = gives(1);
        let thread = thread::spawn(move || run(runnable));
        let mut set = JoinSet::new();
        drop(set.insert(handle));
        assert_eq!(block_on(set.join_all()), [1]);
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_detached_task_that_completes_late_is_not_taken_for_its_successor() {
    loom::model(|| {
        let mut set = JoinSet::new();
        let (detached, handle) = gives(1);
        drop(set.insert(handle));
        let thread = thread::spawn(move || run(detached));
        set.detach_all();
        let (successor, handle) = gives(2);
        drop(set.insert(handle));
        let other = thread::spawn(move || run(successor));
        assert_eq!(block_on(set.join_all()), [2]);
        thread.join().unwrap();
        other.join().unwrap();
    });
}
