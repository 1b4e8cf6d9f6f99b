//! What a program has called when a thread starts, stops, parks and unparks.

use super::Builder;
use std::sync::Arc;

impl Builder {
    /// Called first on each of the runtime's threads.
    ///
    /// A hook that panics ends there: the panic is reported as any other, and the thread goes on.
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
    pub fn on_thread_start<F: Fn() + Send + Sync + 'static>(&mut self, hook: F) -> &mut Self {
        self.threads.on_start = Some(Arc::new(hook));
        self
    }

    /// Called last on each of the runtime's threads.
    ///
    /// A hook that panics ends there: the panic is reported as any other, and the thread goes on.
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
    pub fn on_thread_stop<F: Fn() + Send + Sync + 'static>(&mut self, hook: F) -> &mut Self {
        self.threads.on_stop = Some(Arc::new(hook));
        self
    }

    /// Called each time a worker has nothing to do, before it sleeps. It is called inside of the runtime; what it spawns
    /// is run before the worker sleeps.
    ///
    /// A hook that panics ends there: the panic is reported as any other, and the thread goes on.
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
    pub fn on_thread_park<F: Fn() + Send + Sync + 'static>(&mut self, hook: F) -> &mut Self {
        self.parks.before = Some(Arc::new(hook));
        self
    }

    /// Called each time a worker goes on after it had nothing to do, whether or not it slept.
    ///
    /// A hook that panics ends there: the panic is reported as any other, and the thread goes on.
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
    pub fn on_thread_unpark<F: Fn() + Send + Sync + 'static>(&mut self, hook: F) -> &mut Self {
        self.parks.after = Some(Arc::new(hook));
        self
    }
}
