//! How the parts of a task are dropped: its future and its output, with the task's name, and as part of a panic if there
//! is one.

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;
use whippet::runtime::{Builder, LocalOptions, Runtime};
use whippet::sync::oneshot;
use whippet::task::{
    Id, JoinHandle, JoinSet, LocalSet, id, spawn_blocking, spawn_local, try_id, yield_now,
};

/// Longer than any event that a test waits for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a drop saw: the name of its task, and whether its thread panicked.
type Seen = (Option<Id>, bool);

/// Notes where it is dropped.
struct Noted(Arc<Mutex<Vec<Seen>>>);

impl Drop for Noted {
    fn drop(&mut self) {
        self.0.lock().expect("nobody panics with it").push((try_id(), thread::panicking()));
    }
}

/// A list of notes, and something that makes one.
fn noted() -> (Arc<Mutex<Vec<Seen>>>, Noted) {
    let notes = Arc::<Mutex<Vec<Seen>>>::default();
    (Arc::clone(&notes), Noted(notes))
}

/// Takes the one note.
#[track_caller]
fn only(notes: &Mutex<Vec<Seen>>) -> Seen {
    let notes = std::mem::take(&mut *notes.lock().expect("nobody panics with it"));
    assert_eq!(notes.len(), 1, "{notes:?}");
    notes[0]
}

/// A future with parts, unlike an `async` block, whose poll drops them itself when it panics.
struct Parts<T, D> {
    /// What its poll does.
    poll: fn() -> Poll<T>,
    /// Dropped with it.
    _dropped: D,
}

impl<T, D> Future for Parts<T, D> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        (self.poll)()
    }
}

/// A drop that panics.
struct Fails;

impl Drop for Fails {
    fn drop(&mut self) {
        panic!("in a drop");
    }
}

fn message(error: whippet::task::JoinError) -> &'static str {
    error.into_panic().downcast_ref::<&'static str>().copied().expect("words")
}

/// Waits until the task is complete.
async fn finished<T>(task: &JoinHandle<T>) {
    let wait = async {
        while !task.is_finished() {
            yield_now().await;
        }
    };
    whippet::time::timeout(PATIENCE, wait).await.expect("the task ends");
}

fn both() -> [Runtime; 2] {
    [Builder::new_multi_thread(), Builder::new_current_thread()]
        .map(|mut builder| builder.worker_threads(1).build().expect("a runtime"))
}

#[test]
fn the_future_of_a_task_that_panics_is_dropped_by_the_panic() {
    for runtime in both() {
        let (notes, dropped) = noted();
        let task =
            runtime.spawn(Parts::<(), _> { poll: || panic!("in a poll"), _dropped: dropped });
        let name = task.id();
        assert_eq!(message(runtime.block_on(task).unwrap_err()), "in a poll");
        assert_eq!(only(&notes), (Some(name), true));
    }
}

#[test]
fn a_local_future_that_panics_is_dropped_by_the_panic() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let (set, (notes, dropped)) = (LocalSet::new(), noted());
    let task = set.spawn_local(Parts::<(), _> { poll: || panic!("in a poll"), _dropped: dropped });
    let name = task.id();
    assert_eq!(message(set.block_on(&runtime, task).unwrap_err()), "in a poll");
    assert_eq!(only(&notes), (Some(name), true));
}

#[test]
fn a_future_that_is_ready_or_aborted_is_dropped_without_a_panic() {
    for runtime in both() {
        let (notes, dropped) = noted();
        let task = runtime.spawn(Parts { poll: || Poll::Ready(()), _dropped: dropped });
        let name = task.id();
        runtime.block_on(task).unwrap();
        assert_eq!(only(&notes), (Some(name), false));

        let (notes, dropped) = noted();
        let task = runtime.spawn(Parts::<(), _> { poll: || Poll::Pending, _dropped: dropped });
        let name = task.id();
        task.abort();
        assert!(runtime.block_on(task).unwrap_err().is_cancelled());
        assert_eq!(only(&notes), (Some(name), false));
    }
}

#[test]
fn the_first_panic_of_a_task_is_its_output_and_a_second_ends_there() {
    for runtime in both() {
        let (notes, dropped) = noted();
        let parts = (Fails, dropped);
        let task = runtime.spawn(Parts::<(), _> { poll: || panic!("in a poll"), _dropped: parts });
        let name = task.id();
        assert_eq!(message(runtime.block_on(task).unwrap_err()), "in a poll");
        assert_eq!(only(&notes), (Some(name), true), "the rest of the future is dropped");
    }
}

#[test]
fn the_output_of_a_future_whose_drop_panics_is_dropped_by_the_panic() {
    for runtime in both() {
        let (notes, dropped) = noted();
        let mut output = Some((Fails, dropped));
        let held = Fails;
        let future = Box::pin(poll_fn(move |_| {
            let _held = &held;
            Poll::Ready(output.take().unwrap())
        }));
        let task = runtime.spawn(future);
        let name = task.id();
        let Err(error) = runtime.block_on(task) else { panic!("the future's drop panicked") };
        assert_eq!(message(error), "in a drop");
        assert_eq!(only(&notes), (Some(name), true));
    }
}

