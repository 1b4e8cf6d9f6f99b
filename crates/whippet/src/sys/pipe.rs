//! Pipes: thin calls, never blocking, closed on exec. An interrupted call is made again.

use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::retry_on_intr;
use rustix::pipe::PipeFlags;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

/// What a pipe is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// To read.
    Read,
    /// To write.
    Write,
    /// Both, so that an open never fails and never comes to an end for want of the other end.
    Both,
}

/// A pipe without a name: its end to read, its end to write.
///
/// # Errors
/// No descriptor or memory left.
pub(crate) fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::pipe::pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?)
}

/// An end of a pipe with a name.
///
/// # Errors
/// The kernel's: no such path, not allowed; nobody reads it, when it is opened to write.
pub(crate) fn open(path: &Path, access: Access) -> io::Result<OwnedFd> {
    let access = match access {
        Access::Read => OFlags::RDONLY,
        Access::Write => OFlags::WRONLY,
        Access::Both => OFlags::RDWR,
    };
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    Ok(retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))?)
}

/// Whether it is a pipe, of whatever kind.
///
/// # Errors
/// The kernel's.
pub(crate) fn is_pipe(end: impl AsFd) -> io::Result<bool> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(end)?.st_mode) == FileType::Fifo)
}

/// Whether it was opened for this.
///
/// # Errors
/// The kernel's.
pub(crate) fn allows(end: impl AsFd, access: Access) -> io::Result<bool> {
    let opened = rustix::fs::fcntl_getfl(end)? & OFlags::RWMODE;
    Ok(opened == OFlags::RDWR
        || match access {
            Access::Read => opened == OFlags::RDONLY,
            Access::Write => opened == OFlags::WRONLY,
            Access::Both => false,
        })
}

/// Sets whether calls return at once.
///
/// # Errors
/// The kernel's.
pub(crate) fn set_nonblocking(end: impl AsFd, nonblocking: bool) -> io::Result<()> {
    Ok(rustix::io::ioctl_fionbio(end, nonblocking)?)
}

/// Reads into `buffer`; 0 is the end.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is nothing yet.
pub(crate) fn read(end: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match rustix::io::read(end.as_fd(), &mut *buffer) {
            Err(rustix::io::Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
}

/// Reads into several buffers, one after the other; 0 is the end.
///
/// # Errors
/// The kernel's; `WouldBlock` when there is nothing yet.
pub(crate) fn read_vectored(end: impl AsFd, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::readv(end.as_fd(), buffers))?)
}

/// Writes; says how many bytes the kernel took.
///
/// # Errors
/// The kernel's; `WouldBlock` when it takes none, `BrokenPipe` when nobody reads any more.
pub(crate) fn write(end: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::write(end.as_fd(), bytes))?)
}

/// Writes several pieces in one call; says how many bytes the kernel took.
///
/// # Errors
/// As [`write`].
pub(crate) fn write_vectored(end: impl AsFd, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::writev(end.as_fd(), pieces))?)
}
