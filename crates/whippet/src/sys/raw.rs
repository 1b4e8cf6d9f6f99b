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

/// Has a close reset a connection whose peer has acknowledged all and does not end its side (a negative `TCP_LINGER2`), in
/// place of waiting for the peer in the kernel; or not.
///
/// # Errors
/// The kernel's, when the descriptor is no TCP socket.
pub(crate) fn set_tcp_reset_half_closed(socket: impl AsFd, resets: bool) -> io::Result<()> {
    let seconds = -libc::c_int::from(resets);
    let value = std::ptr::from_ref(&seconds).cast();
    let size = size_of::<libc::c_int>() as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: `value` points to as many readable bytes as `size` says, and the descriptor is open.
    let result =
        unsafe { libc::setsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_LINGER2, value, size) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// What the kernel knows of a connection (`TCP_INFO`), up to the time of the last acknowledgement: bytes first, then words of
/// four, which kernels only ever add to.
///
/// # Errors
/// The kernel's, when the descriptor is no TCP socket.
pub(crate) fn tcp_info(socket: impl AsFd) -> io::Result<TcpInfo> {
    let mut info = TcpInfo::default();
    let mut size = size_of::<TcpInfo>() as libc::socklen_t;
    let value = (&raw mut info).cast();
    let descriptor = socket.as_fd().as_raw_fd();
    // SAFETY: `value` points to as many writable bytes as `size` says, in which any bytes are numbers; both outlive the call,
    // and the descriptor is open.
    let result = unsafe {
        libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, value, &raw mut size)
    };
    if result == 0 { Ok(info) } else { Err(io::Error::last_os_error()) }
}

/// The start of the kernel's `struct tcp_info`. What a kernel does not fill stays zero.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct TcpInfo {
    /// `state`, `ca_state`.
    _states: [u8; 2],
    /// Times that the oldest unacknowledged bytes were sent again.
    pub(crate) retransmits: u8,
    /// Probes of keepalive, or of a closed window, without an answer.
    pub(crate) probes: u8,
    /// `backoff`, `options`, the window scales, flags.
    _bytes: [u8; 4],
    /// `rto` to `fackets`.
    _words: [u32; 9],
    /// `last_data_sent`, `last_ack_sent`, `last_data_recv`.
    _ages: [u32; 3],
    /// Milliseconds since the last acknowledgement came.
    pub(crate) last_ack: u32,
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
