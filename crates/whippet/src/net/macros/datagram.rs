//! The methods that both types of datagram sockets have, by way of their `socket()`, a
//! [`Datagram`](super::datagram::Datagram).

/// Gives `$type` what does not name addresses, and what names senders: `$address` is their type, and `$sender` makes
/// it of what the kernel returns. `$pair` is code for the examples: it makes a `left` that is connected to a `right`, both
/// with names.
macro_rules! impl_datagram_methods {
    ($type:ident, $address:ty, $sender:expr, $pair:literal) => {
        $crate::net::macros::impl_readiness_methods!($type, $pair, try_send, try_recv);
        $crate::net::macros::impl_peek_methods!($type, $address, $sender, $pair);

        impl $type {
            /// Sends a datagram to the peer that the socket is connected to, and gives its length.
            ///
            /// # Errors
            /// Errors of the system call: not connected, too long; or an earlier one was refused.
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has sent nothing.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// assert_eq!(left.send(b"hello").await?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn send(&self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.socket().send(bytes).await
            }

            /// Polls for [`send`](Self::send). Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// As [`send`](Self::send).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// assert_eq!(poll_fn(|cx| left.poll_send(cx, b"hello")).await?, 5);
            /// assert_eq!(right.recv(&mut [0; 16]).await?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_send(
                &self,
                cx: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_send(cx, bytes)
            }

            /// Sends a datagram to the peer that the socket is connected to, if there is space.
            ///
            /// # Errors
            /// `WouldBlock` when there is none; else as [`send`](Self::send).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.writable().await?;
            /// assert_eq!(left.try_send(b"hello")?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_send(&self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.socket().try_send(bytes)
            }

            /// Receives a datagram, and gives its length; what does not fit into `buffer` is lost.
            ///
            /// # Errors
            /// Errors of the system call: something sent earlier was refused.
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has received nothing.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = [0; 16];
            /// let count = right.recv(&mut buffer).await?;
            /// assert_eq!(&buffer[..count], b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn recv(&self, buffer: &mut [u8]) -> ::std::io::Result<usize> {
                self.socket().receive(buffer).await
            }

            /// Polls for [`recv`](Self::recv). Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = [0; 16];
            /// let count = poll_fn(|cx| right.poll_recv(cx, &mut buffer)).await?;
            /// assert_eq!(&buffer[..count], b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
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
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// let mut buffer = [0; 16];
            /// assert_eq!(right.try_recv(&mut buffer)?, 5);
            /// let nothing = right.try_recv(&mut buffer).unwrap_err();
            /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
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
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = [0; 16];
            /// let (count, sender) = right.recv_from(&mut buffer).await?;
            /// assert_eq!(&buffer[..count], b"hello");
            /// assert_eq!(sender, left.local_addr()?);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn recv_from(
                &self,
                buffer: &mut [u8],
            ) -> ::std::io::Result<(usize, $address)> {
                self.socket().receive_from(buffer).await.and_then($sender)
            }

            /// Polls for [`recv_from`](Self::recv_from). Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = [0; 16];
            /// let (count, sender) = poll_fn(|cx| right.poll_recv_from(cx, &mut buffer)).await?;
            /// assert_eq!(&buffer[..count], b"hello");
            /// assert_eq!(sender, left.local_addr()?);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_recv_from(
                &self,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<(usize, $address)>> {
                self.socket().poll_receive_from(cx, buffer).map(|got| got.and_then($sender))
            }

            /// Receives a datagram to the end of a buffer that grows, and gives its length; what is longer than the
            /// buffer's capacity that is left is lost.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has received nothing.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = Vec::with_capacity(16);
            /// right.recv_buf(&mut buffer).await?;
            /// assert_eq!(buffer, b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn recv_buf<B: $crate::io::AppendBuffer>(
                &self,
                buffer: &mut B,
            ) -> ::std::io::Result<usize> {
                let call = || {
                    $crate::io::append_now(buffer, |space| {
                        $crate::sys::socket::receive(self, space)
                    })
                };
                self.socket().receive_with(call).await
            }

            /// Receives a datagram to the end of a buffer that grows if one is there.
            ///
            /// # Errors
            /// `WouldBlock` when none is; else as [`recv`](Self::recv).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// let mut buffer = Vec::with_capacity(16);
            /// assert_eq!(right.try_recv_buf(&mut buffer)?, 5);
            /// assert_eq!(buffer, b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_recv_buf<B: $crate::io::AppendBuffer>(
                &self,
                buffer: &mut B,
            ) -> ::std::io::Result<usize> {
                $crate::io::append_now(buffer, |space| self.try_recv(space))
            }

            /// As [`recv_buf`](Self::recv_buf), with the sender.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// Cancel safe: dropped, it has received nothing.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = Vec::with_capacity(16);
            /// let (count, sender) = right.recv_buf_from(&mut buffer).await?;
            /// assert_eq!((count, sender), (5, left.local_addr()?));
            /// assert_eq!(buffer, b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn recv_buf_from<B: $crate::io::AppendBuffer>(
                &self,
                buffer: &mut B,
            ) -> ::std::io::Result<(usize, $address)> {
                let mut sender = None;
                let call = || {
                    $crate::io::append_now(buffer, |space| {
                        let (count, from) = $crate::sys::socket::receive_from(self, space)?;
                        sender = from;
                        Ok(count)
                    })
                };
                let count = self.socket().receive_with(call).await?;
                $sender((count, sender))
            }

            /// As [`try_recv_buf`](Self::try_recv_buf), with the sender.
            ///
            /// # Errors
            /// `WouldBlock` when none is; else as [`recv`](Self::recv).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// let mut buffer = Vec::with_capacity(16);
            /// assert_eq!(right.try_recv_buf_from(&mut buffer)?, (5, left.local_addr()?));
            /// assert_eq!(buffer, b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_recv_buf_from<B: $crate::io::AppendBuffer>(
                &self,
                buffer: &mut B,
            ) -> ::std::io::Result<(usize, $address)> {
                let mut sender = None;
                let count = $crate::io::append_now(buffer, |space| {
                    let (count, from) = self.socket().try_receive_from(space)?;
                    sender = from;
                    Ok(count)
                })?;
                $sender((count, sender))
            }

            /// Polls for a datagram to be there. Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// poll_fn(|cx| right.poll_recv_ready(cx)).await?;
            /// assert_eq!(right.try_recv(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_recv_ready(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.poll_read_ready(cx)
            }

            /// Polls for space to send. Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// poll_fn(|cx| left.poll_send_ready(cx)).await?;
            /// assert_eq!(left.try_send(b"hello")?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_send_ready(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.poll_write_ready(cx)
            }

            /// Receives a datagram with its sender if one is there.
            ///
            /// # Errors
            /// `WouldBlock` when none is; else as [`recv`](Self::recv).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// let mut buffer = [0; 16];
            /// let (count, sender) = right.try_recv_from(&mut buffer)?;
            /// assert_eq!(&buffer[..count], b"hello");
            /// assert_eq!(sender, left.local_addr()?);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_recv_from(&self, buffer: &mut [u8]) -> ::std::io::Result<(usize, $address)> {
                self.socket().try_receive_from(buffer).and_then($sender)
            }
        }
    };
}
pub(in crate::net) use impl_datagram_methods;
