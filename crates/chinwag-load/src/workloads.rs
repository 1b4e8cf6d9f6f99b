//! What each kind of workload does to a server, and what is measured meanwhile.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::args::{Plan, Workload};
use crate::client::ClientOutcome;
use crate::clients::Clients;
use crate::context::RunContext;
use crate::procfs::{self, Drops, Process, Status};
use crate::server_process::{ExitState, Server};
use crate::thread_state::{DeliveryStats, histogram};

/// How many clients connect and leave before memory is read for the first time.
const WARM_UP_CLIENTS: u32 = 100;
/// How long nothing may arrive before the senders begin, and again before the run ends: duplicates come then.
const QUIET: Duration = Duration::from_millis(300);
/// Beyond this a server that never falls silent is not waited for.
const MAX_QUIET_WAIT: Duration = Duration::from_secs(30);
/// How long clients that were disconnected may be silent before all that is left has been read: the kernel probes a closed window
/// after 200 ms, then 400, and so on.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// Over what time a server's use of the processor is measured, to see whether it is idle.
const IDLE_SAMPLE: Duration = Duration::from_millis(300);

/// How long a server's memory must not fall, after all clients have left, to be taken for what it keeps.
const TRIM_SAMPLE: Duration = Duration::from_millis(1_500);

/// What one run gave.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its numbers.
    pub(crate) plan: Plan,
    /// Statistics of the deliveries.
    pub(crate) stats: DeliveryStats,
    /// When the first line was sent, if one was.
    pub(crate) first_send: Option<u64>,
    /// How each client fared.
    pub(crate) outcomes: Vec<ClientOutcome>,
    /// Whether nothing arrived for too long.
    pub(crate) stuck: bool,
    /// Nanoseconds that the server was on a processor while lines were sent and delivered.
    pub(crate) server_cpu: Option<u64>,
    /// The same of this program.
    pub(crate) own_cpu: Option<u64>,
    /// The server's memory before any client connected.
    pub(crate) before: Option<Status>,
    /// The server's memory when everything had been delivered, with all clients still connected.
    pub(crate) after: Option<Status>,
    /// Each time that all clients connected and left, if that is the workload.
    pub(crate) connects: Vec<ConnectRun>,
}

/// One time that all clients connected and left.
#[derive(Debug)]
pub(crate) struct ConnectRun {
    /// How long each client waited for the welcome.
    pub(crate) welcomes: Histogram<u64>,
    /// From the first connect to the last welcome, if any client was welcomed.
    pub(crate) wall: Option<u64>,
    /// The server's memory with all clients connected.
    pub(crate) connected: Option<Status>,
    /// The server's memory after all clients had left.
    pub(crate) after_leave: Option<Status>,
    /// What listeners dropped while clients connected.
    pub(crate) drops: Option<Drops>,
}

/// A run, and the server that was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What was measured.
    pub(crate) run: Run,
    /// The server.
    pub(crate) server: Server,
    /// How it ended, if it was started for the run.
    pub(crate) exit: Option<ExitState>,
}

/// Runs the workload on the server.
pub(crate) async fn run(workload: Workload, plan: Plan, server: &Server) -> Run {
    match workload {
        Workload::ConnectStorm | Workload::Idle => run_connects(plan, server).await,
        _ => run_messages(plan, server).await,
    }
}

/// Clients connect, send as planned, and leave; every delivery is checked.
async fn run_messages(plan: Plan, server: &Server) -> Run {
    let before = status(server);
    let clients = Clients::connect_all(plan, server.address).await;
    let context = &clients.context;
    context.wait_until_quiet(QUIET, MAX_QUIET_WAIT).await;

    let server_began = cpu_nanos(server.process);
    let own_began = cpu_nanos(Some(Process::own()));
    context.start_sending();
    let complete = context.wait_for(&context.complete, plan.readers(), plan.timeout).await;
    let server_cpu = difference(server_began, cpu_nanos(server.process));
    let own_cpu = difference(own_began, cpu_nanos(Some(Process::own())));

    if complete {
        context.wait_until_quiet(QUIET, MAX_QUIET_WAIT).await;
    }
    if plan.frozen > 0 {
        drain_frozen(context).await;
    }
    let after = status(server);
    let (stats, first_send) = (context.per_thread.total(), context.first_send());
    let outcomes = clients.disconnect_all().await;
    Run {
        plan,
        stats,
        first_send,
        outcomes,
        stuck: !complete,
        server_cpu,
        own_cpu,
        before,
        after,
        connects: Vec::new(),
    }
}

