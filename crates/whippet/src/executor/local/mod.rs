//! Tasks that stay on one thread, and so need not be `Send`: their queue, and who polls them.
//!
//! ```text
//!   wake, on any thread ──► queue ──► turn, in `poll` of the owner's future, on the owner's thread
//! ```
//! The owner's end is [`LocalTasks`], which does not leave its thread. What the tasks' wakers hold is [`Inbox`]: it
//! takes runnables from any thread and neither runs nor drops one, so that a future is polled and dropped on its own
//! thread whatever wakes or aborts it.
//!
//! *The end.* All tasks are cancelled: those that were idle at once, those in the queue when they are taken out. One may be
//! in neither: a waker elsewhere took the right to its turn, and is about to push it. It runs no user code in between, so
//! the owner waits for these few instructions, until no task lives and the queue is empty.

#[cfg(all(test, loom))]
mod loom_tests;

use super::owned::Owned;
use super::reject::reject;
use super::task::{Id, JoinHandle, Live, Ran, Runnable, Schedule, Spawned};
use crate::coop;
use crate::loom::{Mutex, thread_local, yield_now};
use crate::unwind::drop_waker;
use crate::wakers::wake;
use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Turns in one poll of the owner, which then lets others go first: as many as between two looks at the reactor.
const TURNS: usize = 61;
/// Entries that an empty queue keeps memory for; what a burst needed beyond is given back.
const KEPT: usize = 1024;

/// The owner's end of tasks that stay on its thread; it stays there too.
#[derive(Debug)]
pub(crate) struct LocalTasks {
    /// What the tasks hold of it.
    inbox: Arc<Inbox>,
    /// It belongs to this thread.
    not_send: PhantomData<*const ()>,
}

/// What tasks hold of their queue.
#[derive(Debug)]
struct Inbox {
    /// The tasks that can go on, and who is to be woken for them.
    queue: Mutex<Queue>,
    /// All live tasks.
    owned: Owned,
}

/// What the lock keeps.
#[derive(Debug, Default)]
struct Queue {
    /// Oldest first. Bounded by the number of live tasks, each of which is in it at most once.
    tasks: VecDeque<Runnable>,
    /// Who polls the tasks, while he waits for one.
    waker: Option<Waker>,
    /// The owner is gone: nobody looks at the queue any more.
    is_closed: bool,
}

impl Inbox {
    /// Queues a task. The owner is woken if he waits.
    fn push(&self, task: Runnable) {
        let mut queue = self.queue.lock();
        queue.tasks.push_back(task);
        let waker = queue.waker.take();
        drop(queue);
        wake(waker);
    }

    /// Takes the oldest task.
    fn pop(&self) -> Option<Runnable> {
        let mut queue = self.queue.lock();
        let task = queue.tasks.pop_front();
        if queue.tasks.is_empty() && queue.tasks.capacity() > KEPT {
            queue.tasks.shrink_to(KEPT);
        }
        task
    }

    /// Closes the queue for good if nothing is in it.
    fn close_if_empty(&self) -> bool {
        let mut queue = self.queue.lock();
        queue.is_closed = queue.tasks.is_empty();
        let waker = if queue.is_closed { queue.waker.take() } else { None };
        let is_closed = queue.is_closed;
        drop(queue);
        drop_waker(waker);
        is_closed
    }

    /// Leaves `waker`, unless there is something to do. True: it was left.
    fn wait(&self, waker: &Waker) -> bool {
        // Cloned and dropped outside of the lock.
        let mut waker = Some(waker.clone());
        let mut queue = self.queue.lock();
        let waits = queue.tasks.is_empty();
        if waits {
            std::mem::swap(&mut queue.waker, &mut waker);
        }
        drop(queue);
        drop_waker(waker);
        waits
    }
}

impl Schedule for Arc<Inbox> {
    type Way = Self;

    fn way(&self) -> Self {
        Self::clone(self)
    }

    fn schedule(inbox: Self, task: Runnable) {
        inbox.push(task);
    }

    fn release(&self, task: &Live) -> Option<Live> {
        self.owned.remove(task)
    }
}

thread_local! {
    /// The tasks among which `spawn_local` puts its own.
    static CURRENT: RefCell<Option<Rc<LocalTasks>>> = const { RefCell::new(None) };
}

/// `spawn_local` on this thread belongs to some tasks until this is dropped. Several are left in the reverse order.
#[derive(Debug)]
#[must_use = "they are left when this is dropped"]
pub(crate) struct EnteredLocal {
    /// Where it belonged before. Not `Send`, as this is not.
    former: Option<Rc<LocalTasks>>,
}