#[test]
fn an_unwanted_output_is_dropped_with_its_task_s_name() {
    for runtime in both() {
        runtime.block_on(async {
            // By the completer.
            let (notes, output) = noted();
            let (go, may_go) = oneshot::channel::<()>();
            let task = whippet::spawn(async move {
                drop(may_go.await);
                output
            });
            let (name, watch) = (task.id(), task.abort_handle());
            drop(task);
            drop(go);
            // It is complete a moment before.
            let ends = async {
                while !watch.is_finished() || notes.lock().expect("nobody panics").is_empty() {
                    yield_now().await;
                }
            };
            whippet::time::timeout(PATIENCE, ends).await.expect("the output is dropped");
            assert_eq!(only(&notes), (Some(name), false), "by the completer");

            // By the join handle, outside of a task and in another one.
            for in_task in [false, true] {
                let (notes, output) = noted();
                let task = whippet::spawn(async move { output });
                let name = task.id();
                finished(&task).await;
                if in_task {
                    let ids = whippet::spawn(async move {
                        let before = id();
                        drop(task);
                        (before, id())
                    });
                    let (before, after) = ids.await.unwrap();
                    assert_eq!(before, after);
                } else {
                    drop(task);
                }
                assert_eq!(only(&notes), (Some(name), false), "by the join handle");
            }
            // Awaited: it is whose it is then.
            let (notes, output) = noted();
            drop(whippet::spawn(async move { output }).await.unwrap());
            assert_eq!(only(&notes), (None, false));
        });
    }
}

#[test]
fn the_output_of_a_blocking_call_is_dropped_with_its_name() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    runtime.block_on(async {
        let (notes, output) = noted();
        let task = spawn_blocking(move || output);
        let name = task.id();
        finished(&task).await;
        drop(task);
        assert_eq!(only(&notes), (Some(name), false));

        let (notes, captured) = noted();
        let task = spawn_blocking(move || {
            let _captured = captured;
            panic!("in a call")
        });
        let name = task.id();
        let error = task.await.map(|(): ()| ()).unwrap_err();
        assert_eq!(message(error), "in a call");
        assert_eq!(only(&notes), (Some(name), true));
    });
}

#[test]
fn a_blocking_call_that_never_began_is_dropped_with_its_name() {
    let runtime = Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let first = runtime.spawn_blocking(move || held.recv().is_ok());
    let (notes, captured) = noted();
    let second = runtime.spawn_blocking(move || drop(captured));
    second.abort();
    let name = second.id();
    drop(hold);
    runtime.block_on(async {
        assert!(!first.await.unwrap());
        assert!(second.await.unwrap_err().is_cancelled());
    });
    assert_eq!(only(&notes), (Some(name), false));
}

#[test]
fn local_outputs_are_dropped_with_the_name_of_their_task() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let set = LocalSet::new();
    set.block_on(&runtime, async {
        let (notes, output) = noted();
        let task = spawn_local(async move { output });
        let name = task.id();
        finished(&task).await;
        drop(task);
        assert_eq!(only(&notes), (Some(name), false));
    });
    let (notes, held) = noted();
    let task = set.spawn_local(async move {
        let _held = held;
        pending::<()>().await
    });
    set.block_on(&runtime, yield_now());
    let name = task.id();
    drop(set);
    assert_eq!(only(&notes), (Some(name), false), "at the end of the set");

    let local = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
    let (notes, output) = noted();
    let task = local.spawn_local(async move { output });
    let name = task.id();
    local.block_on(finished(&task));
    drop(task);
    assert_eq!(only(&notes), (Some(name), false));
}

#[test]
fn what_a_runtime_leaves_is_dropped_with_the_name_of_its_task() {
    for runtime in both() {
        // One waits, one has never begun.
        let names = [true, false].map(|is_begun| {
            let ((notes, held), (begin, begun)) = (noted(), oneshot::channel::<()>());
            let task = runtime.spawn(async move {
                let _held = held;
                drop(begin);
                pending::<()>().await
            });
            if is_begun {
                assert!(runtime.block_on(begun).is_err());
            }
            (task.id(), notes)
        });
        drop(runtime);
        for (name, notes) in names {
            assert_eq!(only(&notes), (Some(name), false));
        }
    }
}

#[test]
fn outputs_of_a_set_are_dropped_with_the_name_of_their_task() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (notes, output) = noted();
        let mut set = JoinSet::new();
        let name = set.spawn(async move { output }).id();
        // The task is spawned after this one was woken, and has its turn first.
        for _ in 0..3 {
            yield_now().await;
        }
        drop(set);
        assert_eq!(only(&notes), (Some(name), false));
    });
}
