//! Streams within the program: duplex, halves of any stream.

use crate::support::{Count, finish, poll_times};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use whippet::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex, split};

/// Bytes for the two tests with threads: more than the pipes hold many times over.
const MANY: usize = 200_000;

proptest! {
    #[test]
    fn a_duplex_gives_what_it_took_and_holds_no_more_than_its_bound(
        bytes in vec(any::<u8>(), 0..100),
        capacity in 1..16_usize,
        steps in vec((any::<bool>(), 0..12_usize), 1..40),
    ) {
        let (mut near, mut far) = duplex(capacity);
        let (mut sent, mut got) = (0, Vec::new());
        for (writes, size) in steps {
            if writes {
                let piece = &bytes[sent..bytes.len().min(sent + size)];
                match poll_times(near.write(piece), 1) {
                    Some(count) => sent += count.unwrap(),
                    None => prop_assert_eq!(sent - got.len(), capacity),
                }
            } else {
                let mut buffer = vec![0; size];
                match poll_times(far.read(&mut buffer), 1) {
                    Some(count) => got.extend_from_slice(&buffer[..count.unwrap()]),
                    None => prop_assert_eq!(sent, got.len()),
                }
            }
            prop_assert!(sent - got.len() <= capacity);
            prop_assert_eq!(&got, &bytes[..got.len()]);
        }
        drop(near);
        finish(far.read_to_end(&mut got)).unwrap();
        prop_assert_eq!(&got, &bytes[..sent]);
    }
}

#[test]
fn a_duplex_wakes_its_waiters() {
    let (mut near, mut far) = duplex(2);
    let (reader, writer) = (Arc::new(Count::default()), Arc::new(Count::default()));
    let (reading, writing) = (Waker::from(reader.clone()), Waker::from(writer.clone()));
    let read = |far: &mut whippet::io::DuplexStream, buffer: &mut [u8]| {
        Pin::new(far).poll_read(&mut Context::from_waker(&reading), buffer).map(Result::unwrap)
    };
    let write = |near: &mut whippet::io::DuplexStream| {
        Pin::new(near).poll_write(&mut Context::from_waker(&writing), b"abc")
    };

    assert_eq!(read(&mut far, &mut [0; 1]), Poll::Pending);
    assert!(matches!(write(&mut near), Poll::Ready(Ok(2))));
    assert_eq!((reader.get(), writer.get()), (1, 0));
    assert!(write(&mut near).is_pending());
    assert_eq!(read(&mut far, &mut [0; 1]), Poll::Ready(1));
    assert_eq!((reader.get(), writer.get()), (1, 1));
    assert!(matches!(write(&mut near), Poll::Ready(Ok(1))));
    assert!(write(&mut near).is_pending());
    drop(far);
    assert_eq!((reader.get(), writer.get()), (1, 2));
    assert!(matches!(write(&mut near), Poll::Ready(Err(_))));

    let (mut near, mut far) = duplex(2);
    assert_eq!(read(&mut far, &mut [0; 1]), Poll::Pending);
    finish(near.shutdown()).unwrap();
    assert_eq!(reader.get(), 2);
    assert_eq!(read(&mut far, &mut [0; 1]), Poll::Ready(0));
}

