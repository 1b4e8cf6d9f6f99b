//! The reactor by hand: real sockets, counted wakers, no runtime.

use super::*;
use crate::coop;
use crate::sync::test_support::{Count, Task, clone_drop_waker_fn, waker_fn};
use crate::sys::socket;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// A turn in which an event must come.
const LONG: Option<Duration> = Some(Duration::from_secs(20));
/// A turn that looks and does not wait.
const LOOK: Option<Duration> = Some(Duration::ZERO);

/// A reactor with a watched socket and its peer.
struct Bench {
    reactor: Arc<Reactor>,
    near: Arc<Registration<OwnedFd>>,
    far: OwnedFd,
}

impl Bench {
    fn new() -> Self {
        let reactor = Arc::new(Reactor::new().unwrap());
        let (near, far) = socket::unix_pair(socket::Kind::STREAM).unwrap();
        let near = Arc::new(Registration::new(near, &reactor).unwrap());
        Self { reactor, near, far }
    }

    /// One turn, with what it woke.
    fn turn(&self, timeout: Option<Duration>) -> usize {
        let mut wakers = WakeList::new();
        let turn = self.reactor.turn(timeout, &mut wakers).unwrap();
        wakers.wake_all();
        turn.events
    }

    fn far_sends(&self, bytes: &[u8]) {
        assert_eq!(socket::send(&self.far, bytes).unwrap(), bytes.len());
    }

    /// Reads at most `size` bytes by the rules of the API.
    fn try_read(&self, size: usize) -> io::Result<usize> {
        self.near.try_io(IoInterest::READ, |fd| read(fd, size))
    }

    fn poll_read(&self, waker: &Waker) -> Poll<io::Result<usize>> {
        self.near.poll_io(&mut Context::from_waker(waker), IoInterest::READ, |fd| read(fd, 64))
    }
}

fn read(fd: &OwnedFd, size: usize) -> io::Result<(usize, Remaining)> {
    let count = socket::receive(fd, &mut vec![0; size])?;
    Ok((count, if count == size || count == 0 { Remaining::Maybe } else { Remaining::None }))
}

fn would_block<R: std::fmt::Debug>(result: io::Result<R>) -> bool {
    result.unwrap_err().kind() == io::ErrorKind::WouldBlock
}

#[test]
fn regression_01_an_edge_between_the_clear_and_the_end_of_the_call_stays() {
    let bench = Bench::new();
    bench.far_sends(b"first");
    bench.turn(LONG);
    let count = bench.near.try_io(IoInterest::READ, |fd| {
        let result = read(fd, 64)?;
        // The read has looked at the socket; before its call goes on, the next bytes come and are announced.
        bench.far_sends(b"second");
        bench.turn(LONG);
        Ok(result)
    });
    assert_eq!(count.unwrap(), 5);
    assert_eq!(bench.try_read(64).unwrap(), 6, "the edge was swallowed");
    assert!(would_block(bench.try_read(64)));
}

#[test]
fn regression_01_an_edge_between_would_block_and_the_wait_stays() {
    let bench = Bench::new();
    bench.far_sends(b"x");
    bench.turn(LONG);
    let refused = bench.near.try_io(IoInterest::READ, |fd| {
        assert_eq!(socket::receive(fd, &mut [0; 8]).unwrap(), 1);
        let refused = read(fd, 8);
        bench.far_sends(b"second");
        bench.turn(LONG);
        refused
    });
    assert!(would_block(refused));
    assert_eq!(bench.try_read(64).unwrap(), 6, "the edge was swallowed");
}

#[test]
fn a_full_buffer_leaves_readiness_and_a_short_read_uses_it_up() {
    let bench = Bench::new();
    bench.turn(LONG);
    bench.far_sends(b"abcdef");
    bench.turn(LONG);
    assert_eq!(bench.try_read(4).unwrap(), 4);
    assert_eq!(bench.try_read(4).unwrap(), 2);
    assert!(
        !bench.near.readiness().intersects(IoInterest::READ),
        "a call that must block is spared"
    );
    let errs = |_: &OwnedFd| Err::<((), _), _>(io::ErrorKind::OutOfMemory.into());
    assert!(bench.near.try_io(IoInterest::WRITE, errs).is_err());
    assert!(
        bench.near.readiness().intersects(IoInterest::WRITE),
        "an error is no word that it blocks"
    );
}

