//! Wakers that panic when they are woken, cloned or dropped, in each place that keeps one.

use super::support::{
    Count, Task, current, multi, panics, panics_when_cloned, panics_when_dropped, panics_when_woken,
};
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use whippet::io::{DuplexStream, duplex, simplex, split};
use whippet::net::UnixStream;
use whippet::sync::{
    Barrier, CancellationToken, Mutex, Notify, OnceCell, RwLock, Semaphore, SetOnce, broadcast,
    mpsc, oneshot, watch,
};
use whippet::task::{JoinSet, LocalSet, TaskTracker, yield_now};
use whippet::time::{sleep, timeout};

type Waits<'a> = Task<'a, ()>;

/// A place to wait at, whose waits are ended by `end`.
fn each_place(mut look: impl FnMut(&str, &dyn Fn() -> Waits<'static>, &dyn Fn())) {
    let notify = Arc::new(Notify::new());
    let waits = Arc::clone(&notify);
    look("Notify", &|| Task::new(Arc::clone(&waits).notified_owned()), &|| notify.notify_waiters());

    let semaphore = Arc::new(Semaphore::new(0));
    let acquire = || {
        let semaphore = Arc::clone(&semaphore);
        Task::new(async move { drop(semaphore.acquire_many_owned(2).await) })
    };
    look("Semaphore: permits", &acquire, &|| semaphore.add_permits(100));
    let semaphore = Arc::new(Semaphore::new(0));
    let acquire = || {
        let semaphore = Arc::clone(&semaphore);
        Task::new(async move { drop(semaphore.acquire_owned().await) })
    };
    look("Semaphore: close", &acquire, &|| semaphore.close());

    let (sender, receiver) = mpsc::channel(1);
    sender.try_send(0).expect("no error");
    let receiver = std::sync::Mutex::new(receiver);
    let send = || {
        let sender = sender.clone();
        Task::new(async move { assert!(sender.send(1).await.is_err()) })
    };
    look("mpsc: send", &send, &|| receiver.lock().expect("no error").close());
    let (sender, receiver) = mpsc::channel::<()>(1);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let closed = || {
        let sender = sender.clone();
        Task::new(async move { sender.closed().await })
    };
    look("mpsc: closed", &closed, &|| drop(receiver.lock().expect("no error").take()));

    let (sender, receiver) = watch::channel(0);
    let changed = || {
        let mut receiver = receiver.clone();
        Task::new(async move { receiver.changed().await.expect("no error") })
    };
    look("watch: changed", &changed, &|| sender.send(1).expect("no error"));
    let (sender, receiver) = watch::channel(0);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let closed = || {
        let sender = sender.clone();
        Task::new(async move { sender.closed().await })
    };
    look("watch: closed", &closed, &|| drop(receiver.lock().expect("no error").take()));

    let (sender, _receiver) = broadcast::channel::<u8>(4);
    let recv = || {
        let mut receiver = sender.subscribe();
        Task::new(async move { assert_eq!(receiver.recv().await, Ok(1)) })
    };
    look("broadcast: recv", &recv, &|| assert!(sender.send(1).is_ok()));
    let (sender, receiver) = broadcast::channel::<u8>(4);
    let receiver = std::sync::Mutex::new(Some(receiver));
    let closed = || {
        let sender = sender.clone();
        Task::new(async move { sender.closed().await })
    };
    look("broadcast: closed", &closed, &|| drop(receiver.lock().expect("no error").take()));

    let once = Arc::new(SetOnce::new());
    let wait = || {
        let once = Arc::clone(&once);
        Task::new(async move { assert_eq!(once.wait().await, &7) })
    };
    look("SetOnce", &wait, &|| once.set(7).expect("no error"));

    let token = CancellationToken::new();
    look("CancellationToken", &|| Task::new(token.child_token().cancelled_owned()), &|| {
        token.cancel();
    });

    let tracker = TaskTracker::new();
    let wait = || {
        let tracker = tracker.clone();
        Task::new(async move { tracker.wait().await })
    };
    look("TaskTracker", &wait, &|| assert!(tracker.close()));
}

#[test]
fn a_waker_that_panics_keeps_no_other_asleep() {
    each_place(|place, wait, end| {
        let _first = wait().pend_with(&panics_when_woken());
        let mut others: Vec<_> = (0..40).map(|_| wait().pend()).collect();
        let _ = panics(end);
        for (number, other) in others.iter_mut().enumerate() {
            assert_eq!(other.wakes(), 1, "{place}: number {number} sleeps on");
            other.ready();
        }
    });
}

#[test]
fn two_wakers_that_panic_end_no_process() {
    each_place(|_, wait, end| {
        let _all: Vec<_> = (0..3).map(|_| wait().pend_with(&panics_when_woken())).collect();
        let _ = panics(end);
    });
}

#[test]
fn a_waker_that_panics_in_a_drop_by_a_panic_ends_no_process() {
    each_place(|place, wait, end| {
        let _first = wait().pend_with(&panics_when_woken());
        let other = wait().pend();
        assert!(panics(|| {
            /// Ends the wait when it is dropped.
            struct Ends<'a>(&'a dyn Fn());
            impl Drop for Ends<'_> {
                fn drop(&mut self) {
                    (self.0)();
                }
            }
            let _ends = Ends(end);
            panic!("on purpose");
        }));
        assert_eq!(other.wakes(), 1, "{place}");
    });
}