#[test]
fn the_ends_of_a_duplex_end_apart() {
    let (mut near, mut far) = duplex(8);
    finish(async {
        near.write_all(b"last").await?;
        near.shutdown().await?;
        assert_eq!(near.write(b"x").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let mut got = String::new();
        far.read_to_string(&mut got).await?;
        assert_eq!(got, "last");
        far.write_all(b"answer").await?;
        drop(far);
        near.read_to_string(&mut got).await?;
        assert_eq!(got, "lastanswer");
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
#[should_panic(expected = "a buffer of zero bytes")]
fn a_duplex_without_room() {
    let _ = duplex(0);
}

#[test]
fn a_duplex_spends_budget() {
    let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (mut near, mut far) = duplex(1);
        let endless = whippet::spawn(async move {
            loop {
                near.write_all(b"x").await.unwrap();
                far.read_exact(&mut [0]).await.unwrap();
            }
        });
        whippet::spawn(async {}).await.unwrap();
        endless.abort();
    });
}

/// Sends a count of bytes each way between two streams' halves, each of the four in its own task on several threads.
fn crosswise<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(left: S, right: S) {
    let runtime =
        whippet::runtime::Builder::new_multi_thread().worker_threads(3).build().expect("a runtime");
    runtime.block_on(async {
        let mut tasks = Vec::new();
        for stream in [left, right] {
            let (mut reader, mut writer) = split(stream);
            tasks.push(whippet::spawn(async move {
                let bytes: Vec<u8> = (0..MANY).map(|place| place as u8).collect();
                for piece in bytes.chunks(777) {
                    writer.write_all(piece).await.expect("the other end is there");
                }
                writer.shutdown().await.expect("the other end is there");
            }));
            tasks.push(whippet::spawn(async move {
                let mut got = Vec::new();
                reader.read_to_end(&mut got).await.expect("the other end is there");
                assert_eq!(got.len(), MANY);
                assert!(got.iter().enumerate().all(|(place, &byte)| byte == place as u8));
            }));
        }
        for task in tasks {
            task.await.expect("the other end is there");
        }
    });
}

#[test]
fn halves_of_a_duplex_in_tasks_of_their_own() {
    let (left, right) = duplex(500);
    crosswise(left, right);
}

#[test]
fn halves_belong_to_their_stream() {
    let (near, far) = duplex(4);
    let (one, other) = (split(near), split(far));
    assert!(one.0.is_pair_of(&one.1) && one.1.is_pair_of(&one.0));
    assert!(!one.0.is_pair_of(&other.1) && !other.1.is_pair_of(&one.0));
    let (mut near, mut far) = (one.0.unsplit(one.1), other.0.unsplit(other.1));
    finish(near.write_all(b"four")).unwrap();
    assert_eq!(finish(far.read_u32()).unwrap(), u32::from_be_bytes(*b"four"));
}

#[test]
#[should_panic(expected = "the halves are of two streams")]
fn halves_of_two_streams() {
    let (near, far) = duplex(4);
    split(near).0.unsplit(split(far).1);
}

/// A stream that calls back while it is polled.
struct Hook<F>(F);

impl<F: FnMut(&mut Context<'_>) -> Poll<io::Result<usize>> + Unpin> AsyncRead for Hook<F> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        _: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        (self.0)(cx)
    }
}

impl<F: Unpin> AsyncWrite for Hook<F> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_stream_that_panics_goes_back_to_its_halves() {
    let (mut reader, mut writer) = split(Hook(|_: &mut Context<'_>| panic!("on purpose")));
    let read = AssertUnwindSafe(|| poll_times(reader.read(&mut [0]), 1));
    assert!(catch_unwind(read).is_err());
    assert_eq!(poll_times(writer.write(b"x"), 1).unwrap().unwrap(), 1);
}

#[test]
fn a_half_that_finds_the_stream_out_is_woken_when_it_is_back() {
    // The writing half is polled while the reading half has the stream: what two threads do, in one.
    type Other = Arc<std::sync::Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;
    let other: Other = Other::default();
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let (within, theirs) = (other.clone(), waker.clone());
    let hook = Hook(move |_: &mut Context<'_>| {
        let mut other = within.lock().unwrap();
        let writing = other.as_mut().expect("the writer is there");
        assert!(writing.as_mut().poll(&mut Context::from_waker(&theirs)).is_pending());
        Poll::Ready(Ok(0))
    });
    let (mut reader, mut writer) = split(hook);
    *other.lock().unwrap() = Some(Box::pin(async move { writer.write_all(b"x").await.unwrap() }));
    assert_eq!(finish(reader.read(&mut [0])).unwrap(), 0);
    assert_eq!(count.get(), 1);
    let mut writing = other.lock().unwrap().take().expect("the writer is there");
    assert!(pin!(&mut writing).poll(&mut Context::from_waker(&waker)).is_ready());
}

#[whippet::test]
async fn a_simplex_makes_its_writer_wait_and_ends_on_close() {
    let (mut reader, mut writer) = whippet::io::simplex(4);
    let writes = async {
        writer.write_all(b"more than fits").await?;
        writer.shutdown().await
    };
    let mut words = String::new();
    let (written, read) = whippet::join!(writes, reader.read_to_string(&mut words));
    written.unwrap();
    read.unwrap();
    assert_eq!(words, "more than fits");
    assert!(writer.write_all(b"x").await.is_err(), "it was ended");
}

#[whippet::test]
async fn a_buffered_stream_reads_ahead_and_writes_late() {
    let (near, mut far) = whippet::io::duplex(64);
    let mut near = whippet::io::BufStream::with_capacity(32, 8, near);
    far.write_all(b"ab").await.unwrap();
    assert_eq!(near.read_u8().await.unwrap(), b'a');
    near.write_all(b"late").await.unwrap();
    near.write_all(b"enough").await.unwrap();
    // The first word went out when the second did not fit beside it.
    let mut word = [0; 4];
    far.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"late");
    near.flush().await.unwrap();
    let mut word = [0; 6];
    far.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"enough");
    assert_eq!(near.read_u8().await.unwrap(), b'b', "read ahead");
    drop(near.into_inner());
}
