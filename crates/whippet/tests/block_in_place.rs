//! Blocking within a task: others go on, and what must not block says so.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::{TcpListener, TcpStream};
use whippet::runtime::{Builder, Handle, Runtime};
use whippet::sync::{Mutex, Semaphore, mpsc, oneshot};
use whippet::task::{LocalSet, block_in_place, unconstrained};
use whippet::time::Instant;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn workers(count: usize) -> Runtime {
    Builder::new_multi_thread().worker_threads(count).build().expect("a runtime")
}

/// Runs a future as a task of a runtime with one worker. The test's thread waits: when nobody goes on, nobody turns the
/// timers either.
fn on_the_only_worker(future: impl Future<Output = ()> + Send + 'static) {
    let runtime = workers(1);
    let (ends, ended) = channel();
    let task = runtime.spawn(async move {
        future.await;
        ends.send(()).expect("the test waits");
    });
    within_deadline(&ended);
    runtime.block_on(task).expect("it ends well");
}

/// What comes through a channel of std, which blocks the thread.
fn within_deadline<T>(receiver: &Receiver<T>) -> T {
    receiver.recv_timeout(DEADLINE).expect("somebody else goes on")
}

#[test]
fn another_thread_goes_on_for_the_only_worker() {
    on_the_only_worker(async {
        let (sender, receiver) = channel();
        // It lies in the worker's LIFO slot when the worker blocks.
        let other = whippet::spawn(async move {
            whippet::task::yield_now().await;
            whippet::time::sleep(Duration::from_millis(1)).await;
            sender.send(7)
        });
        assert_eq!(block_in_place(|| within_deadline(&receiver)), 7);
        other.await.expect("it ends well").expect("the receiver is there");
    });
}

#[test]
fn sockets_and_wakes_from_within_are_served_while_the_only_worker_blocks() {
    on_the_only_worker(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let echo = whippet::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.expect("a word");
            stream.write_all(&word).await.expect("room");
        });
        // The future of a `block_on` is polled on this thread, and woken by whoever turns the reactor.
        let answer = block_in_place(|| {
            Handle::current().block_on(async {
                let mut stream = TcpStream::connect(address).await.expect("a connection");
                stream.write_all(b"ping").await.expect("room");
                let mut word = [0; 4];
                stream.read_exact(&mut word).await.expect("the echo");
                word
            })
        });
        assert_eq!(&answer, b"ping");
        echo.await.expect("it ends well");
    });
}

#[test]
fn more_tasks_may_block_at_once_than_there_are_workers() {
    const TASKS: usize = 8;
    let runtime = workers(2);
    let all = Arc::new(Barrier::new(TASKS));
    let (ends, ended) = channel();
    for number in 0..TASKS {
        let (all, ends) = (Arc::clone(&all), ends.clone());
        // The later ones take their turns on spare workers, and block those.
        runtime.spawn(async move {
            block_in_place(|| all.wait());
            ends.send(number).expect("the test waits");
        });
    }
    let mut numbers: Vec<_> = (0..TASKS).map(|_| within_deadline(&ended)).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..TASKS).collect::<Vec<_>>());
    // The spare workers go when they find that nobody blocks, and each task that is spawned wakes one to look.
    let end = Instant::now() + DEADLINE;
    let at_work = || {
        let metrics = runtime.metrics();
        metrics.num_blocking_threads() - metrics.num_idle_blocking_threads()
    };
    while at_work() > 0 {
        assert!(Instant::now() < end, "{} spare workers stay although no thread blocks", at_work());
        runtime.block_on(runtime.spawn(async {})).expect("it ends well");
    }
}

#[test]
fn a_panic_ends_the_task_and_the_worker_comes_back() {
    let runtime = workers(1);
    let task = runtime.spawn(async { block_in_place(|| panic!("on purpose")) });
    assert!(runtime.block_on(task).expect_err("it panics").is_panic());
    let again = runtime.spawn(async {
        block_in_place(|| ());
        // The thread is the worker's again: what must not block is refused.
        std::panic::catch_unwind(|| Handle::current().block_on(async {})).is_err()
    });
    assert!(runtime.block_on(again).expect("it ends well"));
}

#[test]
fn a_runtime_ends_while_a_task_blocks_in_place() {
    let runtime = workers(1);
    let (sender, receiver) = channel::<()>();
    let (begins, begun) = channel();
    let task = runtime.spawn(async move {
        block_in_place(|| {
            begins.send(()).expect("the test waits");
            receiver.recv_timeout(DEADLINE)
        })
    });
    within_deadline(&begun);
    runtime.shutdown_background();
    drop(sender);
    let outer = workers(1);
    // The poll that blocked comes to its end.
    assert!(outer.block_on(task).is_ok_and(|received| received.is_err()));
}

