//! The command line of `chinwag load`, and the plan of a run that follows from it.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use clap::ValueEnum;

use crate::irc;
use crate::line_format::MIN_SIZE;

/// The longest line that a run sends.
const MAX_SIZE: usize = 64 * 1024;
/// The most clients of one run: descriptors and port numbers end before it.
const MAX_CLIENTS: i64 = 28_000;

/// The most rounds of one run: enough for anything that adds up to be seen.
const MAX_ROUNDS: i64 = 1_000;
/// How many connect at a time when connecting is not what is measured: few enough for any server's backlog.
const CONNECT_GROUP: u32 = 64;

/// Put load on a line-based chat server and check every delivery.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do to the server
    #[arg(long, value_enum, default_value = "burst")]
    pub workload: Workload,
    /// How many clients connect
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_CLIENTS))]
    pub clients: Option<u32>,
    /// How many lines each sender sends
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub messages: Option<u32>,
    /// How many of the clients send
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub senders: Option<u32>,
    /// How many of the clients never read (workload slow-readers)
    #[arg(long, value_name = "N")]
    pub frozen: Option<u32>,
    /// How many connect at a time; the next ones do when these are welcomed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub group: Option<u32>,
    /// How often all clients connect and leave (workloads connect-storm and idle)
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MAX_ROUNDS))]
    pub rounds: Option<u32>,
    /// Bytes of a line, its end included
    #[arg(long, value_name = "BYTES")]
    pub size: Option<usize>,
    /// Lines a second of all senders together; 0 for as fast as they go
    #[arg(long, value_name = "N")]
    pub rate: Option<u32>,
    /// The server's address; without it a chinwag is started for the run
    #[arg(long, value_name = "ADDR", value_parser = resolve)]
    pub server: Option<SocketAddr>,
    /// The process id of that server, to measure its CPU and memory
    #[arg(long, value_name = "PID", requires = "server")]
    pub pid: Option<u32>,
    /// Speak IRC to the server, all clients in one channel
    #[arg(long, requires = "server")]
    pub irc: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Give up when nothing arrives for this long
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = seconds)]
    pub timeout: Duration,
    /// How long the server may take to disconnect clients that never read (workload slow-readers)
    #[arg(long, value_name = "SECONDS", default_value = "11.5", value_parser = seconds)]
    pub cutting: Duration,
}

/// The kinds of load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// 100 clients send 10 lines each, as fast as they go
    Burst,
    /// 200 clients send 200 lines each, as fast as they go
    Flood,
    /// As flood, but each line waits until the last one of its client has been delivered: no read of the server holds two
    FloodSingle,
    /// 100 clients send 200 lines of 2,048 bytes each, as fast as they go
    FloodBig,
    /// 200 clients send 1,000 lines a second in all, for 4 s
    Steady,
    /// 2 clients, one of which sends a line every few milliseconds to a server that does nothing else
    Latency,
    /// 1,000 clients, 100 of which never read, and a run without those 100 to compare with
    SlowReaders,
    /// 9,000 clients connect as fast as they can, then all leave
    ConnectStorm,
    /// 9,000 silent clients
    Idle,
}

/// The numbers of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// How many clients connect, those that never read included.
    pub(crate) clients: u32,
    /// How many of them send; the first ones do.
    pub(crate) senders: u32,
    /// How many never read; the last ones do not.
    pub(crate) frozen: u32,
    /// How many connect at a time.
    pub(crate) group: u32,
    /// How often all clients connect and leave.
    pub(crate) rounds: u32,
    /// How many lines each sender sends.
    pub(crate) messages: u32,
    /// Bytes of a line, its end included.
    pub(crate) size: usize,
    /// Lines a second of all senders together; 0 for as fast as they go.
    pub(crate) rate: u32,
    /// How long nothing may arrive before the run is given up.
    pub(crate) timeout: Duration,
    /// How long the server may take to disconnect clients that never read.
    pub(crate) disconnect_timeout: Duration,
    /// Whether a client sends a line only once its last one has been delivered.
    pub(crate) one_at_a_time: bool,
    /// Whether the server speaks IRC.
    pub(crate) irc: bool,
}

