//! Calls that need a runtime and find none say so in one sentence, which begins with their name.

use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;
use whippet::io::unix::AsyncFd;
use whippet::io::{AsyncReadExt, AsyncWriteExt, Interest, stdin, stdout};
use whippet::net::{
    TcpListener, TcpSocket, UdpSocket, UnixDatagram, UnixListener, UnixSocket, UnixStream,
    lookup_host, unix::pipe,
};
use whippet::runtime::Handle;
use whippet::signal::{SignalKind, signal};
use whippet::task::{JoinSet, TaskTracker, scope};
use whippet::time::Instant;
use whippet::{sync::mpsc, task, time};

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// What every one of them says behind its name.
const SENTENCE: &str = "there is no whippet runtime here; call this from a task, inside of `Runtime::block_on`, or on a \
                        thread that holds the guard of `Handle::enter`";

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
fn every_call_says_what_is_missing() {
    assert_eq!(Handle::try_current().map(drop).expect_err("there is none").to_string(), SENTENCE);
    let second = Duration::from_secs(1);
    let (sender, _receiver) = mpsc::channel(1);
    let socket = || std::fs::File::open("/dev/null").expect("it is always there");
    let tcp = || TcpSocket::new_v4().expect("a socket");
    let address = "127.0.0.1:9".parse().expect("an address");
    let path = std::env::temp_dir().join(format!("whippet-no-runtime-{}", std::process::id()));
    let said = [
        ("Handle::current", words(Handle::current)),
        ("task::spawn", words(|| whippet::spawn(ready(())))),
        ("task::spawn_blocking", words(|| task::spawn_blocking(|| ()))),
        ("JoinSet::spawn", words(|| drop(JoinSet::new().spawn(ready(()))))),
        ("TaskTracker::spawn", words(|| TaskTracker::new().spawn(ready(())))),
        ("Scope::spawn", words(|| poll(scope(|s| async move { drop(s.spawn(ready(()))) })))),
        ("time::sleep", words(|| time::sleep(second))),
        ("time::timeout", words(|| time::timeout(second, ready(())))),
        ("time::interval", words(|| time::interval(second))),
        ("mpsc::Sender::send_timeout", words(|| poll(sender.send_timeout(1, second)))),
        ("TcpListener::bind", words(|| poll(TcpListener::bind("127.0.0.1:0")))),
        ("UdpSocket::bind", words(|| poll(UdpSocket::bind("127.0.0.1:0")))),
        ("net::lookup_host", words(|| poll(lookup_host("localhost:1")))),
        ("UnixStream::pair", words(UnixStream::pair)),
        ("UnixDatagram::pair", words(UnixDatagram::pair)),
        ("AsyncFd::new", words(|| AsyncFd::new(socket()))),
        ("AsyncFd::with_interest", words(|| AsyncFd::with_interest(socket(), BOTH))),
        ("AsyncFd::try_new", words(|| AsyncFd::try_new(socket()))),
        ("AsyncFd::try_with_interest", words(|| AsyncFd::try_with_interest(socket(), BOTH))),
        ("AsyncFd::register", words(|| AsyncFd::register(socket()))),
        (
            "AsyncFd::register_with_interest",
            words(|| AsyncFd::register_with_interest(socket(), BOTH)),
        ),
        ("time::sleep_until", words(|| time::sleep_until(Instant::now()))),
        ("time::timeout_at", words(|| time::timeout_at(Instant::now(), ready(())))),
        ("time::interval_at", words(|| time::interval_at(Instant::now(), second))),
        ("time::pause", words(time::pause)),
        ("time::resume", words(time::resume)),
        ("time::advance", words(|| poll(time::advance(second)))),
        ("JoinSet::spawn_blocking", words(|| drop(JoinSet::new().spawn_blocking(|| ())))),
        ("TaskTracker::spawn_blocking", words(|| TaskTracker::new().spawn_blocking(|| ()))),
        ("TcpSocket::listen", words(|| tcp().listen(1))),
        ("TcpStream::connect", words(|| poll(tcp().connect(address)))),
        ("UnixListener::bind", words(|| UnixListener::bind(&path))),
        ("UnixDatagram::unbound", words(UnixDatagram::unbound)),
        ("UnixSocket::datagram", words(|| UnixSocket::new_datagram().map(UnixSocket::datagram))),
        ("pipe::pipe", words(pipe::pipe)),
        ("AsyncRead::poll_read", words(|| poll(stdin().read(&mut [0])))),
        ("AsyncWrite::poll_write", words(|| poll(stdout().write(b"\n")))),
        ("memory::trim", words(|| poll(whippet::memory::trim()))),
        ("signal::unix::signal", words(|| signal(SignalKind::user_defined2()))),
    ];
    std::fs::remove_file(&path).expect("it was bound");
    for (call, words) in said {
        assert_eq!(words, format!("`{call}`: {SENTENCE}"));
    }
}
