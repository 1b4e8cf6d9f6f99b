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

/// The sentence that follows the name of each.
const SENTENCE: &str = "there is no whippet runtime here; call this from a task, inside of `Runtime::block_on`, or on a \
                        thread that holds the guard of `Handle::enter`";

/// The message of the panic.
fn panic_message<R>(call: impl FnOnce() -> R) -> String {
    let payload = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(_) => return "no panic".to_owned(),
        Err(payload) => payload,
    };
    match payload.downcast::<String>() {
        Ok(message) => *message,
        Err(payload) => payload.downcast_ref::<&str>().copied().unwrap_or("no message").to_owned(),
    }
}

/// Polls a future once.
fn poll<F: Future>(future: F) -> bool {
    pin!(future).poll(&mut Context::from_waker(Waker::noop())).is_ready()
}

#[test]
fn every_call_names_what_is_missing() {
    assert_eq!(Handle::try_current().map(drop).expect_err("there is none").to_string(), SENTENCE);
    let second = Duration::from_secs(1);
    let (sender, _receiver) = mpsc::channel(1);
    let socket = || std::fs::File::open("/dev/null").expect("it is always there");
    let tcp = || TcpSocket::new_v4().expect("a socket");
    let address = "127.0.0.1:9".parse().expect("an address");
    let path = std::env::temp_dir().join(format!("whippet-no-runtime-{}", std::process::id()));
    let messages = [
        ("Handle::current", panic_message(Handle::current)),
        ("task::spawn", panic_message(|| whippet::spawn(ready(())))),
        ("task::spawn_blocking", panic_message(|| task::spawn_blocking(|| ()))),
        ("JoinSet::spawn", panic_message(|| drop(JoinSet::new().spawn(ready(()))))),
        ("TaskTracker::spawn", panic_message(|| TaskTracker::new().spawn(ready(())))),
        (
            "Scope::spawn",
            panic_message(|| poll(scope(|s| async move { drop(s.spawn(ready(()))) }))),
        ),
        ("time::sleep", panic_message(|| time::sleep(second))),
        ("time::timeout", panic_message(|| time::timeout(second, ready(())))),
        ("time::interval", panic_message(|| time::interval(second))),
        ("mpsc::Sender::send_timeout", panic_message(|| poll(sender.send_timeout(1, second)))),
        ("TcpListener::bind", panic_message(|| poll(TcpListener::bind("127.0.0.1:0")))),
        ("UdpSocket::bind", panic_message(|| poll(UdpSocket::bind("127.0.0.1:0")))),
        ("net::lookup_host", panic_message(|| poll(lookup_host("localhost:1")))),
        ("UnixStream::pair", panic_message(UnixStream::pair)),
        ("UnixDatagram::pair", panic_message(UnixDatagram::pair)),
        ("AsyncFd::new", panic_message(|| AsyncFd::new(socket()))),
        ("AsyncFd::with_interest", panic_message(|| AsyncFd::with_interest(socket(), BOTH))),
        ("AsyncFd::try_new", panic_message(|| AsyncFd::try_new(socket()))),
        (
            "AsyncFd::try_with_interest",
            panic_message(|| AsyncFd::try_with_interest(socket(), BOTH)),
        ),
        ("AsyncFd::register", panic_message(|| AsyncFd::register(socket()))),
        (
            "AsyncFd::register_with_interest",
            panic_message(|| AsyncFd::register_with_interest(socket(), BOTH)),
        ),
        ("time::sleep_until", panic_message(|| time::sleep_until(Instant::now()))),
        ("time::timeout_at", panic_message(|| time::timeout_at(Instant::now(), ready(())))),
        ("time::interval_at", panic_message(|| time::interval_at(Instant::now(), second))),
        ("time::pause", panic_message(time::pause)),
        ("time::resume", panic_message(time::resume)),
        ("time::advance", panic_message(|| poll(time::advance(second)))),
        ("JoinSet::spawn_blocking", panic_message(|| drop(JoinSet::new().spawn_blocking(|| ())))),
        ("TaskTracker::spawn_blocking", panic_message(|| TaskTracker::new().spawn_blocking(|| ()))),
        ("TcpSocket::listen", panic_message(|| tcp().listen(1))),
        ("TcpStream::connect", panic_message(|| poll(tcp().connect(address)))),
        ("UnixListener::bind", panic_message(|| UnixListener::bind(&path))),
        ("UnixDatagram::unbound", panic_message(UnixDatagram::unbound)),
        (
            "UnixSocket::datagram",
            panic_message(|| UnixSocket::new_datagram().map(UnixSocket::datagram)),
        ),
        ("pipe::pipe", panic_message(pipe::pipe)),
        ("AsyncRead::poll_read", panic_message(|| poll(stdin().read(&mut [0])))),
        ("AsyncWrite::poll_write", panic_message(|| poll(stdout().write(b"\n")))),
        ("memory::trim", panic_message(|| poll(whippet::memory::trim()))),
        ("signal::unix::signal", panic_message(|| signal(SignalKind::user_defined2()))),
    ];
    std::fs::remove_file(&path).expect("it was bound");
    for (call, message) in messages {
        assert_eq!(message, format!("`{call}`: {SENTENCE}"));
    }
}
