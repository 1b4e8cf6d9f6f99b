//! The API of sockets besides reading and writing: options, peeks, buffers that grow, calls of the caller.

use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;
use std::time::Duration;
use whippet::net::{
    Interest, TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixSocket,
    UnixStream, lookup_host,
};

async fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    Ok((client, listener.accept().await?.0))
}

#[whippet::test]
async fn a_wait_for_readiness_takes_three_words() -> io::Result<()> {
    let (client, _server) = tcp_pair().await?;
    assert_eq!(size_of_val(&client.ready(Interest::ERROR)) / size_of::<usize>(), 3);
    Ok(())
}

#[whippet::test]
async fn options_are_read_back() -> io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_keepalive(true)?;
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.set_tos_v4(0x10)?;
    socket.set_send_buffer_size(20_000)?;
    socket.set_zero_linger()?;
    assert!(
        socket.keepalive()? && socket.reuseaddr()? && socket.nodelay()? && !socket.reuseport()?
    );
    assert_eq!((socket.tos_v4()?, socket.linger()?), (0x10, Some(Duration::ZERO)));
    assert!(socket.send_buffer_size()? >= 20_000);
    assert!(socket.set_tos_v4(256).is_err(), "more than a byte holds");
    socket.bind("127.0.0.1:0".parse().expect("an address"))?;
    let listener = socket.listen(4)?;
    listener.set_ttl(7)?;
    let (client, server) =
        whippet::join!(TcpStream::connect(listener.local_addr()?), listener.accept());
    let (client, server) = (client?, server?.0);
    client.set_ttl(9)?;
    client.set_quickack(true)?;
    assert_eq!((listener.ttl()?, client.ttl()?, client.quickack()?), (7, 9, true));
    assert_eq!(
        server.linger()?,
        Some(Duration::ZERO),
        "a listener's options go to what it accepts"
    );

    let udp = UdpSocket::bind("127.0.0.1:0").await?;
    udp.set_ttl(5)?;
    udp.set_multicast_ttl_v4(3)?;
    udp.set_multicast_loop_v4(false)?;
    assert_eq!((udp.ttl()?, udp.multicast_ttl_v4()?, udp.multicast_loop_v4()?), (5, 3, false));
    // No address of a group.
    assert!(udp.join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::UNSPECIFIED).is_err());
    Ok(())
}

#[whippet::test]
async fn what_is_there_is_read_to_the_end_of_a_buffer() -> io::Result<()> {
    let (client, server) = tcp_pair().await?;
    let mut words = b"they said: ".to_vec();
    let nothing = client.try_read_buf(&mut words).expect_err("there is nothing");
    assert_eq!((nothing.kind(), words.len()), (ErrorKind::WouldBlock, 11));
    server.try_write(b"hello")?;
    client.readable().await?;
    assert_eq!(client.try_read_buf(&mut words)?, 5);
    assert_eq!(words, b"they said: hello");
    let (reader, _writer) = client.into_split();
    server.try_write(b"!")?;
    reader.readable().await?;
    assert_eq!(reader.try_read_buf(&mut words)?, 1);
    Ok(())
}

#[whippet::test]
async fn a_call_of_ones_own_waits_for_its_turn() -> io::Result<()> {
    let (client, server) = tcp_pair().await?;
    let mut byte = [0];
    let (read, sent) = whippet::join!(
        client.async_io(Interest::READABLE, || Ok(rustix::net::recv(
            &client,
            &mut byte,
            rustix::net::RecvFlags::empty()
        )?
        .0)),
        async { server.try_write(b"x") }
    );
    assert_eq!((read?, sent?, byte), (1, 1, *b"x"));
    Ok(())
}

#[whippet::test]
async fn datagrams_are_looked_at_and_stay() -> io::Result<()> {
    let (here, there) =
        (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    let address = here.local_addr()?;
    assert_eq!(there.try_peek_sender().expect_err("no datagram").kind(), ErrorKind::WouldBlock);
    here.send_to(b"hello", there.local_addr()?).await?;
    let mut buffer = [0; 16];
    assert_eq!(there.peek_sender().await?, address);
    assert_eq!(there.peek(&mut buffer).await?, 5);
    assert_eq!(there.peek_from(&mut buffer).await?, (5, address));
    assert_eq!(there.try_peek_from(&mut buffer)?, (5, address));
    let mut words = Vec::from(*b"they said: ");
    assert_eq!(there.recv_buf_from(&mut words).await?, (5, address));
    assert_eq!(words, b"they said: hello");
    assert_eq!(
        there.try_recv_buf(&mut words).expect_err("it was taken").kind(),
        ErrorKind::WouldBlock
    );
    assert_eq!(words.len(), 16);

    let (near, far) = UnixDatagram::pair()?;
    near.send(b"one").await?;
    assert_eq!((far.peek(&mut buffer).await?, far.recv_buf(&mut words).await?), (3, 3));
    near.shutdown(std::net::Shutdown::Write)?;
    assert!(near.send(b"two").await.is_err());
    Ok(())
}

#[whippet::test]
async fn unix_sockets_go_by_the_names_of_others() -> io::Result<()> {
    let name = format!("\0whippet-surface-{}", std::process::id());
    let listener = UnixListener::bind(&name)?;
    let client = UnixStream::connect_addr(&listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    assert!(listener.take_error()?.is_none());
    drop((listener, client, server));
    let of_std =
        <std::os::unix::net::SocketAddr as std::os::linux::net::SocketAddrExt>::from_abstract_name(
            &name[1..],
        )?;
    assert!(
        UnixStream::connect_addr(&of_std.clone().into()).await.is_err(),
        "there is no listener any more"
    );
    let again = UnixListener::bind_addr(&of_std.into())?;
    assert_eq!(again.local_addr()?.as_abstract_name(), Some(&name.as_bytes()[1..]));
    Ok(())
}

#[whippet::test]
async fn a_unix_socket_is_of_one_kind() -> io::Result<()> {
    let kinds = [
        UnixSocket::new_datagram()?.listen(1).err(),
        UnixSocket::new_datagram()?.connect("\0nobody").await.err(),
        UnixSocket::new_stream()?.datagram().err(),
    ];
    for error in kinds {
        assert_eq!(error.map(|error| error.kind()), Some(ErrorKind::InvalidInput));
    }
    let name = format!("\0whippet-datagram-{}", std::process::id());
    let socket = UnixSocket::new_datagram()?;
    socket.bind(&name)?;
    let (here, there) = (socket.datagram()?, UnixDatagram::unbound()?);
    there.send_to(b"x", &name).await?;
    assert_eq!(here.recv(&mut [0; 2]).await?, 1);
    Ok(())
}

#[whippet::test]
async fn names_are_looked_up() -> io::Result<()> {
    assert!(lookup_host("localhost:80").await?.count() > 0);
    assert!(lookup_host(&[][..]).await.is_err_and(|error| error.kind() == ErrorKind::InvalidInput));
    Ok(())
}
