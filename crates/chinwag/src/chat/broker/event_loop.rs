//! The loop around the broker: whatever comes first is handled, and then the batch goes out.

use super::coalescing::Coalescer;
use super::{Broker, StatsSnapshot};
use crate::chat::event::{Control, Event};
use crate::limits::{BATCH_EVENTS, CLOCK_INTERVAL, CONTROL_QUEUE};
use crate::os::clock::now;
use crate::protocol::time_of_day::WallClock;
use std::pin::pin;
use std::sync::Arc;
use whippet::select;
use whippet::sync::mpsc::Receiver;
use whippet::time::{Instant, sleep_until};

impl Broker {
    /// Serves the room until it was shut down and everybody was sent home, or nobody is left who could send.
    ///
    /// Biased: what users did before comes before what they say, flow control is checked before more is let in.
    /// Nothing starves: joins come no faster than connections are accepted.
    pub(crate) async fn run(
        mut self,
        control: Receiver<Control>,
        events: Receiver<Event>,
    ) -> StatsSnapshot {
        let backpressure = Arc::clone(&self.backpressure);
        self.set_clock(WallClock::new(now(), whippet::time::since_1970()));
        let mut input = BrokerInput::new(control, events);
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut alarm_at = None;
        while !self.is_finished() {
            let deadlines = [self.next_timer(), input.coalescer.deadline()];
            let deadline = deadlines.into_iter().flatten().min();
            if deadline != alarm_at {
                alarm_at = deadline;
                if let Some(deadline) = deadline {
                    alarm.as_mut().reset(Instant::from_std(deadline));
                }
            }
            // More than one where the memory for frames ran short in a batch.
            let held = input.pending_events.len();
            select! {
                biased;
                Some(control) = input.control.recv(), if input.pending_control.len() < CONTROL_QUEUE => {
                    input.pending_control.push(control);
                }
                () = &mut alarm, if alarm_at.is_some() => {
                    alarm_at = None;
                    self.handle_timeout(now());
                }
                () = backpressure.drained(), if self.wants_drain_notice() => self.handle_drain_notice(now()),
                count = input.events.recv_many(&mut input.pending_events, BATCH_EVENTS), if self.accepts_events() => {
                    if count == 0 && input.pending_events.is_empty() {
                        break;
                    }
                    input.events_received(held, now());
                }
                // Last, so that what is in the queue has its turn before each few of these.
                () = std::future::ready(()), if self.has_ready() => {}
            }
            input.process(&mut self);
        }
        // Those who came in the last moment hear it, too.
        input.pending_control.drain(..).for_each(|control| self.handle_control(control, now()));
        input.control.close();
        while let Some(control) = input.control.recv().await {
            self.handle_control(control, now());
        }
        self.publish_stats();
        self.metrics()
    }
}

impl Broker {
    /// Looks at the wall clock once in a while: it may be set, and the machine may have slept.
    fn set_clock_if_old(&mut self, now: std::time::Instant) {
        if now.saturating_duration_since(self.wall_clock.set_at()) >= CLOCK_INTERVAL {
            self.set_clock(WallClock::new(now, whippet::time::since_1970()));
        }
    }
}

/// What comes to the broker.
struct BrokerInput {
    /// Joins and the stop.
    control: Receiver<Control>,
    /// What was received of these and not handled yet: new clients who wait for company. At most [`CONTROL_QUEUE`].
    pending_control: Vec<Control>,
    /// What users do.
    events: Receiver<Event>,
    /// Events that were received and not handled yet, the next one last. While events are taken
    /// it holds one at most, which waits for company.
    pending_events: Vec<Event>,
    /// Whether that one waits, and the new clients.
    coalescer: Coalescer,
}

impl BrokerInput {
    /// With nothing received.
    fn new(control: Receiver<Control>, events: Receiver<Event>) -> Self {
        Self {
            control,
            pending_control: Vec::with_capacity(CONTROL_QUEUE),
            events,
            pending_events: Vec::with_capacity(BATCH_EVENTS),
            coalescer: Coalescer::new(now()),
        }
    }

    /// Events were received behind those that were held already: these stay the next ones.
    fn events_received(&mut self, held: usize, now: std::time::Instant) {
        self.coalescer.on_events(self.pending_events.len(), now);
        self.pending_events.reverse();
        let fresh = self.pending_events.len() - held;
        self.pending_events[fresh..].reverse();
    }

