//! Several places to wait at for one thing, so that those who wait on several threads seldom meet.
//!
//! A crowd that is woken at once waits again at once, on all workers: at one place each would wait for the lock of the line.
//! Who waits takes the place of his thread; who wakes goes to all of them. There is no order among those who wait here, and
//! nobody is woken alone.

use super::Notify;
use crate::unwind::FirstPanic;
use crate::wakers::Wakers;
#[cfg(not(loom))]
use std::cell::Cell;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Places. With more each look of who wakes takes longer, and the channel is larger.
const PLACES: usize = 4;

/// The places (see the module's words).
#[derive(Debug)]
pub(crate) struct Spread([Notify; PLACES]);

impl Spread {
    /// Nobody waits.
    pub(crate) fn new() -> Self {
        Self([(); PLACES].map(|()| Notify::new()))
    }

    /// The place of this thread.
    #[inline]
    pub(crate) fn place(&self) -> &Notify {
        &self.0[number() % PLACES]
    }

    /// Wakes all who wait, at all places. A waker's panic is the caller's to pass on.
    #[inline]
    pub(crate) fn notify_waiters(&self) -> FirstPanic {
        match self.0.iter().position(|place| !place.try_count_round()) {
            Some(first) => self.notify_from(first),
            None => FirstPanic::none(),
        }
    }

    /// The same, where somebody waits at place `first`, and nobody before it. All are chosen before the first is woken: one
    /// that panics keeps nobody asleep.
    fn notify_from(&self, first: usize) -> FirstPanic {
        let mut wakers = Wakers::new();
        for place in &self.0[first..] {
            if !place.try_count_round() {
                place.choose_waiters(&mut wakers);
            }
        }
        wakers.wake_and_catch()
    }
}

/// The number of this thread: threads that were first here one after the other have different places.
#[cfg(not(loom))]
#[inline]
fn number() -> usize {
    /// How many threads have a number. Rises with each new one, and wraps.
    static NUMBERS: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let next = NUMBERS.fetch_add(1, Relaxed);
            number.set(Some(next));
            next
        })
    })
}

/// loom's threads are all of one thread: they meet at one place, where there is most to see.
#[cfg(loom)]
fn number() -> usize {
    0
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{PLACES, Spread, number};
    use crate::sync::test_support::Task;
    use crate::sys::thread;
    use std::sync::mpsc;

    #[test]
    fn whoever_wakes_goes_to_all_places() {
        let spread = Spread::new();
        let mut waiting = spread.0.each_ref().map(|place| Task::new(place.notified()).pend());
        spread.notify_waiters().pass_on();
        assert_eq!(waiting.each_ref().map(Task::wakes), [1; PLACES]);
        waiting.iter_mut().for_each(Task::ready);
    }

    #[test]
    fn a_thread_keeps_its_place_and_no_two_have_one_number() {
        let (sender, numbers) = mpsc::channel();
        let body = move || sender.send([number(), number()]).unwrap();
        thread::start("numbered".to_owned(), None, body).unwrap().join().unwrap();
        let other = numbers.recv().unwrap();
        assert_eq!(other[0], other[1]);
        assert_ne!(other[0], number());
    }
}
