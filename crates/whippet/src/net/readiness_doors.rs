//! The methods that every socket has that is waited for by readiness, by way of its `socket()`.

/// Gives `$type` the readiness methods; `$type::socket()` has `ready`, `poll_ready`, `try_io` and `take_error`.
macro_rules! readiness_doors {
    ($type:ty) => {
        impl $type {
            /// Waits until a read may succeed, or the peer has sent its last.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: nothing is read.
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
            pub async fn writable(&self) -> ::std::io::Result<()> {
                self.ready($crate::net::Interest::WRITABLE).await.map(drop)
            }

            /// Waits until the socket is ready for something of `interest`, and says what it is ready for. With
            /// [`Interest::ERROR`](crate::net::Interest::ERROR) a reset is seen without reading. The announcement
            /// may be false: the call that follows can still say `WouldBlock`.
            ///
            /// # Errors
            /// The runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: readiness stays until a call finds it used up.
            pub async fn ready(
                &self,
                interest: $crate::net::Interest,
            ) -> ::std::io::Result<$crate::net::Ready> {
                self.socket().ready(interest).await
            }

            /// Polls for a read that may succeed. Of all that poll for reading, the latest waker counts.
            ///
            /// # Errors
            /// The runtime has ended.
            pub fn poll_read_ready(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.socket().poll_ready(cx, $crate::net::Interest::READABLE)
            }

            /// Polls for a write that may succeed. Of all that poll for writing, the latest waker counts.
            ///
            /// # Errors
            /// The runtime has ended.
            pub fn poll_write_ready(
                &self,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                self.socket().poll_ready(cx, $crate::net::Interest::WRITABLE)
            }

            /// Makes a call of one's own on the socket, if it is announced ready for `interest`.
            ///
            /// # Errors
            /// The call's; `WouldBlock` when the socket is not ready. A call that says `WouldBlock` itself uses
            /// the readiness up.
            pub fn try_io<R>(
                &self,
                interest: $crate::net::Interest,
                call: impl FnMut() -> ::std::io::Result<R>,
            ) -> ::std::io::Result<R> {
                self.socket().try_io(interest, call)
            }

            /// Makes a call of one's own on the socket once it is ready for `interest`, and again after each one that
            /// says `WouldBlock`.
            ///
            /// # Errors
            /// The call's; the runtime has ended.
            ///
            /// # Cancel safety
            /// Cancel safe: the call is made in the poll that returns its result.
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
            /// The kernel's, of asking.
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
pub(super) use readiness_doors;