impl Workload {
    /// Its numbers, unless the command line has others.
    fn defaults(self) -> Plan {
        let (clients, senders, frozen, messages, size, rate) = match self {
            Self::Burst => (100, 100, 0, 10, 64, 0),
            Self::Flood | Self::FloodSingle => (200, 200, 0, 200, 64, 0),
            Self::FloodBig => (100, 100, 0, 200, 2_048, 0),
            Self::Steady => (200, 200, 0, 20, 64, 1_000),
            Self::Latency => (2, 1, 0, 500, 64, 250),
            // 20 × 300 lines of 2,048 bytes are 12.3 MB for each client: more than all buffers on the way hold.
            Self::SlowReaders => (1_000, 20, 100, 300, 2_048, 0),
            Self::ConnectStorm | Self::Idle => (9_000, 0, 0, 0, 64, 0),
        };
        let group = if self == Self::ConnectStorm { u32::MAX } else { CONNECT_GROUP };
        let one_at_a_time = self == Self::FloodSingle;
        let (timeout, disconnect_timeout) = (Duration::ZERO, Duration::ZERO);
        let (rounds, irc) = (1, false);
        Plan {
            clients,
            senders,
            frozen,
            group,
            rounds,
            messages,
            size,
            rate,
            timeout,
            disconnect_timeout,
            one_at_a_time,
            irc,
        }
    }

    /// Whether it has lines to deliver.
    fn has_messages(self) -> bool {
        !matches!(self, Self::ConnectStorm | Self::Idle)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_possible_value() {
            Some(value) => f.write_str(value.get_name()),
            None => write!(f, "{self:?}"),
        }
    }
}

impl Plan {
    /// The workload's numbers, replaced by those of the command line.
    ///
    /// # Errors
    /// A sentence, when they do not fit together.
    pub(crate) fn new(args: &Args) -> Result<Self, String> {
        let workload = args.workload;
        let usual = workload.defaults();
        let flags = [
            ("--messages", args.messages.is_some() && !workload.has_messages()),
            ("--senders", args.senders.is_some() && !workload.has_messages()),
            ("--size", args.size.is_some() && !workload.has_messages()),
            ("--rate", args.rate.is_some() && !workload.has_messages()),
            ("--rounds", args.rounds.is_some() && workload.has_messages()),
            ("--frozen", args.frozen.is_some() && workload != Workload::SlowReaders),
            // A client that never reads does not see that it may join.
            ("--irc", args.irc && workload == Workload::SlowReaders),
        ];
        if let Some((flag, _)) = flags.into_iter().find(|&(_, wrong)| wrong) {
            return Err(format!("{flag} has no meaning for the workload {workload}"));
        }
        let clients = args.clients.unwrap_or(usual.clients);
        let frozen = args.frozen.unwrap_or(usual.frozen.min(clients / 10));
        // Where all clients send by default, all still do when there are more or fewer of them.
        let all_send = usual.senders == usual.clients;
        let readers = clients.saturating_sub(frozen);
        let senders = if all_send { clients } else { usual.senders.min(readers) };
        let plan = Self {
            clients,
            senders: args.senders.unwrap_or(senders),
            frozen,
            group: args.group.unwrap_or(usual.group),
            rounds: args.rounds.unwrap_or(usual.rounds),
            messages: args.messages.unwrap_or(usual.messages),
            size: args.size.unwrap_or(usual.size),
            rate: args.rate.unwrap_or(usual.rate),
            timeout: args.timeout,
            disconnect_timeout: args.cutting,
            one_at_a_time: usual.one_at_a_time,
            irc: args.irc,
        };
        if frozen >= clients {
            return Err(format!(
                "of {clients} clients {frozen} cannot be frozen: at least one must read"
            ));
        }
        if plan.senders > plan.readers() {
            return Err(format!("{} senders are more than the {readers} who read", plan.senders));
        }
        let max_size = if plan.irc { irc::MAX_SIZE } else { MAX_SIZE };
        if !(MIN_SIZE..=max_size).contains(&plan.size) {
            return Err(format!("a line has {MIN_SIZE} to {max_size} bytes, not {}", plan.size));
        }
        Ok(plan)
    }

