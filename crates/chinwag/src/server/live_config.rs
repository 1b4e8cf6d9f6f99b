//! What a running server takes anew when its settings are read again.
//!
//! Most are one word, read by people's tasks at every turn and written by whoever runs the server. Relaxed will do for all:
//! each stands alone, and whoever still goes by the old value does so for one turn.

use crate::chat::connection_log::ConnectionLog;
use crate::chat::greeting::LiveGreeting;
use crate::chat::room_creators::RoomLimit;
use crate::limits::ADDRESS_RATE_FACTOR;
use crate::protocol::ip_range::IpRange;
use crate::server::config::Config;
use crate::server::oper_secret::{Lock, Secret};
use crate::server::rate_limit::{Allowance, LineRate};
use crate::server::trusted_proxies::Proxies;
use std::io;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// The values in force.
#[derive(Debug)]
pub(crate) struct Dials {
    /// How fast a person may speak: `{ burst: 32, interval in microseconds: 32 }`, 0 for any speed.
    speech: AtomicU64,
    /// How many times as fast all of an address may, 0 for any speed.
    address: AtomicU64,
    /// How fast keys may come to an editor, in the same form.
    keys: AtomicU64,
    /// How long a newcomer is listened to before the welcome, in microseconds.
    first_look: AtomicU64,
    /// How long a line may go on without an end, in microseconds.
    overlong: AtomicU64,
    /// How long a graceful stop may take, in microseconds.
    grace: AtomicU64,
    /// What newcomers read.
    greeting: Arc<LiveGreeting>,
    /// How many rooms an address may have made.
    room_limit: Arc<RoomLimit>,
    /// Who comes and leaves, if that is logged.
    connections: Arc<ConnectionLog>,
    /// What makes a person an operator.
    lock: Lock,
    /// The proxies that are believed.
    proxies: Proxies,
}

impl Dials {
    /// As the settings say.
    ///
    /// # Errors
    /// A trusted proxy is no range of addresses.
    pub(crate) fn new(config: &Config, secret: Option<Secret>) -> io::Result<Self> {
        let greeting = Arc::new(LiveGreeting::new(config.texts()));
        let [speech, address, keys, first_look, overlong, grace] =
            words(config).map(AtomicU64::new);
        let room_limit = Arc::new(RoomLimit::none());
        room_limit.set(config.per_address);
        let lock = Lock::new(secret);
        let proxies = Proxies::new(config.proxy_ranges()?);
        let connections = Arc::new(ConnectionLog::new(config.log_connections));
        Ok(Self {
            speech,
            address,
            keys,
            first_look,
            overlong,
            grace,
            greeting,
            room_limit,
            connections,
            lock,
            proxies,
        })
    }

    /// Turns all of them to what the settings say now.
    pub(crate) fn turn(&self, config: &Config, secret: Option<Secret>, proxies: Vec<IpRange>) {
        let [speech, address, keys, first_look, overlong, grace] = words(config);
        self.speech.store(speech, Relaxed);
        self.address.store(address, Relaxed);
        self.keys.store(keys, Relaxed);
        self.first_look.store(first_look, Relaxed);
        self.overlong.store(overlong, Relaxed);
        self.grace.store(grace, Relaxed);
        self.greeting.store(config.texts());
        self.room_limit.set(config.per_address);
        self.connections.set_enabled(config.log_connections);
        self.lock.exchange(secret);
        self.proxies.exchange(proxies);
    }

    /// How fast lines may come, `None` for any speed.
    #[inline]
    pub(crate) fn speech(&self) -> Option<LineRate> {
        let address = NonZeroU32::new(self.address.load(Relaxed) as u32);
        allowance(self.speech.load(Relaxed)).map(|connection| LineRate { connection, address })
    }

    /// How fast keys may come to an editor, `None` for any speed.
    #[inline]
    pub(crate) fn keys(&self) -> Option<Allowance> {
        allowance(self.keys.load(Relaxed))
    }

    /// How long a newcomer is listened to before the welcome.
    pub(crate) fn first_look(&self) -> Duration {
        Duration::from_micros(self.first_look.load(Relaxed))
    }

