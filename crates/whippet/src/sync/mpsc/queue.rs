//! The messages under way, and how much memory they may keep.
//!
//! A shared reference of a [`Queue`] gives the number of messages, and no message. So a receiver, which keeps one, may
//! be shared between threads where its messages may only be sent, and nothing of its messages matters for its own traits.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};

/// Bytes that an empty queue may keep. A channel that is idle is small, whatever burst went through it; a channel
/// that is busy with a few messages at a time never allocates.
const KEPT_BYTES: usize = 256;

/// Bytes that a queue may keep that does not run empty. What is in it is moved at most once for each time that as much was taken out.
const KEPT_BUSY_BYTES: usize = 4096;

/// Messages that an empty queue may have space for, whatever their size: the first allocation of a `VecDeque`.
const KEPT_SLOTS: usize = 4;

/// A queue that allocates nothing until it is used, grows with what is in it, and gives its memory back when it
/// has run empty (see [`KEPT_BYTES`]).
pub(super) struct Queue<T>(VecDeque<T>);

// SAFETY: through a shared reference its methods read the length of the deque alone, which is no part of any message, and
// change nothing: no message is shared. Those that reach messages take an exclusive reference, by which a message moves
// to the thread that has it, as `Send` allows.
unsafe impl<T: Send> Sync for Queue<T> {}

/// Messages are never pinned in it: they move whenever it grows.
impl<T> Unpin for Queue<T> {}

/// A panic inside of a call of the deque leaves whole messages in it; whether these are unwind-safe is up to the code that
/// takes them out.
impl<T> UnwindSafe for Queue<T> {}
impl<T> RefUnwindSafe for Queue<T> {}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> Queue<T> {
    /// The capacity that an empty queue may keep.
    const KEPT: usize = {
        let size = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let fitting = KEPT_BYTES / size;
        if fitting > KEPT_SLOTS { fitting } else { KEPT_SLOTS }
    };

    /// The capacity that any queue may keep.
    const KEPT_BUSY: usize = {
        let size = if size_of::<T>() == 0 { 1 } else { size_of::<T>() };
        let fitting = KEPT_BUSY_BYTES / size;
        if fitting > Self::KEPT { fitting } else { Self::KEPT }
    };

    /// An empty queue, without memory of its own.
    pub(super) const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Messages under way.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a message at the end.
    #[inline]
    pub(super) fn push(&mut self, value: T) {
        self.0.push_back(value);
    }

    /// The oldest message; the memory stays, for more that come soon.
    #[inline]
    pub(super) fn pop_keeping_capacity(&mut self) -> Option<T> {
        self.0.pop_front()
    }

    /// The oldest message.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        let value = self.0.pop_front()?;
        self.shrink();
        Some(value)
    }

    /// Moves the oldest messages, `limit` at the most, to the end of `buffer`. Says how many.
    pub(super) fn pop_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
        let count = self.0.len().min(limit);
        if count == 0 {
            return 0;
        }
        // A few at a time, as is usual, cost half of what a drain does.
        buffer.reserve(count);
        buffer.extend(std::iter::from_fn(|| self.0.pop_front()).take(count));
        self.shrink();
        count
    }

    /// Gives memory back: all of an empty queue's, if it is more than the few slots that it may keep; and of a large one's of
    /// which less than a quarter is in use what is beyond half, for it may never run empty.
    #[inline]
    pub(super) fn shrink(&mut self) {
        let (len, capacity) = (self.0.len(), self.0.capacity());
        if len == 0 && capacity > Self::KEPT {
            self.0 = VecDeque::new();
        } else if capacity > Self::KEPT_BUSY && len < capacity / 4 {
            self.0.shrink_to((2 * len).max(Self::KEPT_BUSY));
        }
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{KEPT_BUSY_BYTES, KEPT_BYTES, Queue};

    /// Bytes on the heap.
    fn heap<T>(queue: &Queue<T>) -> usize {
        queue.0.capacity() * size_of::<T>()
    }

    #[test]
    fn memory_of_a_burst_is_given_back_and_that_of_a_trickle_is_kept() {
        let mut queue = Queue::<u64>::new();
        assert_eq!(heap(&queue), 0);
        (0..10_000).for_each(|number| queue.push(number));
        while queue.pop().is_some() {}
        assert_eq!(heap(&queue), 0);

        (0..10_000).for_each(|number| queue.push(number));
        assert_eq!(queue.pop_many(&mut vec![], usize::MAX), 10_000);
        assert_eq!(heap(&queue), 0);

        for number in 0..10 {
            queue.push(number);
            assert_eq!(queue.pop(), Some(number));
            assert!((1..=KEPT_BYTES).contains(&heap(&queue)));
        }
    }

    #[test]
    fn a_queue_that_never_runs_empty_keeps_four_times_what_is_in_it() {
        let mut queue = Queue::<u64>::new();
        (0..100_000).for_each(|number| queue.push(number));
        for left in (1..100_000).rev() {
            let _ = queue.pop();
            let kept = (4 * left * size_of::<u64>()).max(KEPT_BUSY_BYTES) + 2 * size_of::<u64>();
            assert!(heap(&queue) <= kept, "{} bytes for {left}", heap(&queue));
        }
        (0..100_000).for_each(|number| queue.push(number));
        let _ = queue.pop_many(&mut vec![], 99_999);
        assert!(heap(&queue) <= KEPT_BUSY_BYTES);
    }

    #[test]
    fn values_without_a_size_work_too() {
        let mut queue = Queue::<()>::new();
        (0..100).for_each(|_| queue.push(()));
        assert_eq!(queue.pop_many(&mut vec![], 99), 99);
        assert_eq!((queue.pop(), queue.pop()), (Some(()), None));
    }
}
