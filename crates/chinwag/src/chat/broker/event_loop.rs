//! The loop around the broker: whatever comes first is handled, and then the round goes out.

use super::coalescing::Gather;
use super::{Broker, Metrics};
use crate::chat::event::{Control, Event};
use crate::limits::{BATCH_EVENTS, CLOCK_INTERVAL, CONTROL_QUEUE};
use crate::protocol::time_of_day::WallClock;
use std::pin::pin;
use std::sync::Arc;
use whippet::select;
use whippet::sync::mpsc::Receiver;
use whippet::time::{Instant, sleep_until};

impl Broker {
    /// Serves the room until it was shut down and everybody was sent home, or nobody is left who could send.
    ///
    /// Biased: what people did before comes before what they say, the pace is looked at before more is let in.
    /// Nothing starves: joins come no faster than connections are accepted.
    pub(crate) async fn run(
        mut self,
        control: Receiver<Control>,
        events: Receiver<Event>,
    ) -> Metrics {
        let intake = Arc::clone(&self.intake);
        self.set_clock(WallClock::new(now(), whippet::time::since_1970()));
        let mut queues = Queues::new(control, events);
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut alarm_at = None;
        while !self.is_finished() {
            let deadlines = [self.next_alarm(), queues.gather.deadline()];
            let deadline = deadlines.into_iter().flatten().min();
            if deadline != alarm_at {
                alarm_at = deadline;
                if let Some(deadline) = deadline {
                    alarm.as_mut().reset(Instant::from_std(deadline));
                }
            }
            // More than one where the memory for frames ran short in a round.
            let held = queues.batch.len();
            select! {
                biased;
                Some(came) = queues.control.recv(), if queues.came.len() < CONTROL_QUEUE => {
                    queues.came.push(came);
                }
                () = &mut alarm, if alarm_at.is_some() => {
                    alarm_at = None;
                    self.handle_tick(now());
                }
                () = intake.drained(), if self.is_waiting() => self.handle_caught_up(now()),
                count = queues.events.recv_many(&mut queues.batch, BATCH_EVENTS), if self.is_open() => {
                    if count == 0 && queues.batch.is_empty() {
                        break;
                    }
                    queues.received(held, now());
                }
                // Last, so that what is in the queue has its turn before each few of these.
                () = std::future::ready(()), if self.has_ready() => {}
            }
            queues.take_in(&mut self);
        }
        // Those who came in the last moment hear it, too.
        queues.came.drain(..).for_each(|came| self.handle_control(came, now()));
        queues.control.close();
        while let Some(came) = queues.control.recv().await {
            self.handle_control(came, now());
        }
        self.publish_metrics();
        self.metrics()
    }
}

impl Broker {
    /// Looks at the wall clock once in a while: it may be set, and the machine may have slept.
    fn set_clock_if_old(&mut self, now: std::time::Instant) {
        if now.saturating_duration_since(self.clock.set_at()) >= CLOCK_INTERVAL {
            self.set_clock(WallClock::new(now, whippet::time::since_1970()));
        }
    }
}

/// The present moment.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}

/// What comes to the broker.
struct Queues {
    /// Joins and the stop.
    control: Receiver<Control>,
    /// What was received of these and not handled yet: newcomers who wait for company. At most [`CONTROL_QUEUE`].
    came: Vec<Control>,
    /// What people do.
    events: Receiver<Event>,
    /// Events that were received and not handled yet, the next one last. While the intake
    /// is open it holds one at most, which waits for company.
    batch: Vec<Event>,
    /// Whether that one waits, and the newcomers.
    gather: Gather,
}

impl Queues {
    /// With nothing received.
    fn new(control: Receiver<Control>, events: Receiver<Event>) -> Self {
        Self {
            control,
            came: Vec::with_capacity(CONTROL_QUEUE),
            events,
            batch: Vec::with_capacity(BATCH_EVENTS),
            gather: Gather::new(now()),
        }
    }

    /// Events were received behind those that were held already: these stay the next ones.
    fn received(&mut self, held: usize, now: std::time::Instant) {
        self.gather.received(self.batch.len(), now);
        self.batch.reverse();
        let fresh = self.batch.len() - held;
        self.batch[fresh..].reverse();
    }

