//! What spends budget, of what never waits: as in tokio.

use std::future::{Future, poll_fn};
use std::io::IoSlice;
use std::pin::pin;
use whippet::io::{
    AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, Cursor, duplex, empty, repeat,
    simplex, sink,
};

/// Calls in one task: more than a budget's worth.
const CALLS: usize = 1_000;

/// Whether the future, which makes [`CALLS`] calls that never wait, gives way to other tasks in between.
fn gives_way<F: Future<Output = ()>>(future: F) -> bool {
    let runtime = whippet::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut polls = 0;
    runtime.block_on(async {
        let mut future = pin!(future);
        poll_fn(|cx| {
            polls += 1;
            future.as_mut().poll(cx)
        })
        .await;
    });
    polls > CALLS / 200
}

macro_rules! spends {
    ($($expected:literal: $name:ident = $new:expr => $call:expr;)*) => {$(
        let calls = async {
            let mut $name = $new;
            for _ in 0..CALLS {
                let _ = $call.await;
            }
        };
        assert_eq!(gives_way(calls), $expected, stringify!($name => $call));
    )*};
}

#[test]
fn each_call_that_never_waits_spends_what_tokios_does() {
    let pieces = [IoSlice::new(b"x")];
    spends! {
        true: sink = sink() => sink.write(b"x");
        true: sink = sink() => sink.write_vectored(&pieces);
        true: sink = sink() => sink.flush();
        true: sink = sink() => sink.shutdown();
        true: empty = empty() => empty.read(&mut [0]);
        true: empty = empty() => empty.fill_buf();
        true: empty = empty() => empty.write(b"x");
        true: empty = empty() => empty.write_vectored(&pieces);
        true: empty = empty() => empty.flush();
        true: empty = empty() => empty.shutdown();
        true: empty = empty() => empty.rewind();
        true: repeat = repeat(0) => repeat.read(&mut [0]);
        true: both = duplex(CALLS) => both.0.write(b"x");
        true: both = duplex(CALLS) => both.0.write_vectored(&pieces);
        false: both = duplex(CALLS) => both.0.flush();
        false: both = duplex(CALLS) => both.0.shutdown();
        true: both = simplex(CALLS) => both.1.write(b"x");
        true: both = simplex(CALLS) => both.1.write_vectored(&pieces);
        false: both = simplex(CALLS) => both.1.flush();
        false: bytes = &[0_u8; CALLS][..] => bytes.read(&mut [0]);
        false: cursor = Cursor::new([0; CALLS]) => cursor.read(&mut [0]);
        false: cursor = Cursor::new([0; CALLS]) => cursor.rewind();
        false: cursor = Cursor::new(Vec::new()) => cursor.flush();
    }
    let (mut writer, reader) = duplex(CALLS);
    crate::support::finish(writer.write_all(&[0; CALLS])).unwrap();
    spends! { true: far = reader => far.read(&mut [0]); }
}
