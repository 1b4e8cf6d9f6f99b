//! What can be set about a server.

use crate::chat::greeting::Greeting;
use crate::limits;
use crate::outbound::backpressure::QueueLimits;
use crate::protocol::ip_range::IpRange;
use crate::server::rate_limit::RateLimit;
use crate::server::socket_options::SocketOptions;
use crate::settings::Settings;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of one server. The defaults are those of the documentation, except for the number of connections,
/// which the program takes from its limit of descriptors.
#[derive(Clone, Debug)]
pub struct Config {
    /// Most connections at once.
    pub max_connections: usize,
    /// Most connections of one address, `None` for any number.
    pub max_per_address: Option<usize>,
    /// The trusted proxies, whose headers say which client connects: addresses, each with its prefix length
    /// (`10.0.0.0/8` is `(10.0.0.0, 8)`).
    pub trusted_proxies: Vec<(IpAddr, u8)>,
    /// How fast a client may send lines, `None` for any speed.
    pub rate_limit: Option<RateLimit>,
    /// How fast keys may come to an editor, `None` for any speed.
    pub key_rate_limit: Option<RateLimit>,
    /// How long a new connection is sniffed before the welcome.
    pub sniff_timeout: Duration,
    /// How long a line may go on past its limit without an end.
    pub overlong_timeout: Duration,
    /// How much may be pending for a client, and for how long.
    pub queue_limits: QueueLimits,
    /// Bytes of all frames that are held for clients, past which the clients with the most pending are disconnected.
    pub max_buffered_bytes: usize,
    /// Lines of chat that a room remembers.
    pub history_lines: usize,
    /// The options of each client's socket.
    pub sockets: SocketOptions,
    /// The greeting, without the nick.
    pub welcome: String,
    /// The message of the day, line by line; may be empty.
    pub motd: String,
    /// Whether who comes and leaves is logged.
    pub log_connections: bool,
    /// How long a graceful shutdown may take.
    pub shutdown_timeout: Duration,
    /// The file with the secret of operators; `None`: nobody becomes one.
    pub oper_file: Option<PathBuf>,
    /// The folder in which bans are kept; `None`: a restart forgets them.
    pub state_dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_connections: 1000,
            max_per_address: Some(limits::MAX_PER_ADDRESS),
            trusted_proxies: Vec::new(),
            rate_limit: Some(RateLimit {
                burst: limits::RATE_BURST,
                interval: limits::RATE_INTERVAL,
            }),
            key_rate_limit: Some(RateLimit {
                burst: limits::KEY_BURST,
                interval: limits::KEY_INTERVAL,
            }),
            sniff_timeout: limits::SNIFF_TIMEOUT,
            overlong_timeout: limits::OVERLONG_TIMEOUT,
            queue_limits: QueueLimits::default(),
            max_buffered_bytes: limits::MAX_BUFFERED_BYTES,
            history_lines: limits::HISTORY_LINES,
            sockets: SocketOptions::default(),
            welcome: limits::DEFAULT_WELCOME.to_owned(),
            motd: String::new(),
            log_connections: false,
            shutdown_timeout: limits::SHUTDOWN_TIMEOUT,
            oper_file: None,
            state_dir: None,
        }
    }
}

impl Config {
    /// As the settings of a program say; `possible` connections if they do not say how many.
    pub(crate) fn from_settings(settings: &Settings, possible: usize) -> Self {
        let memory = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
        let (burst, interval) = (settings.rate_burst, settings.rate_interval);
        let config = Self {
            max_connections: settings.max_connections.0.unwrap_or(possible),
            max_per_address: settings.max_per_address,
            trusted_proxies: settings.trusted_proxies.iter().map(IpRange::parts).collect(),
            rate_limit: Some(RateLimit { burst, interval }),
            sniff_timeout: settings.sniff_timeout,
            overlong_timeout: settings.overlong_line_timeout,
            queue_limits: QueueLimits {
                soft: settings.sendq_soft.0,
                hard: settings.sendq_hard.0,
                stall_timeout: settings.stall_timeout,
            },
            max_buffered_bytes: memory(settings.max_buffered.0),
            history_lines: settings.history_lines,
            sockets: SocketOptions {
                send_buffer: memory(settings.send_buffer.0),
                keepalive_idle: settings.keepalive_idle,
                keepalive_interval: settings.keepalive_interval,
                keepalive_probes: settings.keepalive_probes,
                user_timeout: settings.user_timeout,
            },
            welcome: settings.welcome.clone(),
            motd: settings.motd.clone(),
            log_connections: settings.log_connections,
            shutdown_timeout: settings.shutdown_timeout,
            oper_file: settings.oper_file.clone(),
            state_dir: settings.state_dir.clone(),
            ..Self::default()
        };
        if settings.no_limits { config.without_limits() } else { config }
    }

    /// Without the limits on what a client may do: for load tests and places where all clients are trusted. What
    /// bounds memory stays.
    #[must_use]
    pub fn without_limits(self) -> Self {
        Self { max_per_address: None, rate_limit: None, key_rate_limit: None, ..self }
    }

    /// What new clients read.
    pub(crate) fn texts(&self) -> Greeting {
        Greeting { welcome: self.welcome.clone(), motd: self.motd.clone() }
    }

    /// The trusted proxies.
    ///
    /// # Errors
    /// One of them is no range of addresses.
    pub(crate) fn proxy_ranges(&self) -> io::Result<Vec<IpRange>> {
        let range = |&(address, prefix): &(IpAddr, u8)| {
            IpRange::new(address, prefix).map_err(|wrong| {
                io::Error::new(ErrorKind::InvalidInput, format!("{address}/{prefix}: {wrong}"))
            })
        };
        self.trusted_proxies.iter().map(range).collect()
    }
}
