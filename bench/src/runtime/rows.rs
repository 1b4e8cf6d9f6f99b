//! The rows of the table: what each workload is, in what unit, and what bounds it.

/// A row.
#[derive(Debug)]
pub struct Row {
    /// The workload's name.
    pub name: &'static str,
    /// What it does.
    pub words: &'static str,
    /// What its figure counts.
    pub unit: &'static str,
    /// What bounds it.
    pub bound: Bound,
    /// Why it is lost where it is.
    pub lost_because: Option<&'static str>,
}

impl Row {
    /// The same, lost for a reason.
    const fn lost(self, because: &'static str) -> Self {
        Self { lost_because: Some(because), ..self }
    }
}

/// What bounds a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The runtime's own work.
    Runtime,
    /// The kernel's sockets and wake-ups, or the clock: as good as equal is all there is to win.
    Outside,
    /// Bytes and allocations; no time at all.
    Memory,
}

impl Bound {
    /// The ratio to a peer that is not to be passed.
    pub fn at_most(self) -> f64 {
        match self {
            Self::Runtime | Self::Memory => 1.0,
            Self::Outside => 1.05,
        }
    }
}

const fn row(name: &'static str, unit: &'static str, bound: Bound, words: &'static str) -> Row {
    Row { name, words, unit, bound, lost_because: None }
}

use Bound::{Memory, Outside, Runtime};

