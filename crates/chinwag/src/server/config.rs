//! What can be set about a server.

use crate::chat::greeting::Greeting;
use crate::limits;
use crate::outbound::backpressure::Bounds;
use crate::protocol::ip_range::IpRange;
use crate::server::rate_limit::Allowance;
use crate::server::socket_options::SocketOptions;
use crate::settings::Settings;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// The settings of one server. The defaults are those of the documentation, but for the number of connections,
/// which the program takes from its limit of descriptors.
#[derive(Clone, Debug)]
pub struct Config {
    /// Most connections at once.
    pub connections: usize,
    /// Most connections of one address, `None` for any number.
    pub per_address: Option<usize>,
    /// The proxies that are believed when they say who connects: addresses, each with the number of its bits that count
    /// (`10.0.0.0/8` is `(10.0.0.0, 8)`).
    pub trusted_proxies: Vec<(IpAddr, u8)>,
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
    /// The greeting, without the nick.
    pub welcome: String,
    /// The message of the day, line by line; may be empty.
    pub motd: String,
    /// Whether who comes and leaves is logged.
    pub log_connections: bool,
    /// How long a graceful stop may take.
    pub grace: Duration,
    /// The file with the secret of operators; `None`: nobody becomes one.
    pub oper_file: Option<PathBuf>,
    /// The folder in which bans are kept; `None`: a restart forgets them.
    pub state_dir: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: 1000,
            per_address: Some(limits::MAX_PER_ADDRESS),
            trusted_proxies: Vec::new(),
            speech: Some(Allowance { burst: limits::RATE_BURST, interval: limits::RATE_INTERVAL }),
            keys: Some(Allowance { burst: limits::KEY_BURST, interval: limits::KEY_INTERVAL }),
            first_look: limits::SNIFF_TIMEOUT,
            overlong: limits::OVERLONG_TIMEOUT,
            bounds: Bounds::default(),
            living_frames: limits::MAX_BUFFERED_BYTES,
            history_lines: limits::HISTORY_LINES,
            sockets: SocketOptions::default(),
            welcome: limits::DEFAULT_WELCOME.to_owned(),
            motd: String::new(),
            log_connections: false,
            grace: limits::SHUTDOWN_TIMEOUT,
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
            connections: settings.max_connections.0.unwrap_or(possible),
            per_address: settings.max_per_address,
            trusted_proxies: settings.trusted_proxies.iter().map(IpRange::parts).collect(),
            speech: Some(Allowance { burst, interval }),
            first_look: settings.sniff_timeout,
            overlong: settings.overlong_line_timeout,
            bounds: Bounds {
                soft: settings.sendq_soft.0,
                hard: settings.sendq_hard.0,
                take_within: settings.stall_timeout,
            },
            living_frames: memory(settings.max_buffered.0),
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
            grace: settings.shutdown_timeout,
            oper_file: settings.oper_file.clone(),
            state_dir: settings.state_dir.clone(),
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

    /// What new clients read.
    pub(crate) fn texts(&self) -> Greeting {
        Greeting { welcome: self.welcome.clone(), motd: self.motd.clone() }
    }

    /// The proxies that are believed.
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
