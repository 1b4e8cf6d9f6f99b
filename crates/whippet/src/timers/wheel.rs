//! A hierarchical timer wheel over the whole of `u64` nanoseconds.
//!
//! Time is cut into ticks of 2^16 ns (65.5 µs), which leaves 48 bits of tick number: eight digits of six bits.
//! Each digit is a level of 64 lists. A timer lies on the level of the highest digit in which its tick differs
//! from the wheel's present tick, in the list of that digit:
//!
//! ```text
//!   tick of the wheel    0 0 0 0 0 3 17 40
//!   timer for tick       0 0 0 0 0 3 17 52    level 0, list 52: fires from there
//!   timer for tick       0 0 0 0 0 3 20  9    level 1, list 20: moves down when the wheel gets to 3 20 0
//!   timer for tick      63 1 0 0 0 0  0  0    level 7, list 63: no deadline is too far
//! ```
//!
//! So insert, remove and finding the earliest take a fixed number of steps, whatever the number of timers, and a
//! timer moves down seven times at most. All ticks on a level are earlier than all on the level above.
//!
//! A tick is due when its *last* nanosecond has come: a timer is never early, at most a tick late, and the timers
//! of a tick cost one wake-up of the thread together. Counting from the last nanosecond, there is no rounding up,
//! hence nothing overflows: the last tick is due at `u64::MAX`.

use crate::paged_slab::PagedSlab;
use crate::wake_list::WakeList;
use std::task::Waker;

/// Bits of a nanosecond count below the tick: 65.5 µs, fine beside the promised millisecond, coarse enough that
/// timers set one after the other share wake-ups.
const TICK_BITS: u32 = 16;

/// The nanoseconds of a tick after its first.
const TICK_MASK: u64 = (1 << TICK_BITS) - 1;

/// Bits of a digit: 64 lists a level, whose occupancy is one word.
const LEVEL_BITS: u32 = 6;

/// Lists on a level.
const LISTS: usize = 1 << LEVEL_BITS;

/// Levels: as many digits as the tick number has, so no deadline lies outside.
const LEVELS: usize = ((u64::BITS - TICK_BITS) / LEVEL_BITS) as usize;

/// The last tick of `u64` nanoseconds.
const LAST_TICK: u64 = u64::MAX >> TICK_BITS;

/// The index that means "no timer" in a list.
const NONE: u32 = u32::MAX;

/// Names one timer to the wheel that gave it. The owner gives it back with [`Timers::remove`], or loses it when
/// [`Timers::poll`] answers that the timer fired.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a timer whose key is lost stays in the wheel until it fires, and its place for ever"]
pub(crate) struct TimerKey {
    /// The place of the timer in the pages.
    index: u32,
    /// The stamp of the timer: a key that outlived its timer does not fit the next one in the place.
    stamp: u32,
}

/// The answer of [`Timers::poll`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polled {
    /// The timer has fired; its key is void.
    Fired,
    /// It waits and will wake the task of the given waker.
    Waiting,
    /// It waits with the waker of another task: hand over a clone with [`Timers::replace_waker`].
    OtherWaker,
}

/// Where a timer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeState {
    /// In a list of this level, that of its tick's digit there.
    Level(u8),
    /// In no list: it fired, and waits for its owner to collect it.
    Fired,
}

/// One timer: 40 bytes.
#[derive(Debug)]
struct Node {
    /// Whom to wake; gone once it has fired.
    waker: Option<Waker>,
    /// The moment after which it is due; never before the wheel's present tick.
    deadline: u64,
    /// The timer before it in its list, or [`NONE`].
    before: u32,
    /// The timer after it in its list, or [`NONE`].
    after: u32,
    /// What its key must say.
    stamp: u32,
    /// Where it is.
    state: NodeState,
}

/// A list of timers, first in first out.
#[derive(Debug, Clone, Copy)]
struct List {
    /// The first timer, or [`NONE`].
    head: u32,
    /// The last timer, or [`NONE`].
    tail: u32,
    /// No timer in it has an earlier deadline. It is not raised when the earliest is removed, which at worst brings
    /// one idle turn; it lets the thread sleep through the moments at which lists would move down a level.
    earliest: u64,
}

