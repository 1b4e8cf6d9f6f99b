//! The API polled by hand, on a driver that is turned by hand: no runtime, and no sleeping.

use crate::coop;
use crate::driver::Driver;
use crate::time::error::Elapsed;
use crate::time::{Instant, Interval, MissedTickBehavior, Sleep, Timeout};
use crate::wake_list::WakeList;
use std::future::{Future, pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3_600);
const MILLISECOND: Duration = Duration::from_millis(1);

/// A waker that counts.
#[derive(Debug, Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A driver and one task on it.
struct Bench {
    driver: Arc<Driver>,
    wakes: Arc<Count>,
}

impl Bench {
    fn new() -> Self {
        Self { driver: Arc::new(Driver::new(1).expect("a driver")), wakes: Arc::default() }
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        Sleep::after(Arc::clone(self.driver.shard(0)), duration)
    }

    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.wakes));
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    fn wakes(&self) -> usize {
        self.wakes.0.load(Ordering::SeqCst)
    }

    /// Turns the driver, which waits for its alarm, until the task was woken.
    fn turn_until_woken(&self) {
        let before = self.wakes();
        while self.wakes() == before {
            self.driver.turn(None, &mut WakeList::new()).expect("the reactor turns");
        }
    }

    /// Polls as an executor does: again after each wake.
    fn run<F: Future + Unpin>(&self, mut future: F) -> F::Output {
        loop {
            if let Poll::Ready(output) = self.poll(&mut future) {
                return output;
            }
            self.turn_until_woken();
        }
    }
}

#[test]
fn a_sleep_is_over_when_its_deadline_has_come_and_not_before() {
    let bench = Bench::new();
    let mut sleep = bench.sleep(2 * MILLISECOND);
    assert_eq!(bench.driver.timers_len(), 0, "it enters the timers when polled");
    assert!(bench.poll(&mut sleep).is_pending());
    assert_eq!((bench.driver.timers_len(), sleep.is_elapsed()), (1, false));
    bench.turn_until_woken();
    assert!(Instant::now() >= sleep.deadline());
    assert!(bench.poll(&mut sleep).is_ready());
    assert!(sleep.is_elapsed() && bench.poll(&mut sleep).is_ready(), "and stays so");
    assert_eq!(bench.driver.timers_len(), 0);
}

#[test]
fn a_dropped_sleep_leaves_nothing_behind() {
    let bench = Bench::new();
    let mut sleeps: Vec<Sleep> = (0..100).map(|_| bench.sleep(HOUR)).collect();
    for sleep in &mut sleeps {
        assert!(bench.poll(sleep).is_pending());
    }
    assert_eq!(bench.driver.timers_len(), 100);
    drop(sleeps);
    assert_eq!((bench.driver.timers_len(), Arc::strong_count(&bench.wakes)), (0, 1));
    assert_eq!(Arc::strong_count(bench.driver.shard(0)), 1);
}

#[test]
fn past_deadlines_are_over_at_once_and_far_ones_never() {
    let bench = Bench::new();
    assert!(bench.poll(&mut bench.sleep(Duration::ZERO)).is_ready());
    let past = Instant::now() - MILLISECOND;
    assert!(bench.poll(&mut Sleep::until(Arc::clone(bench.driver.shard(0)), past)).is_ready());
    assert_eq!(bench.driver.timers_len(), 0, "neither entered the timers");
    for seconds in [1 << 33, 1 << 34, 1 << 35, 1 << 62, u64::MAX] {
        let mut far = bench.sleep(Duration::from_secs(seconds));
        assert!(bench.poll(&mut far).is_pending());
        assert!(!far.is_elapsed() && far.deadline() > Instant::now() + HOUR);
        bench.driver.turn(Some(Duration::ZERO), &mut WakeList::new()).unwrap();
        assert_eq!(bench.wakes(), 0);
    }
    assert!(bench.poll(&mut bench.sleep(Duration::MAX)).is_pending());
}

