//! What is done to a server: the course of each kind of workload, and the figures it yields.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::args::{Plan, Workload};
use crate::child::{Server, Stopped};
use crate::client::Outcome;
use crate::company::Company;
use crate::lanes::{Tally, histogram};
use crate::procfs::{self, Drops, Process, Status};
use crate::stage::Stage;

/// How many come and leave before memory is looked at for the first time.
const FIRST_PEOPLE: u32 = 100;
/// How long nothing may arrive before the senders begin, and again before the run ends: what comes twice comes then.
const SILENCE: Duration = Duration::from_millis(300);
/// Beyond this a server that never falls silent is not waited for.
const LONGEST_SILENCE: Duration = Duration::from_secs(30);
/// How long whoever was cut may be silent before all that is left has been read: the kernel looks at a shut window again after
/// 200 ms, then 400, and so on.
const LAST_READ: Duration = Duration::from_secs(3);
/// Over what span a server's use of the processor is looked at, to see whether it is done.
const SETTLING: Duration = Duration::from_millis(300);

/// How long a server's memory must not fall, after everybody has left, to be taken for what it keeps.
const GIVING_BACK: Duration = Duration::from_millis(1_500);

/// What one run gave.
#[derive(Debug)]
pub(crate) struct Run {
    /// Its numbers.
    pub(crate) plan: Plan,
    /// What was delivered.
    pub(crate) tally: Tally,
    /// When the first line was sent, if one was.
    pub(crate) first_send: Option<u64>,
    /// How each client fared.
    pub(crate) outcomes: Vec<Outcome>,
    /// Whether nothing arrived for too long.
    pub(crate) stuck: bool,
    /// Nanoseconds the server was on a processor while lines were under way.
    pub(crate) server_busy: Option<u64>,
    /// The same of this program.
    pub(crate) own_busy: Option<u64>,
    /// The server's memory before anybody came.
    pub(crate) before: Option<Status>,
    /// The server's memory when everything had been delivered, with everybody still there.
    pub(crate) after: Option<Status>,
    /// Each time that everybody came and left, where that is what the run is about.
    pub(crate) visits: Vec<Visit>,
}

/// One time that everybody came and left.
#[derive(Debug)]
pub(crate) struct Visit {
    /// How long each waited for the welcome.
    pub(crate) welcomes: Histogram<u64>,
    /// From the first connect to the last welcome, if anybody was welcomed.
    pub(crate) span: Option<u64>,
    /// The server's memory with everybody there.
    pub(crate) there: Option<Status>,
    /// The server's memory after everybody had left.
    pub(crate) left: Option<Status>,
    /// What listeners dropped while people came.
    pub(crate) drops: Option<Drops>,
}

/// A run, and the server it was made before.
#[derive(Debug)]
pub(crate) struct Measured {
    /// What was measured.
    pub(crate) run: Run,
    /// The server.
    pub(crate) server: Server,
    /// How it ended, where it was started for the run.
    pub(crate) stopped: Option<Stopped>,
}

/// Does to the server what the workload is about.
pub(crate) async fn make(workload: Workload, plan: Plan, server: &Server) -> Run {
    match workload {
        Workload::Storm | Workload::Idle => visits(plan, server).await,
        _ => talk(plan, server).await,
    }
}

/// People come, talk as the plan says, and leave; every delivery is checked.
async fn talk(plan: Plan, server: &Server) -> Run {
    let before = status(server);
    let company = Company::gather(plan, server.address).await;
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
        visits: Vec::new(),
    }
}

/// Waits until those who do not read are cut, or have had time enough to be, and lets them read what is left: to the end,
/// if they were cut, for which the kernel may wait for its next look at a window that was shut.
async fn thaw(stage: &Stage) {
    let frozen = stage.plan.frozen;
    let are_cut = stage.reach(&stage.cut, frozen, stage.plan.cutting).await;
    stage.thaw.cancel();
    if are_cut {
        stage.reach(&stage.thawed, frozen, LAST_READ).await;
    }
    stage.quiet(SILENCE, LONGEST_SILENCE).await;
}

/// People come, are silent, and leave all at once; and that again, as often as the plan says. A few come and leave
/// first: what a server needs to serve anybody at all is then in memory, and is nobody's.
async fn visits(plan: Plan, server: &Server) -> Run {
    visit(Plan { clients: plan.clients.min(FIRST_PEOPLE), ..plan }, server).await;
    let before = status(server);
    let server_began = busy(server.process);
    let own_began = busy(Some(Process::own()));
    let (mut visits, mut outcomes, mut tally) = (Vec::new(), Vec::new(), None);
    for _ in 0..plan.rounds {
        let (visit, came, heard) = visit(plan, server).await;
        visits.push(visit);
        outcomes.extend(came);
        tally = Some(heard);
    }
    Run {
        plan,
        tally: tally.unwrap_or_else(Tally::new),
        first_send: None,
        outcomes,
        stuck: false,
        server_busy: difference(server_began, busy(server.process)),
        own_busy: difference(own_began, busy(Some(Process::own()))),
        before,
        after: visits.last().and_then(|visit| visit.there),
        visits,
    }
}

/// People come, are silent, and leave all at once: what that gave, how each fared, and what was heard.
async fn visit(plan: Plan, server: &Server) -> (Visit, Vec<Outcome>, Tally) {
    let drops_before = procfs::network().ok();
    let company = Company::gather(plan, server.address).await;
    company.stage.quiet(SILENCE, LONGEST_SILENCE).await;
    settle(server).await;
    let drops = drops_before.zip(procfs::network().ok()).map(|(before, after)| Drops {
        overflows: after.overflows - before.overflows,
        drops: after.drops - before.drops,
    });
    let there = status(server);
    let tally = company.stage.lanes.tally();
    let outcomes = company.dismiss().await;
    settle(server).await;
    let left = kept(server).await;
    let mut welcomes = histogram();
    outcomes.iter().filter_map(|one| one.welcome).for_each(|time| {
        welcomes.saturating_record(time);
    });
    let last = outcomes.iter().filter_map(|one| Some(one.began + one.welcome?)).max();
    let first = outcomes.iter().map(|one| one.began).min();
    let span = first.zip(last).map(|(first, last)| last.saturating_sub(first));
    let visit = Visit { welcomes, span, there, left, drops };
    (visit, outcomes, tally)
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

/// The server's memory once it gives no more of it back, after 30 s at most.
async fn kept(server: &Server) -> Option<Status> {
    let mut last = status(server)?;
    for _ in 0..20 {
        whippet::time::sleep(GIVING_BACK).await;
        let now = status(server)?;
        if now.resident >= last.resident {
            return Some(now);
        }
        last = now;
    }
    Some(last)
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
