//! What all clients of a run share: its plan and clock, the signals they wait for, the counters they increment.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use whippet::sync::{CancellationToken, Notify};
use whippet::time::{Instant, sleep_until};

use crate::args::Plan;
use crate::line_format::LineFormat;
use crate::thread_state::PerThread;

/// The shared state of a run. Its times are nanoseconds since it was made.
#[derive(Debug)]
pub(crate) struct RunContext {
    /// The numbers of the run.
    pub(crate) plan: Plan,
    /// Where the server listens.
    pub(crate) address: SocketAddr,
    /// How the run's lines look.
    pub(crate) format: LineFormat,
    /// Buffers and statistics of the receiving side.
    pub(crate) per_thread: PerThread,
    /// The beginning of the run's clock.
    origin: Instant,
    /// Raised when the senders may begin.
    pub(crate) start: CancellationToken,
    /// Raised when the frozen clients read what is left for them.
    pub(crate) start_reading: CancellationToken,
    /// Raised when all clients disconnect.
    pub(crate) stop: CancellationToken,
    /// Incremented by each client once the server has sent something to it.
    pub(crate) welcomed: Counter,
    /// Incremented by each reader that has received everything.
    pub(crate) complete: Counter,
    /// Incremented whenever the server writes that a client was too slow.
    pub(crate) too_slow: Counter,
    /// Incremented whenever the connection of a frozen client has ended.
    pub(crate) frozen_ended: Counter,
    /// With one line at a time: how many lines of each sender have been delivered to the client that watches it. Else empty.
    delivered: Box<[Counter]>,
    /// When the senders were told to begin. Written by the workload before `start` is raised.
    started_at: AtomicU64,
    /// When the first line was sent; `u64::MAX` before that. Lowered by each sender once.
    first_send: AtomicU64,
}

impl RunContext {
    /// The state of a run of `plan` on the server at `address`, used by `threads` worker threads.
    pub(crate) fn new(plan: Plan, address: SocketAddr, threads: usize) -> Self {
        // A client alone has none to watch it, and nothing to be delivered.
        let watched = if plan.one_at_a_time && plan.readers() > 1 { plan.senders } else { 0 };
        Self {
            plan,
            address,
            format: LineFormat::new(fastrand::u32(..), plan.size),
            per_thread: PerThread::new(threads),
            origin: Instant::now(),
            start: CancellationToken::new(),
            start_reading: CancellationToken::new(),
            stop: CancellationToken::new(),
            welcomed: Counter::new(),
            complete: Counter::new(),
            too_slow: Counter::new(),
            frozen_ended: Counter::new(),
            delivered: (0..watched).map(|_| Counter::new()).collect(),
            started_at: AtomicU64::new(0),
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
    pub(crate) fn start_sending(&self) {
        // Raising the signal orders the write before every sender's read.
        self.started_at.store(self.now(), Ordering::Relaxed);
        self.start.cancel();
    }

    /// When line `sequence` of `sender` is due: the senders take turns at the plan's rate.
    pub(crate) fn due(&self, sender: u32, sequence: u32) -> u64 {
        if self.plan.rate == 0 {
            return 0;
        }
        let number = u64::from(sequence) * u64::from(self.plan.senders) + u64::from(sender);
        let after = u128::from(number) * 1_000_000_000 / u128::from(self.plan.rate);
        self.started_at.load(Ordering::Relaxed).saturating_add(after as u64)
    }

    /// The counter of the deliveries of `sender`, with one line at a time.
    pub(crate) fn delivered_of(&self, sender: u32) -> Option<&Counter> {
        self.delivered.get(sender as usize)
    }

    /// The sender that `reader` watches, with one line at a time: the one before it, in a circle; and the counter of its deliveries.
    #[inline]
    pub(crate) fn watched_by(&self, reader: u32) -> Option<(u32, &Counter)> {
        let sender = reader.checked_sub(1).unwrap_or(self.plan.readers() - 1);
        self.delivered_of(sender).map(|counter| (sender, counter))
    }

    /// Notes that a sender sent its first line at `now`.
    pub(crate) fn note_first_send(&self, now: u64) {
        self.first_send.fetch_min(now, Ordering::Relaxed);
    }

    /// When the first line was sent, if one was. Exact once the senders are known to be done.
    pub(crate) fn first_send(&self) -> Option<u64> {
        Some(self.first_send.load(Ordering::Relaxed)).filter(|&sent| sent != u64::MAX)
    }

    /// Waits until `counter` is at `count`; gives up when nothing arrives for `timeout`. Returns whether it is.
    pub(crate) async fn wait_for(&self, counter: &Counter, count: u32, timeout: Duration) -> bool {
        let mut since = self.now();
        loop {
            let deadline = since + timeout.as_nanos() as u64;
            whippet::select! {
                biased;
                () = counter.wait_for(count) => return true,
                () = sleep_until(self.instant(deadline)) => {}
            }
            let received = self.per_thread.last_received();
            if received <= since {
                return false;
            }
            since = received;
        }
    }

    /// Waits until nothing has arrived for `quiet`, for `longest` at most.
    pub(crate) async fn wait_until_quiet(&self, quiet: Duration, longest: Duration) {
        let entered = self.now();
        let last = entered + longest.as_nanos() as u64;
        loop {
            // What came before the wait does not count: all of `quiet` must lie within it.
            let received = self.per_thread.last_received().max(entered);
            let deadline = (received + quiet.as_nanos() as u64).min(last);
            if deadline <= self.now() {
                return;
            }
            sleep_until(self.instant(deadline)).await;
        }
    }
}

/// A counter that clients increment, and that one task waits for.
#[derive(Debug)]
pub(crate) struct Counter {
    /// The count. Raised by the clients.
    count: AtomicU32,
    /// The count that is waited for; `u32::MAX` before that. Written by the task that waits.
    target: AtomicU32,
    /// Notified when the target is reached.
    reached: Notify,
}

impl Counter {
    /// A counter at 0.
    fn new() -> Self {
        Self { count: AtomicU32::new(0), target: AtomicU32::new(u32::MAX), reached: Notify::new() }
    }

    /// Adds one.
    pub(crate) fn increment(&self) {
        // Each side writes its own word and then reads the other's. With anything weaker than SeqCst both could
        // miss the other's write, and the task would wait for a target that is reached.
        let count = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        if count >= self.target.load(Ordering::SeqCst) {
            self.reached.notify_one();
        }
    }

    /// Reaches every target, for good. The caller does not increment it again.
    pub(crate) fn release(&self) {
        self.count.store(u32::MAX, Ordering::SeqCst);
        self.reached.notify_one();
    }

    /// The count so far.
    pub(crate) fn count(&self) -> u32 {
        self.count.load(Ordering::Relaxed)
    }

    /// Waits until it is at `count` or past it. Cancel safe; one waits at a time.
    pub(crate) async fn wait_for(&self, count: u32) {
        // Partner of the load in `increment`; see there.
        self.target.store(count, Ordering::SeqCst);
        while self.count.load(Ordering::SeqCst) < count {
            self.reached.notified().await;
        }
    }
}

/// How a client's connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConnectionEnd {
    /// It stayed until the run stopped.
    Stayed,
    /// The server closed it.
    Closed,
    /// It failed.
    Lost(io::ErrorKind),
    /// It was never made.
    Unreachable(io::ErrorKind),
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The context of a run of 4 senders that take turns at `rate`.
    fn context(rate: u32, one_at_a_time: bool) -> RunContext {
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
            one_at_a_time,
            disconnect_timeout: Duration::from_secs(1),
            irc: false,
        };
        RunContext::new(plan, ([127, 0, 0, 1], 1).into(), 1)
    }

