//! What is owed to one person: the two ends of his inbox, and the count of what went in and what came out.
//!
//! ```text
//!   broker ── Outlet::push ──► [frames] ──► Inbox::recv_many ── client ──► socket
//!                │                                                           │
//!             pushed                     owed = pushed − taken             taken
//! ```
//!
//! A frame is charged its bytes and [`FRAME_OVERHEAD`]; it counts as taken when the kernel has taken its bytes. The
//! broker never waits here: a push goes in at once or fails.

use crate::limits::{FRAME_OVERHEAD, MAX_EVENTS_PER_CLIENT};
use crate::outbound::backpressure::Intake;
use crate::outbound::frame::Frame;
use crate::outbound::side_message::{Aside, Place, Probe};
use crate::protocol::message::Departure;
use std::fmt;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use whippet::sync::mpsc::{self, error::TrySendError};

/// A pair of ends for one person.
pub(crate) fn inbox(intake: &Arc<Intake>) -> (Outlet, Inbox) {
    let places = intake.bounds().hard / FRAME_OVERHEAD as u64;
    inbox_of(intake, usize::try_from(places).unwrap_or(usize::MAX).max(1))
}

/// A pair of ends with so many places for frames.
pub(crate) fn inbox_of(intake: &Arc<Intake>, places: usize) -> (Outlet, Inbox) {
    let (sender, receiver) = mpsc::channel(places);
    let account = Arc::new(Account {
        pushed: AtomicU64::new(0),
        taken: AtomicU64::new(0),
        unhandled: AtomicU32::new(0),
        raised: AtomicU8::new(0),
        ending: Mutex::new(Ending { cut: None, farewell: None, aside: None, waker: None }),
        intake: Arc::clone(intake),
    });
    let outlet = Outlet { sender, pushed: 0, account: Arc::clone(&account) };
    (outlet, Inbox { receiver, account })
}

/// What `taken` is once a person's task is gone: more than can ever be pushed.
const SETTLED: u64 = u64::MAX / 2;

/// The broker has cut somebody.
const CUT: u8 = 1;
/// The broker has something for the task beside frames.
const ASIDE: u8 = 2;

/// His task waits for the broker to handle more of his events.
const HELD: u32 = 1 << 31;
/// The broker wants nothing more of theirs for now.
const STOPPED: u32 = 1 << 30;
/// The bits of the count of his events.
const COUNT: u32 = STOPPED - 1;

/// Whether a task with this word of events is not to read.
const fn is_full(word: u32) -> bool {
    word & STOPPED != 0 || word & COUNT >= MAX_EVENTS_PER_CLIENT
}

/// What one person was sent and has taken.
pub(crate) struct Account {
    /// All that was ever charged to him. Only the broker writes; his task reads it to see what he is owed.
    pushed: AtomicU64,
    /// How much of it is settled. Only his task writes; the broker reads. Relaxed for both: they are counts, the
    /// frames themselves travel through the channel's lock.
    taken: AtomicU64,
    /// Events of his that the broker has not handled, in the bits of [`COUNT`], with [`HELD`] and [`STOPPED`]. The task adds
    /// and holds itself, the broker subtracts, stops and lets go; every change is one step on this word, and a wake follows
    /// a letting go.
    unhandled: AtomicU32,
    /// What `ending` holds, in the bits of [`CUT`] and [`ASIDE`]: raised before the task is woken, so that a look costs no lock.
    raised: AtomicU8,
    /// Whether the broker has ended it, and what it wants beside.
    ending: Mutex<Ending>,
    /// Who wants to know when he catches up.
    intake: Arc<Intake>,
}

/// What the lock of an [`Account`] guards.
struct Ending {
    /// Why he is cut, once he is.
    cut: Option<Cut>,
    /// What he is told of it, if it is more than that.
    farewell: Option<Box<str>>,
    /// What the broker has for the task beside frames; rare.
    aside: Option<Box<Aside>>,
    /// His task, waiting for that.
    waker: Option<Waker>,
}

/// Why the broker ends a person's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// He did not read what he was sent.
    TooSlow,
    /// Whoever runs the server wants it.
    Kicked,
    /// He may not be here any more.
    Banned,
    /// The connection does not answer, and an operator wants it to end.
    Lost,
}

