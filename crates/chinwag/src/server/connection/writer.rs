//! From a person's inbox to his socket: all that is due leaves in as few vectored writes as possible.

use crate::limits::{TERMINAL_WRITE_BYTES, WRITE_FRAMES};
use crate::outbound::frame::Frame;
use crate::outbound::latency::Stamp;
use crate::outbound::queue::{Account, Inbox};
use crate::terminal::Terminal;
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, IoSlice};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use whippet::net::TcpStream;

thread_local! {
    /// The room for frames under way in the client that is being polled on this thread. It is lent for one poll, so
    /// that a client who waits holds no buffer.
    static ROOM: Cell<Vec<Frame>> = const { Cell::new(Vec::new()) };
}

/// What makes a person's task panic when it is the end of a frame, for the tests that want to see what becomes of
/// him.
#[cfg(test)]
pub(crate) const PANIC: &[u8] = b"please panic\r\n";

/// What is on its way to one person.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Where frames come from.
    inbox: Inbox,
    /// Frames taken from the inbox that the kernel has not taken yet; most of the time none.
    pending: Vec<Frame>,
    /// How much of the first of them is written.
    written: usize,
    /// Whether the kernel took less than it was given last time.
    blocked: bool,
    /// Whether the inbox was closed and is empty.
    finished: bool,
    /// What he has beyond plain lines, if he ever needed something of it.
    terminal: Option<Box<Terminal>>,
}

/// Why [`Outgoing::deliver`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// All that will ever be due has been written.
    Everything,
    /// He was behind, had too much unhandled or waited for an answer, and is or does no more.
    CaughtUp,
}

impl Outgoing {
    /// From this inbox, with nothing under way.
    pub(crate) fn new(inbox: Inbox) -> Self {
        let pending = Vec::new();
        Self { inbox, pending, written: 0, blocked: false, finished: false, terminal: None }
    }

    /// What he is owed.
    pub(crate) fn account(&self) -> &Arc<Account> {
        self.inbox.account()
    }

    /// Whether he is not to be read: he is owed too much, the broker has too much of his to handle, or his terminal does.
    pub(crate) fn must_wait(&self) -> bool {
        self.account().is_behind()
            || self.account().is_held()
            || self.terminal.as_ref().is_some_and(|terminal| terminal.holds_keys())
    }

    /// What he has beyond plain lines.
    pub(crate) fn terminal_mut(&mut self) -> &mut Option<Box<Terminal>> {
        &mut self.terminal
    }

    /// What he has beyond plain lines.
    pub(crate) fn terminal(&self) -> Option<&Terminal> {
        self.terminal.as_deref()
    }

    /// Whether he sent lines that were not said yet, or ended it behind such.
    pub(crate) fn has_unsaid(&self) -> bool {
        let terminal = self.terminal.as_ref();
        terminal.is_some_and(|terminal| terminal.unsaid() > 0 || terminal.ending().is_some())
    }

    /// Whether his terminal has something for the broker: a word to be completed, or that he ended it.
    pub(crate) fn has_question(&self) -> bool {
        let terminal = self.terminal.as_ref();
        terminal.is_some_and(|terminal| terminal.has_question() || terminal.ending().is_some())
    }

