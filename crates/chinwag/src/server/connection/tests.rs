//! Tests of a connection's task against queues that are open to the test.

use super::*;
use crate::chat::event::{CommandBatch, NewClient};
use crate::limits::MAX_EVENTS_PER_CLIENT;
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use crate::outbound::disconnect_reason::DisconnectReason;
use crate::outbound::frame::{ByteCounter, Frame};
use crate::outbound::queue::Sender;
use crate::server::config::Config;
use crate::server::connection::writer::PANIC;
use std::collections::BTreeMap;
use std::time::Duration;
use whippet::io::{AsyncReadExt, AsyncWriteExt};
use whippet::net::TcpListener;
use whippet::sync::mpsc::{self, Receiver};
use whippet::task::JoinHandle;

fn run_test<F: Future>(test: F) -> F::Output {
    whippet::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { timeout(Duration::from_secs(20), test).await.expect("the test ends") })
}

/// Shared state whose queues are open to the test.
struct Bench {
    shared: Arc<Shared>,
    events: Receiver<Event>,
    control: Receiver<Control>,
    listener: TcpListener,
}

/// One connection's task, the client's end of the connection, and the broker's end of the send queue.
struct Person {
    peer: TcpStream,
    task: JoinHandle<()>,
    id: ClientId,
    sender: Sender,
}

impl Bench {
    /// With so much capacity in the broker's queue, that of leaves included.
    async fn new(places: usize) -> Self {
        Self::listening(places, Duration::ZERO).await
    }

    /// The same, where new connections are sniffed for so long.
    async fn listening(places: usize, sniff_timeout: Duration) -> Self {
        let (event_sender, events) = mpsc::channel(places);
        let (control_sender, control) = mpsc::channel(4);
        let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
        let config = Config { sniff_timeout, ..Config::default() }.without_limits();
        let shared = Arc::new(
            Shared::new(config, None, None, event_sender, control_sender, backpressure).unwrap(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { shared, events, control, listener }
    }

    /// A client that has joined.
    async fn enter(&mut self) -> Person {
        let peer = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = self.listener.accept().await.unwrap();
        let place = self.shared.limiter.admit(address.ip(), now()).unwrap();
        let task = whippet::spawn(run(stream, place, Arc::clone(&self.shared)));
        let Some(Control::Join { id, client: NewClient { sender, .. } }) =
            self.control.recv().await
        else {
            panic!("a join comes first");
        };
        Person { peer, task, id, sender }
    }

    /// Fills the queue, except what is reserved.
    fn fill(&self) {
        let filler = || Event::Lines { id: ClientId::new(0), inputs: CommandBatch::new() };
        while self.shared.events.try_send(filler()).is_ok() {}
    }

    /// How the only client left, once and last of all.
    async fn departure(mut self) -> LeaveReason {
        assert_eq!(self.shared.limiter.active(), 0, "the place was given back");
        drop((self.shared, self.control));
        let mut departure = None;
        while let Some(event) = self.events.recv().await {
            assert_eq!(departure, None, "nothing follows a leave");
            if let Event::Leave { departure: how, .. } = event {
                departure = Some(how);
            }
        }
        departure.expect("a leave")
    }
}

fn frame(bytes: &[u8]) -> Frame {
    Frame::new(bytes, &ByteCounter::new())
}

#[test]
fn regression_29_a_panic_leaves_although_the_queue_is_full() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let mut person = bench.enter().await;
        bench.fill();
        person.sender.push(frame(PANIC)).unwrap();
        assert!(person.task.await.unwrap_err().is_panic());
        assert_eq!(bench.departure().await, LeaveReason::ConnectionLost);
    });
}

#[test]
fn regression_29_an_abort_leaves_although_the_queue_is_full() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let person = bench.enter().await;
        bench.fill();
        person.task.abort();
        assert!(person.task.await.unwrap_err().is_cancelled());
        assert_eq!(bench.departure().await, LeaveReason::ConnectionLost);
    });
}

#[test]
fn a_disconnect_leaves_once() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let person = bench.enter().await;
        person.sender.disconnect(DisconnectReason::TooSlow);
        drop(person.peer);
        person.task.await.unwrap();
        assert_eq!(bench.departure().await, LeaveReason::TooSlow);
    });
}

