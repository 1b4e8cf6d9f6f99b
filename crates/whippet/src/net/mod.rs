//! Sockets: TCP and Unix streams, their listeners, and sockets for datagrams.
//!
//! Each is one descriptor that the reactor watches; a call is made when the kernel has announced that it may
//! succeed. Names and semantics are tokio's.

mod address;
mod datagram;
mod device;
mod listener;
mod macros;
mod sock_ref;
mod split;
mod std_conversions;
mod stream;
mod tcp_listener;
mod tcp_socket;
mod tcp_stream;
mod udp_socket;
mod unix_address;
mod unix_datagram;
mod unix_fifo;
mod unix_listener;
mod unix_pipe;
mod unix_socket;
mod unix_stream;

pub mod tcp;
pub mod unix;

pub use self::address::{ToSocketAddrs, lookup_host};
pub use self::sock_ref::SockRef;
pub use self::tcp_listener::TcpListener;
pub use self::tcp_socket::TcpSocket;
pub use self::tcp_stream::TcpStream;
pub use self::udp_socket::UdpSocket;
pub use self::unix_datagram::UnixDatagram;
pub use self::unix_listener::UnixListener;
pub use self::unix_socket::UnixSocket;
pub use self::unix_stream::UnixStream;
pub use crate::fd::{Interest, Ready};
