//! Figures of a runtime.

use crate::executor::shared::{Remote, Shared};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// Figures of a runtime, read at the moment of each call.
///
/// Counters are kept by each worker for itself, in memory that it alone writes, so that counting costs no worker
/// anything; the figures of several calls need not fit each other exactly.
///
/// ```
/// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// let task = runtime.spawn(std::future::pending::<()>());
/// let metrics = runtime.metrics();
/// assert_eq!((metrics.num_workers(), metrics.num_alive_tasks()), (2, 1));
/// task.abort();
/// assert!(runtime.block_on(task).is_err());
/// assert_eq!(metrics.num_alive_tasks(), 0);
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone)]
pub struct RuntimeMetrics {
    /// The runtime's internal layers.
    shared: Arc<Shared>,
}

impl RuntimeMetrics {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// The worker that the method `call` is asked about.
    #[track_caller]
    fn worker(&self, call: &str, index: usize) -> &Remote {
        let count = self.num_workers();
        let Some(remote) = self.shared.remotes.get(index) else {
            panic!(
                "`RuntimeMetrics::{call}`: there is no worker {index}; give a number below `num_workers`, which is {count}"
            )
        };
        remote
    }

    /// Workers.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(3).build()?;
    /// assert_eq!(runtime.metrics().num_workers(), 3);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_workers(&self) -> usize {
        self.shared.remotes.len()
    }

    /// Tasks that are not complete.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let task = runtime.spawn(async {});
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 1);
    /// runtime.block_on(task).unwrap();
    /// assert_eq!(runtime.metrics().num_alive_tasks(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_alive_tasks(&self) -> usize {
        self.shared.owned.len()
    }

    /// Timers that wait for their deadline.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::sleep;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// runtime.spawn(async { sleep(Duration::from_secs(60)).await });
    /// runtime.block_on(whippet::task::yield_now());
    /// assert_eq!(runtime.metrics().num_pending_timers(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_pending_timers(&self) -> usize {
        self.shared.driver.timers_len()
    }

    /// Workers that sleep.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let metrics = runtime.metrics();
    /// let task = runtime.spawn(async move { metrics.num_sleeping_workers() });
    /// // The only worker has the task to do.
    /// assert_eq!(runtime.block_on(task).unwrap(), 0);
    /// // Then it has nothing to do.
    /// while runtime.metrics().num_sleeping_workers() == 0 {
    ///     std::thread::yield_now();
    /// }
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_sleeping_workers(&self) -> usize {
        self.shared.idle.sleeping()
    }

    /// Descriptors that the reactor watches.
    ///
    /// ```
    /// use whippet::net::UdpSocket;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// assert_eq!(runtime.metrics().num_registered_descriptors(), 1);
    /// drop(socket);
    /// assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_registered_descriptors(&self) -> usize {
        self.shared.driver.reactor().registered()
    }

    /// Who waits for a descriptor: tasks, or several futures of one. Looks at every place for a descriptor there ever
    /// was.
    ///
    /// ```
    /// use whippet::net::UdpSocket;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// let _task = runtime.spawn(async move { socket.readable().await });
    /// runtime.block_on(whippet::task::yield_now());
    /// assert_eq!(runtime.metrics().num_descriptor_waiters(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_descriptor_waiters(&self) -> usize {
        self.shared.driver.reactor().waiters()
    }

    /// How often a descriptor backed off: the kernel had announced it ready 64 times in a row, and each call that followed would have
    /// blocked. Tasks that wait for that direction are then woken after 5 to 80 ms, whatever the kernel announces. A number
    /// that grows points at a socket that sends to a full queue without being connected to it; what it sends to others waits as
    /// long meanwhile.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// assert_eq!(runtime.metrics().io_backoff_count(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn io_backoff_count(&self) -> u64 {
        self.shared.driver.reactor().backoffs()
    }

    /// Threads for blocking calls.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// assert_eq!(runtime.metrics().num_blocking_threads(), 0);
    /// let call = runtime.spawn_blocking(|| ());
    /// assert_eq!(runtime.metrics().num_blocking_threads(), 1);
    /// # runtime.block_on(call).unwrap();
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_blocking_threads(&self) -> usize {
        self.shared.pools.counts().threads
    }

    /// Threads for blocking calls that wait for one.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let metrics = runtime.metrics();
    /// let call = runtime.spawn_blocking(move || metrics.num_idle_blocking_threads());
    /// // The only thread is busy with the call.
    /// assert_eq!(runtime.block_on(call).unwrap(), 0);
    /// // Then it waits for the next one.
    /// while runtime.metrics().num_idle_blocking_threads() == 0 {
    ///     std::thread::yield_now();
    /// }
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn num_idle_blocking_threads(&self) -> usize {
        self.shared.pools.counts().waiting
    }

    /// Blocking calls that have not begun.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().max_blocking_threads(1).build()?;
    /// let (release, released) = std::sync::mpsc::channel::<()>();
    /// let call = runtime.spawn_blocking(move || released.recv());
    /// let waits = runtime.spawn_blocking(|| ());
    /// assert!(runtime.metrics().blocking_queue_depth() >= 1);
    /// drop(release);
    /// runtime.block_on(async { (call.await, waits.await) });
    /// assert_eq!(runtime.metrics().blocking_queue_depth(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn blocking_queue_depth(&self) -> usize {
        self.shared.pools.counts().queued
    }

    /// Tasks in the queue that all workers share.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// // Not spawned by a worker, they wait for any of them.
    /// let tasks = [runtime.spawn(async {}), runtime.spawn(async {})];
    /// assert_eq!(runtime.metrics().global_queue_depth(), 2);
    /// # for task in tasks { runtime.block_on(task).unwrap() }
    /// // When both have had their turn:
    /// assert_eq!(runtime.metrics().global_queue_depth(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn global_queue_depth(&self) -> usize {
        self.shared.injector.len()
    }

    /// Tasks in the own queue of a worker.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let metrics = runtime.metrics();
    /// runtime.block_on(async {
    ///     let _tasks = [whippet::spawn(async {}), whippet::spawn(async {})];
    ///     assert_eq!(metrics.worker_local_queue_depth(0), 2);
    /// });
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_local_queue_depth(&self, worker: usize) -> usize {
        self.worker("worker_local_queue_depth", worker).queue_depth()
    }

    /// How often a worker went to sleep.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// runtime.block_on(async { whippet::time::sleep(std::time::Duration::from_millis(1)).await });
    /// assert!(runtime.metrics().worker_park_count(0) > 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_park_count(&self, worker: usize) -> u64 {
        read(&self.worker("worker_park_count", worker).park_unparks).div_ceil(2)
    }

    /// How often a worker went to sleep or woke up: an odd number says that it sleeps.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// runtime.block_on(async { whippet::time::sleep(std::time::Duration::from_millis(1)).await });
    /// let count = runtime.metrics().worker_park_unpark_count(0);
    /// assert!(count > 0 && count % 2 == 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_park_unpark_count(&self, worker: usize) -> u64 {
        read(&self.worker("worker_park_unpark_count", worker).park_unparks)
    }

    /// For how long a worker has been awake: it polled tasks or looked for some. It is counted when the worker goes to sleep
    /// and each time that it looks at sockets and timers between polls (every [61 turns](super::Builder::event_interval)),
    /// so a poll under way is not in it. A current-thread runtime counts inside of `block_on` alone.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let work = Duration::from_millis(2);
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     while start.elapsed() < work {}
    /// });
    /// assert!(runtime.metrics().worker_total_busy_duration(0) >= work);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_total_busy_duration(&self, worker: usize) -> Duration {
        Duration::from_nanos(read(&self.worker("worker_total_busy_duration", worker).busy))
    }

    /// How many batches of tasks a worker stole.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// use std::sync::mpsc::channel;
    ///
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    /// let task = runtime.spawn(async {
    ///     let (sender, receiver) = channel();
    ///     let other = sender.clone();
    ///     whippet::spawn(async move { sender.send(()) });
    ///     whippet::spawn(async move { other.send(()) });
    ///     // Blocks the worker: what it has in its queue is the other one's to steal.
    ///     receiver.recv().unwrap();
    /// });
    /// runtime.block_on(task).unwrap();
    /// let steals = [0, 1].map(|worker| runtime.metrics().worker_steal_count(worker));
    /// assert!(steals.iter().sum::<u64>() > 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_steal_count(&self, worker: usize) -> u64 {
        read(&self.worker("worker_steal_count", worker).steals)
    }

    /// How many polls a worker has begun: of tasks, and of the future of a `block_on` that drives it.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// runtime.block_on(async { whippet::spawn(async {}).await.unwrap() });
    /// assert!(runtime.metrics().worker_poll_count(0) >= 2);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_poll_count(&self, worker: usize) -> u64 {
        read(&self.worker("worker_poll_count", worker).polls)
    }

    /// How many polls of a worker ended because their [budget](crate::task::consume_budget) was used up.
    ///
    /// # Panics
    /// If there is no such worker.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// runtime.block_on(async {
    ///     for _ in 0..1_000 {
    ///         whippet::task::consume_budget().await;
    ///     }
    /// });
    /// assert_eq!(runtime.metrics().worker_budget_forced_yield_count(0), 1_000 / 128);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn worker_budget_forced_yield_count(&self, worker: usize) -> u64 {
        read(&self.worker("worker_budget_forced_yield_count", worker).forced_yields)
    }

    /// How many polls of all workers ended because their budget was used up.
    ///
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// runtime.block_on(async {
    ///     for _ in 0..1_000 {
    ///         whippet::task::consume_budget().await;
    ///     }
    /// });
    /// assert_eq!(runtime.metrics().budget_forced_yield_count(), 1_000 / 128);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn budget_forced_yield_count(&self) -> u64 {
        self.shared.remotes.iter().map(|remote| read(&remote.forced_yields)).sum()
    }
}

fn read(counter: &AtomicU64) -> u64 {
    // Relaxed: a figure for people.
    counter.load(Relaxed)
}

impl fmt::Debug for RuntimeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeMetrics")
            .field("id", &self.shared.id)
            .field("name", &self.shared.name)
            .field("workers", &self.num_workers())
            .field("alive_tasks", &self.num_alive_tasks())
            .finish_non_exhaustive()
    }
}
