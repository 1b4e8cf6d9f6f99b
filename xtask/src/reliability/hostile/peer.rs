//! One connection of the attackers: a socket, what is sent next, and how it reads. [`attackers`](super::attackers) drives it.

use super::attack::{Load, Reads, Reconnect};
use super::connect;
use super::counts::Counts;
use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Part of a welcome.
const WELCOME: &[u8] = b"welcome to chinwag, you are";
/// Part of the answer to a wrong secret.
const WRONG: &[u8] = b"not the secret";
/// How many received bytes of a connection are searched for these.
const SEARCHED: usize = 16 * 1024;

/// One connection of the attackers.
#[derive(Debug)]
pub(super) struct Peer {
    /// The load that it belongs to, by its number.
    pub(super) group: usize,
    /// Its number in the load.
    pub(super) number: usize,
    /// The load.
    pub(super) load: Load,
    /// Its socket, while it is connected.
    socket: Option<OwnedFd>,
    /// What it sends.
    out: Vec<u8>,
    /// How much of that is sent.
    sent: usize,
    /// How many times it has sent something after the opening.
    repetitions: usize,
    /// Whether this connection's opening is sent.
    opened: bool,
    /// Whether an opening was ever sent, also by an earlier connection.
    ever_opened: bool,
    /// Whether it waits until it can write.
    writes: bool,
    /// The events that the epoll instance watches for it.
    registered: EventFlags,
    /// How many bytes were received.
    received: usize,
    /// Bytes that it may read by now, if it reads at a rate.
    credit: f64,
}

/// The outcome of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It stays connected.
    Stays,
    /// It leaves by itself.
    Leaves,
    /// The server has disconnected it.
    Disconnected,
}

impl Peer {
    /// One that is not connected.
    pub(super) fn new(group: usize, number: usize, load: Load) -> Self {
        Self {
            group,
            number,
            load,
            socket: None,
            out: Vec::new(),
            sent: 0,
            repetitions: 0,
            opened: false,
            ever_opened: false,
            writes: false,
            registered: EventFlags::empty(),
            received: 0,
            credit: 0.0,
        }
    }

    /// Starts with a socket that is connected, or about to be.
    pub(super) fn begin(&mut self, socket: OwnedFd) {
        self.socket = Some(socket);
        self.out = (self.load.opening)(self.number);
        (self.sent, self.opened, self.received, self.credit, self.writes) =
            (0, false, 0, 0.0, true);
        self.registered = self.wanted();
    }