    #[test]
    fn senders_take_turns_at_an_even_rate() {
        let context = context(1_000, false);
        context.start_sending();
        let first = context.due(0, 0);
        assert!(first <= context.now());
        let lines = (0..3).flat_map(|sequence| (0..4).map(move |sender| (sender, sequence)));
        for (number, (sender, sequence)) in lines.enumerate() {
            assert_eq!(context.due(sender, sequence), first + number as u64 * 1_000_000);
        }
    }

    #[test]
    fn without_a_rate_everything_is_due_at_once() {
        let context = context(0, false);
        context.start_sending();
        assert_eq!(context.due(3, 2), 0);
    }

    #[test]
    fn a_counter_reaches_its_target_in_any_order() {
        let runtime = whippet::runtime::Builder::new_multi_thread().worker_threads(2).build();
        runtime.unwrap().block_on(async {
            for _ in 0..500 {
                let counter = std::sync::Arc::new(Counter::new());
                counter.wait_for(0).await;
                let tasks: Vec<_> = (0..8)
                    .map(|_| {
                        let counter = counter.clone();
                        whippet::spawn(async move { counter.increment() })
                    })
                    .collect();
                counter.wait_for(3).await;
                counter.wait_for(8).await;
                assert_eq!(counter.count(), 8);
                for task in tasks {
                    task.await.unwrap();
                }
            }
        });
    }

    #[test]
    fn a_counter_that_stays_is_given_up() {
        let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
        let context = context(0, false);
        assert!(!runtime.block_on(context.wait_for(
            &context.complete,
            1,
            Duration::from_millis(1)
        )));
    }

    #[test]
    fn the_first_send_is_the_earliest() {
        let context = context(0, false);
        assert_eq!(context.first_send(), None);
        for now in [7, 5, 9] {
            context.note_first_send(now);
        }
        assert_eq!(context.first_send(), Some(5));
    }

    #[test]
    fn each_sender_is_watched_by_one_other_reader() {
        let context = context(0, true);
        for sender in 0..4 {
            let watches = |reader| context.watched_by(reader).map(|(watched, _)| watched);
            let watchers: Vec<u32> =
                (0..10).filter(|&reader| watches(reader) == Some(sender)).collect();
            assert_eq!(watchers, [(sender + 1) % 10]);
        }
        assert!(self::context(0, false).watched_by(1).is_none());
    }

    #[test]
    fn a_released_counter_reaches_every_target() {
        let runtime = whippet::runtime::Builder::new_current_thread().build().unwrap();
        let counter = Counter::new();
        counter.release();
        runtime.block_on(counter.wait_for(1_000));
    }
}
