//! The settings that a running server applies when they are read again.
//!
//! Most are one word, read by connection tasks whenever they run and written by a reload. Relaxed will do for all: each stands
//! alone, and a task that still reads the old value does so once.

use crate::chat::connection_log::ConnectionLog;
use crate::chat::greeting::LiveGreeting;
use crate::chat::room_creators::RoomLimit;
use crate::limits::ADDRESS_RATE_FACTOR;
use crate::protocol::ip_range::IpRange;
use crate::server::config::Config;
use crate::server::oper_secret::{OperAuthenticator, OperSecret};
use crate::server::rate_limit::{LineRateLimit, RateLimit};
use crate::server::trusted_proxies::TrustedProxies;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The values in force.
#[derive(Debug)]
pub(crate) struct LiveConfig {
    /// How fast a client may send lines: `{ burst: 32, interval in microseconds: 32 }`, 0 for any speed.
    rate_limit: AtomicU64,
    /// How many times as fast all of an address may, 0 for any speed.
    address_multiplier: AtomicU64,
    /// How fast keys may come to an editor, in the same form.
    key_rate_limit: AtomicU64,
    /// How long a new connection is sniffed before the welcome, in microseconds.
    sniff_timeout: AtomicU64,
    /// How long a line may go on without an end, in microseconds.
    overlong_timeout: AtomicU64,
    /// How long a graceful shutdown may take, in microseconds.
    shutdown_timeout: AtomicU64,
    /// What new clients read.
    greeting: Arc<LiveGreeting>,
    /// How many rooms an address may have made.
    room_limit: Arc<RoomLimit>,
    /// Who comes and leaves, if that is logged.
    connection_log: Arc<ConnectionLog>,
    /// What makes a user an operator.
    oper_auth: OperAuthenticator,
    /// The trusted proxies.
    trusted_proxies: TrustedProxies,
}

impl LiveConfig {
    /// As the settings say.
    ///
    /// # Errors
    /// A trusted proxy is no range of addresses.
    pub(crate) fn new(config: &Config, secret: Option<OperSecret>) -> io::Result<Self> {
        let greeting = Arc::new(LiveGreeting::new(config.texts()));
        let [
            rate_limit,
            address_multiplier,
            key_rate_limit,
            sniff_timeout,
            overlong_timeout,
            shutdown_timeout,
        ] = pack(config).map(AtomicU64::new);
        let room_limit = Arc::new(RoomLimit::none());
        room_limit.set(config.max_per_address);
        let oper_auth = OperAuthenticator::new(secret);
        let trusted_proxies = TrustedProxies::new(config.proxy_ranges()?);
        let connections = Arc::new(ConnectionLog::new(config.log_connections));
        Ok(Self {
            rate_limit,
            address_multiplier,
            key_rate_limit,
            sniff_timeout,
            overlong_timeout,
            shutdown_timeout,
            greeting,
            room_limit,
            connection_log: connections,
            oper_auth,
            trusted_proxies,
        })
    }

    /// Applies what the settings are now.
    pub(crate) fn update(
        &self,
        config: &Config,
        secret: Option<OperSecret>,
        trusted_proxies: Vec<IpRange>,
    ) {
        let [
            rate_limit,
            address_multiplier,
            key_rate_limit,
            sniff_timeout,
            overlong_timeout,
            shutdown_timeout,
        ] = pack(config);
        self.rate_limit.store(rate_limit, Relaxed);
        self.address_multiplier.store(address_multiplier, Relaxed);
        self.key_rate_limit.store(key_rate_limit, Relaxed);
        self.sniff_timeout.store(sniff_timeout, Relaxed);
        self.overlong_timeout.store(overlong_timeout, Relaxed);
        self.shutdown_timeout.store(shutdown_timeout, Relaxed);
        self.greeting.store(config.texts());
        self.room_limit.set(config.max_per_address);
        self.connection_log.set_enabled(config.log_connections);
        self.oper_auth.store(secret);
        self.trusted_proxies.store(trusted_proxies);
    }

    /// How fast lines may come, `None` for any speed.
    #[inline]
    pub(crate) fn rate_limit(&self) -> Option<LineRateLimit> {
        let address_multiplier = NonZeroU32::new(self.address_multiplier.load(Relaxed) as u32);
        unpack(self.rate_limit.load(Relaxed))
            .map(|connection| LineRateLimit { connection, address_multiplier })
    }

    /// How fast keys may come to an editor, `None` for any speed.
    #[inline]
    pub(crate) fn key_rate_limit(&self) -> Option<RateLimit> {
        unpack(self.key_rate_limit.load(Relaxed))
    }

