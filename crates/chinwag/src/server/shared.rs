//! What the accept loops and all connection tasks share.

use crate::chat::event::{ClientId, Control, Event};
use crate::limits::{MAX_REJECTIONS_IN_FLIGHT, MAX_SNIFFING};
use crate::os::process_stats::ProcessFiles;
use crate::outbound::backpressure::Backpressure;
use crate::server::config::Config;
use crate::server::connection_limiter::ConnectionLimiter;
use crate::server::live_config::LiveConfig;
use crate::server::oper_secret::OperSecret;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use whippet::sync::mpsc::Sender;
use whippet::sync::{CancellationToken, Semaphore};

/// The shared state of one server.
#[derive(Debug)]
pub(crate) struct Shared {
    /// What was set at the start.
    pub(crate) config: Config,
    /// What the metrics read of this process.
    pub(crate) process: Option<Arc<ProcessFiles>>,
    /// What was set and can be set again.
    pub(crate) live: LiveConfig,
    /// The queue of what clients send and of their leaves.
    pub(crate) events: Sender<Event>,
    /// The queue of joins and other control messages.
    pub(crate) control: Sender<Control>,
    /// The limits of send queues, and what counts their drains.
    pub(crate) backpressure: Arc<Backpressure>,
    /// The limits of connections.
    pub(crate) limiter: Arc<ConnectionLimiter>,
    /// Permits for sniffing new connections before they are welcomed.
    pub(crate) sniff_permits: Semaphore,
    /// Permits for the lingering close of rejected connections that came by a proxy.
    pub(crate) linger_permits: Semaphore,
    /// Cancelled when the server stops: nothing is accepted and nothing is read any more.
    pub(crate) stopping: CancellationToken,
    /// When a stopping server will be gone; set before `stopping` is cancelled.
    shutdown_deadline: OnceLock<Instant>,
    /// The number of the next client. Nothing else depends on it, so Relaxed will do.
    next_id: AtomicU64,
}

impl Shared {
    /// A server without clients.
    ///
    /// # Errors
    /// A trusted proxy is no range of addresses.
    pub(crate) fn new(
        config: Config,
        oper_secret: Option<OperSecret>,
        process: Option<Arc<ProcessFiles>>,
        events: Sender<Event>,
        control: Sender<Control>,
        backpressure: Arc<Backpressure>,
    ) -> io::Result<Self> {
        let limiter = ConnectionLimiter::new(config.max_connections, config.max_per_address);
        let (sniff_permits, linger_permits) =
            (Semaphore::new(MAX_SNIFFING), Semaphore::new(MAX_REJECTIONS_IN_FLIGHT));
        let (stopping, shutdown_deadline) = (CancellationToken::new(), OnceLock::new());
        let next_id = AtomicU64::new(1);
        let live = LiveConfig::new(&config, oper_secret)?;
        Ok(Self {
            config,
            process,
            live,
            events,
            control,
            backpressure,
            limiter,
            sniff_permits,
            linger_permits,
            stopping,
            shutdown_deadline,
            next_id,
        })
    }

    /// Sends an event to the broker. For lines, a permit was acquired before.
    pub(crate) fn send_event(&self, event: Event) {
        // There is capacity for all. A broker that is gone has closed all send queues, by which the tasks notice.
        let _ = self.events.try_send(event);
    }

    /// Begins the shutdown: the broker hears of it first.
    pub(crate) async fn begin_shutdown(&self, deadline: Instant) {
        // A broker that is gone needs no message.
        let _ = self.control.send(Control::Shutdown { deadline }).await;
        let _ = self.shutdown_deadline.set(deadline);
        self.stopping.cancel();
    }

    /// When a stopping server will be gone.
    pub(crate) fn shutdown_deadline(&self) -> Option<Instant> {
        self.shutdown_deadline.get().copied()
    }

    /// A number that no client had in this run.
    pub(crate) fn next_id(&self) -> ClientId {
        ClientId::new(self.next_id.fetch_add(1, Relaxed))
    }
}
