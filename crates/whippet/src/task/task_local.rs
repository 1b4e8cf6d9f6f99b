//! Values that belong to a task and not to a thread.
//!
//! A key is a thread-local slot. A [`TaskLocalFuture`] keeps its value itself, and changes places with the slot for
//! the time of each poll, and for its end: so the value is there whatever thread polls, and gone in between.

use pin_project_lite::pin_project;
use std::cell::RefCell;
use std::fmt;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

/// Declares keys of values that belong to a task: see [`LocalKey`](crate::task::LocalKey).
///
/// ```text
/// task_local! {
///     <attributes> <visibility> static <NAME>: <type>;
///     ...
/// }
/// ```
///
/// A key has no value until [`scope`](crate::task::LocalKey::scope) gives it one. The last semicolon may be left out.
///
/// # Examples
/// ```
/// whippet::task_local! {
///     /// Who asked.
///     static USER: String;
///     static NUMBER: u32;
/// }
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = NUMBER.scope(7, async { NUMBER.get() * 6 });
/// assert_eq!(whippet::spawn(answer).await.unwrap(), 42);
/// assert!(USER.try_with(|_| ()).is_err());
/// # });
/// ```
#[macro_export]
macro_rules! task_local {
    () => {};
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty; $($rest:tt)*) => {
        $crate::task_local! { $(#[$attribute])* $vis static $name: $type }
        $crate::task_local! { $($rest)* }
    };
    ($(#[$attribute:meta])* $vis:vis static $name:ident: $type:ty) => {
        $(#[$attribute])*
        $vis static $name: $crate::task::LocalKey<$type> = {
            ::std::thread_local! {
                static SLOT: ::std::cell::RefCell<::core::option::Option<$type>> =
                    const { ::std::cell::RefCell::new(::core::option::Option::None) };
            }
            $crate::task::LocalKey::__new(&SLOT)
        };
    };
}

/// The key of a value that belongs to a task. [`task_local!`](crate::task_local) declares it.
///
/// # Examples
/// ```
/// whippet::task_local! {
///     static DEPTH: u32;
/// }
///
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let deeper = async {
///     let here = DEPTH.get();
///     // Scopes nest: the inner value hides the outer one.
///     assert_eq!(DEPTH.scope(here + 1, async { DEPTH.get() }).await, here + 1);
///     assert_eq!(DEPTH.get(), here);
/// };
/// DEPTH.scope(1, deeper).await;
/// # });
/// ```
pub struct LocalKey<T: 'static> {
    /// The place of the value on the thread that polls.
    slot: &'static thread::LocalKey<RefCell<Option<T>>>,
}

/// A key had no value: the place was outside of a [scope](LocalKey::scope) of it, or the thread ends.
///
/// ```
/// whippet::task_local! {
///     static NUMBER: u32;
/// }
///
/// let error = NUMBER.try_get().unwrap_err();
/// assert!(error.to_string().starts_with("this task-local key has no value here"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessError {}

impl fmt::Display for AccessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this task-local key has no value here; give it one around this by `LocalKey::scope`",
        )
    }
}

impl std::error::Error for AccessError {}

/// Why a scope could not be entered.
enum BorrowFailure {
    /// The value is borrowed, inside of `with`.
    Borrowed,
    /// The thread ends, and the slot is gone.
    NoSlot,
}