#[test]
fn a_call_that_panics_uses_no_readiness_up() {
    let bench = Bench::new();
    bench.far_sends(b"x");
    bench.turn(LONG);
    let panics = |_: &OwnedFd| -> io::Result<((), Remaining)> { panic!("on purpose") };
    let call = AssertUnwindSafe(|| bench.near.try_io(IoInterest::READ, panics));
    assert!(catch_unwind(call).is_err());
    assert_eq!(bench.try_read(8).unwrap(), 1, "the byte is not announced any more");
}

#[test]
fn regression_02_an_event_of_the_batch_does_not_reach_the_successor_of_its_descriptor() {
    let bench = Bench::new();
    bench.turn(LONG);
    bench.far_sends(b"for the former");
    drop_far(&bench);
    // The batch is fetched, and before it is handled another worker drops the socket and opens a new one.
    let mut batch = Vec::new();
    bench.reactor.poller.wait(LONG, |event| batch.push(event)).unwrap();
    let former = bench.near.slot_index();
    let Bench { reactor, near, far: _far } = bench;
    drop(near);
    let (near, far) = socket::unix_pair(socket::Kind::STREAM).unwrap();
    let near = Arc::new(Registration::new(near, &reactor).unwrap());
    let successor = Bench { reactor, near, far };
    assert_eq!(successor.near.slot_index(), former, "the test wants the same slot again");
    successor.turn(LONG);
    let mut task = Task::new(successor.near.ready(IoInterest::READ)).pend();
    let mut wakers = WakeList::new();
    for event in batch {
        Reactor::handle(&successor.reactor.registry.read(), event, &mut wakers);
    }
    assert!(wakers.is_empty());
    assert!(
        !successor.near.readiness().intersects(IoInterest::READ),
        "told of what it does not have"
    );
    assert!(task.poll().is_pending());
}

fn drop_far(bench: &Bench) {
    socket::shutdown(&bench.far, std::net::Shutdown::Both).unwrap();
}

#[test]
fn regression_03_a_closed_descriptor_with_a_living_duplicate_brings_no_events() {
    let bench = Bench::new();
    bench.turn(LONG);
    let duplicate = bench.near.get_ref().try_clone().unwrap();
    let Bench { reactor, near, far } = bench;
    drop(near);
    for _ in 0..10 {
        socket::send(&far, b"x").unwrap();
        let turn = reactor.turn(LOOK, &mut WakeList::new()).unwrap();
        assert_eq!(turn.events, 0, "the closed descriptor is still watched");
    }
    drop(duplicate);
    assert_eq!(reactor.registered(), 0);
}

#[test]
fn regression_03_a_descriptor_that_is_handed_over_can_be_watched_again() {
    let Bench { reactor, near, far } = Bench::new();
    let descriptor = Arc::into_inner(near).unwrap().into_inner();
    assert_eq!(reactor.registered(), 0);
    let near = Arc::new(Registration::new(descriptor, &reactor).unwrap());
    let bench = Bench { reactor, near, far };
    bench.far_sends(b"x");
    bench.turn(LONG);
    assert_eq!(bench.try_read(8).unwrap(), 1);
}

#[test]
fn regression_07_wakers_are_cloned_and_dropped_outside_of_the_lock_of_a_slot() {
    let bench = Bench::new();
    bench.turn(LONG);
    let near = Arc::clone(&bench.near);
    // Its clone and its drop take the slot's lock: they hang if they are called under it.
    let waker = clone_drop_waker_fn(move || {
        let _ = near.waiting();
    });
    assert!(bench.poll_read(&waker).is_pending());
    assert!(bench.poll_read(Waker::noop()).is_pending());
    assert!(bench.poll_read(&waker).is_pending());
    let mut task = Task::new(bench.near.ready(IoInterest::READ));
    assert!(task.poll_with(&waker).is_pending());
    drop(task);
    bench.far_sends(b"x");
    bench.turn(LONG);
    assert_eq!(bench.near.waiting(), 0);
}

