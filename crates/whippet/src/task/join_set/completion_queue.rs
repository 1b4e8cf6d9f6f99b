//! The tasks of a set that have completed, in the order in which they did.

use crate::loom::Mutex;
use crate::sync::poll_waker::{Locked, poll_locked};
use crate::unwind::drop_waker;
use crate::wake_list::wake;
use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// Keys that an empty list keeps memory for; what a peak needed beyond that is given back.
const KEPT: usize = 64;

/// The keys of the tasks that have completed; the set's end.
#[derive(Debug, Default)]
pub(super) struct CompletionQueue(Arc<Shared>);

/// What a set shares with the join wakers of its tasks.
#[derive(Debug, Default)]
struct Shared(Mutex<State>);

/// What the lock keeps.
#[derive(Debug, Default)]
struct State {
    /// The keys of tasks that have completed, oldest first. Each waker adds its key once, so there are no more of them than
    /// tasks in the set, and some that were taken out while they completed.
    keys: VecDeque<usize>,
    /// Who waits for the next one.
    waker: Option<Waker>,
}

/// The join waker of one task of a set.
struct CompletionWaker {
    /// Where it adds its key.
    shared: Arc<Shared>,
    /// The task's key in the set.
    key: usize,
}

impl Wake for CompletionWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut state = self.shared.0.lock();
        state.keys.push_back(self.key);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }
}

impl CompletionQueue {
    /// The join waker of the task with this key.
    pub(super) fn waker(&self, key: usize) -> Waker {
        Waker::from(Arc::new(CompletionWaker { shared: Arc::clone(&self.0), key }))
    }

    /// The next key in the queue that is `valid`, if there is one.
    pub(super) fn next(&self, valid: impl Fn(usize) -> bool) -> Option<usize> {
        self.0.0.lock().next(valid)
    }

    /// The next key in the queue that is `valid`; without one the task behind `cx` is woken when a key is added.
    pub(super) fn poll_next(
        &self,
        cx: &mut Context<'_>,
        valid: impl Fn(usize) -> bool,
    ) -> Poll<usize> {
        poll_locked(&self.0.0, cx, false, |state, poll_waker| match state.next(&valid) {
            Some(key) => Locked::Ready(key),
            None => poll_waker.register_in(&mut state.waker),
        })
    }

    /// Empties the queue.
    pub(super) fn clear(&self) {
        self.0.0.lock().keys.clear();
    }
}

impl Drop for State {
    fn drop(&mut self) {
        drop_waker(self.waker.take());
    }
}

impl State {
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
    use super::{CompletionQueue, KEPT};
    use std::cell::Cell;

    #[test]
    fn a_finished_task_is_found_in_one_step_however_many_others_run() {
        let completions = CompletionQueue::default();
        let all: Vec<_> = (0..10_000).map(|key| completions.waker(key)).collect();
        all[5_000].wake_by_ref();
        let looks = Cell::new(0);
        let valid = |_| {
            looks.set(looks.get() + 1);
            true
        };
        assert_eq!(completions.next(valid), Some(5_000));
        assert_eq!(completions.next(valid), None);
        assert_eq!(looks.get(), 1);
    }

    #[test]
    fn memory_of_a_peak_is_given_back() {
        let completions = CompletionQueue::default();
        (0..1_000).for_each(|key| completions.waker(key).wake());
        assert!(completions.0.0.lock().keys.capacity() >= 1_000);
        assert_eq!((0..1_000).filter_map(|_| completions.next(|_| true)).count(), 1_000);
        assert!(completions.0.0.lock().keys.capacity() <= KEPT);
    }
}
