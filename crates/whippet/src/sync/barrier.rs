//! A place where tasks wait for each other.

use super::Notify;
use super::wait::wait_until;
use crate::loom::atomic::AtomicU64;
use crate::loom::atomic::Ordering::{AcqRel, Acquire};
use std::fmt;

/// Lets a number of tasks wait until all of them have come. Then it can be used again.
///
/// ```
/// use std::sync::Arc;
/// use whippet::sync::Barrier;
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let barrier = Arc::new(Barrier::new(3));
/// let tasks = [(); 3].map(|()| {
///     let barrier = Arc::clone(&barrier);
///     whippet::spawn(async move {
///         println!("before all");
///         let result = barrier.wait().await;
///         println!("after all");
///         result.is_leader()
///     })
/// });
/// let mut leaders = 0;
/// for task in tasks {
///     leaders += usize::from(task.await.unwrap());
/// }
/// assert_eq!(leaders, 1);
/// # });
/// ```
pub struct Barrier {
    /// How many tasks wait for each other; at least one.
    size: u64,
    /// Calls so far; 64 bits do not overflow. The `size` calls from each multiple of `size` on are a group, which goes on
    /// when it is complete.
    calls: AtomicU64,
    /// Where those wait whose group is not complete.
    complete: Notify,
}

impl Barrier {
    /// A barrier for `n` tasks. One for none lets each pass, as one for one does.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let alone = whippet::sync::Barrier::new(1);
    /// assert!(alone.wait().await.is_leader());
    /// # });
    /// ```
    #[must_use]
    pub fn new(n: usize) -> Self {
        let size = n.max(1) as u64;
        Self { size, calls: AtomicU64::new(0), complete: Notify::new() }
    }

    /// Waits until as many tasks as the barrier is for have called this. The last one of them is the leader.
    ///
    /// # Cancel safety
    /// None: a task that was polled counts as one that came, though it stops waiting.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let barrier = whippet::sync::Barrier::new(2);
    /// let (one, other) = whippet::join!(barrier.wait(), barrier.wait());
    /// assert_ne!(one.is_leader(), other.is_leader());
    /// # });
    /// ```
    pub async fn wait(&self) -> BarrierWaitResult {
        let mut group = None;
        let look = || match group {
            None => {
                // AcqRel: what each did before it came happens before all go on.
                let call = self.calls.fetch_add(1, AcqRel);
                group = Some(call / self.size);
                let is_last = call % self.size == self.size - 1;
                is_last.then(|| {
                    self.complete.notify_waiters();
                    BarrierWaitResult(true)
                })
            }
            Some(group) => {
                let complete = self.calls.load(Acquire) / self.size > group;
                complete.then_some(BarrierWaitResult(false))
            }
        };
        wait_until(&self.complete, look).await
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").field("size", &self.size).finish_non_exhaustive()
    }
}

/// What came of waiting at a [`Barrier`].
///
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let barrier = whippet::sync::Barrier::new(2);
/// let (first, last) = whippet::join!(biased; barrier.wait(), barrier.wait());
/// assert!(!first.is_leader() && last.is_leader());
/// # });
/// ```
#[derive(Clone, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// Whether this task was the last to come: true for exactly one of each group.
    ///
    /// ```
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let barrier = whippet::sync::Barrier::new(3);
    /// let (one, two, three) = whippet::join!(barrier.wait(), barrier.wait(), barrier.wait());
    /// let leaders = [one, two, three].into_iter().filter(|result| result.is_leader());
    /// assert_eq!(leaders.count(), 1);
    /// # });
    /// ```
    pub fn is_leader(&self) -> bool {
        self.0
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::Barrier;
    use crate::sync::test_support::Task;

    #[test]
    fn all_wait_for_the_last_and_one_leads() {
        let barrier = Barrier::new(3);
        for _ in 0..2 {
            let mut waiting = [(); 2].map(|()| Task::new(barrier.wait()).pend());
            assert!(waiting.iter_mut().all(|task| task.poll().is_pending()));
            assert!(Task::new(barrier.wait()).ready().is_leader());
            // The next group begins while the last one is still here.
            let mut early = Task::new(barrier.wait()).pend();
            assert!(waiting.iter_mut().all(|task| task.wakes() == 1 && !task.ready().is_leader()));
            assert!(early.poll().is_pending());
            let mut other = Task::new(barrier.wait()).pend();
            assert!(Task::new(barrier.wait()).ready().is_leader());
            assert!(!early.ready().is_leader() && !other.ready().is_leader());
        }
    }

    #[test]
    fn a_barrier_for_none_lets_each_pass() {
        let barrier = Barrier::new(0);
        assert!((0..3).all(|_| Task::new(barrier.wait()).ready().is_leader()));
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::Barrier;
    use loom::future::block_on;
    use loom::sync::Arc;
    use loom::thread;

    #[test]
    fn loom_two_tasks_wait_for_each_other_twice() {
        loom::model(|| {
            let barrier = Arc::new(Barrier::new(2));
            let other = Arc::clone(&barrier);
            let wait_twice = |barrier: &Barrier| {
                [(); 2].map(|()| usize::from(block_on(barrier.wait()).is_leader()))
            };
            let thread = thread::spawn(move || wait_twice(&other));
            let leads = wait_twice(&barrier);
            let others = thread.join().unwrap();
            assert_eq!([leads[0] + others[0], leads[1] + others[1]], [1, 1]);
        });
    }
}
