//! What the futures of `select!`, `join!` and `try_join!` are made of: the futures that they wait for, and little else.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use whippet::{join, select, try_join};

/// Beside the futures: which of 64 are disabled, where a `join!` begins, how far the caller is, and what brings the wait and
/// its caller to a multiple of 8.
const BESIDE: usize = 8 + 1 + 1 + 2 * 7;

/// A future of so many bytes.
#[derive(Clone, Copy)]
struct Bytes<const N: usize>([u8; N]);

impl<const N: usize> Future for Bytes<N> {
    type Output = Result<u8, ()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(self.0[0]))
    }
}

/// A future of so many words.
#[derive(Clone, Copy)]
struct Words<const N: usize>([u64; N]);

impl<const N: usize> Future for Words<N> {
    type Output = Result<u64, ()>;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(self.0[0]))
    }
}

/// That a future is no larger than its parts, of which each may need a tag with its padding.
#[track_caller]
fn assert_lean<F: Future>(what: &str, future: &F, parts: &[usize], tag: usize) {
    let (size, sum) = (size_of_val(future), parts.iter().sum::<usize>());
    let limit = sum + parts.len() * tag + BESIDE;
    assert!(size <= limit, "{what} of {parts:?} has {size} bytes, more than {limit}");
}

macro_rules! waits {
    ($value:expr; $tag:expr; $($part:tt)+) => {{
        let value = $value;
        let parts = [$({ let _ = $part; size_of_val(&value) }),+];
        let waits = async { select! { $( _ = { let _ = $part; value } => {} )+ } };
        assert_lean("select!", &waits, &parts, 0);
        let waits = async { select! { biased; $( Ok(_) = { let _ = $part; value }, if true => {}, )+ else => {} } };
        assert_lean("select! with guards", &waits, &parts, 0);
        let waits = async { join!($({ let _ = $part; value }),+) };
        assert_lean("join!", &waits, &parts, $tag);
        let waits = async { join!(biased; $({ let _ = $part; value }),+) };
        assert_lean("join! in order", &waits, &parts, $tag);
        let waits = async { try_join!($({ let _ = $part; value }),+) };
        assert_lean("try_join!", &waits, &parts, $tag);
    }};
}

macro_rules! waits_for_several {
    ($value:expr; $tag:expr) => {
        waits!($value; $tag; 0);
        waits!($value; $tag; 0 1);
        waits!($value; $tag; 0 1 2);
        waits!($value; $tag; 0 1 2 3 4 5 6 7 8 9);
        waits!($value; $tag; 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7
            0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7 0 1 2 3 4 5 6 7);
    };
}

#[test]
fn a_wait_is_as_large_as_its_futures() {
    waits_for_several!(Bytes([0; 1]); 1);
    waits_for_several!(Bytes([0; 24]); 1);
    waits_for_several!(Bytes([0; 1024]); 1);
    // The smallest is smaller than its output.
    waits_for_several!(Words([0; 1]); 16);
    waits_for_several!(Words([0; 3]); 8);
    waits_for_several!(Words([0; 128]); 8);
}

#[test]
fn a_wait_for_futures_of_several_sizes_has_no_holes() {
    let waits = async {
        select! {
            _ = Bytes([0; 1]) => {}
            _ = Words([0; 1]) => {}
            _ = Bytes([0; 3]) => {}
            _ = Words([0; 7]) => {}
            _ = Bytes([0; 2]) => {}
        }
    };
    assert_lean("select!", &waits, &[1, 8, 3, 56, 2], 0);
}

#[test]
fn the_futures_of_a_wait_leave_their_place_to_the_handler() {
    let waits = async {
        select! {
            _ = Bytes([0; 512]) => { let _ = Bytes([0; 1000]).await; }
            _ = Bytes([0; 512]) => { let _ = Bytes([0; 600]).await; }
        }
    };
    assert_lean("select!", &waits, &[512, 512], 0);
}