impl List {
    /// A list of none.
    const EMPTY: Self = Self { head: NONE, tail: NONE, earliest: u64::MAX };
}

/// The timer wheel (see the module docs).
#[derive(Debug)]
pub(crate) struct Timers {
    /// The lists of all levels, level by level.
    lists: Box<[List]>,
    /// A word a level: a bit for each list that is not empty.
    occupied: [u64; LEVELS],
    /// The present tick of the wheel: all before it were fired. Never decreases, never beyond [`LAST_TICK`].
    ///
    /// On each level above 0 the list of this tick's own digit is empty, unless it is being moved down: then the
    /// wheel stands at that list's first tick until the list is empty.
    present: u64,
    /// The timers, waiting or fired and not yet collected.
    nodes: PagedSlab<Node>,
    /// The stamp of the next timer. It may come round: a key is used by its owner alone, who gives it up with the
    /// timer, so the stamp is a check on whippet's own code and not what keeps timers apart.
    next_stamp: u32,
    /// How many wait.
    waiting: usize,
}

impl Timers {
    /// A wheel at nanosecond 0 without a timer.
    pub(crate) fn new() -> Self {
        Self {
            lists: vec![List::EMPTY; LEVELS * LISTS].into_boxed_slice(),
            occupied: [0; LEVELS],
            present: 0,
            nodes: PagedSlab::new(),
            next_stamp: 0,
            waiting: 0,
        }
    }

    /// How many timers wait.
    pub(crate) const fn len(&self) -> usize {
        self.waiting
    }

    /// Adds a timer that wakes `waker` once `deadline` has come. One that is past is due at the end of the
    /// present tick.
    pub(crate) fn insert(&mut self, deadline: u64, waker: Waker) -> TimerKey {
        let stamp = self.next_stamp;
        self.next_stamp = stamp.wrapping_add(1);
        let index = self.nodes.insert(Node {
            waker: Some(waker),
            deadline: self.not_past(deadline),
            before: NONE,
            after: NONE,
            stamp,
            state: NodeState::Fired,
        });
        self.link(index);
        self.waiting += 1;
        TimerKey { index, stamp }
    }

    /// Asks whether the timer of `key` has fired; if so the key is void and the timer's place is free again.
    pub(crate) fn poll(&mut self, key: &TimerKey, waker: &Waker) -> Polled {
        let Some(node) = self.node(key) else { return Polled::Fired };
        match &node.waker {
            Some(known) if known.will_wake(waker) => Polled::Waiting,
            Some(_) => Polled::OtherWaker,
            None => {
                self.nodes.remove(key.index);
                Polled::Fired
            }
        }
    }

    /// Whether a timer has fired, for a look that leaves it to be collected.
    pub(crate) fn has_fired(&mut self, key: &TimerKey) -> bool {
        self.node(key).is_none_or(|node| node.waker.is_none())
    }

    /// Gives a waiting timer another waker. What comes back is to be dropped outside of the lock: the former
    /// waker, or the new one when the timer has fired meanwhile.
    ///
    /// # Errors
    /// The new waker, when the timer has fired: ask [`Timers::poll`].
    pub(crate) fn replace_waker(&mut self, key: &TimerKey, waker: Waker) -> Result<Waker, Waker> {
        match self.node(key).and_then(|node| node.waker.as_mut()) {
            Some(known) => Ok(std::mem::replace(known, waker)),
            None => Err(waker),
        }
    }

    /// Gives a waiting timer another deadline; it keeps its waker. Answers `false` when it has fired already.
    pub(crate) fn reset(&mut self, key: &TimerKey, deadline: u64) -> bool {
        let deadline = self.not_past(deadline);
        let Some(NodeState::Level(level)) = self.node(key).map(|node| node.state) else {
            return false;
        };
        self.unlink(key.index, level);
        if let Some(node) = self.nodes.get_mut(key.index) {
            node.deadline = deadline;
        }
        self.link(key.index);
        true
    }

