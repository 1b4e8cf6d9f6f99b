//! The sending side of one client: its lines, one write each, as fast as they go, when each is due, or one at a time.

use std::io;

use whippet::net::TcpStream;

use crate::context::{Counter, RunContext};
use crate::irc;
use crate::line_format::{Delivery, LineFormat};

/// How many lines are sent before the client checks whether there is something to read.
const LINES_PER_TURN: usize = 16;

/// What one sender has sent, and what is next.
#[derive(Debug)]
pub(crate) struct Sender {
    /// Its index among the senders.
    index: u32,
    /// The number of the next line.
    next: u32,
    /// The current line, after the prefix that the server wants; its digits are written again for each.
    line: Vec<u8>,
    /// Where the line itself begins.
    body_start: usize,
    /// How many bytes of that line the kernel has taken; all of it between two lines.
    written: usize,
}

impl Sender {
    /// Sender `index`, nothing sent.
    pub(crate) fn new(context: &RunContext, index: u32) -> Self {
        let prefix = if context.plan.irc { irc::MESSAGE_PREFIX } else { &[] };
        let line = [prefix, &context.format.blank()].concat();
        Self { index, next: 0, written: line.len(), line, body_start: prefix.len() }
    }

    /// Whether no line is half written, so that something else can be written.
    pub(crate) fn is_between_lines(&self) -> bool {
        self.written == self.line.len()
    }

    /// When there is something to write again; `None` when all is sent.
    pub(crate) fn next_due(&self, context: &RunContext) -> Option<u64> {
        if !self.is_between_lines() {
            return Some(0);
        }
        (self.next < context.plan.messages).then(|| context.due(self.index, self.next))
    }

    /// With one line at a time: the counter of its deliveries, and which count to wait for before the next line.
    pub(crate) fn awaited_delivery<'a>(
        &self,
        context: &'a RunContext,
    ) -> Option<(&'a Counter, u32)> {
        let counter = context.delivered_of(self.index)?;
        self.is_between_lines().then_some((counter, self.next))
    }

    /// Writes what is due: [`LINES_PER_TURN`] lines at most, or until the kernel takes no more.
    ///
    /// # Errors
    /// Those of the socket.
    pub(crate) fn write(&mut self, context: &RunContext, stream: &TcpStream) -> io::Result<()> {
        let lines = if context.plan.one_at_a_time { 1 } else { LINES_PER_TURN };
        for _ in 0..lines {
            if self.is_between_lines() && !self.start_line(context) {
                return Ok(());
            }
            while self.written < self.line.len() {
                match stream.try_write(&self.line[self.written..]) {
                    Ok(written) => self.written += written,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Makes the next line the current one, if it is due.
    fn start_line(&mut self, context: &RunContext) -> bool {
        let now = context.now();
        if self.next_due(context).is_none_or(|due| due > now) {
            return false;
        }
        if self.next == 0 {
            context.note_first_send(now);
        }
        LineFormat::fill(
            &mut self.line[self.body_start..],
            Delivery { sender: self.index, sequence: self.next, sent: now },
        );
        self.next += 1;
        self.written = 0;
        true
    }
}
