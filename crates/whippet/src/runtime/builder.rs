//! Makes a [`Runtime`].

use super::block_on::Seat;
use super::handle::Handle;
use super::hooks::ParkHooks;
use super::local::{LocalOptions, LocalRuntime};
use super::runtime::{Driven, Runtime};
use super::stall::{Stall, StallOptions};
use super::threads::{ThreadOptions, Threads};
use crate::driver::Driver;
use crate::executor::blocking::Pool;
use crate::executor::idle::MAX_WORKERS;
use crate::executor::queue::Local;
use crate::executor::shared::{Config, Remote, Shared};
use crate::executor::worker::Worker;
use crate::sys;
use std::io;
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
/// they seldom coincide; Go and tokio use 61.
const GLOBAL_QUEUE_INTERVAL: u32 = 31;
/// Names a worker's thread unless the program does.
const THREAD_NAME: &str = "whippet-worker";

/// Makes a [`Runtime`].
///
/// # Examples
/// ```
/// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Builder {
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

    /// A runtime without worker threads: tasks take their turns inside of [`Runtime::block_on`], on its thread.
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
        assert!(count > 0, "a runtime needs at least one worker thread");
        self.workers = Some(count);
        self
    }

    /// The most threads for [`spawn_blocking`](crate::task::spawn_blocking); 512 unless set.
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
        assert!(count > 0, "a runtime needs at least one thread for blocking calls");
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

    /// After how many turns of tasks a worker with more to do looks at sockets and timers; 61 unless set. A small
    /// number serves them sooner, a large one spends less on looking.
    ///
    /// # Panics
    /// If `turns` is 0.
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
    pub fn event_interval(&mut self, turns: u32) -> &mut Self {
        assert!(turns > 0, "the event interval is at least one turn");
        self.config.event_interval = turns;
        self
    }

    /// After how many turns of tasks a worker with more to do in its own queue takes one from the queue that all
    /// workers share; 31 unless set.
    ///
    /// # Panics
    /// If `turns` is 0.
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
    pub fn global_queue_interval(&mut self, turns: u32) -> &mut Self {
        assert!(turns > 0, "the global queue interval is at least one turn");
        self.config.global_queue_interval = turns;
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

    /// Names each of the runtime's threads by a call of `name`.
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
    pub fn thread_name_fn(
        &mut self,
        name: impl Fn() -> String + Send + Sync + 'static,
    ) -> &mut Self {
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

    /// Called first on each of the runtime's threads.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    ///
    /// thread_local!(static READY: Cell<bool> = const { Cell::new(false) });
    ///
    /// let runtime = whippet::runtime::Builder::new_multi_thread().on_thread_start(|| READY.set(true)).build()?;
    /// assert!(runtime.block_on(runtime.spawn(async { READY.get() })).unwrap());
    /// # std::io::Result::Ok(())
    /// ```
    pub fn on_thread_start(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.threads.on_start = Some(Arc::new(hook));
        self
    }

    /// Called last on each of the runtime's threads.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// let stopped = Arc::new(AtomicUsize::new(0));
    /// let counted = Arc::clone(&stopped);
    /// let runtime = whippet::runtime::Builder::new_multi_thread()
    ///     .worker_threads(2)
    ///     .on_thread_stop(move || {
    ///         counted.fetch_add(1, Relaxed);
    ///     })
    ///     .build()?;
    /// drop(runtime);
    /// assert_eq!(stopped.load(Relaxed), 2);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn on_thread_stop(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.threads.on_stop = Some(Arc::new(hook));
        self
    }

    /// Called each time a worker has nothing to do, before it sleeps. It is called inside of the runtime; what it spawns
    /// is run before the worker sleeps.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// let parks = Arc::new(AtomicUsize::new(0));
    /// let counted = Arc::clone(&parks);
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .on_thread_park(move || {
    ///         counted.fetch_add(1, Relaxed);
    ///     })
    ///     .build()?;
    /// runtime.block_on(async { whippet::time::sleep(std::time::Duration::from_millis(1)).await });
    /// assert!(parks.load(Relaxed) > 0);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn on_thread_park(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.parks.before = Some(Arc::new(hook));
        self
    }

    /// Called each time a worker goes on after it had nothing to do, whether or not it slept.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// let unparks = Arc::new(AtomicUsize::new(0));
    /// let counted = Arc::clone(&unparks);
    /// let runtime = whippet::runtime::Builder::new_current_thread()
    ///     .on_thread_unpark(move || {
    ///         counted.fetch_add(1, Relaxed);
    ///     })
    ///     .build()?;
    /// runtime.block_on(async { whippet::time::sleep(std::time::Duration::from_millis(1)).await });
    /// assert!(unparks.load(Relaxed) > 0);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn on_thread_unpark(&mut self, hook: impl Fn() + Send + Sync + 'static) -> &mut Self {
        self.parks.after = Some(Arc::new(hook));
        self
    }

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
        assert!(!threshold.is_zero(), "every poll lasts for longer than zero");
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

    /// Makes the runtime and starts its workers.
    ///
    /// # Errors
    /// The system's, when it has no descriptor for the reactor or no thread for a worker to give.
    ///
    /// # Panics
    /// When a multi-thread runtime is asked to [start paused](Builder::start_paused).
    ///
    /// # Examples
    /// ```
    /// let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    /// let task = runtime.spawn(async { 6 * 7 });
    /// assert_eq!(runtime.block_on(task).unwrap(), 42);
    /// # std::io::Result::Ok(())
    /// ```
    pub fn build(&mut self) -> io::Result<Runtime> {
        let multi_thread = self.config.multi_thread;
        let count = if multi_thread { self.worker_count() } else { 1 };
        let driver = Arc::new(Driver::new(count)?);
        if self.start_paused {
            assert!(!multi_thread, "only a current-thread runtime can start paused");
            // A new clock is not paused, so this does not fail.
            let _ = driver.pause();
        }
        let pool = self.pool(&driver);
        let (locals, remotes): (Vec<Local>, Vec<Remote>) = (0..count)
            .map(|_| Local::new())
            .map(|(local, ring)| (local, Remote::new(ring)))
            .unzip();
        let shared = Arc::new(Shared::new(self.config, remotes, driver, pool));
        let seed = sys::entropy::seed();
        let mut workers = locals.into_iter().enumerate().map(|(index, local)| {
            Worker::new(Arc::clone(&shared), index, local, seed.wrapping_add(index as u64))
        });
        let handle = Handle::new(Arc::clone(&shared));
        let mut runtime = match workers.next() {
            Some(only) if !multi_thread => {
                Runtime::from_parts(handle, Driven::ByCaller(Seat::new(only, self.parks.clone())))
            }
            first => {
                let threads = Driven::ByThreads(Threads::default());
                let mut runtime = Runtime::from_parts(handle, threads);
                for worker in first.into_iter().chain(workers) {
                    // Should one not start, the runtime is dropped here, which ends those that did.
                    runtime.start_worker(&self.threads, &self.parks, worker)?;
                }
                runtime
            }
        };
        runtime.start_monitor(&self.stalls)?;
        Ok(runtime)
    }

    /// Makes a runtime that stays on its thread, and whose tasks may stay there too.
    ///
    /// # Errors
    /// Those of [`Builder::build`].
    ///
    /// # Panics
    /// For a multi-thread runtime.
    ///
    /// ```
    /// use whippet::runtime::{Builder, LocalOptions};
    ///
    /// let runtime = Builder::new_current_thread().build_local(LocalOptions::default())?;
    /// let task = runtime.spawn_local(async { std::rc::Rc::new(7) });
    /// assert_eq!(*runtime.block_on(task).unwrap(), 7);
    /// # std::io::Result::Ok(())
    /// ```
    #[track_caller]
    pub fn build_local(&mut self, _options: LocalOptions) -> io::Result<LocalRuntime> {
        assert!(!self.config.multi_thread, "a local runtime has no worker threads");
        self.build().map(LocalRuntime::from_runtime)
    }

    /// How many workers a multi-thread runtime gets.
    fn worker_count(&self) -> usize {
        let available = || std::thread::available_parallelism().map_or(1, usize::from);
        self.workers.unwrap_or_else(available).min(MAX_WORKERS)
    }

    /// The pool for blocking calls. A paused clock stands while one goes on.
    fn pool(&self, driver: &Arc<Driver>) -> Arc<Pool> {
        let driver = Arc::clone(driver);
        let options = self.threads.clone();
        let start = move |body: Box<dyn FnOnce() + Send>| options.start((), body).map(drop);
        Pool::new(self.max_blocking_threads, self.keep_alive, Box::new(start), move || {
            driver.nudge()
        })
    }
}
