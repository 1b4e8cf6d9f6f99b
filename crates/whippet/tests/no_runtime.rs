//! Doors that need a runtime and find none say so in one sentence.

use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use whippet::io::unix::AsyncFd;
use whippet::net::{TcpListener, UdpSocket, UnixDatagram, UnixStream, lookup_host};
use whippet::runtime::Handle;
use whippet::signal::{SignalKind, signal};
use whippet::task::{JoinSet, TaskTracker, scope};
use whippet::{sync::mpsc, task, time};

/// What every one of them says.
const SENTENCE: &str = "there is no whippet runtime here: this must be called from a task, inside of \
                        `Runtime::block_on`, or on a thread that holds the guard of `Handle::enter`";

/// The words of the panic.
fn words<R>(door: impl FnOnce() -> R) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(door)) {
        Ok(_) => return "no panic".to_owned(),
        Err(payload) => payload,
    };
    match payload.downcast::<String>() {
        Ok(words) => *words,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or("no words").to_owned(),
    }
}

/// Polls a future once.
fn poll<F: Future>(future: F) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn every_door_says_what_is_missing() {
    assert_eq!(Handle::try_current().map(drop).expect_err("there is none").to_string(), SENTENCE);
    let second = Duration::from_secs(1);
    let (sender, _receiver) = mpsc::channel(1);
    let socket = || std::fs::File::open("/dev/null").expect("it is always there");
    let said = [
        ("Handle::current", words(Handle::current)),
        ("spawn", words(|| whippet::spawn(ready(())))),
        ("spawn_blocking", words(|| task::spawn_blocking(|| ()))),
        ("JoinSet::spawn", words(|| drop(JoinSet::new().spawn(ready(()))))),
        ("TaskTracker::spawn", words(|| TaskTracker::new().spawn(ready(())))),
        ("scope", words(|| poll(scope(|s| async move { drop(s.spawn(ready(()))) })))),
        ("sleep", words(|| time::sleep(second))),
        ("timeout", words(|| time::timeout(second, ready(())))),
        ("interval", words(|| time::interval(second))),
        ("send_timeout", words(|| poll(sender.send_timeout(1, second)))),
        ("bind", words(|| poll(TcpListener::bind("127.0.0.1:0")))),
        ("bind of UDP", words(|| poll(UdpSocket::bind("127.0.0.1:0")))),
        ("lookup_host", words(|| poll(lookup_host("localhost:1")))),
        ("UnixStream::pair", words(UnixStream::pair)),
        ("UnixDatagram::pair", words(UnixDatagram::pair)),
        ("AsyncFd", words(|| AsyncFd::new(socket()))),
        ("signal", words(|| signal(SignalKind::user_defined2()))),
    ];
    for (door, words) in said {
        assert_eq!(words, SENTENCE, "of {door}");
    }
}
