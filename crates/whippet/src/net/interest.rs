//! What a socket is waited for, and what it is ready for.

use crate::reactor::{Readiness, Want};
use std::ops::BitOr;

/// What to wait for in `ready`: combined with `|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interest(pub(super) Want);

impl Interest {
    /// Something to read, a connection to accept, or the end of what the peer sends.
    pub const READABLE: Self = Self(Want::READ);
    /// Room to write, or the end of the connection.
    pub const WRITABLE: Self = Self(Want::WRITE);
    /// An error, or the end of the connection in both directions (a reset is both): seen without reading.
    pub const ERROR: Self = Self(Want::ERROR);

    /// Either of both.
    #[must_use]
    pub const fn add(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl BitOr for Interest {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.add(other)
    }
}

/// What a socket is ready for: an operation of that kind may succeed, though it can still block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready(pub(super) Readiness);

impl Ready {
    /// A read may succeed.
    #[must_use]
    pub const fn is_readable(self) -> bool {
        self.0.meets(Want::READ)
    }

    /// A write may succeed.
    #[must_use]
    pub const fn is_writable(self) -> bool {
        self.0.meets(Want::WRITE)
    }

    /// The peer sends no more.
    #[must_use]
    pub const fn is_read_closed(self) -> bool {
        self.0.is_read_dead()
    }

    /// The connection is gone in both directions.
    #[must_use]
    pub const fn is_write_closed(self) -> bool {
        self.0.is_write_dead()
    }

    /// An error is pending, or the connection is gone.
    #[must_use]
    pub const fn is_error(self) -> bool {
        self.0.meets(Want::ERROR)
    }
}
