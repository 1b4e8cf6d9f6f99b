//! Locks and their guards.

use crate::check::{any, check};

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::sync::TryLockError;
    }
    [Send if Send, Sync if Send + Sync, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::MutexGuard<'static, T>;
        whippet::sync::OwnedMutexGuard<T>;
    }
    [Send if Send, Sync if Send, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::OwnedMappedMutexGuard<T, u8>;
    }
    [Send if Send, Sync if Sync, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::OwnedMappedMutexGuard<u8, T>;
    }
    [Send if Send + Sync, Sync if Send + Sync, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::OwnedRwLockReadGuard<T, u8>;
        whippet::sync::OwnedRwLockWriteGuard<T>;
        whippet::sync::OwnedRwLockMappedWriteGuard<T, u8>;
    }
    [Send if Sync, Sync if Sync, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::OwnedRwLockReadGuard<u8, T>;
    }
    [Send if Send + Sync, Sync if Sync, Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::sync::OwnedRwLockMappedWriteGuard<u8, T>;
    }
    [Send if Send, Sync if Send, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::sync::Mutex::<T>::lock(any());
        fn whippet::sync::Mutex::<T>::lock_owned(any());
    }
    [Send if Send + Sync, Sync if Send + Sync, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::sync::RwLock::<T>::read(any());
        fn whippet::sync::RwLock::<T>::read_owned(any());
        fn whippet::sync::RwLock::<T>::write(any());
        fn whippet::sync::RwLock::<T>::write_owned(any());
    }
    [Send if Send, Sync if Sync, Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::sync::MappedMutexGuard<'static, T>;
    }
    [Send if Sync, Sync if Sync, Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::sync::RwLockReadGuard<'static, T>;
    }
    [Send if Send + Sync, Sync if Sync, Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::sync::RwLockWriteGuard<'static, T>;
        whippet::sync::RwLockMappedWriteGuard<'static, T>;
    }
    [Send if Send, Sync if Send, Unpin if Unpin, UnwindSafe if UnwindSafe, !RefUnwindSafe] {
        whippet::sync::Mutex<T>;
    }
    [Send if Send, Sync if Send + Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, !RefUnwindSafe] {
        whippet::sync::RwLock<T>;
    }
}
