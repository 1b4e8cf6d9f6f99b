//! What the server prints, without ever waiting for a reader: a bounded queue and a thread for each of stderr and
//! stdout.
//!
//! ```text
//!   log, last sentences, panics ── push ──► [queue] ── take all ──► thread ── write ──► stderr
//!   where it listens            ── push ──► [queue] ── take all ──► thread ── write ──► stdout
//! ```
//!
//! A push holds a lock while it copies, and nothing writes under that lock: a pipe that is full, a terminal that was stopped
//! with Ctrl-S or a disk that hangs stops only the thread. What does not fit is dropped and counted, and so is all
//! that follows until the thread has taken what is there: lines are missing in one place, and there the log says how many.
//! A stream that is broken (closed, a full disk) loses what is written to it; that is counted, too.
//!
//! The threads are plain ones, for the end of a runtime waits for the threads of its own, and these may hang in a write for as
//! long as a reader likes. Only the end of the process ends them: [`flush`] waits a second at most before it. They begin with
//! [`start`], once the process is confined, because Landlock's rules hold for a thread and those that it starts. What is pushed
//! before waits in the queue. Where no thread can be started, [`flush`] writes by itself, and waits no longer for it.
//!
//! It knows neither levels nor formats. The race: a push comes while the thread takes. The lock decides, and the thread looks
//! at the queue again before it waits.

use crate::limits::{OUTPUT_BUFFER_BYTES, OUTPUT_IDLE_BYTES};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// The queue of one stream.
#[derive(Debug)]
pub(crate) struct Output {
    /// What is queued, and whether it is being written.
    state: Mutex<State>,
    /// Notified of each change that may be waited for.
    changed: Condvar,
    /// Lines that never came out. Whoever drops one adds; Relaxed, for it is a count.
    dropped: AtomicU64,
}

/// What the lock guards.
#[derive(Debug)]
struct State {
    /// Whole lines, [`OUTPUT_BUFFER_BYTES`] at most.
    queued: Vec<u8>,
    /// Lines that were dropped behind those.
    missing: u64,
    /// Whether the thread has something in its hands.
    is_writing: bool,
    /// Whether there is a thread.
    is_started: bool,
}

/// The log, and last words.
static STDERR: Output = Output::new();
/// Where the server listens.
static STDOUT: Output = Output::new();

/// The queue for stderr.
pub(crate) fn stderr() -> &'static Output {
    &STDERR
}

/// The queue for stdout.
pub(crate) fn stdout() -> &'static Output {
    &STDOUT
}

/// Starts the threads that write what is queued; only the first call does.
///
/// # Errors
/// The kernel's: no thread can be started.
pub(crate) fn start() -> io::Result<()> {
    STDERR.start("chinwag-log", || {
        STDERR.write_out(|bytes| write(io::stderr().as_fd(), bytes), log_dropped);
    })?;
    // What is not read there in time is told by nothing but the figure.
    STDOUT.start("chinwag-out", || {
        let stdout = std_stdout();
        let write = |bytes: &[u8]| write(stdout.as_fd(), bytes).inspect_err(log_broken_stdout);
        STDOUT.write_out(write, |_| {});
    })
}

/// Where [`stdout`] leads.
#[expect(clippy::disallowed_methods, reason = "this is the way to it")]
fn std_stdout() -> io::Stdout {
    io::stdout()
}

/// Waits until all that was printed is written, a time for both streams together at most.
pub(crate) fn flush(within: Duration) {
    if STDERR.is_idle() && STDOUT.is_idle() {
        return;
    }
    // One of them may have its thread although the other cannot.
    let _ = start();
    let end = whippet::time::Instant::now() + within;
    let left = || end.saturating_duration_since(whippet::time::Instant::now());
    STDERR.finish(left, |bytes| write_within(io::stderr().as_fd(), bytes, left));
    STDOUT.finish(left, |bytes| write_within(std_stdout().as_fd(), bytes, left));
}

/// Lets what a panic says go the way of all that is printed.
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        let thread = thread::current();
        let name = thread.name().unwrap_or("<unnamed>");
        let backtrace = std::backtrace::Backtrace::capture();
        STDERR.push(format!("thread '{name}' {panic}\n{backtrace}\n").as_bytes());
    }));
}

/// Says in the log that what is printed is lost. A reader that has gone has seen enough.
fn log_broken_stdout(error: &io::Error) {
    if error.kind() != ErrorKind::BrokenPipe {
        tracing::warn!(target: "chinwag::output", "cannot write to stdout, so what is printed there is lost: {error}");
    }
}

/// Says in the log that lines of it are missing.
fn log_dropped(lines: u64) {
    tracing::error!(target: "chinwag::output", lines, "lines of the log were dropped, because it was not read fast enough");
}