impl Drop for EnteredLocal {
    fn drop(&mut self) {
        let former = self.former.take();
        // What is left is dropped outside of the borrow.
        let left = CURRENT.try_with(|current| current.replace(former));
        drop(left);
    }
}

impl LocalTasks {
    /// No task.
    pub(crate) fn new() -> Rc<Self> {
        let inbox = Inbox { queue: Mutex::default(), owned: Owned::new(1) };
        Rc::new(Self { inbox: Arc::new(inbox), not_send: PhantomData })
    }

    /// Those among which `spawn_local` on this thread puts its own.
    pub(crate) fn current() -> Option<Rc<Self>> {
        CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
    }

    /// Lets `spawn_local` on this thread belong to these.
    pub(crate) fn enter(self: &Rc<Self>) -> EnteredLocal {
        let entered = CURRENT.try_with(|current| current.replace(Some(Rc::clone(self))));
        EnteredLocal { former: entered.ok().flatten() }
    }

    /// How many tasks live.
    pub(crate) fn len(&self) -> usize {
        self.inbox.owned.len()
    }

    /// Makes a task of `future` and queues it. When the owner is gone, the task is cancelled at once.
    pub(crate) fn spawn<F>(
        &self,
        future: F,
        at: &'static Location<'static>,
    ) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let (id, scheduler) = (Id::next(), Arc::clone(&self.inbox));
        // SAFETY: `self` is not `Send`, so this is the owner's thread. Its runnables come to the inbox alone, which takes
        // them from any thread and neither runs nor drops one; they are taken out by `self`, on the owner's thread. The
        // inbox is empty and stays so when `self` is gone: `end`, which the drop calls, waits until no task lives.
        let spawned = unsafe { Spawned::new_local(future, scheduler, id, at) };
        let (runnable, handle, _) = self.inbox.owned.insert(0, spawned);
        if self.inbox.queue.lock().is_closed {
            reject(runnable);
        } else {
            self.inbox.push(runnable);
        }
        handle
    }

    /// Gives turns to tasks that can go on. Pending: none is left that can, and the task behind `cx` is woken for the
    /// next one (or at once, to let others go first); ready: no task lives.
    pub(crate) fn poll(self: &Rc<Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.give_turns();
        if self.len() == 0 {
            return Poll::Ready(());
        }
        self.wait(cx);
        Poll::Pending
    }

    /// Gives turns to tasks that can go on.
    fn give_turns(self: &Rc<Self>) {
        let _entered = self.enter();
        for _ in 0..TURNS {
            let Some(task) = self.inbox.pop() else { break };
            if let Ran::Woken(task) = coop::with_budget(|| task.run()) {
                self.inbox.push(task);
            }
        }
    }

    /// Has the task behind `cx` woken for the next task that can go on, at once if there is one.
    fn wait(&self, cx: &Context<'_>) {
        if !self.inbox.wait(cx.waker()) {
            cx.waker().wake_by_ref();
        }
    }

    /// Cancels all tasks, those too that are spawned meanwhile; what is spawned later is cancelled at once. Called while
    /// no task is in its poll, which would wait for itself.
    pub(crate) fn end(&self) {
        let inbox = &self.inbox;
        inbox.owned.close().into_iter().for_each(drop);
        loop {
            while let Some(task) = inbox.pop() {
                drop(task);
            }
            // The list is closed: once no task lives, none will be woken, and what is spawned goes into the queue.
            if inbox.owned.len() == 0 && inbox.close_if_empty() {
                return;
            }
            yield_now();
        }
    }
}

impl Drop for LocalTasks {
    fn drop(&mut self) {
        self.end();
    }
}

pin_project! {
    /// Polls a future among its local tasks, which have their turns meanwhile.
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub(crate) struct RunUntil<F> {
        // The tasks.
        tasks: Rc<LocalTasks>,
        // The future.
        #[pin]
        future: F,
    }
}

impl<F> RunUntil<F> {
    /// Polls `future` among these.
    pub(crate) fn new(tasks: &Rc<LocalTasks>, future: F) -> Self {
        Self { tasks: Rc::clone(tasks), future }
    }
}

impl<F: Future> Future for RunUntil<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let entered = this.tasks.enter();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(output);
        }
        drop(entered);
        this.tasks.give_turns();
        // Whether tasks are left or not, it is the future that is waited for, and the next task may come from elsewhere.
        this.tasks.wait(cx);
        Poll::Pending
    }
}

impl<F> fmt::Debug for RunUntil<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntil").finish_non_exhaustive()
    }
}
