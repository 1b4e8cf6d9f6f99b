//! The admin socket: a Unix socket for operators on the same machine, which only root and the server's own user may use.
//!
//! The socket's mode keeps others out, and the credentials of each peer are checked in addition: the folder may have a wrong mode. A
//! connection is for one request, a bounded time and a bounded number of bytes, and idle ones keep nobody out
//! (`bounded_accept`).

mod audit;
mod client;
mod error;
mod execute;
mod json;
mod protocol;

pub(crate) use self::client::{RequestError, send_request};
use self::error::AdminError;
use self::protocol::InvalidRequest;
pub(crate) use self::protocol::{OutputFormat, Request};

use crate::limits::MAX_ADMIN_CONNECTIONS;
use crate::ops::bounded_accept::{Activity, send_and_close, serve_bounded};
use crate::ops::reload::ReloadHandle;
use crate::os::clock::now;
use crate::server::handle::ServerHandle;
use crate::server::log_throttle::LogThrottle;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, PoisonError};
use whippet::io::AsyncReadExt;
use whippet::net::{UnixListener, UnixStream};
use whippet::sync::CancellationToken;
use whippet::task::JoinHandle;

/// What requests act on.
#[derive(Clone, Debug)]
pub(crate) struct AdminContext {
    /// The server.
    pub handle: ServerHandle,
    /// Has the settings read again.
    pub reloads: ReloadHandle,
    /// What stops it.
    pub shutdown: CancellationToken,
}

/// Serves the admin socket for as long as the task runs.
pub(crate) fn serve_admin(listener: UnixListener, context: AdminContext) -> JoinHandle<()> {
    let refused = Arc::new(Mutex::new(LogThrottle::default()));
    serve_bounded(listener, MAX_ADMIN_CONNECTIONS, move |stream, activity| {
        let (context, refused) = (context.clone(), Arc::clone(&refused));
        async move {
            let outcome = match authorize(&stream, &refused)? {
                Ok(()) => match activity.reading(&stream, read_line(&stream)).await? {
                    Ok(line) => match Request::parse(&line) {
                        Ok((request, form)) => {
                            execute::execute(request, form, &context, &stream).await
                        }
                        Err(invalid) => Err(invalid.into()),
                    },
                    Err(invalid) => Err(invalid.into()),
                },
                refused => refused.map(|()| String::new()),
            };
            send_response(&stream, &activity, &outcome).await
        }
    })
}

/// Sends what came of a request.
async fn send_response(
    stream: &UnixStream,
    activity: &Activity,
    outcome: &Result<String, AdminError>,
) -> io::Result<()> {
    activity.writing(send_and_close(stream, protocol::encode_response(outcome).as_bytes())).await
}

/// Whether the peer may send requests, or the reason why not. A peer that may not is answered at once.
fn authorize(
    stream: &UnixStream,
    refused: &Mutex<LogThrottle>,
) -> io::Result<Result<(), AdminError>> {
    let peer = stream.peer_cred()?.uid();
    if is_authorized(peer) {
        return Ok(Ok(()));
    }
    // Nothing is left half changed by a panic, so poison does not matter.
    let mut refused = refused.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(times) = refused.record(now()) {
        tracing::warn!(target: "chinwag::admin", uid = peer, times, "another user came to the admin socket");
    }
    Ok(Err(AdminError::NotAuthorized))
}

/// Whether this user may send requests: root, and the one that the server runs as.
fn is_authorized(user: u32) -> bool {
    user == 0 || user == rustix::process::geteuid().as_raw()
}

/// Reads a line, without its end. One that is too long is answered with an error.
async fn read_line(mut stream: &UnixStream) -> io::Result<Result<String, InvalidRequest>> {
    let mut line = Vec::new();
    let mut buffer = [0; 512];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            read => line.extend_from_slice(&buffer[..read]),
        }
        let end = line.iter().position(|&byte| byte == b'\n');
        if end.unwrap_or(line.len()) > protocol::MAX_BYTES {
            return Ok(Err(protocol::too_long(&line)));
        }
        if let Some(end) = end {
            return Ok(Ok(String::from_utf8_lossy(&line[..end]).into_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_and_the_own_user_are_authorized() {
        let own = rustix::process::geteuid().as_raw();
        assert!(is_authorized(0) && is_authorized(own));
        assert!(!is_authorized(own.wrapping_add(12_345)));
    }
}