impl Cut {
    /// What they are told themselves, unless there is more to tell, and as far as the kernel has room for it.
    pub(crate) fn farewell(self) -> &'static str {
        match self {
            Self::TooSlow => "! disconnected: too slow to read what you are sent\r\n",
            Self::Kicked => "! you were kicked\r\n",
            Self::Banned => "! you are banned here\r\n",
            Self::Lost => "! disconnected: your connection did not answer\r\n",
        }
    }

    /// How the others are told.
    pub(crate) fn departure(self) -> Departure {
        match self {
            Self::TooSlow => Departure::TooSlow,
            Self::Kicked => Departure::Refused("kicked"),
            Self::Banned => Departure::Refused("banned"),
            Self::Lost => Departure::Lost,
        }
    }
}

impl Account {
    /// Bytes that he is owed, frames' overhead included.
    #[inline]
    pub(crate) fn owed(&self) -> u64 {
        // `taken` may be newer than `pushed` was: then nothing is owed.
        let pushed = self.pushed.load(Relaxed);
        pushed.saturating_sub(self.taken.load(Relaxed))
    }

    /// Whether he is owed so much that he is not to be read.
    #[inline]
    pub(crate) fn is_behind(&self) -> bool {
        self.owed() > self.intake.bounds().soft
    }

    /// Whether anything has been taken.
    #[inline]
    pub(crate) fn has_taken(&self) -> bool {
        self.taken.load(Relaxed) > 0
    }

    /// He hands an event with lines over.
    #[inline]
    pub(crate) fn hand_over(&self) {
        self.unhandled.fetch_add(1, Relaxed);
    }

    /// Whether they are not to be read: too many of their events wait to be handled, or the broker wants no more for now. If
    /// so, the task is woken when that is over.
    #[inline]
    pub(crate) fn is_held(&self) -> bool {
        // Most of the time one look is enough. Only his own task adds, so the second one sees all that it added.
        is_full(self.unhandled.load(Relaxed)) && is_full(self.unhandled.fetch_or(HELD, AcqRel))
    }

    /// The broker wants nothing more of theirs, or does again.
    fn stop_reading(&self, stops: bool) {
        if stops {
            self.unhandled.fetch_or(STOPPED, AcqRel);
        } else {
            let left = self.unhandled.fetch_and(!STOPPED, AcqRel) & !STOPPED;
            self.let_go(left);
        }
    }

