//! Whether a connection answers, for whoever wants to know: the nick of somebody who is gone is theirs until the kernel
//! finds that out, up to a minute and a half later.
//!
//! ```text
//!   asked ─► the kernel knows that it is silent? ─ yes ─► told
//!                └ no ─► a probe is sent ─► after a while: no answer? ─ yes ─► told
//!                                               └ no ─► forgotten
//! ```
//!
//! Knows no broker; its person's task drives it, with the time as an argument.

use crate::limits::UNRESPONSIVE_AFTER;
use crate::outbound::side_message::Probe;
use crate::server::socket_options::SocketOptions;
use std::time::{Duration, Instant};
use whippet::net::{SockRef, TcpStream};

/// A question that waits for an answer of the connection.
#[derive(Debug)]
pub(super) struct Probing {
    /// What was asked.
    probe: Probe,
    /// Since when.
    begun: Instant,
    /// When the kernel is to be asked next.
    look_at: Instant,
}

/// What a look came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// It answers, as far as anybody knows.
    Answers,
    /// It is too early to say.
    TooEarly,
    /// Nothing has come from it for so long, and something should have.
    Silent(Duration),
}

impl Probing {
    /// Has the kernel send probes. What it knows already counts for nothing: how long somebody was idle is no silence.
    pub(super) fn begin(
        probe: Probe,
        stream: &TcpStream,
        options: &SocketOptions,
        now: Instant,
    ) -> Self {
        // An idle time that is over makes the kernel probe at once, and again each second.
        let second = Duration::from_secs(1);
        let often =
            SocketOptions { keepalive_idle: second, keepalive_interval: second, ..*options };
        set_keepalive(stream, &often);
        Self { probe, begun: now, look_at: now + UNRESPONSIVE_AFTER }
    }

    /// The question is answered: the kernel probes at its usual times again.
    pub(super) fn end(self, stream: &TcpStream, options: &SocketOptions) {
        set_keepalive(stream, options);
    }

    /// Somebody else asks, too.
    pub(super) fn add(&mut self, probe: Probe) {
        if probe.ends || !self.probe.ends {
            self.probe = probe;
        }
    }

    /// What was asked.
    pub(super) fn probe(&self) -> Probe {
        self.probe
    }

    /// When a look is due.
    pub(super) fn look_at(&self) -> Instant {
        self.look_at
    }

    /// There is to be another look, after so long.
    pub(super) fn wait(&mut self, time: Duration, now: Instant) {
        self.look_at = now + time;
    }

    /// Looks, if it is time.
    pub(super) fn look(&mut self, stream: &TcpStream, now: Instant) -> Look {
        if now < self.look_at {
            return Look::TooEarly;
        }
        match SockRef::from(stream).unanswered() {
            Ok(Some(silence)) if silence >= UNRESPONSIVE_AFTER => Look::Silent(silence),
            // It answered once since, and owes another answer by now.
            Ok(Some(_)) if now.saturating_duration_since(self.begun) >= 4 * UNRESPONSIVE_AFTER => {
                Look::Answers
            }
            Ok(Some(silence)) => {
                self.wait(UNRESPONSIVE_AFTER - silence, now);
                Look::TooEarly
            }
            // Of a connection that is gone the task hears otherwise.
            Ok(None) | Err(_) => Look::Answers,
        }
    }
}

/// When the kernel is to probe. One that refuses leaves the question to the usual times.
fn set_keepalive(stream: &TcpStream, options: &SocketOptions) {
    let SocketOptions { keepalive_idle, keepalive_interval, keepalive_probes, .. } = *options;
    let socket = SockRef::from(stream);
    let _ = socket.set_keepalive(keepalive_idle, keepalive_interval, keepalive_probes);
}