/// Waits until the frozen clients are disconnected, or have had time enough to be, and lets them read what is left: to the end,
/// if they were disconnected, for which the kernel may wait for its next probe of a closed window.
async fn drain_frozen(context: &RunContext) {
    let frozen = context.plan.frozen;
    let are_disconnected =
        context.wait_for(&context.too_slow, frozen, context.plan.disconnect_timeout).await;
    context.start_reading.cancel();
    if are_disconnected {
        context.wait_for(&context.frozen_ended, frozen, DRAIN_TIMEOUT).await;
    }
    context.wait_until_quiet(QUIET, MAX_QUIET_WAIT).await;
}

/// Clients connect, are silent, and leave all at once; and that again, as often as planned. A few connect and leave
/// first: what a server needs to serve any client at all is then in memory, and does not count for one.
async fn run_connects(plan: Plan, server: &Server) -> Run {
    connect_once(Plan { clients: plan.clients.min(WARM_UP_CLIENTS), ..plan }, server).await;
    let before = status(server);
    let server_began = cpu_nanos(server.process);
    let own_began = cpu_nanos(Some(Process::own()));
    let (mut connects, mut outcomes, mut stats) = (Vec::new(), Vec::new(), None);
    for _ in 0..plan.rounds {
        let (connect, fared, received) = connect_once(plan, server).await;
        connects.push(connect);
        outcomes.extend(fared);
        stats = Some(received);
    }
    Run {
        plan,
        stats: stats.unwrap_or_else(DeliveryStats::new),
        first_send: None,
        outcomes,
        stuck: false,
        server_cpu: difference(server_began, cpu_nanos(server.process)),
        own_cpu: difference(own_began, cpu_nanos(Some(Process::own()))),
        before,
        after: connects.last().and_then(|connect| connect.connected),
        connects,
    }
}

/// Clients connect, are silent, and leave all at once: what that gave, how each fared, and what was received.
async fn connect_once(
    plan: Plan,
    server: &Server,
) -> (ConnectRun, Vec<ClientOutcome>, DeliveryStats) {
    let drops_before = procfs::network().ok();
    let clients = Clients::connect_all(plan, server.address).await;
    clients.context.wait_until_quiet(QUIET, MAX_QUIET_WAIT).await;
    wait_until_idle(server).await;
    let drops = drops_before.zip(procfs::network().ok()).map(|(before, after)| Drops {
        overflows: after.overflows - before.overflows,
        drops: after.drops - before.drops,
    });
    let connected = status(server);
    let stats = clients.context.per_thread.total();
    let outcomes = clients.disconnect_all().await;
    wait_until_idle(server).await;
    let after_leave = memory_after_trim(server).await;
    let mut welcomes = histogram();
    outcomes.iter().filter_map(|one| one.welcome).for_each(|time| {
        welcomes.saturating_record(time);
    });
    let last = outcomes.iter().filter_map(|one| Some(one.began + one.welcome?)).max();
    let first = outcomes.iter().map(|one| one.began).min();
    let wall = first.zip(last).map(|(first, last)| last.saturating_sub(first));
    let connect = ConnectRun { welcomes, wall, connected, after_leave, drops };
    (connect, outcomes, stats)
}

/// Waits until the server hardly uses the processor any more, for 30 s at most. If its process is not known,
/// it waits for a fixed time.
async fn wait_until_idle(server: &Server) {
    let mut last = cpu_nanos(server.process);
    for _ in 0..100 {
        whippet::time::sleep(IDLE_SAMPLE).await;
        let now = cpu_nanos(server.process);
        match difference(last, now) {
            Some(spent) if u128::from(spent) > IDLE_SAMPLE.as_nanos() / 50 => last = now,
            _ => return,
        }
    }
}

/// The server's memory once it gives no more of it back, after 30 s at most.
async fn memory_after_trim(server: &Server) -> Option<Status> {
    let mut last = status(server)?;
    for _ in 0..20 {
        whippet::time::sleep(TRIM_SAMPLE).await;
        let now = status(server)?;
        if now.resident >= last.resident {
            return Some(now);
        }
        last = now;
    }
    Some(last)
}

/// Memory and threads of the server, if its process is known and lives.
fn status(server: &Server) -> Option<Status> {
    server.process?.status().ok()
}

/// Time on the processor of a process that is known and lives.
fn cpu_nanos(process: Option<Process>) -> Option<u64> {
    process?.cpu_nanos().ok()
}

/// The difference of two numbers, if both are known. Threads that ended meanwhile can make it seem negative.
fn difference(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    after?.checked_sub(before?)
}
