//! The door for whoever runs the server, on the same machine: a Unix socket that only he and root may use.
//!
//! The socket's mode keeps others out, and each peer is asked for his credentials beside: a folder may be set wrong. A
//! connection is for one request, a bounded time and a bounded number of bytes.

mod ask;
mod protocol;

pub use self::ask::ask;
pub use self::protocol::Request;

use crate::office::Office;
use crate::order::Act;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;
use whippet::net::{UnixListener, UnixStream};
use whippet::runtime::Handle;
use whippet::sync::{CancellationToken, Semaphore};
use whippet::task::JoinHandle;
use whippet::time::{sleep, timeout};

/// Connections at a time; more wait in the kernel's queue.
const CONNECTIONS: usize = 4;
/// How long a connection may take.
const TIME: Duration = Duration::from_secs(5);
/// Pause when a connection could not be accepted.
const BACKOFF: Duration = Duration::from_millis(100);

/// Answers whoever comes to the socket and may, for as long as the task runs. `shutdown` stops the server.
pub fn serve_admin(
    listener: UnixListener,
    office: Office,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    whippet::spawn(async move {
        // The semaphore is never closed.
        while let Ok(place) = Arc::clone(&places).acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                sleep(BACKOFF).await;
                continue;
            };
            let (office, shutdown) = (office.clone(), shutdown.clone());
            whippet::spawn(async move {
                // Whoever is slow or gone does without an answer.
                let _ = timeout(TIME, converse(&stream, &office, &shutdown)).await;
                drop((stream, place));
            });
        }
    })
}

/// One request and its answer.
async fn converse(
    stream: &UnixStream,
    office: &Office,
    shutdown: &CancellationToken,
) -> io::Result<()> {
    let peer = stream.peer_cred()?.uid();
    // Read in any case: a connection that is closed with something unread loses the answer, too.
    let line = read_line(stream).await?;
    let outcome = if may_order(peer) {
        match Request::parse(&line) {
            Ok(request) => obey(request, office, shutdown).await,
            Err(reason) => Err(reason),
        }
    } else {
        tracing::warn!(uid = peer, "somebody else's user came to the admin socket");
        Err("only root and the user that the server runs as may do that".to_owned())
    };
    write(stream, protocol::answer(&outcome).as_bytes()).await
}

/// Whether this user may give orders: root, and the one that the server runs as.
fn may_order(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

/// Does what is asked.
async fn obey(
    request: Request,
    office: &Office,
    shutdown: &CancellationToken,
) -> Result<String, String> {
    match request {
        Request::Who => {
            let everybody = office.who().await.ok_or_else(gone)?;
            let line = |one: &crate::order::Present| {
                let crate::order::Present { nick, address, rooms, owed } = one;
                format!("{nick}, from {address}, in {rooms} rooms, owed {owed} bytes\n")
            };
            Ok(everybody.iter().map(line).collect())
        }
        Request::Kick(nick) => {
            if !office.kick(nick.clone()).await.ok_or_else(gone)? {
                return Err(format!("there is nobody called {nick:?}"));
            }
            tracing::info!(?nick, "kicked");
            Ok(format!("{nick} was kicked\n"))
        }
        Request::Ban(typed) => moderate(office, Act::Ban(typed)).await,
        Request::Unban(typed) => moderate(office, Act::Unban(typed)).await,
        Request::Bans => office.moderate(Act::List).await.ok_or_else(gone)?,
        Request::Say(text) => {
            let count = office.say(text).await.ok_or_else(gone)?;
            Ok(format!("told to {count}\n"))
        }
        Request::Stats => Ok(crate::metrics::exposition(office)),
        Request::Tasks => Ok(Handle::current().dump().to_string()),
        Request::Shutdown => {
            shutdown.cancel();
            Ok("the server stops\n".to_owned())
        }
    }
}

/// Why there is no answer when the broker is gone.
fn gone() -> String {
    "the room does not answer".to_owned()
}

/// Changes the bans, and says what came of it on one line.
async fn moderate(office: &Office, act: Act) -> Result<String, String> {
    office.moderate(act).await.ok_or_else(gone)?.map(|words| words + "\n")
}

/// Reads a line, without its end.
async fn read_line(stream: &UnixStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut buffer = [0; 512];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => line.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if let Some(end) = line.iter().position(|&byte| byte == b'\n') {
            return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
        }
        if line.len() > protocol::MOST_BYTES {
            // Refused like any other line that is no request.
            return Ok(String::new());
        }
    }
}

async fn write(stream: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_the_own_user_may_order() {
        let own = rustix::process::geteuid().as_raw();
        assert!(may_order(0) && may_order(own));
        assert!(!may_order(own.wrapping_add(12_345)));
    }
}
