//! TCP on real sockets.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panics as the test does")]

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use whippet::net::{Interest, TcpListener, TcpSocket, TcpStream};
use whippet::runtime::{Builder, Runtime};
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn runtimes() -> [Runtime; 2] {
    [
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
        Builder::new_current_thread().build().unwrap(),
    ]
}

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

/// A port that is taken, so that no other process gets it, without a listener.
fn bound_and_deaf() -> TcpSocket {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket
}

async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    poll_fn(|cx| futures_io::AsyncRead::poll_read(Pin::new(stream), cx, buffer)).await
}

async fn write_all(stream: &mut TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let count =
            poll_fn(|cx| futures_io::AsyncWrite::poll_write(Pin::new(stream), cx, bytes)).await?;
        bytes = &bytes[count..];
    }
    Ok(())
}

#[test]
fn a_megabyte_goes_there_and_back() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (mut client, mut server) = pair().await.unwrap();
            let echo = whippet::spawn(async move {
                let mut buffer = vec![0; 10_000];
                loop {
                    let count = read(&mut server, &mut buffer).await.unwrap();
                    if count == 0 {
                        return;
                    }
                    write_all(&mut server, &buffer[..count]).await.unwrap();
                }
            });
            let sent: Vec<u8> = (0..1_000_000_u32).map(|number| (number * 7 % 251) as u8).collect();
            let (reader, mut writer) = client.into_split();
            let expected = sent.clone();
            let receive = whippet::spawn(async move {
                let mut got = Vec::new();
                while got.len() < expected.len() {
                    reader.readable().await.unwrap();
                    let mut buffer = [0; 4096];
                    match reader.try_read(&mut buffer) {
                        Ok(count) => got.extend_from_slice(&buffer[..count]),
                        Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                    }
                }
                assert!(got == expected);
                reader
            });
            let mut rest = &sent[..];
            while !rest.is_empty() {
                let count = poll_fn(|cx| {
                    futures_io::AsyncWrite::poll_write(Pin::new(&mut writer), cx, rest)
                })
                .await
                .unwrap();
                rest = &rest[count..];
            }
            let reader = timeout(DEADLINE, receive).await.unwrap().unwrap();
            client = reader.reunite(writer).unwrap();
            drop(client);
            timeout(DEADLINE, echo).await.unwrap().unwrap();
        });
    }
}

#[test]
fn a_refused_connect_fails() {
    for runtime in runtimes() {
        let error = runtime.block_on(async {
            let closed = bound_and_deaf();
            let address = closed.local_addr().unwrap();
            timeout(DEADLINE, TcpStream::connect(address)).await.unwrap().unwrap_err()
        });
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }
}

#[test]
fn a_reset_is_noticed_without_reading() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (client, server) = pair().await.unwrap();
            client.try_write(b"unread").unwrap();
            client.set_linger(Some(Duration::ZERO)).unwrap();
            drop(client);
            let ready = timeout(DEADLINE, server.ready(Interest::ERROR)).await.unwrap().unwrap();
            assert!(ready.is_error() && ready.is_write_closed());
        });
    }
}

#[test]
fn a_half_close_is_no_error() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (client, mut server) = pair().await.unwrap();
            client.try_write(b"last words").unwrap();
            client.shutdown_now(std::net::Shutdown::Write).unwrap();
            let mut buffer = [0; 4];
            let mut got = Vec::new();
            loop {
                let count =
                    timeout(DEADLINE, read(&mut server, &mut buffer)).await.unwrap().unwrap();
                if count == 0 {
                    break;
                }
                got.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(got, b"last words");
            write_all(&mut server, b"answer").await.unwrap();
            timeout(DEADLINE, client.readable()).await.unwrap().unwrap();
            assert_eq!(client.try_read(&mut [0; 16]).unwrap(), 6);
        });
    }
}