#[test]
fn a_reset_wakes_the_task_that_waits_at_the_new_deadline() {
    let bench = Bench::new();
    for former in [HOUR, Duration::MAX] {
        let mut sleep = bench.sleep(former);
        assert!(bench.poll(&mut sleep).is_pending());
        Pin::new(&mut sleep).reset(Instant::now() + MILLISECOND);
        bench.turn_until_woken();
        assert!(bench.poll(&mut sleep).is_ready());
    }
    let (mut sleep, wakes) = (bench.sleep(HOUR), bench.wakes());
    assert!(bench.poll(&mut sleep).is_pending());
    Pin::new(&mut sleep).reset(Instant::now());
    assert_eq!(bench.wakes(), wakes + 1, "a deadline that has come needs no turn");
    assert!(bench.poll(&mut sleep).is_ready());
}

#[test]
fn a_reset_to_later_and_after_the_end_waits_again() {
    let bench = Bench::new();
    let mut sleep = bench.sleep(MILLISECOND);
    assert!(bench.poll(&mut sleep).is_pending());
    bench.turn_until_woken();
    // It has fired, and its task has not looked yet.
    Pin::new(&mut sleep).reset(Instant::now() + HOUR);
    assert!(bench.poll(&mut sleep).is_pending());
    Pin::new(&mut sleep).reset(Instant::now());
    bench.run(&mut sleep);
    Pin::new(&mut sleep).reset(Instant::now() + MILLISECOND);
    assert!(!sleep.is_elapsed());
    bench.run(&mut sleep);
}

#[test]
fn a_deadline_that_is_moved_to_later_leaves_its_timer_where_it_is() {
    let bench = Bench::new();
    let mut sleep = bench.sleep(50 * MILLISECOND);
    assert!(bench.poll(&mut sleep).is_pending());
    Pin::new(&mut sleep).reset(Instant::now() + 60 * MILLISECOND);
    assert!(bench.poll(&mut sleep).is_pending());
    assert_eq!(bench.driver.timers_len(), 1);
    bench.turn_until_woken();
    assert!(Instant::now() < sleep.deadline() || bench.poll(&mut sleep).is_ready());
    bench.run(&mut sleep);
    assert!(Instant::now() >= sleep.deadline() && sleep.is_elapsed());
    assert_eq!(bench.driver.timers_len(), 0);
}

#[test]
fn a_sleep_that_moves_between_tasks_wakes_the_last() {
    let (bench, other) = (Bench::new(), Bench::new());
    let mut sleep = bench.sleep(MILLISECOND);
    assert!(other.poll(&mut sleep).is_pending());
    assert!(bench.poll(&mut sleep).is_pending());
    bench.turn_until_woken();
    assert_eq!((bench.wakes(), other.wakes()), (1, 0));
    assert_eq!(other.driver.timers_len(), 0, "the timer is its own runtime's");
}

/// Where an executor keeps the task that it polls. The waker that it lends points here; a clone of it is the task's own.
#[derive(Default)]
struct Polled(Mutex<Arc<Count>>);

impl Polled {
    const TABLE: RawWakerVTable = RawWakerVTable::new(Self::clone, Self::wake, Self::wake, |_| ());

    /// Polls as the task that stands here.
    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        let raw = RawWaker::new(std::ptr::from_ref(self).cast(), &Self::TABLE);
        // SAFETY: `self` outlives this waker, and the table takes its data for a `Polled`.
        let waker = unsafe { Waker::from_raw(raw) };
        Pin::new(future).poll(&mut Context::from_waker(&waker))
    }

    /// Who is polled.
    fn task(data: *const ()) -> Arc<Count> {
        // SAFETY: the table is only ever used with a `Polled` that is alive (`poll`).
        let polled = unsafe { &*data.cast::<Self>() };
        polled.0.lock().unwrap().clone()
    }

    fn clone(data: *const ()) -> RawWaker {
        let waker = std::mem::ManuallyDrop::new(Waker::from(Self::task(data)));
        RawWaker::new(waker.data(), waker.vtable())
    }

    fn wake(data: *const ()) {
        Self::task(data).wake();
    }
}

