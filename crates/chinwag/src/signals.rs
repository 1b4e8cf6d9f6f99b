//! What stops the server: the first signal asks it to, the second does not ask.

use std::io;
use whippet::select;
use whippet::signal::{SignalKind, signal};
use whippet::sync::CancellationToken;

/// Exit code of a process that SIGINT ended, as shells have it.
const INTERRUPTED: i32 = 130;
/// Exit code of a process that SIGTERM ended.
const TERMINATED: i32 = 143;

/// Cancels the token with the first SIGINT or SIGTERM, and ends the process at once with the second.
///
/// # Errors
/// The kernel's: the signals cannot be watched.
pub fn stop_on_signals(stop: CancellationToken) -> io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    whippet::spawn(async move {
        select! {
            Some(()) = interrupt.recv() => {}
            Some(()) = terminate.recv() => {}
            else => return,
        }
        stop.cancel();
        // No signal is no reason to hurry: the runtime is at its end, with nothing left to do.
        let code = select! {
            Some(()) = interrupt.recv() => INTERRUPTED,
            Some(()) = terminate.recv() => TERMINATED,
            else => return,
        };
        std::process::exit(code);
    });
    Ok(())
}