impl Output {
    const fn new() -> Self {
        let state = State { queued: Vec::new(), missing: 0, is_writing: false, is_started: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), dropped: AtomicU64::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic is done under it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints whole lines, or drops them. Never waits for a reader.
    pub(crate) fn push(&self, lines: &[u8]) {
        let mut state = self.lock();
        // What follows a gap waits until the gap can be told.
        if state.missing > 0 || state.queued.len() + lines.len() > OUTPUT_BUFFER_BYTES {
            let count = count_lines(lines);
            state.missing += count;
            self.dropped.fetch_add(count, Relaxed);
        } else {
            state.queued.extend_from_slice(lines);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Lines that never came out.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the end of a runtime waits for its threads, and this one may hang for ever"
    )]
    fn start(&self, name: &str, write_out: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let mut state = self.lock();
        if !state.is_started {
            thread::Builder::new().name(name.to_owned()).spawn(write_out)?;
            state.is_started = true;
        }
        Ok(())
    }

    /// Writes what is queued and what comes to be, for ever. `tell` hears how many lines are missing behind what is being
    /// written.
    fn write_out(&self, mut write: impl FnMut(&[u8]) -> io::Result<usize>, tell: impl Fn(u64)) {
        let mut lines = Vec::new();
        loop {
            let missing = self.take(&mut lines);
            if missing > 0 {
                tell(missing);
            }
            let lost = write_all(&lines, &mut write);
            self.dropped.fetch_add(lost, Relaxed);
            lines.clear();
            lines.shrink_to(OUTPUT_IDLE_BYTES);
        }
    }

    /// Waits for something to write, and takes it; says how many lines are missing behind it.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut state = self.lock();
        state.is_writing = false;
        self.changed.notify_all();
        let idle = |state: &mut State| !state.is_busy();
        state = self.changed.wait_while(state, idle).unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut state.queued, lines);
        state.is_writing = true;
        std::mem::take(&mut state.missing)
    }

    /// Whether there is nothing to write, and nothing being written.
    fn is_idle(&self) -> bool {
        !self.lock().is_busy()
    }

    /// Has all of it written, by its thread; where none can be started, by this one: it may be the reason for the end.
    fn finish(
        &self,
        left: impl Fn() -> Duration,
        mut write: impl FnMut(&[u8]) -> io::Result<usize>,
    ) {
        let mut state = self.lock();
        if state.is_started {
            drop(state);
            return self.flush(left());
        }
        let lines = std::mem::take(&mut state.queued);
        drop(state);
        let lost = write_all(&lines, &mut write);
        self.dropped.fetch_add(lost, Relaxed);
    }

    /// Waits until nothing is queued or being written, so long at most.
    fn flush(&self, within: Duration) {
        let busy = |state: &mut State| state.is_busy();
        drop(self.changed.wait_timeout_while(self.lock(), within, busy));
    }
}

impl State {
    /// Whether something waits to be written or told, or is being written.
    fn is_busy(&self) -> bool {
        !self.queued.is_empty() || self.missing > 0 || self.is_writing
    }
}

impl io::Write for &Output {
    /// Takes whole lines: the log writes each of its own at once.
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.push(lines);
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines in this text, the last one with or without its end.
fn count_lines(text: &[u8]) -> u64 {
    text.split_inclusive(|&byte| byte == b'\n').count() as u64
}

/// Writes all of it; says how many lines a broken stream has lost.
fn write_all(mut lines: &[u8], write: &mut impl FnMut(&[u8]) -> io::Result<usize>) -> u64 {
    while !lines.is_empty() {
        match write(lines) {
            Ok(written @ 1..) => lines = &lines[written..],
            _ => return count_lines(lines),
        }
    }
    0
}

/// One write. Waits as long as the stream takes nothing, also if another program has made it one that does not wait.
fn write(stream: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match rustix::io::write(stream, bytes) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => {
                let mut streams = [PollFd::from_borrowed_fd(stream, PollFlags::OUT)];
                match poll(&mut streams, None) {
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            written => return Ok(written?),
        }
    }
}

/// One write of a part that a pipe or a terminal takes without waiting, once it takes anything. A stream that takes nothing for
/// the time that is `left` is broken.
fn write_within(
    stream: BorrowedFd<'_>,
    bytes: &[u8],
    left: impl Fn() -> Duration,
) -> io::Result<usize> {
    // What poll(2) promises of a pipe is room for PIPE_BUF bytes.
    let part = &bytes[..bytes.len().min(libc::PIPE_BUF)];
    loop {
        let within = Timespec::try_from(left()).unwrap_or_default();
        let mut streams = [PollFd::from_borrowed_fd(stream, PollFlags::OUT)];
        match poll(&mut streams, Some(&within)) {
            Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
            Ok(_) => match rustix::io::write(stream, part) {
                Err(Errno::INTR | Errno::AGAIN) => {}
                written => return Ok(written?),
            },
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests;
