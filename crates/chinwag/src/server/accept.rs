//! The accept loop: admission, and what to do when the machine has run out of descriptors or memory.
//!
//! Errors of accept come in three classes. Some are about one connection that was lost in the queue: go on. Some
//! say that descriptors or memory have run out: wait, for the next call would only fail again, and at once when a
//! connection of ours has gone. The rest say that the listener itself is broken.

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN, LINGER_BYTES_SHORT, MAX_REJECTIONS_IN_FLIGHT};
use crate::os::clock::now;
use crate::server::connection;
use crate::server::connection::linger::linger_close;
use crate::server::connection_limiter::Rejected;
use crate::server::log_throttle::LogThrottle;
use crate::server::shared::Shared;
use rustix::io::Errno;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use whippet::net::{TcpListener, TcpStream};
use whippet::select;
use whippet::time::sleep;

/// Where connections come from: a listener, or what a test replaces it with.
pub(crate) trait Accept {
    /// The next connection.
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send;
}

impl Accept for TcpListener {
    fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> + Send {
        TcpListener::accept(self)
    }
}

/// Accepts connections until the server stops.
///
/// # Errors
/// The listener is broken.
pub(crate) async fn run(source: impl Accept, shared: Arc<Shared>) -> io::Result<()> {
    let mut acceptor = Acceptor::new(Arc::clone(&shared));
    let mut stopping = pin!(shared.stopping.cancelled());
    loop {
        let accepted = select! {
            biased;
            () = &mut stopping => return Ok(()),
            accepted = source.accept() => accepted,
        };
        match accepted {
            Ok((stream, address)) => acceptor.admit(stream, address),
            Err(error) => match AcceptError::of(&error) {
                AcceptError::Transient => {}
                AcceptError::ResourceExhausted => acceptor.back_off(&error).await,
                AcceptError::Fatal => return Err(error),
            },
        }
    }
}

/// What an error of accept calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AcceptError {
    /// It was about one connection, which is gone.
    Transient,
    /// The machine has run out of something.
    ResourceExhausted,
    /// The listener is broken.
    Fatal,
}

impl AcceptError {
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
            ) => Self::Transient,
            Some(Errno::BADF | Errno::FAULT | Errno::INVAL | Errno::NOTSOCK) => Self::Fatal,
            // EMFILE, ENFILE, ENOBUFS, ENOMEM; and whatever we do not know must not make the loop spin.
            _ => Self::ResourceExhausted,
        }
    }
}

/// The state of one accept loop.
struct Acceptor {
    /// The server.
    shared: Arc<Shared>,
    /// How long to wait when the machine runs out next.
    backoff: Duration,
    /// Throttles the log of accept errors.
    exhausted_log: LogThrottle,
    /// Throttles the log of rejections.
    rejected_log: LogThrottle,
    /// Rejections that are still lingering.
    rejections_in_flight: Arc<AtomicUsize>,
}

impl Acceptor {
    fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            backoff: BACKOFF_MIN,
            exhausted_log: LogThrottle::default(),
            rejected_log: LogThrottle::default(),
            rejections_in_flight: Arc::default(),
        }
    }

    /// Admits a connection, or rejects it with a message.
    fn admit(&mut self, stream: TcpStream, address: SocketAddr) {
        self.backoff = BACKOFF_MIN;
        let Shared { live, limiter, .. } = &*self.shared;
        let admitted = match live.trusted_proxies().trusts(address.ip()) {
            true => limiter.admit_proxy(),
            false => limiter.admit(address.ip(), now()),
        };
        match admitted {
            Ok(permit) => {
                whippet::spawn(connection::run(stream, permit, Arc::clone(&self.shared)));
            }
            Err(rejection) => self.reject(stream, address, rejection),
        }
    }

    /// Sends the reason, and closes. Only so many linger at once: each of them holds a descriptor.
    fn reject(&mut self, stream: TcpStream, address: SocketAddr, rejection: Rejected) {
        if let Some(times) = self.rejected_log.record(now()) {
            let address = address.ip().to_canonical();
            tracing::warn!(target: "chinwag::accept", times, %address, "turned away: {rejection}");
        }
        // Only this loop adds, so the bound holds; the count guards nothing else, and Relaxed will do.
        if self.rejections_in_flight.load(Relaxed) >= MAX_REJECTIONS_IN_FLIGHT {
            let _ = stream.try_write(rejection.client_message().as_bytes());
            return;
        }
        self.rejections_in_flight.fetch_add(1, Relaxed);
        let guard = RejectionGuard(Arc::clone(&self.rejections_in_flight));
        whippet::spawn(async move {
            linger_close(&stream, rejection.client_message(), LINGER_BYTES_SHORT).await;
            drop((stream, guard));
        });
    }

    /// Waits when the machine has run out: longer each time, and no longer than until a connection of ours has gone.
    async fn back_off(&mut self, error: &io::Error) {
        if let Some(times) = self.exhausted_log.record(now()) {
            tracing::warn!(target: "chinwag::accept", times, "cannot accept connections for now: {error}");
        }
        let shared = &self.shared;
        select! {
            () = shared.limiter.released() => {}
            () = sleep(self.backoff) => self.backoff = (self.backoff * 2).min(BACKOFF_MAX),
            () = shared.stopping.cancelled() => {}
        }
    }
}

/// One rejection in flight; counted until dropped.
struct RejectionGuard(Arc<AtomicUsize>);

impl Drop for RejectionGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests;
