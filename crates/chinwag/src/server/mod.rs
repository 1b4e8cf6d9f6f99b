//! The server: its kinds of tasks and how they end.

pub(crate) mod accept;
pub(crate) mod address_budgets;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod connection_limiter;
pub(crate) mod fd_limit;
pub(crate) mod handle;
pub(crate) mod inherited;
pub(crate) mod key_budget;
pub(crate) mod listen;
pub(crate) mod listeners;
pub(crate) mod live_config;
pub(crate) mod log_throttle;
#[cfg(test)]
pub(crate) mod memory_bound;
#[cfg(test)]
mod memory_fill;
pub(crate) mod memory_trim;
pub(crate) mod oper_secret;
pub(crate) mod rate_limit;
pub(crate) mod resources;
pub(crate) mod shared;
pub(crate) mod signals;
pub(crate) mod socket_options;
#[cfg(test)]
pub(crate) mod thread_bound;
pub(crate) mod trusted_proxies;

use crate::chat::ban_store::{BanWriter, WriteStatus};
use crate::chat::broker::Broker;
use crate::chat::event::{Control, Event};
use crate::limits::{CONTROL_QUEUE, EVENT_QUEUE, EXIT_RESERVE, GOODBYE_RESERVE};
use crate::os::clock::now;
use crate::outbound::backpressure::Backpressure;
use crate::server::config::Config;
use crate::server::handle::ServerHandle;
use crate::server::resources::Resources;
use crate::server::shared::Shared;
use crate::server::socket_options::apply;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use whippet::net::{SockRef, TcpListener};
use whippet::select;
use whippet::sync::mpsc::{self, Receiver};
use whippet::sync::{CancellationToken, Semaphore};
use whippet::task::{JoinError, JoinHandle};
use whippet::time::{Instant, timeout, timeout_at};

/// Serves all clients that connect to the listeners, until `shutdown` is cancelled; then every line that was read is delivered, all
/// clients are told, and it returns when all have gone or the shutdown timeout is over.
///
/// # Errors
/// A listener failed, or the broker. The server has stopped then, as gracefully as it could.
pub async fn serve(
    listeners: Vec<TcpListener>,
    config: Config,
    shutdown: CancellationToken,
) -> io::Result<()> {
    Server::new(listeners, config)?.run(shutdown).await
}

/// A server that is ready to run; see [`serve`].
#[derive(Debug)]
pub struct Server {
    /// Where clients connect.
    listeners: Vec<TcpListener>,
    /// What its accept loops and connection tasks share.
    shared: Arc<Shared>,
    /// The broker, without users.
    broker: Broker,
    /// The receiver of joins and other control messages.
    control_receiver: Receiver<Control>,
    /// The receiver of what clients send.
    event_receiver: Receiver<Event>,
    /// The task that stores bans, if they are kept.
    ban_writer: Option<BanWriter>,
    /// Where it is seen that they are stored.
    write_status: Option<WriteStatus>,
}

impl Server {
    /// A server without clients.
    ///
    /// # Errors
    /// A file or folder of the configuration cannot be used, an address in it is no range, or a listener cannot be prepared.
    pub fn new(listeners: Vec<TcpListener>, config: Config) -> io::Result<Self> {
        let resources = Resources::open(&config)?;
        Self::with_resources(listeners, config, resources)
    }

    /// The same with files that are open already.
    pub(crate) fn with_resources(
        listeners: Vec<TcpListener>,
        config: Config,
        resources: Resources,
    ) -> io::Result<Self> {
        // Listeners of `listen` have default options; connections from now on have those of the settings.
        let prepare = |listener| apply(SockRef::from(listener), &config.sockets);
        listeners.iter().try_for_each(prepare)?;
        // The last two events of each connection have capacity of their own; nobody ever waits for the channel itself.
        let capacity = config.max_connections.saturating_mul(2).saturating_add(EVENT_QUEUE);
        let capacity = capacity.min(Semaphore::MAX_PERMITS);
        let (events, event_receiver) = mpsc::channel(capacity);
        let (control, control_receiver) = mpsc::channel(CONTROL_QUEUE);
        let backpressure = Arc::new(Backpressure::new(config.queue_limits));
        let (living_frames, history_lines) = (config.max_buffered_bytes, config.history_lines);
        let Resources { oper_secret, bans, state_dir, process } = resources;
        let (ban_writer, ban_store, write_status) = match state_dir.map(BanWriter::new) {
            Some((ban_writer, ban_store, write_status)) => {
                (Some(ban_writer), Some(ban_store), Some(write_status))
            }
            None => (None, None, None),
        };
        let shared = Arc::new(Shared::new(
            config,
            oper_secret,
            process,
            events,
            control,
            Arc::clone(&backpressure),
        )?);
        let greeting = Arc::clone(shared.live.greeting());
        let connections = Arc::clone(shared.live.connection_log());
        let broker = Broker::new(backpressure, now())
            .with_greeting(greeting)
            .with_room_limit(Arc::clone(shared.live.room_limit()))
            .with_connection_log(connections)
            .with_max_buffered(living_frames)
            .with_history_lines(history_lines)
            .with_bans(bans, ban_store);
        Ok(Self {
            listeners,
            shared,
            broker,
            control_receiver,
            event_receiver,
            ban_writer,
            write_status,
        })
    }

