//! What a panic that the caller causes says: "`CALL`: what is wrong; what to do". A table of all of them.

use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;
use whippet::io::{AsyncBufReadExt, duplex, simplex, split};
use whippet::runtime::{Builder, Handle, LocalOptions, LocalRuntime, Runtime};
use whippet::sync::{Mutex, RwLock, Semaphore, SemaphorePermit, broadcast, mpsc, oneshot};
use whippet::task::{self, JoinSet, LocalSet};
use whippet::time::{self, Instant};

/// A case: the call that the message begins with, words of the way out that it ends with, and what panics.
type Case = (&'static str, &'static str, Box<dyn FnOnce()>);

/// A case of the table.
fn case<R>(
    call: &'static str,
    way_out: &'static str,
    panics: impl FnOnce() -> R + 'static,
) -> Case {
    (call, way_out, Box::new(move || drop(panics())))
}

/// A case whose call is made inside of a `block_on`.
fn inside<R, F: Future<Output = R>>(
    call: &'static str,
    way_out: &'static str,
    panics: impl FnOnce() -> F + 'static,
) -> Case {
    case(call, way_out, move || current().block_on(async { panics().await }))
}

/// The message of the panic.
fn panic_message(panics: Box<dyn FnOnce()>) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(panics)) {
        Ok(()) => return "no panic".to_owned(),
        Err(payload) => payload,
    };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or("no message").to_owned(),
    }
}

#[track_caller]
fn check(cases: Vec<Case>) {
    let mut wrong = Vec::new();
    for (call, way_out, panics) in cases {
        let message = panic_message(panics);
        let found =
            message.strip_prefix(&format!("`{call}`: ")).and_then(|rest| rest.split_once("; "));
        if !found.is_some_and(|(what, way)| !what.is_empty() && way.contains(way_out)) {
            wrong.push(format!("{call}: {message}"));
        }
    }
    assert!(wrong.is_empty(), "{} are not of the form:\n{}", wrong.len(), wrong.join("\n"));
}

fn current() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

fn multi() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().expect("a runtime")
}

