//! Panics name the caller's line.

use crate::panics;
use std::fs::File;
use std::net::Ipv4Addr;
use std::os::unix::net as std_unix;
use std::sync::Arc;
use whippet::io::unix::AsyncFd;
use whippet::io::{Interest, SimplexStream};
use whippet::net::unix::pipe;
use whippet::net::{
    TcpListener, TcpSocket, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixSocket,
    UnixStream,
};
use whippet::runtime::{Builder, Handle, LocalOptions, Runtime};
use whippet::signal::unix::{SignalKind, signal};
use whippet::sync::{Mutex, RwLock, Semaphore, broadcast, mpsc, oneshot};
use whippet::task::{self, JoinSet, LocalSet, TaskTracker};
use whippet::time::{self, Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

/// A current-thread runtime.
fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn counts_and_sizes_that_are_refused_name_the_caller() {
    let semaphore = Semaphore::new(1);
    let other = Semaphore::new(1);
    let owned = || Arc::new(Semaphore::new(1)).try_acquire_owned().unwrap();
    let halves = || whippet::io::split(SimplexStream::new_unsplit(1));
    panics! {
        "capacity": mpsc::channel::<u8>(0);
        "capacity": mpsc::channel::<u8>(usize::MAX);
        "capacity": broadcast::channel::<u8>(0);
        "capacity": broadcast::channel::<u8>(usize::MAX);
        "capacity": broadcast::Sender::<u8>::new(0);
        "capacity": broadcast::Sender::<u8>::new(usize::MAX);
        "zero readers": RwLock::with_max_readers((), 0);
        "reader": RwLock::with_max_readers((), u32::MAX);
        "zero readers": RwLock::const_with_max_readers((), 0);
        "reader": RwLock::const_with_max_readers((), u32::MAX);
        "permits": Semaphore::new(usize::MAX);
        "permits": Semaphore::const_new(usize::MAX);
        "MAX_PERMITS": semaphore.add_permits(usize::MAX);
        "semaphores": semaphore.try_acquire().unwrap().merge(other.try_acquire().unwrap());
        "semaphores": owned().merge(owned());
        "simplex": SimplexStream::new_unsplit(0);
        "simplex": whippet::io::simplex(0);
        "duplex": whippet::io::duplex(0);
        "halves": halves().0.unsplit(halves().1);
        "clock": Instant::now() + Duration::MAX;
        "clock": Instant::now() - Duration::MAX;
        "clock": { let mut now = Instant::now(); now += Duration::MAX; };
        "clock": { let mut now = Instant::now(); now -= Duration::MAX; };
        "worker": runtime().metrics().worker_park_count(7);
        "worker": runtime().metrics().worker_park_unpark_count(7);
        "worker": runtime().metrics().worker_total_busy_duration(7);
        "worker": runtime().metrics().worker_steal_count(7);
        "worker": runtime().metrics().worker_poll_count(7);
        "worker": runtime().metrics().worker_local_queue_depth(7);
        "worker": runtime().metrics().worker_budget_forced_yield_count(7);
    }
}

#[test]
fn builders_that_are_refused_name_the_caller() {
    panics! {
        "worker": Builder::new_multi_thread().worker_threads(0);
        "blocking": Builder::new_multi_thread().max_blocking_threads(0);
        "interval": Builder::new_multi_thread().event_interval(0);
        "interval": Builder::new_multi_thread().global_queue_interval(0);
        "zero": Builder::new_multi_thread().stall_threshold(Duration::ZERO);
        "name": Builder::new_multi_thread().name(" ");
        "paused": Builder::new_multi_thread().start_paused(true).build();
        "local": Builder::new_multi_thread().build_local(LocalOptions::default());
    }
}

#[test]
fn calls_without_a_runtime_name_the_caller() {
    let listener = || std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = || std::net::TcpStream::connect(listener().local_addr().unwrap());
    let bound = || {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        socket
    };
    let null = || File::open("/dev/null").unwrap();
    // Each call gets a name of its own: the socket is bound before the runtime is looked for.
    let folder = std::env::temp_dir().join(format!("whippet-caller-faults-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = |name: &str| folder.join(name);
    let unix = || {
        let socket = UnixSocket::new_stream().unwrap();
        socket.bind(path("socket")).unwrap();
        socket
    };
    let tracker = TaskTracker::new();
    panics! {
        "no whippet runtime": Handle::current();
        "no whippet runtime": whippet::spawn(async {});
        "no whippet runtime": task::spawn_blocking(|| ());
        "spawn_local": task::spawn_local(async {});
        "no whippet runtime": JoinSet::new().spawn(async {});
        "no whippet runtime": JoinSet::new().spawn_blocking(|| ());
        "spawn_local": JoinSet::new().spawn_local(async {});
        "no whippet runtime": JoinSet::new().extend([async {}]);
        "no whippet runtime": JoinSet::from_iter([async {}]);
        "no whippet runtime": tracker.spawn(async {});
        "no whippet runtime": tracker.spawn_blocking(|| ());
        "spawn_local": tracker.spawn_local(async {});
        "task": task::id();
        "no whippet runtime": time::sleep(SECOND);
        "no whippet runtime": time::sleep_until(Instant::now());
        "no whippet runtime": time::timeout(SECOND, async {});
        "no whippet runtime": time::timeout_at(Instant::now(), async {});
        "no whippet runtime": time::interval(SECOND);
        "no whippet runtime": time::interval_at(Instant::now(), SECOND);
        "no whippet runtime": time::pause();
        "no whippet runtime": time::resume();
        "no whippet runtime": signal(SignalKind::hangup());
        "no whippet runtime": TcpListener::from_std(listener());
        "no whippet runtime": TcpStream::from_std(stream().unwrap());
        "no whippet runtime": bound().listen(1);
        "no whippet runtime": UdpSocket::from_std(std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
        "no whippet runtime": UnixDatagram::bind(path("datagram"));
        "no whippet runtime": UnixDatagram::pair();
        "no whippet runtime": UnixDatagram::unbound();
        "no whippet runtime": UnixDatagram::from_std(std_unix::UnixDatagram::unbound().unwrap());
        "no whippet runtime": UnixListener::bind(path("listener"));
        "no whippet runtime": UnixStream::pair();
        "no whippet runtime": UnixStream::from_std(std_unix::UnixStream::pair().unwrap().0);
        "no whippet runtime": UnixSocket::new_datagram().unwrap().datagram();
        "no whippet runtime": unix().listen(1);
        "no whippet runtime": pipe::pipe();
        "no whippet runtime": pipe::Sender::from_file_unchecked(null());
        "no whippet runtime": pipe::Receiver::from_file_unchecked(null());
        "no whippet runtime": AsyncFd::new(null());
        "no whippet runtime": AsyncFd::with_interest(null(), Interest::READABLE);
        "no whippet runtime": AsyncFd::try_new(null());
        "no whippet runtime": AsyncFd::try_with_interest(null(), Interest::READABLE);
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn calls_that_would_block_a_task_name_the_caller() {
    let outer = runtime();
    let inner = runtime();
    let local = Builder::new_current_thread().build_local(LocalOptions::default()).unwrap();
    let mutex = Arc::new(Mutex::new(()));
    let lock = RwLock::new(());
    let semaphore = Arc::new(Semaphore::new(1));
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    let (_unbounded, mut endless) = mpsc::unbounded_channel::<u8>();
    let (_broadcaster, mut broadcast) = broadcast::channel::<u8>(1);
    outer.block_on(async {
        panics! {
            "block_on": inner.block_on(async {});
            "block_on": inner.handle().block_on(async {});
            "block_on": local.block_on(async {});
            "block_on": LocalSet::new().block_on(&inner, async {});
            "block_in_place": task::block_in_place(|| ());
            "block": mutex.blocking_lock();
            "block": Arc::clone(&mutex).blocking_lock_owned();
            "block": lock.blocking_read();
            "block": lock.blocking_write();
            "block": semaphore.blocking_acquire();
            "block": semaphore.blocking_acquire_many(1);
            "block": Arc::clone(&semaphore).blocking_acquire_owned();
            "block": Arc::clone(&semaphore).blocking_acquire_many_owned(1);
            "block": sender.blocking_send(1);
            "block": receiver.blocking_recv();
            "block": receiver.blocking_recv_many(&mut Vec::new(), 1);
            "block": endless.blocking_recv();
            "block": endless.blocking_recv_many(&mut Vec::new(), 1);
            "block": broadcast.blocking_recv();
            "block": oneshot::channel::<u8>().1.blocking_recv();
        }
    });
}

#[test]
fn calls_in_the_wrong_state_name_the_caller() {
    whippet::task_local! {
        static NUMBER: u8;
    }
    let runtime = runtime();
    let cancelled = runtime.block_on(async {
        let task = whippet::spawn(std::future::pending::<()>());
        task.abort();
        task.await.unwrap_err()
    });
    let _entered = runtime.enter();
    panics! {
        "task-local key": NUMBER.get();
        "task-local key": NUMBER.with(|_| ());
        "scope": NUMBER.sync_scope(1, || NUMBER.with(|_| NUMBER.sync_scope(2, || ())));
        "was cancelled": cancelled.into_panic();
        "the period": time::interval(Duration::ZERO);
        "the period": time::interval_at(Instant::now(), Duration::ZERO);
        "paused": time::resume();
        "paused": { time::pause(); time::pause(); };
    }
}