    /// Wakes the task if it holds itself and need not any more.
    fn let_go(&self, word: u32) {
        if word & HELD != 0 && !is_full(word) {
            self.unhandled.fetch_and(!HELD, AcqRel);
            // His task says once whom to wake for a cut; this is the same. A clone of its waker is a count.
            let waker = self.lock().waker.clone();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// The broker has handled one of his events.
    fn handled(&self) {
        if self.unhandled.load(Relaxed) & COUNT == 0 {
            return;
        }
        let left = self.unhandled.fetch_sub(1, AcqRel) - 1;
        self.let_go(left);
    }

    /// The kernel took `bytes` more, and with them the last of `frames` frames.
    #[inline]
    pub(crate) fn take(&self, bytes: usize, frames: usize) {
        let charge = (bytes + frames * FRAME_OVERHEAD) as u64;
        let pushed = self.pushed.load(Relaxed);
        let before = self.taken.load(Relaxed);
        // Only his own task writes here, so load and store are one step.
        self.taken.store(before + charge, Relaxed);
        self.intake.took(pushed.saturating_sub(before), pushed.saturating_sub(before + charge));
    }

    /// Why he was cut, if he was.
    #[cfg(test)]
    pub(crate) fn cut(&self) -> Option<Cut> {
        self.lock().cut
    }

    /// The line that tells him more of it than [`Cut::farewell`], once.
    pub(crate) fn take_farewell(&self) -> Option<Box<str>> {
        self.lock().farewell.take()
    }

    /// Whether he was cut, by a look that costs nothing.
    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        // Acquire: what the broker did before is seen. Whoever is woken by the cut is woken after it was raised.
        self.raised.load(Acquire) & CUT != 0
    }

    /// Whether the broker has cut him or has something beside frames, by a look that costs nothing.
    #[inline]
    pub(crate) fn is_called(&self) -> bool {
        // Acquire, as above.
        self.raised.load(Acquire) != 0
    }

    /// What the broker has beside frames, if it has something. To be asked for when [`is_called`](Self::is_called).
    pub(crate) fn take_aside(&self) -> Option<Box<Aside>> {
        let mut ending = self.lock();
        // Under the lock, as it is raised: what comes later raises it again. Relaxed: the lock orders what is handed over.
        self.raised.fetch_and(!ASIDE, Relaxed);
        ending.aside.take()
    }

    /// Polls for the cut. Only the latest waiter is woken.
    pub(crate) fn poll_cut(&self, cx: &mut Context<'_>) -> Poll<Cut> {
        let mut ending = self.lock();
        if let Some(cut) = ending.cut {
            return Poll::Ready(cut);
        }
        let known = ending.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        if !known {
            drop(ending);
            // A waker is user code: cloned and dropped outside of the lock.
            let waker = cx.waker().clone();
            ending = self.lock();
            let old = ending.waker.replace(waker);
            let cut = ending.cut;
            drop(ending);
            drop(old);
            return cut.map_or(Poll::Pending, Poll::Ready);
        }
        Poll::Pending
    }

    /// Counts everything as taken, now and later.
    fn settle(&self) {
        let owed = self.owed();
        self.taken.store(SETTLED, Relaxed);
        self.intake.took(owed, 0);
    }

    /// Cuts him.
    fn cut_with(&self, cut: Cut, farewell: Option<Box<str>>) {
        let mut ending = self.lock();
        ending.cut = Some(cut);
        ending.farewell = farewell;
        self.raised.fetch_or(CUT, Release);
        let waker = ending.waker.take();
        drop(ending);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has something for the task beside frames.
    fn put_aside(&self, put: impl FnOnce(&mut Aside)) {
        let mut ending = self.lock();
        put(ending.aside.get_or_insert_default());
        self.raised.fetch_or(ASIDE, Release);
        // Its task says once whom to wake for a cut; this is the same.
        let waker = ending.waker.clone();
        drop(ending);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The lock. Nothing is left half changed by a panic, so poison does not matter.
    fn lock(&self) -> MutexGuard<'_, Ending> {
        self.ending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pushed, taken) = (self.pushed.load(Relaxed), self.taken.load(Relaxed));
        f.debug_struct("Account").field("pushed", &pushed).field("taken", &taken).finish()
    }
}

/// The broker's end. Dropped, it lets the client send what is in the inbox, and end.
#[derive(Debug)]
pub(crate) struct Outlet {
    /// The way into the inbox.
    sender: mpsc::Sender<Frame>,
    /// What the account's count says, at hand.
    pushed: u64,
    /// The count that the client sees.
    account: Arc<Account>,
}

/// Why a frame could not be pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PushError {
    /// He would be owed more than the hard bound, in bytes or in frames.
    PastHard,
    /// His task is gone; his leave is under way.
    Gone,
}

impl Outlet {
    /// Puts a frame into the inbox at once and says how much he is owed then.
    ///
    /// # Errors
    /// He is too far behind, or gone: the frame is dropped.
    #[inline]
    pub(crate) fn push(&mut self, frame: Frame) -> Result<u64, PushError> {
        let pushed = self.pushed + (frame.len() + FRAME_OVERHEAD) as u64;
        let owed = pushed.saturating_sub(self.account.taken.load(Relaxed));
        if owed > self.account.intake.bounds().hard {
            return Err(PushError::PastHard);
        }
        // Before the frame: the client must not have taken more than it sees pushed.
        self.pushed = pushed;
        self.account.pushed.store(pushed, Relaxed);
        match self.sender.try_send(frame) {
            Ok(()) => Ok(owed),
            Err(TrySendError::Full(_)) => Err(PushError::PastHard),
            Err(TrySendError::Closed(_)) => Err(PushError::Gone),
        }
    }

    /// All that was ever charged to him.
    #[inline]
    pub(crate) fn pushed(&self) -> u64 {
        self.pushed
    }

    /// How much of it he has taken.
    #[inline]
    pub(crate) fn taken(&self) -> u64 {
        self.account.taken.load(Relaxed)
    }

    /// How many frames are in the inbox. It takes the inbox's lock.
    pub(crate) fn queued(&self) -> usize {
        self.sender.max_capacity() - self.sender.capacity()
    }

