//! Readers and writers of a program's own that panic inside of whippet's adapters.

use super::support::{Task, panics};
use bytes::BytesMut;
use futures_io::{AsyncRead, AsyncWrite};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use whippet::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufWriter, copy, copy_bidirectional,
    copy_buf,
};

/// Gives and takes three bytes at a time, and panics in each second call.
#[derive(Debug, Default)]
struct Stream {
    input: Vec<u8>,
    output: Vec<u8>,
    calls: usize,
}

impl Stream {
    fn new(input: &str) -> Self {
        Self { input: input.as_bytes().to_vec(), ..Self::default() }
    }

    fn call(&mut self) {
        self.calls += 1;
        assert!(!self.calls.is_multiple_of(2), "on purpose");
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        out: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        out.fill(b'?');
        self.call();
        let count = self.input.len().min(out.len()).min(3);
        out[..count].copy_from_slice(&self.input[..count]);
        self.input.drain(..count);
        Poll::Ready(Ok(count))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.call();
        let count = bytes.len().min(3);
        self.output.extend_from_slice(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call();
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.call();
        Poll::Ready(Ok(()))
    }
}

/// Polls a future that is no `async` block until it is ready, whatever panics.
fn finish<R>(future: impl Future<Output = R> + Send) -> R {
    let mut task = Task::new(future);
    poll_until_ready(|_| task.poll())
}

/// Polls until it is ready, whatever panics.
fn poll_until_ready<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    for _ in 0..1_000 {
        let mut ready = None;
        let _ = panics(|| ready = Some(poll(&mut Context::from_waker(Waker::noop()))));
        if let Some(Poll::Ready(value)) = ready {
            return value;
        }
    }
    panic!("it never ends");
}

const TEXT: &str = "one\ntwo lines\n";

#[test]
fn a_buffer_holds_what_was_read_and_nothing_else() {
    let mut reader = BufReader::new(Stream::new(TEXT));
    let mut lines = Vec::new();
    while finish(reader.read_until(b'\n', &mut lines)).unwrap() > 0 {}
    assert_eq!(lines, TEXT.as_bytes());
    let mut lines = BufReader::new(Stream::new(TEXT)).lines();
    for line in TEXT.lines() {
        let found = poll_until_ready(|cx| Pin::new(&mut lines).poll_next_line(cx)).unwrap();
        assert_eq!(found.as_deref(), Some(line));
    }
    let mut segments = BufReader::new(Stream::new(TEXT)).split(b' ');
    let found = poll_until_ready(|cx| Pin::new(&mut segments).poll_next_segment(cx)).unwrap();
    assert_eq!(found.unwrap(), b"one\ntwo");
}

#[test]
fn a_read_that_panics_appends_nothing() {
    let mut stream = Stream { calls: 1, ..Stream::new(TEXT) };
    let mut buffer = b"kept".to_vec();
    assert!(panics(|| Task::new(stream.read_buf(&mut buffer)).poll().is_ready()));
    assert_eq!(buffer, b"kept", "the buffer holds what was never read");
    let mut stream = Stream { calls: 1, ..Stream::new(TEXT) };
    let mut buffer = BytesMut::from(&b"kept"[..]);
    assert!(panics(|| Task::new(stream.read_buf(&mut buffer)).poll().is_ready()));
    assert_eq!(&buffer[..], b"kept", "the buffer holds what was never read");
    let mut all = b"kept".to_vec();
    finish(stream.read_to_end(&mut all)).unwrap();
    assert_eq!(all, [b"kept", TEXT.as_bytes()].concat());
    let mut text = String::from("kept");
    let mut stream = Stream::new(TEXT);
    assert!(panics(|| Task::new(stream.read_to_string(&mut text)).poll().is_ready()));
    assert_eq!(text, "kept");
    let mut exact = [0; 5];
    finish(Stream::new(TEXT).read_exact(&mut exact)).unwrap();
    assert_eq!(&exact, b"one\nt");
}

#[test]
fn take_and_chain_count_what_came() {
    let mut text = Vec::new();
    let mut parts = Stream::new("one").chain(Stream::new("two")).take(5);
    finish(parts.read_to_end(&mut text)).unwrap();
    assert_eq!((&text[..], parts.limit()), (&b"onetw"[..], 0));
}

#[test]
fn a_writer_writes_each_byte_once() {
    let mut writer = BufWriter::with_capacity(8, Stream::default());
    finish(writer.write_all(TEXT.as_bytes())).unwrap();
    finish(writer.flush()).unwrap();
    assert_eq!(writer.into_inner().output, TEXT.as_bytes());
    let mut stream = Stream::default();
    finish(stream.write_all(TEXT.as_bytes())).unwrap();
    assert_eq!(stream.output, TEXT.as_bytes());
}

#[test]
fn a_copy_that_panics_is_over_and_what_it_wrote_is_written() {
    // What a copy has read and not written goes with it, so the streams are a part of the text apart.
    let (mut from, mut to) = (Stream::new(TEXT), Stream::default());
    assert!(panics(|| Task::new(copy(&mut from, &mut to)).poll().is_ready()));
    assert_eq!((&from.input[..], &to.output[..]), (&TEXT.as_bytes()[3..], &b"one"[..]));
    let (mut from, mut to) = (BufReader::new(Stream::new(TEXT)), Stream::default());
    assert!(panics(|| Task::new(copy_buf(&mut from, &mut to)).poll().is_ready()));
    // A buffered reader keeps what was not written.
    let mut rest = Vec::new();
    while finish(from.read_until(b'\n', &mut rest)).unwrap() > 0 {}
    assert_eq!([to.output, rest].concat(), TEXT.as_bytes());
    let (mut a, mut b) = (Stream::new(TEXT), Stream::new("back"));
    assert!(panics(|| Task::new(copy_bidirectional(&mut a, &mut b)).poll().is_ready()));
    assert!(TEXT.as_bytes().starts_with(&b.output) && b"back".starts_with(&a.output[..]));
}

#[test]
fn halves_have_their_stream_back() {
    let (mut reader, mut writer) = whippet::io::split(Stream::new(TEXT));
    let mut text = Vec::new();
    finish(reader.read_to_end(&mut text)).unwrap();
    finish(writer.write_all(b"word")).unwrap();
    assert_eq!(text, TEXT.as_bytes());
    assert_eq!(reader.unsplit(writer).output, b"word");
}
