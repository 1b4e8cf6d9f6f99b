//! The write half of a connection: from the send queue to the socket, all that is pending in as few vectored writes as possible.

use crate::limits::{TERMINAL_WRITE_BYTES, WRITE_FRAMES};
use crate::os::clock::now;
use crate::outbound::frame::Frame;
use crate::outbound::latency::LatencyTag;
use crate::outbound::queue::{QueueState, Receiver};
use crate::terminal::Terminal;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use whippet::net::TcpStream;

thread_local! {
    /// A scratch list for the frames of the client that is being polled on this thread. It is lent for one poll, so that
    /// a client that waits holds no buffer.
    static SCRATCH: Cell<Vec<Frame>> = const { Cell::new(Vec::new()) };
}

/// Makes a connection's task panic when a frame ends with it, for the tests of that.
#[cfg(test)]
pub(crate) const PANIC: &[u8] = b"please panic\r\n";

/// What is on its way to one client.
#[derive(Debug)]
pub(crate) struct Writer {
    /// Where frames come from.
    receiver: Receiver,
    /// Frames taken from the queue that the kernel has not taken yet; most of the time none.
    pending: Vec<Frame>,
    /// How much of the first of them is written.
    written: usize,
    /// Whether the kernel took less than it was given last time.
    blocked: bool,
    /// Whether the queue was closed and is empty.
    finished: bool,
    /// The state of the client's terminal, if it ever needed some.
    terminal: Option<Box<Terminal>>,
}

/// Why [`Writer::flush`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flush {
    /// The queue is closed, and all of it has been written.
    Closed,
    /// Reading was blocked, and is not any more.
    Unblocked,
}

impl Writer {
    /// From this queue, with nothing under way.
    pub(crate) fn new(receiver: Receiver) -> Self {
        let pending = Vec::new();
        Self { receiver, pending, written: 0, blocked: false, finished: false, terminal: None }
    }

    /// The shared state of the queue.
    pub(crate) fn queue(&self) -> &Arc<QueueState> {
        self.receiver.state()
    }

    /// Whether nothing may be read: too much is pending, too many events are unhandled, or the terminal blocks its input.
    pub(crate) fn read_blocked(&self) -> bool {
        self.queue().is_over_soft_limit()
            || self.queue().is_reading_blocked()
            || self.terminal.as_ref().is_some_and(|terminal| terminal.blocks_input())
    }

    /// The terminal.
    pub(crate) fn terminal_mut(&mut self) -> &mut Option<Box<Terminal>> {
        &mut self.terminal
    }

    /// The terminal.
    pub(crate) fn terminal(&self) -> Option<&Terminal> {
        self.terminal.as_deref()
    }

    /// Whether lines are queued that were not submitted yet, or the user ended the connection after such.
    pub(crate) fn has_queued_lines(&self) -> bool {
        let terminal = self.terminal.as_ref();
        terminal.is_some_and(|terminal| {
            terminal.pending_line_bytes() > 0 || terminal.close_request().is_some()
        })
    }

    /// Whether the terminal has something for the broker: a word to be completed, or the end of the connection.
    pub(crate) fn has_completion_request(&self) -> bool {
        let terminal = self.terminal.as_ref();
        terminal.is_some_and(|terminal| {
            terminal.has_new_completion() || terminal.close_request().is_some()
        })
    }

    /// Whether nothing is half written.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Restores the terminal, as far as the kernel takes that at once. Returns what a final message must begin with: the rest of a line
    /// that is half written, or the half would look like a whole line. `None` if there can be none, in the middle of a terminal's command.
    pub(crate) fn restore_terminal(&mut self, stream: &TcpStream) -> Option<Vec<u8>> {
        let Some(mut terminal) = self.terminal.take().filter(|_| self.is_idle()) else {
            return Some(self.rest_of_line().to_vec());
        };
        if terminal.is_written() {
            terminal.draw(&[], true);
            // A client that is gone needs no terminal.
            let _ = self.write_terminal_output(stream, &mut terminal);
        }
        terminal.is_written().then(Vec::new)
    }

