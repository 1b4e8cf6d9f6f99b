//! What the accept loops and all people's tasks share.

use crate::chat::event::{ClientId, Control, Event};
use crate::limits::{MAX_REJECTIONS_IN_FLIGHT, MAX_SNIFFING};
use crate::os::process_stats::ProcessFiles;
use crate::outbound::backpressure::Intake;
use crate::server::config::Config;
use crate::server::connection_limiter::Places;
use crate::server::live_config::Dials;
use crate::server::resources::Resources;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Instant;
use whippet::sync::mpsc::Sender;
use whippet::sync::{CancellationToken, Semaphore};

/// One server, as seen from its doors.
#[derive(Debug)]
pub(crate) struct House {
    /// What was set at the start.
    pub(crate) config: Config,
    /// What the metrics read of this process.
    pub(crate) process: Option<Arc<ProcessFiles>>,
    /// What was set and can be set anew.
    pub(crate) dials: Dials,
    /// The queue of what people say and of their leaves.
    pub(crate) events: Sender<Event>,
    /// The queue of joins.
    pub(crate) control: Sender<Control>,
    /// The bounds of what people may be owed, and who waits for their catching up.
    pub(crate) intake: Arc<Intake>,
    /// How many may come in.
    pub(crate) places: Arc<Places>,
    /// For listening to newcomers before they are welcomed.
    pub(crate) ears: Semaphore,
    /// For last words to those whom a proxy brings and who are not let in.
    pub(crate) goodbyes: Semaphore,
    /// Cancelled when the server stops: nobody comes in, nobody is read any more.
    pub(crate) stopping: CancellationToken,
    /// When a stopping server will be gone; set before `stopping` is cancelled.
    stop_by: OnceLock<Instant>,
    /// The number of the next person. Nothing else depends on it, so Relaxed will do.
    next_id: AtomicU64,
}

impl House {
    /// A server with nobody in it.
    ///
    /// # Errors
    /// A trusted proxy is no range of addresses.
    pub(crate) fn new(
        config: Config,
        resources: Resources,
        events: Sender<Event>,
        control: Sender<Control>,
        intake: Arc<Intake>,
    ) -> io::Result<Self> {
        let places = Places::new(config.connections, config.per_address);
        let (ears, goodbyes) =
            (Semaphore::new(MAX_SNIFFING), Semaphore::new(MAX_REJECTIONS_IN_FLIGHT));
        let (stopping, stop_by) = (CancellationToken::new(), OnceLock::new());
        let next_id = AtomicU64::new(1);
        let dials = Dials::new(&config, resources.oper_secret)?;
        Ok(Self {
            config,
            process: resources.process,
            dials,
            events,
            control,
            intake,
            places,
            ears,
            goodbyes,
            stopping,
            stop_by,
            next_id,
        })
    }

    /// Hands an event to the broker. For lines, a place was taken before.
    pub(crate) fn post(&self, event: Event) {
        // There is room for all. A broker that is gone has closed everybody's inbox, which is how they learn of it.
        let _ = self.events.try_send(event);
    }

    /// Stops the server: the broker hears of it before anybody else does.
    pub(crate) async fn stop(&self, deadline: Instant) {
        // A broker that is gone needs no telling.
        let _ = self.control.send(Control::Shutdown { deadline }).await;
        let _ = self.stop_by.set(deadline);
        self.stopping.cancel();
    }

    /// When a stopping server will be gone.
    pub(crate) fn stop_by(&self) -> Option<Instant> {
        self.stop_by.get().copied()
    }

    /// A number that nobody had in this run.
    pub(crate) fn next_id(&self) -> ClientId {
        ClientId::new(self.next_id.fetch_add(1, Relaxed))
    }
}