#[test]
fn a_waker_that_panics_when_cloned_leaves_the_place_whole() {
    each_place(|place, wait, end| {
        let mut failed = wait();
        assert!(panics(|| failed.poll_with(&panics_when_cloned())), "{place}: no clone");
        let mut other = wait().pend();
        drop(failed);
        end();
        assert_eq!(other.wakes(), 1, "{place}");
        other.ready();
    });
}

#[test]
fn a_displaced_waker_that_panics_when_dropped_costs_nothing() {
    each_place(|place, wait, end| {
        let mut displaced = wait().pend_with(&panics_when_dropped());
        assert!(displaced.poll().is_pending(), "{place}");
        drop(wait().pend_with(&panics_when_dropped()));
        end();
        assert_eq!(displaced.wakes(), 1, "{place}");
        displaced.ready();
    });
}

#[test]
fn a_clone_that_is_not_needed_costs_no_permit() {
    // The permit comes between the look and the wait: the clone is dropped again.
    let semaphore = Arc::new(Semaphore::new(0));
    let gives = Arc::clone(&semaphore);
    let mut acquires = Task::new(semaphore.acquire());
    let gives = move || gives.add_permits(1);
    let polled =
        super::support::with_waker_that_acts_when_cloned(gives, |waker| acquires.poll_with(waker));
    match polled {
        Poll::Ready(permit) => drop(permit.unwrap()),
        Poll::Pending => panic!("the permit was there"),
    }
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn receivers_on_several_threads_are_all_woken() {
    // Each thread has a place of its own to wait at.
    let runtime = current();
    let (changes, watched) = watch::channel(0);
    let (values, _receiver) = broadcast::channel::<u8>(4);
    let (done, waiting) = channel();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (mut watched, mut heard) = (watched.clone(), values.subscribe());
            let done = done.clone();
            scope.spawn(move || {
                let mut tasks = [
                    Task::new(async move { watched.changed().await.unwrap() }),
                    Task::new(async move { assert_eq!(heard.recv().await, Ok(1)) }),
                ];
                for task in &mut tasks {
                    let polled = match number {
                        0..4 => task.poll_with(&panics_when_woken()),
                        _ => task.poll(),
                    };
                    assert!(polled.is_pending());
                }
                done.send((number, tasks)).unwrap();
            });
        }
    });
    drop((runtime, done));
    let tasks: Vec<_> = waiting.into_iter().collect();
    let _ = panics(|| changes.send(1));
    let _ = panics(|| values.send(1));
    for (_, tasks) in tasks.iter().filter(|(number, _)| *number >= 4) {
        assert_eq!(tasks.each_ref().map(Task::wakes), [1, 1], "a place was left out");
    }
}

#[test]
fn a_message_is_handed_out_although_a_sender_s_waker_panics() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(1).unwrap();
    for next in 2..6 {
        let mut waits = Task::new(sender.send(next)).pend_with(&panics_when_woken());
        let got = match next % 2 {
            0 => receiver.try_recv().ok(),
            _ => match Task::new(receiver.recv()).poll() {
                Poll::Ready(message) => message,
                Poll::Pending => None,
            },
        };
        assert_eq!(got, Some(next - 1), "the message went down with the waker");
        waits.ready().unwrap();
    }
    let mut waits = Task::new(sender.reserve()).pend_with(&panics_when_woken());
    let mut buffer = Vec::new();
    assert_eq!(Task::new(receiver.recv_many(&mut buffer, 8)).ready(), 1);
    assert_eq!(buffer, [5]);
    drop(waits.ready().unwrap());
    assert_eq!(sender.capacity(), 1);
}