impl<T: 'static> LocalKey<T> {
    /// A key for this slot. Called by what `task_local!` writes, and no part of the public interface.
    #[doc(hidden)]
    pub const fn __new(slot: &'static thread::LocalKey<RefCell<Option<T>>>) -> Self {
        Self { slot }
    }

    /// A future in which the key has this value: in all polls of `future`, and in its drop.
    ///
    /// Tasks that `future` spawns are no part of it: give them the value by a scope of their own.
    ///
    /// # Panics
    /// Polling panics when it happens inside of [`LocalKey::with`] of the same key.
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// NUMBER.scope(1, async { assert_eq!(NUMBER.get(), 1) }).await;
    /// # });
    /// ```
    #[track_caller]
    pub fn scope<F: Future>(&'static self, value: T, future: F) -> TaskLocalFuture<T, F> {
        TaskLocalFuture {
            key: self,
            value: Some(value),
            future: Some(future),
            pinned: PhantomPinned,
        }
    }

    /// Calls `f`, in which the key has this value.
    ///
    /// # Panics
    /// Inside of [`LocalKey::with`] of the same key; and when `f` does.
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert_eq!(NUMBER.sync_scope(1, || NUMBER.get()), 1);
    /// ```
    #[track_caller]
    pub fn sync_scope<F: FnOnce() -> R, R>(&'static self, value: T, f: F) -> R {
        match self.enter(&mut Some(value), f) {
            Ok(result) => result,
            Err(failure) => failure.panic("LocalKey::sync_scope"),
        }
    }

    /// Calls `f` with the value.
    ///
    /// # Panics
    /// If the key has none here; see [`LocalKey::try_with`]. And when `f` does.
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NAME: String;
    /// }
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let length = NAME.scope("alice".to_owned(), async { NAME.with(String::len) });
    /// assert_eq!(whippet::spawn(length).await.unwrap(), 5);
    /// # });
    /// ```
    #[track_caller]
    pub fn with<F: FnOnce(&T) -> R, R>(&'static self, f: F) -> R {
        self.with_in("LocalKey::with", f)
    }

    /// As [`with`](Self::with), in the method of this name.
    #[track_caller]
    fn with_in<R>(&'static self, call: &str, f: impl FnOnce(&T) -> R) -> R {
        match self.try_with(f) {
            Ok(result) => result,
            Err(error) => panic!("`{call}`: {error}"),
        }
    }

    /// Calls `f` with the value.
    ///
    /// # Errors
    /// If the key has none here.
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NAME: String;
    /// }
    ///
    /// assert!(NAME.try_with(String::len).is_err());
    /// let name = String::from("alice");
    /// assert_eq!(NAME.sync_scope(name, || NAME.try_with(String::len)), Ok(5));
    /// ```
    pub fn try_with<F: FnOnce(&T) -> R, R>(&'static self, f: F) -> Result<R, AccessError> {
        let result = self.slot.try_with(|slot| slot.borrow().as_ref().map(f)).ok().flatten();
        result.ok_or(AccessError {})
    }

    /// A copy of the value.
    ///
    /// # Panics
    /// If the key has none here; see [`LocalKey::try_get`].
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let doubled = NUMBER.scope(7, async { 2 * NUMBER.get() });
    /// assert_eq!(whippet::spawn(doubled).await.unwrap(), 14);
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn get(&'static self) -> T
    where
        T: Clone,
    {
        self.with_in("LocalKey::get", T::clone)
    }

    /// A copy of the value.
    ///
    /// # Errors
    /// If the key has none here.
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// assert!(NUMBER.try_get().is_err());
    /// assert_eq!(NUMBER.sync_scope(7, || NUMBER.try_get()), Ok(7));
    /// ```
    pub fn try_get(&'static self) -> Result<T, AccessError>
    where
        T: Clone,
    {
        self.try_with(T::clone)
    }

    /// Calls `f` while the value is in the slot; what was there before is put back, after a panic too.
    fn enter<R>(
        &'static self,
        value: &mut Option<T>,
        f: impl FnOnce() -> R,
    ) -> Result<R, BorrowFailure> {
        /// Puts back what was there.
        struct RestoreOnDrop<'a, T: 'static> {
            key: &'static LocalKey<T>,
            value: &'a mut Option<T>,
        }
        impl<T: 'static> Drop for RestoreOnDrop<'_, T> {
            fn drop(&mut self) {
                // Nobody can look at the value any more, whose borrow ends with the call of `with` that is inside of `f`.
                let _ = self.key.swap(self.value);
            }
        }
        self.swap(value)?;
        let _restore = RestoreOnDrop { key: self, value };
        Ok(f())
    }

    /// Lets the value and what is in the slot change places.
    fn swap(&'static self, value: &mut Option<T>) -> Result<(), BorrowFailure> {
        let swapped = self.slot.try_with(|slot| {
            let mut slot = slot.try_borrow_mut().map_err(|_| BorrowFailure::Borrowed)?;
            std::mem::swap(&mut *slot, value);
            Ok(())
        });
        swapped.unwrap_or(Err(BorrowFailure::NoSlot))
    }
}

impl BorrowFailure {
    #[track_caller]
    fn panic(self, call: &str) -> ! {
        match self {
            Self::Borrowed => {
                panic!(
                    "`{call}`: `with` of the same key is not over; leave the closure of `with` first"
                )
            }
            Self::NoSlot => {
                panic!(
                    "`{call}`: the thread ends, and its locals are dropped; enter the scope before"
                )
            }
        }
    }
}

impl<T: 'static> fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").finish_non_exhaustive()
    }
}

