//! A worker's own tasks, oldest first: in a ring that others may steal from, or in a queue of the worker alone.
//!
//! Workers of a multi-thread runtime have the ring ([`queue`](super::queue)), whose overflow goes to the injector. The
//! one worker of a current-thread runtime has no thieves, so its queue is a plain one without a bound of its own: tasks
//! run in the order in which they were spawned or woken, however many there are.
//!
//! Entries are numbered as they come in, so that a worker can say "up to here" ([`RunQueue::head`], [`RunQueue::tail`]).

use super::queue::{CAPACITY, Local, Overflow};
use super::task::Runnable;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// Entries that an empty queue keeps memory for; what a burst needed beyond is given back.
const KEPT: usize = 1024;

/// A worker's own tasks.
#[derive(Debug)]
pub(super) enum RunQueue {
    /// Others may steal from it.
    Ring(Local),
    /// Nobody else sees it.
    Unshared(UnsharedQueue),
}

/// The tasks of a worker without others. Bounded by the number of live tasks, each of which is in it at most once.
#[derive(Debug, Default)]
pub(super) struct UnsharedQueue {
    /// Oldest first.
    tasks: RefCell<VecDeque<Runnable>>,
    /// The number of the oldest entry.
    head: Cell<u32>,
}

impl UnsharedQueue {
    fn push(&self, task: Runnable) {
        self.tasks.borrow_mut().push_back(task);
    }

    fn pop(&self) -> Option<Runnable> {
        let mut tasks = self.tasks.borrow_mut();
        let task = tasks.pop_front();
        if task.is_some() {
            self.head.set(self.head.get().wrapping_add(1));
        } else if tasks.capacity() > KEPT {
            tasks.shrink_to(KEPT);
        }
        task
    }

    fn len(&self) -> u32 {
        self.tasks.borrow().len() as u32
    }
}

impl RunQueue {
    /// Adds a task at the end. What a full ring does not hold any more goes to `overflow`.
    #[inline]
    pub(super) fn push(&self, task: Runnable, overflow: impl FnOnce(Overflow)) {
        match self {
            Self::Ring(ring) => ring.push(task, overflow),
            Self::Unshared(queue) => queue.push(task),
        }
    }

    /// Takes the oldest task.
    #[inline]
    pub(super) fn pop(&self) -> Option<Runnable> {
        match self {
            Self::Ring(ring) => ring.pop(),
            Self::Unshared(queue) => queue.pop(),
        }
    }

    /// How many tasks there are, at this moment.
    #[inline]
    pub(super) fn len(&self) -> u32 {
        match self {
            Self::Ring(ring) => ring.len(),
            Self::Unshared(queue) => queue.len(),
        }
    }

    /// How many tasks a share of the injector may bring.
    pub(super) fn free_slots(&self) -> u32 {
        match self {
            Self::Ring(ring) => ring.free_slots().min(CAPACITY / 2),
            Self::Unshared(_) => CAPACITY / 2,
        }
    }

    /// The number of the oldest task.
    #[inline]
    pub(super) fn head(&self) -> u32 {
        match self {
            Self::Ring(ring) => ring.head(),
            Self::Unshared(queue) => queue.head.get(),
        }
    }

    /// The number of the task that comes in next.
    #[inline]
    pub(super) fn tail(&self) -> u32 {
        match self {
            Self::Ring(ring) => ring.tail(),
            Self::Unshared(queue) => queue.head.get().wrapping_add(queue.len()),
        }
    }
}
