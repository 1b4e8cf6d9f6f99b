//! A broker with fake clients around it, and a clock that the test moves by hand.

use crate::chat::admin_command::AdminCommand;
use crate::chat::broker::{Broker, StatsSnapshot};
use crate::chat::event::{ClientId, CommandBatch, Control, Event, LeaveReason, NewClient};
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use crate::outbound::frame::Frame;
use crate::outbound::queue::{self, Receiver};
use crate::protocol::command::{self, Command, CommandKind, OperOutcome};
use crate::protocol::encode::WireFormat;
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use whippet::sync::oneshot;

/// Events that wait for the broker at the most.
pub(crate) const QUEUE: usize = 64;

/// A user in the room: a queue, and what was read from it.
pub(crate) struct FakeClient {
    /// The client's end.
    pub(crate) receiver: Receiver,
    /// The frame that is being read, and how much of it was.
    current: Option<(Frame, usize)>,
    /// The start of a line whose end was not read yet.
    partial: Vec<u8>,
    /// Lines read since the last look.
    lines: VecDeque<String>,
}

impl FakeClient {
    /// Takes up to `limit` bytes, as a socket would: parts of frames too. Says how many it were.
    pub(crate) fn read_bytes(&mut self, limit: usize) -> usize {
        let mut left = limit;
        while left > 0 {
            if self.current.is_none() {
                let Ok(frame) = self.receiver.try_recv() else { break };
                self.current = Some((frame, 0));
            }
            let Some((frame, at)) = &mut self.current else { break };
            let count = left.min(frame.len() - *at);
            self.partial.extend_from_slice(&frame.as_ref()[*at..*at + count]);
            *at += count;
            left -= count;
            let whole = *at == frame.len();
            self.receiver.state().record_written(count, usize::from(whole));
            if whole {
                self.current = None;
            }
        }
        while let Some(end) = self.partial.windows(2).position(|pair| pair == b"\r\n") {
            let rest = self.partial.split_off(end + 2);
            let line = std::mem::replace(&mut self.partial, rest);
            let line = String::from_utf8(line).expect("lines are UTF-8");
            self.lines.push_back(line.trim_end_matches("\r\n").to_owned());
        }
        limit - left
    }

    /// Reads all there is, and hands out every line since the last look.
    pub(crate) fn read(&mut self) -> Vec<String> {
        while self.read_bytes(1 << 16) > 0 {}
        self.lines.drain(..).collect()
    }

    /// Every whole line that was taken since the last look, and the end of them.
    pub(crate) fn into_lines(self) -> impl Iterator<Item = String> {
        self.lines.into_iter()
    }

    /// Whether the broker has disconnected them.
    pub(crate) fn is_disconnected(&self) -> bool {
        self.receiver.state().disconnect_reason().is_some()
    }
}

/// The room.
pub(crate) struct Harness {
    /// What is tested.
    pub(crate) broker: Broker,
    /// Where users say that they have caught up.
    backpressure: Arc<Backpressure>,
    /// The time.
    pub(crate) now: Instant,
    /// Who has a queue, gone from the room or not.
    pub(crate) clients: BTreeMap<u64, FakeClient>,
    /// The latest number given to a user.
    latest: u64,
    /// Where the next one comes from.
    pub(crate) address: IpAddr,
}

impl Harness {
    /// An empty room with the ordinary bounds.
    pub(crate) fn new() -> Self {
        Self::with(QueueLimits::default())
    }

    /// An empty room with these bounds.
    pub(crate) fn with(bounds: QueueLimits) -> Self {
        let backpressure = Arc::new(Backpressure::new(bounds));
        let now = whippet::time::Instant::now().into_std();
        let broker = Broker::new(Arc::clone(&backpressure), now);
        let address = Ipv4Addr::LOCALHOST.into();
        Self { broker, backpressure, now, clients: BTreeMap::new(), latest: 0, address }
    }

    /// Where users say that they have caught up.
    pub(crate) fn backpressure(&self) -> Arc<Backpressure> {
        Arc::clone(&self.backpressure)
    }

