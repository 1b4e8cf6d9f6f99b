//! Sockets of several kinds behind one name.

use asynchronous_codec::{BytesMut, Decoder};
use futures_util::{Stream, stream};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use whippet::io::{AsyncRead, AsyncWrite};
use whippet::net::unix::SocketAddr as UnixAddr;
use whippet::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};

/// Bytes of the largest datagram.
const DATAGRAM: usize = 64 * 1024;

/// As `net::Listener` of tokio-util: what accepts streams.
pub trait Listener {
    /// What it accepts.
    type Io: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Whom from.
    type Addr: Send;

    /// Accepts the next one.
    ///
    /// # Errors
    /// The kernel's.
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Io, Self::Addr)>> + Send;
}

impl Listener for TcpListener {
    type Io = TcpStream;
    type Addr = SocketAddr;

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept().await
    }
}

impl Listener for UnixListener {
    type Io = UnixStream;
    type Addr = UnixAddr;

    async fn accept(&self) -> io::Result<(UnixStream, UnixAddr)> {
        self.accept().await
    }
}

/// As the stream of `udp::UdpFramed` of tokio-util: what a decoder makes of each datagram, with its sender. To send,
/// encode into a buffer and call `send_to`.
pub fn udp_frames<D>(
    socket: UdpSocket,
    decoder: D,
) -> impl Stream<Item = Result<(D::Item, SocketAddr), D::Error>>
where
    D: Decoder,
{
    let start = (socket, decoder, BytesMut::new(), None);
    stream::unfold(start, |(socket, mut decoder, mut bytes, mut sender)| async move {
        loop {
            if let Some(from) = sender {
                match decoder.decode_eof(&mut bytes) {
                    Ok(Some(frame)) => {
                        return Some((Ok((frame, from)), (socket, decoder, bytes, sender)));
                    }
                    Ok(None) => {}
                    Err(error) => {
                        return Some((Err(error), (socket, decoder, BytesMut::new(), None)));
                    }
                }
            }
            bytes.clear();
            bytes.resize(DATAGRAM, 0);
            match socket.recv_from(&mut bytes).await {
                Ok((count, from)) => {
                    bytes.truncate(count);
                    sender = Some(from);
                }
                Err(error) => {
                    return Some((Err(error.into()), (socket, decoder, BytesMut::new(), None)));
                }
            }
        }
    })
}
