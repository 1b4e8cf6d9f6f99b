//! Tests of the accept loop.

use super::*;
use crate::chat::event::{Control, Event};
use crate::outbound::backpressure::{Backpressure, QueueLimits};
use crate::server::config::Config;
use std::collections::VecDeque;
use std::sync::Mutex;
use whippet::sync::mpsc::{self, Receiver};
use whippet::time::timeout;

/// A listener whose accepts fail in a given way before they succeed.
struct Faulty {
    listener: TcpListener,
    errors: Mutex<VecDeque<Errno>>,
}

impl Accept for Faulty {
    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let error = self.errors.lock().unwrap().pop_front();
        match error {
            Some(errno) => Err(errno.into()),
            None => self.listener.accept().await,
        }
    }
}

fn run_test<F: Future>(test: F) -> F::Output {
    whippet::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async { timeout(Duration::from_secs(20), test).await.expect("the test ends") })
}

/// Shared state whose queues are open to the test, and an accept loop on a listener with these errors.
async fn accept_after(
    errors: impl IntoIterator<Item = Errno>,
) -> (Arc<Shared>, Receiver<Control>, Receiver<Event>, SocketAddr, Faulty) {
    let (event_sender, events) = mpsc::channel(64);
    let (control_sender, control) = mpsc::channel(64);
    let backpressure = Arc::new(Backpressure::new(QueueLimits::default()));
    let shared = Arc::new(
        Shared::new(Config::default(), None, None, event_sender, control_sender, backpressure)
            .unwrap(),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let source = Faulty { listener, errors: Mutex::new(errors.into_iter().collect()) };
    (shared, control, events, address, source)
}

#[test]
fn regression_23_no_error_of_one_connection_ends_the_loop() {
    let passing = [
        Errno::CONNABORTED,
        Errno::INTR,
        Errno::PROTO,
        Errno::PERM,
        Errno::NETDOWN,
        Errno::NOPROTOOPT,
        Errno::HOSTDOWN,
        Errno::NONET,
        Errno::HOSTUNREACH,
        Errno::NETUNREACH,
        Errno::TIMEDOUT,
        Errno::CONNRESET,
    ];
    let scarce = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::OPNOTSUPP];
    run_test(async {
        for errors in passing.map(|errno| vec![errno; 3]).into_iter().chain([scarce.into()]) {
            let (shared, mut control, _events, address, source) = accept_after(errors).await;
            let accepting = whippet::spawn(run(source, Arc::clone(&shared)));
            let _stream = TcpStream::connect(address).await.unwrap();
            assert!(matches!(control.recv().await, Some(Control::Join { .. })));
            shared.stopping.cancel();
            accepting.await.unwrap().unwrap();
        }
    });
}

#[test]
fn regression_23_a_broken_listener_ends_the_loop() {
    run_test(async {
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK, Errno::FAULT] {
            let (shared, _control, _events, _address, source) = accept_after([errno]).await;
            let error = run(source, shared).await.unwrap_err();
            assert_eq!(Errno::from_io_error(&error), Some(errno));
        }
    });
}

#[test]
fn the_backoff_grows_each_time() {
    run_test(async {
        let (shared, _control, _events, _address, source) = accept_after([]).await;
        let mut acceptor = Acceptor::new(shared);
        let error = io::Error::from(Errno::MFILE);
        let mut pauses = Vec::new();
        for _ in 0..5 {
            pauses.push(acceptor.backoff);
            acceptor.back_off(&error).await;
        }
        assert_eq!(
            pauses.iter().map(Duration::as_millis).collect::<Vec<_>>(),
            [10, 20, 40, 80, 160]
        );
        let stream = TcpStream::connect(source.listener.local_addr().unwrap()).await.unwrap();
        acceptor.admit(stream, "127.0.0.1:1".parse().unwrap());
        assert_eq!(acceptor.backoff, BACKOFF_MIN, "a connection that came in starts it anew");
    });
}

#[test]
fn the_backoff_ends_when_a_connection_has_gone() {
    run_test(async {
        let (shared, ..) = accept_after([]).await;
        let place = shared.limiter.admit("127.0.0.1".parse().unwrap(), now()).unwrap();
        let mut acceptor = Acceptor { backoff: Duration::from_secs(3600), ..Acceptor::new(shared) };
        let freeing = whippet::spawn(async move { drop(place) });
        acceptor.back_off(&Errno::MFILE.into()).await;
        freeing.await.unwrap();
    });
}
