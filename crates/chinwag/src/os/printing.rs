//! What a command prints: all of it, or a sentence that says why not.
//!
//! Here and in [`output`], which a server prints by, are the only ways to stdout: `println!` and the handle of std are
//! forbidden elsewhere (`clippy.toml`, `lib.rs`), for the first panics where the stream is broken, and of the second it is forgotten too easily
//! that it may fail. A reader that has gone, as `head` does, has seen enough, and nothing is said of that.

use crate::os::output;
use std::fmt;
use std::io::{self, ErrorKind, Write};

/// What a command printed could not be written, as to a full disk.
#[derive(Debug)]
pub(crate) struct PrintError(io::Error);

impl fmt::Display for PrintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot write to stdout: {}", self.0)
    }
}

impl std::error::Error for PrintError {}

/// Prints the output of a command.
///
/// # Errors
/// It could not be written.
pub(crate) fn print(text: &str) -> Result<(), PrintError> {
    #[expect(clippy::disallowed_methods, reason = "this is the way to it")]
    let stdout = io::stdout();
    flushed(stdout.lock().write_all(text.as_bytes()))
}

/// What clap has to say: its help and its version by stdout, a complaint by stderr.
///
/// # Errors
/// As [`print()`].
pub(crate) fn print_usage(usage: &clap::Error) -> Result<(), PrintError> {
    match usage.print() {
        // It cannot be reported elsewhere.
        _ if usage.use_stderr() => Ok(()),
        printed => flushed(printed),
    }
}

/// Prints an error to stderr. If that fails, it cannot be reported.
pub(crate) fn print_error(text: &str) {
    output::stderr().push(text.as_bytes());
}

/// What a write came to, once the last of it is out of this process.
fn flushed(written: io::Result<()>) -> Result<(), PrintError> {
    #[expect(clippy::disallowed_methods, reason = "this is the way to it")]
    match written.and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(PrintError(error)),
        _ => Ok(()),
    }
}
