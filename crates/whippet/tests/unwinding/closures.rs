//! Closures and implementations of traits that panic.

use super::support::{DEADLINE, Task, multi, panics};
use std::cell::Cell;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use whippet::io::Interest;
use whippet::io::unix::AsyncFd;
use whippet::runtime::Builder;
use whippet::sync::{Mutex, OnceCell, RwLock, RwLockWriteGuard, broadcast, watch};
use whippet::task::{block_in_place, spawn_blocking};

#[test]
fn a_blocking_call_that_panics_keeps_its_thread() {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.max_blocking_threads(1).build().unwrap();
    runtime.block_on(async {
        for _ in 0..10 {
            assert!(spawn_blocking(|| panic!("on purpose")).await.unwrap_err().is_panic());
        }
        assert_eq!(spawn_blocking(|| 7).await.unwrap(), 7);
    });
    assert_eq!(runtime.metrics().num_blocking_threads(), 1);
}

#[test]
fn a_call_in_place_that_panics_leaves_no_spare_worker() {
    let runtime = multi(1);
    for _ in 0..10 {
        let task = runtime.spawn(async { block_in_place(|| panic!("on purpose")) });
        assert!(runtime.block_on(task).unwrap_err().is_panic());
    }
    // The worker takes turns again, and what blocks in place next has one thread to stand in.
    let task = runtime.spawn(async { block_in_place(|| 7) });
    assert_eq!(runtime.block_on(task).unwrap(), 7);
    assert!(runtime.metrics().num_blocking_threads() <= 2);
    runtime.shutdown_timeout(DEADLINE);
}

#[test]
fn a_change_that_panics_wakes_no_receiver_and_is_seen() {
    let (sender, mut receiver) = watch::channel(0);
    let mut changed = receiver.clone();
    let changed = Task::new(async move { changed.changed().await.is_ok() }).pend();
    let modify = |value: &mut i32| -> bool {
        *value += 1;
        panic!("on purpose");
    };
    assert!(panics(|| sender.send_modify(|value| assert!(modify(value)))));
    assert!(panics(|| sender.send_if_modified(modify)));
    assert_eq!((changed.wakes(), *receiver.borrow()), (0, 2));
    assert!(panics(|| Task::new(receiver.wait_for(|_| panic!("on purpose"))).poll().is_ready()));
    // The lock is free, and the next change is told.
    sender.send_replace(3);
    assert_eq!(changed.wakes(), 1);
    assert_eq!(*Task::new(receiver.wait_for(|value| *value == 3)).ready().unwrap(), 3);
}

#[test]
fn a_clone_that_panics_costs_one_receiver_one_value() {
    struct Picky(Arc<AtomicBool>);
    impl Clone for Picky {
        fn clone(&self) -> Self {
            assert!(!self.0.load(SeqCst), "on purpose");
            Self(Arc::clone(&self.0))
        }
    }
    let panicking = Arc::new(AtomicBool::new(true));
    let (sender, mut first) = broadcast::channel(4);
    let mut second = sender.subscribe();
    (0..2).for_each(|_| drop(sender.send(Picky(Arc::clone(&panicking)))));
    assert!(panics(|| first.try_recv()));
    panicking.store(false, SeqCst);
    assert!(first.try_recv().is_ok() && first.try_recv().is_err());
    assert!(second.try_recv().is_ok() && second.try_recv().is_ok());
    assert_eq!(sender.len(), 0);
}

#[test]
fn a_choice_that_panics_frees_the_lock() {
    fn choose(_: &mut i32) -> &mut i32 {
        panic!("on purpose")
    }
    fn view(_: &i32) -> &i32 {
        panic!("on purpose")
    }
    let lock = RwLock::new(0);
    let guard = lock.try_write().unwrap();
    assert!(panics(|| drop(RwLockWriteGuard::map(guard, choose))));
    let guard = lock.try_write().unwrap();
    assert!(panics(|| drop(RwLockWriteGuard::downgrade_map(guard, view))));
    assert!(lock.try_write().is_ok());
    let lock = Mutex::new(0);
    let guard = lock.try_lock().unwrap();
    assert!(panics(|| drop(whippet::sync::MutexGuard::map(guard, choose))));
    assert!(lock.try_lock().is_ok());
}

