//! Cancel safety of sockets: futures that are dropped while they wait, again and again, lose nothing.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::{Interest, TcpListener, TcpStream};
use whippet::runtime::{Builder, Handle, Runtime};
use whippet::task::yield_now;
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);
/// Bytes that go through a connection, a few at a time.
const BYTES: usize = 20_000;

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
        Builder::new_current_thread().build().unwrap(),
    ]
}

/// Runs a test on both kinds of runtime, and sees that it leaves no descriptor.
fn on_both<F: Future<Output = ()>>(test: impl Fn() -> F) {
    for runtime in runtimes() {
        runtime.block_on(async { timeout(DEADLINE, test()).await.unwrap() });
        assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
    }
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

/// Polls a future once, and drops it, ready or not.
async fn once<F: Future>(future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// Polls new futures until one is ready, dropping all others.
async fn insist<F: Future>(mut next: impl FnMut() -> F) -> F::Output {
    loop {
        if let Some(output) = once(next()).await {
            return output;
        }
        yield_now().await;
    }
}

fn bytes() -> Vec<u8> {
    (0..BYTES).map(|index| (index % 251) as u8).collect()
}

async fn send_in_pieces(mut stream: TcpStream) {
    for (index, piece) in bytes().chunks(97).enumerate() {
        stream.write_all(piece).await.unwrap();
        if index % 3 == 0 {
            yield_now().await;
        }
    }
}

#[test]
fn regression_15_a_cancelled_read_loses_no_bytes() {
    on_both(|| async {
        let (client, mut server) = pair().await;
        let sends = whippet::spawn(send_in_pieces(client));
        let mut got = Vec::new();
        loop {
            let mut buffer = [0; 64];
            let count = loop {
                match once(server.read(&mut buffer)).await {
                    Some(count) => break count.unwrap(),
                    None => yield_now().await,
                }
            };
            if count == 0 {
                break;
            }
            got.extend_from_slice(&buffer[..count]);
        }
        assert!(got == bytes());
        sends.await.unwrap();
    });
}

#[test]
fn regression_15_a_cancelled_wait_or_peek_loses_no_bytes() {
    on_both(|| async {
        let (client, server) = pair().await;
        let sends = whippet::spawn(send_in_pieces(client));
        let mut got = Vec::new();
        while got.len() < BYTES {
            let ready = insist(|| server.ready(Interest::READABLE | Interest::ERROR)).await;
            assert!(ready.unwrap().is_readable());
            let mut peeked = [0; 50];
            let count = once(server.peek(&mut peeked)).await.map_or(0, Result::unwrap);
            let mut buffer = [0; 64];
            match server.try_read(&mut buffer) {
                Ok(read) => {
                    assert!(read >= count && buffer[..count] == peeked[..count]);
                    got.extend_from_slice(&buffer[..read]);
                }
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        }
        assert!(got == bytes());
        sends.await.unwrap();
    });
}

#[test]
fn a_cancelled_write_has_written_nothing() {
    on_both(|| async {
        let (mut client, mut server) = pair().await;
        client.set_send_buffer_size(4_096).unwrap();
        let receives = whippet::spawn(async move {
            let mut got = Vec::new();
            let mut buffer = [0; 1_500];
            loop {
                match server.read(&mut buffer).await.unwrap() {
                    0 => return got,
                    count => got.extend_from_slice(&buffer[..count]),
                }
                yield_now().await;
            }
        });
        let all: Vec<u8> = bytes().into_iter().cycle().take(100 * BYTES).collect();
        let mut sent = 0;
        while sent < all.len() {
            match once(client.write(&all[sent..])).await {
                Some(count) => sent += count.unwrap(),
                None => yield_now().await,
            }
        }
        drop(client);
        assert!(receives.await.unwrap() == all);
    });
}

#[test]
fn a_cancelled_accept_loses_no_connection() {
    on_both(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connects = whippet::spawn(async move {
            let mut clients = Vec::new();
            for number in 0..100_u8 {
                let mut client = TcpStream::connect(address).await.unwrap();
                client.write_all(&[number]).await.unwrap();
                clients.push(client);
            }
            clients
        });
        for number in 0..100_u8 {
            let (mut server, _) = insist(|| listener.accept()).await.unwrap();
            let mut byte = [0];
            server.read_exact(&mut byte).await.unwrap();
            assert_eq!(byte, [number]);
        }
        drop(connects.await.unwrap());
        assert!(once(listener.accept()).await.is_none());
    });
}

#[test]
fn a_cancelled_connect_gives_its_descriptor_back() {
    on_both(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        for _ in 0..100 {
            drop(once(TcpStream::connect(address)).await);
        }
        assert_eq!(Handle::current().metrics().num_registered_descriptors(), 1);
    });
}

#[test]
fn two_tasks_that_wait_for_one_direction_are_both_served() {
    on_both(|| async {
        let (mut client, server) = pair().await;
        let server = std::sync::Arc::new(server);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let server = std::sync::Arc::clone(&server);
                whippet::spawn(async move {
                    let mut buffer = [0; 1];
                    loop {
                        server.readable().await.unwrap();
                        match server.try_read(&mut buffer) {
                            Ok(count) => return count,
                            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                        }
                    }
                })
            })
            .collect();
        yield_now().await;
        client.write_all(b"ab").await.unwrap();
        for reader in readers {
            assert_eq!(reader.await.unwrap(), 1);
        }
        drop(server);
    });
}
