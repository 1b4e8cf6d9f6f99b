//! The cases of the runtime table: what each workload is, in what unit, and what bounds it.

/// A case.
#[derive(Debug)]
pub struct Case {
    /// The workload's name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// What its number counts.
    pub unit: &'static str,
    /// What bounds it.
    pub bound: Bound,
    /// Why it is lost where it is.
    pub lost_because: Option<&'static str>,
}

impl Case {
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

const fn case(
    name: &'static str,
    unit: &'static str,
    bound: Bound,
    description: &'static str,
) -> Case {
    Case { name, description, unit, bound, lost_because: None }
}

use Bound::{Memory, Outside, Runtime};

/// All cases, in the order of the table.
pub const CASES: [Case; 39] = [
    case("spawn_many", "ns a task", Runtime, "10,000 tasks spawned by one, until all have run").lost("a task enters and leaves its worker's list and counts a reference to the runtime, both in lines that two workers write"),
    case(
        "spawn_many_remote_idle",
        "ns a task",
        Runtime,
        "the same from a thread outside; the runtime has nothing else to do",
    ).lost("as `spawn_many`"),
    case(
        "spawn_many_remote_busy",
        "ns a task",
        Runtime,
        "the same next to four tasks that yield all the time",
    ).lost("as `spawn_many`"),
    case("spawn_join", "ns a task", Runtime, "spawn, await, 10,000 times"),
    case("yield_many", "ns a yield", Runtime, "200 tasks yield 1,000 times each"),
    case(
        "ping_pong",
        "ns a pair",
        Runtime,
        "1,000 tasks spawn another each, and send a oneshot there and back",
    ),
    case("chained_spawn", "ns a task", Runtime, "each of 1,000 tasks spawns the next"),
    case("mpsc_one_task", "ns a message", Runtime, "one task sends 50,000, then receives them"),
    case("mpsc_1_to_1", "ns a message", Runtime, "one sender, capacity 1,000"),
    case("mpsc_5_to_1", "ns a message", Runtime, "five senders, capacity for all that they send"),
    case("mpsc_5_to_1_full", "ns a message", Runtime, "five senders, capacity 100").lost("with so small a capacity a sender always waits, and each message takes the lock"),
    case("mpsc_unbounded_5_to_1", "ns a message", Runtime, "five senders, no bound").lost("the senders share one lock; smol's queue has none"),
    case(
        "mpsc_recv_many",
        "ns a message",
        Runtime,
        "five senders; the receiver takes all that there are",
    ),
    case(
        "mpsc_ring_300",
        "ns a hop",
        Runtime,
        "100 values through 300 tasks, each with a channel of capacity 1",
    ),
    case("request_reply", "ns a request", Runtime, "a request over mpsc, its answer over a oneshot"),
    case("oneshot", "ns a value", Runtime, "make, send and receive in one task"),
    case("broadcast_10", "ns a delivery", Runtime, "to 10 receivers, the next when all have it").lost("a round of ten lasts 3.5 µs, and where a wake takes 12 µs the other worker, it seems, is woken for it, finds little and sleeps again; 1.06 to 1.26 × in eight runs on such a machine, 0.72 × on one where it takes 4; to 100 and more the rounds are long enough"),
    case("broadcast_100", "ns a delivery", Runtime, "to 100"),
    case("broadcast_1000", "ns a delivery", Runtime, "to 1,000").lost("a thousand overflow the ring of 256, and each receiver takes the lock of the one value and that of the waiters"),
    case(
        "watch_100",
        "ns a change seen",
        Runtime,
        "100 tasks watch a value, the next when all have seen it",
    ).lost("a task that has seen a change takes the lock of the value and that of the waiters, both written by two workers"),
    case("notify_one", "ns a round", Runtime, "two tasks notify each other in turn"),
    case("notify_waiters_100", "ns a waiter", Runtime, "100 wait, are woken, and wait again").lost("a queue that keeps an order for `notify_one` is under one lock: 146 ns where two workers contend for it, 50 where one does all"),
    case(
        "semaphore_contended",
        "ns a permit",
        Runtime,
        "six tasks, five permits, each held across a yield",
    ).lost("permits go to the waiters, in their order; smol's go to the first task that asks"),
    case(
        "mutex_contended",
        "ns a lock",
        Runtime,
        "six tasks, one lock, held across a yield each tenth time",
    ),
    case("timeout_ready", "ns a timeout", Runtime, "100,000 timeouts around what is ready at once").lost("smol's own way, a timer made when it is first polled, reads no clock for what is ready at once; a timeout that counts from its call has to, and a clock kept since the poll began would end it too early"),
    case(
        "timeout_pending",
        "ns a timeout",
        Runtime,
        "100,000 timeouts around what takes one more poll: a timer is set and removed",
    ),
    case(
        "sleep_rearm",
        "ns a change",
        Runtime,
        "100,000 times a waiting timer gets another deadline, and is polled",
    ),
    case(
        "fairness_hog",
        "ns a round",
        Runtime,
        "10,000 ping-pongs over channels next to a task that takes 20 µs at a time",
    ),
    case("sleep_fire_10000", "ns in all", Outside, "10,000 tasks sleep for 10 ms"),
    case(
        "timer_beside_hog",
        "ns, p99",
        Outside,
        "sleeps of 1 ms next to a task that takes 50 µs at a time",
    ).lost("the worker that waits in the epoll also runs tasks, so one in a hundred waits for a poll of the hog's 50 µs and a wake; smol has a thread for timers alone; tokio's 2.06 ms"),
    case("wake_idle", "ns, p50", Outside, "from a send outside of a sleeping runtime to the poll"),
    case("echo_1", "ns a round trip", Outside, "64 bytes there and back, 1 TCP connection").lost("both workers wait in the one epoll, so a write wakes the other worker, too: 3.6 times as many switches of threads as tokio's, whose workers take turns in it, and whose timers wait for a hog (`timer_beside_hog`); with one at a time in it, it is tokio's 12.6 µs, and `wake_idle` takes 9.8 in place of 4.4 (ARCHITECTURE.md, decision 1)"),
    case("echo_100", "ns a round trip", Outside, "100 connections"),
    case("echo_1000", "ns a round trip", Outside, "1,000 connections").lost("at the edge of what is told from noise: 0.95 in the first run"),
    case("one_way_64k", "ns a block", Outside, "blocks of 64 KiB over one connection").lost("the kernel's copying, at the edge of what is told from noise: 0.86 to 0.93 × of tokio and 0.99 to 1.02 × of smol in three runs right after"),
    case("connect_accept", "ns a connection", Outside, "connect, accept, close"),
    case("task_bytes", "bytes", Memory, "heap of a task that waits, with a future of 100 bytes").lost("24 bytes are name, location, age and polls of a task, which a dump shows, and 8 its entry in the list of live tasks"),
    case("spawn_allocations", "allocations", Memory, "allocations of its spawn").lost("a task is one; the rest are pages of the list of live tasks, each for 64"),
    case(
        "connection_bytes",
        "bytes",
        Memory,
        "heap of a connection with a task that reads into 64 bytes",
    ),
];
