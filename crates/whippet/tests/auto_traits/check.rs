//! The means: types that stand for every kind of value, the question whether a type has a trait, and the table's syntax.
//!
//! The question is answered by a type, [`True`] or [`False`], so a wrong line of a table does not compile; the compiler
//! says which type, which trait and which kind of value it is. A method of [`Probe`] that needs the trait is preferred by the compiler to the method
//! of [`Otherwise`], which needs nothing.

use std::any::Any;
use std::future::Future;
use std::io::{Result, SeekFrom};
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd};
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};
use whippet::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};

/// It has the trait.
pub(crate) struct True;

/// It has not.
pub(crate) struct False;

/// Both.
pub(crate) trait And<Other> {
    /// `True` if both are.
    type Answer;
}

impl<Other> And<Other> for True {
    type Answer = Other;
}

impl<Other> And<Other> for False {
    type Answer = False;
}

/// Both in one word.
pub(crate) type Both<One, Other> = <One as And<Other>>::Answer;

/// The answer to whether `T` has the trait `Auto`.
pub(crate) struct Says<T: ?Sized, Auto: ?Sized, Answer>(
    PhantomData<(Answer, *const Auto, *const T)>,
);

/// The answer about `Type` and `Auto` is `Expected`.
#[diagnostic::on_unimplemented(
    message = "`{Type}`, `{Auto}`: the table says `{Expected}`, the compiler `{Self}`"
)]
pub(crate) trait Is<Expected, Type: ?Sized, Auto: ?Sized> {}

impl<Answer, Type: ?Sized, Auto: ?Sized> Is<Answer, Type, Auto> for Answer {}

impl<T: ?Sized, Auto: ?Sized, Answer> Says<T, Auto, Answer> {
    /// Compiles if the answer is `Expected`.
    pub(crate) fn must_be<Expected>(self)
    where
        Answer: Is<Expected, T, Auto>,
    {
    }
}

/// Asks which traits `T` has.
pub(crate) struct Probe<T: ?Sized>(PhantomData<T>);

/// A probe of a type.
pub(crate) fn probe<T: ?Sized>() -> Probe<T> {
    Probe(PhantomData)
}

/// A probe of the type of a value, for what has no name.
pub(crate) fn probe_of<T>(_: &T) -> Probe<T> {
    probe()
}

/// An argument that is never there: the functions that hold the checks are never called.
pub(crate) fn any<T>() -> T {
    unreachable!("checks are compiled, not called")
}

/// The questions, by the answer for a type that has the trait in question.
macro_rules! questions {
    ($($question:ident: $auto:ident;)+) => {
        $(
            impl<T: ?Sized + $auto> Probe<T> {
                pub(crate) fn $question(&self) -> Says<T, dyn $auto, True> {
                    Says(PhantomData)
                }
            }
        )+

        /// The answer for all others.
        pub(crate) trait Otherwise<T: ?Sized> {
            $(
                fn $question(&self) -> Says<T, dyn $auto, False> {
                    Says(PhantomData)
                }
            )+
        }
    };
}

questions! {
    send: Send;
    sync: Sync;
    unpin: Unpin;
    unwind_safe: UnwindSafe;
    ref_unwind_safe: RefUnwindSafe;
}

impl<T: ?Sized> Otherwise<T> for Probe<T> {}

/// Which traits a kind of value has.
pub(crate) trait Has {
    type Send;
    type Sync;
    type Unpin;
    type UnwindSafe;
    type RefUnwindSafe;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $($auto:ident)+ => $send:ty, $sync:ty, $unpin:ty, $unwind:ty, $ref_unwind:ty;)+) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub(crate) struct $name(PhantomData<dyn Any $(+ $auto)+>);

            impl Has for $name {
                type Send = $send;
                type Sync = $sync;
                type Unpin = $unpin;
                type UnwindSafe = $unwind;
                type RefUnwindSafe = $ref_unwind;
            }

            whatever_a_table_needs!($name);
        )+
    };
}

/// Traits that types and functions want of `T`.
macro_rules! whatever_a_table_needs {
    ($name:ident) => {
        impl Clone for $name {
            fn clone(&self) -> Self {
                any()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                any()
            }
        }

        impl Future for $name {
            type Output = ();

            fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
                any()
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                any()
            }
        }

        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                _: &mut [u8],
            ) -> Poll<Result<usize>> {
                any()
            }
        }

        impl AsyncBufRead for $name {
            fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<&[u8]>> {
                any()
            }

            fn consume(self: Pin<&mut Self>, _: usize) {
                any()
            }
        }

        impl AsyncWrite for $name {
            fn poll_write(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                _: &[u8],
            ) -> Poll<Result<usize>> {
                any()
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
                any()
            }

            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<()>> {
                any()
            }
        }

        impl AsyncSeek for $name {
            fn poll_seek(
                self: Pin<&mut Self>,
                _: &mut Context<'_>,
                _: SeekFrom,
            ) -> Poll<Result<u64>> {
                any()
            }
        }
    };
}