/// Polls a future once. True: it was ready.
fn poll<F: Future>(future: Pin<&mut F>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn of_builders_and_runtimes() {
    let new = Builder::new_multi_thread;
    let second = Duration::from_secs(1);
    check(vec![
        case("Builder::name", "at least one visible", move || drop(new().name(" ").build())),
        case("Builder::worker_threads", "at least one", move || {
            drop(new().worker_threads(0).build())
        }),
        case("Builder::max_blocking_threads", "at least one", move || {
            drop(new().max_blocking_threads(0).build());
        }),
        case("Builder::event_interval", "at least one", move || {
            drop(new().event_interval(0).build())
        }),
        case("Builder::global_queue_interval", "at least one", move || {
            drop(new().global_queue_interval(0).build());
        }),
        case("Builder::stall_threshold", "longer", move || {
            drop(new().stall_threshold(Duration::ZERO).build());
        }),
        case("Builder::build", "new_current_thread", move || new().start_paused(true).build()),
        case("Builder::build_local", "new_current_thread", move || {
            new().build_local(LocalOptions::default())
        }),
        case("RuntimeMetrics::worker_park_count", "below `num_workers`", || {
            current().metrics().worker_park_count(1)
        }),
        case("RuntimeMetrics::worker_park_unpark_count", "below `num_workers`", || {
            current().metrics().worker_park_unpark_count(1)
        }),
        case("RuntimeMetrics::worker_total_busy_duration", "below `num_workers`", || {
            current().metrics().worker_total_busy_duration(1)
        }),
        case("RuntimeMetrics::worker_poll_count", "below `num_workers`", || {
            current().metrics().worker_poll_count(1)
        }),
        case("RuntimeMetrics::worker_steal_count", "below `num_workers`", || {
            current().metrics().worker_steal_count(1)
        }),
        case("RuntimeMetrics::worker_local_queue_depth", "below `num_workers`", || {
            current().metrics().worker_local_queue_depth(1)
        }),
        case("RuntimeMetrics::worker_budget_forced_yield_count", "below `num_workers`", || {
            current().metrics().worker_budget_forced_yield_count(1)
        }),
        inside("Runtime::block_on", "spawn_blocking", || async { current().block_on(ready(())) }),
        inside("Handle::block_on", "spawn_blocking", || async {
            Handle::current().block_on(ready(()));
        }),
        inside("LocalRuntime::block_on", "spawn_blocking", || async {
            LocalRuntime::new().expect("a runtime").block_on(ready(()));
        }),
        inside("LocalSet::block_on", "spawn_blocking", || async {
            LocalSet::new().block_on(&current(), ready(()));
        }),
        case("Sleep::poll", "keep the `Runtime`", move || {
            let runtime = current();
            let mut sleep = {
                let _entered = runtime.enter();
                time::sleep(second)
            };
            drop(runtime);
            poll(Pin::new(&mut sleep));
        }),
    ]);
}

#[test]
fn of_tasks() {
    whippet::task_local! { static KEY: u8; }
    check(vec![
        case("task::id", "task::try_id", task::id),
        case("task::spawn_local", "LocalSet::run_until", || task::spawn_local(async {})),
        inside("task::block_in_place", "spawn_blocking", || async { task::block_in_place(|| ()) }),
        inside("JoinHandle::poll", "once", || async {
            let mut handle = whippet::spawn(async {});
            (&mut handle).await.expect("it does not fail");
            handle.await.expect("it panics before");
        }),
        inside("JoinError::into_panic", "is_panic", || async {
            let task = whippet::spawn(pending::<()>());
            task.abort();
            drop(task.await.expect_err("it was aborted").into_panic());
        }),
        inside("JoinSet::join_all", "join_next", || async {
            let mut set = JoinSet::new();
            set.spawn(pending::<()>()).abort();
            set.join_all().await;
        }),
        case("EnterGuard::drop", "reverse order", || {
            let (one, other) = (current(), current());
            let (first, second) = (one.enter(), other.enter());
            drop(first);
            drop(second);
        }),
        case("LocalEnterGuard::drop", "reverse order", || {
            let (one, other) = (LocalSet::new(), LocalSet::new());
            let (first, second) = (one.enter(), other.enter());
            drop(first);
            drop(second);
        }),
        inside("task::block_in_place", "spawn_blocking", || async {
            LocalSet::new().run_until(async { task::block_in_place(|| ()) }).await;
        }),
        case("LocalKey::with", "LocalKey::scope", || KEY.with(|_| ())),
        case("LocalKey::get", "LocalKey::scope", || KEY.get()),
        case("LocalKey::sync_scope", "closure of `with`", || {
            KEY.sync_scope(1, || KEY.with(|_| KEY.sync_scope(2, || ())));
        }),
        case("LocalKey::scope", "closure of `with`", || {
            KEY.sync_scope(1, || KEY.with(|_| poll(pin!(KEY.scope(2, ready(()))))));
        }),
        case("LocalKey::scope", "no more", || {
            let mut future = pin!(KEY.scope(2, ready(())));
            for _ in 0..2 {
                poll(future.as_mut());
            }
        }),
        inside("select!", "`else`", || async {
            whippet::select! { () = ready(()), if false => {} }
        }),
    ]);
}

#[test]
fn of_channels_and_locks() {
    let past = usize::MAX;
    let permits = |one: &'static Semaphore, other: &'static Semaphore| {
        let take = |semaphore: &'static Semaphore| semaphore.try_acquire().expect("it is free");
        (take(one), take(other))
    };
    static ONE: Semaphore = Semaphore::const_new(1);
    static OTHER: Semaphore = Semaphore::const_new(1);
    check(vec![
        case("mpsc::channel", "at least 1", || mpsc::channel::<()>(0)),
        case("mpsc::channel", "unbounded_channel", move || mpsc::channel::<()>(past)),
        case("broadcast::channel", "at least 1", || broadcast::channel::<()>(0)),
        case("broadcast::channel", "at most", move || broadcast::channel::<()>(past)),
        case("broadcast::Sender::new", "at least 1", || broadcast::Sender::<()>::new(0)),
        case("oneshot::Receiver::poll", "once", || {
            let (sender, mut receiver) = oneshot::channel();
            sender.send(()).expect("the receiver is there");
            for _ in 0..2 {
                poll(Pin::new(&mut receiver));
            }
        }),
        case("Semaphore::new", "MAX_PERMITS", move || Semaphore::new(past)),
        case("Semaphore::const_new", "MAX_PERMITS", move || Semaphore::const_new(past)),
        case("Semaphore::add_permits", "MAX_PERMITS", move || Semaphore::new(1).add_permits(past)),
        case("SemaphorePermit::merge", "one semaphore", move || {
            let (mut one, other): (SemaphorePermit<'_>, _) = permits(&ONE, &OTHER);
            one.merge(other);
        }),
        case("OwnedSemaphorePermit::merge", "one semaphore", || {
            let take = || Arc::new(Semaphore::new(1)).try_acquire_owned().expect("it is free");
            take().merge(take());
        }),
        case("RwLock::with_max_readers", "at least 1", || RwLock::with_max_readers((), 0)),
        case("RwLock::with_max_readers", "at most", || RwLock::with_max_readers((), u32::MAX)),
        // By way of its sibling.
        case("RwLock::with_max_readers", "at most", || {
            RwLock::const_with_max_readers((), u32::MAX)
        }),
    ]);
}

#[test]
fn of_blocking_calls_in_a_task() {
    fn blocks(call: &'static str, block: fn()) -> Case {
        inside(call, "spawn_blocking", move || async move { block() })
    }
    check(vec![
        blocks("mpsc::Sender::blocking_send", || {
            mpsc::channel(1).0.blocking_send(()).expect("it panics before");
        }),
        blocks("mpsc::Receiver::blocking_recv", || {
            mpsc::channel::<()>(1).1.blocking_recv();
        }),
        blocks("mpsc::Receiver::blocking_recv_many", || {
            mpsc::channel::<()>(1).1.blocking_recv_many(&mut Vec::new(), 1);
        }),
        blocks("mpsc::UnboundedReceiver::blocking_recv", || {
            mpsc::unbounded_channel::<()>().1.blocking_recv();
        }),
        blocks("mpsc::UnboundedReceiver::blocking_recv_many", || {
            mpsc::unbounded_channel::<()>().1.blocking_recv_many(&mut Vec::new(), 1);
        }),
        blocks("oneshot::Receiver::blocking_recv", || {
            drop(oneshot::channel::<()>().1.blocking_recv());
        }),
        blocks("broadcast::Receiver::blocking_recv", || {
            drop(broadcast::channel::<()>(1).1.blocking_recv());
        }),
        blocks("Mutex::blocking_lock", || drop(Mutex::new(()).blocking_lock())),
        blocks("Mutex::blocking_lock_owned", || {
            drop(Arc::new(Mutex::new(())).blocking_lock_owned());
        }),
        blocks("RwLock::blocking_read", || drop(RwLock::new(()).blocking_read())),
        blocks("RwLock::blocking_write", || drop(RwLock::new(()).blocking_write())),
        blocks("Semaphore::blocking_acquire", || drop(Semaphore::new(1).blocking_acquire())),
        blocks("Semaphore::blocking_acquire_many", || {
            drop(Semaphore::new(1).blocking_acquire_many(1));
        }),
        blocks("Semaphore::blocking_acquire_owned", || {
            drop(Arc::new(Semaphore::new(1)).blocking_acquire_owned());
        }),
        blocks("Semaphore::blocking_acquire_many_owned", || {
            drop(Arc::new(Semaphore::new(1)).blocking_acquire_many_owned(1));
        }),
    ]);
}

#[test]
fn of_time() {
    let century = Duration::from_secs(100 * 365 * 24 * 3_600);
    check(vec![
        inside("time::interval", "longer", || async { time::interval(Duration::ZERO) }),
        inside("time::interval_at", "longer", || async {
            time::interval_at(Instant::now(), Duration::ZERO)
        }),
        inside("time::pause", "once", || async {
            time::pause();
            time::pause();
        }),
        inside("time::resume", "`time::pause`", || async { time::resume() }),
        inside("time::advance", "`time::pause`", || time::advance(Duration::ZERO)),
        case("time::pause", "new_current_thread", || multi().block_on(async { time::pause() })),
        case("time::resume", "new_current_thread", || multi().block_on(async { time::resume() })),
        case("time::advance", "new_current_thread", move || {
            multi().block_on(time::advance(century))
        }),
        case("Instant + Duration", "checked_add", || Instant::now() + Duration::MAX),
        case("Instant += Duration", "checked_add", || {
            let mut now = Instant::now();
            now += Duration::MAX;
        }),
        case("Instant - Duration", "checked_sub", || Instant::now() - Duration::MAX),
        case("Instant -= Duration", "checked_sub", || {
            let mut now = Instant::now();
            now -= Duration::MAX;
        }),
    ]);
}

#[test]
fn of_streams() {
    check(vec![
        case("io::duplex", "at least 1", || duplex(0)),
        case("io::simplex", "at least 1", || simplex(0)),
        case("AsyncBufReadExt::fill_buf", "call it again", || {
            let mut reader = &b"hello"[..];
            let mut future = pin!(reader.fill_buf());
            for _ in 0..2 {
                poll(future.as_mut());
            }
        }),
        case("ReadHalf::unsplit", "is_pair_of", || {
            let ((one, _), (_, other)) = (split(duplex(1).0), split(duplex(1).0));
            one.unsplit(other);
        }),
    ]);
}

#[test]
fn a_poll_that_is_fine_reports_nothing() {
    assert_eq!(panic_message(Box::new(|| assert!(poll(pin!(ready(())))))), "no panic");
}
