//! Sockets that keep to one interface of the machine.

use super::{TcpSocket, UdpSocket};
use crate::sys::options;
use std::io;

/// The two methods, on a kind of socket; `$made` is an expression that makes one.
macro_rules! impl_bind_device {
    ($type:ident, $made:literal) => {
        impl $type {
            /// Has the socket send and receive through one interface alone (`SO_BINDTODEVICE`); `None` or an empty name ends
            /// that.
            ///
            /// # Errors
            /// Errors of the system call: no such interface, or no right to change it. `InvalidInput` for a name that is longer than the 15
            /// bytes of an interface's name.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("let socket = ", $made, ";")]
            /// socket.bind_device(Some(b"lo"))?;
            /// assert_eq!(socket.device()?.as_deref(), Some(&b"lo"[..]));
            /// assert!(socket.bind_device(Some(b"not an interface")).is_err());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn bind_device(&self, interface: Option<&[u8]>) -> io::Result<()> {
                options::set_device(self, interface.unwrap_or_default())
            }

            /// The interface that the socket keeps to, if it does.
            ///
            /// # Errors
            /// Any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = concat!("let socket = ", $made, ";")]
            /// assert_eq!(socket.device()?, None);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn device(&self) -> io::Result<Option<Vec<u8>>> {
                let name = options::device(self)?;
                Ok((!name.is_empty()).then_some(name))
            }
        }
    };
}

impl_bind_device!(TcpSocket, "whippet::net::TcpSocket::new_v4()?");
impl_bind_device!(UdpSocket, "whippet::net::UdpSocket::bind(\"127.0.0.1:0\").await?");
