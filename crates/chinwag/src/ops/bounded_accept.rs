//! The accept loop of listeners for short questions: metrics, health, `chinwag admin`. A bounded number of connections,
//! each with a deadline; when all are taken and one more comes, the oldest idle one is closed.
//!
//! ```text
//!   accept ──► task, Busy ──► waits for its peer: Idle ──► the peer moved: Busy ──► … ──► closed, or its deadline
//!                                       │
//!                                       └─ a newer connection needs the slot: Evicted, closed
//! ```
//!
//! A connection is *idle* while it waits for its peer: for the rest of a request, for an answer to be taken, for the close.
//! Its slot can be taken away then, and only then: Idle to Evicted and Idle to Busy are two steps of one word, so a request
//! that has come whole is answered whatever comes meanwhile. A connection is busy until its task has found the socket empty, so
//! a request that lies there is never passed over. Somebody who sends a byte now and then is as idle as
//! somebody who sends none.
//!
//! While all are busy no connection is accepted. None is busy for longer than its deadline.
//!
//! It knows neither HTTP nor the admin protocol: what is said on a connection is its owner's affair.

use crate::limits::{OPS_BACKOFF, OPS_DISCARD_BYTES, OPS_TIMEOUT};
use crate::os::clock::now;
use crate::os::serving_clock::timeout;
use crate::server::log_throttle::LogThrottle;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::Poll;
use std::time::Duration;
use whippet::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use whippet::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use whippet::sync::Notify;
use whippet::task::JoinHandle;
use whippet::time::sleep;

/// Where connections come from.
pub(crate) trait Listener: Send + Sync + 'static {
    /// A connection.
    type Stream: Send;

    /// The next one.
    fn next(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&self) -> io::Result<TcpStream> {
        Ok(self.accept().await?.0)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn next(&self) -> io::Result<UnixStream> {
        Ok(self.accept().await?.0)
    }
}

/// Its request is being read, or its answer made.
const BUSY: u8 = 0;
/// It waits for its peer.
const IDLE: u8 = 1;
/// Its slot was given to another.
const EVICTED: u8 = 2;

/// What a connection does.
#[derive(Debug)]
pub(crate) struct Activity {
    /// [`BUSY`], [`IDLE`] or [`EVICTED`]. The connection's task writes the first two, the accept loop the last, in the place
    /// of the second alone. AcqRel for every change, and the word guards nothing else.
    state: AtomicU8,
    /// Told when it becomes idle, and when it ends.
    slot_freed: Arc<Notify>,
}

impl Activity {
    /// Waits for something of the peer's. Meanwhile the slot can be taken away, unless something has come that was not looked
    /// at: the reactor may not have told yet.
    ///
    /// # Errors
    /// The slot was taken away; or as the future says.
    pub(crate) async fn reading<T>(
        &self,
        stream: &impl AsFd,
        future: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        self.idle_while(future, || !has_input(stream)).await
    }

    /// Waits until the peer has taken something. Meanwhile the slot can be taken away.
    ///
    /// # Errors
    /// The slot was taken away; or as the future says.
    pub(crate) async fn writing<T>(
        &self,
        future: impl Future<Output = io::Result<T>>,
    ) -> io::Result<T> {
        self.idle_while(future, || true).await
    }

    /// Waits for the peer. It is idle between two polls of the future, if `waits` says so after the first.
    async fn idle_while<T>(
        &self,
        future: impl Future<Output = io::Result<T>>,
        waits: impl Fn() -> bool,
    ) -> io::Result<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            if !self.is_busy() && !self.transition(IDLE, BUSY) {
                return Poll::Ready(Err(ErrorKind::ConnectionAborted.into()));
            }
            let polled = future.as_mut().poll(cx);
            if polled.is_pending() && waits() && self.transition(BUSY, IDLE) {
                self.slot_freed.notify_one();
            }
            polled
        })
        .await
    }

    /// One step. Says whether it was made.
    fn transition(&self, from: u8, to: u8) -> bool {
        self.state.compare_exchange(from, to, AcqRel, Acquire).is_ok()
    }

    /// Whether it does not wait for its peer.
    fn is_busy(&self) -> bool {
        self.state.load(Acquire) == BUSY
    }
}

