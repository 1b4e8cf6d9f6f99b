//! The example `socks5`, driven over loopback.

use socks5::{Limits, serve};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::{TcpListener, TcpSocket, TcpStream};
use whippet::sync::CancellationToken;
use whippet::task::JoinHandle;
use whippet::time::timeout;

#[path = "../examples/socks5.rs"]
#[expect(unreachable_pub, reason = "the example is no part of a library")]
mod socks5;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// A proxy that runs.
struct Proxy {
    /// Where it listens.
    address: SocketAddr,
    /// Ends it.
    stop: CancellationToken,
    /// Its task.
    task: JoinHandle<()>,
}

async fn proxy(limits: Limits) -> io::Result<Proxy> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let task = whippet::spawn(serve(listener, limits, stop.clone()));
    Ok(Proxy { address, stop, task })
}

/// A server that sends everything back, for ever.
async fn echo() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    whippet::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            whippet::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                whippet::io::copy(&mut reader, &mut writer).await?;
                writer.shutdown().await
            });
        }
    });
    Ok(address)
}

/// Sends a request, and gives the first bytes of the answer.
async fn ask(proxy: &Proxy, request: &[u8]) -> io::Result<(TcpStream, [u8; 10])> {
    let mut stream = TcpStream::connect(proxy.address).await?;
    stream.write_all(&[5, 2, 0, 2]).await?;
    let mut method = [0; 2];
    stream.read_exact(&mut method).await?;
    assert_eq!(method, [5, 0]);
    stream.write_all(request).await?;
    let mut answer = [0; 10];
    stream.read_exact(&mut answer).await?;
    Ok((stream, answer))
}

fn to_ipv4(target: SocketAddr) -> Vec<u8> {
    let mut request = vec![5, 1, 0, 1, 127, 0, 0, 1];
    request.extend(target.port().to_be_bytes());
    request
}

fn to_name(target: SocketAddr) -> Vec<u8> {
    let mut request = vec![5, 1, 0, 3, 9];
    request.extend(b"localhost");
    request.extend(target.port().to_be_bytes());
    request
}

/// Runs a test within its deadline.
fn run(test: impl Future<Output = io::Result<()>>) {
    let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build();
    let within = async { timeout(DEADLINE, test).await.expect("it takes too long") };
    runtime.expect("a runtime").block_on(within).expect("it goes well");
}

#[test]
fn each_direction_of_a_connection_ends_alone() {
    run(async {
        let (proxy, echo) = (proxy(Limits::default()).await?, echo().await?);
        for request in [to_ipv4(echo), to_name(echo)] {
            let (stream, answer) = ask(&proxy, &request).await?;
            assert_eq!(answer[..4], [5, 0, 0, 1]);
            let sent: Vec<u8> = (0..1_000_000_u32).map(|number| number as u8).collect();
            let (mut reader, mut writer) = stream.into_split();
            let all = sent.clone();
            let writes = whippet::spawn(async move {
                writer.write_all(&all).await?;
                writer.shutdown().await
            });
            let mut received = Vec::new();
            reader.read_to_end(&mut received).await?;
            assert!(received == sent, "{} bytes came back", received.len());
            writes.await??;
        }
        Ok(())
    });
}

#[test]
fn what_cannot_be_done_is_said() {
    run(async {
        let proxy = proxy(Limits::default()).await?;
        // Bound, so that no other process gets the port, and not listening.
        let deaf = TcpSocket::new_v4()?;
        deaf.bind("127.0.0.1:0".parse().expect("an address"))?;
        let (_, answer) = ask(&proxy, &to_ipv4(deaf.local_addr()?)).await?;
        assert_eq!(answer[1], 5, "refused");
        let (_, answer) = ask(&proxy, &[5, 2, 0, 1, 127, 0, 0, 1, 0, 80]).await?;
        assert_eq!(answer[1], 7, "a command that it does not know");
        let (_, answer) = ask(&proxy, &[5, 1, 0, 9]).await?;
        assert_eq!(answer[1], 8, "a kind of address that it does not know");

        let mut stream = TcpStream::connect(proxy.address).await?;
        stream.write_all(&[5, 1, 2]).await?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await?;
        assert_eq!(all, [5, 0xff], "no method that both know");
        let mut stream = TcpStream::connect(proxy.address).await?;
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").await?;
        // The end, or a reset, as it has not read all: no answer in any case.
        assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0);
        Ok(())
    });
}

#[test]
fn a_silent_client_is_cut_and_leaves_its_place() {
    run(async {
        let limits =
            Limits { sessions: 1, handshake: Duration::from_millis(50), ..Limits::default() };
        let (proxy, echo) = (proxy(limits).await?, echo().await?);
        let mut silent = TcpStream::connect(proxy.address).await?;
        // The second waits for the only place, and has it when the first is cut.
        let second = async {
            let (_stream, answer) = ask(&proxy, &to_ipv4(echo)).await?;
            io::Result::Ok(answer[1])
        };
        let mut byte = [0; 1];
        let (end, second) = whippet::join!(silent.read(&mut byte), second);
        assert_eq!((end?, second?), (0, 0));
        Ok(())
    });
}

#[test]
fn a_stop_lets_sessions_end_and_takes_no_new_ones() {
    run(async {
        let (proxy, echo) =
            (proxy(Limits { grace: DEADLINE, ..Limits::default() }).await?, echo().await?);
        let (mut stream, _) = ask(&proxy, &to_ipv4(echo)).await?;
        proxy.stop.cancel();
        stream.write_all(b"still here").await?;
        let mut word = [0; 10];
        stream.read_exact(&mut word).await?;
        assert_eq!(&word, b"still here");
        // The listener is gone before the session is.
        while TcpStream::connect(proxy.address).await.is_ok() {}
        assert!(!proxy.task.is_finished());
        drop(stream);
        proxy.task.await?;
        Ok(())
    });
}

#[test]
fn a_stop_cuts_sessions_when_their_grace_is_over() {
    run(async {
        let limits = Limits { grace: Duration::from_millis(50), ..Limits::default() };
        let (proxy, echo) = (proxy(limits).await?, echo().await?);
        let (mut stream, _) = ask(&proxy, &to_ipv4(echo)).await?;
        proxy.stop.cancel();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
        proxy.task.await?;
        Ok(())
    });
}