    /// Lets a user in, without ending the batch.
    pub(crate) fn enter(&mut self) -> u64 {
        self.latest += 1;
        let (sender, receiver) = queue::channel(&self.backpressure);
        let client =
            FakeClient { receiver, current: None, partial: Vec::new(), lines: VecDeque::new() };
        self.clients.insert(self.latest, client);
        let id = ClientId::new(self.latest);
        let address = self.address;
        let client = NewClient { sender, format: WireFormat::Lines, address };
        self.broker.handle_control(Control::Join { id, client }, self.now);
        self.latest
    }

    /// Makes a user an operator, as if they had said the secret.
    pub(crate) fn promote(&mut self, id: u64) {
        let mut inputs = CommandBatch::new();
        let kind = CommandKind::OperResult { outcome: OperOutcome::Accepted, in_clear: false };
        inputs.push(Command { kind, text: "" });
        self.broker.handle_event(Event::Lines { id: ClientId::new(id), inputs }, self.now);
        self.flush();
        assert_eq!(self.read(id), ["* you are an operator now; /help lists what you can do"]);
    }

    /// Gives an order, as the operators do; what is answered.
    pub(crate) fn admin<T>(&mut self, order: impl FnOnce(oneshot::Sender<T>) -> AdminCommand) -> T {
        let (answer, mut answered) = oneshot::channel();
        self.broker.handle_control(Control::Admin(order(answer)), self.now);
        self.flush();
        answered.try_recv().expect("the broker answers at once")
    }

    /// Hands the broker what a user sends in one read, without ending the batch.
    pub(crate) fn submit(&mut self, id: u64, lines: &[&str]) {
        let mut inputs = CommandBatch::new();
        for line in lines {
            if let Some(input) = command::parse(line) {
                inputs.push(input);
            }
        }
        self.broker.handle_event(Event::Lines { id: ClientId::new(id), inputs }, self.now);
    }

    /// Hands the broker a user's leave, without ending the batch.
    pub(crate) fn submit_leave(&mut self, id: u64, departure: LeaveReason) {
        self.broker.handle_event(Event::Leave { id: ClientId::new(id), departure }, self.now);
    }

    /// Ends the batch.
    pub(crate) fn flush(&mut self) {
        self.broker.flush(self.now);
    }

    /// Lets a user in, who has read their welcome.
    pub(crate) fn join(&mut self) -> u64 {
        let id = self.enter();
        self.flush();
        let welcome = self.read(id);
        assert!(welcome[0].starts_with("* welcome to chinwag, you are user-"), "{welcome:?}");
        id
    }

    /// Lets a user in, who has read their welcome and given themselves a name. The others have read it too.
    pub(crate) fn join_as(&mut self, name: &str) -> u64 {
        let id = self.join();
        self.send(id, &format!("/nick {name}"));
        assert_eq!(self.read(id), [format!("* you are {name} now")]);
        self.discard_all();
        id
    }

    /// A batch of one line.
    pub(crate) fn send(&mut self, id: u64, line: &str) {
        self.submit(id, &[line]);
        self.flush();
    }

    /// A batch in which a user leaves.
    pub(crate) fn leave(&mut self, id: u64, departure: LeaveReason) {
        self.submit_leave(id, departure);
        self.flush();
    }

    /// All that a user was sent since they last read.
    pub(crate) fn read(&mut self, id: u64) -> Vec<String> {
        self.clients.get_mut(&id).expect("they were let in").read()
    }

    /// Everybody reads, and nobody remembers.
    pub(crate) fn discard_all(&mut self) {
        for client in self.clients.values_mut() {
            client.read();
        }
    }

    /// Everybody but one reads, and nobody remembers.
    pub(crate) fn discard_except(&mut self, id: u64) {
        for (_, client) in self.clients.iter_mut().filter(|(other, _)| **other != id) {
            client.read();
        }
    }

    /// Lets time pass, with a tick whenever one is due.
    pub(crate) fn advance(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(due) = self.broker.next_deadline().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            self.broker.handle_timeout(self.now);
        }
        self.now = end;
    }

    /// What the broker counts.
    pub(crate) fn metrics(&self) -> StatsSnapshot {
        self.broker.metrics()
    }
}
