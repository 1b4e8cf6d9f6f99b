//! Handlers under loom, called by the model, and the count of their bytes, which nothing watches.

use crate::loom::Arc;
use crate::loom::atomic::Ordering::SeqCst;
use crate::loom::atomic::{AtomicBool, AtomicUsize};
use crate::sys::socket;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// What handlers write into.
#[derive(Debug)]
pub(crate) struct Source {
    /// The bytes.
    bytes: Arc<AtomicUsize>,
    /// Something to watch, in which nothing happens.
    read: OwnedFd,
}

/// A handler of a signal.
#[derive(Debug)]
pub(crate) struct Hook {
    /// As of the real one.
    came: Arc<AtomicBool>,
    /// The source's.
    bytes: Arc<AtomicUsize>,
}

/// Both ends of a handler: what it does, and what the kernel says of the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    /// The handler's.
    came: Arc<AtomicBool>,
    /// The source's.
    bytes: Arc<AtomicUsize>,
}

impl Source {
    /// A source that no handler writes into.
    pub(crate) fn new() -> io::Result<Self> {
        let (read, _) = socket::unix_pair(socket::Kind::STREAM)?;
        Ok(Self { bytes: Arc::new(AtomicUsize::new(0)), read })
    }

    /// Has a signal marked, and a byte written for it.
    pub(crate) fn hook(&self, _signal: i32) -> io::Result<Hook> {
        Ok(Hook { came: Arc::new(AtomicBool::new(false)), bytes: Arc::clone(&self.bytes) })
    }

    /// Takes all bytes out.
    pub(crate) fn drain(&self) {
        self.bytes.swap(0, SeqCst);
    }
}

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.read.as_fd()
    }
}

impl Hook {
    /// Whether the signal came since the last call.
    pub(crate) fn take(&self) -> bool {
        self.came.swap(false, SeqCst)
    }

    /// What the model needs of it.
    pub(crate) fn model(&self) -> Model {
        Model { came: Arc::clone(&self.came), bytes: Arc::clone(&self.bytes) }
    }
}

impl Model {
    /// The signal comes.
    pub(crate) fn handle(&self) {
        self.came.store(true, SeqCst);
        self.bytes.fetch_add(1, SeqCst);
    }

    /// Whether a turn has an event: there are bytes.
    pub(crate) fn is_event(&self) -> bool {
        self.bytes.load(SeqCst) > 0
    }

    /// Whether the signal is marked still.
    pub(crate) fn is_marked(&self) -> bool {
        self.came.load(SeqCst)
    }
}
