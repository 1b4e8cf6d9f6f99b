//! A [`Notify`] in several shards, so that waiters on different threads rarely contend for one lock.
//!
//! Tasks that are woken together wait again at about the same time, on all workers: with one queue they would contend for its
//! lock. A task waits at the shard of its thread; `notify_waiters` goes through all shards. There is no order among the
//! waiters, and no way to wake one alone.

use super::Notify;
use crate::unwind::FirstPanic;
use crate::wake_list::WakeList;
#[cfg(not(loom))]
use std::cell::Cell;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Shards. More of them make each `notify_waiters` slower, and the channel larger.
const SHARDS: usize = 4;

/// The shards (see the module docs).
#[derive(Debug)]
pub(crate) struct ShardedNotify([Notify; SHARDS]);

impl ShardedNotify {
    /// Without waiters.
    pub(crate) fn new() -> Self {
        Self([(); SHARDS].map(|()| Notify::new()))
    }

    /// The shard of this thread.
    #[inline]
    pub(crate) fn shard(&self) -> &Notify {
        &self.0[thread_number() % SHARDS]
    }

    /// Wakes all waiters of all shards. The caller passes on a panic of a waker.
    #[inline]
    pub(crate) fn notify_waiters(&self) -> FirstPanic {
        match self.0.iter().position(|shard| !shard.try_count_call()) {
            Some(first) => self.notify_from(first),
            None => FirstPanic::none(),
        }
    }

    /// The same, where shard `first` has waiters, and none before it does. All waiters are chosen before the first is woken:
    /// a waker that panics leaves no other asleep.
    fn notify_from(&self, first: usize) -> FirstPanic {
        let mut wakers = WakeList::new();
        for shard in &self.0[first..] {
            if !shard.try_count_call() {
                shard.choose_waiters(&mut wakers);
            }
        }
        wakers.wake_and_catch()
    }
}

/// The number of this thread: threads that first came here one after the other have different shards.
#[cfg(not(loom))]
#[inline]
fn thread_number() -> usize {
    /// The number of the next thread. Wraps.
    static NEXT_NUMBER: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
    }
    NUMBER.with(|thread_number| {
        thread_number.get().unwrap_or_else(|| {
            let next = NEXT_NUMBER.fetch_add(1, Relaxed);
            thread_number.set(Some(next));
            next
        })
    })
}

/// loom runs all its threads on one: they share a shard, where contention is highest.
#[cfg(loom)]
fn thread_number() -> usize {
    0
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{SHARDS, ShardedNotify, thread_number};
    use crate::sync::test_support::Task;
    use crate::sys::thread;
    use std::sync::mpsc;

    #[test]
    fn notify_waiters_reaches_all_shards() {
        let spread = ShardedNotify::new();
        let mut waiting = spread.0.each_ref().map(|shard| Task::new(shard.notified()).pend());
        spread.notify_waiters().pass_on();
        assert_eq!(waiting.each_ref().map(Task::wakes), [1; SHARDS]);
        waiting.iter_mut().for_each(Task::ready);
    }

    #[test]
    fn each_thread_keeps_its_own_number() {
        let (sender, numbers) = mpsc::channel();
        let body = move || sender.send([thread_number(), thread_number()]).unwrap();
        thread::start("numbered".to_owned(), None, body).unwrap().join().unwrap();
        let other = numbers.recv().unwrap();
        assert_eq!(other[0], other[1]);
        assert_ne!(other[0], thread_number());
    }
}