#[test]
fn regression_07_a_woken_task_may_use_the_socket_at_once() {
    let bench = Bench::new();
    bench.turn(LONG);
    let near = Arc::clone(&bench.near);
    let waker = waker_fn(move || {
        let got = near.try_io(IoInterest::READ, |fd| read(fd, 64));
        assert_eq!(got.unwrap(), 1);
        drop(near.poll_ready(&mut Context::from_waker(Waker::noop()), IoInterest::READ));
    });
    assert!(bench.poll_read(&waker).is_pending());
    bench.far_sends(b"x");
    bench.turn(LONG);
    assert!(would_block(bench.try_read(8)), "the waker took it");
}

#[test]
fn each_direction_wakes_all_who_poll_for_it() {
    let bench = Bench::new();
    bench.turn(LONG);
    let fill = |fd: &OwnedFd| -> io::Result<((), Remaining)> {
        while socket::send(fd, &[0; 4096]).is_ok() {}
        Err(io::ErrorKind::WouldBlock.into())
    };
    assert!(would_block(bench.near.try_io(IoInterest::WRITE, fill)));
    let [former, reader, writer] = [Count::new(), Count::new(), Count::new()];
    assert!(bench.poll_read(&Waker::from(Arc::clone(&former))).is_pending());
    assert!(bench.poll_read(&Waker::from(Arc::clone(&reader))).is_pending());
    let waker = Waker::from(Arc::clone(&writer));
    let mut cx = Context::from_waker(&waker);
    assert!(bench.near.poll_ready(&mut cx, IoInterest::WRITE).is_pending());
    bench.far_sends(b"x");
    bench.turn(LONG);
    assert_eq!((former.get(), reader.get(), writer.get()), (1, 1, 0));
    while socket::receive(&bench.far, &mut [0; 65_536]).is_ok() {}
    bench.turn(LONG);
    assert_eq!((former.get(), reader.get(), writer.get()), (1, 1, 1));
}

#[test]
fn all_futures_of_a_direction_are_woken_and_a_dropped_one_leaves_nothing() {
    let bench = Bench::new();
    bench.turn(LONG);
    let mut tasks: Vec<_> =
        (0..5).map(|_| Task::new(bench.near.ready(IoInterest::READ)).pend()).collect();
    let mut errors = Task::new(bench.near.ready(IoInterest::ERROR)).pend();
    assert_eq!(bench.near.waiting(), 6);
    drop(tasks.remove(2));
    assert_eq!(bench.near.waiting(), 5, "a dropped future still waits");
    bench.far_sends(b"x");
    bench.turn(LONG);
    assert!(tasks.iter().all(|task| task.wakes() == 1));
    assert_eq!(errors.wakes(), 0, "bytes are no error");
    for task in &mut tasks {
        assert!(task.ready().unwrap().readiness.intersects(IoInterest::READ));
    }
    assert!(errors.poll().is_pending());
    drop((tasks, errors));
    assert_eq!(bench.near.waiting(), 0);
}

#[test]
fn a_call_that_leaves_something_behind_wakes_the_next() {
    let bench = Bench::new();
    bench.turn(LONG);
    bench.far_sends(b"ab");
    bench.turn(LONG);
    let count = Count::new();
    let got = bench.near.try_io(IoInterest::READ, |fd| {
        // While this call is at work, another finds nothing announced and waits.
        assert!(bench.poll_read(&Waker::from(Arc::clone(&count))).is_pending());
        read(fd, 1)
    });
    assert_eq!(got.unwrap(), 1);
    assert_eq!(count.get(), 1, "the second byte is announced by no edge");
}

#[test]
fn a_hang_up_wakes_every_kind_of_waiter() {
    let bench = Bench::new();
    bench.turn(LONG);
    let mut reads = Task::new(bench.near.ready(IoInterest::READ)).pend();
    let mut errors = Task::new(bench.near.ready(IoInterest::ERROR)).pend();
    drop_far(&bench);
    bench.turn(LONG);
    assert!(reads.ready().unwrap().readiness.is_read_closed());
    assert!(errors.ready().unwrap().readiness.is_write_closed());
    for _ in 0..3 {
        assert_eq!(bench.try_read(8).unwrap(), 0, "the end stays to be read");
    }
}

