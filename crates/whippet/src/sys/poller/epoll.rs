//! Readiness: one epoll with an eventfd, which ends a wait, and two timerfds: the alarm, and the one for retries.
//!
//! All of them are edge-triggered, and any number of threads wait at once: the kernel hands each edge to one of them.
//! So a thread that leaves with an event hands nothing over: a thread that waits still takes the next event, the next
//! notification and the next alarm. Neither the eventfd nor a timerfd is ever read: an edge comes with each
//! write and each expiry, whatever was counted before.

use super::{Event, WaitOutcome};
use crate::sys::thread;
use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::io::{Errno, retry_on_intr};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

/// Events of one wait: enough to spread the cost of the call, few enough that several workers share a burst, and
/// that the buffer (1.5 KiB) stands on the stack.
const EVENTS: usize = 128;
/// The token of the eventfd. Above all tokens of descriptors.
const NOTIFIED: u64 = u64::MAX;
/// The token of the alarm's timerfd.
const ALARM: u64 = u64::MAX - 1;
/// The token of what handlers of signals write into.
const SIGNALS: u64 = u64::MAX - 2;
/// The token of the timerfd for retries. Below it are the tokens of descriptors.
const RETRY: u64 = u64::MAX - 3;

/// How long a wait takes that the kernel refuses: a thread that waits tries again, and must not spin. Short enough that nobody
/// notices once the kernel has what it was short of.
const REFUSED: Duration = Duration::from_millis(10);

/// The place where threads wait for the kernel.
#[derive(Debug)]
pub(crate) struct Poller {
    /// The epoll.
    epoll: OwnedFd,
    /// Ends a wait.
    notifier: OwnedFd,
    /// Ends a wait at a moment.
    alarm: OwnedFd,
    /// Ends a wait when something is to be tried again.
    retry: OwnedFd,
}