    /// Handles the joins that are there, unless they wait, then the events that were received, as long as events are
    /// taken, and ends the batch.
    ///
    /// In this order, so that nobody's lines overtake their join: it was sent before them, so once they have been
    /// received it is here.
    fn process(&mut self, broker: &mut Broker) {
        let now = now();
        broker.set_clock_if_old(now);
        let frames = broker.metrics.frames;
        // In the end nobody's company is waited for.
        let is_forced = broker.is_forced();
        let is_due = self.coalescer.is_due(now) || is_forced;
        let has_events = is_due && broker.accepts_events() && !self.pending_events.is_empty();
        if has_events || is_forced || !self.should_hold_joins(now) {
            self.process_control(broker, now);
        }
        let mut lines = 0;
        while is_due
            && broker.accepts_events()
            && let Some(event) = self.pending_events.pop()
        {
            lines += usize::from(event.holds_queue_permit());
            broker.handle_event(event, now);
        }
        broker.now = now;
        broker.handle_ready();
        broker.flush(now);
        broker.publish_stats();
        self.coalescer.on_flush(broker.metrics.frames - frames, now);
        // Once a batch, so that those who wait for a place are woken together.
        if lines > 0 {
            broker.backpressure.permits().add_permits(lines);
        }
        if is_forced {
            self.drain(broker);
        }
    }

    /// Takes what came into the hand, and says whether all of it are new clients who wait for more.
    fn should_hold_joins(&mut self, now: std::time::Instant) -> bool {
        while self.pending_control.len() < CONTROL_QUEUE
            && let Ok(control) = self.control.try_recv()
        {
            self.pending_control.push(control);
        }
        let only_joins =
            self.pending_control.iter().all(|control| matches!(control, Control::Join { .. }));
        only_joins && self.coalescer.should_hold_joins(self.pending_control.len(), now)
    }

    /// Handles what came, to the last that is there now.
    fn process_control(&mut self, broker: &mut Broker, now: std::time::Instant) {
        self.coalescer.on_joins_admitted();
        self.pending_control.drain(..).for_each(|control| broker.handle_control(control, now));
        for _ in 0..self.control.len() {
            let Ok(control) = self.control.try_recv() else { break };
            broker.handle_control(control, now);
        }
    }

