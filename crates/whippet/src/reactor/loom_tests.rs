//! One slot in loom: the kernel on the one side, calls on the other. A call that misses an edge waits for ever, which
//! loom reports as a deadlock.

use super::io_call::Remaining;
use super::readiness::{IoInterest, READ, READ_CLOSED, Readiness, URGENT, WRITE};
use super::slot::Slot;
use super::unused_edges::{BackOff, Deferral};
use crate::loom::Arc;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire, Release};
use crate::wake_list::WakeList;
use loom::thread;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

/// Nothing is put off: no model has so many edges, or so many tasks.
struct Never;

impl Deferral for Never {
    fn end_backoff(&self, _generation: u32, _back_off: BackOff) {
        unreachable!("no model has so many edges")
    }

    fn wake(&self, _waker: std::task::Waker) {
        unreachable!("no model has so many tasks")
    }
}

/// A socket: how many bytes are in it.
struct Socket {
    /// Those up to the mark of urgent data.
    bytes: AtomicUsize,
    /// Those behind it, which no read takes together with the ones before.
    behind: AtomicUsize,
    /// Its place in the reactor.
    slot: Slot,
}

impl Socket {
    fn new() -> Arc<Self> {
        let [bytes, behind] = [AtomicUsize::new(0), AtomicUsize::new(0)];
        Arc::new(Self { bytes, behind, slot: Slot::new() })
    }

    /// A byte comes in, and the kernel announces it.
    fn arrive(&self) {
        self.bytes.fetch_add(1, AcqRel);
        self.set_ready(READ);
    }

    fn set_ready(&self, bits: u32) {
        let mut wakers = WakeList::new();
        self.slot.set_ready(0, bits, &mut wakers);
        wakers.wake_all();
    }

    /// The kernel's read, with a buffer of one byte: it is filled.
    fn take_one(&self) -> io::Result<((), Remaining)> {
        let took = self.bytes.fetch_update(AcqRel, Acquire, |bytes| bytes.checked_sub(1));
        took.map(|_| ((), Remaining::Maybe)).map_err(|_| io::ErrorKind::WouldBlock.into())
    }

    /// The kernel's read, with a large buffer: it comes back short, at the end or at the mark.
    fn take_all(&self) -> io::Result<(usize, Remaining)> {
        match (self.bytes.swap(0, AcqRel), &self.behind) {
            (0, behind) => match behind.swap(0, AcqRel) {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                count => Ok((count, Remaining::None)),
            },
            (count, _) => Ok((count, Remaining::None)),
        }
    }

    /// One byte, by a call of its own: several may wait.
    async fn read(&self) {
        let mut key = None;
        poll_fn(|cx| {
            loop {
                if let Ok(waits) = self.slot.wait(key, IoInterest::READ, cx.waker()) {
                    key = Some(waits);
                    return Poll::Pending;
                }
                if self.slot.try_call(IoInterest::READ, &Never, || self.take_one()).is_some() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    /// One byte, by calls of the program's own under guards, which are dropped or cleared as a program likes.
    async fn read_by_guard(&self) {
        loop {
            let mut key = None;
            let announced = poll_fn(|cx| match self.slot.wait(key, IoInterest::READ, cx.waker()) {
                Ok(waits) => {
                    key = Some(waits);
                    Poll::Pending
                }
                Err(announced) => Poll::Ready(announced),
            })
            .await;
            assert!(announced.readiness.intersects(IoInterest::READ), "a guard of nothing");
            if self.take_one().is_ok() {
                return;
            }
            self.slot.handle_would_block(announced, IoInterest::READ, &Never);
        }
    }

    /// One byte, by a poll through a shared reference.
    async fn read_by_poll(&self) {
        poll_fn(|cx| self.slot.poll_io(cx, IoInterest::READ, &Never, || self.take_one()))
            .await
            .unwrap();
    }

    /// Polls as the one reader, until `expected` bytes have come.
    async fn read_all(&self, expected: usize) {
        let mut got = 0;
        while got < expected {
            let count =
                poll_fn(|cx| self.slot.poll_io(cx, IoInterest::READ, &Never, || self.take_all()))
                    .await;
            got += count.unwrap();
        }
    }
}

#[test]
fn loom_regression_01_no_edge_is_swallowed_between_the_call_and_the_wait() {
    loom::model(|| {
        let socket = Socket::new();
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                socket.arrive();
                socket.arrive();
            }
        });
        loom::future::block_on(socket.read_all(2));
        kernel.join().unwrap();
    });
}

#[test]
fn loom_regression_01_a_short_read_at_the_mark_of_urgent_data_is_not_the_last() {
    loom::model(|| {
        let socket = Socket::new();
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                socket.arrive();
                socket.behind.fetch_add(1, AcqRel);
                socket.set_ready(READ | URGENT);
            }
        });
        loom::future::block_on(socket.read_all(2));
        kernel.join().unwrap();
    });
}

#[test]
fn loom_two_readers_of_one_socket_are_both_woken() {
    loom::model(|| {
        let socket = Socket::new();
        let reader = thread::spawn({
            let socket = Arc::clone(&socket);
            move || loom::future::block_on(socket.read())
        });
        socket.bytes.fetch_add(2, AcqRel);
        // One edge for both bytes.
        socket.set_ready(READ);
        loom::future::block_on(socket.read());
        reader.join().unwrap();
    });
}

