//! What is in a buffer or a text when its reader fails, has nothing, or is given up.

use crate::support::{Chunks, finish, poll_times};
use bytes::BytesMut;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use whippet::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWriteExt, BufReader, duplex,
};

/// A reader in memory that counts how often it is asked, and fails once its bytes are out.
struct Counted {
    bytes: &'static [u8],
    asked: usize,
    error: Option<io::ErrorKind>,
}

impl Counted {
    fn new(bytes: &'static [u8], error: impl Into<Option<io::ErrorKind>>) -> Self {
        Self { bytes, asked: 0, error: error.into() }
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let found = std::task::ready!(self.as_mut().poll_fill_buf(cx))?;
        let count = found.len().min(buffer.len());
        buffer[..count].copy_from_slice(&found[..count]);
        AsyncBufRead::consume(self, count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncBufRead for Counted {
    fn poll_fill_buf(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        this.asked += 1;
        match (this.bytes, this.error) {
            ([], Some(error)) => Poll::Ready(Err(error.into())),
            (bytes, _) => Poll::Ready(Ok(bytes)),
        }
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.bytes = &self.bytes[amount..];
    }
}

#[test]
fn fill_buf_asks_its_reader_once() {
    let mut reader = Counted::new(b"word", None);
    assert_eq!(finish(reader.fill_buf()).unwrap(), b"word");
    assert_eq!(reader.asked, 1);
    reader.consume(4);
    assert_eq!(finish(reader.fill_buf()).unwrap(), b"");
    assert_eq!(reader.asked, 2);
    let mut fails = Counted::new(b"", io::ErrorKind::ConnectionReset);
    assert!(finish(fails.fill_buf()).is_err());
    assert_eq!(fails.asked, 1);
}

#[test]
fn fill_buf_that_is_pending_goes_on() {
    let (mut near, far) = duplex(8);
    let mut far = BufReader::new(far);
    let mut fill = pin!(far.fill_buf());
    let mut cx = Context::from_waker(Waker::noop());
    assert!(fill.as_mut().poll(&mut cx).is_pending());
    finish(near.write_all(b"word")).unwrap();
    let Poll::Ready(found) = fill.as_mut().poll(&mut cx) else { panic!("it has come") };
    assert_eq!(found.unwrap(), b"word");
}

#[test]
fn a_line_whose_reader_fails_keeps_what_was_read() {
    let error = io::ErrorKind::ConnectionReset;
    for (bytes, line) in [(&b"half"[..], "so: half"), (b"", "so: "), (b"half\xe2\x82", "so: ")] {
        let mut text = String::from("so: ");
        let failed = finish(Counted::new(bytes, error).read_line(&mut text)).unwrap_err();
        assert_eq!((failed.kind(), &*text), (error, line), "{bytes:?}");
    }
    // What is read to the end is there as a whole, or not at all.
    let mut text = String::from("so: ");
    let failed = finish(Counted::new(b"half", error).read_to_string(&mut text)).unwrap_err();
    assert_eq!((failed.kind(), &*text), (error, "so: "));
    let mut bytes = b"so: ".to_vec();
    finish(Counted::new(b"half", error).read_until(b'\n', &mut bytes)).unwrap_err();
    assert_eq!(bytes, b"so: half");
    finish(Counted::new(b", more", error).read_to_end(&mut bytes)).unwrap_err();
    assert_eq!(bytes, b"so: half, more");
}

#[test]
fn a_dropped_read_of_text_keeps_what_was_read() {
    let read = |bytes: &[u8], to_end| {
        let mut reader = BufReader::new(Chunks::new(bytes, &[4]));
        let mut text = String::from("so: ");
        let polled = match to_end {
            false => poll_times(reader.read_line(&mut text), 2),
            true => poll_times(reader.read_to_string(&mut text), 2),
        };
        assert!(polled.is_none());
        text
    };
    assert_eq!(read(b"half and half", false), "so: half");
    // A character that is cut in two is no text.
    assert_eq!(read("ha €".as_bytes(), false), "so: ");
    // What is read to the end is there as a whole, or not at all.
    assert_eq!(read(b"half and half", true), "so: ");
}

#[test]
fn a_read_to_the_end_grows_by_what_comes() {
    let arrived = vec![7; 5_000];
    for length in [0, 1, 31, 32, 33, 4_095, 4_096, 4_097, 5_000] {
        let mut exact = Vec::with_capacity(length);
        finish((&arrived[..length]).read_to_end(&mut exact)).unwrap();
        assert_eq!((exact.len(), exact.capacity()), (length, length));
        let mut text = String::with_capacity(length);
        finish((&arrived[..length]).read_to_string(&mut text)).unwrap();
        assert_eq!((text.len(), text.capacity()), (length, length));
        let mut grown = Vec::new();
        finish((&arrived[..length]).read_to_end(&mut grown)).unwrap();
        assert!(grown == arrived[..length] && grown.capacity() <= 2 * length.max(16));
    }
}

#[test]
fn a_buffer_does_not_grow_for_what_does_not_come() {
    let (_near, mut far) = duplex(8);
    let (mut bytes, mut shared) = (Vec::new(), BytesMut::new());
    assert!(poll_times(far.read_buf(&mut bytes), 1).is_none());
    assert!(poll_times(far.read_buf(&mut shared), 1).is_none());
    assert!(poll_times(far.read_to_end(&mut bytes), 1).is_none());
    finish((&b""[..]).read_buf(&mut bytes)).unwrap();
    finish((&b""[..]).read_buf(&mut shared)).unwrap();
    finish(Counted::new(b"", io::ErrorKind::ConnectionReset).read_buf(&mut bytes)).unwrap_err();
    assert_eq!((bytes.capacity(), shared.capacity()), (0, 0));
    assert_eq!(finish((&b"word"[..]).read_buf(&mut shared)).unwrap(), 4);
    assert!(shared == "word" && shared.capacity() < 100);
}
