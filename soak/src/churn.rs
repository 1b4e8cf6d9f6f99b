//! Clients: those that connect, are welcomed and leave in one way or another, and those that stay.

use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use whippet::net::TcpStream;
use whippet::sync::CancellationToken;
use whippet::task::JoinHandle;
use whippet::time::{sleep, timeout};

/// The bytes that end a welcome.
const WELCOME_END: &[u8] = b"/help";
/// How long anything that must arrive may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Between two checks whether all have left.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// All clients that connect and leave. The counters are read by one task, which waits for sums; Relaxed is enough.
#[derive(Debug)]
pub(crate) struct Churn {
    /// Where they connect to, in turn.
    addresses: Vec<SocketAddr>,
    /// How many have begun to connect.
    connected: AtomicU64,
    /// How many have left, in whatever way.
    left: AtomicU64,
    /// How many were welcomed and left as planned.
    welcomed: AtomicU64,
}

impl Churn {
    /// No client yet.
    pub(crate) fn new(addresses: Vec<SocketAddr>) -> Self {
        let zero = AtomicU64::default;
        Self { addresses, connected: zero(), left: zero(), welcomed: zero() }
    }

    /// Connects `count` clients now.
    pub(crate) fn connect(self: &Arc<Self>, count: usize) {
        for _ in 0..count {
            let number = self.connected.fetch_add(1, Relaxed);
            let churn = Arc::clone(self);
            whippet::spawn(async move {
                let address = churn.addresses[number as usize % churn.addresses.len()];
                match timeout(TIMEOUT, connect_and_leave(address, number)).await {
                    Ok(Ok(())) => _ = churn.welcomed.fetch_add(1, Relaxed),
                    Ok(Err(error)) => eprintln!("client {number}: {error}"),
                    Err(_) => eprintln!("client {number}: timed out"),
                }
                churn.left.fetch_add(1, Relaxed);
            });
        }
    }

    /// How many were welcomed and left as planned.
    pub(crate) fn welcomed(&self) -> u64 {
        self.welcomed.load(Relaxed)
    }

    /// Waits until all have left.
    pub(crate) async fn all_left(&self, limit: Duration) -> io::Result<()> {
        let all_left = async {
            while self.left.load(Relaxed) < self.connected.load(Relaxed) {
                sleep(POLL_INTERVAL).await;
            }
        };
        timeout(limit, all_left).await.map_err(|_| io::Error::other("a client does not leave"))
    }
}

/// Connects, is welcomed, sends something, and leaves: by a command, by the end of its input, or by a reset.
async fn connect_and_leave(address: SocketAddr, number: u64) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    read_until(&stream, Some(WELCOME_END)).await?;
    match number % 3 {
        0 => send(&stream, b"hello\n/quit\n")?,
        1 => {
            send(&stream, b"/nick somebody\nhello")?;
            stream.shutdown_now(Shutdown::Write)?;
        }
        _ => {
            stream.set_linger(Some(Duration::ZERO))?;
            return Ok(());
        }
    }
    read_until(&stream, None).await
}

/// Connects a client that reads until the server stops.
pub(crate) async fn stay_connected(
    address: SocketAddr,
    stop: &CancellationToken,
) -> io::Result<JoinHandle<()>> {
    let stream = TcpStream::connect(address).await?;
    read_until(&stream, Some(WELCOME_END)).await?;
    let stop = stop.clone();
    Ok(whippet::spawn(async move {
        if read_until(&stream, None).await.is_err() || !stop.is_cancelled() {
            eprintln!("a client that stays was disconnected");
        }
    }))
}

/// Writes what fits into an empty socket.
fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<()> {
    if stream.try_write(bytes)? < bytes.len() {
        return Err(ErrorKind::WriteZero.into());
    }
    Ok(())
}

/// Reads until these bytes have arrived, or to the end. A welcome is one write, or arrives in order at least.
async fn read_until(stream: &TcpStream, wanted: Option<&[u8]>) -> io::Result<()> {
    let mut tail = Vec::with_capacity(WELCOME_END.len());
    loop {
        stream.readable().await?;
        let mut buffer = [0; 4096];
        match stream.try_read(&mut buffer) {
            Ok(0) if wanted.is_none() => return Ok(()),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                let Some(wanted) = wanted else { continue };
                tail.extend_from_slice(&buffer[..read]);
                if tail.windows(wanted.len()).any(|window| window == wanted) {
                    return Ok(());
                }
                tail.drain(..tail.len().saturating_sub(wanted.len()));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