#[test]
fn loom_a_reader_that_gives_up_takes_nobody_elses_wake() {
    loom::model(|| {
        let socket = Socket::new();
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || socket.arrive()
        });
        let gives_up = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                let waker = std::task::Waker::noop();
                if let Ok(key) = socket.slot.wait(None, IoInterest::READ, waker) {
                    socket.slot.forget(key);
                }
            }
        });
        loom::future::block_on(socket.read());
        kernel.join().unwrap();
        gives_up.join().unwrap();
        assert_eq!(socket.slot.waiters(), 0);
    });
}

#[test]
fn loom_regression_02_a_stale_event_does_not_touch_the_successor() {
    loom::model(|| {
        let slot = Arc::new(Slot::new());
        let kernel = thread::spawn({
            let slot = Arc::clone(&slot);
            move || slot.set_ready(0, READ | READ_CLOSED, &mut WakeList::new())
        });
        slot.retire();
        slot.begin(7);
        kernel.join().unwrap();
        assert!(
            !slot.readiness().intersects(IoInterest::READ),
            "the successor is told of what it does not have"
        );
    });
}

#[test]
fn loom_regression_11_nobody_goes_on_waiting_when_the_runtime_ends() {
    loom::model(|| {
        let socket = Socket::new();
        let runtime = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                let mut wakers = WakeList::new();
                socket.slot.end(&mut wakers);
                wakers.wake_all();
            }
        });
        let poll =
            poll_fn(|cx| socket.slot.poll_io(cx, IoInterest::READ, &Never, || socket.take_one()));
        assert!(loom::future::block_on(poll).is_err());
        runtime.join().unwrap();
    });
}

#[test]
fn loom_regression_31_guards_of_two_readers_swallow_no_edge() {
    loom::model(|| {
        let socket = Socket::new();
        let reader = thread::spawn({
            let socket = Arc::clone(&socket);
            move || loom::future::block_on(socket.read_by_guard())
        });
        socket.arrive();
        socket.arrive();
        loom::future::block_on(socket.read_by_guard());
        reader.join().unwrap();
    });
}

#[test]
fn loom_regression_31_a_clear_after_a_call_swallows_no_edge() {
    loom::model(|| {
        let socket = Socket::new();
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                socket.arrive();
                socket.arrive();
            }
        });
        for _ in 0..2 {
            loom::future::block_on(socket.read_by_guard());
        }
        kernel.join().unwrap();
    });
}

#[test]
fn loom_regression_31_a_guard_beside_a_call_swallows_no_edge() {
    loom::model(|| {
        let socket = Socket::new();
        let reader = thread::spawn({
            let socket = Arc::clone(&socket);
            move || loom::future::block_on(socket.read())
        });
        socket.arrive();
        socket.arrive();
        loom::future::block_on(socket.read_by_guard());
        reader.join().unwrap();
    });
}

#[test]
fn loom_regression_31_a_guard_of_both_kinds_clears_one_alone() {
    loom::model(|| {
        let socket = Socket::new();
        let looks = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                let announced = socket.slot.ready_event();
                // A guard of both kinds that says of readable bytes that they are gone.
                let both = announced.of(IoInterest::READ.or(IoInterest::WRITE));
                socket.slot.clear_event(both, Readiness::READ);
            }
        });
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                socket.set_ready(READ);
                socket.set_ready(WRITE);
            }
        });
        let writes = poll_fn(|cx| socket.slot.poll_ready(cx, IoInterest::WRITE, &Never));
        loom::future::block_on(writes).unwrap();
        looks.join().unwrap();
        kernel.join().unwrap();
        assert!(socket.slot.readiness().intersects(IoInterest::WRITE), "the edge was swallowed");
    });
}

#[test]
fn loom_regression_32_two_tasks_poll_one_direction() {
    loom::model(|| {
        let socket = Socket::new();
        let reader = thread::spawn({
            let socket = Arc::clone(&socket);
            move || loom::future::block_on(socket.read_by_poll())
        });
        socket.arrive();
        socket.arrive();
        loom::future::block_on(socket.read_by_poll());
        reader.join().unwrap();
    });
}

#[test]
fn loom_regression_35_an_end_that_another_call_takes_is_read() {
    loom::model(|| {
        let socket = Socket::new();
        // A byte came, and the peer sends no more.
        socket.bytes.store(1, Release);
        socket.set_ready(READ | READ_CLOSED);
        let other = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                let blocks = || Err::<((), Remaining), _>(io::ErrorKind::WouldBlock.into());
                assert!(socket.slot.try_call(IoInterest::PRIORITY, &Never, blocks).is_none());
            }
        });
        loom::future::block_on(async {
            let read = || socket.take_all().or(Ok((0, Remaining::Maybe)));
            while poll_fn(|cx| socket.slot.poll_io(cx, IoInterest::READ, &Never, read))
                .await
                .unwrap()
                > 0
            {}
        });
        other.join().unwrap();
    });
}

#[test]
fn loom_regression_36_an_end_that_is_none_swallows_no_edge() {
    loom::model(|| {
        let socket = Socket::new();
        socket.set_ready(READ_CLOSED);
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || socket.arrive()
        });
        loom::future::block_on(socket.read_by_poll());
        kernel.join().unwrap();
    });
}

#[test]
fn loom_regression_36_the_end_of_a_backoff_wakes_who_waits() {
    loom::model(|| {
        let socket = Socket::new();
        let back_off = BackOff { hides: READ | READ_CLOSED, ticks: 1 };
        socket.slot.hide(back_off);
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || socket.arrive()
        });
        let tick = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                let mut wakers = WakeList::new();
                socket.slot.end_backoff(0, back_off, &mut wakers);
                wakers.wake_all();
            }
        });
        loom::future::block_on(socket.read_by_poll());
        kernel.join().unwrap();
        tick.join().unwrap();
    });
}
