//! Wakers that panic, of those who listen for signals.

use super::support::{
    DEADLINE, Task, current, multi, panics, panics_when_cloned, panics_when_dropped,
    panics_when_woken,
};
use rustix::process::{Signal as Number, getpid, kill_process};
use whippet::net::UnixStream;
use whippet::signal::{SignalKind, signal};
use whippet::time::timeout;

#[test]
fn a_waker_of_a_signal_that_panics_keeps_nothing_open() {
    for runtime in [multi(2), current()] {
        let entered = runtime.enter();
        let (near, _far) = UnixStream::pair().unwrap();
        let mut listeners = [0; 2].map(|_| signal(SignalKind::hangup()).unwrap());
        let [first, second] = &mut listeners;
        let _first = Task::new(first.recv()).pend_with(&panics_when_woken());
        let mut second = Task::new(second.recv()).pend();
        let socket = Task::new(near.readable()).pend();
        drop(entered);
        assert!(!panics(|| runtime.shutdown_timeout(DEADLINE)), "the end is no place for it");
        assert_eq!((second.wakes(), socket.wakes()), (1, 1));
        assert_eq!(second.ready(), None);
    }
}

#[test]
fn a_listener_survives_the_wakers_of_others_and_its_own() {
    for runtime in [multi(2), current()] {
        runtime.block_on(async {
            let listen = || signal(SignalKind::user_defined2()).unwrap();
            let (mut first, mut second, mut third) = (listen(), listen(), listen());
            let _first = Task::new(first.recv()).pend_with(&panics_when_woken());
            assert!(panics(|| Task::new(second.recv()).poll_with(&panics_when_cloned())));
            // Displaced by the next one, and dropped with its listener.
            drop(Task::new(second.recv()).pend_with(&panics_when_dropped()));
            drop(Task::new(second.recv()).pend_with(&panics_when_dropped()));
            drop(Task::new(third.recv()).pend_with(&panics_when_dropped()));
            drop(third);
            let mut kept = listen();
            kill_process(getpid(), Number::USR2).unwrap();
            for listener in [&mut second, &mut kept] {
                assert_eq!(timeout(DEADLINE, listener.recv()).await, Ok(Some(())));
            }
            // A clone that is not needed.
            let mut heard = listen();
            kill_process(getpid(), Number::USR2).unwrap();
            assert_eq!(timeout(DEADLINE, kept.recv()).await, Ok(Some(())));
            let polled = Task::new(heard.recv()).poll_with(&panics_when_dropped());
            assert!(polled.is_ready(), "what was announced for one was for all");
        });
    }
}
