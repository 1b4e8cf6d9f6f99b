//! The accept loop: who may come in, and what to do when the machine has run out.
//!
//! Errors of accept come in three classes. Some are about one connection that was lost in the queue: go on. Some
//! say that descriptors or memory have run out: wait, for the next call would only fail again, and at once when a
//! connection of ours has gone. The rest say that the listener itself is broken.

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN, LINGER_BYTES_SHORT, MAX_REJECTIONS_IN_FLIGHT};
use crate::server::connection;
use crate::server::connection::linger::say_goodbye;
use crate::server::connection_limiter::Refusal;
use crate::server::log_throttle::Seldom;
use crate::server::shared::House;
use rustix::io::Errno;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};
use whippet::net::{TcpListener, TcpStream};
use whippet::select;
use whippet::time::sleep;

/// Where connections come from: a listener, or what a test puts in its place.
pub(crate) trait Source {
    /// The next connection.
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Source for TcpListener {
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send {
        TcpListener::accept(self)
    }
}

/// Lets people in until the server stops.
///
/// # Errors
/// The listener is broken.
pub(crate) async fn run(source: impl Source, house: Arc<House>) -> io::Result<()> {
    let mut doorman = Doorman::new(Arc::clone(&house));
    let mut stopping = pin!(house.stopping.cancelled());
    loop {
        let accepted = select! {
            biased;
            () = &mut stopping => return Ok(()),
            accepted = source.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => doorman.admit(stream, address),
            Err(error) => match Class::of(&error) {
                Class::Again => {}
                Class::BackOff => doorman.back_off(&error).await,
                Class::Fatal => return Err(error),
            },
        }
    }
}

/// What an error of accept calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// It was about one connection, which is gone.
    Again,
    /// The machine has run out of something.
    BackOff,
    /// The listener is broken.
    Fatal,
}

impl Class {
    fn of(error: &io::Error) -> Self {
        match Errno::from_io_error(error) {
            Some(
                Errno::CONNABORTED
                | Errno::INTR
                | Errno::PROTO
                | Errno::PERM
                | Errno::NETDOWN
                | Errno::NOPROTOOPT
                | Errno::HOSTDOWN
                | Errno::NONET
                | Errno::HOSTUNREACH
                | Errno::NETUNREACH
                | Errno::TIMEDOUT
                | Errno::CONNRESET,
            ) => Self::Again,
            Some(Errno::BADF | Errno::FAULT | Errno::INVAL | Errno::NOTSOCK) => Self::Fatal,
            // EMFILE, ENFILE, ENOBUFS, ENOMEM; and whatever we do not know must not make the loop spin.
            _ => Self::BackOff,
        }
    }
}

/// The state of one accept loop.
struct Doorman {
    /// The server.
    house: Arc<House>,
    /// How long to wait when the machine runs out next.
    pause: Duration,
    /// When to speak of the machine's running out.
    ran_out: Seldom,
    /// When to speak of people turned away.
    turned_away: Seldom,
    /// Refusals whose goodbye is under way.
    refusing: Arc<AtomicUsize>,
}

impl Doorman {
    fn new(house: Arc<House>) -> Self {
        Self {
            house,
            pause: BACKOFF_MIN,
            ran_out: Seldom::default(),
            turned_away: Seldom::default(),
            refusing: Arc::default(),
        }
    }

    /// Lets a connection in, or turns it away with a sentence.
    fn admit(&mut self, stream: TcpStream, address: SocketAddr) {
        self.pause = BACKOFF_MIN;
        let House { dials, places, .. } = &*self.house;
        let admitted = match dials.proxies().trust(address.ip()) {
            true => places.admit_proxy(),
            false => places.admit(address.ip(), now()),
        };
        match admitted {
            Ok(place) => {
                whippet::spawn(connection::run(stream, place, Arc::clone(&self.house)));
            }
            Err(refusal) => self.refuse(stream, address, refusal),
        }
    }

    /// Says why, and closes. Only so many goodbyes take their time at once: each of them holds a descriptor.
    fn refuse(&mut self, stream: TcpStream, address: SocketAddr, refusal: Refusal) {
        if let Some(times) = self.turned_away.tell(now()) {
            let address = address.ip().to_canonical();
            tracing::warn!(target: "chinwag::accept", times, %address, "turned away: {refusal}");
        }
        // Only this loop adds, so the bound holds; the count guards nothing else, and Relaxed will do.
        if self.refusing.load(Relaxed) >= MAX_REJECTIONS_IN_FLIGHT {
            let _ = stream.try_write(refusal.answer().as_bytes());
            return;
        }
        self.refusing.fetch_add(1, Relaxed);
        let refusing = Counted(Arc::clone(&self.refusing));
        whippet::spawn(async move {
            say_goodbye(&stream, refusal.answer(), LINGER_BYTES_SHORT).await;
            drop((stream, refusing));
        });
    }

    /// Waits when the machine has run out: longer each time, and no longer than until a connection of ours has gone.
    async fn back_off(&mut self, error: &io::Error) {
        if let Some(times) = self.ran_out.tell(now()) {
            tracing::warn!(target: "chinwag::accept", times, "cannot accept connections for now: {error}");
        }
        let house = &self.house;
        select! {
            () = house.places.freed() => {}
            () = sleep(self.pause) => self.pause = (self.pause * 2).min(BACKOFF_MAX),
            () = house.stopping.cancelled() => {}
        }
    }
}

/// One refusal under way; counted until dropped.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// This moment.
fn now() -> Instant {
    whippet::time::Instant::now().into_std()
}

#[cfg(test)]
mod tests;