#[test]
fn a_waker_whose_clone_differs_is_told_from_others() {
    let bench = Bench::new();
    let mut sleep = bench.sleep(MILLISECOND);
    let polled = Polled::default();
    let (first, second) = (Arc::<Count>::default(), Arc::<Count>::default());
    for task in [&first, &second, &second] {
        *polled.0.lock().unwrap() = Arc::clone(task);
        assert!(polled.poll(&mut sleep).is_pending());
    }
    let woken = |task: &Count| task.0.load(Ordering::SeqCst);
    while woken(&first) + woken(&second) == 0 {
        bench.driver.turn(None, &mut WakeList::new()).expect("the reactor turns");
    }
    assert_eq!((woken(&first), woken(&second)), (0, 1), "the task that polled last is woken");
}

#[test]
fn a_sleep_is_elapsed_once_it_was_polled_or_has_fired() {
    let bench = Bench::new();
    let mut over = bench.sleep(Duration::ZERO);
    assert!(!over.is_elapsed(), "nobody has polled it");
    assert!(bench.poll(&mut over).is_ready());
    assert!(over.is_elapsed());

    let mut sleep = bench.sleep(MILLISECOND);
    assert!(bench.poll(&mut sleep).is_pending());
    bench.turn_until_woken();
    assert!(sleep.is_elapsed(), "it has fired, and needs no poll to say so");

    Pin::new(&mut sleep).reset(Instant::now() + HOUR);
    assert!(!sleep.is_elapsed());
    Pin::new(&mut sleep).reset(Instant::now());
    assert!(sleep.is_elapsed(), "a deadline that is set to the past has come");
    let deadline = Instant::now() + MILLISECOND;
    Pin::new(&mut sleep).reset(deadline);
    while Instant::now() < deadline {
        std::hint::spin_loop();
    }
    assert!(sleep.is_elapsed() && bench.poll(&mut sleep).is_ready());
}

#[test]
fn what_is_elapsed_is_ready_and_what_is_not_waits() {
    let bench = Bench::new();
    // The clock passes the deadline before the tick in which it lies is over.
    for round in 0..200 {
        let mut sleep = bench.sleep(Duration::from_micros(round));
        if bench.poll(&mut sleep).is_ready() {
            continue;
        }
        while Instant::now() < sleep.deadline() {
            std::hint::spin_loop();
        }
        for _ in 0..2 {
            let elapsed = sleep.is_elapsed();
            assert!(!elapsed || bench.poll(&mut sleep).is_ready());
            bench
                .driver
                .turn(Some(Duration::ZERO), &mut WakeList::new())
                .expect("the reactor turns");
        }
    }
}

#[test]
fn a_sleep_whose_runtime_has_ended_panics_and_does_not_hang() {
    let bench = Bench::new();
    let mut sleep = bench.sleep(HOUR);
    assert!(bench.poll(&mut sleep).is_pending());
    bench.driver.close_timers();
    assert_eq!(bench.wakes(), 1);
    for mut sleep in [sleep, bench.sleep(HOUR)] {
        let poll = catch_unwind(AssertUnwindSafe(|| bench.poll(&mut sleep)));
        let message = poll.unwrap_err();
        let message = message.downcast_ref::<&str>().unwrap();
        assert!(message.contains("has ended"), "{message}");
    }
}

#[test]
fn a_timer_costs_budget_when_it_is_over() {
    let bench = Bench::new();
    let mut over = bench.sleep(Duration::ZERO);
    let mut waits = bench.sleep(HOUR);
    coop::with_budget(|| {
        for _ in 0..1_000 {
            assert!(bench.poll(&mut waits).is_pending());
        }
        assert!(coop::has_budget_left());
        let polls = std::iter::repeat_with(|| bench.poll(&mut over));
        assert!(polls.take_while(Poll::is_ready).count() < 1_000);
    });
    assert_eq!(bench.wakes(), 1, "the task that is out of budget comes again");
}

