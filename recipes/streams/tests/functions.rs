//! The functions of this crate.

use asynchronous_codec::{Framed, FramedRead, FramedWrite, LinesCodec};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt, TryStreamExt, sink, stream};
use recipe_streams::codec::{Delimited, LengthDelimited};
use recipe_streams::delay_queue::DelayQueue;
use recipe_streams::io::{InspectReader, SyncIoBridge, reader_stream, write_all_vectored};
use recipe_streams::net::{Listener, udp_frames};
use recipe_streams::stream::{chunks_timeout, throttle, timeout_each};
use recipe_streams::task::{JoinMap, LocalPool};
use std::future::{pending, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use whippet::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, duplex};
use whippet::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use whippet::sync::mpsc;
use whippet::task::{spawn_blocking, yield_now};
use whippet::time::{Instant, sleep};

/// A time that is over at once under a paused clock.
const TIME: Duration = Duration::from_secs(1);

#[whippet::test(start_paused = true)]
async fn an_item_that_does_not_come_is_an_error_each_time() {
    let (sender, mut receiver) = mpsc::channel(1);
    let items = stream::poll_fn(move |cx| receiver.poll_recv(cx));
    whippet::spawn(async move {
        sleep(TIME * 5 / 2).await;
        sender.send(1).await
    });
    let came: Vec<_> = timeout_each(items, TIME).map(|item| item.ok()).collect().await;
    assert_eq!(came, [None, None, Some(1)]);
}

#[whippet::test(start_paused = true)]
async fn throttled_items_come_one_by_one() {
    let began = Instant::now();
    let items = stream::iter([1, 2, 3]);
    let came: Vec<_> = throttle(items, TIME).collect().await;
    assert_eq!(came, [1, 2, 3]);
    assert_eq!(began.elapsed().as_secs(), 2);
}

#[whippet::test(start_paused = true)]
async fn chunks_are_full_or_in_time() {
    let items = stream::iter([1, 2, 3]).chain(stream::once(async {
        sleep(TIME * 2).await;
        4
    }));
    let items = items.boxed();
    let chunks: Vec<_> = chunks_timeout(items, 2, TIME).collect().await;
    assert_eq!(chunks, [vec![1, 2], vec![3], vec![4]]);
}

#[whippet::test]
async fn bytes_become_streams_and_streams_become_bytes() {
    let reader = &b"some words"[..];
    let pieces: Vec<Bytes> = reader_stream(reader).try_collect().await.unwrap();
    assert_eq!(pieces.concat(), b"some words");

    let items = stream::iter([Ok("some "), Err(io::Error::other("the end"))]);
    let mut reader = items.into_async_read();
    let mut bytes = [0; 5];
    reader.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"some ");
    assert_eq!(reader.read(&mut bytes).await.unwrap_err().to_string(), "the end");

    let (mut writer, reader) = duplex(64);
    let (taken, mut take) = mpsc::unbounded_channel();
    let sink = sink::unfold(taken, |taken, bytes: Bytes| async move {
        taken.send(bytes).map_err(io::Error::other)?;
        io::Result::Ok(taken)
    });
    let forwards = whippet::spawn(reader_stream(reader).forward(sink));
    writer.write_all(b"words").await.unwrap();
    drop(writer);
    forwards.await.unwrap().unwrap();
    assert_eq!(take.recv().await.unwrap(), "words");
    assert!(take.recv().await.is_none());
}

#[whippet::test]
async fn buffers_are_filled_and_emptied() {
    let mut reader = &b"some words"[..];
    let mut bytes = BytesMut::new();
    reader.read_buf(&mut bytes).await.unwrap();
    assert_eq!(bytes, "some words");
    let mut writer = Vec::new();
    let count = poll_fn(|cx| Pin::new(&mut writer).poll_write(cx, bytes.chunk())).await.unwrap();
    bytes.advance(count);
    assert!(bytes.is_empty() && writer == b"some words");
    let mut reader = &b"some words"[..];
    let mut buffer = [0; 4];
    let count = poll_fn(|cx| Pin::new(&mut reader).poll_read(cx, &mut buffer)).await.unwrap();
    assert_eq!(&buffer[..count], b"some");
    let mut bytes = vec![0; 6];
    reader.read_exact(&mut bytes).await.unwrap();
    assert_eq!(*Arc::<[u8]>::from(bytes), *b" words");
    let mut pieces = [&b""[..], b"some", b"", b" words"].map(IoSlice::new);
    let mut writer = Vec::new();
    write_all_vectored(&mut writer, &mut pieces).await.unwrap();
    assert_eq!(writer, b"some words");
}

#[whippet::test]
async fn what_is_read_is_shown() {
    let mut shown = Vec::new();
    let reader = &b"some words"[..];
    let mut reader = InspectReader::new(reader, |bytes| shown.extend_from_slice(bytes));
    let mut words = String::new();
    reader.read_to_string(&mut words).await.unwrap();
    assert_eq!((words.as_str(), shown.as_slice()), ("some words", &b"some words"[..]));
}

#[whippet::test]
async fn blocking_code_reads_and_writes_a_stream() {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut bridge = SyncIoBridge::new(near);
    let blocking = spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut word = [0; 5];
        bridge.read_exact(&mut word)?;
        word.make_ascii_uppercase();
        bridge.write_all(&word)?;
        bridge.flush()
    });
    far.write_all(b"hello").await.unwrap();
    let mut words = String::new();
    far.read_to_string(&mut words).await.unwrap();
    assert_eq!(words, "HELLO");
    blocking.await.unwrap().unwrap();
}