    /// Whether nothing is half written.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.is_empty()
    }

    /// Leaves his terminal as it was found, as far as the kernel takes that at once. Says what last words are to begin with:
    /// the rest of a line that is half written, or others would take the half for what was said. `None` if there can be none, in the middle of what a terminal takes for a command.
    pub(crate) fn end_terminal(&mut self, stream: &TcpStream) -> Option<Vec<u8>> {
        let Some(mut terminal) = self.terminal.take().filter(|_| self.is_idle()) else {
            return Some(self.rest_of_line().to_vec());
        };
        if terminal.is_written() {
            terminal.draw(&[], true);
            // Whoever is gone needs no terminal.
            let _ = self.write_drawn(stream, &mut terminal);
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

    /// Writes what is due, and what comes to be due, until there is something to tell. `waits` says what his task saw when
    /// it last asked whether he [must wait](Self::must_wait). A second look in here would not do: the broker handles events
    /// beside this, so that a wait which ended between the two looks would have no end at all.
    ///
    /// # Errors
    /// The connection is broken.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will: what is under way lies here.
    pub(crate) fn deliver(
        &mut self,
        stream: &TcpStream,
        waits: bool,
    ) -> impl Future<Output = io::Result<Delivered>> + Send {
        poll_fn(move |cx| self.poll_deliver(cx, stream, waits))
    }

    /// Moves what is due until the inbox is empty or the kernel takes no more.
    fn poll_deliver(
        &mut self,
        cx: &mut Context<'_>,
        stream: &TcpStream,
        waits: bool,
    ) -> Poll<io::Result<Delivered>> {
        loop {
            if waits && !self.must_wait() {
                return Poll::Ready(Ok(Delivered::CaughtUp));
            }
            if self.blocked {
                ready!(stream.poll_write_ready(cx))?;
                self.blocked = false;
            }
            let is_drawn = self.is_drawn();
            let more = if is_drawn { self.draw(cx, stream)? } else { self.pass_on(cx, stream)? };
            if self.finished && self.pending.is_empty() && !self.is_drawn() {
                return Poll::Ready(Ok(Delivered::Everything));
            }
            let goes_on = waits && !self.must_wait();
            if !self.blocked && more.is_pending() && is_drawn == self.is_drawn() && !goes_on {
                return Poll::Pending;
            }
        }
    }

    /// Hands frames to the kernel as they are. Pending: the inbox is empty.
    fn pass_on(&mut self, cx: &mut Context<'_>, stream: &TcpStream) -> io::Result<Poll<()>> {
        let mut frames = self.take_room();
        let more = self.fill(cx, &mut frames);
        let wrote = if frames.is_empty() { Ok(()) } else { self.write(stream, &mut frames) };
        self.give_room_back(frames);
        wrote.map(|()| more)
    }

    /// Whether frames are not to go out as they are. His welcome always is, for nothing may come before it.
    fn is_drawn(&self) -> bool {
        self.terminal.as_ref().is_some_and(|terminal| terminal.has_the_pen())
            && self.pending.is_empty()
            && self.account().has_taken()
    }

    /// Lets the terminal put together what is to be seen, and writes it. Pending: the inbox is empty.
    fn draw(&mut self, cx: &mut Context<'_>, stream: &TcpStream) -> io::Result<Poll<()>> {
        let Some(mut terminal) = self.terminal.take() else { return Ok(Poll::Ready(())) };
        let _ = terminal.poll_answer(cx);
        let mut more = Poll::Ready(());
        if terminal.is_written() {
            let mut frames = ROOM.take();
            let mut bytes = 0;
            while more.is_ready()
                && !self.finished
                && bytes < TERMINAL_WRITE_BYTES
                && frames.len() < WRITE_FRAMES
            {
                let before = frames.len();
                more = self.take_in(cx, &mut frames, 1);
                bytes += frames[before..].iter().map(Frame::len).sum::<usize>();
            }
            terminal.draw(&frames, self.finished);
            frames.clear();
            ROOM.set(frames);
        }
        let wrote = self.write_drawn(stream, &mut terminal);
        self.terminal = Some(terminal);
        wrote.map(|()| more)
    }

    /// One write of what the terminal has put together.
    fn write_drawn(&mut self, stream: &TcpStream, terminal: &mut Terminal) -> io::Result<()> {
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
        self.account().take(settled, frames);
        Ok(())
    }

    /// The frames that are pending, in the room of this thread.
    fn take_room(&mut self) -> Vec<Frame> {
        let mut room = ROOM.take();
        room.append(&mut self.pending);
        self.pending = Vec::new();
        room
    }

    /// Keeps what the kernel did not take, and leaves the room to the next client of this thread.
    fn give_room_back(&mut self, mut room: Vec<Frame>) {
        // What stays has the capacity that it needs and not the room's, which is that of the longest write on this thread.
        self.pending = Vec::with_capacity(room.len());
        self.pending.append(&mut room);
        ROOM.set(room);
    }

    /// Takes frames out of the inbox up to what one write moves.
    fn fill(&mut self, cx: &mut Context<'_>, frames: &mut Vec<Frame>) -> Poll<()> {
        let places = WRITE_FRAMES.saturating_sub(frames.len());
        // What was begun before the terminal had something to say is ended, and no more.
        let waits = self.terminal.is_some() && !frames.is_empty();
        if self.finished || places == 0 || waits {
            return Poll::Ready(());
        }
        self.take_in(cx, frames, places)
    }

    /// Takes so many frames out of the inbox at most.
    fn take_in(
        &mut self,
        cx: &mut Context<'_>,
        frames: &mut Vec<Frame>,
        places: usize,
    ) -> Poll<()> {
        let taken = ready!(self.inbox.poll_recv_many(cx, frames, places));
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
            // The calm room: no list to make, and a cheaper call.
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
        frames[..whole].iter().filter_map(Frame::stamp).for_each(arrived);
        frames.drain(..whole);
        self.account().take(written, whole);
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

/// A frame that is timed was written.
#[cold]
fn arrived(stamp: &Stamp) {
    stamp.arrived(whippet::time::Instant::now().into_std());
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
