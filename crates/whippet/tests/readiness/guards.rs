//! Guards of `AsyncFd`: they show readiness, and only a call that would have blocked takes it away.

use crate::{block_on, within};
use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use whippet::io::unix::AsyncFd;
use whippet::io::{Interest, Ready};
use whippet::task::{JoinSet, yield_now};

type Watched = Arc<AsyncFd<UnixStream>>;

/// A watched socket, and the other end, which does not block either.
fn pair() -> (Watched, UnixStream) {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let (near, far) = socketpair(AddressFamily::UNIX, SocketType::STREAM, flags, None).unwrap();
    (Arc::new(AsyncFd::new(near.into()).unwrap()), far.into())
}

fn read_one(near: &AsyncFd<UnixStream>) -> io::Result<usize> {
    near.get_ref().read(&mut [0; 1])
}

fn drain(far: &mut UnixStream) {
    let mut buffer = vec![0; 1 << 20];
    while far.read(&mut buffer).is_ok_and(|count| count > 0) {}
}

#[test]
fn dropped_guards_of_both_kinds_do_not_stop_a_writer() {
    block_on(async {
        let (near, mut far) = pair();
        // Never read: so each guard is there at once, and is made while the room to write is announced.
        far.write_all(b"unread").unwrap();
        let done = Arc::new(AtomicBool::new(false));
        let mut others = JoinSet::new();
        for _ in 0..2 {
            let (near, done) = (Arc::clone(&near), Arc::clone(&done));
            others.spawn(async move {
                while !done.load(Ordering::Relaxed) {
                    drop(near.ready(Interest::READABLE | Interest::WRITABLE).await.unwrap());
                }
            });
        }
        for _ in 0..1_000 {
            while near.try_io(Interest::WRITABLE, |mut near| near.write(&[0; 65_536])).is_ok() {}
            drain(&mut far);
            within(near.async_io(Interest::WRITABLE, |mut near| near.write(b"x"))).await.unwrap();
        }
        done.store(true, Ordering::Relaxed);
        within(others.join_all()).await;
    });
}

#[test]
fn dropped_guards_leave_unread_bytes_announced() {
    block_on(async {
        let (near, mut far) = pair();
        far.write_all(b"unread").unwrap();
        let mut tasks = JoinSet::new();
        for _ in 0..4 {
            let near = Arc::clone(&near);
            tasks.spawn(async move {
                for _ in 0..50_000 {
                    let guard = near.readable().await.unwrap();
                    assert!(guard.ready().is_readable(), "a guard of nothing");
                }
            });
        }
        within(tasks.join_all()).await;
    });
}

#[test]
fn readers_with_guards_of_their_own_miss_nothing() {
    const READERS: usize = 4;
    const BYTES: usize = 20_000;
    block_on(async {
        let (near, mut far) = pair();
        let got = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..READERS {
            let (near, got) = (Arc::clone(&near), Arc::clone(&got));
            tasks.spawn(async move {
                loop {
                    let mut guard = near.readable().await.unwrap();
                    match guard.try_io(read_one) {
                        Ok(Ok(0)) => break,
                        Ok(count) => got.fetch_add(count.unwrap(), Ordering::Relaxed),
                        Err(_would_block) => continue,
                    };
                }
            });
        }
        for sent in 0..BYTES {
            // It does not block, and may be full.
            while sent % 3 == 0 || far.write(b"x").is_err() {
                yield_now().await;
                if sent % 3 == 0 && far.write(b"x").is_ok() {
                    break;
                }
            }
        }
        drop(far);
        within(tasks.join_all()).await;
        assert_eq!(got.load(Ordering::Relaxed), BYTES);
    });
}

#[test]
fn a_forgotten_guard_loses_no_readiness() {
    block_on(async {
        let (near, mut far) = pair();
        far.write_all(b"x").unwrap();
        let _ = std::mem::ManuallyDrop::new(within(near.readable()).await.unwrap());
        assert_eq!(
            within(near.async_io(Interest::READABLE, |mut near| near.read(&mut [0; 8])))
                .await
                .unwrap(),
            1
        );
    });
}

#[test]
fn a_task_that_holds_a_guard_may_wait_again() {
    block_on(async {
        let (near, mut far) = pair();
        far.write_all(b"ab").unwrap();
        let held = within(near.readable()).await.unwrap();
        assert!(within(near.readable()).await.unwrap().ready().is_readable());
        let read = near.async_io(Interest::READABLE, |mut near| near.read(&mut [0; 1]));
        assert_eq!(within(read).await.unwrap(), 1);
        assert!(held.ready().is_readable());
        drop(held);
        assert_eq!(near.try_io(Interest::READABLE, |mut near| near.read(&mut [0; 1])).unwrap(), 1);
    });
}

#[test]
fn ten_waiters_go_on_though_each_clears_readiness() {
    block_on(async {
        let (near, mut far) = pair();
        let mut waiters = JoinSet::new();
        for _ in 0..10 {
            let near = Arc::clone(&near);
            waiters.spawn(async move { near.readable().await.unwrap().clear_ready() });
        }
        while waiting() < 10 {
            yield_now().await;
        }
        far.write_all(b"x").unwrap();
        within(waiters.join_all()).await;
    });

    fn waiting() -> usize {
        whippet::runtime::Handle::current().metrics().num_descriptor_waiters()
    }
}

#[test]
fn a_guard_shows_what_clear_ready_matching_left() {
    block_on(async {
        let (near, mut far) = pair();
        far.write_all(b"x").unwrap();
        let mut guard = loop {
            let guard = near.ready(Interest::READABLE | Interest::WRITABLE).await.unwrap();
            if guard.ready() == Ready::READABLE | Ready::WRITABLE {
                break guard;
            }
            yield_now().await;
        };
        guard.clear_ready_matching(Ready::READABLE);
        assert_eq!(guard.ready(), Ready::WRITABLE);
        let read = near.try_io(Interest::READABLE, |mut near| near.read(&mut [0; 1]));
        assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock, "it was cleared");
        assert!(near.try_io(Interest::WRITABLE, |mut near| near.write(b"x")).is_ok());
        guard.clear_ready();
        assert_eq!(guard.ready(), Ready::EMPTY);
    });
}

#[test]
fn urgent_data_is_announced_as_priority() {
    block_on(async {
        let listener = whippet::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (far, near) = within(async {
            whippet::join!(whippet::net::TcpStream::connect(address), listener.accept())
        })
        .await;
        let (far, (near, _)) = (far.unwrap(), near.unwrap());
        rustix::net::send(&far, b"!", rustix::net::SendFlags::OOB).unwrap();
        let ready = within(near.ready(Interest::PRIORITY)).await.unwrap();
        assert!(ready.is_priority() && !ready.is_readable(), "{ready:?}");
        let urgent = near.try_io(Interest::PRIORITY, || {
            let (count, _) =
                rustix::net::recv(&near, &mut [0; 4][..], rustix::net::RecvFlags::OOB)?;
            Ok(count)
        });
        assert_eq!(urgent.unwrap(), 1);
        let again = near.try_io(Interest::PRIORITY, || {
            rustix::net::recv(&near, &mut [0; 4][..], rustix::net::RecvFlags::OOB)?;
            Err::<(), _>(ErrorKind::WouldBlock.into())
        });
        assert!(again.is_err());
    });
}