#[whippet::test]
async fn codecs_frame_whippets_streams() {
    let (near, far) = duplex(64);
    let (mut near, mut far) = (Framed::new(near, LinesCodec), Framed::new(far, LinesCodec));
    near.send("hello\n".to_owned()).await.unwrap();
    assert_eq!(far.next().await.unwrap().unwrap(), "hello\n");

    let reader = &b"one\ntwo\nthree\n"[..];
    let mut lines = FramedRead::new(reader, Delimited::new(b'\n', 4));
    assert_eq!(lines.next().await.unwrap().unwrap(), "one");
    assert_eq!(lines.next().await.unwrap().unwrap(), "two");
    assert_eq!(lines.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
    let lines = FramedRead::new(&b"one\ntwo"[..], Delimited::new(b'\n', 4));
    assert_eq!(lines.try_collect::<Vec<_>>().await.unwrap(), ["one", "two"]);

    let mut frames = FramedWrite::new(Vec::new(), LengthDelimited::new(5));
    frames.send(&b"hello"[..]).await.unwrap();
    frames.send(&b""[..]).await.unwrap();
    assert!(frames.send(&b"too long"[..]).await.is_err());
    let written = frames.into_inner();
    assert_eq!(written, b"\0\0\0\x05hello\0\0\0\0");
    let frames = FramedRead::new(&written[..], LengthDelimited::new(5));
    assert_eq!(frames.try_collect::<Vec<_>>().await.unwrap(), ["hello", ""]);
    let mut frames = FramedRead::new(&written[..8], LengthDelimited::new(5));
    assert_eq!(frames.next().await.unwrap().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let mut frames = FramedRead::new(&written[..], LengthDelimited::new(4));
    assert_eq!(frames.next().await.unwrap().unwrap_err().kind(), ErrorKind::InvalidData);
}

#[whippet::test]
async fn datagrams_are_decoded_one_by_one() {
    let (near, far) = (UdpSocket::bind("127.0.0.1:0").await, UdpSocket::bind("127.0.0.1:0").await);
    let (socket, far) = (near.unwrap(), far.unwrap());
    let address = socket.local_addr().unwrap();
    let decoder = Delimited::new(b',', 8);
    let mut frames = Box::pin(udp_frames(socket, decoder));
    far.send_to(b"one,two", address).await.unwrap();
    far.send_to(b"three", address).await.unwrap();
    for expected in ["one", "two", "three"] {
        let (frame, from) = frames.next().await.unwrap().unwrap();
        assert_eq!((&frame[..], from), (expected.as_bytes(), far.local_addr().unwrap()));
    }
}

#[whippet::test]
async fn listeners_of_two_kinds_have_one_name() {
    async fn greet(listener: impl Listener) -> io::Result<()> {
        let (mut stream, _) = Listener::accept(&listener).await?;
        stream.write_all(b"hello").await
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    greet(listener).await.unwrap();
    let mut words = String::new();
    stream.read_to_string(&mut words).await.unwrap();
    assert_eq!(words, "hello");
    let path = std::env::temp_dir().join(format!("whippet-recipe-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let stream = UnixStream::connect(&path).await.unwrap();
    greet(listener).await.unwrap();
    drop(stream);
    std::fs::remove_file(path).unwrap();
}

#[whippet::test]
async fn tasks_have_keys() {
    let mut map = JoinMap::default();
    map.spawn("one", async { 1 });
    map.spawn("two", pending());
    map.spawn("panics", async { panic!("on purpose") });
    map.spawn("one", async { 11 });
    assert!(map.abort(&"two") && !map.abort(&"three"));
    let mut ended = Vec::new();
    while let Some((key, joined)) = map.join_next().await {
        ended.push((key, joined.ok()));
    }
    ended.sort();
    assert_eq!(ended, [("one", Some(11)), ("panics", None), ("two", None)]);
}

#[whippet::test]
async fn a_pool_runs_tasks_that_are_not_send() {
    let pool = LocalPool::new(2).unwrap();
    let make = |number: u32| {
        move || async move {
            let shared = Rc::new(number);
            yield_now().await;
            *shared
        }
    };
    let (first, second) = (pool.spawn_on(0, make(1)), pool.spawn_on(1, make(2)));
    let panics = pool.spawn_on(0, || async { panic!("on purpose") });
    let after = pool.spawn_on(0, make(3));
    drop(pool);
    assert_eq!((first.await, second.await, after.await), (Ok(1), Ok(2), Ok(3)));
    assert!(panics.await.is_err());
}

#[whippet::test(start_paused = true)]
async fn items_come_out_when_their_time_has_come() {
    let mut queue = DelayQueue::new();
    let began = Instant::now();
    assert!(queue.next().await.is_none());
    let late = queue.insert("late", TIME * 60);
    queue.insert("second", TIME * 2);
    let removed = queue.insert("removed", TIME);
    queue.insert("first", TIME);
    assert_eq!(queue.remove(&removed), Some("removed"));
    assert_eq!(queue.next().await, Some("first"));
    assert_eq!(queue.next().await, Some("second"));
    assert_eq!(began.elapsed().as_secs(), 2);
    let late = queue.reset(&late, TIME).unwrap();
    assert_eq!(queue.next().await, Some("late"));
    assert_eq!(began.elapsed().as_secs(), 3);
    assert!(queue.reset(&late, TIME).is_none() && queue.is_empty());
}
