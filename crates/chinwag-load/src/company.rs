//! All people of a run: gathered before a server, sent home at the end.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use whippet::task::{JoinHandle, yield_now};

use crate::args::Plan;
use crate::check::Findings;
use crate::client::{Outcome, attend};
use crate::progress;
use crate::stage::{End, Stage};

/// How long a server may be silent before it is taken to greet nobody, or nobody more.
const GREETING: Duration = Duration::from_secs(3);
/// How many are sent in before the others have a turn: a fraction of what a worker's queue holds.
const FILE: usize = 32;

/// The people of a run.
#[derive(Debug)]
pub(crate) struct Company {
    /// What they share.
    pub(crate) stage: Arc<Stage>,
    /// One task each.
    people: Vec<JoinHandle<Outcome>>,
    /// Shows how far they are, where a terminal watches.
    watcher: Option<JoinHandle<()>>,
}

impl Company {
    /// Connects everybody, a group at a time, and waits until all are welcomed.
    pub(crate) async fn gather(plan: Plan, address: SocketAddr) -> Self {
        let stage = Arc::new(Stage::new(plan, address, threads()));
        let watcher = progress::watch(&stage);
        // Time for a lost connect to be tried again, where connects may get lost.
        let all_at_once = plan.group >= plan.clients;
        let patience = if all_at_once { plan.timeout } else { GREETING.min(plan.timeout) };
        let (mut people, mut greets) = (Vec::with_capacity(plan.clients as usize), true);
        for first in (0..plan.clients).step_by(plan.group as usize) {
            let end = plan.clients.min(first.saturating_add(plan.group));
            let usher = whippet::spawn(usher(stage.clone(), first..end));
            people.extend(usher.await.unwrap_or_default());
            // A server that greets nobody is found out by its silence, and not asked again.
            greets = greets && stage.reach(&stage.welcomed, end, patience).await;
        }
        Self { stage, people, watcher }
    }

    /// Sends everybody home, and collects how each fared.
    pub(crate) async fn dismiss(self) -> Vec<Outcome> {
        self.stage.stop.cancel();
        let mut outcomes = Vec::with_capacity(self.people.len());
        for person in self.people {
            outcomes.push(person.await.unwrap_or_else(|_| panicked()));
        }
        if let Some(watcher) = self.watcher {
            // It ends with the same signal; its picture is gone before the report is printed.
            let _ = watcher.await;
        }
        outcomes
    }
}

/// Sends people in as fast as they can connect. Those who are there already have their turns in between: were all
/// spawned first, whoever is welcomed soon would stand behind thousands who have not begun, and the time that he
/// waits for us would count as the server's.
async fn usher(stage: Arc<Stage>, group: Range<u32>) -> Vec<JoinHandle<Outcome>> {
    let mut people = Vec::with_capacity(group.len());
    for index in group {
        people.push(whippet::spawn(attend(Arc::clone(&stage), index)));
        if people.len().is_multiple_of(FILE) {
            yield_now().await;
        }
    }
    people
}

/// How many worker threads the runtime has.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The outcome of a client whose task panicked: the panic itself is on stderr already.
fn panicked() -> Outcome {
    Outcome {
        frozen: false,
        end: End::Lost(io::ErrorKind::Other),
        began: 0,
        welcome: None,
        findings: Findings::default(),
        cuts: Vec::new(),
    }
}