    /// Whether his task is gone. His leave is under way.
    #[inline]
    pub(crate) fn is_gone(&self) -> bool {
        self.taken() == SETTLED
    }

    /// One of his events has been handled.
    #[inline]
    pub(crate) fn handled(&self) {
        self.account.handled();
    }

    /// Has their task read nothing more for now, or read again.
    #[inline]
    pub(crate) fn stop_reading(&self, stops: bool) {
        self.account.stop_reading(stops);
    }

    /// Whether their connection was ended so.
    #[inline]
    pub(crate) fn is_cut(&self) -> bool {
        self.account.is_cut()
    }

    /// Wants to know whether the connection answers. If it does not, the task says so by an event.
    pub(crate) fn probe(&self, probe: Probe) {
        self.account.put_aside(|aside| aside.ask(probe));
    }

    /// What stands before the line that is being edited is this from now on.
    pub(crate) fn show_place(&self, place: Place) {
        self.account.put_aside(|aside| aside.place = Some(place));
    }

    /// Ends his connection without waiting for what he is owed.
    #[cfg(test)]
    pub(crate) fn cut(&self, cut: Cut) {
        self.account.cut_with(cut, None);
    }

    /// The same, with a line of their own in the place of [`Cut::farewell`].
    pub(crate) fn cut_with_words(&self, cut: Cut, farewell: Option<Box<str>>) {
        self.account.cut_with(cut, farewell);
    }
}

/// The client's end. Dropped, it gives up what is in it.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The way out.
    receiver: mpsc::Receiver<Frame>,
    /// The count that the broker sees.
    account: Arc<Account>,
}

impl Inbox {
    /// What he is owed, and whether he is cut; share it with whatever must watch that beside the inbox.
    pub(crate) fn account(&self) -> &Arc<Account> {
        &self.account
    }

    /// Waits for frames and moves up to `limit` of them to the end of `buffer`. 0 when none will come any more.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    #[cfg(test)]
    pub(crate) async fn recv_many(&mut self, buffer: &mut Vec<Frame>, limit: usize) -> usize {
        self.receiver.recv_many(buffer, limit).await
    }

    /// Polls for frames; see [`recv_many`](Self::recv_many).
    pub(crate) fn poll_recv_many(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut Vec<Frame>,
        limit: usize,
    ) -> Poll<usize> {
        self.receiver.poll_recv_many(cx, buffer, limit)
    }

