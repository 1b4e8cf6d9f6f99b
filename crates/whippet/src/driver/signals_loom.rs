//! Models of a signal that comes while others are announced: what is lost shows as a listener that hears nothing.

use super::Driver;
use super::signals::{SignalListener, Signals};
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::SeqCst;
use crate::sys::signal::{Model, SIGINT};
use crate::wake_list::WakeList;
use loom::thread;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A waker that counts.
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// A turn of the driver: an event, if there are bytes.
fn turn(signals: &Signals, model: &Model) {
    if model.is_event() {
        let mut wakers = WakeList::new();
        signals.announce_pending(&mut wakers);
        wakers.wake_all();
    }
}

fn poll(listener: &mut SignalListener, waker: &Waker) -> bool {
    match listener.poll(&mut Context::from_waker(waker)) {
        Poll::Ready(heard) => {
            assert_eq!(heard, Some(()), "the runtime goes on");
            true
        }
        Poll::Pending => false,
    }
}

/// So many signals come while a worker turns the driver and the listener is asked; the last turn is this thread's.
fn signals_meet_a_turn(comes: usize) {
    let driver = Driver::new(1).unwrap();
    let signals = Arc::clone(driver.signals());
    let mut listener = signals.listen(SIGINT).unwrap();
    let model = signals.model();
    let count = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(Arc::clone(&count));
    assert!(!poll(&mut listener, &waker), "none came yet");
    let handler = {
        let model = model.clone();
        thread::spawn(move || (0..comes).for_each(|_| model.handle()))
    };
    let worker = {
        let (signals, model) = (Arc::clone(&signals), model.clone());
        thread::spawn(move || turn(&signals, &model))
    };
    let heard = poll(&mut listener, &waker);
    handler.join().unwrap();
    worker.join().unwrap();
    turn(&signals, &model);
    assert!(!model.is_marked(), "a signal was not announced");
    assert!(heard || count.0.load(SeqCst) > 0, "nobody woke the listener");
    assert!(heard || poll(&mut listener, &waker), "the listener missed it");
}

#[test]
fn loom_a_signal_is_announced_by_this_turn_or_the_next() {
    loom::model(|| signals_meet_a_turn(1));
}

#[test]
fn loom_two_signals_are_announced_by_this_turn_or_the_next() {
    loom::model(|| signals_meet_a_turn(2));
}
