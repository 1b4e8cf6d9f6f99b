//! The duty to say that somebody has left: exactly once for each join, whatever happens to his task.

use crate::chat::event::{ClientId, Departure, Event};
use whippet::sync::mpsc::OwnedPermit;

/// A joined person's place for his leave in the broker's queue. It is taken before the join, so that a full queue
/// cannot make a ghost of him; dropped by a panic or an abort, it says that the connection was lost.
#[derive(Debug)]
pub(crate) struct Seat {
    /// Who.
    id: ClientId,
    /// The place, until the leave is in it.
    place: Option<OwnedPermit<Event>>,
}

impl Seat {
    /// For somebody whose join has been sent.
    pub(crate) fn new(id: ClientId, place: OwnedPermit<Event>) -> Self {
        Self { id, place: Some(place) }
    }

    /// Says that he left. What comes later is not said again.
    pub(crate) fn leave(&mut self, departure: Departure) {
        if let Some(place) = self.place.take() {
            place.send(Event::Leave { id: self.id, departure });
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.leave(Departure::Lost);
    }
}
