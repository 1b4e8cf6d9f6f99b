//! `Notify` under every interleaving. A notification that is lost shows as a deadlock of the model.

use super::Notify;
use loom::future::block_on;
use loom::sync::Arc;
use loom::thread;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls once, drops the future, and returns whether it had been notified in that poll.
fn give_up(notify: &Notify) -> bool {
    let mut notified = pin!(notify.notified());
    block_on(poll_fn(|cx| Poll::Ready(notified.as_mut().poll(cx).is_ready())))
}

#[test]
fn loom_two_notifications_and_two_waiters() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let waiters = [(); 2].map(|()| {
            let notify = Arc::clone(&notify);
            thread::spawn(move || {
                block_on(notify.notified());
                // One passes the notification to the other: two calls in all, whatever was stored.
                notify.notify_one();
            })
        });
        notify.notify_one();
        for waiter in waiters {
            waiter.join().unwrap();
        }
    });
}

#[test]
fn loom_a_cancelled_waiter_beside_notify_one_and_another() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let giving_up = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || {
                if give_up(&notify) {
                    notify.notify_one();
                }
            })
        };
        let waiting = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || block_on(notify.notified()))
        };
        notify.notify_one();
        giving_up.join().unwrap();
        waiting.join().unwrap();
    });
}

#[test]
fn loom_notify_waiters_beside_a_future_made_before() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let other = Arc::clone(&notify);
        let notified = notify.notified();
        let thread = thread::spawn(move || other.notify_waiters());
        block_on(notified);
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_waiter_dropped_while_its_ticket_is_invalidated() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let mut leaving = Box::pin(notify.notified());
        leaving.as_mut().enable();
        let newcomer = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || {
                notify.notify_waiters();
                // Comes into the slot of the one that leaves.
                block_on(notify.notified());
            })
        };
        drop(leaving);
        notify.notify_one();
        newcomer.join().unwrap();
    });
}

#[test]
fn loom_a_waiter_polled_while_its_ticket_is_invalidated() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let mut waiting = Box::pin(notify.notified());
        waiting.as_mut().enable();
        let newcomer = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || {
                notify.notify_waiters();
                block_on(notify.notified());
            })
        };
        block_on(waiting);
        notify.notify_one();
        newcomer.join().unwrap();
    });
}

#[test]
fn loom_a_chosen_waiter_dropped_beside_notify_waiters_passes_on() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        let mut chosen = Box::pin(notify.notified());
        chosen.as_mut().enable();
        let mut other = Box::pin(notify.notified());
        other.as_mut().enable();
        notify.notify_one();
        let thread = {
            let notify = Arc::clone(&notify);
            thread::spawn(move || notify.notify_waiters())
        };
        drop(chosen);
        thread.join().unwrap();
        // By the call that was handed on, or by the call to all.
        block_on(other);
    });
}

#[test]
fn loom_a_state_that_is_looked_at_after_enable_is_never_missed() {
    use loom::sync::atomic::{AtomicBool, Ordering::Relaxed};
    loom::model(|| {
        let shared = Arc::new((Notify::new(), AtomicBool::new(false)));
        let other = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            other.1.store(true, Relaxed);
            other.0.notify_waiters();
        });
        let mut notified = pin!(shared.0.notified());
        notified.as_mut().enable();
        if !shared.1.load(Relaxed) {
            block_on(notified);
        }
        thread.join().unwrap();
    });
}

#[test]
fn loom_a_state_is_never_missed_by_a_waiter_that_enqueues_first() {
    use loom::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    loom::model(|| {
        let shared = Arc::new((Notify::new(), AtomicUsize::new(0)));
        let threads = [(); 2].map(|()| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                shared.1.fetch_add(1, Relaxed);
                shared.0.notify_one();
            })
        });
        loop {
            let mut notified = pin!(shared.0.notified());
            notified.as_mut().enable();
            if shared.1.load(Relaxed) == 2 {
                break;
            }
            block_on(notified);
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn loom_a_kept_notification_is_taken_once() {
    loom::model(|| {
        let notify = Arc::new(Notify::new());
        notify.notify_one();
        let threads = [(); 2].map(|()| {
            let notify = Arc::clone(&notify);
            thread::spawn(move || usize::from(give_up(&notify)))
        });
        let taken: usize = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
        assert_eq!(taken + usize::from(give_up(&notify)), 1);
    });
}
