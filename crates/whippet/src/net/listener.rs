//! What TCP and Unix listeners share: a registered descriptor that connections come out of.

use super::stream::{Stream, StreamKind};
use crate::reactor::{IoInterest, Registration, Remaining};
use crate::runtime::Handle;
use crate::sys::socket;
use rustix::net::SocketAddrAny;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

/// A connection, and how its peer is named.
pub(super) type Accepted<S> = (Stream<S>, Option<SocketAddrAny>);

/// A socket that listens.
#[derive(Debug)]
pub(super) struct Listener<S>(Registration<OwnedFd>, PhantomData<fn() -> S>);

impl<S: StreamKind> Listener<S> {
    /// Has a bound socket listen; `backlog` connections may wait to be accepted. Linux takes the lesser of this and
    /// `net.core.somaxconn`.
    #[track_caller]
    pub(super) fn listen(call: &str, descriptor: OwnedFd, backlog: u32) -> io::Result<Self> {
        socket::listen(&descriptor, i32::try_from(backlog).unwrap_or(i32::MAX))?;
        Self::from_listening(call, descriptor)
    }

    /// Takes a socket that listens already.
    #[track_caller]
    pub(super) fn from_listening(call: &str, descriptor: OwnedFd) -> io::Result<Self> {
        let registration = Registration::new(descriptor, Handle::of_call(call).driver().reactor())?;
        Ok(Self(registration, PhantomData))
    }

    pub(super) fn into_inner(self) -> OwnedFd {
        self.0.into_inner()
    }

    pub(super) async fn accept(&self) -> io::Result<Accepted<S>> {
        into_stream(self.0.async_io(IoInterest::READ, accept).await)
    }

    pub(super) fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Accepted<S>>> {
        self.0.poll_io(cx, IoInterest::READ, accept).map(into_stream)
    }

    pub(super) fn try_accept(&self) -> io::Result<Accepted<S>> {
        into_stream(self.0.try_io(IoInterest::READ, accept))
    }
}

/// One connection of those that wait: there may be more.
fn accept(listener: &OwnedFd) -> io::Result<((OwnedFd, Option<SocketAddrAny>), Remaining)> {
    Ok((socket::accept(listener)?, Remaining::Maybe))
}

fn into_stream<S: StreamKind>(
    accepted: io::Result<(OwnedFd, Option<SocketAddrAny>)>,
) -> io::Result<Accepted<S>> {
    let (descriptor, peer) = accepted?;
    Ok((Stream::from_connected("accept", descriptor)?, peer))
}

impl<S> AsFd for Listener<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}
