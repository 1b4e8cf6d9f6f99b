//! The methods and traits that every stream type has, by way of its `socket()`, a
//! [`Stream`](super::stream::Stream).

/// Gives `$type` reading and writing. `$pair` is code for the examples: it makes a `left` connected to a `right`.
macro_rules! impl_stream_methods {
    ($type:ident, $pair:literal) => {
        $crate::net::macros::impl_readiness_methods!($type, $pair, try_write, try_read);
        $crate::net::macros::impl_futures_io!($type);
        $crate::net::macros::impl_futures_io!(&$type);

        impl $type {
            /// Reads what is there; 0 is the end of the stream (or an empty buffer).
            ///
            /// # Errors
            /// `WouldBlock` when there is nothing: await [`readable`](Self::readable); else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.writable().await?;
            /// left.try_write(b"hello")?;
            /// right.readable().await?;
            /// let mut word = [0; 16];
            /// assert_eq!(right.try_read(&mut word)?, 5);
            /// let nothing = right.try_read(&mut word).unwrap_err();
            /// assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            #[inline]
            pub fn try_read(&self, buffer: &mut [u8]) -> ::std::io::Result<usize> {
                self.socket().try_read(buffer)
            }

            /// Reads what is there into several buffers, one after the other.
            ///
            /// # Errors
            /// As [`try_read`](Self::try_read).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::io::IoSliceMut;
            #[doc = $pair]
            /// left.writable().await?;
            /// left.try_write(b"hello")?;
            /// right.readable().await?;
            /// let (mut one, mut two) = ([0; 2], [0; 8]);
            /// let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
            /// assert_eq!(right.try_read_vectored(&mut buffers)?, 5);
            /// assert_eq!((&one, &two[..3]), (b"he", &b"llo"[..]));
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_read_vectored(
                &self,
                buffers: &mut [::std::io::IoSliceMut<'_>],
            ) -> ::std::io::Result<usize> {
                self.socket().try_read_vectored(buffers)
            }

            /// Reads what is there to the end of a buffer that grows.
            ///
            /// # Errors
            /// As [`try_read`](Self::try_read).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.writable().await?;
            /// left.try_write(b"hello")?;
            /// right.readable().await?;
            /// let mut words = b"I say ".to_vec();
            /// right.try_read_buf(&mut words)?;
            /// assert_eq!(words, b"I say hello");
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn try_read_buf<B: $crate::io::AppendBuffer>(
                &self,
                buffer: &mut B,
            ) -> ::std::io::Result<usize> {
                self.socket().try_read_buf(buffer)
            }

            /// Writes what there is space for, and returns how much that was.
            ///
            /// # Errors
            /// `WouldBlock` when there is no space: await [`writable`](Self::writable); else any error of the system call.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.writable().await?;
            /// assert_eq!(left.try_write(b"hello")?, 5);
            /// right.readable().await?;
            /// assert_eq!(right.try_read(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            #[inline]
            pub fn try_write(&self, bytes: &[u8]) -> ::std::io::Result<usize> {
                self.socket().try_write(bytes)
            }

            /// Writes several buffers, as far as there is space, in one call (1,024 of them at most).
            ///
            /// # Errors
            /// As [`try_write`](Self::try_write).
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            /// use std::io::IoSlice;
            #[doc = $pair]
            /// left.writable().await?;
            /// assert_eq!(left.try_write_vectored(&[IoSlice::new(b"hel"), IoSlice::new(b"lo")])?, 5);
            /// right.readable().await?;
            /// assert_eq!(right.try_read(&mut [0; 16])?, 5);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            #[inline]
            pub fn try_write_vectored(
                &self,
                slices: &[::std::io::IoSlice<'_>],
            ) -> ::std::io::Result<usize> {
                self.socket().try_write_vectored(slices)
            }

            /// Ends a direction at once, without waiting: `Shutdown::Write` lets the peer read the end.
            ///
            /// # Errors
            /// Any error of the system call. A connection that is gone already is no error.
            ///
            /// # Examples
            /// ```
            /// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
            #[doc = $pair]
            /// left.shutdown_now(std::net::Shutdown::Write)?;
            /// right.readable().await?;
            /// assert_eq!(right.try_read(&mut [0; 16])?, 0);
            /// # std::io::Result::Ok(())
            /// # }).unwrap();
            /// ```
            pub fn shutdown_now(&self, how: ::std::net::Shutdown) -> ::std::io::Result<()> {
                self.socket().shutdown(how)
            }
        }
    };
}
pub(in crate::net) use impl_stream_methods;

/// Gives `$type` the traits of `futures-io`.
macro_rules! impl_futures_io {
    ($type:ty) => {
        $crate::net::macros::impl_async_read!($type, []);
        $crate::net::macros::impl_async_write!($type, []);
    };
}
pub(in crate::net) use impl_futures_io;

/// Reading by the trait of `futures-io`, with the generics of the implementation.
macro_rules! impl_async_read {
    ($type:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> ::futures_io::AsyncRead for $type {
            #[inline]
            fn poll_read(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buffer: &mut [u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                buffers: &mut [::std::io::IoSliceMut<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_read_vectored(cx, buffers)
            }
        }
    };
}
pub(in crate::net) use impl_async_read;

/// Writing by the trait of `futures-io`, with the generics of the implementation.
macro_rules! impl_async_write {
    ($type:ty, [$($generics:tt)*]) => {
        impl<$($generics)*> ::futures_io::AsyncWrite for $type {
            #[inline]
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                slices: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                self.socket().poll_write_vectored(cx, slices)
            }

            /// Nothing is kept back: what was written is the kernel's.
            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::Poll::Ready(Ok(()))
            }

            /// Shuts the writing direction down: the peer reads the end.
            fn poll_close(
                self: ::std::pin::Pin<&mut Self>,
                _: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::Poll::Ready(self.socket().shutdown(::std::net::Shutdown::Write))
            }
        }
    };
}
pub(in crate::net) use impl_async_write;