/// Whether something of the peer's lies in the socket, be it the end. It never waits.
fn has_input(stream: &impl AsFd) -> bool {
    let mut asked = [PollFd::new(stream, PollFlags::IN)];
    // What cannot be asked is taken for empty.
    poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
}

/// One connection, as the accept loop knows it.
struct Connection {
    /// What it does.
    activity: Arc<Activity>,
    /// Its task.
    task: JoinHandle<()>,
}

/// The connections of one listener, the oldest first.
struct Connections {
    /// At most `max` that have not ended.
    all: Vec<Connection>,
    /// How many there may be.
    max: usize,
    /// How long each may take.
    deadline: Duration,
    /// Told when one of them becomes idle, and when one ends.
    slot_freed: Arc<Notify>,
}

impl Connections {
    fn new(max: usize, deadline: Duration) -> Self {
        Self { all: Vec::with_capacity(max), max, deadline, slot_freed: Arc::default() }
    }

    /// Waits until there is a slot, and makes one by closing the oldest idle connection.
    async fn free_slot(&mut self) {
        loop {
            self.all.retain(|connection| !connection.task.is_finished());
            if self.all.len() < self.max {
                return;
            }
            let idle = |connection: &Connection| connection.activity.transition(IDLE, EVICTED);
            match self.all.iter().position(idle) {
                Some(oldest) => {
                    let Connection { task, .. } = self.all.remove(oldest);
                    task.abort();
                    // Its descriptor is closed then; an ended task is what was asked for.
                    let _ = task.await;
                }
                None => self.slot_freed.notified().await,
            }
        }
    }

    /// Serves one more.
    fn start<S, F, Fut>(&mut self, stream: S, serve: &F)
    where
        F: Fn(S, Arc<Activity>) -> Fut,
        Fut: Future<Output = io::Result<()>> + Send + 'static,
    {
        let slot_freed = Arc::clone(&self.slot_freed);
        let activity = Arc::new(Activity { state: AtomicU8::new(BUSY), slot_freed });
        let serving = serve(stream, Arc::clone(&activity));
        let (ends, deadline) = (EndNotifier(Arc::clone(&self.slot_freed)), self.deadline);
        let task = whippet::spawn(async move {
            // Who is slow or gone does without an answer.
            let _ = timeout(deadline, serving).await;
            drop(ends);
        });
        self.all.push(Connection { activity, task });
    }
}

/// Tells that a connection ends, in whatever way.
struct EndNotifier(Arc<Notify>);

impl Drop for EndNotifier {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Serves those who come to the listener, `max` at once, for as long as the task runs.
pub(crate) fn serve_bounded<L, F, Fut>(listener: L, max: usize, serve: F) -> JoinHandle<()>
where
    L: Listener,
    F: Fn(L::Stream, Arc<Activity>) -> Fut + Send + 'static,
    Fut: Future<Output = io::Result<()>> + Send + 'static,
{
    whippet::spawn(run(listener, Connections::new(max, OPS_TIMEOUT), serve))
}

/// The loop.
async fn run<L, F, Fut>(listener: L, mut connections: Connections, serve: F)
where
    L: Listener,
    F: Fn(L::Stream, Arc<Activity>) -> Fut,
    Fut: Future<Output = io::Result<()>> + Send + 'static,
{
    let mut failures = LogThrottle::default();
    loop {
        let stream = match listener.next().await {
            Ok(stream) => stream,
            Err(error) => {
                if let Some(times) = failures.record(now()) {
                    tracing::warn!(target: "chinwag::accept", times, "figures, health or chinwag admin have to wait: {error}");
                }
                sleep(OPS_BACKOFF).await;
                continue;
            }
        };
        connections.free_slot().await;
        connections.start(stream, &serve);
    }
}

/// Sends the answer and the end of it, and waits until the peer has closed: a close with something unread would reset the
/// connection, and the answer might be lost.
pub(crate) async fn send_and_close<S>(mut stream: &S, answer: &[u8]) -> io::Result<()>
where
    for<'a> &'a S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(answer).await?;
    stream.shutdown().await?;
    let (mut rest, mut discarded) = ([0; 512], 0);
    while discarded < OPS_DISCARD_BYTES {
        match stream.read(&mut rest).await? {
            0 => break,
            read => discarded += read,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
