//! The rows of docs/FROM-TOKIO.md that are one line each, run: `tests/page.rs` looks for the page's words here.

use futures_util::future::{self, BoxFuture, Either};
use futures_util::stream::{self, FuturesOrdered, SelectAll, abortable};
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt, sink};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use whippet::io::{AsyncBufReadExt, BufReader};
use whippet::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use whippet::runtime::Builder;
use whippet::signal::{SignalKind, signal};
use whippet::sync::broadcast::error::RecvError;
use whippet::sync::{CancellationToken, Semaphore, broadcast, mpsc, watch};
use whippet::task::{AbortOnDropHandle, JoinSet};
use whippet::time::{Instant, interval, sleep, timeout, timeout_at};

/// How long a test may take before it fails.
const DEADLINE: Duration = Duration::from_secs(60);
/// A time that is over at once under a paused clock.
const TIME: Duration = Duration::from_secs(1);

async fn all<S: Stream>(items: S) -> Vec<S::Item> {
    timeout(DEADLINE, items.collect()).await.expect("the test takes too long")
}

/// The first item of a stream.
async fn first<S: Stream>(items: S) -> S::Item {
    let mut items = pin!(items);
    let first = timeout(DEADLINE, items.next()).await.expect("the test takes too long");
    first.expect("the stream is not empty")
}

#[whippet::test]
async fn channels_are_streams() {
    let (sender, mut receiver) = mpsc::channel(4);
    sender.send(1).await.unwrap();
    drop(sender);
    assert_eq!(all(stream::poll_fn(move |cx| receiver.poll_recv(cx))).await, [1]);

    let (sender, receiver) = broadcast::channel(2);
    (1..=3).for_each(|item| drop(sender.send(item)));
    drop(sender);
    let items = stream::unfold(receiver, |mut receiver| async {
        match receiver.recv().await {
            Err(RecvError::Closed) => None,
            item => Some((item, receiver)),
        }
    });
    assert_eq!(all(items).await, [Err(RecvError::Lagged(1)), Ok(2), Ok(3)]);

    let (sender, receiver) = watch::channel("one".to_owned());
    sender.send("two".to_owned()).unwrap();
    drop(sender);
    let items = stream::unfold(receiver, |mut receiver| async {
        receiver.changed().await.ok()?;
        let value = receiver.borrow_and_update().clone();
        Some((value, receiver))
    });
    assert_eq!(all(items).await, ["two"]);
    let (_sender, mut receiver) = watch::channel(1);
    receiver.mark_changed();
    receiver.changed().await.unwrap();
}

#[whippet::test]
async fn what_comes_from_the_kernel_is_a_stream() {
    let mut ticks = interval(Duration::from_millis(1));
    assert!(
        first(stream::poll_fn(move |cx| ticks.poll_tick(cx).map(Some))).await <= Instant::now()
    );

    let mut signals = signal(SignalKind::window_change()).unwrap();
    let mut signals = stream::poll_fn(move |cx| signals.poll_recv(cx));
    assert!(signals.next().now_or_never().is_none());

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    first(stream::poll_fn(move |cx| listener.poll_accept(cx).map(Some))).await.unwrap();
    let _ = |listener: UnixListener| stream::poll_fn(move |cx| listener.poll_accept(cx).map(Some));

    let lines = BufReader::new(&b"one\ntwo\n"[..]).lines();
    let lines = stream::unfold(lines, |mut lines| async {
        Some((lines.next_line().await.transpose()?, lines))
    });
    assert_eq!(lines.try_collect::<Vec<_>>().await.unwrap(), ["one", "two"]);
    let pieces = BufReader::new(&b"one,two"[..]).split(b',');
    let pieces = stream::unfold(pieces, |mut pieces| async {
        Some((pieces.next_segment().await.transpose()?, pieces))
    });
    assert_eq!(pieces.try_collect::<Vec<_>>().await.unwrap(), [b"one", b"two"]);

    let mut tasks = JoinSet::new();
    tasks.spawn(async { 7 });
    let joined = all(stream::poll_fn(move |cx| tasks.poll_join_next(cx))).await;
    assert_eq!(joined.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [7]);
}

#[whippet::test]
async fn futures_util_makes_and_combines_streams() {
    assert!(all(stream::empty::<u8>()).await.is_empty());
    assert_eq!(all(stream::iter([1, 2])).await, [1, 2]);
    assert_eq!(all(stream::once(future::ready(1))).await, [1]);
    assert!(stream::pending::<u8>().next().now_or_never().is_none());
    let items = stream::iter([1, 2, 3]);
    assert_eq!(all(items.filter(|item| future::ready(item % 2 == 1))).await, [1, 3]);
    let half = |item: i32| (item % 2 == 0).then_some(item / 2);
    let items = stream::iter([2, 4, 5, 6]);
    assert_eq!(all(items.scan((), |(), item| future::ready(half(item)))).await, [1, 2]);
    let (items, others) = (stream::iter([1]), stream::iter([2]));
    assert_eq!(all(stream::select(items, others)).await.len(), 2);
    let mut items = stream::iter([Ok(1), Err("no")]);
    assert_eq!(items.try_next().await, Ok(Some(1)));
    assert_eq!(items.try_collect::<Vec<_>>().await, Err("no"));
    let items = stream::iter([1]);
    let items = items.map(Some).chain(stream::once(future::ready(None)));
    assert_eq!(all(items).await, [Some(1), None]);
    let mut items = stream::pending::<u8>();
    assert!(timeout(Duration::ZERO, items.next()).await.is_err());
}

