//! The channel beside a model that is plainly right: random operations, futures dropped at any await point, and
//! after each step the same answers, the same counts, and a wake for each waiter that was served.

use super::error::{SendError, TryRecvError, TrySendError};
use super::{PermitIterator, Receiver, Sender, channel};
use crate::sync::test_support::Task;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::task::Poll;

/// One step of a run. Numbers choose among what is there, modulo its count.
#[derive(Clone, Copy, Debug)]
enum Step {
    TrySend,
    StartSend,
    StartReserve(usize),
    Poll(usize),
    Cancel(usize),
    UsePermit(usize),
    DropPermits(usize),
    TryRecv,
    PollRecv,
    RecvMany(usize),
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::TrySend),
        6 => Just(Step::StartSend),
        4 => (1..4usize).prop_map(Step::StartReserve),
        8 => (0..64usize).prop_map(Step::Poll),
        5 => (0..64usize).prop_map(Step::Cancel),
        4 => (0..64usize).prop_map(Step::UsePermit),
        2 => (0..64usize).prop_map(Step::DropPermits),
        4 => Just(Step::TryRecv),
        6 => Just(Step::PollRecv),
        2 => (1..4usize).prop_map(Step::RecvMany),
        1 => prop::bool::weighted(0.1).prop_map(|it| if it { Step::Close } else { Step::TryRecv }),
    ];
    prop::collection::vec(step, 1..200)
}

/// What a waiting future will give.
enum Outcome<'a> {
    Sent(Result<(), SendError<u32>>),
    Reserved(Result<PermitIterator<'a, u32>, SendError<()>>),
}

/// A future that waits, beside what the model knows of it.
struct Waiting<'a> {
    task: Task<'a, Outcome<'a>>,
    /// The value that it sends; a reservation has none.
    value: Option<u32>,
    /// How many permits it waits for.
    wanted: usize,
    /// Whether the model has given it its permits.
    served: bool,
}

/// The model, and the real thing's futures and permits.
struct Run<'a> {
    sender: &'a Sender<u32>,
    receiver: Receiver<u32>,
    queue: VecDeque<u32>,
    available: usize,
    closed: bool,
    /// In the order of their arrival.
    waiting: Vec<Waiting<'a>>,
    permits: Vec<PermitIterator<'a, u32>>,
    next: u32,
}

impl<'a> Run<'a> {
    fn new(sender: &'a Sender<u32>, receiver: Receiver<u32>) -> Self {
        Self {
            sender,
            available: sender.max_capacity(),
            receiver,
            queue: VecDeque::new(),
            closed: false,
            waiting: vec![],
            permits: vec![],
            next: 0,
        }
    }

    fn has_waiters(&self) -> bool {
        !self.closed && self.waiting.iter().any(|it| !it.served)
    }

    /// The model serves its queue as far as the permits reach.
    fn serve(&mut self) {
        if self.closed {
            return;
        }
        for waiting in self.waiting.iter_mut().filter(|it| !it.served) {
            if waiting.wanted > self.available {
                return;
            }
            self.available -= waiting.wanted;
            waiting.served = true;
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::TrySend => self.try_send(),
            Step::StartSend => {
                self.next += 1;
                let (sender, value) = (self.sender, self.next);
                let future = async move { Outcome::Sent(sender.send(value).await) };
                self.start(future, Some(value), 1);
            }
            Step::StartReserve(wanted) => {
                let wanted = wanted.min(self.sender.max_capacity());
                let sender = self.sender;
                let future = async move { Outcome::Reserved(sender.reserve_many(wanted).await) };
                self.start(future, None, wanted);
            }
            Step::Poll(which) => {
                if let Some(index) = which.checked_rem(self.waiting.len()) {
                    let waiting = self.waiting.remove(index);
                    self.poll(waiting, index);
                }
            }
            Step::Cancel(which) => {
                if let Some(index) = which.checked_rem(self.waiting.len()) {
                    let waiting = self.waiting.remove(index);
                    self.available += if waiting.served { waiting.wanted } else { 0 };
                    drop(waiting);
                }
            }
            Step::UsePermit(which) => {
                if let Some(index) = which.checked_rem(self.permits.len()) {
                    self.next += 1;
                    if let Some(permit) = self.permits[index].next() {
                        permit.send(self.next);
                        self.queue.push_back(self.next);
                    }
                }
            }
            Step::DropPermits(which) => {
                if let Some(index) = which.checked_rem(self.permits.len()) {
                    self.available += self.permits.remove(index).len();
                }
            }
            Step::TryRecv => self.try_recv(),
            Step::PollRecv => self.poll_recv(),
            Step::RecvMany(limit) => self.recv_many(limit),
            Step::Close => {
                self.receiver.close();
                self.closed = true;
            }
        }
        self.serve();
        self.check();
    }