#[test]
fn an_end_that_blocks_all_the_same_is_none() {
    let bench = Bench::new();
    drop_far(&bench);
    bench.turn(LONG);
    let mut calls = 0;
    let refuses = |_: &OwnedFd| -> io::Result<((), Remaining)> {
        calls += 1;
        Err(io::ErrorKind::WouldBlock.into())
    };
    let mut cx = Context::from_waker(Waker::noop());
    assert!(bench.near.poll_io(&mut cx, IoInterest::READ, refuses).is_pending());
    assert_eq!(calls, 1);
    assert!(!bench.near.readiness().is_read_closed());
}

#[test]
fn an_end_that_is_announced_during_a_call_that_blocks_stays() {
    let bench = Bench::new();
    bench.far_sends(b"x");
    bench.turn(LONG);
    let refused = bench.near.try_io(IoInterest::READ, |_| {
        drop_far(&bench);
        bench.turn(LONG);
        Err::<((), Remaining), _>(io::ErrorKind::WouldBlock.into())
    });
    assert!(would_block(refused));
    assert!(bench.near.readiness().is_read_closed(), "the end was swallowed");
}

#[test]
fn a_call_for_another_kind_takes_no_end_from_readers() {
    let blocks = |_: &OwnedFd| Err::<((), Remaining), _>(io::ErrorKind::WouldBlock.into());
    let bench = Bench::new();
    bench.far_sends(b"last");
    drop_far(&bench);
    bench.turn(LONG);
    assert!(would_block(bench.near.try_io(IoInterest::PRIORITY, blocks)));
    // The read is short, and only the end says that another one may follow.
    assert_eq!(bench.try_read(64).unwrap(), 4);
    assert_eq!(bench.try_read(64).unwrap(), 0);
    assert!(bench.near.try_io(IoInterest::WRITE, |_| Ok(((), Remaining::None))).is_ok());
    assert!(would_block(bench.near.try_io(IoInterest::ERROR, blocks)));
    assert!(bench.near.readiness().intersects(IoInterest::WRITE), "a writer would wait for ever");
}

#[test]
fn a_backoff_that_ends_in_silence_is_forgotten() {
    let bench = Bench::new();
    bench.turn(LONG);
    let mut wakers = WakeList::new();
    let blocks = |_: &OwnedFd| Err::<((), Remaining), _>(io::ErrorKind::WouldBlock.into());
    let back_off = |bench: &Bench| {
        let before = bench.reactor.backoffs();
        let mut calls = 0;
        while bench.reactor.backoffs() == before {
            bench.far_sends(b"x");
            bench.turn(LONG);
            assert!(would_block(bench.near.try_io(IoInterest::READ, blocks)));
            calls += 1;
        }
        calls
    };
    let calls = back_off(&bench);
    while !bench.reactor.turn(LONG, &mut wakers).unwrap().retry {}
    assert!(
        !bench.near.readiness().intersects(IoInterest::READ),
        "nothing was announced, and none is woken"
    );
    assert_eq!(back_off(&bench), calls, "no row of edges goes on after it");
}

#[test]
fn edges_that_no_call_can_use_are_waited_for_longer_each_time() {
    let bench = Bench::new();
    bench.turn(LONG);
    let count = Count::new();
    let waker = Waker::from(Arc::clone(&count));
    let mut calls = 0;
    let mut poll = |bench: &Bench| {
        let call = |_: &OwnedFd| -> io::Result<((), Remaining)> {
            calls += 1;
            Err(io::ErrorKind::WouldBlock.into())
        };
        let mut cx = Context::from_waker(&waker);
        assert!(bench.near.poll_io(&mut cx, IoInterest::READ, call).is_pending());
        calls
    };
    // Each edge wakes it, and each is of no use.
    while poll(&bench) < 64 {
        bench.far_sends(b"x");
        bench.turn(LONG);
    }
    assert_eq!((count.get(), bench.reactor.backoffs()), (64, 1), "it backs off");
    // After a tick it is tried once, as there was an edge, and waits for two.
    let mut ticks = Vec::new();
    for _ in 0..3 {
        let before = count.get();
        let mut waited = 0;
        bench.far_sends(b"x");
        while count.get() == before {
            let mut wakers = WakeList::new();
            waited += usize::from(bench.reactor.turn(LONG, &mut wakers).unwrap().retry);
            wakers.wake_all();
        }
        ticks.push(waited);
        poll(&bench);
    }
    assert_eq!((ticks, poll(&bench), bench.reactor.backoffs()), (vec![1, 2, 4], 67, 4));
    // A call that succeeds ends all that.
    bench.far_sends(b"x");
    while count.get() < 200 && bench.try_read(4096).is_err() {
        bench.turn(LONG);
    }
    bench.far_sends(b"y");
    bench.turn(LONG);
    assert_eq!(bench.try_read(8).unwrap(), 1);
    assert_eq!(poll(&bench), 67, "nothing is announced, and it waits");
    bench.far_sends(b"z");
    bench.turn(LONG);
    assert_eq!(poll(&bench), 68, "the next edge is heard of at once");
}