#[test]
fn a_duplicate_outlives_its_socket_and_its_bytes_reach_no_other() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (client, mut server) = pair().await.unwrap();
        let duplicate = rustix_dup(&server);
        assert_eq!(whippet::runtime::Handle::current().metrics().num_registered_descriptors(), 2);
        assert_eq!(timeout(DEADLINE, server.writable()).await.unwrap().ok(), Some(()));
        // The write below would be an event of the slot that the next socket gets.
        drop(server);
        let (_other, next) = pair().await.unwrap();
        client.try_write(b"for the duplicate").unwrap();
        let error = next.try_read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        server = TcpStream::from_std(duplicate.into()).unwrap();
        assert_eq!(timeout(DEADLINE, read(&mut server, &mut [0; 64])).await.unwrap().unwrap(), 17);
    });
    assert_eq!(runtime.metrics().num_registered_descriptors(), 0);
}

fn rustix_dup(stream: &TcpStream) -> std::os::fd::OwnedFd {
    use std::os::fd::AsFd;
    stream.as_fd().try_clone_to_owned().unwrap()
}

#[test]
fn regression_02_descriptor_reuse_mixes_up_no_bytes() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let server = whippet::spawn(async move {
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    drop(whippet::spawn(async move {
                        let mut buffer = [0; 8];
                        while let Ok(count @ 1..) = read(&mut stream, &mut buffer).await {
                            if write_all(&mut stream, &buffer[..count]).await.is_err() {
                                return;
                            }
                        }
                    }));
                }
            });
            let clients: Vec<_> = (0..16_u8)
                .map(|tag| {
                    whippet::spawn(async move {
                        for round in 0..100_u8 {
                            let mut stream = TcpStream::connect(address).await.unwrap();
                            let word = [tag, round, tag ^ round, 1];
                            write_all(&mut stream, &word).await.unwrap();
                            let mut buffer = [0; 4];
                            let mut got = 0;
                            while got < 4 {
                                got += timeout(DEADLINE, read(&mut stream, &mut buffer[got..]))
                                    .await
                                    .unwrap()
                                    .unwrap();
                            }
                            assert_eq!(buffer, word, "bytes of another connection");
                        }
                    })
                })
                .collect();
            for client in clients {
                timeout(DEADLINE, client).await.unwrap().unwrap();
            }
            server.abort();
        });
    }
}

#[test]
fn regression_01_bytes_behind_urgent_data_are_announced() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (client, mut server) = pair().await.unwrap();
            client.try_write(b"before").unwrap();
            rustix::net::send(&client, b"!", rustix::net::SendFlags::OOB).unwrap();
            client.try_write(b"behind").unwrap();
            let mut got = Vec::new();
            while got.len() < 12 {
                let mut buffer = [0; 64];
                let read = timeout(DEADLINE, read(&mut server, &mut buffer)).await;
                let count = read.expect("what lies behind the urgent byte is lost").unwrap();
                got.extend_from_slice(&buffer[..count]);
            }
            assert_eq!(got, b"beforebehind");
        });
    }
}

#[test]
fn more_pieces_than_the_kernel_takes_in_a_call() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let (client, server) = pair().await.unwrap();
            let pieces = [io::IoSlice::new(b"x"); 3_000];
            let mut written = 0;
            while written < pieces.len() {
                timeout(DEADLINE, client.writable()).await.unwrap().unwrap();
                written += client.try_write_vectored(&pieces[written..]).unwrap();
            }
            let mut bytes = [[0_u8; 1]; 3_000];
            let mut got = 0;
            while got < bytes.len() {
                let mut pieces: Vec<_> =
                    bytes[got..].iter_mut().map(|piece| io::IoSliceMut::new(piece)).collect();
                timeout(DEADLINE, server.readable()).await.unwrap().unwrap();
                match server.try_read_vectored(&mut pieces) {
                    Ok(count) => got += count,
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
                }
            }
            assert!(bytes.iter().all(|piece| piece == b"x"));
        });
    }
}