#[test]
fn messages_taken_in_one_go_survive_a_sender_s_waker() {
    let (sender, mut receiver) = mpsc::channel(3);
    (0..3).for_each(|number| sender.try_send(number).unwrap());
    assert_eq!(receiver.try_recv(), Ok(0));
    sender.try_send(3).unwrap();
    let _waits = Task::new(sender.send(4)).pend_with(&panics_when_woken());
    assert_eq!([(); 3].map(|()| receiver.try_recv()), [Ok(1), Ok(2), Ok(3)]);
}

#[test]
fn a_value_sent_beside_a_receiver_s_waker_arrives() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut waits = Task::new(receiver.recv()).pend_with(&panics_when_woken());
    assert!(panics(|| sender.send(7)));
    assert_eq!(waits.ready(), Some(7));
    drop(waits);
    let _waits = Task::new(receiver.recv()).pend_with(&panics_when_woken());
    assert!(panics(move || {
        let _sender = sender;
        panic!("the last sender goes by a panic");
    }));

    let (sender, receiver) = oneshot::channel();
    let mut waits = Task::new(receiver).pend_with(&panics_when_woken());
    assert!(panics(|| sender.send(7)));
    assert_eq!(waits.ready(), Ok(7));
    let (sender, receiver) = oneshot::channel::<u8>();
    let mut waits = Task::new(receiver).pend_with(&panics_when_woken());
    assert!(panics(move || {
        let _sender = sender;
        panic!("on purpose");
    }));
    assert!(waits.ready().is_err());
}

#[test]
fn the_ends_of_a_oneshot_survive_clone_and_drop() {
    let (mut sender, receiver) = oneshot::channel::<u8>();
    let mut waits = Task::new(receiver);
    assert!(panics(|| waits.poll_with(&panics_when_cloned())));
    let mut waits = waits.pend_with(&panics_when_dropped());
    assert!(waits.poll().is_pending(), "the displaced waker's panic is no answer");
    let mut closed = Task::new(sender.closed()).pend_with(&panics_when_dropped());
    assert!(closed.poll().is_pending());
    drop(closed);
    sender.send(7).unwrap();
    assert_eq!((waits.wakes(), waits.ready()), (1, Ok(7)));
    let (mut sender, receiver) = oneshot::channel::<u8>();
    let mut closed = Task::new(sender.closed()).pend_with(&panics_when_woken());
    assert!(panics(move || {
        let _receiver = receiver;
        panic!("on purpose");
    }));
    closed.ready();
}

#[test]
fn locks_and_cells_survive_the_wakers_of_waiters() {
    let lock = Mutex::new(0);
    let held = lock.try_lock().unwrap();
    let mut first = Task::new(async { drop(lock.lock().await) }).pend_with(&panics_when_woken());
    let mut second = Task::new(async { drop(lock.lock().await) }).pend_with(&panics_when_dropped());
    assert!(second.poll().is_pending());
    assert!(panics(|| drop(held)));
    first.ready();
    assert_eq!(second.wakes(), 1);
    second.ready();

    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let mut first = Task::new(async { drop(lock.read().await) }).pend_with(&panics_when_woken());
    let mut second = Task::new(async { drop(lock.read().await) }).pend();
    assert!(panics(|| drop(held)));
    first.ready();
    assert_eq!(second.wakes(), 1);
    second.ready();

    let cell = OnceCell::new();
    let (release, released) = oneshot::channel();
    let mut makes = Task::new(cell.get_or_init(|| async { released.await.unwrap() })).pend();
    let mut first = Task::new(cell.get_or_init(|| async { 1 })).pend_with(&panics_when_woken());
    let mut second = Task::new(cell.get_or_init(|| async { 2 })).pend();
    release.send(7).unwrap();
    assert!(panics(|| makes.poll()));
    assert_eq!(second.wakes(), 1);
    assert_eq!((first.ready(), second.ready(), cell.get()), (&7, &7, Some(&7)));

    let barrier = Barrier::new(3);
    let _first = Task::new(barrier.wait()).pend_with(&panics_when_woken());
    let mut second = Task::new(barrier.wait()).pend();
    assert!(panics(|| Task::new(barrier.wait()).poll()));
    assert_eq!(second.wakes(), 1);
    assert!(!second.ready().is_leader());
}