kinds! {
    /// As most values.
    Plain: Send Sync Unpin UnwindSafe RefUnwindSafe => True, True, True, True, True;
    /// As a `Cell`, for threads.
    NotSync: Send Unpin UnwindSafe RefUnwindSafe => True, False, True, True, True;
    /// As the guard of a lock of std.
    NotSend: Sync Unpin UnwindSafe RefUnwindSafe => False, True, True, True, True;
    /// As an `Rc`.
    Local: Unpin UnwindSafe RefUnwindSafe => False, False, True, True, True;
    /// As a future that an `async` block makes.
    NotUnpin: Send Sync UnwindSafe RefUnwindSafe => True, True, False, True, True;
    /// As an exclusive reference, for unwinding.
    NotUnwindSafe: Send Sync Unpin RefUnwindSafe => True, True, True, False, True;
    /// As a `Cell`, for unwinding.
    NotRefUnwindSafe: Send Sync Unpin UnwindSafe => True, True, True, True, False;
}

/// The answer that a clause of the table expects for the kind `T`.
macro_rules! expected {
    ($auto:ident) => {
        $crate::check::True
    };
    (!$auto:ident) => {
        $crate::check::False
    };
    ($auto:ident if $one:ident) => {
        <T as $crate::check::Has>::$one
    };
    ($auto:ident if $one:ident + $other:ident) => { $crate::check::Both<<T as $crate::check::Has>::$one, <T as $crate::check::Has>::$other> };
}

/// A table: which of the auto traits the types and futures below a line of expectations have.
///
/// `[Send if Send + Sync, …]` means that it is `Send` exactly where `T` is `Send` and `Sync`. `T` is each kind of value in turn. A
/// line is a type with its full path, or the call of a function that gives a future, with a `_` for each argument.
macro_rules! check {
    ($([$($clauses:tt)*] { $($($line:tt)+)? })+) => {
        $($crate::check::check!(@lines [$($clauses)*] $($($line)+)?);)+
    };
    (@lines $clauses:tt) => {};
    (@lines $clauses:tt fn $call:expr; $($rest:tt)*) => {
        $crate::check::check!(@kinds $clauses { $crate::check::probe_of(&$call) });
        $crate::check::check!(@lines $clauses $($rest)*);
    };
    (@lines $clauses:tt $type:ty; $($rest:tt)*) => {
        $crate::check::check!(@kinds $clauses { $crate::check::probe::<$type>() });
        $crate::check::check!(@lines $clauses $($rest)*);
    };
    (@kinds $clauses:tt $probe:tt) => {
        $crate::check::check!(@kind Plain $clauses $probe);
        $crate::check::check!(@kind NotSync $clauses $probe);
        $crate::check::check!(@kind NotSend $clauses $probe);
        $crate::check::check!(@kind Local $clauses $probe);
        $crate::check::check!(@kind NotUnpin $clauses $probe);
        $crate::check::check!(@kind NotUnwindSafe $clauses $probe);
        $crate::check::check!(@kind NotRefUnwindSafe $clauses $probe);
    };
    (@kind $kind:ident
        [$(!$no_send:ident)? $($send:ident $(if $send_if:ident $(+ $send_and:ident)?)?)?,
         $(!$no_sync:ident)? $($sync:ident $(if $sync_if:ident $(+ $sync_and:ident)?)?)?,
         $(!$no_unpin:ident)? $($unpin:ident $(if $unpin_if:ident $(+ $unpin_and:ident)?)?)?,
         $(!$no_unwind_safe:ident)? $($unwind_safe:ident $(if $unwind_safe_if:ident $(+ $unwind_safe_and:ident)?)?)?,
         $(!$no_ref_unwind_safe:ident)? $($ref_unwind_safe:ident $(if $ref_unwind_safe_if:ident $(+ $ref_unwind_safe_and:ident)?)?)?]
        $probe:tt
    ) => {
        const _: fn() = || {
            #[allow(unused_imports, reason = "used where a trait is missing")]
            use $crate::check::Otherwise as _;
            #[allow(dead_code, reason = "what is not generic is the same for all")]
            type T = $crate::check::$kind;
            let probe = $probe;
            probe.send().must_be::<$crate::check::expected!($(!$no_send)? $($send $(if $send_if $(+ $send_and)?)?)?)>();
            probe.sync().must_be::<$crate::check::expected!($(!$no_sync)? $($sync $(if $sync_if $(+ $sync_and)?)?)?)>();
            probe.unpin().must_be::<$crate::check::expected!($(!$no_unpin)? $($unpin $(if $unpin_if $(+ $unpin_and)?)?)?)>();
            probe.unwind_safe().must_be::<$crate::check::expected!($(!$no_unwind_safe)? $($unwind_safe $(if $unwind_safe_if $(+ $unwind_safe_and)?)?)?)>();
            probe.ref_unwind_safe().must_be::<$crate::check::expected!($(!$no_ref_unwind_safe)? $($ref_unwind_safe $(if $ref_unwind_safe_if $(+ $ref_unwind_safe_and)?)?)?)>();
        };
    };
}

pub(crate) use {check, expected};
