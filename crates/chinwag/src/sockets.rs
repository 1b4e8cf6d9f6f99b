//! What is set on each person's socket, and why.

use crate::limits::{
    KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES, KERNEL_BUFFER, USER_TIMEOUT,
};
use std::io;
use whippet::net::TcpStream;

/// Sets the options of a person's connection.
///
/// # Errors
/// The connection is broken already.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    // A line leaves at once; we write whole batches, so there is nothing for Nagle to gather.
    stream.set_nodelay(true)?;
    // A peer that vanished is noticed, whether or not something is on its way to him.
    stream.set_keepalive(KEEPALIVE_IDLE, KEEPALIVE_INTERVAL, KEEPALIVE_PROBES)?;
    stream.set_user_timeout(USER_TIMEOUT)?;
    // Telnet marks the last byte of an interruption as urgent: left out of its place, it would leave half a command.
    stream.set_out_of_band_inline(true)?;
    // What is owed to him waits here, where it is shared and counted, not in the kernel.
    stream.set_send_buffer_size(KERNEL_BUFFER)
}
