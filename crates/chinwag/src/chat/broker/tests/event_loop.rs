//! The broker as a task: its loop, and what comes to it at the same time.

use crate::chat::broker::{Broker, StatsSnapshot};
use crate::chat::event::{ClientId, CommandBatch, Control, Event, NewClient};
use crate::limits::QUEUE_HARD;
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use crate::outbound::queue::{self, Receiver};
use crate::protocol::command::{Command, CommandKind};
use crate::protocol::encode::WireFormat;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
use whippet::runtime::Builder;
use whippet::sync::mpsc;
use whippet::task::JoinHandle;
use whippet::time::Instant;

/// A line of this many bytes, ready to be sent.
pub(crate) fn line_of(bytes: usize) -> CommandBatch {
    let mut inputs = CommandBatch::new();
    inputs.push(Command { kind: CommandKind::Say, text: &"x".repeat(bytes) });
    inputs
}

/// The broker in a task, with queues of these capacities for what comes beside the events, and for those.
pub(crate) fn start(
    backpressure: &Arc<Backpressure>,
    orders: usize,
    places: usize,
) -> (Queues, JoinHandle<StatsSnapshot>) {
    let (control, control_in) = mpsc::channel(orders);
    let (events, events_in) = mpsc::channel(places);
    let broker = whippet::spawn(
        Broker::new(Arc::clone(backpressure), Instant::now().into_std()).run(control_in, events_in),
    );
    (Queues { control, events }, broker)
}

/// The ways to the broker.
#[derive(Clone)]
pub(crate) struct Queues {
    pub(crate) control: mpsc::Sender<Control>,
    pub(crate) events: mpsc::Sender<Event>,
}

impl Queues {
    /// Lets a user in.
    pub(crate) async fn join(
        &self,
        number: u64,
        backpressure: &Arc<Backpressure>,
        places: usize,
    ) -> Receiver {
        let (sender, receiver) = queue::channel_with_capacity(backpressure, places);
        let address = Ipv4Addr::LOCALHOST.into();
        let client = NewClient { sender, format: WireFormat::Lines, address };
        let join = Control::Join { id: ClientId::new(number), client };
        self.control.send(join).await.expect("the broker is there");
        receiver
    }

    /// Sends as a user.
    pub(crate) async fn say(&self, number: u64, inputs: CommandBatch) {
        let event = Event::Lines { id: ClientId::new(number), inputs };
        self.events.send(event).await.expect("the broker is there");
    }
}

impl Queues {
    /// Stops the server, whose deadline is far, and says that this user has handed over everything.
    async fn stop(&self, number: u64) {
        let deadline = Instant::now().into_std() + Duration::from_secs(60);
        self.control.send(Control::Shutdown { deadline }).await.expect("the broker is there");
        let drained = Event::Drained { id: ClientId::new(number) };
        self.events.send(drained).await.expect("the broker is there");
    }
}

/// Reads whatever comes to a user until their queue ends, and counts the lines that a user said.
async fn count_lines(mut receiver: Receiver) -> usize {
    let mut frames = Vec::new();
    let mut bytes = Vec::new();
    while receiver.recv_many(&mut frames, 64).await > 0 {
        for frame in frames.drain(..) {
            receiver.state().record_written(frame.len(), 1);
            bytes.extend_from_slice(frame.as_ref());
        }
    }
    assert_eq!(receiver.state().disconnect_reason(), None, "he reads all there is");
    let text = String::from_utf8(bytes).expect("lines are UTF-8");
    assert!(text.ends_with("* server is shutting down\r\n"));
    text.lines().filter(|line| line.contains(": x")).count()
}

/// What the test waits for is a matter of which task runs first, so everything runs on one thread, in turns.
fn in_turns<F: Future>(test: F) -> F::Output {
    Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test)
}

#[test]
fn received_events_wait_while_all_senders_are_paused() {
    const EVENTS: usize = 200;
    in_turns(async {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let (queues, _broker) = start(&backpressure, 4, EVENTS + 1);
        let _sender = queues.join(1, &backpressure, 16_384).await;
        let reader = whippet::spawn(count_lines(queues.join(2, &backpressure, 16_384).await));
        // All are in the queue before the broker runs: far more than the reader may have pending.
        let event = line_of(QUEUE_HARD as usize / 64);
        for _ in 0..EVENTS {
            queues.say(1, event.clone()).await;
        }
        queues.stop(1).await;
        queues.stop(2).await;
        assert_eq!(reader.await.expect("nobody panics"), EVENTS);
    });
}

/// The clock stands still as long as anyone has anything to do.
#[whippet::test(start_paused = true)]
async fn what_need_not_wait_any_more_is_handled_at_once() {
    const LONG: usize = 40;
    const SHORT: usize = 400;
    let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
    let (queues, _broker) = start(&backpressure, 4, LONG + SHORT + 1);
    let _sender = queues.join(1, &backpressure, 16_384).await;
    let mut reader = queues.join(2, &backpressure, 16_384).await;
    // A user is elsewhere, or the queue itself would wait.
    let _other = queues.join(3, &backpressure, 16_384).await;
    let mut inputs = CommandBatch::new();
    inputs.push(Command { kind: CommandKind::Join, text: "#elsewhere" });
    queues.say(3, inputs).await;
    let start = Instant::now();
    for number in 0..LONG + SHORT {
        queues.say(1, line_of(if number < LONG { 2048 } else { 1 })).await;
    }
    for _ in 0..100 {
        whippet::task::yield_now().await;
    }
    let pending = reader.state().pending();
    assert!(pending < 2 * backpressure.limits().soft, "most of it waits: {pending}");
    let (mut frames, mut bytes) = (Vec::new(), Vec::new());
    while bytes.iter().filter(|&&byte| byte == b'x').count() < 2048 * LONG + SHORT {
        assert!(reader.recv_many(&mut frames, 64).await > 0, "the broker is there");
        for frame in frames.drain(..) {
            reader.state().record_written(frame.len(), 1);
            bytes.extend_from_slice(frame.as_ref());
        }
    }
    assert_eq!(start.elapsed(), Duration::ZERO, "no timer was waited for");
}

#[test]
fn a_stop_whose_time_is_over_takes_what_is_in_the_queue() {
    in_turns(async {
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let (queues, broker) = start(&backpressure, 4, 64);
        let _sender = queues.join(1, &backpressure, 64).await;
        let reader = whippet::spawn(count_lines(queues.join(2, &backpressure, 64).await));
        for _ in 0..3 {
            queues.say(1, line_of(1)).await;
        }
        let deadline = Instant::now().into_std();
        let stop = Control::Shutdown { deadline };
        queues.control.send(stop).await.expect("the broker is there");
        assert_eq!(reader.await.expect("nobody panics"), 3);
        broker.await.expect("the broker does not panic");
    });
}