#[test]
fn both_sides_of_a_pipe_learn_of_its_end() {
    let (mut near, mut far) = duplex(1);
    let read =
        |cx: &mut Context<'_>, near: &mut DuplexStream| Pin::new(near).poll_read(cx, &mut [0; 4]);
    let waker = panics_when_woken();
    let mut cx = Context::from_waker(&waker);
    assert!(read(&mut cx, &mut near).is_pending());
    // A write of which only the reader.s waker learns: it is done and counted once.
    assert!(matches!(Pin::new(&mut far).poll_write(&mut cx, b"a"), Poll::Ready(Ok(1))));
    assert!(Pin::new(&mut far).poll_write(&mut cx, b"b").is_pending());
    assert!(matches!(read(&mut cx, &mut near), Poll::Ready(Ok(1))));
    // One end waits for both: to read and to write.
    let (mut near, far) = duplex(1);
    let counts = [Count::new(), Count::new()];
    let waker = Waker::from(Arc::clone(&counts[0]));
    assert!(read(&mut Context::from_waker(&waker), &mut near).is_pending());
    let waker = Waker::from(Arc::clone(&counts[1]));
    let mut cx = Context::from_waker(&waker);
    assert!(matches!(Pin::new(&mut near).poll_write(&mut cx, b"a"), Poll::Ready(Ok(1))));
    assert!(Pin::new(&mut near).poll_write(&mut cx, b"b").is_pending());
    drop(far);
    assert_eq!(counts.map(|count| count.get()), [1, 1]);
    // And by a panic, with wakers that panic.
    let (mut near, far) = duplex(1);
    let waker = panics_when_woken();
    let mut cx = Context::from_waker(&waker);
    assert!(read(&mut cx, &mut near).is_pending());
    assert!(matches!(Pin::new(&mut near).poll_write(&mut cx, b"a"), Poll::Ready(Ok(1))));
    assert!(Pin::new(&mut near).poll_write(&mut cx, b"b").is_pending());
    assert!(panics(move || {
        let _far = far;
        panic!("on purpose");
    }));
    assert!(matches!(read(&mut cx, &mut near), Poll::Ready(Ok(0))));
    // A waker that is left in a pipe goes with it.
    let (mut reader, writer) = simplex(1);
    let waker = panics_when_dropped();
    let polled = Pin::new(&mut reader).poll_read(&mut Context::from_waker(&waker), &mut [0; 4]);
    assert!(polled.is_pending());
    assert!(!panics(move || drop((reader, writer))));
}

