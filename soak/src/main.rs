//! A server and clients that connect and leave, a thousand a second for minutes, in one process whose allocator counts: what
//! is alive at the end must be what was alive at the beginning: of tasks, timers, waiters, descriptors and threads as many, of
//! allocations no more than in one of several snapshots before.
//!
//! ```text
//! some stay connected ─ warm-up: more at once than later ─► all left, small groups: base ─► the load ─► all left: the same?
//! ```
//!
//! The server has a runtime of its own, so that its tasks, timers and descriptors can be told from those of the clients;
//! allocations are those of both. `cargo xtask reliability soak` runs it and reads its last lines: a name, the base, the end.
#![forbid(unsafe_code)]

mod churn;
mod counters;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chinwag::{Config, listen, serve};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use whippet::runtime::{Builder, Runtime};
use whippet::sync::CancellationToken;
use whippet::time::{Instant, interval, sleep};

use self::churn::{Churn, stay_connected};
use self::counters::{Counters, Snapshot};

/// The allocator that counts.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Clients that stay connected.
const STAYING_CLIENTS: usize = 5;
/// Addresses to connect to: the ports of one are used up by connections that have ended and are still in TIME_WAIT.
const ADDRESSES: u8 = 4;
/// How many connect at once to begin with: more than are connected at any time later.
const WARM_UP: usize = 1_500;
/// How long they connect at the usual rate before the base is taken.
const WARM_UP_TIME: Duration = Duration::from_secs(2);
/// Between two groups that connect.
const GROUP_INTERVAL: Duration = Duration::from_millis(10);
/// How long everything that has ended may take to be gone.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Between two snapshots.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(20);
/// Snapshots in a row that must be the same before they are taken for the base: for longer than a lingering close, the trim of
/// memory after a peak or an idle thread for blocking calls may take, which would be in the base and gone at the end.
const STABLE_SNAPSHOTS: usize = 75;
/// How many clients connect in a small group, and how many groups the base is taken from. A channel that stays keeps a buffer or
/// two, or none, as the last messages happened to meet its receiver; the most of several snapshots is what there may be at the end.
const SMALL_GROUP: usize = 64;
/// How many of them.
const SMALL_GROUPS: usize = 5;
/// How long a thread for blocking calls waits for the next one. It is no leak, and the usual 10 s would be long to wait.
const KEEP_ALIVE: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(seconds)), Some(Ok(rate)), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: soak SECONDS JOINS_A_SECOND");
        return ExitCode::from(2);
    };
    match soak(Duration::from_secs(seconds), rate) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A runtime of two workers.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_keep_alive(KEEP_ALIVE).enable_all().build()
}

/// The whole soak test. Returns whether the end is the base.
fn soak(time: Duration, rate: u64) -> std::io::Result<bool> {
    let (servers, clients) = (runtime()?, runtime()?);
    let shutdown = CancellationToken::new();
    let (addresses, server) = {
        let _entered = servers.enter();
        let any = (1..=ADDRESSES).map(|last| ([127, 0, 0, last], 0).into());
        let listeners = listen(&any.collect::<Vec<_>>()).map_err(std::io::Error::other)?;
        let addresses =
            listeners.iter().map(|it| it.local_addr()).collect::<Result<Vec<_>, _>>()?;
        let config = Config { max_connections: 10_000, ..Config::default() }.without_limits();
        (addresses, whippet::spawn(serve(listeners, config, shutdown.clone())))
    };
    let counters = Counters::new(ALLOCATOR, servers.metrics(), clients.metrics());
    let good = clients.block_on(async {
        let mut staying = Vec::new();
        for index in 0..STAYING_CLIENTS {
            staying.push(stay_connected(addresses[index % addresses.len()], &shutdown).await?);
        }
        let churn = Arc::new(Churn::new(addresses));
        churn.connect(WARM_UP);
        churn.all_left(TIMEOUT).await?;
        connect_at_rate(&churn, WARM_UP_TIME, rate).await?;
        let mut base = settled(&counters).await;
        for _ in 0..SMALL_GROUPS {
            small_group(&churn).await?;
            base = base.max_allocations(settled(&counters).await);
        }
        let before = churn.welcomed();
        connect_at_rate(&churn, time, rate).await?;
        let joined = churn.welcomed() - before;
        let end = back_at(base, &counters, &churn).await?;
        let report = end.compared_with(base);
        shutdown.cancel();
        for client in staying {
            client.await.map_err(std::io::Error::other)?;
        }
        server.await.map_err(std::io::Error::other)??;
        print!("{report}");
        let due = time.as_secs() * rate;
        println!("joins {due} {joined}");
        Ok::<_, std::io::Error>(end.is_within(base) && joined == due)
    })?;
    Ok(good)
}

/// Clients connect at a rate for a time; returns when all have left.
async fn connect_at_rate(churn: &Arc<Churn>, time: Duration, rate: u64) -> std::io::Result<()> {
    let mut ticks = interval(GROUP_INTERVAL);
    let began = Instant::now();
    let (mut connected, all) = (0, time.as_secs() * rate);
    while connected < all {
        ticks.tick().await;
        let due = (began.elapsed().as_millis() as u64 * rate / 1_000).min(all);
        churn.connect((due - connected) as usize);
        connected = due;
    }
    churn.all_left(TIMEOUT).await
}

/// A snapshot once it does not change any more.
async fn settled(counters: &Counters) -> Snapshot {
    let (mut last, mut same) = (counters.snapshot(), 0);
    while same < STABLE_SNAPSHOTS {
        sleep(SNAPSHOT_INTERVAL).await;
        let now = counters.snapshot();
        same = if now.has_same_counts(last) { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// A few clients connect and leave.
async fn small_group(churn: &Arc<Churn>) -> std::io::Result<()> {
    churn.connect(SMALL_GROUP);
    churn.all_left(TIMEOUT).await
}

/// A snapshot once it is no more than the base again, or after the timeout. Small groups in between let the channels
/// that stay return to where they were.
async fn back_at(
    base: Snapshot,
    counters: &Counters,
    churn: &Arc<Churn>,
) -> std::io::Result<Snapshot> {
    let began = Instant::now();
    loop {
        for _ in 0..STABLE_SNAPSHOTS {
            let now = counters.snapshot();
            if now.is_within(base) || began.elapsed() > TIMEOUT {
                return Ok(now);
            }
            sleep(SNAPSHOT_INTERVAL).await;
        }
        small_group(churn).await?;
    }
}
