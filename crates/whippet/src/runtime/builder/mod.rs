//! Makes a [`Runtime`](super::Runtime). A file for each subject that can be set.

mod build;
mod hooks;
mod intervals;
mod stalls;
mod threads;

use super::hooks::ParkHooks;
use super::stall::StallOptions;
use super::threads::{THREAD_NAME, ThreadOptions};
use crate::executor::shared::Config;
use std::sync::Arc;
use std::time::Duration;

/// The most threads for blocking calls, unless set: enough for slow disks, few enough for the memory of their
/// stacks. tokio's figure.
const MAX_BLOCKING_THREADS: usize = 512;
/// How long a thread for blocking calls waits for the next one, unless set. tokio's figure.
const THREAD_KEEP_ALIVE: Duration = Duration::from_secs(10);
/// Turns between two looks at reactor and timers, unless set: one system call (0.2 µs) on so many polls is nothing, and
/// a socket waits for so many polls at most. tokio's figure.
const EVENT_INTERVAL: u32 = 61;
/// Turns between two looks at the injector while there is work elsewhere, unless set. Odd and unlike the other, so that
/// they rarely coincide; Go and tokio use 61.
const GLOBAL_QUEUE_INTERVAL: u32 = 31;

/// Makes a [`Runtime`](super::Runtime).
///
/// # Examples
/// ```
/// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Builder {
    /// What the program calls the runtime.
    name: Option<String>,
    /// How workers go about it.
    config: Config,
    /// How many workers; available parallelism when none.
    workers: Option<usize>,
    /// The most threads for blocking calls.
    max_blocking_threads: usize,
    /// How long such a thread waits for the next call.
    keep_alive: Duration,
    /// Whether the clock stands still from the beginning.
    start_paused: bool,
    /// How threads are made.
    threads: ThreadOptions,
    /// What is done before and after a worker's sleep.
    parks: ParkHooks,
    /// Which polls are reported.
    stalls: StallOptions,
}

impl Builder {
    fn new(multi_thread: bool) -> Self {
        let threads = ThreadOptions {
            name: Arc::new(|| THREAD_NAME.to_owned()),
            stack_size: None,
            on_start: None,
            on_stop: None,
        };
        let config = Config {
            multi_thread,
            event_interval: EVENT_INTERVAL,
            global_queue_interval: GLOBAL_QUEUE_INTERVAL,
        };
        Self {
            name: None,
            config,
            workers: None,
            max_blocking_threads: MAX_BLOCKING_THREADS,
            keep_alive: THREAD_KEEP_ALIVE,
            start_paused: false,
            threads,
            parks: ParkHooks::default(),
            stalls: StallOptions::new(),
        }
    }

    /// A runtime with worker threads that steal work from each other.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().build()?;
    /// let thread = runtime.spawn(async { std::thread::current().id() });
    /// assert_ne!(runtime.block_on(thread).unwrap(), std::thread::current().id());
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn new_multi_thread() -> Self {
        Self::new(true)
    }

    /// A runtime without worker threads: tasks take their turns inside of [`Runtime::block_on`](super::Runtime::block_on), on its thread.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().build()?;
    /// let thread = runtime.spawn(async { std::thread::current().id() });
    /// assert_eq!(runtime.block_on(thread).unwrap(), std::thread::current().id());
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn new_current_thread() -> Self {
        Self::new(false)
    }

    /// The name of the runtime, which [`Handle::name`](super::Handle::name) gives, and which dumps and `Debug` show, so that a
    /// program with several runtimes can tell them apart. Threads are named by [`thread_name`](Self::thread_name).
    ///
    /// # Panics
    /// If the name is blank.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_current_thread().name("background").build()?;
    /// assert_eq!(runtime.handle().name(), Some("background"));
    /// assert_eq!(runtime.handle().dump().to_string().lines().next().unwrap(),
    ///     r#"runtime "background": 0 tasks: 0 running, 0 queued, 0 waiting"#);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn name(&mut self, name: impl Into<String>) -> &mut Self {
        let name = name.into();
        assert!(
            !name.trim().is_empty(),
            "`Builder::name`: the name is blank; give at least one visible character, or leave the call out"
        );
        self.name = Some(name);
        self
    }

    /// Turns everything on. All of it is on already: this exists for programs that come from tokio.
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().enable_all().build()?;
    /// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enable_all(&mut self) -> &mut Self {
        self
    }

    /// Turns sockets on. They are on already: see [`enable_all`](Self::enable_all).
    ///
    /// # Examples
    /// ```
    /// use whippet::net::TcpListener;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().enable_io().build()?;
    /// let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enable_io(&mut self) -> &mut Self {
        self
    }

    /// Turns timers on. They are on already: see [`enable_all`](Self::enable_all).
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::timeout;
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().enable_time().build()?;
    /// let late = runtime.block_on(async { timeout(Duration::ZERO, std::future::pending::<()>()).await });
    /// assert!(late.is_err());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn enable_time(&mut self) -> &mut Self {
        self
    }

    /// Whether the runtime's clock is paused from the beginning, as by [`time::pause`](crate::time::pause): for tests,
    /// which then wait for no time to pass. Only a current-thread runtime's clock can be paused.
    ///
    /// ```
    /// use std::time::Duration;
    /// use whippet::time::{Instant, sleep};
    ///
    /// let runtime = whippet::runtime::Builder::new_current_thread().start_paused(true).build()?;
    /// runtime.block_on(async {
    ///     let start = Instant::now();
    ///     sleep(Duration::from_secs(3_600)).await;
    ///     assert_eq!(start.elapsed(), Duration::from_secs(3_600));
    /// });
    /// # std::io::Result::Ok(())
    /// ```
    pub fn start_paused(&mut self, paused: bool) -> &mut Self {
        self.start_paused = paused;
        self
    }
}
