//! One slot in loom: the kernel on the one side, doors on the other. A door that misses an edge waits for ever, which
//! loom reports as a deadlock.

use super::calls::Rest;
use super::slot::{READ, READ_DEAD, Slot, URGENT, Want};
use crate::loom::Arc;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use crate::wakers::Wakers;
use loom::thread;
use std::future::poll_fn;
use std::io;
use std::task::Poll;

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
        self.announce(READ);
    }

    fn announce(&self, bits: u64) {
        let mut wakers = Wakers::new();
        self.slot.announce(0, bits, &mut wakers);
        wakers.wake_all();
    }

    /// The kernel's read, with a buffer of one byte: it is filled.
    fn take_one(&self) -> io::Result<((), Rest)> {
        let took = self.bytes.fetch_update(AcqRel, Acquire, |bytes| bytes.checked_sub(1));
        took.map(|_| ((), Rest::MayBe)).map_err(|_| io::ErrorKind::WouldBlock.into())
    }

    /// The kernel's read, with a large buffer: it comes back short, at the end or at the mark.
    fn take_all(&self) -> io::Result<(usize, Rest)> {
        match (self.bytes.swap(0, AcqRel), &self.behind) {
            (0, behind) => match behind.swap(0, AcqRel) {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                count => Ok((count, Rest::None)),
            },
            (count, _) => Ok((count, Rest::None)),
        }
    }

    /// One byte, by a door of its own: several may wait.
    async fn read(&self) {
        let mut key = None;
        poll_fn(|cx| {
            loop {
                if !self.slot.readiness().meets(Want::READ) {
                    key = self.slot.wait(key, Want::READ, cx.waker());
                    if key.is_some() {
                        return Poll::Pending;
                    }
                }
                if self.slot.attempt(Want::READ, || self.take_one()).is_some() {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    /// Polls as the one reader, until `expected` bytes have come.
    async fn read_all(&self, expected: usize) {
        let mut got = 0;
        while got < expected {
            let count = poll_fn(|cx| self.slot.poll_io(cx, Want::READ, || self.take_all())).await;
            got += count.unwrap();
        }
    }
}

#[test]
fn loom_trap_01_no_edge_is_swallowed_between_the_call_and_the_wait() {
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
fn loom_trap_01_a_short_read_at_the_mark_of_urgent_data_is_not_the_last() {
    loom::model(|| {
        let socket = Socket::new();
        let kernel = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                socket.arrive();
                socket.behind.fetch_add(1, AcqRel);
                socket.announce(READ | URGENT);
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
        socket.announce(READ);
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
                if let Some(key) = socket.slot.wait(None, Want::READ, waker) {
                    socket.slot.forget(key);
                }
            }
        });
        loom::future::block_on(socket.read());
        kernel.join().unwrap();
        gives_up.join().unwrap();
        assert_eq!(socket.slot.waiting(), 0);
    });
}

#[test]
fn loom_trap_02_a_stale_event_does_not_touch_the_successor() {
    loom::model(|| {
        let slot = Arc::new(Slot::new());
        let kernel = thread::spawn({
            let slot = Arc::clone(&slot);
            move || slot.announce(0, READ | READ_DEAD, &mut Wakers::new())
        });
        slot.retire();
        slot.begin(7);
        kernel.join().unwrap();
        assert!(
            !slot.readiness().meets(Want::READ),
            "the successor is told of what it does not have"
        );
    });
}

#[test]
fn loom_trap_11_nobody_goes_on_waiting_when_the_runtime_ends() {
    loom::model(|| {
        let socket = Socket::new();
        let runtime = thread::spawn({
            let socket = Arc::clone(&socket);
            move || {
                let mut wakers = Wakers::new();
                socket.slot.end(&mut wakers);
                wakers.wake_all();
            }
        });
        let poll = poll_fn(|cx| socket.slot.poll_io(cx, Want::READ, || socket.take_one()));
        assert!(loom::future::block_on(poll).is_err());
        runtime.join().unwrap();
    });
}