    /// Its socket.
    pub(super) fn socket(&self) -> io::Result<BorrowedFd<'_>> {
        self.socket.as_ref().map(|socket| socket.as_fd()).ok_or(io::ErrorKind::NotConnected.into())
    }

    /// The events that it waits for.
    pub(super) fn wanted(&self) -> EventFlags {
        let mut wanted = EventFlags::empty();
        wanted.set(EventFlags::IN, self.load.reads == Reads::All);
        wanted.set(EventFlags::OUT, self.writes);
        wanted
    }

    /// The same, if they have changed.
    pub(super) fn changed(&mut self) -> Option<EventFlags> {
        let wanted = self.wanted();
        (std::mem::replace(&mut self.registered, wanted) != wanted).then_some(wanted)
    }

    /// Ends the connection, with a reset if it has not ended in order.
    pub(super) fn leave(&mut self) {
        if let Some(socket) = self.socket.take() {
            connect::reset(socket);
        }
    }

    /// Reads once.
    pub(super) fn read(&mut self, buffer: &mut [u8], counts: &Counts) -> Step {
        let Ok(socket) = self.socket() else { return Step::Stays };
        match rustix::net::recv(socket, &mut *buffer, RecvFlags::empty()) {
            Ok((0, _)) => self.end(),
            Ok((count, _)) => {
                self.search(&buffer[..count], counts);
                Step::Stays
            }
            Err(Errno::AGAIN | Errno::INTR) => Step::Stays,
            Err(_) => self.end(),
        }
    }

    /// Reads as much as its rate allows by now, if it has one.
    pub(super) fn read_at_rate(
        &mut self,
        passed: Duration,
        buffer: &mut [u8],
        counts: &Counts,
    ) -> Step {
        let Reads::Rate(rate) = self.load.reads else { return Step::Stays };
        let most = rate as f64 / 10.0 + 1.0;
        self.credit = (self.credit + passed.as_secs_f64() * rate as f64).min(most);
        let most = (self.credit as usize).min(buffer.len());
        if most == 0 {
            return Step::Stays;
        }
        let before = self.received;
        let step = self.read(&mut buffer[..most], counts);
        self.credit -= (self.received - before) as f64;
        step
    }

    /// Searches what was received.
    fn search(&mut self, bytes: &[u8], counts: &Counts) {
        if self.received < SEARCHED {
            let has = |text: &[u8]| bytes.windows(text.len()).filter(|it| *it == text).count();
            counts.welcomes.fetch_add(has(WELCOME) as u64, Ordering::Relaxed);
            counts.secrets.fetch_add(has(WRONG) as u64, Ordering::Relaxed);
        }
        self.received += bytes.len();
    }

    /// The connection has ended.
    fn end(&self) -> Step {
        let leaves = self.opened && self.load.reconnect != Reconnect::WhenDisconnected;
        if leaves { Step::Leaves } else { Step::Disconnected }
    }

    /// Writes once.
    pub(super) fn write(&mut self, counts: &Counts) -> Step {
        if self.sent == self.out.len() && !self.next(counts) {
            return self.after_opening();
        }
        let until = self.out.len().min(self.sent + self.load.chunk);
        let Ok(socket) = self.socket() else { return Step::Stays };
        match rustix::net::send(socket, &self.out[self.sent..until], SendFlags::NOSIGNAL) {
            Ok(count) => {
                self.sent += count;
                counts.sent.fetch_add(count as u64, Ordering::Relaxed);
                Step::Stays
            }
            Err(Errno::AGAIN | Errno::INTR) => Step::Stays,
            Err(_) => self.end(),
        }
    }

    /// Prepares what is sent next. False: nothing.
    fn next(&mut self, counts: &Counts) -> bool {
        if !std::mem::replace(&mut self.opened, true)
            && !std::mem::replace(&mut self.ever_opened, true)
        {
            counts.opened.fetch_add(1, Ordering::Relaxed);
        }
        let Some(then) =
            self.load.then.filter(|_| self.load.reconnect == Reconnect::WhenDisconnected)
        else {
            return false;
        };
        (self.out, self.sent) = (then(self.number, self.repetitions), 0);
        self.repetitions += 1;
        !self.out.is_empty()
    }

    /// The opening is sent, and nothing follows.
    fn after_opening(&mut self) -> Step {
        self.writes = false;
        match (self.load.reconnect, self.socket()) {
            (Reconnect::AfterReset, _) => return Step::Leaves,
            (Reconnect::AfterClose, Ok(socket)) => {
                // It fails where the server has closed the connection, which reading reports.
                let _ = rustix::net::shutdown(socket, Shutdown::Write);
            }
            _ => {}
        }
        Step::Stays
    }
}

#[cfg(test)]
mod tests {
    use super::super::attack::LOAD;
    use super::*;

    #[test]
    fn answers_are_counted_at_the_start_of_a_connection() {
        let counts = Counts::default();
        let mut peer = Peer::new(0, 0, LOAD);
        peer.search(
            b"* welcome to chinwag, you are user-1\r\n! that is not the secret\r\n",
            &counts,
        );
        peer.search(&[b'x'; SEARCHED], &counts);
        peer.search(b"! that is not the secret\r\n", &counts);
        let secrets = counts.secrets.load(Ordering::Relaxed);
        assert_eq!((counts.welcomes.load(Ordering::Relaxed), secrets), (1, 1));
    }
}
