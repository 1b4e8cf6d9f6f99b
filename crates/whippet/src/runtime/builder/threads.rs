//! How many threads a runtime has, and how they are made.

use super::Builder;
use std::sync::Arc;
use std::time::Duration;

impl Builder {
    /// How many worker threads; the default is the machine's available parallelism. A current-thread runtime
    /// ignores it.
    ///
    /// # Panics
    /// If `count` is 0.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(3).build()?;
    /// assert_eq!(runtime.metrics().num_workers(), 3);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn worker_threads(&mut self, count: usize) -> &mut Self {
        assert!(count > 0, "`Builder::worker_threads`: zero threads; give at least one");
        self.workers = Some(count);
        self
    }

    /// The most threads for [`spawn_blocking`](crate::task::spawn_blocking); 512 unless set.
    ///
    /// Threads that stand in while a task [blocks in place](crate::task::block_in_place) do not count, and neither do those for
    /// whippet's own calls (names that are looked up, standard streams, [`memory::trim`](crate::memory::trim)): 512 at the most, whatever
    /// is set here. So a call may wait for any of these, even if it has the only thread.
    ///
    /// # Panics
    /// If `count` is 0.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().max_blocking_threads(1).build()?;
    /// let calls = [1, 2, 3].map(|number| runtime.spawn_blocking(move || 2 * number));
    /// assert_eq!(calls.map(|call| runtime.block_on(call).unwrap()), [2, 4, 6]);
    /// // One after the other.
    /// assert_eq!(runtime.metrics().num_blocking_threads(), 1);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn max_blocking_threads(&mut self, count: usize) -> &mut Self {
        assert!(count > 0, "`Builder::max_blocking_threads`: zero threads; give at least one");
        self.max_blocking_threads = count;
        self
    }

    /// How long a thread for blocking calls waits for the next one before it ends; 10 s unless set.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    ///
    /// let (sender, ended) = std::sync::mpsc::channel();
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .thread_keep_alive(Duration::from_millis(1))
    ///     .on_thread_stop(move || sender.send(()).unwrap())
    ///     .build()?;
    /// let call = runtime.spawn_blocking(|| 6 * 7);
    /// assert_eq!(runtime.block_on(call).unwrap(), 42);
    /// assert!(ended.recv().is_ok());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn thread_keep_alive(&mut self, duration: Duration) -> &mut Self {
        self.keep_alive = duration;
        self
    }

    /// The name of the runtime's threads; `whippet-worker` unless set.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().thread_name("worker").build()?;
    /// let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    /// assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("worker"));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn thread_name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        self.thread_name_fn(move || name.clone())
    }

    /// Names each of the runtime's threads by a call of `name`. If that panics, the thread has the usual name.
    ///
    /// # Examples
    /// ```
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// let number = AtomicUsize::new(1);
    /// let runtime = whippet::runtime::Builder::new_multi_thread()
    ///     .worker_threads(1)
    ///     .thread_name_fn(move || format!("worker {}", number.fetch_add(1, Relaxed)))
    ///     .build()?;
    /// let name = runtime.spawn(async { std::thread::current().name().map(str::to_owned) });
    /// assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("worker 1"));
    /// # std::io::Result::Ok(())
    /// ```
    pub fn thread_name_fn<F>(&mut self, name: F) -> &mut Self
    where
        F: Fn() -> String + Send + Sync + 'static,
    {
        self.threads.name = Arc::new(name);
        self
    }

    /// The stack of the runtime's threads, in bytes; std's default unless set.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().thread_stack_size(16 << 20).build()?;
    /// // std's default has no room for so much.
    /// let call = runtime.spawn_blocking(|| std::hint::black_box([1_u8; 4 << 20]).len());
    /// assert_eq!(runtime.block_on(call).unwrap(), 4 << 20);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn thread_stack_size(&mut self, bytes: usize) -> &mut Self {
        self.threads.stack_size = Some(bytes);
        self
    }
}
