//! What an attack is: a value in a table. It says which connections are made, from how many addresses, what each of them
//! sends and how it reads, and what may come of it. It knows no sockets; the [swarm](super::swarm) drives it.

use std::time::Duration;

/// The text in every line that attackers say, by which lines of theirs are counted.
pub(super) const MARK: &str = "zz";
/// The room in which most of them meet, and in which somebody listens who belongs to nobody's side.
pub(super) const ROOM: &str = "#trap";
/// The secret of operators at the servers that are attacked.
pub(super) const SECRET: &str = "correct horse battery staple";
/// A whole line is so long at most, its end not counted.
pub(super) const LINE: usize = 4_096;

/// One attack.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attack {
    /// Its name on the command line.
    pub(super) name: &'static str,
    /// What it does, and what it is about.
    pub(super) what: &'static str,
    /// The connections that make it.
    pub(super) loads: &'static [Load],
    /// People who are there and do nothing, from loopback; in the short form a fifth of them.
    pub(super) crowd: usize,
    /// What the bystanders do.
    pub(super) bystanders: Bystanders,
    /// Whether their lines may wait a second for somebody whom they wrote to: then the p99 beside the control does not count.
    pub(super) may_wait: bool,
    /// What the listener in the attacked room says first; it is in [`ROOM`] already.
    pub(super) listener: &'static str,
    /// Whether the listener, who must be an operator, mutes whom it hears first.
    pub(super) mutes: bool,
    /// How long the attack goes on before the pairs talk.
    pub(super) warm_up: Duration,
    /// What is counted, and its bounds.
    pub(super) bounds: &'static [Bound],
    /// The share of one processor that the server may need meanwhile.
    pub(super) cpu: Option<f64>,
    /// What happens to the process.
    pub(super) process: Process,
    /// What else is asked of the server meanwhile.
    pub(super) probe: Option<Probe>,
}

/// What the bystanders do.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bystanders {
    /// Pairs talk, each in a quiet room of its own.
    Quiet,
    /// One pair talks in the quiet room that the attackers are in as well.
    Among,
    /// As `Quiet`, and each says this first.
    Saying(&'static str),
}

/// What happens to the process of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// Nothing.
    Runs,
    /// Its log at this level goes into a pipe that nobody reads.
    LogIsFull(&'static str),
    /// It is stopped for so long, and goes on.
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

/// What else is asked of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probe {
    /// `/healthz` of the listener for metrics.
    Health,
    /// The figures, of the admin socket.
    Admin,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// Lines of attackers that the listener in [`ROOM`] got.
    Lines,
    /// The same, from a moment after the first of them was muted.
    LinesOfMuted,
    /// Announcements of new names that the listener got.
    Renames,
    /// Attackers that were welcomed.
    Welcomes,
    /// Secrets that were compared.
    Secrets,
}

/// A bound on a count: so many at once, and so many a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    /// What is counted.
    pub(super) of: Counted,
    /// How many at once.
    pub(super) at_once: u32,
    /// How many more each second.
    pub(super) a_second: u32,
}

/// Connections of one kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// How many.
    pub(super) peers: usize,
    /// Where they come from.
    pub(super) from: From,
    /// What they connect to.
    pub(super) to: To,
    /// What the one of this number sends first.
    pub(super) opening: fn(usize) -> Vec<u8>,
    /// What it sends then, again and again, by its number and the number of the turn.
    pub(super) then: Option<fn(usize, usize) -> Vec<u8>>,
    /// How it reads.
    pub(super) reads: Reads,
    /// When it comes again.
    pub(super) again: Again,
    /// Most bytes of one write.
    pub(super) chunk: usize,
    /// Whether it harms nobody, and so must not be disconnected.
    pub(super) innocent: bool,
}

/// Where connections come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// So many addresses in turn, from the first of this load's own.
    Addresses(usize),
    /// The first address of another load, by its place in the attack.
    AddressOf(usize),
    /// So many /64 networks of one IPv6 /48, in turn.
    Networks(usize),
    /// Loopback, whose limits are those of connections alone.
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

/// How somebody reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads {
    /// All there is.
    All,
    /// So many bytes a second.
    Rate(usize),
    /// Never.
    Never,
}

/// When somebody comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// A while after the server let go of it.
    WhenCut,
    /// At once when the opening is sent and the server has answered with an end.
    Orderly,
    /// At once when the opening is sent, with a reset.
    Abrupt,
}

/// An attack that does nothing yet.
pub(super) const ATTACK: Attack = Attack {
    name: "",
    what: "",
    loads: &[],
    crowd: 0,
    bystanders: Bystanders::Quiet,
    may_wait: false,
    listener: "",
    mutes: false,
    warm_up: Duration::ZERO,
    bounds: &[],
    cpu: Some(0.5),
    process: Process::Runs,
    probe: None,
};

/// As many connections as one address may have, which say nothing and read all.
pub(super) const LOAD: Load = Load {
    peers: 16,
    from: From::Addresses(1),
    to: To::Chat,
    opening: |_| Vec::new(),
    then: None,
    reads: Reads::All,
    again: Again::WhenCut,
    chunk: 64 * 1024,
    innocent: false,
};

/// Lines that 16 connections of one address may say: 16 times a burst of 10, and 16 times 5 a second.
pub(super) const SPEECH: Bound = Bound { of: Counted::Lines, at_once: 160, a_second: 80 };

/// These bytes, so often that they fill a write.
pub(super) fn filled(bytes: &[u8]) -> Vec<u8> {
    bytes.repeat((16 * 1024 / bytes.len()).max(1))
}

/// A line of attackers, as long as it may be.
pub(super) fn long_line() -> Vec<u8> {
    let mut line = MARK.repeat(LINE / MARK.len()).into_bytes();
    line.push(b'\n');
    line
}

/// What makes the one of this number enter the attacked room.
pub(super) fn enter(_: usize) -> Vec<u8> {
    format!("/join {ROOM}\n").into_bytes()
}
