//! The signals that a runtime listens for.
//!
//! Handlers of signals cannot wake a task, so they mark which signal came and write a byte ([`crate::sys::signal`]). The
//! turn that finds the byte *announces* what is marked: it counts, and collects the wakers of those who listen. A handler stays
//! until the runtime ends; listeners come and go, at the price of a lock.
//!
//! ```text
//!   handler: mark, byte ──► reactor ──► announce: take bytes, take marks, count ──► wakers of all who listen
//!                                        listener: the count when it last heard ◄── is the count another?
//! ```
//!
//! *The race.* A byte that comes while bytes are taken brings the next turn; a mark is set before its byte is written, and
//! marks are taken after the bytes: so each mark is found by this turn or the next. Which of several workers announces
//! makes no difference. A signal that was not announced yet is heard by a listener that begins now: listening
//! again in each turn of a task loses only what is announced between two of its turns.

use crate::loom::Mutex;
use crate::reactor::Reactor;
use crate::shutdown_error::shutdown_error;
use crate::sys::signal::{Hook, Source};
use crate::unwind::drop_waker;
use crate::wake_list::WakeList;
use slab::Slab;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// The signals that a runtime listens for, or did (see the module docs).
#[derive(Debug)]
pub(crate) struct Signals {
    /// Who watches for bytes.
    reactor: Arc<Reactor>,
    /// The rest.
    state: Mutex<State>,
}

/// What the lock guards.
#[derive(Debug, Default)]
struct State {
    /// A kind for each signal that was listened for. Their hooks go before the source does.
    kinds: Vec<Kind>,
    /// What their handlers write into, from the first one on.
    source: Option<Source>,
    /// Whether the runtime has ended.
    closed: bool,
}

/// One signal.
#[derive(Debug)]
struct Kind {
    /// Its number.
    number: i32,
    /// Its handler; none when the runtime has ended.
    hook: Option<Hook>,
    /// How often it was announced (wraps).
    announced: u64,
    /// For each listener the waker with which it waits, while it does.
    listeners: Slab<Option<Waker>>,
}

/// A listener for one signal.
#[derive(Debug)]
pub(crate) struct SignalListener {
    /// Who announces.
    signals: Arc<Signals>,
    /// Which of the kinds.
    kind: usize,
    /// Which of its listeners.
    key: usize,
    /// What the kind's count was when this one last heard.
    heard: u64,
}

impl Signals {
    /// Nobody listens yet.
    pub(super) fn new(reactor: Arc<Reactor>) -> Self {
        Self { reactor, state: Mutex::default() }
    }

    /// Listens for a signal. What was announced before is not heard.
    ///
    /// # Errors
    /// A signal that cannot be caught; no descriptor left; the runtime has ended.
    pub(crate) fn listen(self: &Arc<Self>, number: i32) -> io::Result<SignalListener> {
        let mut state = self.state.lock();
        let index = state.kind(number, &self.reactor)?;
        let kind = &mut state.kinds[index];
        let key = kind.listeners.insert(None);
        Ok(SignalListener { signals: Arc::clone(self), kind: index, key, heard: kind.announced })
    }

    /// Announces the signals that came, and collects the wakers of those who listen for them.
    pub(super) fn announce_pending(&self, wakers: &mut WakeList) {
        let mut state = self.state.lock();
        if let Some(source) = &state.source {
            source.drain();
        }
        for kind in &mut state.kinds {
            if kind.hook.as_ref().is_some_and(Hook::take) {
                kind.announced = kind.announced.wrapping_add(1);
                kind.take_wakers(wakers);
            }
        }
    }

    /// The runtime ends: no handler is left behind, and all who listen are told.
    pub(crate) fn close(&self) {
        let mut wakers = WakeList::new();
        let mut state = self.state.lock();
        state.closed = true;
        state.kinds.iter_mut().for_each(|kind| kind.take_wakers(&mut wakers));
        let hooks: Vec<_> = state.kinds.iter_mut().filter_map(|kind| kind.hook.take()).collect();
        let source = state.source.take();
        drop(state);
        // No handler writes into a socket whose other end is closed.
        drop(hooks);
        drop(source);
        wakers.wake_all_catching();
    }
}

impl State {
    /// The place of a signal among the kinds; installs its handler if it is new.
    fn kind(&mut self, number: i32, reactor: &Reactor) -> io::Result<usize> {
        if self.closed {
            return Err(shutdown_error());
        }
        if let Some(index) = self.kinds.iter().position(|kind| kind.number == number) {
            return Ok(index);
        }
        if self.source.is_none() {
            let source = Source::new()?;
            reactor.watch_signals(source.as_fd())?;
            self.source = Some(source);
        }
        let Some(source) = &self.source else { unreachable!("it was made above") };
        let hook = Some(source.hook(number)?);
        self.kinds.push(Kind { number, hook, announced: 0, listeners: Slab::new() });
        Ok(self.kinds.len() - 1)
    }
}

impl Kind {
    fn take_wakers(&mut self, wakers: &mut WakeList) {
        self.listeners
            .iter_mut()
            .filter_map(|(_, waker)| waker.take())
            .for_each(|w| wakers.push(w));
    }
}

impl SignalListener {
    /// Waits for the signal to be announced. Pending: the task will be woken; the latest waker counts. None: the runtime
    /// has ended.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<()>> {
        // Cloned and dropped outside of the lock: it is a user's.
        let waker = cx.waker().clone();
        let mut state = self.signals.state.lock();
        let closed = state.closed;
        let kind = &mut state.kinds[self.kind];
        let (polled, unneeded) = if self.heard != kind.announced {
            self.heard = kind.announced;
            (Poll::Ready(Some(())), Some(waker))
        } else if closed {
            (Poll::Ready(None), Some(waker))
        } else {
            (Poll::Pending, kind.listeners[self.key].replace(waker))
        };
        drop(state);
        drop_waker(unneeded);
        polled
    }
}

impl Drop for SignalListener {
    fn drop(&mut self) {
        let waker = self.signals.state.lock().kinds[self.kind].listeners.remove(self.key);
        // Outside of the lock: it is a user's.
        drop_waker(waker);
    }
}

#[cfg(all(test, loom))]
impl Signals {
    /// The handler of the first signal that was listened for.
    pub(super) fn model(&self) -> crate::sys::signal::Model {
        let state = self.state.lock();
        state.kinds.iter().find_map(|kind| kind.hook.as_ref()).expect("there is one").model()
    }
}
