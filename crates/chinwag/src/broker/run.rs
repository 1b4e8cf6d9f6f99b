//! The loop around the broker: whatever comes first is handled, and then the round goes out.

use super::gather::Gather;
use super::{Broker, Metrics};
use crate::event::{Control, Event};
use crate::limits::{CLOCK_EVERY, ROUND_EVENTS};
use crate::time_of_day::WallClock;
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
    pub async fn run(mut self, control: Receiver<Control>, events: Receiver<Event>) -> Metrics {
        let intake = Arc::clone(&self.intake);
        self.set_clock(WallClock::new(now(), whippet::time::since_1970()));
        let mut queues = Queues::new(control, events);
        let mut alarm = pin!(sleep_until(Instant::now()));
        let mut alarm_at = None;
        while !self.is_finished() {
            let deadlines = [self.next_deadline(), queues.gather.deadline()];
            let deadline = deadlines.into_iter().flatten().min();
            if deadline != alarm_at {
                alarm_at = deadline;
                if let Some(deadline) = deadline {
                    alarm.as_mut().reset(Instant::from_std(deadline));
                }
            }
            select! {
                biased;
                Some(came) = queues.control.recv() => self.handle_control(came, now()),
                () = &mut alarm, if alarm_at.is_some() => {
                    alarm_at = None;
                    self.handle_tick(now());
                }
                () = intake.drained(), if self.is_waiting() => self.handle_caught_up(now()),
                count = queues.events.recv_many(&mut queues.batch, ROUND_EVENTS), if self.is_open() => {
                    if count == 0 && queues.batch.is_empty() {
                        break;
                    }
                    queues.gather.received(queues.batch.len(), now());
                    queues.batch.reverse();
                }
            }
            queues.take_in(&mut self);
        }
        // Those who came in the last moment hear it, too.
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
        if now.saturating_duration_since(self.clock.set_at()) >= CLOCK_EVERY {
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
    /// What people do.
    events: Receiver<Event>,
    /// Events that were received and not handled yet, the next one last. While the intake
    /// is open it holds one at most, which waits for company.
    batch: Vec<Event>,
    /// Whether that one waits.
    gather: Gather,
}

impl Queues {
    /// With nothing received.
    fn new(control: Receiver<Control>, events: Receiver<Event>) -> Self {
        Self {
            control,
            events,
            batch: Vec::with_capacity(ROUND_EVENTS),
            gather: Gather::new(now()),
        }
    }

    /// Handles the joins that are there, then the events that were received, as long as the intake is open, and
    /// ends the round.
    ///
    /// In this order, so that nobody's lines overtake his join: it was sent before them, so once they have been
    /// received it is here.
    fn take_in(&mut self, broker: &mut Broker) {
        let now = now();
        broker.set_clock_if_old(now);
        let frames = broker.metrics.frames;
        for _ in 0..self.control.len() {
            let Ok(came) = self.control.try_recv() else { break };
            broker.handle_control(came, now);
        }
        let mut lines = 0;
        // In the end nobody's company is waited for.
        let is_gathered = self.gather.is_over(now) || broker.is_forced();
        while is_gathered
            && broker.is_open()
            && let Some(event) = self.batch.pop()
        {
            lines += usize::from(matches!(event, Event::Lines { .. } | Event::Complete { .. }));
            broker.handle_event(event, now);
        }
        broker.flush(now);
        broker.publish_metrics();
        self.gather.sent(broker.metrics.frames - frames, now);
        // Once a round, so that those who wait for a place are woken together.
        if lines > 0 {
            broker.intake.places().add_permits(lines);
        }
        if broker.is_forced() {
            self.take_the_rest(broker);
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
    use crate::account;
    use crate::command::{Input, Kind};
    use crate::door::DoorKind;
    use crate::event::{Arrival, ClientId, Inputs};
    use crate::intake::{Bounds, Intake};
    use std::net::Ipv4Addr;
    use whippet::sync::mpsc;

    #[test]
    fn lines_do_not_overtake_the_join_that_was_sent_before_them() {
        let intake = Arc::new(Intake::new(Bounds::default()));
        let mut broker = Broker::new(Arc::clone(&intake), now());
        let (control, orders) = mpsc::channel(4);
        let (_events, said) = mpsc::channel(1);
        // The loop looked for joins, found none, and then received this.
        let id = ClientId::new(1);
        let mut inputs = Inputs::new();
        inputs.push(Input { kind: Kind::Say, text: "hello" });
        let batch = vec![Event::Lines { id, inputs }];
        let mut queues = Queues::new(orders, said);
        queues.batch = batch;
        let (outlet, _inbox) = account::inbox(&intake);
        let address = Ipv4Addr::LOCALHOST.into();
        let arrival = Arrival { outlet, door: DoorKind::Lines, address };
        let join = Control::Join { id, arrival };
        control.try_send(join).expect("there is a place");
        queues.take_in(&mut broker);
        assert_eq!(broker.metrics().lines, 2, "the join and the line");
    }
}