impl Poller {
    /// A poller.
    ///
    /// # Errors
    /// No descriptor or memory left.
    pub(crate) fn new() -> io::Result<Self> {
        let poller = Self {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            notifier: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            alarm: timer()?,
            retry: timer()?,
        };
        let edge = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&poller.epoll, &poller.notifier, epoll::EventData::new_u64(NOTIFIED), edge)?;
        epoll::add(&poller.epoll, &poller.alarm, epoll::EventData::new_u64(ALARM), edge)?;
        epoll::add(&poller.epoll, &poller.retry, epoll::EventData::new_u64(RETRY), edge)?;
        Ok(poller)
    }

    /// Watches a descriptor for everything, edge-triggered. `token` is below those of the poller's own.
    ///
    /// # Errors
    /// The kernel's: no memory, the limit of watches, a descriptor that cannot be watched.
    pub(crate) fn add(&self, descriptor: impl AsFd, token: u64) -> io::Result<()> {
        debug_assert!(token < RETRY, "a token that is the poller's own");
        let all = epoll::EventFlags::IN
            | epoll::EventFlags::OUT
            | epoll::EventFlags::PRI
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        let data = epoll::EventData::new_u64(token);
        Ok(retry_on_intr(|| epoll::add(&self.epoll, descriptor.as_fd(), data, all))?)
    }

    /// Watches what handlers of signals write into, for as long as it is open.
    ///
    /// # Errors
    /// The kernel's: no memory, the limit of watches.
    pub(crate) fn add_signals(&self, descriptor: impl AsFd) -> io::Result<()> {
        let edge = epoll::EventFlags::IN | epoll::EventFlags::ET;
        let data = epoll::EventData::new_u64(SIGNALS);
        Ok(retry_on_intr(|| epoll::add(&self.epoll, descriptor.as_fd(), data, edge))?)
    }

    /// Stops watching a descriptor. To be called before it is closed: a duplicate would keep the watch alive.
    ///
    /// # Errors
    /// The kernel's, when it is not watched.
    pub(crate) fn delete(&self, descriptor: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, descriptor)?)
    }

    /// Ends the wait of one thread, or, when none waits, the next wait.
    pub(crate) fn notify(&self) {
        let one = 1_u64.to_ne_bytes();
        // EAGAIN, the only error there is, says that the counter is full after 2⁶⁴ notifications: it is emptied.
        while rustix::io::write(&self.notifier, &one) == Err(Errno::AGAIN) {
            let _ = rustix::io::read(&self.notifier, &mut [0_u8; 8]);
        }
    }

    /// Sets the alarm to go off after so long, at once when zero; `None` unsets it.
    pub(crate) fn arm(&self, after: Option<Duration>) {
        // Zero would unset it.
        set(&self.alarm, after.map_or(Duration::ZERO, |after| after.max(Duration::from_nanos(1))));
    }

    /// Ends a wait after so long, which is not zero, by [`WaitOutcome::retry`].
    pub(crate) fn arm_retry(&self, after: Duration) {
        set(&self.retry, after);
    }

    /// Waits for events, for `timeout` at most, and gives each to `on_event`. An interrupted wait brings nothing.
    ///
    /// # Errors
    /// The kernel's; none is expected. They come after a pause, unless the timeout is zero.
    pub(crate) fn wait(
        &self,
        timeout: Option<Duration>,
        mut on_event: impl FnMut(Event),
    ) -> io::Result<WaitOutcome> {
        let mut buffer = [const { MaybeUninit::<epoll::Event>::uninit() }; EVENTS];
        let refused = timeout.map_or(REFUSED, |timeout| timeout.min(REFUSED));
        let timeout = timeout.map(timespec);
        let events = match epoll::wait(&self.epoll, &mut buffer[..], timeout.as_ref()) {
            Ok((events, _)) => events,
            Err(Errno::INTR) => return Ok(WaitOutcome::default()),
            Err(error) => {
                thread::pause(refused);
                return Err(error.into());
            }
        };
        let mut waited = WaitOutcome::default();
        for event in events.iter() {
            let (token, flags) = (event.data.u64(), event.flags);
            match token {
                NOTIFIED => waited.notified = true,
                ALARM => waited.alarm = true,
                SIGNALS => waited.signals = true,
                RETRY => waited.retry = true,
                _ => {
                    waited.events += 1;
                    on_event(Event::new(token, flags));
                }
            }
        }
        Ok(waited)
    }
}

impl Event {
    fn new(token: u64, flags: epoll::EventFlags) -> Self {
        use epoll::EventFlags as Flags;
        let any = |wanted| flags.intersects(wanted);
        Self {
            token,
            readable: any(Flags::IN | Flags::PRI | Flags::RDHUP | Flags::HUP | Flags::ERR),
            writable: any(Flags::OUT | Flags::HUP | Flags::ERR),
            read_closed: any(Flags::RDHUP | Flags::HUP),
            hung_up: any(Flags::HUP),
            error: any(Flags::ERR),
            urgent: any(Flags::PRI),
        }
    }
}

/// A timer that is not set.
fn timer() -> io::Result<OwnedFd> {
    let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
    Ok(timerfd_create(TimerfdClockId::Monotonic, flags)?)
}

/// Sets a timer to go off once after so long; zero unsets it.
fn set(timer: &OwnedFd, after: Duration) {
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    let time = Itimerspec { it_interval: never, it_value: timespec(after) };
    let set = timerfd_settime(timer, TimerfdTimerFlags::empty(), &time);
    debug_assert!(set.is_ok(), "a timerfd takes every time that a timespec can hold: {set:?}");
}

