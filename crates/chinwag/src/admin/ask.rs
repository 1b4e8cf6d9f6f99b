//! The other side: `chinwag admin`, which asks a running server and shows what it says.

use super::protocol::{Request, parse_answer};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use whippet::net::UnixStream;
use whippet::runtime::Builder;

/// How long the server may take for anything.
const PATIENCE: Duration = Duration::from_secs(10);
/// Most bytes of an answer: what ten thousand people's tasks take.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

/// Asks the server behind this socket, and gives its answer.
///
/// # Errors
/// A sentence: there is no server, or what it says against it.
pub fn ask(socket: &Path, request: &Request) -> Result<String, String> {
    let failed = |error: io::Error| {
        let socket = socket.display();
        format!(
            "cannot ask the server at {socket}: {error}; is it running, with this --admin-socket?"
        )
    };
    parse_answer(&harmless(&exchange(socket, request).map_err(failed)?))
}

/// What was said, with what could disturb a terminal escaped: a socket may be another's than the server's.
fn harmless(said: &str) -> String {
    let mut shown = String::with_capacity(said.len());
    for c in said.chars() {
        if c.is_control() && !matches!(c, '\n' | '\t') {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Sends the request and reads the whole answer.
fn exchange(socket: &Path, request: &Request) -> io::Result<String> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // It waits in the kernel from here on: there is nothing else to do.
    let mut stream = runtime.block_on(UnixStream::connect(socket))?.into_std()?;
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{request}\n").as_bytes())?;
    let mut sent = String::new();
    stream.take(MOST_BYTES).read_to_string(&mut sent)?;
    Ok(sent)
}