#[test]
fn edges_that_another_task_used_do_not_count() {
    let bench = Bench::new();
    bench.turn(LONG);
    for _ in 0..3 {
        bench.far_sends(b"x");
        bench.turn(LONG);
        assert_eq!(bench.try_read(8).unwrap(), 1);
        // A hundred others were woken by the same edge.
        for _ in 0..100 {
            bench.near.assume_read();
            assert!(would_block(bench.try_read(8)));
        }
    }
    assert_eq!(bench.reactor.backoffs(), 0);
}

#[test]
fn displaced_pollers_are_woken_by_the_next_tick() {
    let bench = Bench::new();
    bench.turn(LONG);
    let counts: Vec<_> = (0..100).map(|_| Count::new()).collect();
    for count in &counts {
        assert!(bench.poll_read(&Waker::from(Arc::clone(count))).is_pending());
    }
    assert_eq!(bench.near.waiting(), waiters::MAX_POLLERS);
    bench.turn(LONG);
    let displaced = 100 - waiters::MAX_POLLERS;
    assert!(counts.iter().take(displaced).all(|count| count.get() == 1));
    assert!(counts.iter().skip(displaced).all(|count| count.get() == 0));
    bench.far_sends(b"x");
    bench.turn(LONG);
    assert!(counts.iter().all(|count| count.get() == 1));
}

#[test]
fn a_busy_socket_lets_its_neighbours_run() {
    let bench = Bench::new();
    bench.far_sends(&[0; 2_000]);
    bench.turn(LONG);
    let count = Count::new();
    let waker = Waker::from(Arc::clone(&count));
    let mut cx = Context::from_waker(&waker);
    let mut reads = 0;
    coop::with_budget(|| {
        while bench.near.poll_io(&mut cx, IoInterest::READ, |fd| read(fd, 1)).is_ready() {
            reads += 1;
        }
    });
    assert_eq!((reads, count.get()), (128, 1));
}

#[test]
fn the_end_of_the_reactor_ends_all_waiting() {
    let bench = Bench::new();
    bench.turn(LONG);
    let mut waits = Task::new(bench.near.ready(IoInterest::READ)).pend();
    let mut reads = Task::new(bench.near.async_io(IoInterest::READ, |fd| read(fd, 8))).pend();
    bench.reactor.close();
    assert_eq!((waits.wakes(), reads.wakes()), (1, 1));
    assert!(waits.ready().is_err());
    assert!(reads.ready().is_err());
    assert!(matches!(bench.poll_read(Waker::noop()), Poll::Ready(Err(_))));
    let (late, _peer) = socket::unix_pair(socket::Kind::STREAM).unwrap();
    assert!(Registration::new(late, &bench.reactor).is_err());
}

#[test]
fn slots_are_used_again_and_counted() {
    let reactor = Arc::new(Reactor::new().unwrap());
    let open = || {
        let (near, far) = socket::unix_pair(socket::Kind::STREAM).unwrap();
        (Registration::new(near, &reactor).unwrap(), far)
    };
    let many: Vec<_> = (0..300).map(|_| open()).collect();
    assert_eq!(reactor.registered(), 300);
    drop(many);
    assert_eq!(reactor.registered(), 0);
    let again: Vec<_> = (0..300).map(|_| open()).collect();
    assert!(again.iter().all(|(near, _)| near.slot_index() < 300), "memory is used again");
}