#[test]
fn regression_11_no_wait_on_a_socket_outlives_its_runtime() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (waits, client, listener) = runtime.block_on(async {
        let (client, waits) = pair().await.unwrap();
        (waits, client, TcpListener::bind("127.0.0.1:0").await.unwrap())
    });
    let other = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let mut waits = other.spawn(async move { (waits.readable().await, waits) });
    // It has been polled once, and waits in the runtime that is about to end.
    other.block_on(whippet::task::yield_now());
    runtime.shutdown_timeout(DEADLINE);
    other.block_on(async {
        let (waited, server) = timeout(DEADLINE, &mut waits).await.unwrap().unwrap();
        waited.unwrap_err();
        timeout(DEADLINE, client.ready(Interest::ERROR)).await.unwrap().unwrap_err();
        timeout(DEADLINE, listener.accept()).await.unwrap().unwrap_err();
        let mut client = client;
        timeout(DEADLINE, read(&mut client, &mut [0; 8])).await.unwrap().unwrap_err();
        drop(server);
    });
    drop(listener);
    assert_eq!(other.metrics().num_registered_descriptors(), 0);
}

#[test]
fn the_first_address_that_answers_is_taken() {
    for runtime in runtimes() {
        runtime.block_on(async {
            let deaf = bound_and_deaf();
            let closed = deaf.local_addr().unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = TcpStream::connect(&[closed, address][..]).await.unwrap();
            assert_eq!(client.peer_addr().unwrap(), address);
            let by_name = TcpStream::connect(("localhost", address.port())).await.unwrap();
            assert_eq!(by_name.peer_addr().unwrap().port(), address.port());
            let error = TcpListener::bind(&[address, address][..]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            let nothing: &[std::net::SocketAddr] = &[];
            let error = TcpStream::connect(nothing).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            TcpStream::connect("no port here").await.unwrap_err();
        });
    }
}

#[test]
fn options_are_set_and_read_back() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (stream, _server) = pair().await.unwrap();
        assert!(!stream.nodelay().unwrap());
        stream.set_nodelay(true).unwrap();
        assert!(stream.nodelay().unwrap());
        stream.set_linger(Some(Duration::from_secs(3))).unwrap();
        assert_eq!(stream.linger().unwrap(), Some(Duration::from_secs(3)));
        stream.set_linger(None).unwrap();
        assert_eq!(stream.linger().unwrap(), None);
        let (idle, interval) = (Duration::from_secs(60), Duration::from_secs(10));
        stream.set_keepalive(idle, interval, 5).unwrap();
        stream.set_keepalive(Duration::MAX, interval, 5).unwrap_err();
        stream.set_user_timeout(Duration::from_secs(30)).unwrap();
        stream.set_user_timeout(Duration::MAX).unwrap_err();
        stream.set_notsent_lowat(16_384).unwrap();
        stream.set_send_buffer_size(65_536).unwrap();
        stream.set_recv_buffer_size(65_536).unwrap();
        assert!(stream.take_error().unwrap().is_none());
        let back = TcpStream::from_std(stream.into_std().unwrap()).unwrap();
        assert!(back.nodelay().unwrap());
    });
}

#[test]
fn urgent_data_stays_in_its_place_when_asked_for() {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let (client, mut server) = pair().await.unwrap();
        server.set_out_of_band_inline(true).unwrap();
        client.try_write(b"before").unwrap();
        rustix::net::send(&client, b"!", rustix::net::SendFlags::OOB).unwrap();
        client.try_write(b"behind").unwrap();
        let mut got = Vec::new();
        while got.len() < 13 {
            let mut buffer = [0; 64];
            let count = timeout(DEADLINE, read(&mut server, &mut buffer)).await.unwrap().unwrap();
            got.extend_from_slice(&buffer[..count]);
        }
        assert_eq!(got, b"before!behind");
    });
}
