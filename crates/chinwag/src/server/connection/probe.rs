//! Probing whether a connection answers: the nick of a user who is gone is theirs until the kernel notices, up to a minute and a
//! half later.
//!
//! ```text
//!   asked ─► the kernel knows that it is silent? ─ yes ─► reported
//!                └ no ─► a probe is sent ─► after a while: no answer? ─ yes ─► reported
//!                                               └ no ─► dropped
//! ```
//!
//! Knows no broker; the connection's task drives it, with the time as an argument.

use crate::limits::UNRESPONSIVE_AFTER;
use crate::outbound::side_message::Probe;
use crate::server::socket_options::SocketOptions;
use std::time::{Duration, Instant};
use whippet::net::{SockRef, TcpStream};

/// A probe that waits for an answer of the connection.
#[derive(Debug)]
pub(super) struct ConnectionProbe {
    /// What was asked.
    probe: Probe,
    /// Since when.
    started: Instant,
    /// When the kernel is to be asked next.
    next_check: Instant,
}

/// The result of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeResult {
    /// It answers, as far as is known.
    Answered,
    /// It is too early to say.
    Pending,
    /// Nothing has come from it for so long, and something should have.
    Silent(Duration),
}

impl ConnectionProbe {
    /// Has the kernel send probes. What it knows already counts for nothing: how long a user was idle is no silence.
    pub(super) fn start(
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
        Self { probe, started: now, next_check: now + UNRESPONSIVE_AFTER }
    }

    /// The probe is over: the kernel probes at its usual times again.
    pub(super) fn finish(self, stream: &TcpStream, options: &SocketOptions) {
        set_keepalive(stream, options);
    }

    /// Another user asks, too.
    pub(super) fn add(&mut self, probe: Probe) {
        if probe.disconnects || !self.probe.disconnects {
            self.probe = probe;
        }
    }

    /// What was asked.
    pub(super) fn probe(&self) -> Probe {
        self.probe
    }

    /// When a check is due.
    pub(super) fn next_check(&self) -> Instant {
        self.next_check
    }

    /// The next check is after so long.
    pub(super) fn postpone(&mut self, time: Duration, now: Instant) {
        self.next_check = now + time;
    }

    /// Checks, if it is time.
    pub(super) fn check(&mut self, stream: &TcpStream, now: Instant) -> ProbeResult {
        if now < self.next_check {
            return ProbeResult::Pending;
        }
        match SockRef::from(stream).unanswered() {
            Ok(Some(silence)) if silence >= UNRESPONSIVE_AFTER => ProbeResult::Silent(silence),
            // It answered once since, and owes another answer by now.
            Ok(Some(_))
                if now.saturating_duration_since(self.started) >= 4 * UNRESPONSIVE_AFTER =>
            {
                ProbeResult::Answered
            }
            Ok(Some(silence)) => {
                self.postpone(UNRESPONSIVE_AFTER - silence, now);
                ProbeResult::Pending
            }
            // The task notices otherwise that a connection is gone.
            Ok(None) | Err(_) => ProbeResult::Answered,
        }
    }
}

/// When the kernel is to probe. One that refuses leaves the probe to the usual times.
fn set_keepalive(stream: &TcpStream, options: &SocketOptions) {
    let SocketOptions { keepalive_idle, keepalive_interval, keepalive_probes, .. } = *options;
    let socket = SockRef::from(stream);
    let _ = socket.set_keepalive(keepalive_idle, keepalive_interval, keepalive_probes);
}
