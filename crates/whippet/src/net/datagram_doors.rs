//! The methods that both types of datagram sockets have, by way of their `socket()`, a
//! [`Datagram`](super::datagram::Datagram).

/// Gives `$type` what does not name addresses, and what names senders: `$address` is their type, and `$sender` makes
/// it of what the kernel tells.
macro_rules! datagram_doors {
    ($type:ident, $address:ty, $sender:expr) => {
        $crate::net::readiness_doors::readiness_doors!($type);

        impl $type {
            /// Sends a datagram to the peer that the socket is connected to, and gives its length.
            ///
            /// # Errors
            /// The kernel's: not connected, too long; or an earlier one was refused.
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has sent nothing.
            pub async fn send(&self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.socket().send(bytes).await
            }

            /// Polls for [`send`](Self::send). The latest waker counts.
            ///
            /// # Errors
            /// As [`send`](Self::send).
            pub fn poll_send(
                &self,
                cx: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_send(cx, bytes)
            }

            /// Sends a datagram to the peer that the socket is connected to, if there is room.
            ///
            /// # Errors
            /// `WouldBlock` when there is none; else as [`send`](Self::send).
            pub fn try_send(&self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.socket().try_send(bytes)
            }

            /// Receives a datagram, and gives its length; what does not fit into `buffer` is lost.
            ///
            /// # Errors
            /// The kernel's: something sent earlier was refused.
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has received nothing.
            pub async fn recv(&self, buffer: &mut [u8]) -> ::std::io::Result<usize> {
                self.socket().receive(buffer).await
            }

            /// Polls for [`recv`](Self::recv). The latest waker counts.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            pub fn poll_recv(
                &self,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_receive(cx, buffer)
            }

            /// Receives a datagram if one is there.
            ///
            /// # Errors
            /// `WouldBlock` when none is; else as [`recv`](Self::recv).
            pub fn try_recv(&self, buffer: &mut [u8]) -> ::std::io::Result<usize> {
                self.socket().try_receive(buffer)
            }

            /// Receives a datagram, and gives its length and its sender; what does not fit into `buffer` is lost.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has received nothing.
            pub async fn recv_from(
                &self,
                buffer: &mut [u8],
            ) -> ::std::io::Result<(usize, $address)> {
                self.socket().receive_from(buffer).await.and_then($sender)
            }

            /// Polls for [`recv_from`](Self::recv_from). The latest waker counts.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            pub fn poll_recv_from(
                &self,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<(usize, $address)>> {
                self.socket().poll_receive_from(cx, buffer).map(|got| got.and_then($sender))
            }

            /// Receives a datagram with its sender if one is there.
            ///
            /// # Errors
            /// `WouldBlock` when none is; else as [`recv`](Self::recv).
            pub fn try_recv_from(&self, buffer: &mut [u8]) -> ::std::io::Result<(usize, $address)> {
                self.socket().try_receive_from(buffer).and_then($sender)
            }
        }
    };
}
pub(super) use datagram_doors;
