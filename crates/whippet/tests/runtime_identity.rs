//! What tells one runtime from another, how busy its workers are, and which errors say that it has ended.

use std::collections::HashSet;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram as StdDatagram;
use std::time::Duration;
use whippet::io::unix::AsyncFd;
use whippet::io::{AsyncReadExt, AsyncWriteExt, Interest};
use whippet::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use whippet::net::{lookup_host, unix::pipe};
use whippet::runtime::{Builder, Handle, Runtime, is_rt_shutdown_err, worker_index};
use whippet::task::{JoinHandle, LocalSet};
use whippet::time::{Instant, timeout};

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

fn runtime() -> Runtime {
    Builder::new_current_thread().build().expect("a runtime")
}

/// What `future` comes to within the deadline.
fn within<T>(runtime: &Runtime, future: impl Future<Output = T>) -> T {
    runtime.block_on(async { timeout(DEADLINE, future).await.expect("in time") })
}

#[test]
fn each_runtime_has_an_id_of_its_own() {
    let runtimes = [(); 3].map(|()| runtime());
    let ids: HashSet<_> = runtimes.iter().map(|runtime| runtime.handle().id()).collect();
    assert_eq!(ids.len(), 3);
    let [first, second, _] = runtimes;
    let inside = first.block_on(async { Handle::current().id() });
    assert_eq!(inside, first.handle().id());
    let other = first.handle().clone();
    assert_eq!(second.block_on(async move { other.id() }), inside);
    assert!(format!("{first:?}").contains(&format!("{inside:?}")));
    assert!(inside.to_string().parse::<u64>().is_ok_and(|number| number > 0));
}

#[test]
fn local_sets_have_ids_that_no_runtime_has() {
    let runtime = runtime();
    let ids = HashSet::from([LocalSet::new().id(), LocalSet::new().id(), runtime.handle().id()]);
    assert_eq!(ids.len(), 3);
}

#[test]
fn a_name_is_shown_by_handle_debug_and_dump() {
    let runtime = Builder::new_multi_thread().worker_threads(1).name("web").build().unwrap();
    let name = runtime.spawn(async { Handle::current().name().map(str::to_owned) });
    assert_eq!(runtime.block_on(name).unwrap().as_deref(), Some("web"));
    assert_eq!(runtime.handle().name(), Some("web"));
    assert!(format!("{:?}", runtime.handle()).contains("\"web\""), "{:?}", runtime.handle());
    assert!(runtime.handle().dump().to_string().starts_with("runtime \"web\": 0 tasks"));
    assert!(format!("{:?}", runtime.metrics()).contains("\"web\""));
}

#[test]
fn a_runtime_without_a_name_has_none() {
    let runtime = runtime();
    assert_eq!(runtime.handle().name(), None);
    assert!(runtime.handle().dump().to_string().starts_with("0 tasks"));
}

#[test]
fn a_blank_name_is_refused() {
    for name in ["", " \t"] {
        let named = std::panic::catch_unwind(|| {
            Builder::new_multi_thread().name(name);
        });
        assert!(named.is_err());
    }
}

#[whippet::test(name = "of a test", flavor = "multi_thread", worker_threads = 1)]
async fn an_attribute_names_the_runtime() {
    assert_eq!(Handle::current().name(), Some("of a test"));
}

#[whippet::test(name = "local \"one\"", flavor = "local")]
async fn an_attribute_names_a_local_runtime() {
    assert_eq!(Handle::current().name(), Some("local \"one\""));
}

#[test]
fn only_workers_have_an_index() {
    assert_eq!(worker_index(), None);
    let multi = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let index = multi.block_on(multi.spawn(async { worker_index() })).unwrap();
    assert!(index.is_some_and(|index| index < 2), "{index:?}");
    assert_eq!(multi.block_on(async { worker_index() }), None);
    assert_eq!(multi.block_on(multi.spawn_blocking(worker_index)).unwrap(), None);
    let current = runtime();
    assert_eq!(current.block_on(async { worker_index() }), Some(0));
    assert_eq!(current.block_on(current.spawn(async { worker_index() })).unwrap(), Some(0));
}

