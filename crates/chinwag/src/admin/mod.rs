//! The door for whoever runs the server, on the same machine: a Unix socket that only he and root may use.
//!
//! The socket's mode keeps others out, and each peer is asked for his credentials beside: a folder may be set wrong. A
//! connection is for one request, a bounded time and a bounded number of bytes, and idle ones keep nobody out
//! (`bounded_accept`).

mod ask;
mod protocol;

pub use self::ask::ask;
pub use self::protocol::Request;

use crate::bounded_accept::{Activity, finish, serve_bounded};
use crate::limits::ADMIN_CONNECTIONS;
use crate::office::Office;
use crate::order::Act;
use crate::seldom::Seldom;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use whippet::io::AsyncReadExt;
use whippet::net::{UnixListener, UnixStream};
use whippet::runtime::Handle;
use whippet::sync::CancellationToken;
use whippet::task::JoinHandle;
use whippet::time::Instant;

/// Answers whoever comes to the socket and may, for as long as the task runs. `shutdown` stops the server.
pub fn serve_admin(
    listener: UnixListener,
    office: Office,
    shutdown: CancellationToken,
) -> JoinHandle<()> {
    let refused = Arc::new(Mutex::new(Seldom::default()));
    serve_bounded(listener, ADMIN_CONNECTIONS, move |stream, activity| {
        let (office, shutdown, refused) = (office.clone(), shutdown.clone(), Arc::clone(&refused));
        async move {
            let outcome = match permit(&stream, &refused)? {
                Ok(()) => {
                    let line = activity.reading(&stream, read_line(&stream)).await?;
                    match Request::parse(&line) {
                        Ok(request) => obey(request, &office, &shutdown).await,
                        Err(reason) => Err(reason),
                    }
                }
                refused => refused.map(|()| String::new()),
            };
            answer(&stream, &activity, &outcome).await
        }
    })
}

/// Sends what came of a request.
async fn answer(
    stream: &UnixStream,
    activity: &Activity,
    outcome: &Result<String, String>,
) -> io::Result<()> {
    activity.writing(finish(stream, protocol::answer(outcome).as_bytes())).await
}

/// Whether the peer may give orders, or what is said against it. Whoever may not is not waited for.
fn permit(stream: &UnixStream, refused: &Mutex<Seldom>) -> io::Result<Result<(), String>> {
    let peer = stream.peer_cred()?.uid();
    if may_order(peer) {
        return Ok(Ok(()));
    }
    // Nothing is left half changed by a panic, so poison does not matter.
    let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(times) = refused.tell(Instant::now().into_std()) {
        tracing::warn!(uid = peer, times, "another user came to the admin socket");
    }
    Ok(Err("only root and the user that the server runs as may do that".to_owned()))
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
async fn read_line(mut stream: &UnixStream) -> io::Result<String> {
    let mut line = Vec::new();
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => line.extend_from_slice(&buffer[..read]),
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
