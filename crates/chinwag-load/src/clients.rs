//! All clients of a run: connected to a server, disconnected at the end.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use whippet::task::{JoinHandle, yield_now};

use crate::args::Plan;
use crate::client::{self, ClientOutcome};
use crate::context::{ConnectionEnd, RunContext};
use crate::ledger::Findings;
use crate::progress;

/// How long a server may be silent before it is taken for one that welcomes no clients, or no more of them.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(3);
/// How many clients are spawned before those that are there already run: a fraction of what a worker's queue holds.
const CONNECT_BATCH: usize = 32;

/// The clients of a run.
#[derive(Debug)]
pub(crate) struct Clients {
    /// What they share.
    pub(crate) context: Arc<RunContext>,
    /// One task each.
    tasks: Vec<JoinHandle<ClientOutcome>>,
    /// Draws the progress bar, on a terminal.
    progress: Option<JoinHandle<()>>,
}

impl Clients {
    /// Connects all of them, a group at a time, and waits until all are welcomed.
    pub(crate) async fn connect_all(plan: Plan, address: SocketAddr) -> Self {
        let context = Arc::new(RunContext::new(plan, address, threads()));
        let progress = progress::watch(&context);
        // Time for a lost connect to be tried again, where connects may get lost.
        let all_at_once = plan.group >= plan.clients;
        let timeout = if all_at_once { plan.timeout } else { WELCOME_TIMEOUT.min(plan.timeout) };
        let (mut tasks, mut welcomes) = (Vec::with_capacity(plan.clients as usize), true);
        for first in (0..plan.clients).step_by(plan.group as usize) {
            let end = plan.clients.min(first.saturating_add(plan.group));
            let group = whippet::spawn(connect_group(context.clone(), first..end));
            tasks.extend(group.await.unwrap_or_default());
            // A server that welcomes no clients is recognized by its silence, and not waited for again.
            welcomes = welcomes && context.wait_for(&context.welcomed, end, timeout).await;
        }
        Self { context, tasks, progress }
    }

    /// Disconnects all of them, and collects how each fared.
    pub(crate) async fn disconnect_all(self) -> Vec<ClientOutcome> {
        self.context.stop.cancel();
        let mut outcomes = Vec::with_capacity(self.tasks.len());
        for task in self.tasks {
            outcomes.push(task.await.unwrap_or_else(|_| panicked()));
        }
        if let Some(progress) = self.progress {
            // It ends with the same signal; the bar is gone before the report is printed.
            let _ = progress.await;
        }
        outcomes
    }
}

/// Spawns clients as fast as they can connect. Those that are there already run in between: were all spawned first, a client that is
/// welcomed early would be queued after thousands that have not begun, and the time that it waits for this program would count as
/// the server's.
async fn connect_group(
    context: Arc<RunContext>,
    group: Range<u32>,
) -> Vec<JoinHandle<ClientOutcome>> {
    let mut tasks = Vec::with_capacity(group.len());
    for index in group {
        tasks.push(whippet::spawn(client::run(Arc::clone(&context), index)));
        if tasks.len().is_multiple_of(CONNECT_BATCH) {
            yield_now().await;
        }
    }
    tasks
}

/// How many worker threads the runtime has.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The outcome of a client whose task panicked: the panic itself is on stderr already.
fn panicked() -> ClientOutcome {
    ClientOutcome {
        frozen: false,
        end: ConnectionEnd::Lost(io::ErrorKind::Other),
        began: 0,
        welcome: None,
        findings: Findings::default(),
        too_slow_seen: Vec::new(),
    }
}
