//! Descriptors of a program's own.

use crate::check::{any, check};
use std::io;

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::io::unix::TryIoError;
        whippet::io::Interest;
        whippet::io::Ready;
    }
    [Send if Send, Sync if Sync, Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::io::unix::AsyncFdReadyMutGuard<'static, T>;
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, !UnwindSafe, !RefUnwindSafe] {
        whippet::io::unix::AsyncFdRegisterError<T>;
    }
    [Send if Send, Sync if Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::io::unix::AsyncFd::<T>::readable_mut(any());
        fn whippet::io::unix::AsyncFd::<T>::writable_mut(any());
        fn whippet::io::unix::AsyncFd::<T>::ready_mut(any(), any());
        fn whippet::io::unix::AsyncFd::<T>::async_io_mut(any(), any(), any::<fn(&mut T) -> io::Result<()>>());
    }
    [Send if Sync, Sync if Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::io::unix::AsyncFd::<T>::async_io(any(), any(), any::<fn(&T) -> io::Result<()>>());
    }
    [Send if Sync, Sync if Sync, Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::io::unix::AsyncFdReadyGuard<'static, T>;
    }
    [Send if Sync, Sync if Sync, !Unpin, UnwindSafe if RefUnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn whippet::io::unix::AsyncFd::<T>::readable(any());
        fn whippet::io::unix::AsyncFd::<T>::writable(any());
        fn whippet::io::unix::AsyncFd::<T>::ready(any(), any());
    }
    [Send if Send, Sync if Sync, Unpin if Unpin, UnwindSafe if UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        whippet::io::unix::AsyncFd<T>;
    }
}
