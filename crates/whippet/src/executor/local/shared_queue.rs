//! What tasks that stay on one thread hold of their queue.
//!
//! It takes runnables from any thread and neither runs nor drops one. Whatever runs the tasks is a *driver*: a future
//! that is polled on the owner's thread. There may be several, in tasks of their own, and each leaves a waker of its own: a
//! task that comes in wakes all of them, as any but one may end, or be dropped, before it is polled again.

use crate::executor::context;
use crate::executor::owned_tasks::OwnedTasks;
use crate::executor::shared::Shared;
use crate::executor::task::{OwnedRef, Runnable, Schedule};
use crate::loom::Mutex;
use crate::unwind::drop_waker;
use crate::wake_list::WakeList;
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Waker;

/// Entries that an empty queue keeps memory for; what a burst needed beyond is given back.
const KEPT: usize = 1024;

/// The number of one driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DriverId(u64);

/// The wakers of the drivers that wait. As a rule there is one.
type Waiting = SmallVec<[(DriverId, Waker); 1]>;

/// What tasks hold of their queue.
#[derive(Debug)]
pub(super) struct SharedQueue {
    /// The tasks that can go on, and who is to be woken for them.
    queue: Mutex<Queue>,
    /// All live tasks.
    pub(super) owned: OwnedTasks,
    /// The local runtime whose worker runs the tasks, if that is what they belong to. It stays on their thread.
    runtime: Weak<Shared>,
}

/// What the lock keeps.
#[derive(Debug, Default)]
struct Queue {
    /// Oldest first. Bounded by the number of live tasks, each of which is in it at most once.
    tasks: VecDeque<Runnable>,
    /// The drivers that wait for a task, each once.
    waiting: Waiting,
    /// How many drivers there were.
    drivers: u64,
    /// The owner is gone: nobody looks at the queue any more.
    is_closed: bool,
}

impl SharedQueue {
    /// An empty one.
    pub(super) fn new(runtime: Weak<Shared>) -> Self {
        Self { queue: Mutex::default(), owned: OwnedTasks::new(1), runtime }
    }

    /// The local runtime whose worker runs the tasks. One that is nowhere, if they belong to a set.
    pub(super) fn runtime(&self) -> *const Shared {
        self.runtime.as_ptr()
    }

    /// Another driver.
    pub(super) fn add_driver(&self) -> DriverId {
        let mut queue = self.queue.lock();
        queue.drivers += 1;
        DriverId(queue.drivers)
    }

    /// A driver that will not come again.
    pub(super) fn remove_driver(&self, driver: DriverId) {
        // Dropped outside of the lock.
        let waker = self.queue.lock().take_waker(driver);
        drop_waker(waker);
    }

    /// Queues a task. The drivers that wait are woken. Gives the number of tasks in front of it.
    pub(super) fn push(&self, task: Runnable) -> usize {
        let mut queue = self.queue.lock();
        let before = queue.tasks.len();
        queue.tasks.push_back(task);
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        let mut wakers = WakeList::new();
        waiting.into_iter().for_each(|(_, waker)| wakers.push(waker));
        wakers.wake_all();
        before
    }

    /// Takes the oldest task.
    pub(super) fn pop(&self) -> Option<Runnable> {
        let mut queue = self.queue.lock();
        let task = queue.tasks.pop_front();
        if queue.tasks.is_empty() && queue.tasks.capacity() > KEPT {
            queue.tasks.shrink_to(KEPT);
        }
        task
    }

    /// Whether the owner is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.queue.lock().is_closed
    }

    /// Closes the queue for good if nothing is in it.
    pub(super) fn close_if_empty(&self) -> bool {
        let mut queue = self.queue.lock();
        queue.is_closed = queue.tasks.is_empty();
        let waiting =
            if queue.is_closed { std::mem::take(&mut queue.waiting) } else { Waiting::new() };
        let is_closed = queue.is_closed;
        drop(queue);
        waiting.into_iter().for_each(|(_, waker)| drop_waker(Some(waker)));
        is_closed
    }

    /// Leaves the waker of a driver, unless there is something to do. True: it was left.
    pub(super) fn wait(&self, driver: DriverId, waker: &Waker) -> bool {
        // Cloned and dropped outside of the lock.
        let waker = waker.clone();
        let mut queue = self.queue.lock();
        let former = queue.take_waker(driver);
        let waits = queue.tasks.is_empty();
        let unused = if waits {
            queue.waiting.push((driver, waker));
            None
        } else {
            Some(waker)
        };
        drop(queue);
        drop_waker(former);
        drop_waker(unused);
        waits
    }
}

impl Queue {
    /// Takes the waker that a driver left.
    fn take_waker(&mut self, driver: DriverId) -> Option<Waker> {
        let place = self.waiting.iter().position(|(other, _)| *other == driver)?;
        Some(self.waiting.swap_remove(place).1)
    }
}

/// The way of a task to its next turn.
pub(super) enum Destination {
    /// This thread drives the worker of the tasks' own runtime: into its queue, which does not leave the thread.
    Local,
    /// It does not.
    Shared(Arc<SharedQueue>),
}

impl Schedule for Arc<SharedQueue> {
    type Destination = Destination;

    fn destination(&self) -> Destination {
        context::with_worker(|worker| match worker {
            Some(worker) if Arc::as_ptr(worker.shared()) == self.runtime() => Destination::Local,
            _ => Destination::Shared(Self::clone(self)),
        })
    }

    fn schedule(destination: Destination, task: Runnable) {
        match destination {
            Destination::Local => context::with_worker(|worker| match worker {
                Some(worker) => {
                    let _nobody_sleeps_beside_it = worker.push_woken(task);
                }
                None => unreachable!("a thread stays a worker while it hands a task on"),
            }),
            Destination::Shared(queue) => drop(queue.push(task)),
        }
    }

    fn release(&self, task: &OwnedRef) -> Option<OwnedRef> {
        self.owned.remove(task)
    }
}
