//! The server, whole: its kinds of tasks and how they end.

pub(crate) mod accept;
pub(crate) mod address_limits;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod connection_limiter;
pub(crate) mod fd_limit;
pub(crate) mod handle;
pub(crate) mod key_rate_limit;
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
use crate::outbound::backpressure::Intake;
use crate::server::config::Config;
use crate::server::handle::Office;
use crate::server::resources::Resources;
use crate::server::shared::House;
use crate::server::socket_options::prepare;
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

/// Serves everybody who comes to the listeners, until `shutdown` is cancelled; then every line that was read is
/// delivered, everybody is told, and it returns when all have gone or the grace has run out.
///
/// # Errors
/// A listener broke, or the room itself. The server has stopped then, as gracefully as it could.
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
    /// Where people come in.
    listeners: Vec<TcpListener>,
    /// What its doors and people's tasks share.
    house: Arc<House>,
    /// The room, empty.
    broker: Broker,
    /// The end of the queue of joins.
    orders: Receiver<Control>,
    /// The end of the queue of what people say.
    said: Receiver<Event>,
    /// Who writes the bans down, if anybody does.
    ban_writer: Option<BanWriter>,
    /// Where it is seen that they are written.
    write_status: Option<WriteStatus>,
}

impl Server {
    /// With nobody in it.
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
        // Those of `listen` are prepared; whoever comes from now on is served as the settings say.
        let prepare = |listener| prepare(SockRef::from(listener), &config.sockets);
        listeners.iter().try_for_each(prepare)?;
        // Each person's last two events have places of their own; nobody ever waits for the channel itself.
        let places = config.connections.saturating_mul(2).saturating_add(EVENT_QUEUE);
        let places = places.min(Semaphore::MAX_PERMITS);
        let (events, said) = mpsc::channel(places);
        let (control, orders) = mpsc::channel(CONTROL_QUEUE);
        let intake = Arc::new(Intake::new(config.bounds));
        let (living_frames, history_lines) = (config.living_frames, config.history_lines);
        let bans = resources.bans.clone();
        let (ban_writer, ban_store, write_status) =
            match resources.state_dir.clone().map(BanWriter::new) {
                Some((ban_writer, ban_store, write_status)) => {
                    (Some(ban_writer), Some(ban_store), Some(write_status))
                }
                None => (None, None, None),
            };
        let house = Arc::new(House::new(config, resources, events, control, Arc::clone(&intake))?);
        let notices = Arc::clone(house.dials.greeting());
        let connections = Arc::clone(house.dials.connections());
        let broker = Broker::new(intake, Instant::now().into_std())
            .with_greeting(notices)
            .with_room_limit(Arc::clone(house.dials.room_limit()))
            .with_connection_log(connections)
            .with_max_buffered(living_frames)
            .with_history_lines(history_lines)
            .with_bans(bans, ban_store);
        Ok(Self { listeners, house, broker, orders, said, ban_writer, write_status })
    }

    /// Where people come in.
    pub fn listeners(&self) -> &[TcpListener] {
        &self.listeners
    }

    /// What those who run it hold of it.
    pub fn office(&self) -> Office {
        Office::new(Arc::clone(&self.house), self.broker.stats(), self.write_status.clone())
    }

    /// Serves everybody who comes, until `shutdown` is cancelled.
    ///
    /// # Errors
    /// As [`serve`].
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let Self { listeners, house, broker, orders, said, ban_writer, .. } = self;
        let ban_writer =
            ban_writer.map(|ban_writer| whippet::spawn(ban_writer.run(house.control.clone())));
        let room = whippet::spawn(broker.run(orders, said));
        let outcome = serve_room(room, listeners, house, shutdown).await;
        if let Some(ban_writer) = ban_writer {
            // The broker is gone: it writes the last of the bans, and ends. A disk that hangs is not waited for.
            let _ = timeout(GOODBYE_RESERVE, ban_writer).await;
        }
        outcome
    }
}

/// Serves a room whose broker runs already.
async fn serve_room<T: Send + 'static>(
    mut room: JoinHandle<T>,
    listeners: Vec<TcpListener>,
    house: Arc<House>,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let ebb = whippet::spawn(memory_trim::run(Arc::clone(&house.places)));
    let mut doors: Vec<_> = listeners
        .into_iter()
        .map(|listener| whippet::spawn(accept::run(listener, Arc::clone(&house))))
        .collect();

    let outcome = select! {
        () = shutdown.cancelled() => Ok(()),
        broken = first_broken(&mut doors) => broken,
        ended = &mut room => Err(gone(ended.err())),
    };
    let grace = house.dials.grace();
    let deadline = Instant::now() + (grace - EXIT_RESERVE.min(grace / 10));
    house.stop(deadline.into_std()).await;
    let _ = timeout_at(deadline, house.places.empty()).await;
    // Who is served nothing more is not kept; and nothing of the server is left when it returns.
    room.abort();
    ebb.abort();
    doors.iter().for_each(JoinHandle::abort);
    if !room.is_finished() {
        let _ = room.await;
    }
    let _ = ebb.await;
    for door in doors.into_iter().filter(|door| !door.is_finished()) {
        let _ = door.await;
    }
    outcome
}

/// The room has ended, and nobody told it to: without it nobody hears anybody.
fn gone(panic: Option<JoinError>) -> io::Error {
    match panic {
        Some(panic) => io::Error::other(format!("the room is broken: {panic}")),
        None => io::Error::other("the room has ended"),
    }
}

/// Waits for the first door that ends by itself.
async fn first_broken(doors: &mut [JoinHandle<io::Result<()>>]) -> io::Result<()> {
    poll_fn(|cx| {
        let ended = doors.iter_mut().find_map(|door| match Pin::new(door).poll(cx) {
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
