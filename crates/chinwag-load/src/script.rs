//! The sending side of one client: its lines, one write each, as fast as they go or in their turn.

use std::io;

use whippet::net::TcpStream;

use crate::irc;
use crate::line::{Delivery, Format};
use crate::stage::Stage;

/// How many lines are sent before the client looks at its socket's other direction again.
const BURST: usize = 16;

/// What a sender has sent, and what is next.
#[derive(Debug)]
pub(crate) struct Script {
    /// Its index among the senders.
    sender: u32,
    /// The number of the next line.
    next: u32,
    /// The line under way, behind what the server wants before it; its digits are written anew for each.
    line: Vec<u8>,
    /// Where the line itself begins.
    body: usize,
    /// How much of that line the kernel has taken; all of it when none is under way.
    written: usize,
}

impl Script {
    /// The script of this sender, nothing sent.
    pub(crate) fn new(stage: &Stage, sender: u32) -> Self {
        let lead = if stage.plan.irc { irc::LEAD } else { &[] };
        let line = [lead, &stage.format.blank()].concat();
        Self { sender, next: 0, written: line.len(), line, body: lead.len() }
    }

    /// Whether no line is under way, so that something else can be written.
    pub(crate) fn is_between_lines(&self) -> bool {
        self.written == self.line.len()
    }

    /// When there is something to write again; `None` when all is sent.
    pub(crate) fn due(&self, stage: &Stage) -> Option<u64> {
        if !self.is_between_lines() {
            return Some(0);
        }
        (self.next < stage.plan.messages).then(|| stage.due(self.sender, self.next))
    }

    /// Sends what is due, until the kernel takes no more or a burst is out.
    ///
    /// # Errors
    /// Those of the socket.
    pub(crate) fn push(&mut self, stage: &Stage, stream: &TcpStream) -> io::Result<()> {
        for _ in 0..BURST {
            if self.is_between_lines() && !self.turn_page(stage) {
                return Ok(());
            }
            while self.written < self.line.len() {
                match stream.try_write(&self.line[self.written..]) {
                    Ok(taken) => self.written += taken,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Puts the next line under way, if it is due.
    fn turn_page(&mut self, stage: &Stage) -> bool {
        let now = stage.now();
        if self.due(stage).is_none_or(|due| due > now) {
            return false;
        }
        if self.next == 0 {
            stage.note_first_send(now);
        }
        Format::fill(
            &mut self.line[self.body..],
            Delivery { sender: self.sender, sequence: self.next, sent: now },
        );
        self.next += 1;
        self.written = 0;
        true
    }
}
