//! UDP and Unix datagram sockets.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

use std::future::{Future, poll_fn};
use std::io;
use std::task::Poll;
use std::time::Duration;
use whippet::net::{Interest, UdpSocket, UnixDatagram};
use whippet::runtime::Builder;
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn block_on<F: Future<Output = ()>>(test: F) {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async { timeout(DEADLINE, test).await.unwrap() });
    assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
}

#[test]
fn udp_reaches_its_target_and_names_its_sender() {
    block_on(async {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = server.local_addr().unwrap();
        let echo = whippet::spawn(async move {
            let mut buffer = [0; 64];
            for _ in 0..100 {
                let (count, sender) = server.recv_from(&mut buffer).await.unwrap();
                server.send_to(&buffer[..count], sender).await.unwrap();
            }
        });
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.connect(address).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), address);
        for number in 0..100_u8 {
            client.send(&[number; 10]).await.unwrap();
            let mut buffer = [0; 64];
            assert_eq!(client.recv(&mut buffer).await.unwrap(), 10);
            assert_eq!(buffer[0], number);
        }
        echo.await.unwrap();
        assert_eq!(client.try_recv(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        client.set_broadcast(true).unwrap();
        assert!(client.broadcast().unwrap());
    });
}

#[test]
fn a_refused_datagram_is_an_error_once() {
    block_on(async {
        let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        client.connect(gone.local_addr().unwrap()).await.unwrap();
        drop(gone);
        client.send(b"hello").await.unwrap();
        assert!(client.ready(Interest::ERROR).await.unwrap().is_error());
        let error = client.take_error().unwrap().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(client.take_error().unwrap().is_none());
        let mut again = std::pin::pin!(client.ready(Interest::ERROR));
        let waits = poll_fn(|cx| Poll::Ready(again.as_mut().poll(cx).is_pending())).await;
        assert!(waits);
    });
}

#[test]
fn unix_datagrams_keep_their_bounds_and_wait_for_room() {
    block_on(async {
        let (left, right) = UnixDatagram::pair().unwrap();
        let sends = whippet::spawn(async move {
            for number in 0..1_000_u16 {
                left.send(&number.to_ne_bytes()).await.unwrap();
            }
        });
        for number in 0..1_000_u16 {
            let mut buffer = [0; 8];
            assert_eq!(right.recv(&mut buffer).await.unwrap(), 2);
            assert_eq!(buffer[..2], number.to_ne_bytes());
        }
        sends.await.unwrap();
    });
}

#[test]
fn unix_datagrams_find_names() {
    block_on(async {
        let name = format!("\0whippet-datagram-{}", std::process::id());
        let server = UnixDatagram::bind(&name).unwrap();
        let client = UnixDatagram::unbound().unwrap();
        client.send_to(b"hello", &name).await.unwrap();
        let (count, sender) = server.recv_from(&mut [0; 16]).await.unwrap();
        assert!(count == 5 && sender.is_unnamed());
        client.connect(&name).unwrap();
        assert!(client.peer_addr().unwrap().as_abstract_name().is_some());
        client.send(b"again").await.unwrap();
        assert_eq!(server.recv(&mut [0; 16]).await.unwrap(), 5);
        drop(server);
        client.send(b"gone").await.unwrap_err();
    });
}