    /// How long a line may go on past its limit without an end.
    #[inline]
    pub(crate) fn overlong(&self) -> Duration {
        Duration::from_micros(self.overlong.load(Relaxed))
    }

    /// How long a graceful stop may take.
    pub(crate) fn grace(&self) -> Duration {
        Duration::from_micros(self.grace.load(Relaxed))
    }

    /// What makes a person an operator.
    pub(crate) fn lock(&self) -> &Lock {
        &self.lock
    }

    /// The proxies that are believed.
    pub(crate) fn proxies(&self) -> &Proxies {
        &self.proxies
    }

    /// How many rooms an address may have made.
    pub(crate) fn room_limit(&self) -> &Arc<RoomLimit> {
        &self.room_limit
    }

    /// Who comes and leaves, if that is logged.
    pub(crate) fn connections(&self) -> &Arc<ConnectionLog> {
        &self.connections
    }

    /// What newcomers read.
    pub(crate) fn greeting(&self) -> &Arc<LiveGreeting> {
        &self.greeting
    }
}

/// What a word says, which `words` made.
fn allowance(word: u64) -> Option<Allowance> {
    // Both halves fit: they were put there as 32 bits each.
    let (burst, interval) = ((word >> 32) as u32, word as u32);
    let interval = Duration::from_micros(interval.into());
    (word != 0).then_some(Allowance { burst, interval })
}

/// The settings as words, in the order of the fields.
fn words(config: &Config) -> [u64; 6] {
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let word = |allowance: Option<Allowance>| {
        allowance.map_or(0, |Allowance { burst, interval }| {
            let interval = micros(interval).clamp(1, u32::MAX.into());
            u64::from(burst.max(1)) << 32 | interval
        })
    };
    let (speech, keys) = (word(config.speech), word(config.keys));
    let address = config.per_address.map_or(0, address_lines);
    [
        speech,
        address.into(),
        keys,
        micros(config.first_look),
        micros(config.overlong),
        micros(config.grace),
    ]
}

/// How many times as much as one connection all of an address may say that may have so many.
fn address_lines(connections: usize) -> u32 {
    u32::try_from(connections).unwrap_or(u32::MAX).max(ADDRESS_RATE_FACTOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::greeting::Greeting;

    #[test]
    fn what_was_turned_is_what_is_read() {
        let dials = Dials::new(&Config::default(), None).unwrap();
        let connection = Config::default().speech.expect("a limit");
        let rate = |connection, times| LineRate { connection, address: NonZeroU32::new(times) };
        assert_eq!(dials.speech(), Some(rate(connection, 16)));
        assert_eq!(dials.keys(), Config::default().keys);
        assert_eq!(dials.overlong(), Config::default().overlong);
        let connection = Allowance { burst: 3, interval: Duration::from_secs(3600) };
        let speech = Some(connection);
        let texts = Greeting { welcome: "hello".into(), motd: "news".into() };
        let grace = Duration::from_secs(86_400);
        dials.turn(
            &Config {
                speech,
                grace,
                welcome: texts.welcome.clone(),
                motd: texts.motd.clone(),
                ..Config::default()
            },
            None,
            Vec::new(),
        );
        assert_eq!((dials.speech(), dials.grace()), (Some(rate(connection, 16)), grace));
        for (per_address, times) in [(Some(1), 16), (Some(100), 100), (None, 0)] {
            dials.turn(&Config { speech, per_address, ..Config::default() }, None, Vec::new());
            assert_eq!(dials.speech(), Some(rate(connection, times)));
        }
        dials.turn(
            &Config {
                speech,
                grace,
                welcome: texts.welcome.clone(),
                motd: texts.motd.clone(),
                ..Config::default()
            },
            None,
            Vec::new(),
        );
        assert_eq!(*dials.greeting().load(), texts);
        dials.turn(&Config::default().without_limits(), None, Vec::new());
        assert_eq!((dials.speech(), dials.keys()), (None, None));
    }
}
