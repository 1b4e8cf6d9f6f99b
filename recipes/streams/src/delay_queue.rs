//! Items that come out when their time has come.

use futures_util::Stream;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use whippet::time::{Instant, Sleep, sleep_until};

/// Names an item of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    deadline: Instant,
    number: u64,
}

/// As `time::DelayQueue` of tokio-util: a stream of items, each after its time. An empty queue is at its end for now, and
/// goes on with the next item.
#[derive(Debug, Default)]
pub struct DelayQueue<T> {
    items: BTreeMap<Key, T>,
    /// How many items there ever were.
    count: u64,
    /// Waits for the earliest item, or one that was taken out.
    sleep: Option<Pin<Box<Sleep>>>,
    /// The task that polled last.
    waker: Option<Waker>,
}

impl<T> DelayQueue<T> {
    /// A queue without items.
    pub fn new() -> Self {
        Self { items: BTreeMap::new(), count: 0, sleep: None, waker: None }
    }

    /// Adds an item that comes out after so long.
    pub fn insert(&mut self, item: T, time: Duration) -> Key {
        self.insert_at(item, Instant::now() + time)
    }

    /// Adds an item that comes out at a moment.
    pub fn insert_at(&mut self, item: T, deadline: Instant) -> Key {
        self.count += 1;
        let key = Key { deadline, number: self.count };
        self.items.insert(key, item);
        // It may be the earliest.
        self.waker.take().into_iter().for_each(Waker::wake);
        key
    }

    /// Takes an item out.
    pub fn remove(&mut self, key: &Key) -> Option<T> {
        self.items.remove(key)
    }

    /// Moves an item to another time; it has another key then.
    pub fn reset(&mut self, key: &Key, time: Duration) -> Option<Key> {
        let item = self.remove(key)?;
        Some(self.insert(item, time))
    }

    /// How many items wait.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl<T: Unpin> Stream for DelayQueue<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let Some((&Key { deadline, .. }, _)) = this.items.first_key_value() else {
            this.sleep = None;
            this.waker = Some(cx.waker().clone());
            return Poll::Ready(None);
        };
        let sleep = this.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        if sleep.as_mut().poll(cx).is_pending() {
            this.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(this.items.pop_first().map(|(_, item)| item))
    }
}