/// Waits until `holds`.
fn wait_until(holds: impl Fn() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < deadline, "not in time");
        std::thread::yield_now();
    }
}

#[test]
fn an_odd_park_unpark_count_is_a_worker_that_sleeps() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let metrics = runtime.metrics();
    let count = || metrics.worker_park_unpark_count(0);
    wait_until(|| count() % 2 == 1);
    let inside = runtime.metrics();
    let seen = runtime.spawn(async move { inside.worker_park_unpark_count(0) });
    let seen = runtime.block_on(seen).unwrap();
    assert_eq!(seen % 2, 0, "the worker polls");
    wait_until(|| count() % 2 == 1 && count() > seen);
    assert_eq!(metrics.worker_park_count(0), count().div_ceil(2));
}

/// Polls for so long, by the clock.
fn spin(duration: Duration) {
    let start = Instant::now();
    while start.elapsed() < duration {
        std::hint::spin_loop();
    }
}

#[test]
fn time_in_polls_is_busy() {
    const BUSY: Duration = Duration::from_millis(50);
    for flavor in [Builder::new_multi_thread, Builder::new_current_thread] {
        let start = Instant::now();
        let runtime = flavor().worker_threads(1).build().unwrap();
        let metrics = runtime.metrics();
        runtime.block_on(runtime.spawn(async { spin(BUSY) })).unwrap();
        wait_until(|| metrics.worker_total_busy_duration(0) >= BUSY);
        assert!(metrics.worker_total_busy_duration(0) <= start.elapsed());
    }
}

#[test]
fn time_asleep_is_not_busy() {
    let start = Instant::now();
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let metrics = runtime.metrics();
    let count = || metrics.worker_park_unpark_count(0);
    // A stretch in which the worker slept from the beginning to the end.
    let asleep = loop {
        wait_until(|| count() % 2 == 1);
        let (before, began) = (count(), Instant::now());
        spin(Duration::from_millis(50));
        let lasted = began.elapsed();
        if before % 2 == 1 && count() == before {
            break lasted;
        }
    };
    let before = count();
    runtime.block_on(runtime.spawn(async {})).unwrap();
    wait_until(|| count() % 2 == 1 && count() > before);
    assert!(metrics.worker_total_busy_duration(0) <= start.elapsed() - asleep);
}

#[test]
fn a_worker_that_never_sleeps_is_seen_to_be_busy() {
    let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let metrics = runtime.metrics();
    let busy = runtime.spawn(async {
        loop {
            whippet::task::yield_now().await;
        }
    });
    wait_until(|| metrics.worker_total_busy_duration(0) > Duration::from_millis(20));
    busy.abort();
}

#[test]
fn no_time_between_two_calls_of_block_on_is_busy() {
    let runtime = runtime();
    runtime.block_on(whippet::task::yield_now());
    let before = runtime.metrics().worker_total_busy_duration(0);
    spin(Duration::from_millis(100));
    let call = Instant::now();
    runtime.block_on(whippet::task::yield_now());
    let after = runtime.metrics().worker_total_busy_duration(0);
    assert!(after - before <= call.elapsed(), "{before:?} {after:?}");
}

/// What a call on something of a runtime that has ended came to.
#[track_caller]
fn assert_ended<T>(result: io::Result<T>) {
    let error = result.err().expect("the runtime has ended");
    assert!(is_rt_shutdown_err(&error), "{error:?}");
}

