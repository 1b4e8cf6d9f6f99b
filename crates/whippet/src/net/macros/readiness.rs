//! The methods that every socket has that is waited for by readiness, by way of its `socket()`.

/// Gives `$type` the readiness methods; `$type::socket()` has `ready`, `poll_ready`, `try_io` and `take_error`. For the
/// examples: `$pair` is code that makes a `left` connected to a `right`, and `$send` and `$receive` are what they do.
macro_rules! impl_readiness_methods {
    ($type:ty, $pair:literal, $send:ident, $receive:ident) => {
        impl $type {
            /// Waits until a read may succeed, or the peer has sent its last.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: nothing is read.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.writable().await?;
            #[doc = concat!("left.", stringify!($send), "(b\"hello\")?;")]
            /// right.readable().await?;
            #[doc = concat!("assert_eq!(right.", stringify!($receive), "(&mut [0; 16])?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn readable(&self) -> ::std::io::Result<()> {
                self.ready($crate::net::Interest::READABLE).await.map(drop)
            }

            /// Waits until a write may succeed, or the connection is gone.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: nothing is written.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.writable().await?;
            #[doc = concat!("assert_eq!(left.", stringify!($send), "(b\"hello\")?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn writable(&self) -> ::std::io::Result<()> {
                self.ready($crate::net::Interest::WRITABLE).await.map(drop)
            }

            /// Waits until the socket is ready for something of `interest`, and returns what it is ready for. With
            /// [`Interest::ERROR`](crate::net::Interest::ERROR) a reset is seen without reading. The announcement
            /// may be false: the call that follows can still return `WouldBlock`.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: readiness stays until a call finds it used up.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use whippet::net::Interest;
            #[doc = $pair]
            /// assert!(left.ready(Interest::WRITABLE).await?.is_writable());
            #[doc = concat!("left.", stringify!($send), "(b\"hello\")?;")]
            /// assert!(right.ready(Interest::READABLE).await?.is_readable());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn ready(
                &self,
                interest: $crate::net::Interest,
            ) -> impl Future<Output = ::std::io::Result<$crate::net::Ready>> {
                self.socket().ready(interest)
            }

            /// Polls for a read that may succeed. Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// left.writable().await?;
            #[doc = concat!("left.", stringify!($send), "(b\"hello\")?;")]
            /// poll_fn(|cx| right.poll_read_ready(cx)).await?;
            #[doc = concat!("assert_eq!(right.", stringify!($receive), "(&mut [0; 16])?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_read_ready(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.socket().poll_ready(cx, $crate::net::Interest::READABLE)
            }

            /// Polls for a write that may succeed. Several tasks may poll at once, and each is woken.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::future::poll_fn;
            #[doc = $pair]
            /// poll_fn(|cx| left.poll_write_ready(cx)).await?;
            #[doc = concat!("assert_eq!(left.", stringify!($send), "(b\"hello\")?, 5);")]
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn poll_write_ready(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.socket().poll_ready(cx, $crate::net::Interest::WRITABLE)
            }

            /// Makes a call of one's own on the socket, if it is announced ready for `interest`.
            ///
            /// # Errors
            /// The call's; `WouldBlock` when the socket is not ready. A call that returns `WouldBlock` itself uses
            /// the readiness up.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use whippet::net::Interest;
            #[doc = $pair]
            /// left.writable().await?;
            #[doc = concat!("left.", stringify!($send), "(b\"hello\")?;")]
            /// right.readable().await?;
            /// let mut word = [0; 8];
            /// let count = right.try_io(Interest::READABLE, || {
            ///     Ok(rustix::io::read(&right, &mut word)?)
            /// })?;
            /// assert_eq!(&word[..count], b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_io<R>(
                &self,
                interest: $crate::net::Interest,
                call: impl FnOnce() -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.socket().try_io(interest, call)
            }

            /// Makes a call of one's own on the socket once it is ready for `interest`, and again after each one that
            /// returns `WouldBlock`.
            ///
            /// # Errors
            /// The call's; the runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: the call is made in the poll that returns its result.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use whippet::net::Interest;
            #[doc = $pair]
            /// left.writable().await?;
            #[doc = concat!("left.", stringify!($send), "(b\"hello\")?;")]
            /// let mut word = [0; 8];
            /// let count = right
            ///     .async_io(Interest::READABLE, || Ok(rustix::io::read(&right, &mut word)?))
            ///     .await?;
            /// assert_eq!(&word[..count], b"hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub async fn async_io<R>(
                &self,
                interest: $crate::net::Interest,
                call: impl FnMut() -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.socket().async_io(interest, call).await
            }

            /// The error that is pending on the socket, taken off it.
            ///
            /// # Errors
            /// Any error of `getsockopt(2)`.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// assert!(left.take_error()?.is_none());
            /// assert!(right.take_error()?.is_none());
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn take_error(&self) -> ::std::io::Result<Option<::std::io::Error>> {
                self.socket().take_error()
            }
        }

        impl ::std::os::fd::AsFd for $type {
            fn as_fd(&self) -> ::std::os::fd::BorrowedFd<'_> {
                ::std::os::fd::AsFd::as_fd(self.socket())
            }
        }

        impl ::std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> ::std::os::fd::RawFd {
                ::std::os::fd::AsRawFd::as_raw_fd(&::std::os::fd::AsFd::as_fd(self))
            }
        }
    };
}
pub(in crate::net) use impl_readiness_methods;