#[test]
fn a_half_that_waits_for_the_other_survives_its_waker() {
    // A half is polled while the other is: from within its stream.
    struct Nested(Option<Box<dyn FnOnce() + Send>>);
    impl AsyncRead for Nested {
        fn poll_read(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<std::io::Result<usize>> {
            if let Some(act) = self.0.take() {
                act();
            }
            panic!("the stream panics, too");
        }
    }
    impl AsyncWrite for Nested {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<std::io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }
    let writer = Arc::new(std::sync::Mutex::new(None));
    let waits = Arc::clone(&writer);
    let act = move || {
        let mut writer = waits.lock().unwrap();
        let waker = panics_when_woken();
        let mut cx = Context::from_waker(&waker);
        let writer: &mut whippet::io::WriteHalf<Nested> = writer.as_mut().unwrap();
        assert!(Pin::new(writer).poll_write(&mut cx, b"a").is_pending());
    };
    let (mut reader, half) = split(Nested(Some(Box::new(act))));
    *writer.lock().unwrap() = Some(half);
    let mut cx = Context::from_waker(Waker::noop());
    assert!(panics(|| Pin::new(&mut reader).poll_read(&mut cx, &mut [0; 4])));
    let mut writer = writer.lock().unwrap().take().unwrap();
    assert!(Pin::new(&mut writer).poll_write(&mut cx, b"a").is_ready(), "the stream is lost");
}

#[test]
fn sockets_survive_the_wakers_of_waiters() {
    let runtime = multi(1);
    let entered = runtime.enter();
    let (near, far) = UnixStream::pair().unwrap();
    let mut failed = Task::new(near.readable());
    assert!(panics(|| failed.poll_with(&panics_when_cloned())));
    let mut displaced = Task::new(near.readable()).pend_with(&panics_when_dropped());
    assert!(displaced.poll().is_pending());
    let _panics = Task::new(near.readable()).pend_with(&panics_when_woken());
    let other = Task::new(near.readable()).pend();
    drop(Task::new(near.readable()).pend_with(&panics_when_dropped()));
    drop(entered);
    assert_eq!(far.try_write(b"a").unwrap(), 1);
    runtime.block_on(async {
        timeout(super::support::DEADLINE, near.readable()).await.unwrap().unwrap();
        while displaced.wakes() == 0 || other.wakes() == 0 {
            yield_now().await;
        }
    });
    drop((failed, displaced, _panics, other));
    // The poll functions' waker is left in the slot when the descriptor goes.
    let mut polled = near;
    let mut read = |waker: &Waker| {
        Pin::new(&mut polled).poll_read(&mut Context::from_waker(waker), &mut [0; 8])
    };
    assert!(read(Waker::noop()).is_ready());
    assert!(read(&panics_when_dropped()).is_pending());
    assert!(!panics(move || drop(polled)), "it goes whatever its waker does");
    assert_eq!(runtime.metrics().num_registered_descriptors(), 1);
    drop(far);
    assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
}

#[test]
fn timers_survive_the_wakers_of_waiters() {
    let runtime = multi(1);
    let entered = runtime.enter();
    let hour = Duration::from_secs(3_600);
    let mut failed = Task::new(sleep(hour));
    assert!(panics(|| failed.poll_with(&panics_when_cloned())));
    let mut displaced = Task::new(sleep(hour)).pend_with(&panics_when_dropped());
    assert!(displaced.poll().is_pending());
    drop(displaced);
    drop(Task::new(sleep(hour)).pend_with(&panics_when_dropped()));
    drop(failed);
    assert_eq!(runtime.metrics().num_pending_timers(), 0);
    let _panics = Task::new(sleep(Duration::from_millis(1))).pend_with(&panics_when_woken());
    let later = sleep(Duration::from_millis(20));
    drop(entered);
    runtime.block_on(later);
}

#[test]
fn the_tasks_of_a_set_survive_the_waker_of_its_owner() {
    let runtime = multi(1);
    runtime.block_on(async {
        let mut set = JoinSet::new();
        let (release, released) = oneshot::channel::<()>();
        let first = set.spawn(async move { released.await.is_ok() });
        let mut waits = Task::new(set.join_next()).pend_with(&panics_when_woken());
        release.send(()).unwrap();
        while !first.is_finished() {
            yield_now().await;
        }
        assert!(matches!(poll_until_ready(&mut waits).await, Some(Ok(true))));
        drop(waits);
        assert!(set.is_empty());
        // A waker that is left in the set goes with it.
        let mut set = JoinSet::new();
        set.spawn(std::future::pending::<()>());
        drop(Task::new(set.join_next()).pend_with(&panics_when_dropped()));
        assert!(!panics(move || drop(set)));
    });
}

/// Polls the task until it is ready.
async fn poll_until_ready<R>(task: &mut Task<'_, R>) -> R {
    loop {
        if let Poll::Ready(value) = task.poll() {
            return value;
        }
        yield_now().await;
    }
}

#[test]
fn the_tasks_of_a_set_are_all_aborted_whatever_a_waker_does() {
    // An abort wakes the driver of the local tasks: here with a waker that panics each time.
    let runtime = current();
    let local = LocalSet::new();
    let mut set = JoinSet::new();
    for _ in 0..3 {
        set.spawn_local_on(std::future::pending::<()>(), &local);
    }
    let aborts = runtime.block_on(async {
        let mut driven = std::pin::pin!(local.run_until(std::future::pending::<()>()));
        let waker = panics_when_woken();
        poll_fn(|_| {
            let mut cx = Context::from_waker(&waker);
            assert!(driven.as_mut().poll(&mut cx).is_pending());
            Poll::Ready(())
        })
        .await;
        let aborts = panics(|| set.abort_all());
        poll_fn(|_| Poll::Ready(driven.as_mut().poll(&mut Context::from_waker(Waker::noop()))))
            .await
            .is_pending()
            .then_some(aborts)
    });
    assert!(aborts.is_some());
    while let Some(joined) = set.try_join_next() {
        assert!(joined.unwrap_err().is_cancelled());
    }
    assert!(set.is_empty(), "{} tasks were not aborted", set.len());
}

#[test]
fn a_join_handle_survives_the_wakers_of_its_awaiters() {
    let runtime = multi(1);
    let (release, released) = oneshot::channel::<()>();
    let mut task = Task::new(runtime.spawn(async move { released.await.is_ok() }));
    assert!(panics(|| task.poll_with(&panics_when_cloned())));
    let mut task = task.pend_with(&panics_when_dropped());
    assert!(task.poll().is_pending(), "the displaced waker's panic is no answer");
    let mut task = task.pend_with(&panics_when_woken());
    release.send(()).unwrap();
    runtime.block_on(async { assert!(poll_until_ready(&mut task).await.unwrap()) });
    let pending = runtime.spawn(std::future::pending::<()>());
    drop(Task::new(pending).pend_with(&panics_when_dropped()));
}
