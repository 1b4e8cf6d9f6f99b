//! What a descriptor is ready for, what is wanted of it, and what a call uses up.
//!
//! One set of bits has four uses in the word of a slot ([`slot`](super::slot)): what was announced, who waits, and which
//! directions are backing off; the bits stand at the same distance from each other in all of them.

/// A read may succeed.
pub(super) const READ: u32 = 1;
/// A write may succeed.
pub(super) const WRITE: u32 = 1 << 1;
/// A read will never block again: the peer sends no more.
pub(super) const READ_CLOSED: u32 = 1 << 2;
/// A write will never block again: the connection is gone.
pub(super) const WRITE_CLOSED: u32 = 1 << 3;
/// An error was announced.
pub(super) const ERROR: u32 = 1 << 4;
/// Urgent data is marked among what may be read.
pub(super) const URGENT: u32 = 1 << 5;
/// The runtime has ended.
pub(super) const SHUTDOWN: u32 = 1 << 6;
/// A call for urgent data or another exceptional condition may succeed.
pub(super) const PRIORITY: u32 = 1 << 7;
/// What a call uses up, and what a waiter may wait for.
pub(super) const KINDS: u32 = READ | WRITE | ERROR | PRIORITY;
/// The ends: they stay when a call succeeds.
const CLOSED: u32 = READ_CLOSED | WRITE_CLOSED;
/// All bits that say what a descriptor is ready for.
pub(super) const ALL: u32 = KINDS | CLOSED | SHUTDOWN;

/// What a waiter waits for, or a call wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IoInterest(u32);

impl IoInterest {
    /// Something to read, or the end.
    pub(crate) const READ: Self = Self(READ | READ_CLOSED | SHUTDOWN);
    /// Room to write, or the end.
    pub(crate) const WRITE: Self = Self(WRITE | WRITE_CLOSED | SHUTDOWN);
    /// An error, or the end of both directions.
    pub(crate) const ERROR: Self = Self(ERROR | WRITE_CLOSED | SHUTDOWN);
    /// An exceptional condition, or the end of what may be read.
    pub(crate) const PRIORITY: Self = Self(PRIORITY | READ_CLOSED | SHUTDOWN);

    /// Either of both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all that another wants is wanted.
    pub(crate) const fn includes(self, other: Self) -> bool {
        other.0 & KINDS & !self.0 == 0
    }

    /// What is left without what another wants, if anything.
    pub(crate) fn without(self, other: Self) -> Option<Self> {
        let kinds = [Self::READ, Self::WRITE, Self::ERROR, Self::PRIORITY];
        let left = kinds.into_iter().filter(|kind| self.includes(*kind) && !other.includes(*kind));
        left.reduce(Self::or)
    }

    /// All that ends the wait.
    pub(super) const fn all(self) -> u32 {
        self.0
    }

    /// The kinds alone.
    pub(super) const fn kinds(self) -> u32 {
        self.0 & KINDS
    }

    /// All that ends the wait, but for the end of the runtime.
    pub(super) const fn announced(self) -> u32 {
        self.0 & !SHUTDOWN
    }

    /// What a call that was wanted uses up.
    pub(super) const fn used_up(self) -> u32 {
        let urgent = if self.0 & READ == 0 { 0 } else { URGENT };
        self.0 & KINDS | urgent
    }
}

/// What a descriptor is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Readiness(pub(super) u32);

impl Readiness {
    /// Ready for nothing.
    pub(crate) const NONE: Self = Self(0);
    /// A read may succeed.
    pub(crate) const READ: Self = Self(READ);
    /// A write may succeed.
    pub(crate) const WRITE: Self = Self(WRITE);
    /// A read will never block again.
    pub(crate) const READ_CLOSED: Self = Self(READ_CLOSED);
    /// A write will never block again.
    pub(crate) const WRITE_CLOSED: Self = Self(WRITE_CLOSED);
    /// An error is pending.
    pub(crate) const ERROR: Self = Self(ERROR);
    /// An exceptional condition is pending.
    pub(crate) const PRIORITY: Self = Self(PRIORITY);
    /// All that the kernel announces.
    pub(crate) const ALL: Self = Self(KINDS | CLOSED);

    /// What of it was wanted.
    pub(crate) const fn of(self, interest: IoInterest) -> Self {
        Self(self.0 & interest.announced())
    }

    /// Either of both.
    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What is left without another.
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What both have.
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What a clear takes away: the ends stay.
    pub(crate) const fn without_ends(self) -> Self {
        Self(self.0 & !CLOSED)
    }

    /// Whether any of what was wanted is there.
    pub(crate) const fn intersects(self, interest: IoInterest) -> bool {
        interest.0 & self.0 != 0
    }

    /// Whether reads will never block again.
    pub(crate) const fn is_read_closed(self) -> bool {
        self.0 & READ_CLOSED != 0
    }

    /// Whether writes will never block again.
    pub(crate) const fn is_write_closed(self) -> bool {
        self.0 & WRITE_CLOSED != 0
    }

    /// Whether an exceptional condition was announced.
    pub(crate) const fn is_priority(self) -> bool {
        self.0 & PRIORITY != 0
    }

    /// Whether the runtime has ended: there is nothing to wait for.
    pub(crate) const fn is_shutdown(self) -> bool {
        self.0 & SHUTDOWN != 0
    }
}

/// What was announced, and the number of the last edge that can be part of it: see [`Slot::clear_since`].
///
/// [`Slot::clear_since`]: super::slot::Slot::clear_since
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadyEvent {
    /// How many edges had been announced before the look.
    pub(super) edges: u64,
    /// What the look found.
    pub(crate) readiness: Readiness,
}

impl ReadyEvent {
    /// What of it was wanted.
    pub(crate) const fn of(self, interest: IoInterest) -> Self {
        Self { readiness: self.readiness.of(interest), ..self }
    }
}

/// What a call uses up: to be put back when it leaves something behind.
#[derive(Debug, Clone, Copy)]
#[must_use = "what the call left behind is announced by no further edge: call refill()"]
pub(crate) struct ClearedReadiness(pub(super) u32);

impl ClearedReadiness {
    /// Whether even a short read may have left something behind.
    pub(super) const fn is_urgent(self) -> bool {
        self.0 & URGENT != 0
    }
}
