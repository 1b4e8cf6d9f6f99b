//! Sockets of std as whippet's, by `try_from`: what generic code asks for where a program calls `from_std`.

use super::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use std::io;

/// Implements `TryFrom` by `from_std`.
macro_rules! impl_try_from_std {
    ($($std:ty => $ours:ident,)*) => {
        $(
            impl TryFrom<$std> for $ours {
                type Error = io::Error;

                #[doc = concat!("As [`", stringify!($ours), "::from_std`].")]
                ///
                /// # Errors
                /// The reactor's.
                ///
                /// # Panics
                /// If this thread has entered no runtime.
                #[track_caller]
                fn try_from(socket: $std) -> io::Result<Self> {
                    Self::from_std(socket)
                }
            }
        )*
    };
}

impl_try_from_std! {
    std::net::TcpListener => TcpListener,
    std::net::TcpStream => TcpStream,
    std::net::UdpSocket => UdpSocket,
    std::os::unix::net::UnixDatagram => UnixDatagram,
    std::os::unix::net::UnixListener => UnixListener,
    std::os::unix::net::UnixStream => UnixStream,
}