    /// Where clients connect.
    pub fn listeners(&self) -> &[TcpListener] {
        &self.listeners
    }

    /// A handle for metrics, administration and reloads.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle::new(Arc::clone(&self.shared), self.broker.stats(), self.write_status.clone())
    }

    /// Serves all clients that connect, until `shutdown` is cancelled.
    ///
    /// # Errors
    /// As [`serve`].
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let Self {
            listeners, shared, broker, control_receiver, event_receiver, ban_writer, ..
        } = self;
        let ban_writer =
            ban_writer.map(|ban_writer| whippet::spawn(ban_writer.run(shared.control.clone())));
        let broker = whippet::spawn(broker.run(control_receiver, event_receiver));
        let outcome = supervise(broker, listeners, shared, shutdown).await;
        if let Some(ban_writer) = ban_writer {
            // The broker is gone: it writes the last of the bans, and ends. A disk that hangs is not waited for.
            let _ = timeout(GOODBYE_RESERVE, ban_writer).await;
        }
        outcome
    }
}

/// Runs the accept loops beside a broker that runs already, and shuts all of it down.
async fn supervise<T: Send + 'static>(
    mut broker: JoinHandle<T>,
    listeners: Vec<TcpListener>,
    shared: Arc<Shared>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let memory_trim = whippet::spawn(memory_trim::run(Arc::clone(&shared.limiter)));
    let mut acceptors: Vec<_> = listeners
        .into_iter()
        .map(|listener| whippet::spawn(accept::run(listener, Arc::clone(&shared))))
        .collect();

    let outcome = select! {
        () = shutdown.cancelled() => Ok(()),
        failed = first_failed_listener(&mut acceptors) => failed,
        ended = &mut broker => Err(broker_exited(ended.err())),
    };
    let timeout = shared.live.shutdown_timeout();
    let deadline = Instant::now() + (timeout - EXIT_RESERVE.min(timeout / 10));
    shared.begin_shutdown(deadline.into_std()).await;
    let _ = timeout_at(deadline, shared.limiter.idle()).await;
    // Who is served nothing more is not kept; and nothing of the server is left when it returns.
    broker.abort();
    memory_trim.abort();
    acceptors.iter().for_each(JoinHandle::abort);
    if !broker.is_finished() {
        let _ = broker.await;
    }
    let _ = memory_trim.await;
    for acceptor in acceptors.into_iter().filter(|acceptor| !acceptor.is_finished()) {
        let _ = acceptor.await;
    }
    outcome
}

/// The broker has ended without a shutdown: without it no line is delivered.
fn broker_exited(panic: Option<JoinError>) -> io::Error {
    match panic {
        Some(panic) => io::Error::other(format!("the room is broken: {panic}")),
        None => io::Error::other("the room has ended"),
    }
}

/// Waits for the first accept loop that ends by itself.
async fn first_failed_listener(acceptors: &mut [JoinHandle<io::Result<()>>]) -> io::Result<()> {
    poll_fn(|cx| {
        let ended = acceptors.iter_mut().find_map(|acceptor| match Pin::new(acceptor).poll(cx) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        });
        ended.map_or(Poll::Pending, Poll::Ready)
    })
    .await
    .unwrap_or_else(|panic| Err(io::Error::other(panic)))
    .map_err(|cause| io::Error::new(cause.kind(), format!("cannot accept connections: {cause}")))
}

#[cfg(test)]
mod tests;