    /// The rest of the line that is being written, with its end, if one is.
    fn rest_of_line(&self) -> &[u8] {
        let frame = self.pending.first().map_or(&[][..], AsRef::as_ref);
        let (written, rest) = frame.split_at(self.written.min(frame.len()));
        if written.is_empty() || written.ends_with(b"\n") {
            return &[];
        }
        let end = memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        &rest[..end]
    }

    /// Writes what is pending, and what comes, until there is something to report. `waits` says what the task saw when it last called
    /// [`read_blocked`](Self::read_blocked). A second check in here would not do: the broker handles events concurrently, so that a block
    /// which ended between the two checks would never be reported.
    ///
    /// # Errors
    /// The connection is broken.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will: what is under way lies here.
    pub(crate) fn flush(
        &mut self,
        stream: &TcpStream,
        waits: bool,
    ) -> impl Future<Output = io::Result<Flush>> + Send {
        poll_fn(move |cx| self.poll_flush(cx, stream, waits))
    }

    /// Moves what is pending until the queue is empty or the kernel takes no more.
    fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        stream: &TcpStream,
        waits: bool,
    ) -> Poll<io::Result<Flush>> {
        loop {
            if waits && !self.read_blocked() {
                return Poll::Ready(Ok(Flush::Unblocked));
            }
            if self.blocked {
                ready!(stream.poll_write_ready(cx))?;
                self.blocked = false;
            }
            let uses_terminal = self.uses_terminal();
            let more = if uses_terminal {
                self.write_terminal(cx, stream)?
            } else {
                self.write_frames(cx, stream)?
            };
            if self.finished && self.pending.is_empty() && !self.uses_terminal() {
                return Poll::Ready(Ok(Flush::Closed));
            }
            let goes_on = waits && !self.read_blocked();
            if !self.blocked
                && more.is_pending()
                && uses_terminal == self.uses_terminal()
                && !goes_on
            {
                return Poll::Pending;
            }
        }
    }

    /// Hands frames to the kernel as they are. Pending: the queue is empty.
    fn write_frames(&mut self, cx: &mut Context<'_>, stream: &TcpStream) -> io::Result<Poll<()>> {
        let mut frames = self.take_scratch();
        let more = self.fill(cx, &mut frames);
        let wrote = if frames.is_empty() { Ok(()) } else { self.write(stream, &mut frames) };
        self.return_scratch(frames);
        wrote.map(|()| more)
    }

    /// Whether the terminal writes the frames. The welcome is always written as it is, for nothing may come before it.
    fn uses_terminal(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| terminal.owns_output())
            && self.pending.is_empty()
            && self.queue().has_written()
    }

    /// Lets the terminal draw its output, and writes it. Pending: the queue is empty.
    fn write_terminal(&mut self, cx: &mut Context<'_>, stream: &TcpStream) -> io::Result<Poll<()>> {
        let Some(mut terminal) = self.terminal.take() else { return Ok(Poll::Ready(())) };
        let _ = terminal.poll_completion(cx);
        let mut more = Poll::Ready(());
        if terminal.is_written() {
            let mut frames = SCRATCH.take();
            let mut bytes = 0;
            while more.is_ready()
                && !self.finished
                && bytes < TERMINAL_WRITE_BYTES
                && frames.len() < WRITE_FRAMES
            {
                let before = frames.len();
                more = self.receive(cx, &mut frames, 1);
                bytes += frames[before..].iter().map(Frame::len).sum::<usize>();
            }
            terminal.draw(&frames, self.finished);
            frames.clear();
            SCRATCH.set(frames);
        }
        let wrote = self.write_terminal_output(stream, &mut terminal);
        self.terminal = Some(terminal);
        wrote.map(|()| more)
    }

    /// One write of what the terminal has put together.
    fn write_terminal_output(
        &mut self,
        stream: &TcpStream,
        terminal: &mut Terminal,
    ) -> io::Result<()> {
        let bytes = terminal.unwritten();
        if bytes.is_empty() {
            return Ok(());
        }
        let written = match stream.try_write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.blocked = written < bytes.len();
        let (settled, frames) = terminal.wrote(written);
        self.queue().record_written(settled, frames);
        Ok(())
    }

    /// The pending frames, in the scratch list of this thread.
    fn take_scratch(&mut self) -> Vec<Frame> {
        let mut scratch = SCRATCH.take();
        scratch.append(&mut self.pending);
        self.pending = Vec::new();
        scratch
    }

    /// Keeps what the kernel did not take, and leaves the scratch list to the next client of this thread.
    fn return_scratch(&mut self, mut scratch: Vec<Frame>) {
        // What stays has the capacity that it needs and not the scratch list's, which is that of the longest write on this thread.
        self.pending = Vec::with_capacity(scratch.len());
        self.pending.append(&mut scratch);
        SCRATCH.set(scratch);
    }

    /// Takes frames out of the queue up to what one write moves.
    fn fill(&mut self, cx: &mut Context<'_>, frames: &mut Vec<Frame>) -> Poll<()> {
        let capacity = WRITE_FRAMES.saturating_sub(frames.len());
        // What was begun before the terminal had something to say is ended, and no more.
        let waits = self.terminal.is_some() && !frames.is_empty();
        if self.finished || capacity == 0 || waits {
            return Poll::Ready(());
        }
        self.receive(cx, frames, capacity)
    }

    /// Takes so many frames out of the queue at most.
    fn receive(
        &mut self,
        cx: &mut Context<'_>,
        frames: &mut Vec<Frame>,
        capacity: usize,
    ) -> Poll<()> {
        let taken = ready!(self.receiver.poll_recv_many(cx, frames, capacity));
        self.finished = taken == 0;
        Poll::Ready(())
    }

    /// One write; what it moved is taken off the frames.
    fn write(&mut self, stream: &TcpStream, frames: &mut Vec<Frame>) -> io::Result<()> {
        #[cfg(test)]
        assert!(
            !frames.iter().any(|frame| frame.as_ref().ends_with(PANIC)),
            "a test asks for a panic"
        );
        let (offered, written) = match &frames[..] {
            // The common case: no list to make, and a cheaper call.
            [only] => {
                let bytes = &only.as_ref()[self.written..];
                (bytes.len(), stream.try_write(bytes))
            }
            several => write_vectored(stream, several, self.written),
        };
        let written = match written {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.blocked = written < offered;
        let whole = self.advance(frames, written);
        frames[..whole].iter().filter_map(Frame::latency_tag).for_each(record_latency);
        frames.drain(..whole);
        self.queue().record_written(written, whole);
        Ok(())
    }

    /// Counts the frames that are written whole, and remembers how far the next one is.
    fn advance(&mut self, frames: &[Frame], written: usize) -> usize {
        let mut reached = self.written + written;
        for (whole, frame) in frames.iter().enumerate() {
            let length = frame.as_ref().len();
            if reached < length {
                self.written = reached;
                return whole;
            }
            reached -= length;
        }
        self.written = 0;
        frames.len()
    }
}

/// A frame with a latency tag was written.
#[cold]
fn record_latency(stamp: &LatencyTag) {
    stamp.record(now());
}

/// Offers the kernel several frames in one call, without what was written of the first; says how many bytes it offered,
/// and how many the kernel took.
fn write_vectored(
    stream: &TcpStream,
    frames: &[Frame],
    skipped: usize,
) -> (usize, io::Result<usize>) {
    let mut slices = [IoSlice::new(&[]); WRITE_FRAMES];
    let mut offered = 0;
    for (place, (slice, frame)) in slices.iter_mut().zip(frames).enumerate() {
        let bytes = &frame.as_ref()[if place == 0 { skipped } else { 0 }..];
        *slice = IoSlice::new(bytes);
        offered += bytes.len();
    }
    let count = frames.len().min(WRITE_FRAMES);
    (offered, stream.try_write_vectored(&slices[..count]))
}
