//! What tasks share beside locks and channels.

use crate::check::{any, check};
use std::future::Ready;

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::sync::Notify;
        whippet::sync::futures::Notified<'static>;
        whippet::sync::futures::OwnedNotified;
        whippet::sync::Barrier;
        whippet::sync::BarrierWaitResult;
        whippet::sync::Semaphore;
        whippet::sync::SemaphorePermit<'static>;
        whippet::sync::OwnedSemaphorePermit;
        whippet::sync::AcquireError;
        whippet::sync::TryAcquireError;
        whippet::sync::CancellationToken;
        whippet::sync::DropGuard;
        whippet::sync::DropGuardRef<'static>;
        whippet::sync::WaitForCancellationFuture<'static>;
        whippet::sync::WaitForCancellationFutureOwned;
        fn whippet::sync::Semaphore::acquire(any());
        fn whippet::sync::Semaphore::acquire_many(any(), any());
    }
    [Send, Sync, !Unpin, UnwindSafe, RefUnwindSafe] {
        fn whippet::sync::Semaphore::acquire_owned(any());
        fn whippet::sync::Semaphore::acquire_many_owned(any(), any());
    }
    [Send, Sync, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::sync::Barrier::wait(any());
    }
    [Send if Send + Sync, Sync if Send + Sync, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::sync::OnceCell::<T>::get_or_init(any(), any::<fn() -> Ready<T>>());
        fn whippet::sync::OnceCell::<T>::get_or_try_init(any(), any::<fn() -> Ready<Result<T, ()>>>());
        fn whippet::sync::SetOnce::<T>::wait(any());
    }
    [Send if Send, Sync if Sync, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::sync::OnceCell::<()>::get_or_init(any(), any::<fn() -> T>());
    }
    [Send if Send, Sync if Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::sync::CancellationToken::run_until_cancelled(any(), any::<T>());
        fn whippet::sync::CancellationToken::run_until_cancelled_owned(any(), any::<T>());
    }
    [Send if Send, Sync if Send + Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, !RefUnwindSafe] {
        whippet::sync::OnceCell<T>;
        whippet::sync::SetOnce<T>;
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::sync::SetError<T>;
        whippet::sync::SetOnceError<T>;
    }
}
