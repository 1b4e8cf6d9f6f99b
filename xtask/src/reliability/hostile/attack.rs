//! What an attack is: a value in a table. It has the connections that are made, from how many addresses, what each of them
//! sends and how it reads, and the limits of the outcome. It knows no sockets; [`attackers`](super::attackers) drives it.

use std::time::Duration;

/// The text in every line of attackers, by which their lines are counted.
pub(super) const MARK: &str = "zz";
/// The room that most of them join, and that the observer is in.
pub(super) const ROOM: &str = "#trap";
/// The secret of operators at the servers that are attacked.
pub(super) const SECRET: &str = "correct horse battery staple";
/// The longest line, without its end.
pub(super) const LINE: usize = 4_096;

/// One attack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attack {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it does.
    pub(super) what: &'static str,
    /// The connections that make it.
    pub(super) loads: &'static [Load],
    /// Idle clients that connect first, from loopback; in the short form a fifth of them.
    pub(super) idle_clients: usize,
    /// What the bystanders do.
    pub(super) bystanders: Bystanders,
    /// Whether their lines may wait a second for a client that they wrote to: then the p99 does not count.
    pub(super) may_wait: bool,
    /// What the observer in the attacked room sends first; it is in [`ROOM`] already.
    pub(super) observer: &'static str,
    /// Whether the observer, which must be an operator, mutes the first attacker that it receives a line of.
    pub(super) mutes: bool,
    /// How long the attack goes on before the pairs talk.
    pub(super) warm_up: Duration,
    /// What is counted, and its limits.
    pub(super) limits: &'static [Limit],
    /// The share of one processor that the server may use meanwhile.
    pub(super) cpu: Option<f64>,
    /// What happens to the process.
    pub(super) process: Process,
    /// What else is requested of the server meanwhile.
    pub(super) probe: Option<Probe>,
}

/// What the bystanders do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bystanders {
    /// Pairs talk, each in a quiet room of its own.
    Quiet,
    /// One pair talks in the quiet room that the attackers are in as well.
    Among,
    /// As `Quiet`, and each sends this first.
    Saying(&'static str),
}

/// What happens to the process of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// Nothing.
    Runs,
    /// Its log at this level goes into a pipe that is never read.
    LogIsFull(&'static str),
    /// It is stopped for this time, and continues.
    Stops(Duration),
}

impl Process {
    /// How long it is stopped, if it is.
    pub(super) fn stopped(self) -> Option<Duration> {
        match self {
            Self::Stops(time) => Some(time),
            Self::Runs | Self::LogIsFull(_) => None,
        }
    }
}

/// What else is requested of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// `/healthz` of the listener for metrics.
    Health,
    /// The statistics, by the admin socket.
    Admin,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metric {
    /// Lines of attackers that the observer in [`ROOM`] received.
    Lines,
    /// The same, from a moment after the first of them was muted.
    LinesOfMuted,
    /// Announcements of new nicks that the observer received.
    Renames,
    /// Attackers that were welcomed.
    Welcomes,
    /// Secrets that were compared.
    Secrets,
}

/// A limit of a count: a burst, and a rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    /// What is counted.
    pub(super) metric: Metric,
    /// How many at once.
    pub(super) burst: u32,
    /// How many more each second.
    pub(super) per_second: u32,
}

/// Connections of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// How many.
    pub(super) connections: usize,
    /// Where they come from.
    pub(super) from: From,
    /// What they connect to.
    pub(super) to: To,
    /// What the one of this number sends first.
    pub(super) opening: fn(usize) -> Vec<u8>,
    /// What it sends then, again and again, by its number and the number of the repetition.
    pub(super) then: Option<fn(usize, usize) -> Vec<u8>>,
    /// How it reads.
    pub(super) reads: Reads,
    /// When it connects again.
    pub(super) reconnect: Reconnect,
    /// Most bytes of one write.
    pub(super) chunk: usize,
    /// Whether it is innocent, and so must not be disconnected.
    pub(super) innocent: bool,
}

/// Where connections come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// This many addresses of the load's own, in turn.
    Addresses(usize),
    /// The first address of another load, by its index in the attack.
    AddressOf(usize),
    /// This many /64 networks of one IPv6 /48, in turn.
    Networks(usize),
    /// Loopback, which only has limits of connections.
    Loopback,
}

/// What is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// The chat.
    Chat,
    /// The listener for metrics.
    Metrics,
    /// The admin socket.
    Admin,
}

/// How a connection reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// As fast as possible.
    All,
    /// This many bytes a second.
    Rate(usize),
    /// Never.
    Never,
}

/// When a connection is made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reconnect {
    /// A while after the server has disconnected it.
    WhenDisconnected,
    /// At once when the opening is sent, its side is closed, and the server has closed the other.
    AfterClose,
    /// At once when the opening is sent and the connection was reset.
    AfterReset,
}

/// An attack that does nothing yet.
pub(super) const ATTACK: Attack = Attack {
    name: "",
    what: "",
    loads: &[],
    idle_clients: 0,
    bystanders: Bystanders::Quiet,
    may_wait: false,
    observer: "",
    mutes: false,
    warm_up: Duration::ZERO,
    limits: &[],
    cpu: Some(0.5),
    process: Process::Runs,
    probe: None,
};

/// As many connections as one address may have, which send nothing and read everything.
pub(super) const LOAD: Load = Load {
    connections: 16,
    from: From::Addresses(1),
    to: To::Chat,
    opening: |_| Vec::new(),
    then: None,
    reads: Reads::All,
    reconnect: Reconnect::WhenDisconnected,
    chunk: 64 * 1024,
    innocent: false,
};

/// Lines that 16 connections of one address may send: 16 times a burst of 10, and 16 times 5 a second.
pub(super) const LINES: Limit = Limit { metric: Metric::Lines, burst: 160, per_second: 80 };

/// These bytes, repeated until they fill a write.
pub(super) fn filled(bytes: &[u8]) -> Vec<u8> {
    bytes.repeat((16 * 1024 / bytes.len()).max(1))
}

/// A line of attackers, as long as it may be.
pub(super) fn long_line() -> Vec<u8> {
    let mut line = MARK.repeat(LINE / MARK.len()).into_bytes();
    line.push(b'\n');
    line
}

/// The command that joins the attacked room.
pub(super) fn join(_: usize) -> Vec<u8> {
    format!("/join {ROOM}\n").into_bytes()
}