#[test]
fn a_maker_that_panics_leaves_the_cell_to_the_next() {
    let cell = OnceCell::new();
    assert!(panics(|| Task::new(cell.get_or_init(|| async { panic!("on purpose") }))
        .poll()
        .is_ready()));
    let closure = || -> std::future::Ready<i32> { panic!("on purpose") };
    assert!(panics(|| Task::new(cell.get_or_init(closure)).poll().is_ready()));
    assert_eq!(Task::new(cell.get_or_init(|| async { 7 })).ready(), &7);
}

whippet::task_local! {
    static NUMBER: Cell<u32>;
}

#[test]
fn a_scope_that_panics_gives_its_value_back() {
    NUMBER.sync_scope(Cell::new(1), || {
        assert!(panics(|| NUMBER.sync_scope(Cell::new(2), || panic!("on purpose"))));
        assert!(panics(|| NUMBER.with(|_| panic!("on purpose"))));
        assert_eq!(NUMBER.get(), Cell::new(1));
        // The key is not borrowed any more.
        NUMBER.sync_scope(Cell::new(3), || assert_eq!(NUMBER.get(), Cell::new(3)));
    });
}

/// A pair of std's sockets that do not block.
fn std_pair() -> (UnixStream, UnixStream) {
    let (near, far) = whippet::net::UnixStream::pair().expect("a pair");
    (near.into_std().expect("std's"), far.into_std().expect("std's"))
}

#[test]
fn a_call_on_a_descriptor_that_panics_uses_no_readiness_up() {
    let runtime = multi(1);
    runtime.block_on(async {
        let (near, far) = std_pair();
        let near = AsyncFd::new(near).unwrap();
        io::Write::write_all(&mut &far, b"a").unwrap();
        drop(near.readable().await.unwrap());
        let read = |_: &UnixStream| -> io::Result<()> { panic!("on purpose") };
        assert!(panics(|| near.try_io(Interest::READABLE, read)));
        assert!(panics(|| Task::new(near.async_io(Interest::READABLE, read)).poll().is_ready()));
        assert!(panics(|| {
            let mut readable = Box::pin(near.readable());
            let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
            let std::task::Poll::Ready(guard) = readable.as_mut().poll(&mut cx) else { return };
            let _ = guard.unwrap().try_io(|_| -> io::Result<()> { panic!("on purpose") });
        }));
        let got = whippet::time::timeout(
            DEADLINE,
            near.async_io(Interest::READABLE, |near| io::Read::read(&mut &*near, &mut [0; 4])),
        );
        assert_eq!(got.await.unwrap().unwrap(), 1);
    });
}

#[test]
fn a_descriptor_that_panics_at_its_end_gives_its_slot_back() {
    use std::os::fd::{AsFd, BorrowedFd};
    struct Once(UnixStream, Cell<u32>);
    impl AsFd for Once {
        fn as_fd(&self) -> BorrowedFd<'_> {
            // The first call registers it.
            self.1.set(self.1.get() + 1);
            assert!(self.1.get() < 2, "on purpose");
            self.0.as_fd()
        }
    }
    let runtime = multi(1);
    let entered = runtime.enter();
    for by_drop in [true, false] {
        let (near, _far) = std_pair();
        let watched = AsyncFd::new(Once(near, Cell::new(0))).unwrap();
        assert_eq!(runtime.metrics().num_registered_descriptors(), 1);
        let _ = panics(move || match by_drop {
            true => drop(watched),
            false => drop(watched.into_inner()),
        });
        assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
    }
    drop(entered);
}

#[test]
fn an_iterator_that_panics_leaves_what_it_gave() {
    let runtime = multi(1);
    let _entered = runtime.enter();
    let mut set = whippet::task::JoinSet::new();
    let futures = (0..3).map(|number| {
        assert!(number < 2, "on purpose");
        std::future::ready(number)
    });
    assert!(panics(|| set.extend(futures)));
    assert_eq!(set.len(), 2);
}