#[test]
fn a_full_queue_stops_reading_and_not_writing() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let shared = Arc::clone(&bench.shared);
        let all = shared.backpressure.permits().available_permits().try_into().unwrap();
        let places = shared.backpressure.permits().try_acquire_many(all).unwrap();
        let mut person = bench.enter().await;
        person.peer.writable().await.unwrap();
        person.peer.try_write(b"hello\n").unwrap();
        for _ in 0..10 {
            person.sender.push(frame(b"line\r\n")).unwrap();
            let mut line = [0; 16];
            person.peer.readable().await.unwrap();
            assert_eq!(person.peer.try_read(&mut line).unwrap(), 6);
        }
        assert!(bench.events.try_recv().is_err());
        // What was sent comes as soon as there is a permit for it.
        drop(places);
        let events = bench.events.recv().await;
        assert!(matches!(events, Some(Event::Lines { inputs, .. }) if inputs.len() == 1));
    });
}

/// Few permits, many tasks that want them, and send queues that have something all the time: a task that waits for a permit must
/// not lose its place each time.
#[test]
fn under_flood_each_sender_is_within_twice_the_mean() {
    const SENDERS: usize = 200;
    const TURNS: usize = 10;
    run_test(async {
        let mut bench = Bench::new(1000).await;
        let shared = Arc::clone(&bench.shared);
        let places = shared.backpressure.permits();
        let all: u32 = places.available_permits().try_into().unwrap();
        places.try_acquire_many(all - 4).unwrap().forget();
        let mut people = Vec::new();
        for _ in 0..SENDERS {
            let person = bench.enter().await;
            person.peer.writable().await.unwrap();
            // More than the task will read.
            let lines = b"line\n".repeat(crate::limits::READ_BUFFER * 3 * TURNS / 5);
            assert_eq!(person.peer.try_write(&lines).unwrap(), lines.len());
            people.push(person);
        }
        let mut turns = BTreeMap::<ClientId, usize>::new();
        for number in 0..SENDERS * TURNS {
            let Some(Event::Lines { id, .. }) = bench.events.recv().await else {
                panic!("everybody only speaks");
            };
            *turns.entry(id).or_default() += 1;
            let speaker = people.iter().find(|person| person.id == id).expect("one of them");
            speaker.sender.event_handled();
            for offset in 0..20 {
                people[(number + offset * 7) % SENDERS].sender.push(frame(b"news\r\n")).unwrap();
            }
            places.add_permits(1);
        }
        let (least, most) = (turns.values().min(), turns.values().max());
        assert_eq!(turns.len(), SENDERS);
        assert!(least.is_some_and(|&least| 2 * least >= TURNS), "{least:?} of {TURNS}");
        assert!(most.is_some_and(|&most| most <= 2 * TURNS), "{most:?} of {TURNS}");
        assert!(people.iter().all(|person| turns.contains_key(&person.id)));
    });
}

/// A client that has more under way than the broker handles is not read, until it has handled some of it.
#[test]
fn a_client_has_so_many_events_under_way() {
    run_test(async {
        let mut bench = Bench::new(1000).await;
        let person = bench.enter().await;
        person.peer.writable().await.unwrap();
        let lines =
            b"line\n".repeat(crate::limits::READ_BUFFER * 4 * MAX_EVENTS_PER_CLIENT as usize / 5);
        assert_eq!(person.peer.try_write(&lines).unwrap(), lines.len());
        for _ in 0..MAX_EVENTS_PER_CLIENT {
            assert!(matches!(bench.events.recv().await, Some(Event::Lines { .. })));
        }
        // Everything runs on this thread: the task has run as often as it wants.
        for _ in 0..100 {
            whippet::task::yield_now().await;
        }
        assert!(bench.events.try_recv().is_err(), "nothing is read");
        person.sender.event_handled();
        assert!(matches!(bench.events.recv().await, Some(Event::Lines { .. })));
    });
}

/// Runs a test in which the tasks and the test itself go on at once.
fn on_two_threads(test: impl Future<Output = ()>) {
    let mut builder = whippet::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap().block_on(test);
}

/// A block may end at any moment, for the broker handles on another thread. What the task saw before that must not make it wait
/// for what has happened already: nothing would be read again.
#[test]
fn a_parked_reader_goes_on_when_the_broker_unparks_it() {
    const EVENTS: usize = 60_000;
    on_two_threads(async {
        let mut bench = Bench::new(1000).await;
        let person = bench.enter().await;
        let Person { mut peer, sender, .. } = person;
        // A line is as long as a read, so that an event holds one at most.
        let line = [&[b'x'; crate::limits::MAX_LINE_BYTES - 1][..], b"\n"].concat();
        let speaker = whippet::spawn(async move { while peer.write_all(&line).await.is_ok() {} });
        for number in 1..EVENTS {
            let events = timeout(Duration::from_secs(20), bench.events.recv()).await;
            assert!(matches!(events, Ok(Some(Event::Lines { .. }))), "reading goes on: {events:?}");
            // All but the first few block the reader, and are handled about when it checks.
            if number >= MAX_EVENTS_PER_CLIENT as usize {
                sender.event_handled();
            }
            bench.shared.backpressure.permits().add_permits(1);
        }
        speaker.abort();
    });
}

