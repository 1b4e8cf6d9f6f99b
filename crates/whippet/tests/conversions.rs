//! Implementations of std's traits, by which generic code takes whippet's types: those of tokio.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net as std_unix;
use whippet::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, BufStream, BufWriter};
use whippet::io::{Ready, duplex, stderr, stdin, stdout};
use whippet::net::{TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener};
use whippet::net::{UnixSocket, UnixStream};

/// What generic code does: it takes whatever becomes a `T`.
fn take<S, T: TryFrom<S, Error = io::Error>>(socket: S) -> T {
    T::try_from(socket).expect("it is in non-blocking mode, and a runtime is entered")
}

#[whippet::test]
async fn tcp_sockets_of_std_become_whippets() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listener: TcpListener = take(listener.into_std().unwrap());
    let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let mut near: TcpStream = take(near.into_std().unwrap());
    let (mut far, _) = listener.accept().await.unwrap();
    near.write_all(b"hello").await.unwrap();
    let mut word = [0; 5];
    far.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"hello");
}

#[whippet::test]
async fn udp_sockets_of_std_become_whippets() {
    let near = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let far: UdpSocket = take(UdpSocket::bind("127.0.0.1:0").await.unwrap().into_std().unwrap());
    near.send_to(b"hello", far.local_addr().unwrap()).await.unwrap();
    assert_eq!(far.recv(&mut [0; 8]).await.unwrap(), 5);
}

/// Two connected sockets of std.
#[expect(clippy::disallowed_methods, reason = "a socket of std is what is converted")]
fn std_pair() -> (std_unix::UnixStream, std_unix::UnixStream) {
    std_unix::UnixStream::pair().expect("two sockets")
}

#[whippet::test]
async fn unix_sockets_of_std_become_whippets() {
    let (near, far) = std_pair();
    for socket in [&near, &far] {
        socket.set_nonblocking(true).unwrap();
    }
    let (mut near, mut far): (UnixStream, UnixStream) = (take(near), take(far));
    near.write_all(b"hello").await.unwrap();
    far.read_exact(&mut [0; 5]).await.unwrap();

    let (near, far) = std_unix::UnixDatagram::pair().unwrap();
    for socket in [&near, &far] {
        socket.set_nonblocking(true).unwrap();
    }
    let (near, far): (UnixDatagram, UnixDatagram) = (take(near), take(far));
    near.send(b"hello").await.unwrap();
    assert_eq!(far.recv(&mut [0; 8]).await.unwrap(), 5);

    let path = std::env::temp_dir().join(format!("whippet-conversions-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let listener: UnixListener = take(listener.into_std().unwrap());
    let _near = UnixStream::connect(&path).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    listener.accept().await.unwrap();
}

#[test]
fn a_socket_that_is_converted_outside_of_a_runtime_panics() {
    let (near, _far) = std_pair();
    near.set_nonblocking(true).unwrap();
    assert!(std::panic::catch_unwind(|| UnixStream::try_from(near)).is_err());
}

#[whippet::test]
async fn descriptors_of_unbound_sockets_are_given_away() {
    let (tcp, unix) = (TcpSocket::new_v4().unwrap(), UnixSocket::new_datagram().unwrap());
    for descriptor in [tcp.into_raw_fd(), unix.into_raw_fd()] {
        // SAFETY: the descriptor was given away just now, so nothing else owns it.
        let owned = unsafe { OwnedFd::from_raw_fd(descriptor) };
        assert_eq!(owned.as_raw_fd(), descriptor);
    }
    let owned = OwnedFd::from(UnixSocket::new_stream().unwrap());
    assert!(owned.as_raw_fd() > 2);
}

#[test]
fn standard_streams_show_their_descriptors() {
    let descriptors = [stdin().as_raw_fd(), stdout().as_raw_fd(), stderr().as_raw_fd()];
    assert_eq!(descriptors, [0, 1, 2]);
    assert_eq!(stdout().as_fd().as_raw_fd(), 1);
}

#[whippet::test]
async fn two_buffers_become_one_stream_and_keep_what_they_hold() {
    let (near, far) = duplex(64);
    let mut far = BufReader::new(far);
    let mut inside_out = BufWriter::new(BufReader::new(near));
    far.write_all(b"one\ntwo\n").await.unwrap();
    let mut line = String::new();
    inside_out.read_line(&mut line).await.unwrap();
    inside_out.write_all(b"three\n").await.unwrap();

    let mut stream = BufStream::from(inside_out);
    stream.read_line(&mut line).await.unwrap();
    assert_eq!(line, "one\ntwo\n");
    stream.flush().await.unwrap();
    line.clear();
    far.read_line(&mut line).await.unwrap();
    assert_eq!(line, "three\n");

    let mut stream = BufStream::from(BufReader::new(BufWriter::new(stream.into_inner())));
    stream.write_all(b"four\n").await.unwrap();
    stream.flush().await.unwrap();
    far.read_line(&mut line).await.unwrap();
    assert_eq!(line, "three\nfour\n");
}

#[whippet::test]
async fn ids_credentials_and_readiness_are_keys() {
    let tasks = [(); 3].map(|()| whippet::spawn(async {}).id());
    assert_eq!(BTreeSet::from(tasks).len(), 3);
    assert_eq!(BTreeSet::from([Ready::READABLE, Ready::WRITABLE, Ready::READABLE]).len(), 2);
    let (near, far) = UnixStream::pair().unwrap();
    let credentials = [near.peer_cred().unwrap(), far.peer_cred().unwrap()];
    assert_eq!(HashSet::from(credentials).len(), 1);
}

#[whippet::test]
async fn generic_arguments_are_named_as_in_tokio() {
    // The closure's type comes before that of its result.
    let blocking = whippet::task::spawn_blocking::<_, Result<u8, io::Error>>(|| Ok(7));
    assert_eq!(blocking.await.unwrap().unwrap(), 7);
    let handle = whippet::runtime::Handle::current();
    assert_eq!(handle.spawn_blocking::<_, u64>(|| 7).await.unwrap(), 7);
    let listener = TcpListener::bind::<&str>("127.0.0.1:0").await.unwrap();
    TcpStream::connect::<std::net::SocketAddr>(listener.local_addr().unwrap()).await.unwrap();
    assert!(
        whippet::net::lookup_host::<(&str, u16)>(("127.0.0.1", 80)).await.unwrap().count() == 1
    );
    whippet::task_local! { static KEY: u8; }
    assert_eq!(KEY.sync_scope::<_, u64>(7, || KEY.with::<_, u64>(|value| u64::from(*value))), 7);
    assert!(KEY.try_with::<_, u8>(|value| *value).is_err());
}

#[whippet::test(flavor = "multi_thread", worker_threads = 1)]
async fn block_in_place_names_closure_and_result() {
    assert_eq!(whippet::task::block_in_place::<_, u64>(|| 7), 7);
}

#[whippet::test]
async fn try_io_takes_a_closure_that_can_be_called_once() {
    let (near, _far) = UnixStream::pair().unwrap();
    near.writable().await.unwrap();
    let owned = String::from("given away");
    let call = || Ok(owned);
    assert_eq!(near.try_io(whippet::net::Interest::WRITABLE, call).unwrap(), "given away");
    let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    udp.writable().await.unwrap();
    let owned = vec![7];
    assert_eq!(udp.try_io(whippet::net::Interest::WRITABLE, || Ok(owned)).unwrap(), [7]);
}
