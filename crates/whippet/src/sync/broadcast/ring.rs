//! The last values of a broadcast channel, each in a slot with a lock of its own.
//!
//! A value has a position: the first is 0, and they are never used again. It lies in slot `position % capacity` until
//! the value of `position + capacity` takes its place, or all receivers have had it.
//!
//! A value is cloned under the lock of its slot. So `T` need not be `Sync`; a clone that takes long delays others that want
//! the same value, and the sender that reuses the slot.

use crate::loom::Mutex;

/// What holds of a slot whose `remaining` is not zero.
const AWAITED: &str = "a value that a receiver is still to have is there";

/// One place of the ring.
#[derive(Debug)]
struct Slot<T> {
    /// The position of the value that was put here last.
    position: u64,
    /// How many receivers are still to have it.
    remaining: usize,
    /// The value, as long as there are some.
    value: Option<T>,
}

/// What a receiver finds at a position.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found<T> {
    /// The value.
    Value(T),
    /// It was overwritten, by the value of this position or a later one.
    Overwritten(u64),
}

/// The slots (see the module docs).
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// The slots, a power of two.
    slots: Box<[Mutex<Slot<T>>]>,
}

impl<T> Ring<T> {
    /// A ring for at least `capacity` values.
    pub(super) fn new(capacity: usize) -> Self {
        let empty = |_| Mutex::new(Slot { position: 0, remaining: 0, value: None });
        Self { slots: (0..capacity.next_power_of_two()).map(empty).collect() }
    }

    /// How many values it keeps.
    pub(super) fn capacity(&self) -> u64 {
        self.slots.len() as u64
    }

    /// The slot of a position.
    fn slot(&self, position: u64) -> &Mutex<Slot<T>> {
        // The remainder fits, whatever part of the position is cut off: the capacity is a power of two.
        &self.slots[position as usize & (self.slots.len() - 1)]
    }

    /// Puts a value for `remaining` receivers at `position`. The one that was overwritten is the caller's to drop.
    #[must_use = "a value is dropped outside of the locks"]
    pub(super) fn put(&self, position: u64, value: T, remaining: usize) -> Option<T> {
        let mut slot = self.slot(position).lock();
        slot.position = position;
        slot.remaining = remaining;
        slot.value.replace(value)
    }

    /// One receiver less is to have the value at `position`, which was put there. The last one has it for itself, the
    /// others get what `share` makes of it.
    pub(super) fn take<R>(
        &self,
        position: u64,
        share: impl FnOnce(&T) -> R,
        keep: impl FnOnce(T) -> R,
    ) -> Found<R> {
        let mut slot = self.slot(position).lock();
        if slot.position != position {
            return Found::Overwritten(slot.position);
        }
        // Before the clone, which may panic: the receiver has passed the value then too.
        slot.remaining -= 1;
        if slot.remaining > 0 {
            return Found::Value(share(slot.value.as_ref().expect(AWAITED)));
        }
        let last = slot.value.take().expect(AWAITED);
        drop(slot);
        Found::Value(keep(last))
    }

    /// Whether there is a receiver that is still to have the value at `position`.
    pub(super) fn is_awaited(&self, position: u64) -> bool {
        let slot = self.slot(position).lock();
        slot.position == position && slot.remaining > 0
    }
}
