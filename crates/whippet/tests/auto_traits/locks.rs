//! Locks and their guards.

use crate::check::{any, check};
use whippet::sync::*;

check! {
    [Send if Send + Sync, Sync if Sync, Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        RwLockWriteGuard<'static, T>;
        RwLockMappedWriteGuard<'static, T>;
    }
    [Send if Send + Sync, Sync if Send + Sync, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn RwLock::<T>::write(any());
    }
}
