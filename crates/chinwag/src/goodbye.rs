//! Closing a connection so that the last words arrive.
//!
//! A socket that is closed while input lies unread in it is reset, and the reset makes the peer's kernel throw away
//! what we sent. So every way out that owes somebody a last word comes through here: say it, end our side, and read
//! what still comes until the other side ends too, for a bounded time and a bounded number of bytes.

use crate::limits::{LINGER, READ};
use crate::served_time::timeout;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use whippet::net::TcpStream;

/// Says the words, as far as the kernel takes them at once, and ends the connection in peace, for which so many bytes are read
/// at most. It is closed by whoever drops it then.
pub(crate) async fn say_goodbye(stream: &TcpStream, words: &str, most: usize) {
    if !words.is_empty() {
        // Whoever is gone need not be told.
        let _ = stream.try_write(words.as_bytes());
    }
    if stream.shutdown_now(Shutdown::Write).is_ok() {
        // Whoever does not end his side in time is reset, as is whoever goes on sending.
        let _ = timeout(LINGER, drain(stream, most)).await;
    }
}

/// Reads and throws away until the other side ends, or has sent too much.
async fn drain(stream: &TcpStream, most: usize) -> io::Result<()> {
    let mut left = most;
    while left > 0 {
        stream.readable().await?;
        match discard(stream) {
            Ok(0) => return Ok(()),
            Ok(bytes) => left = left.saturating_sub(bytes),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One read into nowhere. Its buffer is no part of the future that waits.
fn discard(stream: &TcpStream) -> io::Result<usize> {
    stream.try_read(&mut [0; READ])
}