/// All rows, in the order of the table.
pub const ROWS: [Row; 39] = [
    row("spawn_many", "ns a task", Runtime, "10,000 tasks spawned by one, until all have run").lost("a task enters and leaves its worker's list and counts a reference to the runtime, both in lines that two workers write"),
    row(
        "spawn_many_remote_idle",
        "ns a task",
        Runtime,
        "the same from a thread outside; the runtime has nothing else to do",
    ).lost("as `spawn_many`"),
    row(
        "spawn_many_remote_busy",
        "ns a task",
        Runtime,
        "the same beside four tasks that yield and yield",
    ).lost("as `spawn_many`"),
    row("spawn_join", "ns a task", Runtime, "spawn, await, 10,000 times"),
    row("yield_many", "ns a yield", Runtime, "200 tasks yield 1,000 times each"),
    row(
        "ping_pong",
        "ns a pair",
        Runtime,
        "1,000 tasks spawn another each, and send a oneshot there and back",
    ),
    row("chained_spawn", "ns a task", Runtime, "each of 1,000 tasks spawns the next"),
    row("mpsc_one_task", "ns a message", Runtime, "one task sends 50,000, then receives them"),
    row("mpsc_1_to_1", "ns a message", Runtime, "one sender, 1,000 places"),
    row("mpsc_5_to_1", "ns a message", Runtime, "five senders, a place for all they have"),
    row("mpsc_5_to_1_full", "ns a message", Runtime, "five senders, 100 places").lost("with so few places somebody always waits, and each message takes the lock"),
    row("mpsc_unbounded_5_to_1", "ns a message", Runtime, "five senders, no bound").lost("the senders share one lock; smol's queue has none"),
    row(
        "mpsc_recv_many",
        "ns a message",
        Runtime,
        "five senders; the receiver takes all that is there",
    ),
    row(
        "mpsc_ring_300",
        "ns a hop",
        Runtime,
        "100 values through 300 tasks, each with a channel of one place",
    ),
    row("request_reply", "ns a request", Runtime, "a request over mpsc, its answer over a oneshot"),
    row("oneshot", "ns a value", Runtime, "make, send and receive in one task"),
    row("broadcast_10", "ns a delivery", Runtime, "to 10 receivers, the next when all have it").lost("a round of ten lasts 3.5 µs, and where a wake takes 12 µs the other worker, it seems, is woken for it, finds little and sleeps again; 1.06 to 1.26 × in eight runs on such a machine, 0.72 × on one where it takes 4; to 100 and more the rounds are long enough"),
    row("broadcast_100", "ns a delivery", Runtime, "to 100"),
    row("broadcast_1000", "ns a delivery", Runtime, "to 1,000").lost("a thousand overflow the ring of 256, and each receiver takes the lock of the one value and that of those who wait"),
    row(
        "watch_100",
        "ns a change seen",
        Runtime,
        "100 tasks watch a value, the next when all have seen it",
    ).lost("whoever has seen a change takes the lock of the value and that of those who wait, both written by two workers"),
    row("notify_one", "ns a round", Runtime, "two tasks notify each other in turn"),
    row("notify_waiters_100", "ns a waiter", Runtime, "100 wait, are woken, and wait again").lost("a line that keeps an order for `notify_one` is under one lock: 146 ns where two workers meet at it, 50 where one does all"),
    row(
        "semaphore_contended",
        "ns a permit",
        Runtime,
        "six tasks, five permits, each held across a yield",
    ).lost("permits go to those who wait, in their order; smol's go to whoever comes by first"),
    row(
        "mutex_contended",
        "ns a lock",
        Runtime,
        "six tasks, one lock, held across a yield each tenth time",
    ),
    row("timeout_ready", "ns a timeout", Runtime, "100,000 timeouts around what is ready at once").lost("smol's own way, a timer made when it is first polled, reads no clock for what is ready at once; a timeout that counts from its call has to, and a clock kept since the turn began would end it too early"),
    row(
        "timeout_pending",
        "ns a timeout",
        Runtime,
        "100,000 timeouts around what takes one more turn: a timer is set and taken out",
    ),
    row(
        "sleep_rearm",
        "ns a change",
        Runtime,
        "100,000 times a waiting timer gets another moment, and is asked",
    ),
    row(
        "fairness_hog",
        "ns a round",
        Runtime,
        "10,000 ping-pongs over channels beside a task that takes 20 µs at a time",
    ),
    row("sleep_fire_10000", "ns in all", Outside, "10,000 tasks sleep for 10 ms"),
    row(
        "timer_beside_hog",
        "ns, p99",
        Outside,
        "sleeps of 1 ms beside a task that takes 50 µs at a time",
    ).lost("the worker that waits in the epoll also takes turns, so one in a hundred waits for a poll of the hog's 50 µs and a wake; smol has a thread for timers alone; tokio's 2.06 ms"),
    row("wake_idle", "ns, p50", Outside, "from a send outside of a sleeping runtime to the poll"),
    row("echo_1", "ns a round trip", Outside, "64 bytes there and back, 1 TCP connection").lost("both workers wait in the one epoll, so a write wakes the other worker, too: 3.6 times as many switches of threads as tokio's, whose workers take turns in it, and whose timers wait for a hog (`timer_beside_hog`); with one at a time in it, it is tokio's 12.6 µs, and `wake_idle` takes 9.8 in place of 4.4 (ARCHITECTURE.md, decision 1)"),
    row("echo_100", "ns a round trip", Outside, "100 connections"),
    row("echo_1000", "ns a round trip", Outside, "1,000 connections").lost("at the edge of what is told from noise: 0.95 in the first run"),
    row("one_way_64k", "ns a block", Outside, "blocks of 64 KiB over one connection").lost("the kernel's copying, at the edge of what is told from noise: 0.86 to 0.93 × of tokio and 0.99 to 1.02 × of smol in three runs right after"),
    row("connect_accept", "ns a connection", Outside, "connect, accept, close"),
    row("task_bytes", "bytes", Memory, "heap of a task that waits, with a future of 100 bytes").lost("24 bytes are name, place, age and polls of a task, which a dump tells, and 8 its entry in the list of live tasks"),
    row("spawn_allocations", "allocations", Memory, "allocations of its spawn").lost("a task is one; the rest are pages of the list of live tasks, each for 64"),
    row(
        "connection_bytes",
        "bytes",
        Memory,
        "heap of a connection with a task that reads into 64 bytes",
    ),
];
