//! Sockets.

use crate::check::{any, check};
use std::io;
use std::net::SocketAddr;

check! {
    [Send, Sync, Unpin, UnwindSafe, RefUnwindSafe] {
        whippet::net::tcp::ReadHalf<'static>;
        whippet::net::tcp::WriteHalf<'static>;
        whippet::net::tcp::OwnedReadHalf;
        whippet::net::tcp::OwnedWriteHalf;
        whippet::net::tcp::ReuniteError;
        whippet::net::unix::ReadHalf<'static>;
        whippet::net::unix::WriteHalf<'static>;
        whippet::net::unix::OwnedReadHalf;
        whippet::net::unix::OwnedWriteHalf;
        whippet::net::unix::ReuniteError;
        whippet::net::unix::SocketAddr;
        whippet::net::unix::UCred;
        whippet::net::unix::pipe::OpenOptions;
        whippet::net::unix::pipe::Receiver;
        whippet::net::unix::pipe::Sender;
        whippet::net::SockRef<'static>;
        whippet::net::TcpListener;
        whippet::net::TcpSocket;
        whippet::net::TcpStream;
        whippet::net::UdpSocket;
        whippet::net::UnixDatagram;
        whippet::net::UnixListener;
        whippet::net::UnixSocket;
        whippet::net::UnixStream;
        fn whippet::net::unix::pipe::Receiver::ready(any(), any());
        fn whippet::net::unix::pipe::Sender::ready(any(), any());
        fn whippet::net::TcpStream::ready(any(), any());
        fn whippet::net::UdpSocket::ready(any(), any());
        fn whippet::net::UnixDatagram::ready(any(), any());
        fn whippet::net::UnixStream::ready(any(), any());
        fn whippet::net::tcp::OwnedReadHalf::ready(any(), any());
        fn whippet::net::tcp::OwnedWriteHalf::ready(any(), any());
        fn whippet::net::tcp::ReadHalf::ready(any(), any());
        fn whippet::net::tcp::WriteHalf::ready(any(), any());
    }
    [Send, Sync, !Unpin, UnwindSafe, RefUnwindSafe] {
        fn whippet::net::lookup_host(any::<SocketAddr>());
        fn whippet::net::unix::pipe::Receiver::readable(any());
        fn whippet::net::unix::pipe::Sender::writable(any());
        fn whippet::net::TcpListener::bind(any::<SocketAddr>());
        fn whippet::net::TcpListener::accept(any());
        fn whippet::net::TcpSocket::connect(any(), any());
        fn whippet::net::TcpStream::readable(any());
        fn whippet::net::TcpStream::writable(any());
        fn whippet::net::UdpSocket::bind(any::<SocketAddr>());
        fn whippet::net::UdpSocket::connect(any(), any::<SocketAddr>());
        fn whippet::net::UdpSocket::readable(any());
        fn whippet::net::UdpSocket::writable(any());
        fn whippet::net::UdpSocket::send(any(), any());
        fn whippet::net::UnixDatagram::send_to(any(), any(), any::<&str>());
        fn whippet::net::UnixDatagram::readable(any());
        fn whippet::net::UnixDatagram::writable(any());
        fn whippet::net::UnixDatagram::send(any(), any());
        fn whippet::net::UnixListener::accept(any());
        fn whippet::net::UnixSocket::connect(any(), any::<&str>());
        fn whippet::net::UnixStream::connect(any::<&str>());
        fn whippet::net::UnixStream::connect_addr(any());
        fn whippet::net::UnixStream::readable(any());
        fn whippet::net::UnixStream::writable(any());
        fn whippet::net::tcp::OwnedReadHalf::readable(any());
        fn whippet::net::tcp::OwnedWriteHalf::writable(any());
        fn whippet::net::tcp::ReadHalf::readable(any());
        fn whippet::net::tcp::WriteHalf::writable(any());
    }
    [Send, Sync, !Unpin, !UnwindSafe, RefUnwindSafe] {
        fn whippet::net::TcpStream::peek(any(), any());
        fn whippet::net::TcpStream::async_io(any(), any(), any::<fn() -> io::Result<T>>());
        fn whippet::net::UdpSocket::async_io(any(), any(), any::<fn() -> io::Result<T>>());
        fn whippet::net::UdpSocket::peek(any(), any());
        fn whippet::net::UdpSocket::peek_from(any(), any());
        fn whippet::net::UdpSocket::peek_sender(any());
        fn whippet::net::UdpSocket::recv(any(), any());
        fn whippet::net::UdpSocket::recv_from(any(), any());
        fn whippet::net::UdpSocket::recv_buf(any(), any::<&mut Vec<u8>>());
        fn whippet::net::UdpSocket::recv_buf_from(any(), any::<&mut Vec<u8>>());
        fn whippet::net::UnixDatagram::async_io(any(), any(), any::<fn() -> io::Result<T>>());
        fn whippet::net::UnixDatagram::peek(any(), any());
        fn whippet::net::UnixDatagram::peek_from(any(), any());
        fn whippet::net::UnixDatagram::peek_sender(any());
        fn whippet::net::UnixDatagram::recv(any(), any());
        fn whippet::net::UnixDatagram::recv_from(any(), any());
        fn whippet::net::UnixDatagram::recv_buf(any(), any::<&mut Vec<u8>>());
        fn whippet::net::UnixDatagram::recv_buf_from(any(), any::<&mut Vec<u8>>());
        fn whippet::net::UnixStream::async_io(any(), any(), any::<fn() -> io::Result<T>>());
        fn whippet::net::tcp::OwnedReadHalf::peek(any(), any());
        fn whippet::net::tcp::ReadHalf::peek(any(), any());
    }
    [Send, Sync, !Unpin, !UnwindSafe, !RefUnwindSafe] {
        fn whippet::net::TcpStream::connect(any::<SocketAddr>());
        fn whippet::net::UdpSocket::send_to(any(), any(), any::<SocketAddr>());
    }
}