    /// Takes a timer out, whether it waits or has fired. Its waker comes back to be dropped outside of the lock.
    pub(crate) fn remove(&mut self, key: &TimerKey) -> Option<Waker> {
        if let NodeState::Level(level) = self.node(key)?.state {
            self.unlink(key.index, level);
            self.waiting -= 1;
        }
        self.nodes.remove(key.index)?.waker
    }

    /// No timer is due before this moment; `None` when none waits. It is exact to the tick, but may be too early
    /// when a timer was removed.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        let (level, digit) = self.first_list()?;
        if level > 0 && digit == digit_of(self.present, level) {
            // A list on its way down: the next turn goes on with it at once.
            return Some(self.present << TICK_BITS);
        }
        Some(self.lists[level * LISTS + digit].earliest | TICK_MASK)
    }

    /// The same to the nanosecond. Looks at all lists: for a clock that stands still between deadlines.
    pub(crate) fn next_exact_deadline(&self) -> Option<u64> {
        self.lists.iter().map(|list| list.earliest).min().filter(|_| self.waiting > 0)
    }

    /// Fires what is due at `now`, in the order of ticks, and puts the wakers into `wakers`.
    ///
    /// Answers whether more is to be done: one call fires or moves at most `limit` timers, so that a thread that waits
    /// for the lock around the wheel waits for a bounded time. A `now` before an earlier one does no harm.
    #[must_use = "when more is due, the caller must come back at once"]
    pub(crate) fn expire(&mut self, now: u64, wakers: &mut WakeList, limit: usize) -> bool {
        // Ticks that are over entirely: 2^48 of them at u64::MAX, one more than there are tick numbers below.
        let over = (now >> TICK_BITS) + u64::from(now & TICK_MASK == TICK_MASK);
        let target = over.min(LAST_TICK);
        let mut steps = limit;
        while let Some((level, digit)) = self.first_list() {
            let start = first_tick(self.present, level, digit);
            let due = if level == 0 { start < over } else { start <= target };
            if !due {
                break;
            }
            if steps == 0 {
                return true;
            }
            self.present = start;
            steps = match level {
                0 => self.fire(digit, wakers, steps),
                _ => self.move_down(level, digit, steps),
            };
        }
        // No list begins at or before the target, so each timer keeps its level and list as the wheel moves on.
        self.present = self.present.max(target);
        false
    }

    /// Fires what is due at `now` to the nanosecond, for a clock that is moved by hand: see [`Timers::expire`].
    #[must_use = "when more is due, the caller must come back at once"]
    pub(crate) fn expire_exact(&mut self, now: u64, wakers: &mut WakeList, limit: usize) -> bool {
        if self.expire(now, wakers, limit) {
            return true;
        }
        // All ticks that are over were fired; those of the tick that `now` lies in are on level 0, in one list.
        if self.present != now >> TICK_BITS {
            return false;
        }
        let list = digit_of(self.present, 0);
        let mut earliest = u64::MAX;
        let mut index = self.lists[list].head;
        while let Some(node) = self.nodes.get_mut(index) {
            let (after, deadline) = (node.after, node.deadline);
            if deadline <= now {
                self.fire_one(index, wakers);
            } else {
                earliest = earliest.min(deadline);
            }
            index = after;
        }
        self.lists[list].earliest = earliest;
        false
    }

    /// Fires up to `steps` timers of a list of level 0; answers how many steps are left.
    fn fire(&mut self, digit: usize, wakers: &mut WakeList, mut steps: usize) -> usize {
        while steps > 0 {
            let index = self.lists[digit].head;
            if index == NONE {
                break;
            }
            self.fire_one(index, wakers);
            steps -= 1;
        }
        steps
    }

    /// Fires a timer on level 0.
    fn fire_one(&mut self, index: u32, wakers: &mut WakeList) {
        self.unlink(index, 0);
        self.waiting -= 1;
        if let Some(waker) = self.nodes.get_mut(index).and_then(|node| node.waker.take()) {
            wakers.push(waker);
        }
    }

    /// Moves up to `steps` timers of a list, at whose first tick the wheel stands, to the levels below; answers
    /// how many steps are left.
    fn move_down(&mut self, level: usize, digit: usize, mut steps: usize) -> usize {
        while steps > 0 {
            let index = self.lists[level * LISTS + digit].head;
            if index == NONE {
                break;
            }
            self.unlink(index, level as u8);
            self.link(index);
            steps -= 1;
        }
        steps
    }

    /// Level and digit of the list to look at first: one that is on its way down (what is in it may be earlier
    /// than anything below), else the first on the lowest level that is not empty.
    fn first_list(&self) -> Option<(usize, usize)> {
        let mut first = None;
        for level in (0..LEVELS).rev() {
            let occupied = self.occupied[level];
            if occupied == 0 {
                continue;
            }
            let digit = occupied.trailing_zeros() as usize;
            first = Some((level, digit));
            if level > 0 && digit == digit_of(self.present, level) {
                break;
            }
        }
        first
    }

    /// A deadline that lies before the wheel's present tick is as good as its first moment.
    fn not_past(&self, deadline: u64) -> u64 {
        deadline.max(self.present << TICK_BITS)
    }

    /// The node of a key, unless it is gone.
    fn node(&mut self, key: &TimerKey) -> Option<&mut Node> {
        self.nodes.get_mut(key.index).filter(|node| node.stamp == key.stamp)
    }

    /// Appends a timer to the list that its tick has from the present one.
    fn link(&mut self, index: u32) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        let tick = node.deadline >> TICK_BITS;
        let level = level_of(self.present, tick);
        let digit = digit_of(tick, level);
        let list = &mut self.lists[level * LISTS + digit];
        let last = std::mem::replace(&mut list.tail, index);
        list.earliest = list.earliest.min(node.deadline);
        (node.before, node.after) = (last, NONE);
        node.state = NodeState::Level(level as u8);
        match self.nodes.get_mut(last) {
            Some(last) => last.after = index,
            None => list.head = index,
        }
        self.occupied[level] |= 1 << digit;
    }

    /// Takes a timer out of its list, which is on `level`; it counts as fired until it is linked again.
    fn unlink(&mut self, index: u32, level: u8) {
        let Some(node) = self.nodes.get_mut(index) else { return };
        node.state = NodeState::Fired;
        let (before, after) = (node.before, node.after);
        let digit = digit_of(node.deadline >> TICK_BITS, usize::from(level));
        let list = &mut self.lists[usize::from(level) * LISTS + digit];
        match self.nodes.get_mut(before) {
            Some(before) => before.after = after,
            None => list.head = after,
        }
        match self.nodes.get_mut(after) {
            Some(after) => after.before = before,
            None => list.tail = before,
        }
        if list.head == NONE {
            list.earliest = u64::MAX;
            self.occupied[usize::from(level)] &= !(1 << digit);
        }
    }

    /// Timers that fired and were not collected yet.
    #[cfg(test)]
    pub(super) fn uncollected(&self) -> usize {
        self.nodes.len() - self.waiting
    }
}

/// The digit of a tick on a level.
#[inline]
const fn digit_of(tick: u64, level: usize) -> usize {
    (tick >> (level as u32 * LEVEL_BITS)) as usize % LISTS
}

/// The level of a tick that is not before `present`: that of the highest digit in which they differ.
#[inline]
const fn level_of(present: u64, tick: u64) -> usize {
    ((present ^ tick) | 1).ilog2() as usize / LEVEL_BITS as usize
}

/// The first tick of a list: the digits of `present` above its level, its own digit, and zeros.
#[inline]
const fn first_tick(present: u64, level: usize, digit: usize) -> u64 {
    let shift = level as u32 * LEVEL_BITS;
    let above = (present >> shift) & !(LISTS as u64 - 1);
    (above | digit as u64) << shift
}

/// A timer stays within one cache line.
const _: () = assert!(size_of::<Option<Node>>() <= 48);
