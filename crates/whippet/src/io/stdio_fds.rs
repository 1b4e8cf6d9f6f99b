//! The descriptors of the standard streams.

use super::stdio::{Stderr, Stdin, Stdout};
use rustix::stdio;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

/// Implements both traits; the descriptor is the process's, whatever a call has at the moment.
macro_rules! impl_as_fd {
    ($($type:ident = $descriptor:path,)*) => {
        $(
            impl AsFd for $type {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    $descriptor()
                }
            }

            impl AsRawFd for $type {
                fn as_raw_fd(&self) -> RawFd {
                    self.as_fd().as_raw_fd()
                }
            }
        )*
    };
}

impl_as_fd! {
    Stdin = stdio::stdin,
    Stdout = stdio::stdout,
    Stderr = stdio::stderr,
}