    /// How long a new connection is sniffed before the welcome.
    pub(crate) fn sniff_timeout(&self) -> Duration {
        Duration::from_micros(self.sniff_timeout.load(Relaxed))
    }

    /// How long a line may go on past its limit without an end.
    #[inline]
    pub(crate) fn overlong_timeout(&self) -> Duration {
        Duration::from_micros(self.overlong_timeout.load(Relaxed))
    }

    /// How long a graceful shutdown may take.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        Duration::from_micros(self.shutdown_timeout.load(Relaxed))
    }

    /// What makes a user an operator.
    pub(crate) fn oper_auth(&self) -> &OperAuthenticator {
        &self.oper_auth
    }

    /// The trusted proxies.
    pub(crate) fn trusted_proxies(&self) -> &TrustedProxies {
        &self.trusted_proxies
    }

    /// How many rooms an address may have made.
    pub(crate) fn room_limit(&self) -> &Arc<RoomLimit> {
        &self.room_limit
    }

    /// Who comes and leaves, if that is logged.
    pub(crate) fn connection_log(&self) -> &Arc<ConnectionLog> {
        &self.connection_log
    }

    /// What new clients read.
    pub(crate) fn greeting(&self) -> &Arc<LiveGreeting> {
        &self.greeting
    }
}

/// Unpacks a word that [`pack`] made.
fn unpack(word: u64) -> Option<RateLimit> {
    // Both halves fit: they were put there as 32 bits each.
    let (burst, interval) = ((word >> 32) as u32, word as u32);
    let interval = Duration::from_micros(interval.into());
    (word != 0).then_some(RateLimit { burst, interval })
}

/// The settings as words, in the order of the fields.
fn pack(config: &Config) -> [u64; 6] {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let word = |allowance: Option<RateLimit>| {
        allowance.map_or(0, |RateLimit { burst, interval }| {
            let interval = micros(interval).clamp(1, u32::MAX.into());
            u64::from(burst.max(1)) << 32 | interval
        })
    };
    let (rate_limit, key_rate_limit) = (word(config.rate_limit), word(config.key_rate_limit));
    let address_multiplier = config.max_per_address.map_or(0, address_multiplier);
    [
        rate_limit,
        address_multiplier.into(),
        key_rate_limit,
        micros(config.sniff_timeout),
        micros(config.overlong_timeout),
        micros(config.shutdown_timeout),
    ]
}

/// How many times as much as one connection all of an address may say that may have so many.
fn address_multiplier(connections: usize) -> u32 {
    u32::try_from(connections).unwrap_or(u32::MAX).max(ADDRESS_RATE_FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::greeting::Greeting;

    #[test]
    fn updated_values_are_read() {
        let live = LiveConfig::new(&Config::default(), None).unwrap();
        let connection = Config::default().rate_limit.expect("a limit");
        let rate = |connection, times| LineRateLimit {
            connection,
            address_multiplier: NonZeroU32::new(times),
        };
        assert_eq!(live.rate_limit(), Some(rate(connection, 16)));
        assert_eq!(live.key_rate_limit(), Config::default().key_rate_limit);
        assert_eq!(live.overlong_timeout(), Config::default().overlong_timeout);
        let connection = RateLimit { burst: 3, interval: Duration::from_secs(3600) };
        let rate_limit = Some(connection);
        let texts = Greeting { welcome: "hello".into(), motd: "news".into() };
        let shutdown_timeout = Duration::from_secs(86_400);
        let config = Config {
            rate_limit,
            shutdown_timeout,
            welcome: texts.welcome.clone(),
            motd: texts.motd.clone(),
            ..Config::default()
        };
        live.update(&config, None, Vec::new());
        assert_eq!(
            (live.rate_limit(), live.shutdown_timeout()),
            (Some(rate(connection, 16)), shutdown_timeout)
        );
        for (per_address, times) in [(Some(1), 16), (Some(100), 100), (None, 0)] {
            live.update(
                &Config { rate_limit, max_per_address: per_address, ..Config::default() },
                None,
                Vec::new(),
            );
            assert_eq!(live.rate_limit(), Some(rate(connection, times)));
        }
        live.update(&config, None, Vec::new());
        assert_eq!(*live.greeting().load(), texts);
        live.update(&Config::default().without_limits(), None, Vec::new());
        assert_eq!((live.rate_limit(), live.key_rate_limit()), (None, None));
    }
}