/// A task that waits for a permit of the queue does not read with it, if the broker has paused reading meanwhile.
#[test]
fn a_paused_reader_does_not_use_a_late_permit() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let shared = Arc::clone(&bench.shared);
        let all = shared.backpressure.permits().available_permits().try_into().unwrap();
        let places = shared.backpressure.permits().try_acquire_many(all).unwrap();
        let person = bench.enter().await;
        person.peer.writable().await.unwrap();
        person.peer.try_write(b"hello\n").unwrap();
        let all_have_their_turns = async || {
            for _ in 0..100 {
                whippet::task::yield_now().await;
            }
        };
        all_have_their_turns().await;
        person.sender.set_reading_paused(true);
        drop(places);
        all_have_their_turns().await;
        assert!(bench.events.try_recv().is_err(), "they were read");
        assert_eq!(
            shared.backpressure.permits().available_permits(),
            all as usize,
            "the place is free"
        );
        person.sender.set_reading_paused(false);
        assert!(matches!(bench.events.recv().await, Some(Event::Lines { .. })));
    });
}

/// The broker pauses and resumes at any moment, also a client that has just come.
#[test]
fn a_paused_reader_goes_on_when_the_pause_ends() {
    const EVENTS: usize = 20_000;
    on_two_threads(async {
        let mut bench = Bench::new(1000).await;
        let Person { mut peer, sender, .. } = bench.enter().await;
        let line = [&[b'x'; crate::limits::MAX_LINE_BYTES - 1][..], b"\n"].concat();
        let speaker = whippet::spawn(async move { while peer.write_all(&line).await.is_ok() {} });
        for number in 0..EVENTS {
            sender.set_reading_paused(true);
            (0..number % 100).for_each(|_| std::hint::spin_loop());
            sender.set_reading_paused(false);
            let events = timeout(Duration::from_secs(20), bench.events.recv()).await;
            assert!(matches!(events, Ok(Some(Event::Lines { .. }))), "reading goes on: {events:?}");
            sender.event_handled();
            bench.shared.backpressure.permits().add_permits(1);
        }
        speaker.abort();
    });
}

#[test]
fn flush_returns_at_once_when_nothing_blocks() {
    run_test(async {
        let bench = Bench::new(5).await;
        let stream = TcpStream::connect(bench.listener.local_addr().unwrap()).await.unwrap();
        let (_sender, receiver) = queue::channel(&bench.shared.backpressure);
        let mut writer = Writer::new(receiver);
        assert!(!writer.read_blocked());
        assert_eq!(writer.flush(&stream, true).await.unwrap(), Flush::Unblocked);
    });
}

#[test]
fn a_connection_costs_little() {
    /// The size of the future that a function returns.
    fn size_of_future<F: Future>(_: fn(TcpStream, ConnectionPermit, Arc<Shared>) -> F) -> usize {
        size_of::<F>()
    }
    let size = size_of_future(run);
    eprintln!(
        "a connection's task: {size} bytes, {} of them the connection",
        size_of::<Connection>()
    );
    assert!(size <= 832, "{size}");
    let terminal = size_of::<crate::terminal::Terminal>();
    eprintln!("its terminal, once it has one: {terminal} bytes");
    assert!(terminal <= 800, "{terminal}");
}

#[test]
fn without_a_sniff_permit_the_first_line_is_checked() {
    run_test(async {
        // A sniff would still go on when the test's time is over.
        let mut bench = Bench::listening(8, Duration::from_secs(60)).await;
        let shared = Arc::clone(&bench.shared);
        let many = u32::try_from(crate::limits::MAX_SNIFFING).unwrap();
        let _sniff_permits = shared.sniff_permits.try_acquire_many(many).unwrap();
        let mut browser = bench.enter().await;
        browser.peer.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let Some(Event::Leave { departure: LeaveReason::ServerClosed(_), .. }) =
            bench.events.recv().await
        else {
            panic!("nothing is forwarded, and the leave has a reason");
        };
        // As the broker does when a user has left.
        drop(browser.sender);
        let mut answer = String::new();
        browser.peer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        browser.task.await.unwrap();
    });
}
