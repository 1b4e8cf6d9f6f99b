//! A SOCKS5 proxy (RFC 1928: CONNECT, without authentication):
//! `cargo run -p whippet --example socks5 -- 127.0.0.1:1080`, then `curl --socks5-hostname 127.0.0.1:1080 http://…`.
//!
//! Connections are bounded by a semaphore, a handshake by a timeout; Ctrl-C stops accepting, lets sessions go on for a
//! while, then cuts them.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use whippet::net::{TcpListener, TcpStream};
use whippet::signal::{SignalKind, signal};
use whippet::sync::{CancellationToken, Semaphore};
use whippet::task::TaskTracker;
use whippet::time::{sleep, timeout};

/// How long the proxy rests when it cannot accept: out of descriptors, as a rule.
const BACK_OFF: Duration = Duration::from_millis(100);

/// What the proxy grants.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Sessions at a time; the next one waits in the kernel's queue.
    pub sessions: usize,
    /// From the connection to its answer, the connection to the target included.
    pub handshake: Duration,
    /// For sessions that go on when the proxy is to end.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { sessions: 1_000, handshake: Duration::from_secs(10), grace: Duration::from_secs(10) }
    }
}

#[whippet::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:1080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("a SOCKS5 proxy on {}", listener.local_addr()?);
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    // One listener, for as long as the proxy runs: it loses no signal.
    let mut interrupts = signal(SignalKind::interrupt())?;
    whippet::spawn(async move {
        let _ = interrupts.recv().await;
        stop.cancel();
    });
    serve(listener, Limits::default(), stopped).await;
    Ok(())
}

/// Serves until `stop`, and then until all sessions have ended or their grace is over.
pub async fn serve(listener: TcpListener, limits: Limits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.sessions));
    let sessions = TaskTracker::new();
    let cut = CancellationToken::new();
    stop.run_until_cancelled(async {
        loop {
            let place = Arc::clone(&places).acquire_owned().await.expect("it is never closed");
            match listener.accept().await {
                Ok((client, peer)) => {
                    let cut = cut.clone();
                    sessions.spawn(async move {
                        let _place = place;
                        let session = cut.run_until_cancelled(session(client, limits.handshake));
                        if let Some(Err(error)) = session.await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                Err(error) => {
                    eprintln!("cannot accept: {error}");
                    sleep(BACK_OFF).await;
                }
            }
        }
    })
    .await;
    drop(listener);
    sessions.close();
    if timeout(limits.grace, sessions.wait()).await.is_err() {
        cut.cancel();
        sessions.wait().await;
    }
}

/// One session: the handshake, then bytes both ways until both sides have said their last.
async fn session(mut client: TcpStream, limit: Duration) -> io::Result<()> {
    let mut target = timeout(limit, handshake(&mut client)).await??;
    copy_bidirectional(&mut client, &mut target).await?;
    Ok(())
}

/// Learns where the client wants to go, goes there, and says how that went.
async fn handshake(client: &mut TcpStream) -> io::Result<TcpStream> {
    expect(client.read_u8().await? == VERSION, "not SOCKS5")?;
    let mut methods = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut methods).await?;
    if !methods.contains(&NO_AUTHENTICATION) {
        client.write_all(&[VERSION, NO_METHOD]).await?;
        return Err(io::Error::new(ErrorKind::Unsupported, "the client insists on authentication"));
    }
    client.write_all(&[VERSION, NO_AUTHENTICATION]).await?;

    let mut request = [0; 4];
    client.read_exact(&mut request).await?;
    let [version, command, _, kind] = request;
    expect(version == VERSION, "not SOCKS5")?;
    let connected = match (command, read_target(client, kind).await?) {
        (CONNECT, Some(target)) => {
            TcpStream::connect(target).await.map_err(|error| (of_error(&error), error))
        }
        (CONNECT, None) => Err((NO_SUCH_KIND, ErrorKind::Unsupported.into())),
        _ => Err((NO_SUCH_COMMAND, ErrorKind::Unsupported.into())),
    };
    match connected {
        Ok(target) => {
            answer(client, SUCCEEDED, target.local_addr()?).await?;
            Ok(target)
        }
        Err((reply, error)) => {
            answer(client, reply, SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))).await?;
            Err(error)
        }
    }
}

/// A host and a port; none for a kind of address that is not known.
async fn read_target(client: &mut TcpStream, kind: u8) -> io::Result<Option<(String, u16)>> {
    let host = match kind {
        IPV4 => Ipv4Addr::from(client.read_u32().await?).to_string(),
        IPV6 => Ipv6Addr::from(client.read_u128().await?).to_string(),
        NAME => {
            let mut name = vec![0; client.read_u8().await?.into()];
            client.read_exact(&mut name).await?;
            String::from_utf8(name).map_err(|_| io::Error::from(ErrorKind::InvalidData))?
        }
        _ => return Ok(None),
    };
    Ok(Some((host, client.read_u16().await?)))
}

/// Says how the request went.
async fn answer(client: &mut TcpStream, reply: u8, bound: SocketAddr) -> io::Result<()> {
    let mut bytes = vec![VERSION, reply, 0];
    match bound {
        SocketAddr::V4(bound) => {
            bytes.push(IPV4);
            bytes.extend(bound.ip().octets());
        }
        SocketAddr::V6(bound) => {
            bytes.push(IPV6);
            bytes.extend(bound.ip().octets());
        }
    }
    bytes.extend(bound.port().to_be_bytes());
    client.write_all(&bytes).await
}

/// The reply for an error of a connect.
fn of_error(error: &io::Error) -> u8 {
    match error.kind() {
        ErrorKind::ConnectionRefused => REFUSED,
        ErrorKind::NetworkUnreachable => NETWORK_UNREACHABLE,
        ErrorKind::HostUnreachable | ErrorKind::TimedOut => HOST_UNREACHABLE,
        _ => FAILED,
    }
}

fn expect(holds: bool, what: &'static str) -> io::Result<()> {
    if holds { Ok(()) } else { Err(io::Error::new(ErrorKind::InvalidData, what)) }
}

const VERSION: u8 = 5;
const NO_AUTHENTICATION: u8 = 0;
const NO_METHOD: u8 = 0xff;
const CONNECT: u8 = 1;
const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;
const SUCCEEDED: u8 = 0;
const FAILED: u8 = 1;
const NETWORK_UNREACHABLE: u8 = 3;
const HOST_UNREACHABLE: u8 = 4;
const REFUSED: u8 = 5;
const NO_SUCH_COMMAND: u8 = 7;
const NO_SUCH_KIND: u8 = 8;