    /// Handles the joins that are there, unless they wait, then the events that were received, as long as the intake is
    /// open, and ends the round.
    ///
    /// In this order, so that nobody's lines overtake his join: it was sent before them, so once they have been
    /// received it is here.
    fn take_in(&mut self, broker: &mut Broker) {
        let now = now();
        broker.set_clock_if_old(now);
        let frames = broker.metrics.frames;
        // In the end nobody's company is waited for.
        let is_forced = broker.is_forced();
        let is_gathered = self.gather.is_over(now) || is_forced;
        let has_events = is_gathered && broker.is_open() && !self.batch.is_empty();
        if has_events || is_forced || !self.newcomers_wait(now) {
            self.let_in(broker, now);
        }
        let mut lines = 0;
        while is_gathered
            && broker.is_open()
            && let Some(event) = self.batch.pop()
        {
            lines += usize::from(event.has_a_place());
            broker.handle_event(event, now);
        }
        broker.now = now;
        broker.handle_ready();
        broker.flush(now);
        broker.publish_metrics();
        self.gather.sent(broker.metrics.frames - frames, now);
        // Once a round, so that those who wait for a place are woken together.
        if lines > 0 {
            broker.intake.places().add_permits(lines);
        }
        if is_forced {
            self.take_the_rest(broker);
        }
    }

    /// Takes what came into the hand, and says whether all of it are newcomers who wait for more.
    fn newcomers_wait(&mut self, now: std::time::Instant) -> bool {
        while self.came.len() < CONTROL_QUEUE
            && let Ok(came) = self.control.try_recv()
        {
            self.came.push(came);
        }
        let are_newcomers = self.came.iter().all(|came| matches!(came, Control::Join { .. }));
        are_newcomers && self.gather.newcomers_wait(self.came.len(), now)
    }

    /// Handles what came, to the last that is there now.
    fn let_in(&mut self, broker: &mut Broker, now: std::time::Instant) {
        self.gather.let_in();
        self.came.drain(..).for_each(|came| broker.handle_control(came, now));
        for _ in 0..self.control.len() {
            let Ok(came) = self.control.try_recv() else { break };
            broker.handle_control(came, now);
        }
    }

