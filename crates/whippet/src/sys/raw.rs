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

/// Has a socket keep to one interface (`SO_BINDTODEVICE`); an empty name ends that.
///
/// # Errors
/// The kernel's; `InvalidInput` when the name is longer than an interface's, which the kernel would cut off.
pub(crate) fn set_device(socket: impl AsFd, interface: &[u8]) -> io::Result<()> {
    if interface.len() >= libc::IFNAMSIZ {
        let words = "`bind_device`: an interface's name has 15 bytes at the most";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    let (value, size) = (interface.as_ptr().cast(), interface.len() as libc::socklen_t);
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: `value` points to as many readable bytes as `size` says, and the descriptor is open.
    let result = unsafe {
        libc::setsockopt(descriptor, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, value, size)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The name of the interface that a socket keeps to; empty if it keeps to none.
///
/// # Errors
/// The kernel's.
pub(crate) fn device(socket: impl AsFd) -> io::Result<Vec<u8>> {
    let mut name = [0_u8; libc::IFNAMSIZ];
    let mut size = name.len() as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: `name` has as many writable bytes as `size` says, both outlive the call, and the descriptor is open.
    let result = unsafe {
        let value = name.as_mut_ptr().cast();
        libc::getsockopt(descriptor, libc::SOL_SOCKET, libc::SO_BINDTODEVICE, value, &raw mut size)
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    // The kernel's figure counts the zero at the end.
    Ok(name[..size as usize].iter().copied().take_while(|&byte| byte != 0).collect())
}

/// Gives whole pages back to the system that the C library's allocator holds and nobody uses.
#[cfg(target_env = "gnu")]
pub(crate) fn malloc_trim() {
    // SAFETY: any thread may call it at any time; it takes the allocator's own locks and leaves all that is in use.
    unsafe { libc::malloc_trim(0) };
}

/// Sets how much the C library's allocator keeps at the end of each arena.
#[cfg(target_env = "gnu")]
pub(crate) fn set_malloc_slack(bytes: i32) {
    for parameter in [libc::M_TOP_PAD, libc::M_TRIM_THRESHOLD] {
        // SAFETY: any thread may call it at any time; both parameters take any size.
        unsafe { libc::mallopt(parameter, bytes) };
    }
}
