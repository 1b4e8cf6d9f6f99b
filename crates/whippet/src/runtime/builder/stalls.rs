//! Which polls are reported as too long, and to whom.

use super::Builder;
use crate::runtime::stall::Stall;
use std::sync::Arc;
use std::time::Duration;

impl Builder {
    /// Turns the stall report on, with a threshold of 100 ms unless [another](Builder::stall_threshold) is set. Off (as it
    /// is unless asked for) it costs nothing; on, a thread that looks at the workers four times in a threshold.
    ///
    /// ```
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .on_stall(move |stall| drop(sender.send(stall.duration())))
    ///     .enable_stall_report()
    ///     .build()?;
    /// // Blocks in its poll, until that is reported.
    /// let stalled = runtime.block_on(async { receiver.recv().unwrap() });
    /// assert!(stalled >= std::time::Duration::from_millis(100));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enable_stall_report(&mut self) -> &mut Self {
        self.stalls.enable();
        self
    }

    /// Turns the stall report on: a poll that lasts for longer than `threshold` keeps its worker from all else, and is
    /// reported while it lasts and when it is over, with the task's name and the place where it was spawned. The
    /// report is a warning of `tracing`, unless [`Builder::on_stall`] says otherwise.
    ///
    /// Only polls on workers are looked at: not those of a `block_on` beside worker threads, and not work of
    /// [`spawn_blocking`](crate::task::spawn_blocking).
    ///
    /// # Panics
    /// If `threshold` is zero.
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
    /// assert_eq!(runtime.block_on(blocks).unwrap().task(), Some(id));
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn stall_threshold(&mut self, threshold: Duration) -> &mut Self {
        assert!(
            !threshold.is_zero(),
            "`Builder::stall_threshold`: every poll lasts for longer than zero; give a longer time"
        );
        self.stalls.threshold = Some(threshold);
        self
    }

    /// What is called for each stall, on a thread of its own, in place of the warning. It does not turn the report on.
    ///
    /// ```
    /// let (sender, receiver) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .enable_stall_report()
    ///     .on_stall(move |stall| drop(sender.send(stall.to_string())))
    ///     .build()?;
    /// let told = runtime.block_on(async { receiver.recv().unwrap() });
    /// assert!(told.starts_with("worker 0 has been in one poll for "));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn on_stall(&mut self, report: impl Fn(&Stall) + Send + Sync + 'static) -> &mut Self {
        self.stalls.on_stall = Arc::new(report);
        self
    }
}
