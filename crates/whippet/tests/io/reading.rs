//! Reading.

use crate::support::{Chunks, finish, poll_times};
use bytes::BytesMut;
use futures_io::{AsyncBufRead, AsyncRead};
use pin_project_lite::pin_project;
use proptest::collection::vec;
use proptest::prelude::*;
use std::future::poll_fn;
use std::io;
use std::marker::PhantomPinned;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use whippet::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

/// Texts with their ends, as they come from a peer.
fn joined(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| format!("{line}\r\n").into_bytes()).collect()
}

proptest! {
    #[test]
    fn regression_15_a_dropped_next_line_loses_nothing(
        lines in vec("[a-zäß€ ]{0,12}", 0..8),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
        capacity in 1..16_usize,
    ) {
        let bytes = joined(&lines);
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
    fn regression_15_select_does_not_throw_away_a_half_read_line(
        lines in vec("[a-zäß€ ]{0,12}", 0..8),
        sizes in vec(1..9_usize, 1..6),
        interruptions in vec(0..4_usize, 1..6),
        capacity in 1..16_usize,
    ) {
        let bytes = joined(&lines);
        let mut reader = BufReader::with_capacity(capacity, Chunks::new(&bytes, &sizes)).lines();
        let mut turns = interruptions.iter().cycle();
        let got = finish(async {
            let mut got = Vec::new();
            // Without a poll in between every line would come; too many of them and none would.
            let mut quiet = false;
            loop {
                quiet = !quiet;
                let turns = if quiet { usize::MAX } else { *turns.next().unwrap() };
                whippet::select! {
                    biased;
                    () = after(turns) => {}
                    line = reader.next_line() => match line.unwrap() {
                        Some(line) => got.push(line),
                        None => break got,
                    }
                }
            }
        });
        prop_assert_eq!(got, lines);
    }

    #[test]
    fn a_dropped_segment_stays(
        segments in vec(vec(1..255_u8, 0..9), 0..6),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
    ) {
        let bytes: Vec<u8> = segments.iter().flat_map(|segment| [&segment[..], &[0]].concat()).collect();
        let mut reader = BufReader::with_capacity(3, Chunks::new(&bytes, &sizes)).split(0);
        let mut got = Vec::new();
        for times in polls.into_iter().cycle() {
            match poll_times(reader.next_segment(), times) {
                None => {}
                Some(Ok(Some(segment))) => got.push(segment),
                Some(Ok(None)) => break,
                Some(Err(error)) => panic!("{error}"),
            }
        }
        prop_assert_eq!(got, segments);
    }

    #[test]
    fn a_dropped_read_until_goes_on_in_its_buffer(
        bytes in vec(any::<u8>(), 0..64),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
        delimiter in any::<u8>(),
    ) {
        let mut reader = BufReader::with_capacity(5, Chunks::new(&bytes, &sizes));
        let mut got = Vec::new();
        let mut polls = polls.into_iter().cycle();
        while poll_times(reader.read_until(delimiter, &mut got), polls.next().unwrap()).is_none() {}
        let end = bytes.iter().position(|&byte| byte == delimiter).map_or(bytes.len(), |place| place + 1);
        prop_assert_eq!(&got, &bytes[..end]);
        finish(reader.read_to_end(&mut got)).unwrap();
        prop_assert_eq!(got, bytes);
    }

    #[test]
    fn a_dropped_read_to_end_goes_on_in_its_buffer(
        bytes in vec(any::<u8>(), 0..64),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..4_usize, 1..6),
        capacity in 0..64_usize,
    ) {
        let mut reader = Chunks::new(&bytes, &sizes);
        let mut got = Vec::with_capacity(capacity);
        let mut polls = polls.into_iter().cycle();
        while poll_times(reader.read_to_end(&mut got), polls.next().unwrap()).is_none() {
            prop_assert_eq!([got.clone(), reader.rest()].concat(), &bytes[..]);
        }
        prop_assert_eq!(got, bytes);
    }

    #[test]
    fn a_dropped_read_exact_leaves_what_it_read_in_its_buffer(
        bytes in vec(any::<u8>(), 8..32),
        sizes in vec(1..9_usize, 1..6),
        polls in 1..20_usize,
    ) {
        let mut reader = Chunks::new(&bytes, &sizes);
        let mut buffer = [0; 8];
        let ended = poll_times(reader.read_exact(&mut buffer), polls).is_some();
        let rest = reader.rest();
        let read = bytes.len() - rest.len();
        prop_assert_eq!(ended, read == 8);
        prop_assert_eq!([&buffer[..read], &rest].concat(), bytes);
    }

    #[test]
    fn a_dropped_read_buf_has_read_nothing(
        bytes in vec(any::<u8>(), 0..64),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..3_usize, 1..6),
        capacity in 0..9_usize,
    ) {
        let mut reader = Chunks::new(&bytes, &sizes);
        let (mut vector, mut growing) = (Vec::with_capacity(capacity), BytesMut::with_capacity(capacity));
        for (turn, times) in polls.into_iter().cycle().enumerate() {
            let before = vector.len() + growing.len();
            let read = match turn % 2 {
                0 => poll_times(reader.read_buf(&mut vector), times),
                _ => poll_times(reader.read_buf(&mut growing), times),
            };
            let count = read.transpose().unwrap().unwrap_or(usize::MAX);
            let now = vector.len() + growing.len();
            prop_assert_eq!(now, before + if count == usize::MAX { 0 } else { count });
            prop_assert_eq!(now + reader.rest().len(), bytes.len());
            if count == 0 {
                break;
            }
        }
    }

    #[test]
    fn a_dropped_fill_buf_has_consumed_nothing(
        bytes in vec(any::<u8>(), 0..64),
        sizes in vec(1..9_usize, 1..6),
        polls in vec(1..3_usize, 1..6),
    ) {
        let mut reader = BufReader::with_capacity(6, Chunks::new(&bytes, &sizes));
        let mut got = Vec::new();
        for times in polls.into_iter().cycle() {
            let Some(found) = poll_times(reader.fill_buf(), times) else { continue };
            let found = found.unwrap();
            let used = found.len().div_ceil(2);
            got.extend_from_slice(&found[..used]);
            if used == 0 {
                break;
            }
            reader.consume(used);
        }
        prop_assert_eq!(got, bytes);
    }

    #[test]
    fn cut_off_and_chained(
        first in vec(any::<u8>(), 0..20),
        second in vec(any::<u8>(), 0..20),
        sizes in vec(1..9_usize, 1..6),
        limit in 0..40_u64,
        buffered in any::<bool>(),
    ) {
        let readers = (Chunks::new(&first, &sizes), Chunks::new(&second, &sizes));
        let mut all = [first, second].concat();
        let mut got = Vec::new();
        let left = if buffered {
            let chain = BufReader::new(readers.0).chain(BufReader::with_capacity(3, readers.1));
            let mut reader = chain.take(limit);
            while finish(reader.read_until(b'a', &mut got)).unwrap() > 0 {}
            reader.limit()
        } else {
            let mut reader = readers.0.chain(readers.1).take(limit);
            finish(reader.read_to_end(&mut got)).unwrap();
            let left = reader.limit();
            // No byte beyond the limit was asked for.
            reader.set_limit(u64::MAX);
            let mut everything = got.clone();
            finish(reader.read_to_end(&mut everything)).unwrap();
            prop_assert_eq!(&everything, &all);
            left
        };
        all.truncate(limit as usize);
        prop_assert_eq!(left, limit - all.len() as u64);
        prop_assert_eq!(got, all);
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
        prop_assert_eq!(finish(reader.read_exact(&mut head)).unwrap(), 4);
        let mut rest = Vec::new();
        let count = finish(reader.read_to_end(&mut rest)).unwrap();
        prop_assert_eq!(count, bytes.len() - 4);
        prop_assert_eq!([&head[..], &rest].concat(), bytes);
    }
}

