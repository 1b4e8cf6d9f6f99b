//! Calls that rustix does not know, through libc.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Caps what the kernel takes for a connection beyond what it could send at once (`TCP_NOTSENT_LOWAT`), in bytes.
///
/// # Errors
/// The kernel's, when the descriptor is no TCP socket.
pub(crate) fn set_tcp_notsent_lowat(socket: impl AsFd, bytes: u32) -> io::Result<()> {
    let value = std::ptr::from_ref(&bytes).cast();
    let size = size_of::<u32>() as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: `value` points to as many readable bytes as `size` says, and the descriptor is open.
    let result = unsafe {
        libc::setsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_NOTSENT_LOWAT, value, size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