    fn check(&self) {
        assert_eq!(self.receiver.len(), self.queue.len());
        let capacity = if self.has_waiters() { 0 } else { self.available };
        assert_eq!(self.sender.capacity(), capacity);
        for waiting in &self.waiting {
            assert_eq!(waiting.task.wakes(), usize::from(waiting.served || self.closed));
        }
    }

    fn try_send(&mut self) {
        self.next += 1;
        let value = self.next;
        let expected = if self.closed {
            Err(TrySendError::Closed(value))
        } else if self.available == 0 || self.has_waiters() {
            Err(TrySendError::Full(value))
        } else {
            self.available -= 1;
            self.queue.push_back(value);
            Ok(())
        };
        assert_eq!(self.sender.try_send(value), expected);
    }

    fn start(
        &mut self,
        future: impl Future<Output = Outcome<'a>> + 'a,
        value: Option<u32>,
        wanted: usize,
    ) {
        let waiting = Waiting { task: Task::new(future), value, wanted, served: false };
        // The first poll takes permits as a try would.
        let served = !self.closed && self.available >= wanted && !self.has_waiters();
        self.available -= if served { wanted } else { 0 };
        let index = self.waiting.len();
        self.poll(Waiting { served, ..waiting }, index);
    }

    /// Polls a future; it goes back to its the place in the queue if it is pending.
    fn poll(&mut self, mut waiting: Waiting<'a>, index: usize) {
        match waiting.task.poll() {
            Poll::Pending => {
                assert!(!waiting.served && !self.closed);
                self.waiting.insert(index, waiting);
            }
            Poll::Ready(outcome) => self.collect(waiting, outcome),
        }
    }

    fn collect(&mut self, waiting: Waiting<'a>, outcome: Outcome<'a>) {
        if self.closed {
            self.available += if waiting.served { waiting.wanted } else { 0 };
            assert!(matches!(outcome, Outcome::Sent(Err(_)) | Outcome::Reserved(Err(_))));
            return;
        }
        assert!(waiting.served);
        match outcome {
            Outcome::Sent(Ok(())) => self.queue.extend(waiting.value),
            Outcome::Reserved(Ok(permits)) => self.permits.push(permits),
            _ => panic!("an open channel refused a permit"),
        }
    }

    /// Whether the receiver has seen the end, for the model.
    fn is_finished(&self) -> bool {
        self.queue.is_empty() && self.closed && self.available == self.sender.max_capacity()
    }

    fn take(&mut self) -> Option<u32> {
        let value = self.queue.pop_front()?;
        self.available += 1;
        Some(value)
    }

    fn try_recv(&mut self) {
        let finished = self.is_finished();
        let nothing = if finished { TryRecvError::Disconnected } else { TryRecvError::Empty };
        let expected = self.take().ok_or(nothing);
        assert_eq!(self.receiver.try_recv(), expected);
    }

    fn poll_recv(&mut self) {
        let finished = self.is_finished();
        let polled = Task::new(self.receiver.recv()).poll();
        let expected = match self.take() {
            None if !finished => Poll::Pending,
            value => Poll::Ready(value),
        };
        assert_eq!(polled, expected);
    }

    fn recv_many(&mut self, limit: usize) {
        let finished = self.is_finished();
        let mut buffer = vec![];
        let polled = Task::new(self.receiver.recv_many(&mut buffer, limit)).poll();
        let expected: Vec<_> = std::iter::from_fn(|| self.take()).take(limit).collect();
        let pending = expected.is_empty() && !finished;
        assert_eq!(polled, if pending { Poll::Pending } else { Poll::Ready(expected.len()) });
        assert_eq!(buffer, expected);
    }

    /// All permits are returned.
    fn end(mut self) {
        while let Some(waiting) = self.waiting.pop() {
            drop(waiting);
        }
        self.permits.clear();
        while self.receiver.try_recv().is_ok() {}
        assert_eq!(self.receiver.chan.waiting(), 0);
        assert_eq!(self.sender.capacity(), self.sender.max_capacity());
    }
}

proptest! {
    #[test]
    fn regression_12_random_operations_agree_with_the_model(
        capacity in 1..5usize,
        steps in steps(),
    ) {
        let (sender, receiver) = channel(capacity);
        let mut run = Run::new(&sender, receiver);
        for step in steps {
            run.step(step);
        }
        run.end();
    }
}
