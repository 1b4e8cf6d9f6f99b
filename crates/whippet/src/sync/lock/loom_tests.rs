//! The locks under every interleaving. loom sees two tasks that reach the value at once; a permit that is lost shows as a
//! deadlock of the model.

use super::{Mutex, RwLock, RwLockWriteGuard};
use loom::future::block_on;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// Polls once, and drops the future or what it gave.
fn give_up(future: impl Future) {
    let mut future = pin!(future);
    block_on(poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_ready())));
}

#[test]
fn loom_a_value_behind_a_mutex_is_reached_by_one_at_a_time() {
    loom::model(|| {
        let mutex = Arc::new(Mutex::new(0));
        let threads = [(); 2].map(|()| {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || *block_on(mutex.lock()) += 1)
        });
        *block_on(mutex.lock()) += 1;
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(*mutex.try_lock().unwrap(), 3);
    });
}

#[test]
fn loom_a_lock_that_gives_up_beside_a_release_and_another_lock() {
    loom::model(|| {
        let mutex = Arc::new(Mutex::new(0));
        let held = Arc::clone(&mutex).try_lock_owned().unwrap();
        let giving_up = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || give_up(mutex.lock()))
        };
        let waiting = {
            let mutex = Arc::clone(&mutex);
            thread::spawn(move || *block_on(mutex.lock()) += 1)
        };
        drop(held);
        giving_up.join().unwrap();
        waiting.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 1);
    });
}

#[test]
fn loom_readers_beside_a_writer_that_becomes_a_reader() {
    loom::model(|| {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let reader = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || assert!(*block_on(lock.read()) < 3))
        };
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || *block_on(lock.write()) += 1)
        };
        let mut guard = block_on(lock.write());
        *guard += 1;
        let before = *guard;
        let guard = RwLockWriteGuard::downgrade(guard);
        assert_eq!(*guard, before);
        drop(guard);
        reader.join().unwrap();
        writer.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), 2);
    });
}

#[test]
fn loom_a_writer_that_gives_up_beside_readers() {
    loom::model(|| {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let held = Arc::clone(&lock).try_read_owned().unwrap();
        let writer = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || give_up(lock.write()))
        };
        let reader = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || assert_eq!(*block_on(lock.read()), 0))
        };
        drop(held);
        writer.join().unwrap();
        reader.join().unwrap();
        assert!(lock.try_write().is_ok());
    });
}
