//! Tests of a person's task against queues that lie open.

use super::*;
use crate::chat::event::{CommandBatch, NewClient};
use crate::limits::MAX_EVENTS_PER_CLIENT;
use crate::outbound::backpressure::{Bounds, Intake};
use crate::outbound::frame::{Frame, Gauge};
use crate::outbound::queue::Cut;
use crate::outbound::queue::Outlet;
use crate::server::config::Config;
use crate::server::connection::writer::PANIC;
use crate::server::resources::Resources;
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

/// A house whose queues a test holds in its hands.
struct Bench {
    house: Arc<House>,
    said: Receiver<Event>,
    orders: Receiver<Control>,
    listener: TcpListener,
}

/// One person's task, his end of the connection, and the broker's end of his inbox.
struct Person {
    peer: TcpStream,
    task: JoinHandle<()>,
    id: ClientId,
    outlet: Outlet,
}

impl Bench {
    /// A house with so many places in the broker's queue, those of leaves included.
    async fn new(places: usize) -> Self {
        Self::listening(places, Duration::ZERO).await
    }

    /// The same, where newcomers are listened to for so long.
    async fn listening(places: usize, first_look: Duration) -> Self {
        let (events, said) = mpsc::channel(places);
        let (control, orders) = mpsc::channel(4);
        let intake = Arc::new(Intake::new(Bounds::default()));
        let config = Config { first_look, ..Config::default() }.without_limits();
        let house =
            Arc::new(House::new(config, Resources::default(), events, control, intake).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { house, said, orders, listener }
    }

    /// Somebody who has joined.
    async fn enter(&mut self) -> Person {
        let peer = TcpStream::connect(self.listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = self.listener.accept().await.unwrap();
        let place = self.house.places.admit(address.ip(), now()).unwrap();
        let task = whippet::spawn(run(stream, place, Arc::clone(&self.house)));
        let Some(Control::Join { id, client: NewClient { sender: outlet, .. } }) =
            self.orders.recv().await
        else {
            panic!("a join comes first");
        };
        Person { peer, task, id, outlet }
    }

    /// Fills all places of the queue but those that were set aside.
    fn fill(&self) {
        let filler = || Event::Lines { id: ClientId::new(0), inputs: CommandBatch::new() };
        while self.house.events.try_send(filler()).is_ok() {}
    }

    /// How the only person left, once and last of all.
    async fn departure(mut self) -> Departure {
        assert_eq!(self.house.places.taken(), 0, "the place was given back");
        drop((self.house, self.orders));
        let mut departure = None;
        while let Some(event) = self.said.recv().await {
            assert_eq!(departure, None, "nothing follows a leave");
            if let Event::Leave { departure: how, .. } = event {
                departure = Some(how);
            }
        }
        departure.expect("a leave")
    }
}

fn frame(bytes: &[u8]) -> Frame {
    Frame::new(bytes, &Gauge::new())
}

#[test]
fn regression_29_a_panic_leaves_although_the_queue_is_full() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let mut person = bench.enter().await;
        bench.fill();
        person.outlet.push(frame(PANIC)).unwrap();
        assert!(person.task.await.unwrap_err().is_panic());
        assert_eq!(bench.departure().await, Departure::Lost);
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
        assert_eq!(bench.departure().await, Departure::Lost);
    });
}

#[test]
fn a_cut_leaves_once() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let person = bench.enter().await;
        person.outlet.cut(Cut::TooSlow);
        drop(person.peer);
        person.task.await.unwrap();
        assert_eq!(bench.departure().await, Departure::TooSlow);
    });
}

#[test]
fn nothing_is_read_while_the_queue_is_full_and_the_inbox_is_served() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let house = Arc::clone(&bench.house);
        let all = house.intake.places().available_permits().try_into().unwrap();
        let places = house.intake.places().try_acquire_many(all).unwrap();
        let mut person = bench.enter().await;
        person.peer.writable().await.unwrap();
        person.peer.try_write(b"hello\n").unwrap();
        for _ in 0..10 {
            person.outlet.push(frame(b"line\r\n")).unwrap();
            let mut line = [0; 16];
            person.peer.readable().await.unwrap();
            assert_eq!(person.peer.try_read(&mut line).unwrap(), 6);
        }
        assert!(bench.said.try_recv().is_err());
        // What he said comes as soon as there is a place for it.
        drop(places);
        let said = bench.said.recv().await;
        assert!(matches!(said, Some(Event::Lines { inputs, .. }) if inputs.len() == 1));
    });
}