    /// The shutdown timeout is nearly over: handles all that was handed over by now, and ends it.
    fn drain(&mut self, broker: &mut Broker) {
        for _ in 0..self.events.len() {
            let Ok(event) = self.events.try_recv() else { break };
            broker.handle_event(event, now());
        }
        broker.finish_shutdown(now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::{ClientId, CommandBatch, NewClient};
    use crate::limits::{COALESCE_MAX, IDLE_BUFFER_BYTES};
    use crate::outbound::backpressure::{Backpressure, QueueLimits};
    use crate::outbound::queue;
    use crate::protocol::command::{Command, CommandKind};
    use crate::protocol::encode::WireFormat;
    use std::net::Ipv4Addr;
    use whippet::sync::{mpsc, oneshot};

    /// A user comes, and the other end of their queue.
    fn new_client(backpressure: &Arc<Backpressure>, number: u64) -> (Control, queue::Receiver) {
        let (sender, receiver) = queue::channel(backpressure);
        let address = Ipv4Addr::LOCALHOST.into();
        let client = NewClient { sender, format: WireFormat::Lines, address };
        (Control::Join { id: ClientId::new(number), client }, receiver)
    }

    /// A user says something.
    fn hello(number: u64) -> Event {
        let mut inputs = CommandBatch::new();
        inputs.push(Command { kind: CommandKind::Say, text: "hello" });
        Event::Lines { id: ClientId::new(number), inputs }
    }

    #[test]
    fn batch_buffers_are_released_when_all_is_written() {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let mut broker = Broker::new(Arc::clone(&backpressure), now());
        let mut receivers = Vec::new();
        for number in 1..3 {
            let (join, receiver) = new_client(&backpressure, number);
            broker.handle_control(join, now());
            receivers.push(receiver);
        }
        let long = "x".repeat(4000);
        for _ in 0..4 {
            let mut inputs = CommandBatch::new();
            inputs.push(Command { kind: CommandKind::Say, text: &long });
            broker.handle_event(Event::Lines { id: ClientId::new(1), inputs }, now());
        }
        broker.flush(now());
        assert!(broker.rooms.pooled_bytes() > 16_000, "{}", broker.rooms.pooled_bytes());
        for receiver in &mut receivers {
            while let Ok(frame) = receiver.try_recv() {
                receiver.state().record_written(frame.len(), 1);
            }
        }
        let due = broker.next_deadline().expect("somebody was owed something");
        broker.handle_timeout(due);
        assert!(
            broker.rooms.pooled_bytes() <= IDLE_BUFFER_BYTES,
            "{}",
            broker.rooms.pooled_bytes()
        );
        assert_eq!(broker.next_deadline(), None, "nobody is looked at any more");
    }

    #[test]
    fn held_events_come_before_those_received_later() {
        let (_control, orders) = mpsc::channel(1);
        let (_events, said) = mpsc::channel(1);
        let mut input = BrokerInput::new(orders, said);
        input.pending_events.extend([2, 1].map(hello));
        let held = input.pending_events.len();
        input.pending_events.extend([3, 4].map(hello));
        input.events_received(held, now());
        let order = std::iter::from_fn(|| input.pending_events.pop()).map(|event| event.id());
        assert_eq!(order.collect::<Vec<_>>(), [1, 2, 3, 4].map(ClientId::new));
    }

    #[test]
    fn lines_do_not_overtake_their_join() {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let mut broker = Broker::new(Arc::clone(&backpressure), now());
        let (control, orders) = mpsc::channel(4);
        let (_events, said) = mpsc::channel(1);
        // The loop looked for joins, found none, and then received this.
        let mut input = BrokerInput::new(orders, said);
        input.pending_events.push(hello(1));
        // New clients alone would wait.
        input.coalescer.on_flush(u64::MAX, now());
        let (join, _receiver) = new_client(&backpressure, 1);
        control.try_send(join).expect("there is a place");
        input.process(&mut broker);
        assert_eq!(broker.metrics().lines, 2, "the join and the line");
    }

    #[test]
    fn a_held_line_is_processed_at_shutdown() {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let mut broker = Broker::new(Arc::clone(&backpressure), now());
        let (_control, orders) = mpsc::channel(1);
        let (_events, said) = mpsc::channel(1);
        let mut input = BrokerInput::new(orders, said);
        let (join, _receiver) = new_client(&backpressure, 1);
        broker.handle_control(join, now());
        input.coalescer.on_flush(u64::MAX, now());
        input.coalescer.on_events(1, now());
        input.pending_events.push(hello(1));
        input.process(&mut broker);
        assert_eq!((broker.metrics().lines, input.pending_events.len()), (1, 1), "it waits");
        broker.handle_control(Control::Shutdown { deadline: now() }, now());
        broker.handle_timeout(now());
        input.process(&mut broker);
        assert_eq!(broker.metrics().lines, 2, "the join and the line");
        assert!(broker.is_finished());
    }

    #[whippet::test(start_paused = true)]
    async fn joins_share_a_batch_soon_after_one() {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let mut broker = Broker::new(Arc::clone(&backpressure), now());
        let (control, orders) = mpsc::channel(2 * CONTROL_QUEUE);
        let (_events, said) = mpsc::channel(1);
        let mut input = BrokerInput::new(orders, said);
        let mut receivers = Vec::new();
        let mut connect = |people: u64| {
            for _ in 0..people {
                let (join, receiver) = new_client(&backpressure, receivers.len() as u64);
                control.try_send(join).expect("there is a place");
                receivers.push(receiver);
            }
        };
        let mut process = |input: &mut BrokerInput| {
            input.process(&mut broker);
            broker.metrics().joins
        };
        connect(1);
        assert_eq!(process(&mut input), 1, "after a silence nobody waits");
        input.coalescer.on_flush(u64::MAX, now());
        connect(2);
        assert_eq!(process(&mut input), 1, "they wait for company");
        whippet::time::advance(COALESCE_MAX).await;
        assert_eq!(process(&mut input), 3, "for so long");
        input.coalescer.on_flush(u64::MAX, now());
        connect(CONTROL_QUEUE as u64 - 1);
        assert_eq!(process(&mut input), 3);
        connect(2);
        assert_eq!(process(&mut input), 4 + CONTROL_QUEUE as u64, "so many need no more");
        input.coalescer.on_flush(u64::MAX, now());
        connect(1);
        let (answer, mut answered) = oneshot::channel();
        control.try_send(Control::Ping { answer }).expect("there is a place");
        assert_eq!(process(&mut input), 5 + CONTROL_QUEUE as u64, "nothing else waits for them");
        assert!(answered.try_recv().is_ok());
    }
}
