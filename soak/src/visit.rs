//! People: those who come, are welcomed and leave in one way or another, and those who stay.

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

/// The words that end a welcome.
const WELCOME_END: &[u8] = b"/help";
/// How long anything that must come may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks at whether all have gone.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// All who come and leave. The counters are looked at from one task, which waits for sums; Relaxed will do.
#[derive(Debug)]
pub(crate) struct Visitors {
    /// Where they come to, in turn.
    addresses: Vec<SocketAddr>,
    /// How many have come.
    came: AtomicU64,
    /// How many have left, whatever happened to them.
    left: AtomicU64,
    /// How many were welcomed and left as they meant to.
    welcomed: AtomicU64,
}

impl Visitors {
    /// Nobody yet.
    pub(crate) fn new(addresses: Vec<SocketAddr>) -> Self {
        let zero = AtomicU64::default;
        Self { addresses, came: zero(), left: zero(), welcomed: zero() }
    }

    /// So many come now.
    pub(crate) fn come(self: &Arc<Self>, many: usize) {
        for _ in 0..many {
            let number = self.came.fetch_add(1, Relaxed);
            let visitors = Arc::clone(self);
            whippet::spawn(async move {
                let address = visitors.addresses[number as usize % visitors.addresses.len()];
                match timeout(PATIENCE, visit(address, number)).await {
                    Ok(Ok(())) => _ = visitors.welcomed.fetch_add(1, Relaxed),
                    Ok(Err(error)) => eprintln!("visitor {number}: {error}"),
                    Err(_) => eprintln!("visitor {number}: nothing came"),
                }
                visitors.left.fetch_add(1, Relaxed);
            });
        }
    }

    /// How many were welcomed and left as they meant to.
    pub(crate) fn welcomed(&self) -> u64 {
        self.welcomed.load(Relaxed)
    }

    /// Waits until all who came have left.
    pub(crate) async fn all_gone(&self, patience: Duration) -> io::Result<()> {
        let gone = async {
            while self.left.load(Relaxed) < self.came.load(Relaxed) {
                sleep(LOOK_EVERY).await;
            }
        };
        timeout(patience, gone).await.map_err(|_| io::Error::other("somebody does not leave"))
    }
}

/// Comes, is welcomed, says something, and leaves: by a command, by the end of his input, or without a word.
async fn visit(address: SocketAddr, number: u64) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    read_until(&stream, Some(WELCOME_END)).await?;
    match number % 3 {
        0 => say(&stream, b"hello\n/quit\n")?,
        1 => {
            say(&stream, b"/nick somebody\nhello")?;
            stream.shutdown_now(Shutdown::Write)?;
        }
        _ => {
            stream.set_linger(Some(Duration::ZERO))?;
            return Ok(());
        }
    }
    read_until(&stream, None).await
}

/// Somebody who comes now and listens until the server stops.
pub(crate) async fn reside(
    address: SocketAddr,
    stop: &CancellationToken,
) -> io::Result<JoinHandle<()>> {
    let stream = TcpStream::connect(address).await?;
    read_until(&stream, Some(WELCOME_END)).await?;
    let stop = stop.clone();
    Ok(whippet::spawn(async move {
        if read_until(&stream, None).await.is_err() || !stop.is_cancelled() {
            eprintln!("somebody who stays was let go");
        }
    }))
}

/// What fits into an empty socket.
fn say(stream: &TcpStream, words: &[u8]) -> io::Result<()> {
    if stream.try_write(words)? < words.len() {
        return Err(ErrorKind::WriteZero.into());
    }
    Ok(())
}

/// Reads until these bytes have come, or to the end. A welcome is one write, or comes in order at least.
async fn read_until(stream: &TcpStream, words: Option<&[u8]>) -> io::Result<()> {
    let mut tail = Vec::with_capacity(WELCOME_END.len());
    loop {
        stream.readable().await?;
        let mut buffer = [0; 4096];
        match stream.try_read(&mut buffer) {
            Ok(0) if words.is_none() => return Ok(()),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                let Some(words) = words else { continue };
                tail.extend_from_slice(&buffer[..read]);
                if tail.windows(words.len()).any(|window| window == words) {
                    return Ok(());
                }
                tail.drain(..tail.len().saturating_sub(words.len()));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