#[test]
fn sockets_of_an_ended_runtime_say_that_it_has_ended() {
    let (ended, other) = (runtime(), runtime());
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let (listener, udp) = within(&ended, async {
        (TcpListener::bind(any).await.unwrap(), UdpSocket::bind(any).await.unwrap())
    });
    let address = listener.local_addr().unwrap();
    let mut stream = within(&ended, TcpStream::connect(address)).unwrap();
    let (mut near, _far) = within(&ended, async { UnixStream::pair() }).unwrap();
    let (datagram, _peer) = within(&ended, async { UnixDatagram::pair() }).unwrap();
    let (_sender, mut receiver) = within(&ended, async { pipe::pipe() }).unwrap();
    let (fd, _peer) = StdDatagram::pair().unwrap();
    fd.set_nonblocking(true).unwrap();
    let fd = within(&ended, async { AsyncFd::new(fd) }).unwrap();
    drop(ended);
    within(&other, async {
        // What need not be waited for is still given.
        let _accepted = listener.accept().await.expect("it is connected already");
        assert_ended(listener.accept().await);
        let mut byte = [0];
        assert_ended(stream.read(&mut byte).await);
        assert_ended(stream.ready(Interest::READABLE).await);
        assert_ended(udp.recv(&mut byte).await);
        assert_ended(udp.readable().await);
        assert_ended(near.read(&mut byte).await);
        assert_ended(near.readable().await);
        assert_ended(datagram.recv(&mut byte).await);
        assert_ended(receiver.read(&mut byte).await);
        assert_ended(fd.readable().await);
        assert_ended(fd.async_io(Interest::READABLE, |fd| fd.recv(&mut [0])).await);
        // A write that the kernel takes at once needs no runtime; one that would wait says so.
        while let Ok(()) = near.write_all(&[0; 1 << 16]).await {}
        assert_ended(near.writable().await);
    });
}

#[test]
fn calls_on_an_ended_runtime_report_that_it_has_ended() {
    let ended = runtime();
    let handle = ended.handle().clone();
    drop(ended);
    let _entered = handle.enter();
    let other = runtime();
    let on_ended = |future: std::pin::Pin<Box<dyn Future<Output = io::Result<()>>>>| {
        assert_ended(futures_block_on(future));
    };
    on_ended(Box::pin(async { TcpListener::bind("127.0.0.1:0").await.map(drop) }));
    on_ended(Box::pin(async { UdpSocket::bind("127.0.0.1:0").await.map(drop) }));
    on_ended(Box::pin(async { UnixDatagram::unbound().map(drop) }));
    on_ended(Box::pin(async { UnixStream::pair().map(drop) }));
    on_ended(Box::pin(async { pipe::pipe().map(drop) }));
    on_ended(Box::pin(async { lookup_host("localhost:80").await.map(drop) }));
    on_ended(Box::pin(async {
        let (near, _far) = StdDatagram::pair()?;
        near.set_nonblocking(true)?;
        AsyncFd::new(near).map(drop)
    }));
    let directory = std::env::temp_dir().join(format!("whippet-ended-{}", std::process::id()));
    on_ended(Box::pin(async move { UnixListener::bind(directory).map(drop) }));
    drop(other);
}

/// Polls a future that needs no runtime to go on.
fn futures_block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let waker = std::task::Waker::noop();
    let deadline = Instant::now() + DEADLINE;
    loop {
        let polled = future.as_mut().poll(&mut std::task::Context::from_waker(waker));
        if let std::task::Poll::Ready(output) = polled {
            return output;
        }
        assert!(Instant::now() < deadline, "not in time");
        std::thread::yield_now();
    }
}

#[test]
fn other_errors_do_not_say_that_a_runtime_has_ended() {
    let runtime = runtime();
    let aborted: JoinHandle<()> = runtime.spawn(std::future::pending());
    aborted.abort();
    let aborted = io::Error::from(runtime.block_on(aborted).unwrap_err());
    let words = {
        let ended = self::runtime();
        let socket = within(&ended, UdpSocket::bind("127.0.0.1:0")).unwrap();
        drop(ended);
        within(&runtime, socket.recv(&mut [0])).unwrap_err().to_string()
    };
    for error in [aborted, io::Error::other(words), io::ErrorKind::WouldBlock.into()] {
        assert!(!is_rt_shutdown_err(&error), "{error:?}");
    }
}
