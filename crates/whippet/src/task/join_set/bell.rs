//! How the tasks of a set tell it that they are complete.

use crate::loom::Mutex;
use crate::sync::poll_waker::{Locked, poll_locked};
use crate::unwind::drop_waker;
use crate::wake_list::wake;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Keys that an empty list keeps memory for; what a crowd needed beyond is given back.
const KEPT: usize = 64;

/// What the tasks of a set have told it; the set's end.
#[derive(Debug, Default)]
pub(super) struct Bells(Arc<Inbox>);

/// What is shared by a set and the bells of its tasks.
#[derive(Debug, Default)]
struct Inbox(Mutex<Rung>);

/// What the lock keeps.
#[derive(Debug, Default)]
struct Rung {
    /// The keys of tasks that have completed, oldest first. Each bell rings once, so there are no more of them than
    /// tasks in the set, and some that were taken out while they completed.
    keys: VecDeque<usize>,
    /// Who waits for the next one.
    waker: Option<Waker>,
}

/// The join waker of one task of a set.
struct Bell {
    /// Where it rings.
    inbox: Arc<Inbox>,
    /// The task's key in the set.
    key: usize,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut rung = self.inbox.0.lock();
        rung.keys.push_back(self.key);
        let waker = rung.waker.take();
        drop(rung);
        wake(waker);
    }
}

impl Bells {
    /// The bell of the task with this key.
    pub(super) fn bell(&self, key: usize) -> Waker {
        Waker::from(Arc::new(Bell { inbox: Arc::clone(&self.0), key }))
    }

    /// The next key that rang and is `valid`, if there is one.
    pub(super) fn next(&self, valid: impl Fn(usize) -> bool) -> Option<usize> {
        self.0.0.lock().next(valid)
    }

    /// The next key that rang and is `valid`, or else the task behind `cx` is woken when a bell rings.
    pub(super) fn poll_next(
        &self,
        cx: &mut Context<'_>,
        valid: impl Fn(usize) -> bool,
    ) -> Poll<usize> {
        poll_locked(&self.0.0, cx, false, |rung, poll_waker| match rung.next(&valid) {
            Some(key) => Locked::Ready(key),
            None => poll_waker.register_in(&mut rung.waker),
        })
    }

    /// Forgets who rang.
    pub(super) fn forget(&self) {
        self.0.0.lock().keys.clear();
    }
}

impl Drop for Rung {
    fn drop(&mut self) {
        drop_waker(self.waker.take());
    }
}

impl Rung {
    /// The next key that is `valid`; those before it are forgotten.
    fn next(&mut self, valid: impl Fn(usize) -> bool) -> Option<usize> {
        let key = std::iter::from_fn(|| self.keys.pop_front()).find(|key| valid(*key));
        if self.keys.is_empty() && self.keys.capacity() > KEPT {
            self.keys = VecDeque::new();
        }
        key
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{Bells, KEPT};
    use std::cell::Cell;

    #[test]
    fn a_finished_task_is_found_in_one_step_however_many_others_run() {
        let bells = Bells::default();
        let all: Vec<_> = (0..10_000).map(|key| bells.bell(key)).collect();
        all[5_000].wake_by_ref();
        let looks = Cell::new(0);
        let valid = |_| {
            looks.set(looks.get() + 1);
            true
        };
        assert_eq!(bells.next(valid), Some(5_000));
        assert_eq!(bells.next(valid), None);
        assert_eq!(looks.get(), 1);
    }

    #[test]
    fn memory_of_a_crowd_is_given_back() {
        let bells = Bells::default();
        (0..1_000).for_each(|key| bells.bell(key).wake());
        assert!(bells.0.0.lock().keys.capacity() >= 1_000);
        assert_eq!((0..1_000).filter_map(|_| bells.next(|_| true)).count(), 1_000);
        assert!(bells.0.0.lock().keys.capacity() <= KEPT);
    }
}
