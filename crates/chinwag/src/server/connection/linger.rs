//! Lingering close: closing a connection so that the final message arrives.
//!
//! A socket that is closed while input lies unread in it is reset, and the reset makes the peer's kernel throw away
//! what we sent. So every close with a final message comes through here: write it, end our side, and read
//! what still comes until the other side ends too, for a bounded time and a bounded number of bytes.
//!
//! Some programs never end their side: `nc` shows the message and goes on waiting for keys. Once all has arrived, the end
//! included, and the time is over, the close resets the connection, and they end.

use crate::limits::{LINGER_TIMEOUT, READ_BUFFER};
use crate::os::serving_clock::timeout;
use std::io::{self, ErrorKind};
use std::net::Shutdown;
use whippet::net::{SockRef, TcpStream};

/// Writes the message, as far as the kernel takes it at once, and ends the connection, for which so many bytes are read at most.
/// It is closed when the caller drops it.
pub(crate) async fn linger_close(stream: &TcpStream, message: &str, most: usize) {
    if !message.is_empty() {
        // A client that is gone need not be told.
        let _ = stream.try_write(message.as_bytes());
    }
    // A kernel that cannot do it leaves such programs as they are.
    let _ = SockRef::from(stream).set_reset_half_closed(true);
    if stream.shutdown_now(Shutdown::Write).is_ok() {
        // A client that does not end its side in time is reset, as is one that goes on sending.
        let _ = timeout(LINGER_TIMEOUT, drain(stream, most)).await;
    }
}

/// Writes all of the message, however long the kernel needs for it.
///
/// # Errors
/// Any error of `send(2)`.
pub(crate) async fn write_all(stream: &TcpStream, message: &str) -> io::Result<()> {
    let mut rest = message.as_bytes();
    while !rest.is_empty() {
        stream.writable().await?;
        match stream.try_write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes a final message to a client that does not read: past what the kernel's buffer holds, all of which comes before it.
pub(crate) fn write_past_buffer(stream: &TcpStream, message: &[u8], buffer: usize) {
    // A kernel that has no more room drops it. The socket is known to be full, so it is not asked whether it is writable.
    let _ = SockRef::from(stream).set_send_buffer_size(2 * buffer);
    let _ = rustix::io::write(stream, message);
}

/// Reads and throws away until the other side ends, or has sent too much.
async fn drain(stream: &TcpStream, most: usize) -> io::Result<()> {
    let mut left = most;
    while left > 0 {
        stream.readable().await?;
        match read_and_discard(stream) {
            Ok(0) => return Ok(()),
            Ok(bytes) => left = left.saturating_sub(bytes),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// One read whose bytes are discarded. Its buffer is no part of the future that waits.
fn read_and_discard(stream: &TcpStream) -> io::Result<usize> {
    stream.try_read(&mut [0; READ_BUFFER])
}

#[cfg(test)]
mod tests {
    use super::*;
    use whippet::io::AsyncWriteExt;
    use whippet::net::TcpListener;

    #[whippet::test]
    async fn no_more_is_read_than_allowed() {
        const SENT: usize = 64 * 1024;
        const MOST: usize = 2 * READ_BUFFER;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let mut peer = TcpStream::connect(address).await.expect("it listens");
        let (stream, _) = listener.accept().await.expect("somebody came");
        peer.write_all(&[b'x'; SENT]).await.expect("the kernel takes it");
        linger_close(&stream, "", MOST).await;
        let mut left = 0;
        while left < SENT {
            stream.readable().await.expect("it is open");
            match read_and_discard(&stream) {
                Ok(0) => break,
                Ok(bytes) => left += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("{error}"),
            }
            if left + MOST + READ_BUFFER > SENT {
                break;
            }
        }
        assert!(SENT - left <= MOST + READ_BUFFER, "{} bytes were read", SENT - left);
    }
}
