//! Readiness that is announced and cannot be used: a task waits, and no core spins.

use crate::{block_on, within};
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use whippet::io::unix::AsyncFd;
use whippet::io::{AsyncRead, AsyncReadExt, Interest};
use whippet::net::UnixDatagram;
use whippet::net::unix::pipe::OpenOptions;
use whippet::runtime::{Handle, RuntimeMetrics};
use whippet::task::yield_now;

/// A path of this test's own, removed when dropped.
struct Place(PathBuf);

impl Place {
    fn new(test: &str) -> Self {
        Self(std::env::temp_dir().join(format!("whippet-{test}-{}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Polls of whatever is counted that a spinning core makes in no time, and a waiting task never.
const SPINS: usize = 2_000;

#[test]
fn a_datagram_socket_that_is_shut_down_ends() {
    block_on(async {
        let (near, far) = UnixDatagram::pair().unwrap();
        far.send(b"last").await.unwrap();
        near.shutdown(Shutdown::Read).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(within(near.recv(&mut buffer)).await.unwrap(), 4, "what came before is read");
        // As a blocking one.
        assert_eq!(within(near.recv(&mut buffer)).await.unwrap(), 0);
        let (count, from) = within(near.recv_from(&mut buffer)).await.unwrap();
        assert!(count == 0 && from.is_unnamed());
        let polled = std::future::poll_fn(|cx| near.poll_recv(cx, &mut [0; 8]));
        assert_eq!(within(polled).await.unwrap(), 0);
        assert_eq!(near.try_recv(&mut buffer).unwrap(), 0);
    });
}

#[test]
fn a_datagram_socket_shut_down_while_it_waits_ends() {
    block_on(async {
        let (near, _far) = UnixDatagram::pair().unwrap();
        let near = Arc::new(near);
        let receives = whippet::spawn({
            let near = Arc::clone(&near);
            async move { near.recv(&mut [0; 8]).await }
        });
        while Handle::current().metrics().num_descriptor_waiters() == 0 {
            yield_now().await;
        }
        near.shutdown(Shutdown::Read).unwrap();
        assert_eq!(within(receives).await.unwrap().unwrap(), 0);
    });
}

#[test]
fn the_end_of_a_datagram_socket_outlives_calls_that_block() {
    block_on(async {
        let (near, _far) = UnixDatagram::pair().unwrap();
        near.shutdown(Shutdown::Read).unwrap();
        let blocks = || Err::<(), _>(ErrorKind::WouldBlock.into());
        while !within(near.ready(Interest::READABLE)).await.unwrap().is_read_closed() {}
        assert!(near.try_io(Interest::READABLE, blocks).is_err());
        assert_eq!(within(near.recv(&mut [0; 8])).await.unwrap(), 0);
        // A program's own calls block at it for ever, and keep no core busy.
        let near = Arc::new(near);
        let calls = Arc::new(AtomicUsize::new(0));
        let task = whippet::spawn({
            let (near, calls) = (Arc::clone(&near), Arc::clone(&calls));
            async move {
                let call = || {
                    calls.fetch_add(1, Ordering::Relaxed);
                    blocks()
                };
                near.async_io(Interest::READABLE, call).await
            }
        });
        let metrics = Handle::current().metrics();
        while metrics.io_backoff_count() < 3 {
            yield_now().await;
        }
        assert!(calls.load(Ordering::Relaxed) < 100, "{} calls", calls.load(Ordering::Relaxed));
        assert_eq!(within(near.recv(&mut [0; 8])).await.unwrap(), 0);
        task.abort();
    });
}

#[test]
fn a_fifo_with_a_new_writer_waits_without_a_spin() {
    block_on(async {
        let place = Place::new("new-writer");
        rustix::fs::mkfifoat(rustix::fs::CWD, &place.0, rustix::fs::Mode::RWXU).unwrap();
        let mut receiver = OpenOptions::new().open_receiver(&place.0).unwrap();
        let open = || std::fs::OpenOptions::new().write(true).open(&place.0).unwrap();
        open().write_all(b"one").unwrap();
        assert_eq!(within(receiver.read(&mut [0; 8])).await.unwrap(), 3);
        assert_eq!(within(receiver.read(&mut [0; 8])).await.unwrap(), 0, "the writer has gone");
        let mut second = open();
        let polls = Arc::new(AtomicUsize::new(0));
        let reads = whippet::spawn({
            let polls = Arc::clone(&polls);
            async move {
                let mut buffer = [0; 8];
                std::future::poll_fn(|cx| {
                    polls.fetch_add(1, Ordering::Relaxed);
                    Pin::new(&mut receiver).poll_read(cx, &mut buffer)
                })
                .await
            }
        });
        for _ in 0..SPINS {
            yield_now().await;
        }
        second.write_all(b"four").unwrap();
        assert_eq!(within(reads).await.unwrap().unwrap(), 4);
        assert!(polls.load(Ordering::Relaxed) < 10, "{} polls", polls.load(Ordering::Relaxed));
    });
}

fn backoffs(metrics: &RuntimeMetrics) -> u64 {
    metrics.io_backoff_count()
}

/// A receiver whose queue is full, and an address to send to.
fn full_queue(place: &Place) -> std::os::unix::net::UnixDatagram {
    let receiver = std::os::unix::net::UnixDatagram::bind(&place.0).unwrap();
    receiver.set_nonblocking(true).unwrap();
    let filler = std::os::unix::net::UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(b"x", &place.0).is_ok() {}
    receiver
}

#[test]
fn send_to_a_full_queue_backs_off_and_is_sent() {
    block_on(async {
        let place = Place::new("full-queue");
        let receiver = full_queue(&place);
        let metrics = Handle::current().metrics();
        let sender = Arc::new(UnixDatagram::unbound().unwrap());
        let calls = Arc::new(AtomicUsize::new(0));
        let sends = whippet::spawn({
            let (sender, calls, path) = (Arc::clone(&sender), Arc::clone(&calls), place.0.clone());
            async move {
                let address = rustix::net::SocketAddrUnix::new(&path).unwrap();
                let call = || {
                    calls.fetch_add(1, Ordering::Relaxed);
                    let flags = rustix::net::SendFlags::DONTWAIT;
                    Ok(rustix::net::sendto(&*sender, b"y", flags, &address)?)
                };
                sender.async_io(Interest::WRITABLE, call).await
            }
        });
        let backs_off = async {
            while backoffs(&metrics) < 3 {
                yield_now().await;
            }
        };
        within(backs_off).await;
        assert!(calls.load(Ordering::Relaxed) < 100, "{} calls", calls.load(Ordering::Relaxed));
        while receiver.recv(&mut [0; 8]).is_ok() {}
        assert_eq!(within(sends).await.unwrap().unwrap(), 1);
    });
}

#[test]
fn every_way_to_send_to_a_full_queue_backs_off() {
    block_on(async {
        let place = Place::new("every-way");
        let receiver = full_queue(&place);
        let metrics = Handle::current().metrics();
        let sender = Arc::new(UnixDatagram::unbound().unwrap());
        let watched = {
            let socket = std::os::unix::net::UnixDatagram::unbound().unwrap();
            socket.set_nonblocking(true).unwrap();
            Arc::new(AsyncFd::new(socket).unwrap())
        };
        let mut tasks = whippet::task::JoinSet::new();
        let (path, socket) = (place.0.clone(), Arc::clone(&sender));
        tasks.spawn(async move { socket.send_to(b"y", &path).await });
        let (path, socket) = (place.0.clone(), Arc::new(UnixDatagram::unbound().unwrap()));
        tasks.spawn(async move {
            std::future::poll_fn(|cx| socket.poll_send_to(cx, b"y", &path)).await
        });
        let (path, socket) = (place.0.clone(), Arc::new(UnixDatagram::unbound().unwrap()));
        tasks.spawn(async move {
            loop {
                socket.writable().await?;
                match socket.try_send_to(b"y", &path) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                    result => return result,
                }
            }
        });
        let (path, socket) = (place.0.clone(), Arc::clone(&watched));
        tasks.spawn(async move {
            loop {
                let mut guard = socket.writable().await?;
                if let Ok(result) = guard.try_io(|socket| socket.get_ref().send_to(b"y", &path)) {
                    return result;
                }
            }
        });
        let former = backoffs(&metrics);
        let backs_off = async {
            while backoffs(&metrics) < former + 12 {
                yield_now().await;
            }
        };
        within(backs_off).await;
        while receiver.recv(&mut [0; 8]).is_ok() {}
        within(async {
            while let Some(sent) = tasks.join_next().await {
                assert_eq!(sent.unwrap().unwrap(), 1);
            }
        })
        .await;
    });
}

/// The kernel says that an end hung up before anything was connected to it.
#[test]
fn a_guard_of_a_fifo_with_a_new_writer_waits() {
    block_on(async {
        let place = Place::new("guard-fifo");
        rustix::fs::mkfifoat(rustix::fs::CWD, &place.0, rustix::fs::Mode::RWXU).unwrap();
        let reads = std::fs::OpenOptions::new()
            .read(true)
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits() as i32)
            .open(&place.0)
            .unwrap();
        let near = AsyncFd::new(reads).unwrap();
        let open = || std::fs::OpenOptions::new().write(true).open(&place.0).unwrap();
        drop(open());
        assert!(within(near.readable()).await.unwrap().ready().is_read_closed());
        let mut second = open();
        let calls = AtomicUsize::new(0);
        let read = async {
            loop {
                let mut guard = near.readable().await?;
                let call = |near: &AsyncFd<std::fs::File>| {
                    calls.fetch_add(1, Ordering::Relaxed);
                    near.get_ref().read(&mut [0; 8])
                };
                if let Ok(result) = guard.try_io(call) {
                    return result;
                }
            }
        };
        let (mut read, mut turns) = (std::pin::pin!(read), 0);
        let pending = std::future::poll_fn(|cx| {
            let polled = read.as_mut().poll(cx);
            turns += 1;
            if turns == SPINS || polled.is_ready() {
                return Poll::Ready(polled);
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        });
        assert!(within(pending).await.is_pending());
        assert!(calls.load(Ordering::Relaxed) < 10, "{} calls", calls.load(Ordering::Relaxed));
        second.write_all(b"four").unwrap();
        assert_eq!(within(read).await.unwrap(), 4);
    });
}
