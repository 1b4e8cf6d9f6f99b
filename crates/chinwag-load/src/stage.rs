//! What all people of a run share: its plan and clock, the signals they wait for, the gates they pass.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use whippet::sync::{CancellationToken, Notify};
use whippet::time::{Instant, sleep_until};

use crate::args::Plan;
use crate::lanes::Lanes;
use crate::line::Format;

/// The place of a run. Times on it are nanoseconds since it was set up.
#[derive(Debug)]
pub(crate) struct Stage {
    /// The numbers of the run.
    pub(crate) plan: Plan,
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// How the run's lines look.
    pub(crate) format: Format,
    /// Buffers and tallies of the receiving side.
    pub(crate) lanes: Lanes,
    /// The beginning of the run's clock.
    origin: Instant,
    /// Raised when the senders may begin.
    pub(crate) start: CancellationToken,
    /// Raised when those who did not read read what is left for them.
    pub(crate) thaw: CancellationToken,
    /// Raised when everybody goes home.
    pub(crate) stop: CancellationToken,
    /// Passed by each client once the server has said something to it.
    pub(crate) welcomed: Gate,
    /// Passed by each reader that has received everything.
    pub(crate) complete: Gate,
    /// Passed whenever somebody is said to have been cut for being too slow.
    pub(crate) cut: Gate,
    /// Passed whenever the connection of somebody who did not read has ended.
    pub(crate) thawed: Gate,
    /// When the senders were told to begin. Written by the conductor before `start` is raised.
    begun: AtomicU64,
    /// When the first line was sent; `u64::MAX` before that. Lowered by each sender once.
    first_send: AtomicU64,
}

impl Stage {
    /// A stage for `plan` before the server at `address`, used by `threads` worker threads.
    pub(crate) fn new(plan: Plan, address: SocketAddr, threads: usize) -> Self {
        Self {
            plan,
            address,
            format: Format::new(fastrand::u32(..), plan.size),
            lanes: Lanes::new(threads),
            origin: Instant::now(),
            start: CancellationToken::new(),
            thaw: CancellationToken::new(),
            stop: CancellationToken::new(),
            welcomed: Gate::new(),
            complete: Gate::new(),
            cut: Gate::new(),
            thawed: Gate::new(),
            begun: AtomicU64::new(0),
            first_send: AtomicU64::new(u64::MAX),
        }
    }

    /// The present moment.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }

    /// The moment `nanos` as the runtime's timers know it.
    pub(crate) fn instant(&self, nanos: u64) -> Instant {
        self.origin + Duration::from_nanos(nanos)
    }

    /// Lets the senders begin.
    pub(crate) fn begin(&self) {
        // Raising the signal orders the write before every sender's read.
        self.begun.store(self.now(), Ordering::Relaxed);
        self.start.cancel();
    }

    /// When line `sequence` of `sender` is due: the lines of all senders take turns at the plan's rate.
    pub(crate) fn due(&self, sender: u32, sequence: u32) -> u64 {
        if self.plan.rate == 0 {
            return 0;
        }
        let turn = u64::from(sequence) * u64::from(self.plan.senders) + u64::from(sender);
        let after = u128::from(turn) * 1_000_000_000 / u128::from(self.plan.rate);
        self.begun.load(Ordering::Relaxed).saturating_add(after as u64)
    }

    /// Notes that a sender sent its first line at `now`.
    pub(crate) fn note_first_send(&self, now: u64) {
        self.first_send.fetch_min(now, Ordering::Relaxed);
    }

    /// When the first line was sent, if one was. Exact once the senders are known to be done.
    pub(crate) fn first_send(&self) -> Option<u64> {
        Some(self.first_send.load(Ordering::Relaxed)).filter(|&sent| sent != u64::MAX)
    }

    /// Waits until `count` have passed `gate`; gives up when nothing arrives for `patience`. Says whether they did.
    pub(crate) async fn reach(&self, gate: &Gate, count: u32, patience: Duration) -> bool {
        let mut since = self.now();
        loop {
            let deadline = since + patience.as_nanos() as u64;
            whippet::select! {
                biased;
                () = gate.passed_by(count) => return true,
                () = sleep_until(self.instant(deadline)) => {}
            }
            let heard = self.lanes.last_heard();
            if heard <= since {
                return false;
            }
            since = heard;
        }
    }

