//! Tasks, and what is held of them.

use crate::check::{any, check};
use std::future::Ready;

check! {
    [!Send, !Sync, Unpin, UnwindSafe, !RefUnwindSafe] {
        whippet::task::coop::RestoreOnPending;
    }
    [!Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::task::LocalEnterGuard;
    }
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::task::AbortHandle;
        whippet::task::Id;
        whippet::task::JoinError;
        whippet::task::LocalKey<T>;
        whippet::task::AccessError;
        whippet::task::TaskTracker;
        whippet::task::TaskTrackerToken;
        whippet::task::TaskTrackerWaitFuture<'static>;
        whippet::task::Scope;
    }
    [Send, Sync, !Unpin, UnwindSafe, RefUnwindSafe] {
        fn whippet::task::coop::consume_budget();
    }
    [!Send, !Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::task::LocalSet;
    }
    [Send, Sync, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::task::yield_now();
    }
    [Send if Send, Sync if Send, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::task::JoinHandle<T>;
        whippet::task::JoinSet<T>;
        whippet::task::AbortOnDropHandle<T>;
        whippet::task::ScopedHandle<T>;
    }
    [Send if Send, Sync if Send, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::task::JoinSet::<T>::join_next(any());
        fn whippet::task::JoinSet::<T>::join_next_with_id(any());
        fn whippet::task::JoinSet::<T>::shutdown(any());
    }
    [!Send, !Sync, !Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::task::LocalSet::run_until(any(), any::<T>());
    }
    [Send if Send, Sync if Send + Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::task::JoinSet::<T>::join_all(any());
    }
    [Send if Send, Sync if Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::task::scope(any::<fn(whippet::task::Scope) -> Ready<T>>());
        fn whippet::task::scope(any::<fn(whippet::task::Scope) -> T>());
    }
    [Send if Send, Sync if Sync, !Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::task::futures::TaskLocalFuture<T, Ready<()>>;
        whippet::task::futures::TaskLocalFuture<u8, T>;
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::task::coop::Unconstrained<T>;
        whippet::task::coop::Coop<T>;
        whippet::task::TrackedFuture<T>;
    }
}
