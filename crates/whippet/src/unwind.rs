//! What becomes of a panic of user code that is called in the middle of a step of whippet's own.
//!
//! The step is finished, whatever the user code does. Where the panic goes then depends on whom it concerns:
//!
//! - *several calls in a row* (wakers, values to be dropped): each is made; the first panic goes on to the caller
//!   afterwards, the others end there ([`FirstPanic`]);
//! - *nobody's*: a hook, a waker that is dropped, a waker that is woken by a call that has something else to hand out. The
//!   panic ends where it is ([`catch_panic`], [`drop_catching`]). The program's panic hook has reported it before.
//!
//! While the thread panics already nothing is passed on: a second panic would end the process. docs/UNWINDING.md lists the
//! places.

use std::any::Any;
use std::mem::{ManuallyDrop, needs_drop};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What a panic carries.
type Payload = Box<dyn Any + Send>;

/// Calls of user code, each of which is made whatever became of those before.
#[derive(Debug)]
#[must_use = "the panic is lost unless it is passed on"]
pub(crate) struct FirstPanic(Option<Payload>);

impl FirstPanic {
    /// Nothing has panicked.
    pub(crate) const fn none() -> Self {
        Self(None)
    }

    /// Calls `f`; none if it panicked.
    #[inline]
    pub(crate) fn call<R>(&mut self, f: impl FnOnce() -> R) -> Option<R> {
        match catch_unwind(AssertUnwindSafe(f)) {
            Ok(result) => Some(result),
            Err(payload) => {
                self.keep(payload);
                None
            }
        }
    }

    #[cold]
    fn keep(&mut self, payload: Payload) {
        match self.0 {
            None => self.0 = Some(payload),
            Some(_) => drop_panic_payload(payload),
        }
    }

    /// Passes the first panic on, unless the thread panics already.
    #[inline]
    pub(crate) fn pass_on(self) {
        if let Some(payload) = self.0 {
            pass_on(payload);
        }
    }

    /// Lets the first panic end here.
    #[inline]
    pub(crate) fn end(self) {
        if let Some(payload) = self.0 {
            drop_panic_payload(payload);
        }
    }
}

#[cold]
fn pass_on(payload: Payload) {
    if std::thread::panicking() {
        drop_panic_payload(payload);
    } else {
        resume_unwind(payload);
    }
}

/// Calls `f`; its panic ends here. None if it panicked.
#[inline]
pub(crate) fn catch_panic<R>(f: impl FnOnce() -> R) -> Option<R> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(result) => Some(result),
        Err(payload) => {
            drop_panic_payload(payload);
            None
        }
    }
}

/// Drops a user's value; its panic ends here.
#[inline]
pub(crate) fn drop_catching<T>(value: T) {
    if needs_drop::<T>() {
        let _ = catch_panic(|| drop(value));
    }
}

/// A user's value for as long as user code runs beside it: dropped by a panic of that code, its own panic ends here.
#[derive(Debug)]
pub(crate) struct CatchOnDrop<T>(Option<T>);

impl<T> CatchOnDrop<T> {
    /// From now on.
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    /// The code has come to its end.
    #[inline]
    pub(crate) fn into_inner(mut self) -> T {
        let Some(value) = self.0.take() else { unreachable!("it is taken once") };
        value
    }
}

impl<T> Drop for CatchOnDrop<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            drop_catching(value);
        }
    }
}

/// Drops a waker, if there is one; its panic ends here.
#[inline]
pub(crate) fn drop_waker(waker: Option<std::task::Waker>) {
    if waker.is_some() {
        drop_catching(waker);
    }
}

/// Drops all values that `next` gives, the others too if one panics; the first panic goes on.
pub(crate) fn drop_all<T>(mut next: impl FnMut() -> Option<T>) {
    let mut panicked = FirstPanic::none();
    // What panics is taken out already: the walk goes on behind it.
    while panicked.call(|| while next().is_some() {}).is_none() {}
    panicked.pass_on();
}

/// Drops the payload of a panic; should that panic in turn, the second payload is leaked.
#[cold]
fn drop_panic_payload(payload: Payload) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        let _ = ManuallyDrop::new(again);
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{FirstPanic, catch_panic, drop_all, drop_catching};
    use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

    /// Panics when it is dropped, with a payload that does so too.
    struct Worse;

    impl Drop for Worse {
        fn drop(&mut self) {
            panic_any(Self);
        }
    }

    fn payload(f: impl FnOnce()) -> Option<i32> {
        let caught = catch_unwind(AssertUnwindSafe(f)).err()?;
        Some(*caught.downcast().expect("a number"))
    }

    #[test]
    fn the_first_panic_goes_on_after_all_calls() {
        let mut calls = 0;
        let passed_on = payload(|| {
            let mut panicked = FirstPanic::none();
            for number in 0..4 {
                let called = panicked.call(|| {
                    calls += 1;
                    if number % 2 == 1 {
                        panic_any(number);
                    }
                });
                assert_eq!(called.is_none(), number % 2 == 1);
            }
            panicked.pass_on();
        });
        assert_eq!((calls, passed_on), (4, Some(1)));
    }

    #[test]
    fn no_panic_is_passed_on_within_another() {
        struct PassesOn;
        impl Drop for PassesOn {
            fn drop(&mut self) {
                let mut panicked = FirstPanic::none();
                let _ = panicked.call(|| panic_any(2));
                panicked.pass_on();
            }
        }
        let passed_on = payload(|| {
            let _passes_on = PassesOn;
            panic_any(1);
        });
        assert_eq!(passed_on, Some(1));
    }

    #[test]
    fn payloads_that_panic_end_where_they_are() {
        assert!(catch_panic(|| panic_any(Worse)).is_none());
        drop_catching(Worse);
        let mut panicked = FirstPanic::none();
        let _ = panicked.call(|| panic_any(1));
        let _ = panicked.call(|| panic_any(Worse));
        assert_eq!(payload(|| panicked.pass_on()), Some(1));
    }

    #[test]
    fn a_value_that_panics_keeps_no_other_from_its_drop() {
        struct Numbered(i32);
        impl Drop for Numbered {
            fn drop(&mut self) {
                panic_any(self.0);
            }
        }
        let mut left: Vec<_> = (1..5).rev().map(Numbered).collect();
        assert_eq!(payload(|| drop_all(|| left.pop())), Some(1));
        assert!(left.is_empty());
    }
}