    /// Waits until nothing has arrived for `span`, for `longest` at most.
    pub(crate) async fn quiet(&self, span: Duration, longest: Duration) {
        let entered = self.now();
        let last = entered + longest.as_nanos() as u64;
        loop {
            // What came before the wait does not count: there must be a whole span of silence within it.
            let heard = self.lanes.last_heard().max(entered);
            let deadline = (heard + span.as_nanos() as u64).min(last);
            if deadline <= self.now() {
                return;
            }
            sleep_until(self.instant(deadline)).await;
        }
    }
}

/// A gate that each person passes once, and that the conductor alone watches.
#[derive(Debug)]
pub(crate) struct Gate {
    /// How many have passed. Raised by each person.
    passed: AtomicU32,
    /// How many the conductor waits for; `u32::MAX` while it waits for none. Written by the conductor.
    goal: AtomicU32,
    /// Told when the goal is reached.
    reached: Notify,
}

impl Gate {
    /// A gate that nobody has passed.
    fn new() -> Self {
        Self { passed: AtomicU32::new(0), goal: AtomicU32::new(u32::MAX), reached: Notify::new() }
    }

    /// Passes.
    pub(crate) fn pass(&self) {
        // Each side writes its own word and then reads the other's. With anything weaker than SeqCst both could
        // miss the other's write, and the conductor would wait for a goal that is reached.
        let passed = self.passed.fetch_add(1, Ordering::SeqCst) + 1;
        if passed >= self.goal.load(Ordering::SeqCst) {
            self.reached.notify_one();
        }
    }

    /// How many have passed so far.
    pub(crate) fn passed(&self) -> u32 {
        self.passed.load(Ordering::Relaxed)
    }

    /// Waits until `count` have passed. Cancel safe; one waits at a time.
    pub(crate) async fn passed_by(&self, count: u32) {
        // Partner of the loads in `pass`; see there.
        self.goal.store(count, Ordering::SeqCst);
        while self.passed.load(Ordering::SeqCst) < count {
            self.reached.notified().await;
        }
    }
}

/// How somebody's part in the run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    /// Stayed until everybody went home.
    Stayed,
    /// The server closed the connection.
    Closed,
    /// The connection failed.
    Lost(io::ErrorKind),
    /// There never was a connection.
    Unreachable(io::ErrorKind),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stage of 4 senders whose lines take turns at `rate`.
    fn stage(rate: u32) -> Stage {
        let plan = Plan {
            clients: 10,
            senders: 4,
            frozen: 0,
            group: 1,
            rounds: 1,
            messages: 3,
            size: 64,
            rate,
            timeout: Duration::from_secs(1),
            cutting: Duration::from_secs(1),
            irc: false,
        };
        Stage::new(plan, ([127, 0, 0, 1], 1).into(), 1)
    }

    #[test]
    fn senders_take_turns_at_an_even_pace() {
        let stage = stage(1_000);
        stage.begin();
        let first = stage.due(0, 0);
        assert!(first <= stage.now());
        let turns = (0..3).flat_map(|sequence| (0..4).map(move |sender| (sender, sequence)));
        for (turn, (sender, sequence)) in turns.enumerate() {
            assert_eq!(stage.due(sender, sequence), first + turn as u64 * 1_000_000);
        }
    }

    #[test]
    fn without_a_rate_everything_is_due_at_once() {
        let stage = stage(0);
        stage.begin();
        assert_eq!(stage.due(3, 2), 0);
    }

    #[test]
    fn a_gate_opens_when_enough_have_passed_whoever_comes_first() {
        let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build();
        runtime.unwrap().block_on(async {
            for _ in 0..500 {
                let gate = std::sync::Arc::new(Gate::new());
                gate.passed_by(0).await;
                let people: Vec<_> = (0..8)
                    .map(|_| {
                        let gate = gate.clone();
                        whippet::spawn(async move { gate.pass() })
                    })
                    .collect();
                gate.passed_by(3).await;
                gate.passed_by(8).await;
                assert_eq!(gate.passed(), 8);
                for person in people {
                    person.await.unwrap();
                }
            }
        });
    }

    #[test]
    fn a_gate_that_nobody_passes_is_given_up() {
        let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
        let stage = stage(0);
        assert!(!runtime.block_on(stage.reach(&stage.complete, 1, Duration::from_millis(1))));
    }

    #[test]
    fn the_first_send_is_the_earliest() {
        let stage = stage(0);
        assert_eq!(stage.first_send(), None);
        for now in [7, 5, 9] {
            stage.note_first_send(now);
        }
        assert_eq!(stage.first_send(), Some(5));
    }
}
