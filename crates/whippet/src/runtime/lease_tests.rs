//! Tests of threads that want to drive one current-thread runtime at once.

use super::{Builder, Runtime};
use crate::sync::oneshot;
use crate::sys::thread;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// What happens in the threads of a test, in its order.
type Events = Receiver<&'static str>;

fn expect(events: &Events, event: &str) {
    assert_eq!(events.recv_timeout(DEADLINE), Ok(event));
}

/// Starts a thread that calls `block_on` with `future`, and then says `end`. Should the test fail it stays where it is.
fn drives<F: Future<Output: Send> + Send + 'static>(
    runtime: &Arc<Runtime>,
    events: &Sender<&'static str>,
    end: &'static str,
    future: F,
) {
    let (runtime, events) = (Arc::clone(runtime), events.clone());
    let body = move || {
        let _ = runtime.block_on(future);
        let _ = events.send(end);
    };
    drop(thread::start(end.to_owned(), None, body).unwrap());
}

/// A future that says `event` when it is polled for the first time, and goes on as `future`. In the second thread that is
/// after it was queued for the worker.
fn says<F: Future>(
    event: &'static str,
    events: &Sender<&'static str>,
    future: F,
) -> impl Future<Output = F::Output> + use<F> {
    let events = events.clone();
    async move {
        let _ = events.send(event);
        future.await
    }
}

/// A task that needs a thread that drives the worker.
fn task(runtime: &Runtime) -> (oneshot::Sender<()>, crate::task::JoinHandle<()>) {
    let (go, goes) = oneshot::channel();
    (go, runtime.spawn(async move { drop(goes.await) }))
}

#[test]
fn a_waiter_that_panics_leaves_the_worker_to_the_next() {
    let runtime = Arc::new(Builder::new_current_thread().build().unwrap());
    let (sender, events) = mpsc::channel();
    let (leave, leaves) = oneshot::channel::<()>();
    let (panic, panics) = oneshot::channel::<()>();
    let (go, waits) = task(&runtime);
    drives(&runtime, &sender, "first ended", says("first drives", &sender, leaves));
    expect(&events, "first drives");
    let second = async move {
        drop(panics.await);
        panic!("on purpose");
    };
    let told = sender.clone();
    let second = says("second waits", &sender, second);
    let body = {
        let runtime = Arc::clone(&runtime);
        move || {
            let panicked = catch_unwind(AssertUnwindSafe(|| runtime.block_on(second)));
            assert!(panicked.is_err());
            let _ = told.send("second panicked");
        }
    };
    drop(thread::start("second".to_owned(), None, body).unwrap());
    expect(&events, "second waits");
    drives(&runtime, &sender, "third ended", says("third waits", &sender, waits));
    expect(&events, "third waits");
    panic.send(()).unwrap();
    expect(&events, "second panicked");
    leave.send(()).unwrap();
    expect(&events, "first ended");
    // The third is woken by the thread that returns the worker alone: no other thread drives its task.
    go.send(()).unwrap();
    expect(&events, "third ended");
}

#[test]
fn a_waiter_that_finds_the_worker_free_wakes_the_next_later() {
    let runtime = Arc::new(Builder::new_current_thread().build().unwrap());
    let (sender, events) = mpsc::channel();
    let (leave, leaves) = oneshot::channel::<()>();
    let (take, takes) = oneshot::channel::<()>();
    let (end, ends) = oneshot::channel::<()>();
    let (release, released) = mpsc::channel::<()>();
    let (go, waits) = task(&runtime);
    drives(&runtime, &sender, "first ended", says("first drives", &sender, leaves));
    expect(&events, "first drives");
    // The second is in its poll when it is woken for the free worker, and so comes late.
    let mut waits = waits;
    let mut polls = ["second waits again", "second waits"].to_vec();
    let told = sender.clone();
    let slow = poll_fn(move |cx| {
        if let Some(poll) = polls.pop() {
            let _ = told.send(poll);
            if poll == "second waits" {
                let _ = released.recv_timeout(DEADLINE);
            }
        }
        Pin::new(&mut waits).poll(cx).map(drop)
    });
    drives(&runtime, &sender, "second ended", slow);
    expect(&events, "second waits");
    let told = sender.clone();
    let third = async move {
        drop(takes.await);
        let _ = told.send("third drives");
        drop(ends.await);
    };
    drives(&runtime, &sender, "third ended", says("third waits", &sender, third));
    expect(&events, "third waits");
    leave.send(()).unwrap();
    expect(&events, "first ended");
    // Woken by its own future, it finds the worker free.
    take.send(()).unwrap();
    expect(&events, "third drives");
    let (again, polled) = mpsc::channel();
    runtime.spawn(async move { again.send(()) });
    polled.recv_timeout(DEADLINE).expect("the third does not drive");
    // The second is queued again, behind those that are queued.
    release.send(()).unwrap();
    expect(&events, "second waits again");
    end.send(()).unwrap();
    expect(&events, "third ended");
    go.send(()).unwrap();
    expect(&events, "second ended");
}
