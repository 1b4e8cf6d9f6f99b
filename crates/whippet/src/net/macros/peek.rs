//! The methods of datagram sockets that leave the datagram where it is.

/// Gives `$type` what looks at a datagram and does not take it: see
/// [`impl_datagram_methods`](super::impl_datagram_methods).
macro_rules! impl_peek_methods {
    ($type:ident, $address:ty, $sender:expr, $pair:literal) => {
        impl $type {
            /// As [`recv`](Self::recv), leaving the datagram where it is.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = [0; 16];
            /// assert_eq!(right.peek(&mut buffer).await?, 5);
            /// // It is still there.
            /// assert_eq!(right.recv(&mut buffer).await?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn peek(&self, buffer: &mut [u8]) -> ::std::io::Result<usize> {
                self.socket().peek(buffer).await
            }

            /// Polls for [`peek`](Self::peek). Several tasks may poll at once, and each is woken.
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
            /// assert_eq!(poll_fn(|cx| right.poll_peek(cx, &mut buffer)).await?, 5);
            /// // It is still there.
            /// assert_eq!(right.recv(&mut buffer).await?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_peek(
                &self,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_peek(cx, buffer)
            }

            /// As [`try_recv`](Self::try_recv), leaving the datagram where it is.
            ///
            /// # Errors
            /// As [`try_recv`](Self::try_recv).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// let mut buffer = [0; 16];
            /// assert_eq!(right.try_peek(&mut buffer)?, 5);
            /// // It is still there.
            /// assert_eq!(right.try_recv(&mut buffer)?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_peek(&self, buffer: &mut [u8]) -> ::std::io::Result<usize> {
                self.socket().try_peek(buffer)
            }

            /// As [`recv_from`](Self::recv_from), leaving the datagram where it is.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// let mut buffer = [0; 16];
            /// let (count, sender) = right.peek_from(&mut buffer).await?;
            /// assert_eq!((count, sender), (5, left.local_addr()?));
            /// // It is still there.
            /// assert_eq!(right.recv(&mut buffer).await?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn peek_from(
                &self,
                buffer: &mut [u8],
            ) -> ::std::io::Result<(usize, $address)> {
                self.socket().peek_from(buffer).await.and_then($sender)
            }

            /// Polls for [`peek_from`](Self::peek_from). Several tasks may poll at once, and each is woken.
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
            /// let (count, sender) = poll_fn(|cx| right.poll_peek_from(cx, &mut buffer)).await?;
            /// assert_eq!((count, sender), (5, left.local_addr()?));
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_peek_from(
                &self,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<(usize, $address)>> {
                self.socket().poll_peek_from(cx, buffer).map(|got| got.and_then($sender))
            }

            /// As [`try_recv_from`](Self::try_recv_from), leaving the datagram where it is.
            ///
            /// # Errors
            /// As [`try_recv_from`](Self::try_recv_from).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// let mut buffer = [0; 16];
            /// assert_eq!(right.try_peek_from(&mut buffer)?, (5, left.local_addr()?));
            /// // It is still there.
            /// assert_eq!(right.try_recv(&mut buffer)?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_peek_from(&self, buffer: &mut [u8]) -> ::std::io::Result<(usize, $address)> {
                self.socket().try_peek_from(buffer).and_then($sender)
            }

            /// Waits for a datagram, and returns the sender; it stays where it is.
            ///
            /// # Errors
            /// As [`recv`](Self::recv).
            ///
            /// # Cancel safety
            /// Cancel safe.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// assert_eq!(right.peek_sender().await?, left.local_addr()?);
            /// // It is still there.
            /// assert_eq!(right.recv(&mut [0; 16]).await?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn peek_sender(&self) -> ::std::io::Result<$address> {
                Ok(self.peek_from(&mut []).await?.1)
            }

            /// Polls for [`peek_sender`](Self::peek_sender). Several tasks may poll at once, and each is woken.
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
            /// let sender = poll_fn(|cx| right.poll_peek_sender(cx)).await?;
            /// assert_eq!(sender, left.local_addr()?);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_peek_sender(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<$address>> {
                self.poll_peek_from(cx, &mut []).map_ok(|(_, sender)| sender)
            }

            /// Who sent the datagram that is there, if one is; it stays where it is.
            ///
            /// # Errors
            /// As [`try_recv_from`](Self::try_recv_from).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.send(b"hello").await?;
            /// right.readable().await?;
            /// assert_eq!(right.try_peek_sender()?, left.local_addr()?);
            /// // It is still there.
            /// assert_eq!(right.try_recv(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_peek_sender(&self) -> ::std::io::Result<$address> {
                Ok(self.try_peek_from(&mut [])?.1)
            }
        }
    };
}
pub(in crate::net) use impl_peek_methods;
