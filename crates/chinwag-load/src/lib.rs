//! `chinwag load`: puts load on a line-based chat server and checks every delivery.
//!
//! [`run`] takes the arguments and gives back what is to be printed: this crate prints nothing but its progress bar.
//!
//! ```text
//! args ─► workloads ─► clients ─► client (one task each) ─► sender
//!             │           │            │                └─► line_splitter ─► line_format ─► ledger
//!             │           └─ context: signals, counters, clock, thread_state (shared) ─┘
//!             └─► summary, failures ─► report
//! ```
//!
//! It shares the machine with the server that it measures, so it must be cheap itself: one task a client, a read
//! buffer a thread, no allocation a line. It knows nothing of how the server works: only the lines that it sends and
//! finds again, and the text `(too slow)`; `irc` has what a server of that protocol wants in addition.
#![forbid(unsafe_code)]
#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod client;
mod clients;
mod context;
mod failures;
mod irc;
mod ledger;
mod line_format;
mod line_splitter;
mod procfs;
mod progress;
mod report;
mod sender;
mod server_process;
mod summary;
mod thread_state;
mod workloads;

use std::fmt;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whippet::runtime::{Builder, Runtime};
use whippet::signal::{Signal, SignalKind, signal};

pub use crate::args::{Args, Workload};

use crate::args::Plan;
use crate::server_process::Server;
use crate::workloads::Measured;

/// Descriptors that are not clients: standard streams, the runtime's own, a child's pipe, files of /proc.
const OTHER_DESCRIPTORS: u64 = 32;

/// What a workload gave, as text.
#[derive(Clone, Debug)]
pub struct LoadReport {
    /// The results, as a table or as one JSON object; for stdout.
    pub results: String,
    /// What went wrong, line by line; for stderr, and empty if nothing did.
    pub failures: String,
    /// Whether every delivery was right and nothing else went wrong.
    pub is_clean: bool,
}

/// Why there is no [`LoadReport`].
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
pub fn run(args: &Args) -> Result<LoadReport, LoadError> {
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
                "{clients} clients need more descriptors than the limit of {limit} (ulimit -H -n)"
            )))
        }
        _ => Ok(()),
    }
}

/// Makes the runs, and reports their results.
fn measure(args: &Args, plan: Plan) -> io::Result<LoadReport> {
    let runtime =
        Builder::new_multi_thread().worker_threads(clients::threads()).enable_all().build()?;
    let mut signals = runtime.block_on(async { ShutdownSignals::listen() })?;
    let mut runs = Vec::new();
    if plan.frozen > 0 {
        runs.push(run_once(args, plan.without_frozen(), &runtime, &mut signals)?);
    }
    runs.push(run_once(args, plan, &runtime, &mut signals)?);
    let report = summary::report(args.workload, &runs);
    Ok(LoadReport {
        results: if args.json { report.json() } else { report.table() },
        failures: runs.iter().map(failures::describe).collect(),
        is_clean: runs.iter().all(failures::is_clean),
    })
}

/// One run, on a server that is started for it unless there is one already.
fn run_once(
    args: &Args,
    plan: Plan,
    runtime: &Runtime,
    signals: &mut ShutdownSignals,
) -> io::Result<Measured> {
    let mut server = match args.server {
        Some(address) => Server::existing(address, args.pid),
        None => Server::start()?,
    };
    let run = runtime.block_on(async {
        whippet::select! {
            run = workloads::run(args.workload, plan, &server) => Ok(run),
            signalled = signals.recv() => Err(signalled),
        }
    })?;
    let exit = server.stop()?;
    Ok(Measured { run, server, exit })
}

/// The signals that ask this program to end. Kept across the runs: one that arrives between two of them is not lost.
#[derive(Debug)]
struct ShutdownSignals {
    /// SIGINT.
    interrupt: Signal,
    /// SIGTERM.
    terminate: Signal,
}

impl ShutdownSignals {
    fn listen() -> io::Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { interrupt, terminate })
    }

    /// Waits until this program is asked to end, and returns that as an error: a server that was started must be stopped first.
    async fn recv(&mut self) -> io::Error {
        whippet::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        io::Error::new(io::ErrorKind::Interrupted, "ended before its time")
    }
}
