//! How often a busy worker looks elsewhere for work.

use super::Builder;

impl Builder {
    /// After how many polls of tasks a worker with more to do looks at sockets and timers; 61 unless set. A small
    /// number serves them sooner, a large one spends less on looking.
    ///
    /// # Panics
    /// If `polls` is 0.
    ///
    /// # Examples
    /// ```
    /// use whippet::{net::UnixDatagram, task::yield_now};
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().event_interval(1).build()?;
    /// let read = runtime.block_on(async {
    ///     let (near, far) = UnixDatagram::pair()?;
    ///     let reads = whippet::spawn(async move { far.recv(&mut [0; 8]).await });
    ///     yield_now().await;
    ///     let busy = whippet::spawn(async move {
    ///         near.send(b"hello").await?;
    ///         for _ in 0..4 { yield_now().await }
    ///         std::io::Result::Ok(reads.is_finished())
    ///     });
    ///     busy.await?
    /// })?;
    /// assert!(read);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn event_interval(&mut self, polls: u32) -> &mut Self {
        assert!(polls > 0, "`Builder::event_interval`: zero polls; give at least one");
        self.config.event_interval = polls;
        self
    }

    /// After how many polls of tasks a worker with more to do in its own queue takes one from the queue that all
    /// workers share; 31 unless set.
    ///
    /// # Panics
    /// If `polls` is 0.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().global_queue_interval(1).build()?;
    /// let handle = runtime.handle().clone();
    /// let busy = runtime.spawn(async move {
    ///     // Tasks of other threads come into the queue that all workers share.
    ///     let task = std::thread::spawn(move || handle.spawn(async {})).join().unwrap();
    ///     for _ in 0..4 { whippet::task::yield_now().await }
    ///     task.is_finished()
    /// });
    /// assert!(runtime.block_on(busy).unwrap());
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn global_queue_interval(&mut self, polls: u32) -> &mut Self {
        assert!(polls > 0, "`Builder::global_queue_interval`: zero polls; give at least one");
        self.config.global_queue_interval = polls;
        self
    }
}
