//! Copies two streams into each other, as a proxy does.

use super::copy_buffer::{CopyBuffer, DEFAULT_BUFFER_SIZE};
use futures_io::{AsyncRead, AsyncWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Copies from `a` to `b` and from `b` to `a` until both have ended; gives the counts of bytes, from `a` to `b` first.
///
/// When one side ends, the other side's writing direction is ended (`shutdown`), and the copy in the other direction
/// goes on: a connection that is half closed stays useful. A direction that never waits takes no more than its share of each
/// poll.
///
/// # Errors
/// The first of either side; the copy in the other direction stops with it.
///
/// # Cancel safety
/// Not cancel safe: dropped, what was read and not written yet is lost.
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional, duplex};
/// let (mut client, mut left) = duplex(64);
/// let (mut right, mut server) = duplex(64);
/// let talk = async move {
///     client.write_all(b"question").await?;
///     client.shutdown().await?;
///     let mut question = String::new();
///     server.read_to_string(&mut question).await?;
///     server.write_all(b"answer").await?;
///     drop(server);
///     let mut answer = String::new();
///     client.read_to_string(&mut answer).await?;
///     std::io::Result::Ok((question, answer))
/// };
/// let (counts, texts) = whippet::try_join!(copy_bidirectional(&mut left, &mut right), talk)?;
/// assert_eq!(counts, (8, 6));
/// assert_eq!(texts, ("question".to_owned(), "answer".to_owned()));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy_bidirectional<A, B>(a: &mut A, b: &mut B) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    copy_bidirectional_with_sizes(a, b, DEFAULT_BUFFER_SIZE, DEFAULT_BUFFER_SIZE).await
}

/// As [`copy_bidirectional`], with buffers of so many bytes: the one for what goes from `a` to `b` first.
///
/// # Errors
/// As [`copy_bidirectional`].
///
/// # Cancel safety
/// As [`copy_bidirectional`].
///
/// # Examples
/// ```
/// # whippet::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use whippet::io::{AsyncWriteExt, copy_bidirectional_with_sizes, duplex};
/// let (mut client, mut left) = duplex(64);
/// let (mut right, mut server) = duplex(64);
/// client.write_all(b"question").await?;
/// client.shutdown().await?;
/// server.write_all(b"answer").await?;
/// server.shutdown().await?;
/// let counts = copy_bidirectional_with_sizes(&mut left, &mut right, 1024, 16).await?;
/// assert_eq!(counts, (8, 6));
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn copy_bidirectional_with_sizes<A, B>(
    a: &mut A,
    b: &mut B,
    a_to_b_size: usize,
    b_to_a_size: usize,
) -> io::Result<(u64, u64)>
where
    A: AsyncRead + AsyncWrite + Unpin + ?Sized,
    B: AsyncRead + AsyncWrite + Unpin + ?Sized,
{
    let mut a_to_b = Direction::new(a_to_b_size);
    let mut b_to_a = Direction::new(b_to_a_size);
    let mut back_first = false;
    poll_fn(|cx| {
        let (mut a, mut b) = (Pin::new(&mut *a), Pin::new(&mut *b));
        // Both get their poll, and take turns to come first: neither direction waits for the other, nor lives on what the other
        // leaves of the budget.
        let (there, back);
        if back_first {
            back = b_to_a.poll(cx, b.as_mut(), a.as_mut())?;
            there = a_to_b.poll(cx, a, b)?;
        } else {
            there = a_to_b.poll(cx, a.as_mut(), b.as_mut())?;
            back = b_to_a.poll(cx, b, a)?;
        }
        back_first = !back_first;
        Poll::Ready(Ok((ready!(there), ready!(back))))
    })
    .await
}

/// How far one direction has come.
#[derive(Debug)]
enum Direction {
    /// It copies.
    Copying(CopyBuffer),
    /// All is copied, so many bytes; the writer is being closed.
    ShuttingDown(u64),
    /// The writer knows.
    Done(u64),
}

impl Direction {
    fn new(size: usize) -> Self {
        Self::Copying(CopyBuffer::new(size))
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        mut reader: Pin<&mut (impl AsyncRead + ?Sized)>,
        mut writer: Pin<&mut (impl AsyncWrite + ?Sized)>,
    ) -> Poll<io::Result<u64>> {
        loop {
            *self =
                match self {
                    Self::Copying(copy_buffer) => Self::ShuttingDown(ready!(
                        copy_buffer.poll_copy(cx, reader.as_mut(), writer.as_mut())
                    )?),
                    Self::ShuttingDown(count) => {
                        ready!(writer.as_mut().poll_close(cx))?;
                        Self::Done(*count)
                    }
                    Self::Done(count) => return Poll::Ready(Ok(*count)),
                };
        }
    }
}
