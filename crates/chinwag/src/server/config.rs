//! What can be set about a server.

use crate::chat::ban_store::StateDir;
use crate::chat::bans::Bans;
use crate::chat::greeting::Texts;
use crate::limits;
use crate::os::process_stats::ProcessFiles;
use crate::outbound::backpressure::Bounds;
use crate::protocol::ip_range::IpRange;
use crate::server::oper_secret::Secret;
use crate::server::rate_limit::Allowance;
use crate::server::socket_options::SocketOptions;
use crate::settings::Settings;
use std::sync::Arc;
use std::time::Duration;

/// The settings of one server. The defaults are those of the documentation, but for the number of connections,
/// which the program takes from its limit of descriptors.
#[derive(Clone, Debug)]
pub struct Config {
    /// Most connections at once.
    pub connections: usize,
    /// Most connections of one address, `None` for any number.
    pub per_address: Option<usize>,
    /// The proxies that are believed when they say who comes.
    pub trusted_proxies: Vec<IpRange>,
    /// How fast a person may speak, `None` for any speed.
    pub speech: Option<Allowance>,
    /// How fast keys may come to an editor, `None` for any speed.
    pub keys: Option<Allowance>,
    /// How long a newcomer is listened to before the welcome.
    pub first_look: Duration,
    /// How long a line may go on past its limit without an end.
    pub overlong: Duration,
    /// What a person may be owed, and for how long.
    pub bounds: Bounds,
    /// Bytes of all frames that anybody waits for, past which the furthest behind are cut.
    pub living_frames: usize,
    /// Lines of chat that a room remembers.
    pub history_lines: usize,
    /// What is set on each person's socket.
    pub sockets: SocketOptions,
    /// What newcomers read.
    pub texts: Texts,
    /// Whether who comes and leaves is logged.
    pub log_connections: bool,
    /// How long a graceful stop may take.
    pub grace: Duration,
    /// What makes a person an operator; `None`: nobody becomes one.
    pub secret: Option<Secret>,
    /// Who may not be here, at the start.
    pub bans: Bans,
    /// Where the bans are kept; `None`: nowhere, a restart forgets them.
    pub state: Option<Arc<StateDir>>,
    /// What tells of the process that it runs in, among the figures.
    pub process: Option<Arc<ProcessFiles>>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 1000,
            per_address: Some(limits::PER_ADDRESS),
            trusted_proxies: Vec::new(),
            speech: Some(Allowance {
                burst: limits::SPEECH_BURST,
                interval: limits::SPEECH_INTERVAL,
            }),
            keys: Some(Allowance { burst: limits::KEY_BURST, interval: limits::KEY_INTERVAL }),
            first_look: limits::FIRST_LOOK,
            overlong: limits::OVERLONG,
            bounds: Bounds::default(),
            living_frames: limits::LIVING_FRAMES,
            history_lines: limits::HISTORY_LINES,
            sockets: SocketOptions::default(),
            texts: Texts::default(),
            log_connections: false,
            grace: limits::GRACE,
            secret: None,
            bans: Bans::default(),
            state: None,
            process: None,
        }
    }
}

impl Config {
    /// As the settings of a program say, but for what they name files for; `possible` connections if they do not say how
    /// many.
    pub fn of(settings: &Settings, possible: usize) -> Self {
        let memory = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let (burst, interval) = (settings.speech_burst, settings.speech_interval);
        let config = Self {
            connections: settings.connections.0.unwrap_or(possible),
            per_address: settings.per_address,
            trusted_proxies: settings.trusted_proxies.clone(),
            speech: Some(Allowance { burst, interval }),
            first_look: settings.first_look,
            overlong: settings.overlong_after,
            bounds: Bounds {
                soft: settings.owed_soft.0,
                hard: settings.owed_hard.0,
                take_within: settings.take_within,
            },
            living_frames: memory(settings.living_frames.0),
            history_lines: settings.history_lines,
            sockets: SocketOptions {
                send_buffer: memory(settings.send_buffer.0),
                keepalive_idle: settings.keepalive_idle,
                keepalive_interval: settings.keepalive_interval,
                keepalive_probes: settings.keepalive_probes,
                user_timeout: settings.user_timeout,
            },
            texts: Texts { welcome: settings.welcome.clone(), motd: settings.motd.clone() },
            log_connections: settings.log_connections,
            grace: settings.grace,
            ..Self::default()
        };
        if settings.no_limits { config.without_limits() } else { config }
    }

    /// Without the limits on what a person may do: for load tests and places where everybody is trusted. What
    /// bounds memory stays.
    #[must_use]
    pub fn without_limits(self) -> Self {
        Self { per_address: None, speech: None, keys: None, ..self }
    }
}
