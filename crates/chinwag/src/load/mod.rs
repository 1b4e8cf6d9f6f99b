//! `chinwag load`: puts load on a line-based chat server and checks every delivery.
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

use std::io;
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whippet::runtime::{Builder, Runtime};
use whippet::signal::{Signal, SignalKind, signal};

pub use self::args::{Args, Workload};

use self::args::Plan;
use self::child::Server;
use self::workloads::Measured;
use crate::printing;

/// Descriptors that are not clients: standard streams, the runtime's own, a child's pipe, files of /proc.
const OTHER_DESCRIPTORS: u64 = 32;

/// Runs a workload and prints what it gave. The exit code is 0 when every delivery was right, 1 when one was not
/// or the run could not be made, 2 for numbers that do not fit together.
#[must_use]
pub fn run(args: Args) -> ExitCode {
    let plan = match Plan::new(&args) {
        Ok(plan) => plan,
        Err(sentence) => return fail(&sentence, 2),
    };
    match make_room(plan.clients).and_then(|()| measure(&args, plan)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => fail(&error.to_string(), 1),
    }
}

/// Says why there is no run.
fn fail(sentence: &str, code: u8) -> ExitCode {
    printing::complain(&format!("chinwag load: {sentence}\n"));
    ExitCode::from(code)
}

/// Raises the limit of descriptors as far as it goes.
fn make_room(clients: u32) -> io::Result<()> {
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

/// Makes the runs, prints what they gave, and says whether all was right.
fn measure(args: &Args, plan: Plan) -> io::Result<bool> {
    let runtime =
        Builder::new_multi_thread().worker_threads(company::threads()).enable_all().build()?;
    let mut signals = runtime.block_on(async { EndSignals::listen() })?;
    let mut runs = Vec::new();
    if plan.frozen > 0 {
        runs.push(once(args, plan.without_frozen(), &runtime, &mut signals)?);
    }
    runs.push(once(args, plan, &runtime, &mut signals)?);
    let report = summary::report(args.workload, &runs);
    let text = if args.json { report.json() } else { report.table() };
    printing::print(&text).map_err(io::Error::other)?;
    for measured in &runs {
        printing::complain(&complaints::complaints(measured));
    }
    Ok(runs.iter().all(complaints::is_clean))
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
