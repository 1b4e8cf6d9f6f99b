//! The loop around the broker: whatever comes first is handled, then the round goes out.

use super::{Broker, Metrics};
use crate::event::{Control, Event};
use crate::limits::ROUND_EVENTS;
use std::pin::pin;
use std::time::Instant as StdInstant;
use whippet::sync::mpsc::Receiver;
use whippet::time::{Instant, sleep_until};

/// The present moment.
fn now() -> StdInstant {
    Instant::now().into_std()
}

impl Broker {
    /// Serves the room until it has been shut down and everybody was sent home.
    pub async fn run(mut self, mut control: Receiver<Control>, mut events: Receiver<Event>) -> Metrics {
        let intake = std::sync::Arc::clone(&self.intake);
        let mut batch = Vec::with_capacity(ROUND_EVENTS);
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut alarm_at = None;
        todo!()
    }
}
