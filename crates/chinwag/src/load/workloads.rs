//! What is done to a server: the course of each kind of workload, and the figures it yields.

use std::time::Duration;

use super::args::{Plan, Workload};
use super::child::{Server, Stopped};
use super::client::Outcome;
use super::company::{Company, Haste};
use super::lanes::Tally;
use super::procfs::{self, Drops, Process, Status};
use super::stage::Stage;

/// How long nothing may arrive before the senders begin, and again before the run ends: what comes twice comes then.
const SILENCE: Duration = Duration::from_millis(300);
/// Beyond this a server that never falls silent is not waited for.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// How long a server may take to cut somebody who takes nothing: 10 s, and time to notice.
const CUTTING: Duration = Duration::from_millis(11_500);
/// Over what span a server's use of the processor is looked at, to see whether it is done.
const SETTLING: Duration = Duration::from_millis(300);

/// What one run gave.
#[derive(Debug)]
pub(super) struct Run {
    /// Its numbers.
    pub(super) plan: Plan,
    /// What was delivered.
    pub(super) tally: Tally,
    /// When the first line was sent, if one was.
    pub(super) first_send: Option<u64>,
    /// How each client fared.
    pub(super) outcomes: Vec<Outcome>,
    /// Whether nothing arrived for too long.
    pub(super) stuck: bool,
    /// Nanoseconds the server was on a processor while lines were under way.
    pub(super) server_busy: Option<u64>,
    /// The same of this program.
    pub(super) own_busy: Option<u64>,
    /// The server's memory before anybody came.
    pub(super) before: Option<Status>,
    /// The server's memory when everything had been delivered, with everybody still there.
    pub(super) after: Option<Status>,
    /// The server's memory after everybody had left, where that was looked at.
    pub(super) left: Option<Status>,
    /// What listeners dropped while people came.
    pub(super) drops: Option<Drops>,
}

/// A run, and the server it was made before.
#[derive(Debug)]
pub(super) struct Measured {
    /// What was measured.
    pub(super) run: Run,
    /// The server.
    pub(super) server: Server,
    /// How it ended, where it was started for the run.
    pub(super) stopped: Option<Stopped>,
}

/// Does to the server what the workload is about.
pub(super) async fn make(workload: Workload, plan: Plan, server: &Server) -> Run {
    match workload {
        Workload::Storm => visit(plan, server, Haste::Storm).await,
        Workload::Idle => visit(plan, server, Haste::Gentle).await,
        _ => talk(plan, server).await,
    }
}

/// People come, talk as the plan says, and leave; every delivery is checked.
async fn talk(plan: Plan, server: &Server) -> Run {
    let before = status(server);
    let company = Company::gather(plan, server.address, Haste::Gentle).await;
    let stage = &company.stage;
    stage.quiet(SILENCE, LONGEST_SILENCE).await;

    let server_began = busy(server.process);
    let own_began = busy(Some(Process::own()));
    stage.begin();
    let whole = stage.reach(&stage.complete, plan.readers(), plan.timeout).await;
    let server_busy = difference(server_began, busy(server.process));
    let own_busy = difference(own_began, busy(Some(Process::own())));

    if whole {
        stage.quiet(SILENCE, LONGEST_SILENCE).await;
    }
    if plan.frozen > 0 {
        thaw(stage).await;
    }
    let after = status(server);
    let (tally, first_send) = (stage.lanes.tally(), stage.first_send());
    let outcomes = company.dismiss().await;
    Run {
        plan,
        tally,
        first_send,
        outcomes,
        stuck: !whole,
        server_busy,
        own_busy,
        before,
        after,
        left: None,
        drops: None,
    }
}

/// Waits until those who do not read are cut, or have had time enough to be, and lets them read what is left.
async fn thaw(stage: &Stage) {
    whippet::select! {
        () = stage.cut.passed_by(stage.plan.frozen) => {}
        () = whippet::time::sleep(CUTTING) => {}
    }
    stage.thaw.cancel();
    stage.quiet(SILENCE, LONGEST_SILENCE).await;
}

/// People come, are silent, and leave all at once.
async fn visit(plan: Plan, server: &Server, haste: Haste) -> Run {
    let before = status(server);
    let drops_before = procfs::network().ok();
    let server_began = busy(server.process);
    let own_began = busy(Some(Process::own()));

    let company = Company::gather(plan, server.address, haste).await;
    company.stage.quiet(SILENCE, LONGEST_SILENCE).await;
    settle(server).await;
    let drops = drops_before.zip(procfs::network().ok()).map(|(before, after)| Drops {
        overflows: after.overflows - before.overflows,
        drops: after.drops - before.drops,
    });
    let after = status(server);
    let tally = company.stage.lanes.tally();
    let outcomes = company.dismiss().await;
    settle(server).await;
    Run {
        plan,
        tally,
        first_send: None,
        outcomes,
        stuck: false,
        server_busy: difference(server_began, busy(server.process)),
        own_busy: difference(own_began, busy(Some(Process::own()))),
        before,
        after,
        left: status(server),
        drops,
    }
}

/// Waits until the server hardly uses the processor any more, for 30 s at most. Where its process is not known,
/// a fixed time must do.
async fn settle(server: &Server) {
    let mut last = busy(server.process);
    for _ in 0..100 {
        whippet::time::sleep(SETTLING).await;
        let now = busy(server.process);
        match difference(last, now) {
            Some(spent) if u128::from(spent) > SETTLING.as_nanos() / 50 => last = now,
            _ => return,
        }
    }
}

/// Memory and threads of the server, where its process is known and lives.
fn status(server: &Server) -> Option<Status> {
    server.process?.status().ok()
}

/// Time on the processor of a process that is known and lives.
fn busy(process: Option<Process>) -> Option<u64> {
    process?.busy_nanos().ok()
}

/// What lies between two figures, where both are there. Threads that ended meanwhile can make it seem negative.
fn difference(before: Option<u64>, after: Option<u64>) -> Option<u64> {
    after?.checked_sub(before?)
}