    /// The next frame, if one is there at this moment.
    ///
    /// # Errors
    /// None is there now, or none will come any more.
    #[cfg(test)]
    pub(crate) fn try_recv(&mut self) -> Result<Frame, mpsc::error::TryRecvError> {
        self.receiver.try_recv()
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        // Whoever is gone takes nothing any more: his account is settled, so that nobody waits for him.
        self.account.settle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BUFFER_OVERHEAD;
    use crate::outbound::backpressure::Bounds;
    use crate::outbound::frame::Gauge;
    use std::time::Duration;

    #[derive(Default)]
    struct Wakes(AtomicU64);

    impl std::task::Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    fn bounds(soft: u64, hard: u64) -> Arc<Intake> {
        Arc::new(Intake::new(Bounds { soft, hard, take_within: Duration::from_secs(10) }))
    }

    #[test]
    fn what_is_pushed_is_owed_until_it_is_taken() {
        let intake = bounds(200, 1000);
        let (mut outlet, mut inbox) = inbox(&intake);
        let frame = Frame::new(&[0; 100], &Gauge::new());
        assert_eq!(outlet.push(frame.clone()), Ok(164));
        assert_eq!(outlet.push(frame), Ok(328));
        assert!(inbox.account().is_behind());
        inbox.try_recv().unwrap();
        assert_eq!(inbox.account().owed(), 328, "what lies with the client is owed still");
        inbox.account().take(60, 0);
        inbox.account().take(40, 1);
        assert_eq!((inbox.account().owed(), outlet.taken()), (164, 164));
        assert!(!inbox.account().is_behind());
    }

    #[test]
    fn nothing_goes_past_the_hard_bound_in_bytes_or_frames() {
        let gauge = Gauge::new();
        let intake = bounds(100, 4 * FRAME_OVERHEAD as u64);
        let (mut outlet, _inbox) = inbox(&intake);
        let empty = Frame::new(&[], &gauge);
        for _ in 0..4 {
            assert!(outlet.push(empty.clone()).is_ok());
        }
        assert_eq!(outlet.push(empty), Err(PushError::PastHard));
        let (mut outlet, _inbox) = inbox_of(&intake, 1);
        assert!(outlet.push(Frame::new(&[], &gauge)).is_ok());
        assert_eq!(outlet.push(Frame::new(&[], &gauge)), Err(PushError::PastHard));
        assert_eq!(gauge.bytes(), 2 * BUFFER_OVERHEAD, "what was refused is gone");
    }

    #[test]
    fn whoever_is_gone_is_owed_nothing() {
        let (mut outlet, inbox) = inbox(&bounds(100, 1000));
        outlet.push(Frame::new(&[0; 10], &Gauge::new())).unwrap();
        drop(inbox);
        assert!(outlet.is_gone());
        assert_eq!(outlet.push(Frame::new(&[], &Gauge::new())), Err(PushError::Gone));
    }

    #[test]
    fn a_cut_is_seen_before_and_after_it_is_waited_for() {
        let (outlet, inbox) = inbox(&bounds(100, 1000));
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(inbox.account().poll_cut(&mut cx), Poll::Pending);
        assert_eq!(inbox.account().poll_cut(&mut cx), Poll::Pending);
        outlet.cut(Cut::TooSlow);
        assert_eq!(inbox.account().poll_cut(&mut cx), Poll::Ready(Cut::TooSlow));
        assert_eq!(inbox.account().cut(), Some(Cut::TooSlow));
    }

    #[test]
    fn whoever_has_handed_over_too_much_is_held_and_woken_when_it_is_handled() {
        let (outlet, inbox) = inbox(&bounds(100, 1000));
        let account = inbox.account();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        assert!(account.poll_cut(&mut Context::from_waker(&waker)).is_pending());
        (0..MAX_EVENTS_PER_CLIENT).for_each(|_| account.hand_over());
        outlet.handled();
        assert_eq!(wakes.0.load(Relaxed), 0, "he was not held");
        account.hand_over();
        assert!(account.is_held());
        outlet.handled();
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert!(!account.is_held());
        (0..2 * MAX_EVENTS_PER_CLIENT).for_each(|_| outlet.handled());
        assert_eq!(wakes.0.load(Relaxed), 1, "and what was never handed over is not counted");
    }

    #[test]
    fn who_is_stopped_is_held_and_woken_when_that_is_over() {
        let (outlet, inbox) = inbox(&bounds(100, 1000));
        let account = inbox.account();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        assert!(account.poll_cut(&mut Context::from_waker(&waker)).is_pending());
        outlet.stop_reading(true);
        outlet.stop_reading(false);
        assert_eq!(wakes.0.load(Relaxed), 0, "the task did not notice");
        account.hand_over();
        outlet.stop_reading(true);
        assert!(account.is_held());
        outlet.handled();
        assert_eq!(wakes.0.load(Relaxed), 0, "stopped still");
        (0..MAX_EVENTS_PER_CLIENT).for_each(|_| account.hand_over());
        outlet.stop_reading(false);
        assert!(account.is_held(), "there is too much of theirs now");
        assert_eq!(wakes.0.load(Relaxed), 0);
        outlet.handled();
        assert_eq!(wakes.0.load(Relaxed), 1);
        assert!(!account.is_held());
        outlet.stop_reading(true);
        assert!(account.is_held());
        outlet.stop_reading(false);
        assert_eq!(wakes.0.load(Relaxed), 2);
    }

    #[test]
    fn a_pause_ends_after_as_many_drains_as_were_asked_for() {
        let intake = bounds(100, 10_000);
        let (mut outlet, inbox) = inbox(&intake);
        let frame = Frame::new(&[0; 136], &Gauge::new());
        let mut drain = || {
            outlet.push(frame.clone()).unwrap();
            inbox.account().take(136, 1);
        };
        let count = intake.drains();
        assert!(!intake.pause(count, 2));
        drain();
        assert!(!intake.pause(count, 2));
        drain();
        assert!(intake.pause(count, 2));
    }
}
