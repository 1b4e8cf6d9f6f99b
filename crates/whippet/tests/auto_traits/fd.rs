//! Descriptors of a program's own.

use crate::check::{any, check};
use std::io;
use whippet::io::unix::AsyncFd;

check! {
    [Send if Send, Sync if Sync, !Unpin, !UnwindSafe, RefUnwindSafe if RefUnwindSafe] {
        fn AsyncFd::<T>::readable_mut(any());
        fn AsyncFd::<T>::writable_mut(any());
        fn AsyncFd::<T>::ready_mut(any(), any());
        fn AsyncFd::<T>::async_io_mut(any(), any(), any::<fn(&mut T) -> io::Result<()>>());
    }
}