    /// The grace is nearly over: handles all that was handed over by now, and ends it.
    fn take_the_rest(&mut self, broker: &mut Broker) {
        for _ in 0..self.events.len() {
            let Ok(event) = self.events.try_recv() else { break };
            broker.handle_event(event, now());
        }
        broker.say_goodbye(now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::event::{Arrival, ClientId, Inputs};
    use crate::limits::{COALESCE_MAX, IDLE_BUFFER_BYTES};
    use crate::outbound::backpressure::{Bounds, Intake};
    use crate::outbound::queue;
    use crate::protocol::command::{Input, Kind};
    use crate::protocol::encode::DoorKind;
    use std::net::Ipv4Addr;
    use whippet::sync::{mpsc, oneshot};

    /// Somebody comes, and the other end of his inbox.
    fn newcomer(intake: &Arc<Intake>, number: u64) -> (Control, queue::Inbox) {
        let (outlet, inbox) = queue::inbox(intake);
        let address = Ipv4Addr::LOCALHOST.into();
        let arrival = Arrival { outlet, door: DoorKind::Lines, address };
        (Control::Join { id: ClientId::new(number), arrival }, inbox)
    }

    /// Somebody says something.
    fn hello(number: u64) -> Event {
        let mut inputs = Inputs::new();
        inputs.push(Input { kind: Kind::Say, text: "hello" });
        Event::Lines { id: ClientId::new(number), inputs }
    }

    #[test]
    fn buffers_of_rounds_go_back_when_all_is_taken() {
        let intake = Arc::new(Intake::new(Bounds::default()));
        let mut broker = Broker::new(Arc::clone(&intake), now());
        let mut inboxes = Vec::new();
        for number in 1..3 {
            let (join, inbox) = newcomer(&intake, number);
            broker.handle_control(join, now());
            inboxes.push(inbox);
        }
        let long = "x".repeat(4000);
        for _ in 0..4 {
            let mut inputs = Inputs::new();
            inputs.push(Input { kind: Kind::Say, text: &long });
            broker.handle_event(Event::Lines { id: ClientId::new(1), inputs }, now());
        }
        broker.flush(now());
        assert!(broker.rooms.spare_bytes() > 16_000, "{}", broker.rooms.spare_bytes());
        for inbox in &mut inboxes {
            while let Ok(frame) = inbox.try_recv() {
                inbox.account().take(frame.len(), 1);
            }
        }
        let due = broker.next_deadline().expect("somebody was owed something");
        broker.handle_tick(due);
        assert!(broker.rooms.spare_bytes() <= IDLE_BUFFER_BYTES, "{}", broker.rooms.spare_bytes());
        assert_eq!(broker.next_deadline(), None, "nobody is looked at any more");
    }

    #[test]
    fn events_that_were_held_come_before_those_received_behind_them() {
        let (_control, orders) = mpsc::channel(1);
        let (_events, said) = mpsc::channel(1);
        let mut queues = Queues::new(orders, said);
        queues.batch.extend([2, 1].map(hello));
        let held = queues.batch.len();
        queues.batch.extend([3, 4].map(hello));
        queues.received(held, now());
        let order = std::iter::from_fn(|| queues.batch.pop()).map(|event| event.id());
        assert_eq!(order.collect::<Vec<_>>(), [1, 2, 3, 4].map(ClientId::new));
    }

    #[test]
    fn lines_do_not_overtake_the_join_that_was_sent_before_them() {
        let intake = Arc::new(Intake::new(Bounds::default()));
        let mut broker = Broker::new(Arc::clone(&intake), now());
        let (control, orders) = mpsc::channel(4);
        let (_events, said) = mpsc::channel(1);
        // The loop looked for joins, found none, and then received this.
        let mut queues = Queues::new(orders, said);
        queues.batch.push(hello(1));
        // Newcomers alone would wait.
        queues.gather.sent(u64::MAX, now());
        let (join, _inbox) = newcomer(&intake, 1);
        control.try_send(join).expect("there is a place");
        queues.take_in(&mut broker);
        assert_eq!(broker.metrics().lines, 2, "the join and the line");
    }

    #[test]
    fn a_line_that_waits_for_company_is_taken_when_the_end_comes() {
        let intake = Arc::new(Intake::new(Bounds::default()));
        let mut broker = Broker::new(Arc::clone(&intake), now());
        let (_control, orders) = mpsc::channel(1);
        let (_events, said) = mpsc::channel(1);
        let mut queues = Queues::new(orders, said);
        let (join, _inbox) = newcomer(&intake, 1);
        broker.handle_control(join, now());
        queues.gather.sent(u64::MAX, now());
        queues.gather.received(1, now());
        queues.batch.push(hello(1));
        queues.take_in(&mut broker);
        assert_eq!((broker.metrics().lines, queues.batch.len()), (1, 1), "it waits");
        broker.handle_control(Control::Shutdown { deadline: now() }, now());
        broker.handle_tick(now());
        queues.take_in(&mut broker);
        assert_eq!(broker.metrics().lines, 2, "the join and the line");
        assert!(broker.is_finished());
    }

    #[whippet::test(start_paused = true)]
    async fn newcomers_share_a_round_when_one_was_made_just_now() {
        let intake = Arc::new(Intake::new(Bounds::default()));
        let mut broker = Broker::new(Arc::clone(&intake), now());
        let (control, orders) = mpsc::channel(2 * CONTROL_QUEUE);
        let (_events, said) = mpsc::channel(1);
        let mut queues = Queues::new(orders, said);
        let mut inboxes = Vec::new();
        let mut come = |people: u64| {
            for _ in 0..people {
                let (join, inbox) = newcomer(&intake, inboxes.len() as u64);
                control.try_send(join).expect("there is a place");
                inboxes.push(inbox);
            }
        };
        let mut take_in = |queues: &mut Queues| {
            queues.take_in(&mut broker);
            broker.metrics().joins
        };
        come(1);
        assert_eq!(take_in(&mut queues), 1, "after a silence nobody waits");
        queues.gather.sent(u64::MAX, now());
        come(2);
        assert_eq!(take_in(&mut queues), 1, "they wait for company");
        whippet::time::advance(COALESCE_MAX).await;
        assert_eq!(take_in(&mut queues), 3, "for so long");
        queues.gather.sent(u64::MAX, now());
        come(CONTROL_QUEUE as u64 - 1);
        assert_eq!(take_in(&mut queues), 3);
        come(2);
        assert_eq!(take_in(&mut queues), 4 + CONTROL_QUEUE as u64, "so many need no more");
        queues.gather.sent(u64::MAX, now());
        come(1);
        let (answer, mut answered) = oneshot::channel();
        control.try_send(Control::Ping { answer }).expect("there is a place");
        assert_eq!(take_in(&mut queues), 5 + CONTROL_QUEUE as u64, "nothing else waits for them");
        assert!(answered.try_recv().is_ok());
    }
}
