//! `chinwag load`: puts load on a line-based chat server and checks every delivery.
//!
//! [`run`] takes the arguments and gives back what is to be printed: this crate prints nothing but its progress bar.
//!
//! ```text
//! args ─► workloads ─► company ─► client (one task each) ─► script  sends
//!             │           │           │                 └─► split ─► line ─► check  receives (irc: what such a server wants to hear)
//!             │           └── stage: signals, gates, clock, lanes (shared) ──┘
//!             └─► summary, complaints ─► report
//! ```
//!
//! It shares the machine with the server that it measures, so it must be cheap itself: one task a client, a read
//! buffer a thread, no allocation a line. It knows nothing of how the server works: only the lines it sends and
//! finds again, and the words `(too slow)`.
#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod check;
mod child;
mod client;
mod company;
mod complaints;
mod irc;
mod lanes;
mod line;
mod procfs;
mod progress;
mod report;
mod script;
mod split;
mod stage;
mod summary;
mod workloads;

use std::fmt;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whippet::runtime::{Builder, Runtime};
use whippet::signal::{Signal, SignalKind, signal};

pub use crate::args::{Args, Workload};

use crate::args::Plan;
use crate::child::Server;
use crate::workloads::Measured;

/// Descriptors that are not clients: standard streams, the runtime's own, a child's pipe, files of /proc.
const OTHER_DESCRIPTORS: u64 = 32;

/// What a workload gave, as text.
#[derive(Clone, Debug)]
pub struct Report {
    /// The figures, as a table or as one JSON object; for stdout.
    pub figures: String,
    /// What went wrong, line by line; for stderr, and empty if nothing did.
    pub failures: String,
    /// Whether every delivery was right and nothing else went wrong.
    pub is_clean: bool,
}

/// Why there is no [`Report`].
#[derive(Debug)]
pub enum LoadError {
    /// The arguments do not fit together, as a sentence.
    Usage(String),
    /// The run could not be made, or a signal ended it.
    Io(io::Error),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(sentence) => f.write_str(sentence),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}

/// Runs a workload. Without [`Args::server`] the program that calls this is started once more for each run, with the arguments
/// `serve --listen 127.0.0.1:0 --no-limits`.
///
/// # Errors
/// [`LoadError::Usage`] before anything is started, [`LoadError::Io`] when the run could not be made.
pub fn run(args: &Args) -> Result<Report, LoadError> {
    let plan = Plan::new(args).map_err(LoadError::Usage)?;
    raise_descriptor_limit(plan.clients).and_then(|()| measure(args, plan)).map_err(LoadError::Io)
}

/// Raises the limit of descriptors as far as it goes.
fn raise_descriptor_limit(clients: u32) -> io::Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    match maximum {
        Some(limit) if u64::from(clients) + OTHER_DESCRIPTORS > limit => {
            Err(io::Error::other(format!(
                "{clients} people need more descriptors than the limit of {limit} (ulimit -H -n)"
            )))
        }
        _ => Ok(()),
    }
}

/// Makes the runs, and tells what they gave.
fn measure(args: &Args, plan: Plan) -> io::Result<Report> {
    let runtime =
        Builder::new_multi_thread().worker_threads(company::threads()).enable_all().build()?;
    let mut signals = runtime.block_on(async { EndSignals::listen() })?;
    let mut runs = Vec::new();
    if plan.frozen > 0 {
        runs.push(once(args, plan.without_frozen(), &runtime, &mut signals)?);
    }
    runs.push(once(args, plan, &runtime, &mut signals)?);
    let report = summary::report(args.workload, &runs);
    Ok(Report {
        figures: if args.json { report.json() } else { report.table() },
        failures: runs.iter().map(complaints::complaints).collect(),
        is_clean: runs.iter().all(complaints::is_clean),
    })
}

/// One run, before a server of its own unless there is one already.
fn once(
    args: &Args,
    plan: Plan,
    runtime: &Runtime,
    signals: &mut EndSignals,
) -> io::Result<Measured> {
    let mut server = match args.server {
        Some(address) => Server::foreign(address, args.pid),
        None => Server::start()?,
    };
    let run = runtime.block_on(async {
        whippet::select! {
            run = workloads::make(args.workload, plan, &server) => Ok(run),
            signalled = signals.end_asked() => Err(signalled),
        }
    })?;
    let stopped = server.stop()?;
    Ok(Measured { run, server, stopped })
}

/// The signals that ask this program to end. Kept across the runs: one that comes between two of them is not lost.
#[derive(Debug)]
struct EndSignals {
    /// SIGINT.
    interrupt: Signal,
    /// SIGTERM.
    terminate: Signal,
}

impl EndSignals {
    fn listen() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits until this program is asked to end, and says so. A server of ours must not be left behind.
    async fn end_asked(&mut self) -> io::Error {
        whippet::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        io::Error::new(io::ErrorKind::Interrupted, "ended before its time")
    }
}