#[test]
fn the_end_before_the_last_byte_is_an_error() {
    let mut reader = Chunks::new(b"abc", &[2]);
    let error = finish(reader.read_exact(&mut [0; 4])).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

/// Ready after so many polls.
async fn after(polls: usize) {
    let mut left = polls;
    std::future::poll_fn(|_| {
        left = left.saturating_sub(1);
        if left == 0 { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[test]
fn numbers_in_both_orders() {
    let mut reader =
        Chunks::new(&[1, 255, 1, 2, 1, 2, 0, 0, 0, 9, 63, 240, 0, 0, 0, 0, 0, 0], &[1, 3]);
    assert_eq!(finish(reader.read_u8()).unwrap(), 1);
    assert_eq!(finish(reader.read_i8()).unwrap(), -1);
    assert_eq!(finish(reader.read_u16()).unwrap(), 0x0102);
    assert_eq!(finish(reader.read_u16_le()).unwrap(), 0x0201);
    assert_eq!(finish(reader.read_i32()).unwrap(), 9);
    assert_eq!(finish(reader.read_f64()).unwrap(), 1.0);
    assert_eq!(finish(reader.read_u8()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn a_number_cut_short_is_an_error() {
    let mut reader = Chunks::new(&[1, 2, 3], &[2]);
    assert_eq!(finish(reader.read_u32()).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
}

#[test]
fn lines_with_and_without_ends() {
    let mut lines = BufReader::new(Chunks::new(b"\n\r\na\rb\r\n\nlast\r", &[2])).lines();
    let mut got = Vec::new();
    while let Some(line) = finish(lines.next_line()).unwrap() {
        got.push(line);
    }
    assert_eq!(got, ["", "", "a\rb", "", "last\r"]);

    let mut reader = BufReader::new(&b"one\r\ntwo"[..]);
    let mut text = String::from("> ");
    assert_eq!(finish(reader.read_line(&mut text)).unwrap(), 5);
    assert_eq!(finish(reader.read_line(&mut text)).unwrap(), 3);
    assert_eq!(finish(reader.read_line(&mut text)).unwrap(), 0);
    assert_eq!(text, "> one\r\ntwo");
}

#[test]
fn what_is_not_text_is_an_error_and_changes_nothing() {
    let mut lines = BufReader::new(&b"\xff\nnext\n"[..]).lines();
    assert_eq!(finish(lines.next_line()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    assert_eq!(finish(lines.next_line()).unwrap().as_deref(), Some("next"));

    let mut text = String::from("before");
    let error = finish((&b"a\xff"[..]).read_to_string(&mut text)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(
        finish(BufReader::new(&b"\xff\n"[..]).read_line(&mut text)).unwrap_err().kind(),
        io::ErrorKind::InvalidData
    );
    assert_eq!(text, "before");
}

#[test]
fn a_large_read_to_the_end_takes_large_pieces() {
    /// Counts the calls.
    struct Counting(usize, usize);
    impl whippet::io::AsyncRead for Counting {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            buffer: &mut [u8],
        ) -> std::task::Poll<io::Result<usize>> {
            self.1 += 1;
            let count = buffer.len().min(self.0);
            self.0 -= count;
            std::task::Poll::Ready(Ok(count))
        }
    }
    let mut reader = Counting(8 << 20, 0);
    assert_eq!(finish(reader.read_to_end(&mut Vec::new())).unwrap(), 8 << 20);
    assert!(reader.1 < 60, "{} reads", reader.1);
}

#[test]
fn a_reader_at_its_limit_ends_without_a_read() {
    let (_far, near) = whippet::io::duplex(8);
    assert_eq!(poll_times(near.take(0).read(&mut [0; 4]), 1).unwrap().unwrap(), 0);
}

#[test]
fn generic_code_can_be_spawned() {
    async fn first_line(reader: impl whippet::io::AsyncRead + Unpin + Send) -> Option<String> {
        BufReader::new(reader).lines().next_line().await.unwrap()
    }
    let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
    let line =
        runtime.block_on(async { whippet::spawn(first_line(&b"one\ntwo"[..])).await.unwrap() });
    assert_eq!(line.as_deref(), Some("one"));
}

pin_project! {
    // A reader that cannot be moved once it is pinned.
    struct Fixed<R> {
        #[pin]
        reader: R,
        #[pin]
        fixed: PhantomPinned,
    }
}

impl<R> Fixed<R> {
    fn new(reader: R) -> Self {
        Self { reader, fixed: PhantomPinned }
    }
}

impl<R: AsyncRead> AsyncRead for Fixed<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.project().reader.poll_read(cx, buffer)
    }
}

impl<R: AsyncBufRead> AsyncBufRead for Fixed<R> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().reader.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.project().reader.consume(count);
    }
}

#[test]
fn lines_of_a_reader_that_is_not_unpin_are_polled() {
    let reader = BufReader::new(Chunks::new(b"one\r\ntwo", &[2]));
    let mut lines = pin!(Fixed::new(reader).lines());
    let mut next = || finish(poll_fn(|cx| lines.as_mut().poll_next_line(cx))).unwrap();
    assert_eq!(next().as_deref(), Some("one"));
    assert_eq!(next().as_deref(), Some("two"));
    assert_eq!(next(), None);
}

#[test]
fn segments_of_a_reader_that_is_not_unpin_are_polled() {
    let reader = BufReader::new(Chunks::new(b"one two", &[2]));
    let mut words = pin!(Fixed::new(reader).split(b' '));
    let mut next = || finish(poll_fn(|cx| words.as_mut().poll_next_segment(cx))).unwrap();
    assert_eq!(next().as_deref(), Some(&b"one"[..]));
    assert_eq!(next().as_deref(), Some(&b"two"[..]));
    assert_eq!(next(), None);
}