/// A duration as the kernel takes it; the longest that it can hold for one that is longer.
fn timespec(duration: Duration) -> Timespec {
    let tv_sec = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: duration.subsec_nanos().into() }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::*;
    use crate::sys::socket;
    use std::sync::Arc;

    /// A wait that looks and does not wait.
    const LOOK: Option<Duration> = Some(Duration::ZERO);
    /// A wait in which an event must come.
    const LONG: Option<Duration> = Some(Duration::from_secs(20));

    fn wait(poller: &Poller, timeout: Option<Duration>) -> WaitOutcome {
        poller.wait(timeout, drop).unwrap()
    }

    #[test]
    fn a_notification_is_kept_for_the_next_wait_and_several_are_one() {
        let poller = Poller::new().unwrap();
        assert!(!wait(&poller, LOOK).notified);
        poller.notify();
        poller.notify();
        assert!(wait(&poller, LONG).notified);
        assert!(
            !wait(&poller, LOOK).notified,
            "the eventfd is never read, and still an edge is one"
        );
        poller.notify();
        assert!(wait(&poller, LONG).notified);
    }

    #[test]
    fn a_full_counter_does_not_swallow_a_notification() {
        let poller = Poller::new().unwrap();
        let nearly_full = (u64::MAX - 1).to_ne_bytes();
        rustix::io::write(&poller.notifier, &nearly_full).unwrap();
        assert!(wait(&poller, LONG).notified);
        poller.notify();
        assert!(wait(&poller, LONG).notified);
    }

    #[test]
    fn a_wait_that_the_kernel_refuses_takes_its_time_and_a_look_does_not_begin_to_wait() {
        let poller = Poller::new().unwrap();
        // Any descriptor that is no epoll.
        let epoll = poller.notifier.try_clone().unwrap();
        let poller = Poller { epoll, ..poller };
        for timeout in [None, LONG] {
            let began = crate::sys::clock::now();
            assert!(poller.wait(timeout, drop).is_err());
            assert!(began.elapsed() >= REFUSED, "a thread that tries again at once spins");
        }
        assert!(poller.wait(LOOK, drop).is_err());
    }

    #[test]
    fn each_waiting_thread_gets_a_notification_of_its_own() {
        let poller = Arc::new(Poller::new().unwrap());
        let threads: Vec<_> = (0..4)
            .map(|index| {
                let poller = Arc::clone(&poller);
                let body = move || {
                    assert!(poller.wait(LONG, drop).is_ok_and(|waited| waited.notified));
                    // The next one's turn: nobody else notifies.
                    poller.notify();
                };
                thread::start(format!("waiter-{index}"), None, body).unwrap()
            })
            .collect();
        poller.notify();
        for thread in threads {
            thread.join().unwrap();
        }
    }

    #[test]
    fn the_alarm_goes_off_at_once_later_or_never() {
        let poller = Poller::new().unwrap();
        poller.arm(Some(Duration::ZERO));
        assert!(wait(&poller, LONG).alarm);
        assert!(!wait(&poller, LOOK).alarm);
        poller.arm(Some(Duration::from_millis(1)));
        assert!(wait(&poller, LONG).alarm, "an alarm that was never read goes off again");
        poller.arm(Some(Duration::MAX));
        assert!(!wait(&poller, LOOK).alarm);
        poller.arm(Some(Duration::ZERO));
        poller.arm(None);
        assert!(!wait(&poller, LOOK).alarm);
    }

    #[test]
    fn what_happens_to_a_socket_is_told_once() {
        let poller = Poller::new().unwrap();
        let (near, far) = socket::unix_pair(socket::Kind::STREAM).unwrap();
        poller.add(&near, 7).unwrap();
        let mut events = Vec::new();
        poller.wait(LONG, |event| events.push(event)).unwrap();
        assert!(events[0].token == 7 && events[0].writable && !events[0].readable);
        assert_eq!(wait(&poller, LOOK).events, 0, "edges, not levels");
        socket::send(&far, b"x").unwrap();
        events.clear();
        poller.wait(LONG, |event| events.push(event)).unwrap();
        assert!(events[0].readable && !events[0].read_closed && !events[0].hung_up);
        drop(far);
        events.clear();
        poller.wait(LONG, |event| events.push(event)).unwrap();
        assert!(events[0].read_closed && events[0].hung_up && events[0].writable);
    }
}