/// Few places, many who want them, and inboxes that have something all the time: whoever waits for a place must not lose
/// his turn each time.
#[test]
fn under_flood_each_sender_is_within_twice_the_mean() {
    const SENDERS: usize = 200;
    const TURNS: usize = 10;
    run_test(async {
        let mut bench = Bench::new(1000).await;
        let house = Arc::clone(&bench.house);
        let places = house.intake.places();
        let all: u32 = places.available_permits().try_into().unwrap();
        places.try_acquire_many(all - 4).unwrap().forget();
        let mut people = Vec::new();
        for _ in 0..SENDERS {
            let person = bench.enter().await;
            person.peer.writable().await.unwrap();
            // More than his turns will read.
            let lines = b"line\n".repeat(crate::limits::READ_BUFFER * 3 * TURNS / 5);
            assert_eq!(person.peer.try_write(&lines).unwrap(), lines.len());
            people.push(person);
        }
        let mut turns = BTreeMap::<ClientId, usize>::new();
        for number in 0..SENDERS * TURNS {
            let Some(Event::Lines { id, .. }) = bench.said.recv().await else {
                panic!("everybody only speaks");
            };
            *turns.entry(id).or_default() += 1;
            let speaker = people.iter().find(|person| person.id == id).expect("one of them");
            speaker.outlet.handled();
            for offset in 0..20 {
                people[(number + offset * 7) % SENDERS].outlet.push(frame(b"news\r\n")).unwrap();
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

/// Whoever has more under way than the broker handles is not read, until it has handled some of it.
#[test]
fn a_person_has_so_many_events_under_way_and_no_more() {
    run_test(async {
        let mut bench = Bench::new(1000).await;
        let person = bench.enter().await;
        person.peer.writable().await.unwrap();
        let lines =
            b"line\n".repeat(crate::limits::READ_BUFFER * 4 * MAX_EVENTS_PER_CLIENT as usize / 5);
        assert_eq!(person.peer.try_write(&lines).unwrap(), lines.len());
        for _ in 0..MAX_EVENTS_PER_CLIENT {
            assert!(matches!(bench.said.recv().await, Some(Event::Lines { .. })));
        }
        // Everything runs on this thread: his task has had all the turns that it wants.
        for _ in 0..100 {
            whippet::task::yield_now().await;
        }
        assert!(bench.said.try_recv().is_err(), "he is not read");
        person.outlet.handled();
        assert!(matches!(bench.said.recv().await, Some(Event::Lines { .. })));
    });
}

/// Runs a test in which the tasks and the test itself go on at once.
fn on_two_threads(test: impl Future<Output = ()>) {
    let mut builder = whippet::runtime::Builder::new_multi_thread();
    builder.worker_threads(2).enable_all().build().unwrap().block_on(test);
}

/// A wait may be over at any moment, for the broker handles on another thread. What his task saw before that is not to
/// make him wait for what has happened already: nobody would read him again.
#[test]
fn whoever_is_held_is_read_on_whenever_the_broker_lets_go_of_him() {
    const EVENTS: usize = 60_000;
    on_two_threads(async {
        let mut bench = Bench::new(1000).await;
        let person = bench.enter().await;
        let Person { mut peer, outlet, .. } = person;
        // A line is as long as a read, so that an event holds one at most.
        let line = [&[b'x'; crate::limits::MAX_LINE_BYTES - 1][..], b"\n"].concat();
        let speaker = whippet::spawn(async move { while peer.write_all(&line).await.is_ok() {} });
        for number in 1..EVENTS {
            let said = timeout(Duration::from_secs(20), bench.said.recv()).await;
            assert!(matches!(said, Ok(Some(Event::Lines { .. }))), "he is read on: {said:?}");
            // All but the first few hold him, and are handled about when he looks.
            if number >= MAX_EVENTS_PER_CLIENT as usize {
                outlet.handled();
            }
            bench.house.intake.places().add_permits(1);
        }
        speaker.abort();
    });
}

/// Whoever stands in line for a place in the queue is not read with it, if the broker has wanted nothing more meanwhile.
#[test]
fn who_is_stopped_in_line_for_a_place_is_not_read() {
    run_test(async {
        let mut bench = Bench::new(5).await;
        let house = Arc::clone(&bench.house);
        let all = house.intake.places().available_permits().try_into().unwrap();
        let places = house.intake.places().try_acquire_many(all).unwrap();
        let person = bench.enter().await;
        person.peer.writable().await.unwrap();
        person.peer.try_write(b"hello\n").unwrap();
        let all_have_their_turns = async || {
            for _ in 0..100 {
                whippet::task::yield_now().await;
            }
        };
        all_have_their_turns().await;
        person.outlet.stop_reading(true);
        drop(places);
        all_have_their_turns().await;
        assert!(bench.said.try_recv().is_err(), "they were read");
        assert_eq!(house.intake.places().available_permits(), all as usize, "the place is free");
        person.outlet.stop_reading(false);
        assert!(matches!(bench.said.recv().await, Some(Event::Lines { .. })));
    });
}

/// The broker stops a task and lets it go at any moment, also of somebody who has just come.
#[test]
fn whoever_is_stopped_is_read_on_whenever_that_is_over() {
    const EVENTS: usize = 20_000;
    on_two_threads(async {
        let mut bench = Bench::new(1000).await;
        let Person { mut peer, outlet, .. } = bench.enter().await;
        let line = [&[b'x'; crate::limits::MAX_LINE_BYTES - 1][..], b"\n"].concat();
        let speaker = whippet::spawn(async move { while peer.write_all(&line).await.is_ok() {} });
        for number in 0..EVENTS {
            outlet.stop_reading(true);
            (0..number % 100).for_each(|_| std::hint::spin_loop());
            outlet.stop_reading(false);
            let said = timeout(Duration::from_secs(20), bench.said.recv()).await;
            assert!(matches!(said, Ok(Some(Event::Lines { .. }))), "they are read on: {said:?}");
            outlet.handled();
            bench.house.intake.places().add_permits(1);
        }
        speaker.abort();
    });
}

#[test]
fn a_wait_that_is_over_before_it_began_is_told_at_once() {
    run_test(async {
        let bench = Bench::new(5).await;
        let stream = TcpStream::connect(bench.listener.local_addr().unwrap()).await.unwrap();
        let (_outlet, inbox) = queue::inbox(&bench.house.intake);
        let mut outgoing = Outgoing::new(inbox);
        assert!(!outgoing.must_wait());
        assert_eq!(outgoing.deliver(&stream, true).await.unwrap(), Delivered::CaughtUp);
    });
}

#[test]
fn a_person_costs_little() {
    /// The size of the future that a function returns.
    fn size_of_future<F: Future>(_: fn(TcpStream, Place, Arc<House>) -> F) -> usize {
        size_of::<F>()
    }
    let size = size_of_future(run);
    eprintln!("a person's task: {size} bytes, {} of them the client", size_of::<Client>());
    assert!(size <= 832, "{size}");
    let terminal = size_of::<crate::terminal::Terminal>();
    eprintln!("his terminal, once he has one: {terminal} bytes");
    assert!(terminal <= 800, "{terminal}");
}

#[test]
fn where_many_are_listened_to_a_newcomer_waits_for_nothing_and_his_first_line_is_looked_at() {
    run_test(async {
        // Whoever was listened to would still be when the test's time is over.
        let mut bench = Bench::listening(8, Duration::from_secs(60)).await;
        let house = Arc::clone(&bench.house);
        let many = u32::try_from(crate::limits::MAX_SNIFFING).unwrap();
        let _ears = house.ears.try_acquire_many(many).unwrap();
        let mut browser = bench.enter().await;
        browser.peer.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        let Some(Event::Leave { departure: Departure::Refused(_), .. }) = bench.said.recv().await
        else {
            panic!("nothing of him is heard, and he leaves with a reason");
        };
        // As the broker does when somebody has left.
        drop(browser.outlet);
        let mut answer = String::new();
        browser.peer.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        browser.task.await.unwrap();
    });
}
