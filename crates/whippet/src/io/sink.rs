//! A writer into nothing.

/// A writer that takes everything: see [`sink`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Sink(());

/// A writer that takes everything and keeps nothing.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let drained = whippet::io::copy(&mut &b"whatever"[..], &mut whippet::io::sink()).await?;
/// assert_eq!(drained, 8);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[must_use]
pub const fn sink() -> Sink {
    Sink(())
}

/// Writing that takes everything and keeps nothing.
macro_rules! impl_discarding_writer {
    ($type:ty) => {
        impl ::futures_io::AsyncWrite for $type {
            fn poll_write(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::task::ready!(crate::coop::poll_proceed(cx)).spend();
                ::std::task::Poll::Ready(Ok(bytes.len()))
            }

            fn poll_write_vectored(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                slices: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::task::ready!(crate::coop::poll_proceed(cx)).spend();
                ::std::task::Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
            }

            fn poll_flush(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::ready!(crate::coop::poll_proceed(cx)).spend();
                ::std::task::Poll::Ready(Ok(()))
            }

            fn poll_close(
                self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::task::ready!(crate::coop::poll_proceed(cx)).spend();
                ::std::task::Poll::Ready(Ok(()))
            }
        }
    };
}
pub(super) use impl_discarding_writer;

impl_discarding_writer!(Sink);