#[test]
fn a_timeout_gives_the_output_or_the_error() {
    let bench = Bench::new();
    let bound = |duration| bench.sleep(duration);
    assert_eq!(bench.run(Timeout::new(ready(7), bound(Duration::ZERO))), Ok(7));
    assert_eq!(bench.run(Timeout::new(pending::<()>(), bound(MILLISECOND))), Err(Elapsed::new()));
    let mut nested =
        pin!(Timeout::new(Timeout::new(pending::<()>(), bound(MILLISECOND)), bound(Duration::MAX)));
    assert_eq!(bench.run(nested.as_mut()), Ok(Err(Elapsed::new())));
    let error = std::io::Error::from(Elapsed::new());
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn a_timeout_bounds_a_future_that_uses_up_the_budget() {
    let bench = Bench::new();
    let greedy = poll_fn(|cx: &mut Context<'_>| -> Poll<()> {
        while let Poll::Ready(unit) = coop::poll_proceed(cx) {
            unit.spend();
        }
        Poll::Pending
    });
    let mut bounded = Timeout::new(greedy, bench.sleep(Duration::ZERO));
    assert_eq!(coop::with_budget(|| bench.poll(&mut bounded)), Poll::Ready(Err(Elapsed::new())));
}

#[test]
fn an_interval_ticks_at_its_period() {
    let bench = Bench::new();
    let period = 2 * MILLISECOND;
    let mut interval = Interval::new(bench.sleep(Duration::ZERO), period);
    let mut tick = |at_once: bool| {
        let first = bench.poll(&mut poll_fn(|cx| interval.poll_tick(cx)));
        assert!(first.is_ready() || !at_once);
        match first {
            Poll::Ready(tick) => tick,
            Poll::Pending => bench.run(poll_fn(|cx| interval.poll_tick(cx))),
        }
    };
    let first = tick(true);
    assert_eq!(tick(false), first + period);
    assert_eq!(tick(false), first + 2 * period);
}

#[test]
fn an_interval_starts_anew_when_it_is_reset() {
    let bench = Bench::new();
    let mut interval = Interval::new(bench.sleep(Duration::ZERO), HOUR);
    let poll = |interval: &mut Interval| bench.poll(&mut poll_fn(|cx| interval.poll_tick(cx)));
    assert!(poll(&mut interval).is_ready());
    assert!(poll(&mut interval).is_pending());
    interval.reset_immediately();
    assert!(matches!(poll(&mut interval), Poll::Ready(tick) if tick <= Instant::now()));
    let deadline = Instant::now();
    interval.reset_at(deadline);
    assert_eq!(poll(&mut interval), Poll::Ready(deadline));
    interval.reset();
    assert!(poll(&mut interval).is_pending());
    interval.reset_after(Duration::ZERO);
    assert!(poll(&mut interval).is_ready());
    interval.reset_after(Duration::MAX);
    assert!(poll(&mut interval).is_pending());
}

/// When the ticks of an interval of 50 ms are taken, in ms from the start, by an owner who is busy from 60 to
/// 210 ms: the clock is moved by hand.
fn taken(behavior: MissedTickBehavior) -> Vec<u64> {
    let start = Instant::now();
    let at = |milliseconds| start + Duration::from_millis(milliseconds);
    let (mut scheduled, mut taken) = (start, Vec::new());
    for _ in 0..7 {
        let now = if scheduled > at(60) { scheduled.max(at(210)) } else { scheduled };
        taken.push(now.duration_since(start).as_millis() as u64);
        scheduled = behavior.next(scheduled, now, Duration::from_millis(50));
    }
    taken
}

#[test]
fn missed_ticks_are_made_up_for_or_delayed_or_left_out() {
    assert_eq!(taken(MissedTickBehavior::Burst), [0, 50, 210, 210, 210, 250, 300]);
    assert_eq!(taken(MissedTickBehavior::Delay), [0, 50, 210, 260, 310, 360, 410]);
    assert_eq!(taken(MissedTickBehavior::Skip), [0, 50, 210, 250, 300, 350, 400]);
}

#[test]
fn a_tick_a_little_late_keeps_the_schedule() {
    let start = Instant::now();
    let period = Duration::from_millis(50);
    use MissedTickBehavior::{Burst, Delay, Skip};
    for behavior in [Burst, Delay, Skip] {
        let next = |late| behavior.next(start, start + late, period);
        assert_eq!(next(Duration::ZERO), start + period);
        assert_eq!(next(5 * MILLISECOND), start + period);
        let far = behavior.next(start, start + HOUR, Duration::MAX);
        assert!(far > start + HOUR, "it saturates");
    }
    assert_eq!(Skip.next(start, start + period, period), start + 2 * period);
}
