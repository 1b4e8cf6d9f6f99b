//! A server and people who come and leave, a thousand a second for minutes, in one process whose allocator counts: what
//! is alive at the end must be what was alive at the beginning: of tasks, timers, waiters, descriptors and threads as many, of
//! allocations no more than at one of several looks before.
//!
//! ```text
//! residents stay ─ warm-up: more at once than later ─► all gone, small tides: base ─► the load ─► all gone: the same?
//! ```
//!
//! The server has a runtime of its own, so that its tasks, timers and descriptors can be told from those of the people;
//! allocations are those of both. `cargo xtask reliability soak` runs it and reads its last lines: a name, the base, the end.
//!
//! `soak fill` does something else with the same allocator: it fills limits of a server and compares what is allocated with what
//! the server promises (`fill.rs`); `cargo xtask reliability memory` runs it.
#![forbid(unsafe_code)]

mod figures;
mod fill;
mod visit;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use chinwag::limits::ROOMS;
use chinwag::{Config, listen, serve};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use whippet::runtime::{Builder, Runtime};
use whippet::sync::CancellationToken;
use whippet::time::{Instant, interval, sleep};

use self::figures::{Figures, Held};
use self::fill::{Row, Size, fill};
use self::visit::{Visitors, reside};

/// The allocator that counts.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// People who stay and listen.
const RESIDENTS: usize = 5;
/// Addresses to come to: the ports of one are used up by connections that have ended and are not forgotten yet.
const ADDRESSES: u8 = 4;
/// How many come at once to begin with: more than are there at any time later.
const WARM_UP: usize = 1_500;
/// How long they come at the usual rate before the base is taken.
const WARM_UP_TIME: Duration = Duration::from_secs(2);
/// Between two groups that come.
const GROUP_EVERY: Duration = Duration::from_millis(10);
/// How long everything that has ended may take to be gone.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at whether it is gone.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Looks in a row that must see the same before it is taken for the base: for longer than a lingering close, the end of an
/// ebb or an idle thread for blocking calls may take, which would be in the base and gone at the end.
const SAME: usize = 75;
/// How many come in a small tide, and how many tides the base is taken from. A channel that stays keeps a buffer or two, or
/// none, as the last messages happened to meet its receiver; the most of several looks is what there may be at the end.
const TIDE: usize = 64;
/// How many of them.
const TIDES: usize = 5;
/// How long a thread for blocking calls waits for the next one. It is no leak, and the usual 10 s would be long to wait.
const KEEP_ALIVE: Duration = Duration::from_millis(100);

/// What `soak fill` fills: every room that there can be, and as many people as fill them twice.
const FILLED: Size = Size { rooms: ROOMS - 1, people: 110 };

fn main() -> ExitCode {
    if std::env::args().nth(1).is_some_and(|word| word == "fill") {
        return report_filled();
    }
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let (Some(Ok(seconds)), Some(Ok(rate)), None) =
        (arguments.next(), arguments.next(), arguments.next())
    else {
        eprintln!("usage: soak SECONDS JOINS_A_SECOND, or soak fill");
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

/// Fills a server, and prints a line for each part: its name, the bound, what is held.
fn report_filled() -> ExitCode {
    let rows = runtime().and_then(|servers| fill(&servers, FILLED, allocated));
    match rows {
        Ok(rows) => {
            for Row { what, bound, held } in &rows {
                println!("{} {bound} {held}", what.replace(' ', "-"));
            }
            let good = rows.iter().all(|row| row.held <= row.bound);
            if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("soak: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Bytes that are allocated in this process.
fn allocated() -> i64 {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as i64 - stats.bytes_deallocated as i64
}

/// A runtime of two workers.
fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_keep_alive(KEEP_ALIVE).enable_all().build()
}

/// The whole course; whether the end is the base.
fn soak(time: Duration, rate: u64) -> std::io::Result<bool> {
    let (servers, people) = (runtime()?, runtime()?);
    let shutdown = CancellationToken::new();
    let (addresses, server) = {
        let _entered = servers.enter();
        let any = (1..=ADDRESSES).map(|last| ([127, 0, 0, last], 0).into());
        let listeners = listen(&any.collect::<Vec<_>>()).map_err(std::io::Error::other)?;
        let addresses =
            listeners.iter().map(|it| it.local_addr()).collect::<Result<Vec<_>, _>>()?;
        let config = Config { connections: 10_000, ..Config::default() }.without_limits();
        (addresses, whippet::spawn(serve(listeners, config, shutdown.clone())))
    };
    let figures = Figures::new(ALLOCATOR, servers.metrics(), people.metrics());
    let good = people.block_on(async {
        let mut residents = Vec::new();
        for resident in 0..RESIDENTS {
            residents.push(reside(addresses[resident % addresses.len()], &shutdown).await?);
        }
        let visitors = Arc::new(Visitors::new(addresses));
        visitors.come(WARM_UP);
        visitors.all_gone(PATIENCE).await?;
        come(&visitors, WARM_UP_TIME, rate).await?;
        let mut base = settled(&figures).await;
        for _ in 0..TIDES {
            tide(&visitors).await?;
            base = base.or_more(settled(&figures).await);
        }
        let before = visitors.welcomed();
        come(&visitors, time, rate).await?;
        let came = visitors.welcomed() - before;
        let end = back_at(base, &figures, &visitors).await?;
        let report = end.beside(base);
        shutdown.cancel();
        for resident in residents {
            resident.await.map_err(std::io::Error::other)?;
        }
        server.await.map_err(std::io::Error::other)??;
        print!("{report}");
        let due = time.as_secs() * rate;
        println!("joins {due} {came}");
        Ok::<_, std::io::Error>(end.is_within(base) && came == due)
    })?;
    Ok(good)
}

/// People come at a rate for a time; returns when all have gone.
async fn come(visitors: &Arc<Visitors>, time: Duration, rate: u64) -> std::io::Result<()> {
    let mut ticks = interval(GROUP_EVERY);
    let began = Instant::now();
    let (mut came, all) = (0, time.as_secs() * rate);
    while came < all {
        ticks.tick().await;
        let due = (began.elapsed().as_millis() as u64 * rate / 1_000).min(all);
        visitors.come((due - came) as usize);
        came = due;
    }
    visitors.all_gone(PATIENCE).await
}

/// What is held once it does not change any more.
async fn settled(figures: &Figures) -> Held {
    let (mut last, mut same) = (figures.held(), 0);
    while same < SAME {
        sleep(LOOK_EVERY).await;
        let now = figures.held();
        same = if now.is_as(last) { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// Some come and leave.
async fn tide(visitors: &Arc<Visitors>) -> std::io::Result<()> {
    visitors.come(TIDE);
    visitors.all_gone(PATIENCE).await
}

/// What is held once it is no more than the base again, or when the patience is over. Small tides in between let the
/// channels that stay come to where they were.
async fn back_at(base: Held, figures: &Figures, visitors: &Arc<Visitors>) -> std::io::Result<Held> {
    let began = Instant::now();
    loop {
        for _ in 0..SAME {
            let now = figures.held();
            if now.is_within(base) || began.elapsed() > PATIENCE {
                return Ok(now);
            }
            sleep(LOOK_EVERY).await;
        }
        tide(visitors).await?;
    }
}
