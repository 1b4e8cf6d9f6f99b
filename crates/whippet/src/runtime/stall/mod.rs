//! The stall report: tells of polls that do not end, while they last.
//!
//! A monitor looks at each worker several times in a threshold. Workers know nothing of it: they count their polls and
//! show whose poll it is in any case, each in memory of its own. When the same poll is seen for as long as the
//! threshold, it is reported, and once more when it has ended. [`detector`] decides, of which time is an argument;
//! [`monitor`] is the thread around it.

mod detector;
mod monitor;

#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub(super) use self::monitor::Monitor;

use crate::executor::task::Id;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

/// The threshold unless set: a person notices a tenth of a second, and no poll should come near it.
const THRESHOLD: Duration = Duration::from_millis(100);

/// A poll that lasts, or lasted, for longer than it should: see
/// [`Builder::stall_threshold`](super::Builder::stall_threshold).
///
/// ```
/// use std::time::Duration;
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let runtime = whippet::runtime::Builder::new_multi_thread()
///     .stall_threshold(Duration::from_millis(10))
///     .on_stall(move |stall| drop(sender.send(stall.clone())))
///     .build()?;
/// let blocks = runtime.spawn(async move { receiver.recv().unwrap() });
/// let id = blocks.id();
/// let stall = runtime.block_on(blocks).unwrap();
/// assert!(stall.to_string().contains(&format!("of task {id}, spawned at ")));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// The worker.
    worker: usize,
    /// The task; none for the future of a `block_on`.
    task: Option<Id>,
    /// Where the task was spawned, or `block_on` called.
    place: &'static Location<'static>,
    /// For how long it was seen.
    duration: Duration,
    /// Whether the poll has ended.
    is_over: bool,
}

impl Stall {
    /// The number of the worker whose poll it is.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .stall_threshold(Duration::from_millis(10))
    ///     .on_stall(move |stall| drop(sender.send(stall.clone())))
    ///     .build()?;
    /// let blocks = runtime.spawn(async move { receiver.recv().unwrap() });
    /// assert_eq!(runtime.block_on(blocks).unwrap().worker(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn worker(&self) -> usize {
        self.worker
    }

    /// The task that is polled. `None`: it is the future of a [`block_on`](super::Runtime::block_on).
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .stall_threshold(Duration::from_millis(10))
    ///     .on_stall(move |stall| drop(sender.send(stall.clone())))
    ///     .build()?;
    /// let stall = runtime.block_on(async { receiver.recv().unwrap() });
    /// assert_eq!(stall.task(), None);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn task(&self) -> Option<Id> {
        self.task
    }

    /// Where the task was spawned, or `block_on` was called.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_multi_thread()
    ///     .stall_threshold(Duration::from_millis(10))
    ///     .on_stall(move |stall| drop(sender.send(stall.clone())))
    ///     .build()?;
    /// let (blocks, line) = (runtime.spawn(async move { receiver.recv().unwrap() }), line!());
    /// assert_eq!(runtime.block_on(blocks).unwrap().spawned_at().line(), line);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.place
    }

    /// For how long the poll was seen: the poll itself is longer by a quarter of the threshold at most, and if it
    /// [is over](Stall::is_over), shorter by as much.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let threshold = Duration::from_millis(10);
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_multi_thread()
    ///     .stall_threshold(threshold)
    ///     .on_stall(move |stall| drop(sender.send(stall.clone())))
    ///     .build()?;
    /// let blocks = runtime.spawn(async move { receiver.recv().unwrap() });
    /// assert!(runtime.block_on(blocks).unwrap().duration() >= threshold);
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// Whether the poll has ended. Each stall is reported once while it lasts, and once when it is over.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .stall_threshold(Duration::from_millis(10))
    ///     .on_stall(move |stall| drop(sender.send(stall.clone())))
    ///     .build()?;
    /// let stall = runtime.block_on(async { receiver.recv().unwrap() });
    /// assert!(!stall.is_over());
    /// assert!(receiver.recv().unwrap().is_over());
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_over
    }
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { worker, place, duration, is_over, .. } = self;
        let verb = if *is_over { "was" } else { "has been" };
        write!(f, "worker {worker} {verb} in one poll for {duration:.1?}: ")?;
        match self.task {
            Some(task) => write!(f, "of task {task}, spawned at {place}"),
            None => write!(f, "of the future of block_on, called at {place}"),
        }
    }
}

/// What is told of each stall.
pub(super) type OnStall = Arc<dyn Fn(&Stall) + Send + Sync>;

/// When to report, and to whom.
#[derive(Clone)]
pub(super) struct StallOptions {
    /// How long a poll may last; no monitor is there when none.
    pub(super) threshold: Option<Duration>,
    /// Who is told.
    pub(super) on_stall: OnStall,
}

impl StallOptions {
    /// Writes a warning.
    pub(super) fn new() -> Self {
        Self { threshold: None, on_stall: Arc::new(|stall| tracing::warn!("{stall}")) }
    }

    /// Turns the report on with the usual threshold, unless it is on.
    pub(super) fn enable(&mut self) {
        self.threshold.get_or_insert(THRESHOLD);
    }
}

impl fmt::Debug for StallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StallOptions").field("threshold", &self.threshold).finish_non_exhaustive()
    }
}
