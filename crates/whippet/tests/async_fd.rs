//! Descriptors of the program's own, waited for by readiness.

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::task::Poll;
use std::time::Duration;
use whippet::io::unix::AsyncFd;
use whippet::io::{Interest, Ready};
use whippet::task::yield_now;
use whippet::time::timeout;

/// How long an event may take before its test fails.
const DEADLINE: Duration = Duration::from_secs(20);

/// A watched socket, and the other end.
fn pair() -> io::Result<(AsyncFd<UnixStream>, UnixStream)> {
    let (family, kind) = (AddressFamily::UNIX, SocketType::STREAM);
    let (near, far) = socketpair(family, kind, SocketFlags::CLOEXEC, None)?;
    rustix::io::ioctl_fionbio(&near, true)?;
    Ok((AsyncFd::new(near.into())?, far.into()))
}

fn read(near: &AsyncFd<UnixStream>) -> io::Result<usize> {
    near.get_ref().read(&mut [0; 16])
}

/// Lets the reactor announce what has happened: it is looked at after each poll of a future that is always woken.
async fn announce() {
    for _ in 0..3 {
        yield_now().await;
    }
}

#[whippet::test]
async fn an_edge_between_a_call_and_its_clear_is_not_lost() -> io::Result<()> {
    let (near, mut far) = pair()?;
    far.write_all(b"one")?;
    let mut guard = near.readable().await?;
    assert_eq!(guard.try_io(read).expect("it is ready")?, 3);
    let nothing = read(&near).expect_err("all was read");
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    // Between the call that found nothing and the clear that says so.
    far.write_all(b"more")?;
    announce().await;
    guard.clear_ready();
    drop(guard);
    let guard = timeout(DEADLINE, near.readable()).await.expect("the edge is lost")?;
    assert!(guard.ready().is_readable());
    assert_eq!(read(guard.get_ref())?, 4);
    Ok(())
}

#[whippet::test]
async fn readiness_stays_until_a_call_uses_it_up() -> io::Result<()> {
    let (near, mut far) = pair()?;
    far.write_all(b"one")?;
    for _ in 0..2 {
        // Dropped as it was, or kept in so many words.
        timeout(DEADLINE, near.readable()).await.expect("it stays")?.retain_ready();
    }
    assert_eq!(near.try_io(Interest::READABLE, |mut near| near.read(&mut [0; 16]))?, 3);
    let mut guard = timeout(DEADLINE, near.readable()).await.expect("one call was no end")?;
    guard.try_io(read).expect_err("there is nothing");
    drop(guard);
    let mut readable = std::pin::pin!(near.readable());
    let polled = poll_fn(|cx| Poll::Ready(readable.as_mut().poll(cx).is_pending())).await;
    assert!(polled, "it waits again");
    far.write_all(b"two")?;
    assert!(timeout(DEADLINE, readable).await.expect("it is woken")?.ready().is_readable());
    Ok(())
}

#[whippet::test]
async fn a_guard_of_two_kinds_puts_back_what_was_announced_alone() -> io::Result<()> {
    let (mut near, mut far) = pair()?;
    near.writable().await?.retain_ready();
    let full = loop {
        let written = near.try_io_mut(Interest::WRITABLE, |near| near.write(&[0; 4096]));
        if let Err(error) = written {
            break error;
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    far.write_all(b"x")?;
    let guard = near.ready(Interest::READABLE | Interest::WRITABLE).await?;
    assert_eq!(guard.ready() & Ready::ALL, Ready::READABLE);
    drop(guard);
    let called = near.try_io(Interest::WRITABLE, |_| Ok(()));
    assert_eq!(called.expect_err("no space is announced").kind(), ErrorKind::WouldBlock);

    let mut guard = near.ready_mut(Interest::READABLE).await?;
    guard.clear_ready_matching(Ready::WRITABLE);
    drop(guard);
    let read = near.async_io_mut(Interest::READABLE, |near| near.read(&mut [0; 16])).await?;
    assert_eq!(read, 1);
    Ok(())
}

#[whippet::test]
async fn a_pipe_tells_its_end() -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    rustix::io::ioctl_fionbio(&reader, true)?;
    let mut reader = AsyncFd::with_interest(reader, Interest::READABLE)?;
    let ends = whippet::task::spawn_blocking(move || {
        (&writer).write_all(b"last words")?;
        drop(writer);
        io::Result::Ok(())
    });
    let mut words = Vec::new();
    loop {
        let mut piece = [0; 4];
        match reader.async_io_mut(Interest::READABLE, |reader| reader.read(&mut piece)).await? {
            0 => break,
            count => words.extend_from_slice(&piece[..count]),
        }
    }
    assert_eq!(words, b"last words");
    // A read may find the end before the kernel has announced it.
    let closed = async {
        loop {
            let mut guard = reader.readable().await?;
            if guard.ready().is_read_closed() {
                return io::Result::Ok(());
            }
            guard.clear_ready();
        }
    };
    timeout(DEADLINE, closed).await.expect("the end is announced")?;
    ends.await??;
    // Nobody watches it any more, and it is whole.
    assert_eq!(reader.into_inner().read(&mut [0; 1])?, 0);
    Ok(())
}

#[test]
fn a_runtime_that_ends_is_an_error() {
    let one = whippet::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (near, _far) = one.block_on(async { pair() }).expect("a pair");
    drop(one);
    let other = whippet::runtime::Builder::new_current_thread().build().expect("a runtime");
    let waits = other
        .block_on(async { timeout(DEADLINE, near.readable()).await.map(|guard| guard.is_err()) });
    assert_eq!(waits, Ok(true));
}

#[test]
fn what_is_wanted_and_what_is_ready_show_themselves() {
    let both = Interest::READABLE | Interest::ERROR;
    assert!(both.is_readable() && both.is_error() && !both.is_writable());
    assert_eq!(format!("{both:?}"), "READABLE | ERROR");
    assert_eq!(both.remove(Interest::WRITABLE), Some(both));
    assert_eq!(
        format!("{:?} {:?}", Ready::EMPTY, Ready::READABLE | Ready::READ_CLOSED),
        "EMPTY READABLE | READ_CLOSED"
    );
}
