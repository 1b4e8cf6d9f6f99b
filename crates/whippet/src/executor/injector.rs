//! The queue that all workers share: tasks from outside of the workers, and what overflows a worker's ring.
//!
//! First in, first out, behind a lock; its length beside the lock, so that a worker with work of its own does not
//! touch the lock to learn that there is nothing. Bounded by the number of live tasks, each of which is in one
//! queue at most. Once closed it gives every task back: the caller that brought it cancels it.

use super::task::Runnable;
use crate::loom::Mutex;
use crate::loom::atomic::AtomicUsize;
use crate::loom::atomic::Ordering::{Acquire, Release};
use std::collections::VecDeque;

/// Entries that an empty injector keeps memory for; what a burst needed beyond is given back.
const KEPT: usize = 1024;

/// The shared queue.
#[derive(Debug)]
pub(crate) struct Injector {
    /// How many tasks wait. Written under the lock, read without: a reader that sees zero re-checks before it
    /// sleeps, after the fence of `Idle::begin_sleep`.
    len: AtomicUsize,
    /// The tasks.
    queue: Mutex<Queue>,
}

/// What the lock keeps.
#[derive(Debug, Default)]
struct Queue {
    /// Oldest first.
    tasks: VecDeque<Runnable>,
    /// The runtime ends: nothing more comes in.
    closed: bool,
}

impl Injector {
    /// An empty queue.
    pub(crate) fn new() -> Self {
        Self { len: AtomicUsize::new(0), queue: Mutex::default() }
    }

    /// Adds a task.
    ///
    /// # Errors
    /// The task, when the queue is closed.
    pub(crate) fn push(&self, task: Runnable) -> Result<(), Runnable> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(task);
        }
        queue.tasks.push_back(task);
        self.publish(&queue);
        Ok(())
    }

    /// Adds several tasks in their order.
    ///
    /// # Errors
    /// The tasks, when the queue is closed.
    pub(crate) fn push_all<I: Iterator<Item = Runnable>>(&self, tasks: I) -> Result<(), I> {
        let mut queue = self.queue.lock();
        if queue.closed {
            return Err(tasks);
        }
        queue.tasks.extend(tasks);
        self.publish(&queue);
        Ok(())
    }

    /// Takes the oldest task.
    pub(crate) fn pop(&self) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        let mut queue = self.queue.lock();
        let task = queue.tasks.pop_front();
        self.publish(&queue);
        task
    }

    /// Takes the oldest task to run now, and up to `more` further ones that are handed to `keep`, which runs
    /// under the lock and only moves them. A fair share: what is there by the number of `workers`.
    pub(crate) fn pop_share(
        &self,
        workers: usize,
        more: usize,
        mut keep: impl FnMut(Runnable),
    ) -> Option<Runnable> {
        if self.is_empty() {
            return None;
        }
        let mut queue = self.queue.lock();
        let first = queue.tasks.pop_front();
        let share = (queue.tasks.len() / workers).min(more);
        queue.tasks.drain(..share).for_each(&mut keep);
        if queue.tasks.is_empty() && queue.tasks.capacity() > KEPT {
            queue.tasks.shrink_to(KEPT);
        }
        self.publish(&queue);
        first
    }

    /// Whether nothing waits, at this moment.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many wait, at this moment.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Acquire: pairs with `publish`; who sees a task here may find it under the lock.
        self.len.load(Acquire)
    }

    /// Lets nothing more in, and gives out what is there, to be cancelled.
    pub(crate) fn close(&self) -> VecDeque<Runnable> {
        let mut queue = self.queue.lock();
        queue.closed = true;
        let left = std::mem::take(&mut queue.tasks);
        self.publish(&queue);
        left
    }

    fn publish(&self, queue: &Queue) {
        // Release: pairs with `len`.
        self.len.store(queue.tasks.len(), Release);
    }
}
