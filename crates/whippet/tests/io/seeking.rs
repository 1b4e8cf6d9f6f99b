//! Seeking through buffers.

use crate::support::{finish, poll_times};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use whippet::io::{
    AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite, AsyncWriteExt,
    BufReader, BufStream, BufWriter, Cursor, SeekFrom,
};

/// A file: each call waits once. It notes where it was sent.
struct File {
    content: Cursor<Vec<u8>>,
    sent: Vec<SeekFrom>,
    waits: bool,
}

impl File {
    fn new(content: &[u8]) -> Self {
        Self { content: Cursor::new(content.to_vec()), sent: Vec::new(), waits: false }
    }

    /// Every second call is pending.
    fn is_pending(&mut self) -> bool {
        self.waits = !self.waits;
        self.waits
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_pending() {
            return Poll::Pending;
        }
        Pin::new(&mut self.content).poll_read(cx, buffer)
    }
}

impl AsyncWrite for File {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_pending() {
            return Poll::Pending;
        }
        Pin::new(&mut self.content).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for File {
    fn poll_seek(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        place: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        if self.is_pending() {
            return Poll::Pending;
        }
        self.sent.push(place);
        // A file that goes as far back as it is asked to.
        match place {
            SeekFrom::Current(i64::MIN) => Poll::Ready(Ok(0)),
            _ => Pin::new(&mut self.content).poll_seek(cx, place),
        }
    }
}

#[test]
fn a_buffered_reader_seeks_from_what_it_gave_out() {
    finish(async {
        let mut reader = BufReader::with_capacity(4, File::new(b"0123456789"));
        assert_eq!(reader.read_u8().await?, b'0');
        assert_eq!(reader.stream_position().await?, 1);
        assert!(reader.buffer().is_empty(), "what is inside is where its owner is");
        assert_eq!(reader.read_u8().await?, b'1');
        assert_eq!(reader.seek(SeekFrom::Current(1)).await?, 3);
        assert_eq!(reader.read_u8().await?, b'3');
        assert_eq!(reader.seek(SeekFrom::Current(-4)).await?, 0);
        assert_eq!(reader.fill_buf().await?, b"0123");
        assert_eq!(reader.seek(SeekFrom::End(-1)).await?, 9);
        assert_eq!(reader.read_u8().await?, b'9');
        reader.rewind().await?;
        assert_eq!(reader.read_u8().await?, b'0');
        let before_the_begin = reader.seek(SeekFrom::Current(-2)).await.unwrap_err();
        assert_eq!(before_the_begin.kind(), io::ErrorKind::InvalidInput);
        assert_eq!((reader.read_u8().await?, reader.buffer()), (b'1', &b"23"[..]));
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_seek_too_far_back_is_made_in_two_steps() {
    let mut reader = BufReader::with_capacity(4, File::new(b"0123456789"));
    (0..5).for_each(|_| assert!(finish(reader.read_u8()).is_ok()));
    assert_eq!(reader.buffer(), b"567");
    // Both steps wait, and each is asked for the whole way; one that was given up goes on where it was.
    assert!(poll_times(reader.seek(SeekFrom::Current(i64::MIN)), 2).is_none());
    assert_eq!(finish(reader.seek(SeekFrom::Current(i64::MIN))).unwrap(), 0);
    assert_eq!(reader.get_ref().sent, [SeekFrom::Current(-3), SeekFrom::Current(i64::MIN)]);
    assert!(reader.buffer().is_empty());

    // When the second step fails, the first one is made.
    let mut reader = BufReader::with_capacity(4, Cursor::new(b"0123456789"));
    (0..5).for_each(|_| assert!(finish(reader.read_u8()).is_ok()));
    assert!(finish(reader.seek(SeekFrom::Current(i64::MIN))).is_err());
    assert_eq!(finish(reader.read_u8()).unwrap(), b'5');
}

#[test]
fn a_buffered_writer_writes_before_it_seeks() {
    finish(async {
        let mut writer = BufWriter::with_capacity(8, File::new(b"0123456789"));
        writer.write_all(b"ab").await?;
        assert_eq!(writer.seek(SeekFrom::Current(2)).await?, 4);
        assert!(writer.buffer().is_empty());
        writer.write_all(b"ef").await?;
        assert_eq!(writer.stream_position().await?, 6);
        assert_eq!(writer.seek(SeekFrom::End(-1)).await?, 9);
        writer.write_all(b"j").await?;
        writer.flush().await?;
        assert_eq!(writer.into_inner().content.into_inner(), b"ab23ef678j");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_buffered_stream_seeks_both_ways() {
    finish(async {
        let mut stream = BufStream::with_capacity(4, 4, File::new(b"0123456789"));
        assert_eq!(stream.read_u8().await?, b'0');
        // What was read ahead is behind the place that its owner is at.
        assert_eq!(stream.seek(SeekFrom::Current(0)).await?, 1);
        stream.write_all(b"b").await?;
        assert_eq!(stream.seek(SeekFrom::Current(1)).await?, 3);
        assert_eq!(stream.read_u8().await?, b'3');
        assert_eq!(stream.seek(SeekFrom::Start(9)).await?, 9);
        stream.write_all(b"j").await?;
        stream.flush().await?;
        assert_eq!(stream.into_inner().content.into_inner(), b"0b2345678j");
        io::Result::Ok(())
    })
    .unwrap();
}