#[whippet::test]
async fn streams_with_keys_are_taken_out_again() {
    let mut map = SelectAll::new();
    let (of_one, mut one) = mpsc::unbounded_channel();
    let (of_two, mut two) = mpsc::unbounded_channel();
    let items = stream::poll_fn(move |cx| one.poll_recv(cx));
    let (items, handle) = abortable(items);
    let key = "one";
    map.push(items.map(move |item| (key, item)).boxed());
    let items = stream::poll_fn(move |cx| two.poll_recv(cx));
    let key = "two";
    map.push(items.map(move |item| (key, item)).boxed());
    of_one.send(1).unwrap();
    assert_eq!(map.next().await, Some(("one", 1)));
    handle.abort();
    let _ = of_one.send(1);
    of_two.send(2).unwrap();
    drop(of_two);
    assert_eq!(all(map).await, [("two", 2)]);
}

#[whippet::test]
async fn futures_have_an_end() {
    let never = || future::pending::<()>();
    let token = CancellationToken::new();
    assert!(timeout(Duration::ZERO, never()).await.is_err());
    assert!(timeout_at(Instant::now(), never()).await.is_err());
    token.cancel();
    let future = never();
    assert_eq!(token.run_until_cancelled(future).await, None);
    let future = never();
    assert_eq!(token.clone().run_until_cancelled_owned(future).await, None);
    let either =
        if token.is_cancelled() { Either::Left(async { 1 }) } else { Either::Right(async { 2 }) };
    assert_eq!(either.await, 1);
}

#[test]
fn a_future_runs_elsewhere_with_a_runtime_of_its_own_choice() {
    let (outer, inner) =
        (Builder::new_current_thread().build(), Builder::new_multi_thread().build());
    let (outer, inner) = (outer.unwrap(), inner.unwrap());
    let handle = inner.handle().clone();
    outer.block_on(async {
        let mut future = pin!(async { whippet::runtime::Handle::current().id() });
        let of_inner = poll_fn(|cx| {
            let _entered = handle.enter();
            future.as_mut().poll(cx)
        });
        assert_eq!(of_inner.await, handle.id());
    });
}

#[whippet::test]
async fn a_sender_is_a_sink_and_a_permit_is_polled() {
    let (sender, mut receiver) = mpsc::channel(1);
    let sink =
        sink::unfold(
            sender,
            |sender, item| async move { sender.send(item).await.map(|()| sender) },
        );
    let send = stream::iter([1, 2, 3]).map(Ok).forward(sink);
    let (sent, received) = whippet::join!(send, async {
        let mut received = Vec::new();
        while let Some(item) = receiver.recv().await {
            received.push(item);
        }
        received
    });
    sent.unwrap();
    assert_eq!(received, [1, 2, 3]);

    let semaphore = Arc::new(Semaphore::new(1));
    let held = semaphore.try_acquire().unwrap();
    let mut permit: BoxFuture<'_, _> = Arc::clone(&semaphore).acquire_owned().boxed();
    assert!(poll_fn(|cx| Poll::Ready(permit.poll_unpin(cx).is_pending())).await);
    drop(held);
    assert!(poll_fn(|cx| permit.poll_unpin(cx)).await.is_ok());
}

#[whippet::test(start_paused = true)]
async fn a_box_is_used_again_and_a_queue_of_tasks_keeps_its_order() {
    let make = |number| async move {
        sleep(TIME).await;
        number
    };
    let mut boxed = Box::pin(make(1));
    assert_eq!(boxed.as_mut().await, 1);
    boxed.set(make(2));
    assert_eq!(boxed.await, 2);

    let mut queue = FuturesOrdered::new();
    queue.push_back(AbortOnDropHandle::new(whippet::spawn(make(1))));
    queue.push_back(AbortOnDropHandle::new(whippet::spawn(async { 2 })));
    let joined: Vec<_> = queue.map(Result::unwrap).collect().await;
    assert_eq!(joined, [1, 2]);
}

#[whippet::test]
async fn a_crate_with_tokios_traits_reads_and_writes_whippets_streams() {
    use tokio_util::compat::FuturesAsyncReadCompatExt;
    async fn of_tokios_traits<S>(stream: S) -> io::Result<Vec<u8>>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut reader, mut writer) = tokio::io::split(stream);
        writer.write_all(b"hello").await?;
        writer.shutdown().await?;
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).await?;
        Ok(bytes)
    }
    let (stream, peer) = UnixStream::pair().unwrap();
    let echo = async {
        let (mut reader, mut writer) = peer.into_split();
        whippet::io::copy(&mut reader, &mut writer).await
    };
    let (bytes, copied) = whippet::join!(of_tokios_traits(stream.compat()), echo);
    assert_eq!((bytes.unwrap(), copied.unwrap()), (b"hello".to_vec(), 5));
}
