//! A drop guard that sends a leave event exactly once for each join, whatever happens to the task.

use crate::chat::event::{ClientId, Event, LeaveReason};
use whippet::sync::mpsc::OwnedPermit;

/// Holds a permit for the leave in the broker's queue. It is acquired before the join, so that a full queue cannot keep a
/// user who has gone; dropped by a panic or an abort, it reports that the connection was lost.
#[derive(Debug)]
pub(crate) struct LeaveGuard {
    /// The client.
    id: ClientId,
    /// The permit, until the leave is sent.
    permit: Option<OwnedPermit<Event>>,
}

impl LeaveGuard {
    /// For a client whose join has been sent.
    pub(crate) fn new(id: ClientId, permit: OwnedPermit<Event>) -> Self {
        Self { id, permit: Some(permit) }
    }

    /// Sends the leave. Later calls do nothing.
    pub(crate) fn leave(&mut self, departure: LeaveReason) {
        if let Some(permit) = self.permit.take() {
            permit.send(Event::Leave { id: self.id, departure });
        }
    }
}

impl Drop for LeaveGuard {
    fn drop(&mut self) {
        self.leave(LeaveReason::ConnectionLost);
    }
}
