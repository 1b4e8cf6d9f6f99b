//! Reading, writing and lines: whatever the chunks, and whenever a call is dropped.

use futures_io::AsyncRead;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use whippet::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

/// A reader that gives its chunks one a call, with a `Pending` before each.
struct Chunks {
    chunks: VecDeque<Vec<u8>>,
    pending: bool,
}

impl Chunks {
    fn new(bytes: &[u8], sizes: &[usize]) -> Self {
        let mut rest = bytes;
        let mut chunks = VecDeque::new();
        for &size in sizes.iter().cycle().take(bytes.len() + 1) {
            let (chunk, left) = rest.split_at(size.min(rest.len()));
            chunks.push_back(chunk.to_vec());
            rest = left;
        }
        chunks.retain(|chunk| !chunk.is_empty());
        Self { chunks, pending: false }
    }
}

impl AsyncRead for Chunks {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.pending = !self.pending;
        if self.pending {
            return Poll::Pending;
        }
        let Some(chunk) = self.chunks.front_mut() else { return Poll::Ready(Ok(0)) };
        let count = chunk.len().min(buffer.len());
        buffer[..count].copy_from_slice(&chunk[..count]);
        chunk.drain(..count);
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        Poll::Ready(Ok(count))
    }
}

/// Polls a future so many times, then drops it; gives its output if it was ready.
fn poll_times<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    (0..times).find_map(|_| match future.as_mut().poll(&mut cx) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    })
}

proptest! {
    #[test]
    fn trap_15_a_dropped_next_line_loses_nothing(
        lines in vec("[a-zäß€ ]{0,12}", 0..8),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
        capacity in 1..16_usize,
    ) {
        let bytes: Vec<u8> = lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect();
        let mut reader = BufReader::with_capacity(capacity, Chunks::new(&bytes, &sizes)).lines();
        let mut got = Vec::new();
        for times in polls.into_iter().cycle() {
            match poll_times(reader.next_line(), times) {
                None => {}
                Some(Ok(Some(line))) => got.push(line),
                Some(Ok(None)) => break,
                Some(Err(error)) => panic!("{error}"),
            }
        }
        prop_assert_eq!(got, lines);
    }

    #[test]
    fn a_dropped_read_loses_nothing(bytes in vec(any::<u8>(), 0..64), sizes in vec(1..9_usize, 1..6), polls in vec(1..3_usize, 1..6)) {
        let mut reader = Chunks::new(&bytes, &sizes);
        let mut got = Vec::new();
        for times in polls.into_iter().cycle() {
            let mut buffer = [0; 5];
            match poll_times(reader.read(&mut buffer), times) {
                None => {}
                Some(Ok(0)) => break,
                Some(Ok(count)) => got.extend_from_slice(&buffer[..count]),
                Some(Err(error)) => panic!("{error}"),
            }
        }
        prop_assert_eq!(got, bytes);
    }

    #[test]
    fn exact_and_to_the_end(bytes in vec(any::<u8>(), 4..64), sizes in vec(1..9_usize, 1..6)) {
        let mut reader = Chunks::new(&bytes, &sizes);
        let mut head = [0; 4];
        prop_assert_eq!(poll_times(reader.read_exact(&mut head), 1_000).unwrap().unwrap(), 4);
        let mut rest = Vec::new();
        let count = poll_times(reader.read_to_end(&mut rest), 1_000).unwrap().unwrap();
        prop_assert_eq!(count, bytes.len() - 4);
        prop_assert_eq!([&head[..], &rest].concat(), bytes);
    }
}

#[test]
fn the_end_before_the_last_byte_is_an_error() {
    let mut reader = Chunks::new(b"abc", &[2]);
    let error = poll_times(reader.read_exact(&mut [0; 4]), 100).unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}
