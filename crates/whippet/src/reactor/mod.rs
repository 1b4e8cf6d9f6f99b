//! The reactor: descriptors that are watched, and where workers wait for them.
//!
//! It keeps a slot for each registered descriptor ([`slot`], [`registry`]): what the kernel announced, and the wakers
//! of those who wait for it. It is turned by workers ([`Reactor::turn`]), several at once if they like, and hands
//! the wakers of what happened back; it wakes nobody itself. It knows no tasks, no time and no sockets: a descriptor
//! is registered once, for everything, by a [`Registration`], through which the API makes its calls. What is to be tried
//! again after some time is kept until the poller's second alarm goes off ([`retries`]).

mod io_call;
mod readiness;
mod registration;
mod registry;
mod retries;
mod slot;
mod unused_edges;
mod waiters;

#[cfg(all(test, loom))]
mod loom_tests;
#[cfg(test)]
#[cfg(not(loom))]
mod tests;

pub(crate) use self::io_call::Remaining;
pub(crate) use self::readiness::{IoInterest, Readiness, ReadyEvent};
pub(crate) use self::registration::{Ready, Registration};

use self::readiness::{ERROR, PRIORITY, READ, READ_CLOSED, URGENT, WRITE, WRITE_CLOSED};
use self::registry::{Page, PageTable, Registry, SlotHandle};
use self::retries::{Due, Retries, TICK};
use self::unused_edges::BackOff;
use crate::sys::poller::{Event, Poller, WaitOutcome};
use crate::wake_list::WakeList;
use std::io;
use std::os::fd::BorrowedFd;
use std::task::Waker;
use std::time::Duration;

/// What one turn brought.
pub(crate) type Turn = WaitOutcome;

/// Watched descriptors, and the place where workers wait.
#[derive(Debug)]
pub(crate) struct Reactor {
    /// The kernel's side.
    poller: Poller,
    /// A slot for each descriptor.
    registry: Registry,
    /// What is tried again after some time.
    retries: Retries,
}

/// Which slot a descriptor has, and which of its users it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Token {
    /// The slot.
    index: u32,
    /// The generation that its slot had then.
    generation: u32,
}

impl Token {
    fn into_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.index)
    }

    fn from_bits(bits: u64) -> Self {
        Self { index: bits as u32, generation: (bits >> 32) as u32 }
    }
}

impl Reactor {
    /// A reactor that watches nothing.
    ///
    /// # Errors
    /// No descriptor or memory left.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { poller: Poller::new()?, registry: Registry::new(), retries: Retries::default() })
    }

    /// Waits for events, `timeout` at most; the wakers of those who waited for them go to `wakers`.
    ///
    /// # Errors
    /// The kernel's; none is expected.
    pub(crate) fn turn(
        &self,
        timeout: Option<Duration>,
        wakers: &mut WakeList,
    ) -> io::Result<Turn> {
        let mut table = None;
        let turn = self.poller.wait(timeout, |event| {
            let table = table.get_or_insert_with(|| self.registry.read());
            Self::handle(table, event, wakers);
        })?;
        drop(table);
        if turn.retry {
            self.retry(wakers);
        }
        Ok(turn)
    }

    /// A tick has come: tries again what is due.
    #[cold]
    fn retry(&self, wakers: &mut WakeList) {
        let due = self.retries.tick();
        let table = self.registry.read();
        for (token, back_off) in &due.slots {
            if let Some(slot) = table.get(token.index) {
                slot.end_backoff(token.generation, *back_off, wakers);
            }
        }
        drop(table);
        self.apply(due, wakers);
    }

    /// Keeps a direction hidden that backs off, for its time.
    fn end_backoff_later(&self, token: Token, back_off: BackOff) {
        if self.retries.add_backoff(token, back_off) {
            self.poller.arm_retry(TICK);
        }
    }

    /// Wakes a task with the next tick.
    fn wake_later(&self, waker: Waker) {
        let mut wakers = WakeList::new();
        self.apply(self.retries.add_waker(waker), &mut wakers);
        wakers.wake_all();
    }

    /// Has a tick come if one is wanted, and collects what is to be woken.
    fn apply(&self, due: Due, wakers: &mut WakeList) {
        if due.arm {
            self.poller.arm_retry(TICK);
        }
        due.wakers.into_iter().for_each(|waker| wakers.push(waker));
    }

    /// How often a direction of a descriptor backed off.
    pub(crate) fn backoffs(&self) -> u64 {
        self.retries.backoffs()
    }

    /// Announces an event to the descriptor that it is of, if that still has its slot.
    fn handle(table: &PageTable, event: Event, wakers: &mut WakeList) {
        let token = Token::from_bits(event.token);
        if let Some(slot) = table.get(token.index) {
            slot.set_ready(token.generation, bits(event), wakers);
        }
    }

    /// Ends the wait of one worker, or, when none waits, the next wait.
    pub(crate) fn notify(&self) {
        self.poller.notify();
    }

    /// Sets the alarm, which ends a wait: after so long, at once when zero; `None` unsets it.
    pub(crate) fn arm(&self, after: Option<Duration>) {
        self.poller.arm(after);
    }

    /// Watches what handlers of signals write into: a turn says when they did.
    ///
    /// # Errors
    /// The kernel's: no memory, the limit of watches.
    pub(crate) fn watch_signals(&self, descriptor: BorrowedFd<'_>) -> io::Result<()> {
        self.poller.add_signals(descriptor)
    }

    /// How many descriptors are registered.
    pub(crate) fn registered(&self) -> usize {
        self.registry.in_use()
    }

    /// How many wait for a descriptor. Looks at every slot: for metrics and tests.
    pub(crate) fn waiters(&self) -> usize {
        self.registry.waiters()
    }

    /// Ends the reactor with its runtime: tasks that wait on a descriptor, now or later, get an error instead of
    /// waiting for a turn that never comes.
    pub(crate) fn close(&self) {
        let mut wakers = WakeList::new();
        self.registry.close(&mut wakers);
        self.retries.close().into_iter().for_each(|waker| wakers.push(waker));
        // At the end of a runtime a waker that panics concerns nobody.
        wakers.wake_all_catching();
    }

    /// Watches a descriptor.
    fn register(&self, descriptor: BorrowedFd<'_>) -> io::Result<SlotHandle> {
        let (place, generation) = self.registry.allocate()?;
        let SlotHandle { page, slot } = &place;
        let token = Token { index: page.index(*slot), generation };
        self.poller
            .add(descriptor, token.into_bits())
            .inspect_err(|_| self.registry.release(page, *slot))?;
        Ok(place)
    }

    /// Stops watching a descriptor, before it is closed.
    fn deregister(&self, descriptor: Option<BorrowedFd<'_>>, page: &Page, slot: u8) {
        // An error says that the kernel does not watch it: that is what is wanted.
        let _ = descriptor.map(|descriptor| self.poller.delete(descriptor));
        page.slot(slot).retire();
        self.registry.release(page, slot);
    }
}

/// The slot's word for an event.
fn bits(event: Event) -> u32 {
    let bit = |is, bit| if is { bit } else { 0 };
    bit(event.readable, READ)
        | bit(event.writable, WRITE)
        | bit(event.read_closed, READ_CLOSED)
        | bit(event.hung_up, WRITE_CLOSED)
        | bit(event.error, ERROR)
        | bit(event.urgent, URGENT | PRIORITY)
}