    /// How many clients read.
    pub(crate) fn readers(&self) -> u32 {
        self.clients.saturating_sub(self.frozen)
    }

    /// How many deliveries there are to those that read.
    pub(crate) fn deliveries(&self) -> u64 {
        let pairs = u64::from(self.senders) * u64::from(self.readers()) - u64::from(self.senders);
        pairs * u64::from(self.messages)
    }

    /// The same run without the clients that never read.
    pub(crate) fn without_frozen(self) -> Self {
        Self { clients: self.readers(), frozen: 0, ..self }
    }
}

/// An address, or a name that has one.
fn resolve(text: &str) -> Result<SocketAddr, String> {
    let mut found = text.to_socket_addrs().map_err(|error| error.to_string())?;
    found.next().ok_or_else(|| "the name has no address".to_owned())
}

/// A positive number of seconds, with a fraction or without.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if !(0.001..=86_400.0).contains(&seconds) {
        return Err("between 0.001 and 86,400 seconds".to_owned());
    }
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        load: Args,
    }

    fn plan(line: &str) -> Result<Plan, String> {
        let words = std::iter::once("load").chain(line.split_whitespace());
        let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
        Plan::new(&line.load)
    }

    #[test]
    fn workloads_have_the_documented_deliveries() {
        let deliveries = |line| plan(line).unwrap().deliveries();
        assert_eq!(deliveries(""), 99_000);
        assert_eq!(deliveries("--workload flood"), 7_960_000);
        assert_eq!(deliveries("--workload flood-single"), 7_960_000);
        assert_eq!(deliveries("--workload flood-big"), 1_980_000);
        assert_eq!(deliveries("--workload steady"), 796_000);
        assert_eq!(deliveries("--workload slow-readers"), 20 * 899 * 300);
        assert_eq!(deliveries("--workload latency"), 500);
        assert_eq!(deliveries("--workload idle"), 0);
        let frozen = plan("--workload slow-readers").unwrap();
        assert!(frozen.senders as usize * frozen.messages as usize * frozen.size >= 12_000_000);
        assert_eq!(frozen.without_frozen().deliveries(), frozen.deliveries());
    }

    #[test]
    fn numbers_can_be_set_and_the_others_follow() {
        let few = plan("--clients 3").unwrap();
        assert_eq!((few.clients, few.senders, few.messages), (3, 3, 10));
        let frozen = plan("--workload slow-readers --clients 30").unwrap();
        assert_eq!((frozen.frozen, frozen.senders), (3, 20));
        let frozen = plan("--workload slow-readers --clients 10 --frozen 4").unwrap();
        assert_eq!((frozen.readers(), frozen.senders), (6, 6));
        assert_eq!(plan("--timeout 0.5").unwrap().timeout, Duration::from_millis(500));
        assert_eq!(plan("--clients 1").unwrap().deliveries(), 0);
    }

    #[test]
    fn numbers_that_do_not_fit_are_rejected() {
        for line in [
            "--clients 0",
            "--clients 3 --senders 4",
            "--size 48",
            "--size 65537",
            "--workload idle --messages 3",
            "--frozen 3",
            "--rounds 2",
            "--workload connect-storm --rounds 0",
            "--group 0",
            "--workload slow-readers --clients 5 --frozen 9",
            "--timeout 0",
            "--pid 3",
            "--irc",
            "--server 127.0.0.1:1 --irc --workload slow-readers",
            "--server 127.0.0.1:1 --irc --workload flood-big",
            "--server nowhere",
        ] {
            assert!(plan(line).is_err(), "{line}");
        }
    }
}
