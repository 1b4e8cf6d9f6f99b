//! Tests of a person's task against queues that lie open.

use super::*;
use crate::account::Outlet;
use crate::config::Config;
use crate::event::Inputs;
use crate::frame::{Frame, Gauge};
use crate::intake::{Bounds, Intake};
use crate::outgoing::PANIC;
use std::time::Duration;
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

/// A person's task, and all that it talks to, in the hands of a test.
struct Bench {
    house: Arc<House>,
    said: Receiver<Event>,
    orders: Receiver<Control>,
    peer: TcpStream,
    task: JoinHandle<()>,
    id: ClientId,
    outlet: Outlet,
}

impl Bench {
    /// Somebody who has joined, with so many places in the broker's queue, his leave's included.
    async fn with_places(places: usize) -> Self {
        let (events, said) = mpsc::channel(places);
        let (control, mut orders) = mpsc::channel(4);
        let intake = Arc::new(Intake::new(Bounds::default()));
        let config = Config { first_look: Duration::ZERO, ..Config::default() };
        let house = Arc::new(House::new(config, events, control, intake));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, address) = listener.accept().await.unwrap();
        let place = house.places.admit(address.ip()).unwrap();
        let task = whippet::spawn(run(stream, place, Arc::clone(&house)));
        let Some(Control::Join { id, outlet, .. }) = orders.recv().await else {
            panic!("a join comes first");
        };
        Self { house, said, orders, peer, task, id, outlet }
    }

    /// Fills all places of the queue but the one that was set aside.
    fn fill(&self) {
        let filler = || Event::Lines { id: self.id, inputs: Inputs::new() };
        while self.house.events.try_send(filler()).is_ok() {}
    }

    /// How the person left, once and last of all.
    async fn departure(mut self) -> Departure {
        drop(self.task.await);
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

#[test]
fn trap_29_a_panic_leaves_although_the_queue_is_full() {
    run_test(async {
        let mut bench = Bench::with_places(5).await;
        bench.fill();
        bench.outlet.push(Frame::new(PANIC, &Gauge::new())).unwrap();
        assert_eq!(bench.departure().await, Departure::Lost);
    });
}

#[test]
fn trap_29_an_abort_leaves_although_the_queue_is_full() {
    run_test(async {
        let bench = Bench::with_places(5).await;
        bench.fill();
        bench.task.abort();
        assert_eq!(bench.departure().await, Departure::Lost);
    });
}

#[test]
fn a_cut_leaves_once() {
    run_test(async {
        let Bench { outlet, task, house, mut said, orders, peer, id } = Bench::with_places(5).await;
        outlet.cut(Cut::TooSlow);
        drop(peer);
        task.await.unwrap();
        let leave = said.recv().await;
        assert!(
            matches!(leave, Some(Event::Leave { id: who, departure: Departure::TooSlow }) if who == id)
        );
        drop((house, orders));
        assert!(said.recv().await.is_none());
    });
}

#[test]
fn nothing_is_read_while_the_queue_is_full_and_the_inbox_is_served() {
    run_test(async {
        let mut bench = Bench::with_places(5).await;
        let house = Arc::clone(&bench.house);
        let all = house.intake.places().available_permits().try_into().unwrap();
        let places = house.intake.places().try_acquire_many(all).unwrap();
        bench.peer.writable().await.unwrap();
        bench.peer.try_write(b"hello\n").unwrap();
        for _ in 0..10 {
            bench.outlet.push(Frame::new(b"line\r\n", &Gauge::new())).unwrap();
            let mut line = [0; 16];
            bench.peer.readable().await.unwrap();
            assert_eq!(bench.peer.try_read(&mut line).unwrap(), 6);
        }
        assert!(bench.said.try_recv().is_err());
        // What he said comes as soon as there is a place for it.
        drop(places);
        let said = bench.said.recv().await;
        assert!(matches!(said, Some(Event::Lines { inputs, .. }) if inputs.len() == 1));
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
    assert!(size <= 1024, "{size}");
}