pin_project! {
    /// A future in which a task-local key has a value: see [`LocalKey::scope`].
    ///
    /// ```
    /// whippet::task_local! {
    ///     static NUMBER: u32;
    /// }
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let future = NUMBER.scope(7, async {
    ///     whippet::task::yield_now().await;
    ///     NUMBER.get()
    /// });
    /// assert_eq!(future.await, 7);
    /// assert!(NUMBER.try_get().is_err());
    /// # });
    /// ```
    #[must_use = "futures do nothing unless you `.await` or poll them"]
    pub struct TaskLocalFuture<T, F>
    where
        T: 'static,
    {
        // The key.
        key: &'static LocalKey<T>,
        // The value, between polls.
        value: Option<T>,
        // The future; dropped in the scope as soon as it is ready.
        #[pin]
        future: Option<F>,
        // What the value may point to stays where it is.
        #[pin]
        pinned: PhantomPinned,
    }

    impl<T: 'static, F> PinnedDrop for TaskLocalFuture<T, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let mut future = this.future;
            if future.is_some() {
                // When that fails the future is dropped with the rest, outside of the scope.
                let _ = this.key.enter(this.value, || future.set(None));
            }
        }
    }
}

impl<T: 'static, F> TaskLocalFuture<T, F> {
    /// Takes the value out, as when the future is ready and the value is wanted back. In later polls the key has none.
    ///
    /// ```
    /// whippet::task_local! {
    ///     static COUNT: std::cell::Cell<u32>;
    /// }
    ///
    /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let counts = COUNT.scope(std::cell::Cell::new(0), async {
    ///     COUNT.with(|count| count.set(count.get() + 1));
    /// });
    /// let mut counts = std::pin::pin!(counts);
    /// counts.as_mut().await;
    /// assert_eq!(counts.take_value().unwrap().get(), 1);
    /// # });
    /// ```
    pub fn take_value(self: Pin<&mut Self>) -> Option<T> {
        self.project().value.take()
    }
}

impl<T: 'static, F: Future> Future for TaskLocalFuture<T, F> {
    type Output = F::Output;

    #[track_caller]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut future = this.future;
        let polled = this.key.enter(this.value, || {
            let Some(running) = future.as_mut().as_pin_mut() else {
                panic!(
                    "`LocalKey::scope`: its future was polled after it was ready; poll it no more"
                )
            };
            let polled = running.poll(cx);
            if polled.is_ready() {
                future.set(None);
            }
            polled
        });
        polled.unwrap_or_else(|failure| failure.panic("LocalKey::scope"))
    }
}

impl<T: fmt::Debug, F> fmt::Debug for TaskLocalFuture<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskLocalFuture").field("value", &self.value).finish_non_exhaustive()
    }
}
