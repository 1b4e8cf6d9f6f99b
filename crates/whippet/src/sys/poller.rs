//! The place where threads wait: what it is made of, and what a wait brings.

#[cfg(not(shuttle))]
mod epoll;
#[cfg(shuttle)]
mod shuttle;

#[cfg(not(shuttle))]
pub(crate) use self::epoll::Poller;
#[cfg(shuttle)]
pub(crate) use self::shuttle::Poller;

/// What one wait brought beside the events of descriptors.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WaitOutcome {
    /// How many events of descriptors.
    pub(crate) events: usize,
    /// Whether a notification was among them.
    pub(crate) notified: bool,
    /// Whether the alarm was.
    pub(crate) alarm: bool,
    /// Whether a signal was that a handler told of.
    pub(crate) signals: bool,
    /// Whether something is to be tried again.
    pub(crate) retry: bool,
}

/// What the kernel says of a descriptor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event {
    /// The token it was added with.
    pub(crate) token: u64,
    /// Bytes, a connection or the end may be read.
    pub(crate) readable: bool,
    /// There is room to write.
    pub(crate) writable: bool,
    /// The peer will send no more.
    pub(crate) read_closed: bool,
    /// Both directions are at their end.
    pub(crate) hung_up: bool,
    /// An error is pending.
    pub(crate) error: bool,
    /// Urgent data is marked among what may be read.
    pub(crate) urgent: bool,
}
