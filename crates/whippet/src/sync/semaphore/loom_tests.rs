//! The semaphore under every interleaving. A permit that is lost shows as a deadlock of the model.

use super::raw::RawSemaphore;
use super::{MAX_PERMITS, Semaphore};
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

#[test]
fn loom_two_tasks_and_one_permit() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(1));
        let threads = [(); 2].map(|()| {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || drop(block_on(semaphore.acquire()).unwrap()))
        });
        drop(block_on(semaphore.acquire()).unwrap());
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(semaphore.available_permits(), 1);
    });
}

#[test]
fn loom_a_cancelled_acquire_beside_a_release_and_another() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let giving_up = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || {
                let mut acquire = pin!(semaphore.acquire());
                // If it is ready its permit goes back with the result.
                block_on(poll_fn(|cx| Poll::Ready(acquire.as_mut().poll(cx).is_ready())));
            })
        };
        let waiting = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || block_on(semaphore.acquire()).unwrap().forget())
        };
        semaphore.add_permits(1);
        giving_up.join().unwrap();
        waiting.join().unwrap();
        assert_eq!(semaphore.available_permits(), 0);
    });
}

#[test]
fn loom_two_that_add_permits_do_not_pass_the_most() {
    loom::model(|| {
        let semaphore = Arc::new(RawSemaphore::new(MAX_PERMITS - 1));
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || semaphore.try_add(1))
        };
        let is_added = semaphore.try_add(1);
        assert_ne!(is_added, other.join().unwrap());
        assert_eq!(semaphore.available(), MAX_PERMITS);
    });
}