#[test]
fn outside_of_tasks_it_just_calls() {
    assert_eq!(block_in_place(|| 1), 1);
    let runtime = workers(1);
    runtime.block_on(async {
        // Beside worker threads a `block_on` keeps nobody from going on.
        let (sender, receiver) = oneshot::channel();
        sender.send(2).expect("the receiver is there");
        assert_eq!(block_in_place(|| receiver.blocking_recv()), Ok(2));
        let in_pool = whippet::task::spawn_blocking(|| block_in_place(|| 3));
        assert_eq!(in_pool.await.expect("it ends well"), 3);
    });
}

#[test]
#[should_panic(expected = "`task::block_in_place`: this runtime has no worker threads")]
fn a_current_thread_runtime_refuses() {
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async { block_in_place(|| ()) });
}

/// Whether the call is refused with the words for blocking calls.
fn is_refused<R>(call: impl FnOnce() -> R) -> bool {
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).err();
    let words = refused.and_then(|payload| payload.downcast::<String>().ok());
    words.is_some_and(|words| words.contains(": this thread polls a task"))
}

#[whippet::test]
async fn blocking_calls_are_refused_in_tasks() {
    whippet::spawn(async {
        let (sender, mut receiver) = mpsc::channel(1);
        assert!(is_refused(|| sender.blocking_send(1)));
        assert!(is_refused(|| receiver.blocking_recv()));
        assert!(is_refused(|| oneshot::channel::<()>().1.blocking_recv()));
        assert!(is_refused(|| drop(Mutex::new(1).blocking_lock())));
        let semaphore = Semaphore::new(1);
        assert!(is_refused(|| drop(semaphore.blocking_acquire())));
        // A stretch without a budget is part of the poll as well.
        unconstrained(async { assert!(is_refused(|| receiver.blocking_recv())) }).await;
    })
    .await
    .expect("it ends well");
}

#[test]
fn blocking_calls_wait_elsewhere() {
    let semaphore = Arc::new(Semaphore::new(1));
    let held = Arc::clone(&semaphore).blocking_acquire_owned().expect("it is open");
    let runtime = workers(1);
    let waits = {
        let semaphore = Arc::clone(&semaphore);
        runtime.spawn_blocking(move || {
            semaphore.blocking_acquire_many(2).map(|permits| permits.num_permits())
        })
    };
    semaphore.add_permits(1);
    drop(held);
    assert_eq!(runtime.block_on(waits).expect("it ends well").expect("it is open"), 2);
    semaphore.close();
    assert!(semaphore.blocking_acquire().is_err());
    assert!(Arc::clone(&semaphore).blocking_acquire_many_owned(1).is_err());
}

#[test]
fn one_block_on_within_another_is_refused() {
    let runtime = workers(1);
    let other = workers(1);
    let nested =
        std::panic::AssertUnwindSafe(|| runtime.block_on(async { other.block_on(async {}) }));
    let refused = std::panic::catch_unwind(nested).expect_err("it is refused");
    assert!(
        refused
            .downcast::<String>()
            .is_ok_and(|words| words.contains(": this thread polls a task"))
    );
}

#[test]
fn in_a_local_set_it_is_refused_with_the_way_out() {
    let runtime = workers(1);
    let words = |payload: Box<dyn std::any::Any + Send>| {
        payload.downcast::<&str>().map(|words| words.to_string()).unwrap_or_default()
    };
    let is_clear = |words: String| {
        words.starts_with("`task::block_in_place`: this is a task of a `LocalSet`")
            && words.contains("use `spawn_blocking`")
    };
    let set = LocalSet::new();
    // In a task of the set.
    let task = set.spawn_local(async { block_in_place(|| ()) });
    let error = set.block_on(&runtime, task).expect_err("it is refused");
    assert!(is_clear(words(error.into_panic())));
    // In `run_until` itself.
    let refused = std::panic::AssertUnwindSafe(|| {
        set.block_on(&runtime, async { block_in_place(|| ()) });
    });
    assert!(is_clear(words(std::panic::catch_unwind(refused).expect_err("it is refused"))));
    // The way out, and a set that is only entered.
    let outside = runtime.block_on(set.run_until(async {
        whippet::task::spawn_blocking(|| block_in_place(|| 7)).await.expect("it ends well")
    }));
    assert_eq!(outside, 7);
    let _entered = set.enter();
    assert_eq!(block_in_place(|| 8), 8);
}
