//! Budgets of addresses, which outlive their connections: how many there are, how often they are made, how many lines come from an
//! address, how many wrong operator secrets.
//!
//! An address is an IPv4 address or the /64 of an IPv6 one, which is what one customer is given. Some are given a /56 or a /48, so
//! those have budgets of their own, 4 and 16 times as large. Loopback is unlimited, except for secrets, which all of it shares: the users
//! on the machine cannot be told apart, and a guess from there is a guess, too.
//!
//! ```text
//!   accept ── admit: counts, connects (under the lock of the connection limits) ──► AddressBudget
//!                                                                      │ one Arc for each of its networks
//!   a connection's task ── charge: lines (an atomic word each, no lock, no look-up) ◄──┘
//!   its end ── release: the last one leaves the entry behind until it is full again
//! ```
//!
//! The table knows no socket and no clock: the time is an argument. What it keeps is bounded. An entry with connections is always
//! kept: there are at most three for each connection. One without any is kept until its budgets are full again, and of those
//! there are at most [`MAX_TRACKED_NETWORKS`]; past that the one that is nearest to being full is evicted. No connection is rejected
//! because the table is full. A client with so many addresses gains nothing by it: each address has its burst.

mod connection;
mod guesses;
mod token_bucket;

pub(crate) use connection::ConnectionBudget;

use crate::limits::{CONNECT_BURST, CONNECT_INTERVAL, MAX_PER_ADDRESS, MAX_TRACKED_NETWORKS};
use crate::protocol::address_key::AddressKey;
use crate::server::rate_limit::LineRateLimit;
use guesses::Guesses;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use token_bucket::{Rate, TokenBucket};

/// Why a connection is one too many for its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LimitExceeded {
    /// It has as many as it may have.
    Connections,
    /// It connects more often than it may.
    ConnectRate,
}

/// The budgets of all addresses (see the module docs).
#[derive(Debug)]
pub(crate) struct AddressBudgets {
    /// What times are counted from.
    start: Instant,
    /// Those that have connections, or are not full yet.
    networks: BTreeMap<AddressKey, NetworkEntry>,
    /// Those without connections, by when they are full.
    idle: BTreeSet<(u64, AddressKey)>,
    /// What all of loopback shares.
    loopback: AddressBudget,
}

/// What the table keeps of one network.
#[derive(Debug)]
struct NetworkEntry {
    /// What its connections spend from.
    network: Arc<Network>,
    /// How many those are.
    connections: usize,
    /// How often it may connect.
    connects: TokenBucket,
    /// The moment by which it is listed as idle, while it has no connections.
    idle_key: u64,
}

/// Bytes of what the table keeps of one network: an entry of each of its two lists, and what is behind the [`Arc`] with its counts.
#[cfg(test)]
pub(crate) const NETWORK_BYTES: [usize; 3] = [
    size_of::<(AddressKey, NetworkEntry)>(),
    size_of::<(u64, AddressKey)>(),
    size_of::<Network>() + 2 * size_of::<usize>(),
];

/// What the connections of one network spend from.
#[derive(Debug)]
struct Network {
    /// Which; none for loopback.
    key: Option<AddressKey>,
    /// Lines.
    lines: TokenBucket,
    /// Wrong secrets.
    guesses: Mutex<Guesses>,
}

/// The budgets of one connection: one of each of its networks, the narrowest first.
#[derive(Clone, Debug)]
pub(crate) struct AddressBudget {
    /// What times are counted from.
    start: Instant,
    /// The networks. Those of IPv4 and of loopback have one.
    networks: [Option<Arc<Network>>; 3],
}

impl AddressBudgets {
    /// Without any connection.
    pub(crate) fn new(start: Instant) -> Self {
        let loopback = AddressBudget { start, networks: [Some(Network::new(None)), None, None] };
        Self { start, networks: BTreeMap::new(), idle: BTreeSet::new(), loopback }
    }

    /// Counts a connection from this address, of which there may be `per_address`; the wider networks have their
    /// multiples of that. `None`: any number, as often as they like.
    ///
    /// # Errors
    /// It is one too many.
    pub(crate) fn admit(
        &mut self,
        address: IpAddr,
        per_address: Option<usize>,
        now: Instant,
    ) -> Result<AddressBudget, LimitExceeded> {
        let Some(address) = AddressKey::from_ip(address) else { return Ok(self.loopback.clone()) };
        let now = nanos(self.start, now);
        self.remove_refilled(now);
        for key in address.networks() {
            if let (Some(limit), Some(entry)) = (per_address, self.networks.get(&key)) {
                entry.check(key, limit, now)?;
            }
        }
        let mut held = address.networks().map(|key| self.acquire(key, per_address, now));
        let networks = std::array::from_fn(|_| held.next());
        drop(held);
        Ok(AddressBudget { start: self.start, networks })
    }

    /// The budget of connections that count for no address: that of loopback.
    pub(crate) fn unlimited(&self) -> AddressBudget {
        self.loopback.clone()
    }

    /// Counts a connection of a network.
    fn acquire(&mut self, key: AddressKey, per_address: Option<usize>, now: u64) -> Arc<Network> {
        let entry = self.networks.entry(key).or_insert_with(|| NetworkEntry {
            network: Network::new(Some(key)),
            connections: 0,
            connects: TokenBucket::default(),
            idle_key: 0,
        });
        if entry.connections == 0 {
            self.idle.remove(&(entry.idle_key, key));
        }
        entry.connections += 1;
        if let Some(per_address) = per_address {
            entry.connects.charge(connect_rate(per_address).times(key.budget_factor()), 1, now);
        }
        Arc::clone(&entry.network)
    }

    /// A connection has gone.
    pub(crate) fn release(&mut self, budget: &AddressBudget) {
        for key in budget.networks().filter_map(|network| network.key) {
            let Some(entry) = self.networks.get_mut(&key) else { continue };
            entry.connections -= 1;
            if entry.connections == 0 {
                entry.idle_key = entry.full_at();
                self.idle.insert((entry.idle_key, key));
            }
        }
        while self.idle.len() > MAX_TRACKED_NETWORKS {
            self.evict_first();
        }
    }

    /// Clamps all debts to what is possible under the current settings.
    pub(crate) fn clamp_to(
        &self,
        lines: Option<LineRateLimit>,
        per_address: Option<usize>,
        now: Instant,
    ) {
        let now = nanos(self.start, now);
        for (key, entry) in &self.networks {
            entry.network.lines.clamp_to(lines.and_then(|lines| line_rate(lines, *key)), now);
            let connects = per_address.map(|limit| connect_rate(limit).times(key.budget_factor()));
            entry.connects.clamp_to(connects, now);
        }
    }

    /// Removes entries that owe nothing any more. Each is removed once, so this costs what it cost to keep them.
    fn remove_refilled(&mut self, now: u64) {
        while self.idle.first().is_some_and(|&(whole_at, _)| whole_at <= now) {
            self.evict_first();
        }
    }

    /// Evicts the one without connections that is nearest to being full.
    fn evict_first(&mut self) {
        if let Some((_, key)) = self.idle.pop_first() {
            self.networks.remove(&key);
        }
    }

    /// How many networks are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.networks.len()
    }
}

impl NetworkEntry {
    /// Whether a further connection may come, of a network of this size.
    fn check(&self, key: AddressKey, per_address: usize, now: u64) -> Result<(), LimitExceeded> {
        let share = key.budget_factor();
        if self.connections >= per_address.saturating_mul(share as usize) {
            return Err(LimitExceeded::Connections);
        }
        let rate = connect_rate(per_address).times(share);
        self.connects.has_token(rate, now).then_some(()).ok_or(LimitExceeded::ConnectRate)
    }

    /// When nothing is owed any more.
    fn full_at(&self) -> u64 {
        let Network { lines, .. } = &*self.network;
        lines.full_at().max(self.connects.full_at()).max(self.network.guesses().forgotten_at())
    }
}

impl Network {
    /// Which has spent nothing.
    fn new(key: Option<AddressKey>) -> Arc<Self> {
        Arc::new(Self { key, lines: TokenBucket::default(), guesses: Mutex::default() })
    }

    /// How many times the budget of an address it has.
    fn share(&self) -> u32 {
        self.key.map_or(1, AddressKey::budget_factor)
    }

    /// How fast lines may come from all of it; `None` for any speed.
    fn line_rate(&self, rate: LineRateLimit) -> Option<Rate> {
        line_rate(rate, self.key?)
    }

    /// The guesses; they are whole between any two statements, so a panic elsewhere does not spoil them.
    fn guesses(&self) -> MutexGuard<'_, Guesses> {
        self.guesses.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AddressBudget {
    /// The networks.
    fn networks(&self) -> impl Iterator<Item = &Network> {
        self.networks.iter().flatten().map(|network| &**network)
    }

    /// So many lines came, or will come next. Says from when on all networks have covered them; in the past if at once.
    pub(crate) fn charge(&self, rate: LineRateLimit, lines: u32, now: Instant) -> Instant {
        let at = nanos(self.start, now);
        let charge = |network: &Network| {
            Some(network.lines.charge(network.line_rate(rate)?, lines.into(), at))
        };
        let covered = self.networks().filter_map(charge).max();
        covered.map_or(now, |covered| self.start + Duration::from_nanos(covered))
    }

    /// From when on all that came so far is covered.
    pub(crate) fn covered_at(&self, rate: LineRateLimit) -> Instant {
        let covered = |network: &Network| Some(network.lines.covered_at(network.line_rate(rate)?));
        let covered = self.networks().filter_map(covered).max().unwrap_or(0);
        self.start + Duration::from_nanos(covered)
    }

    /// Takes a try at the secret of operators, to be given back if it was right.
    ///
    /// # Errors
    /// How long to wait before one may be made.
    pub(crate) fn take_guess(&self, now: Instant) -> Result<(), Duration> {
        let at = nanos(self.start, now);
        for (taken, network) in self.networks().enumerate() {
            if let Err(wait) = network.guesses().take(network.share(), at) {
                self.networks().take(taken).for_each(|network| network.guesses().refund());
                return Err(wait);
            }
        }
        Ok(())
    }

    /// The guess was right, and does not count.
    pub(crate) fn refund_guess(&self) {
        self.networks().for_each(|network| network.guesses().refund());
    }
}

/// How often an address may connect that may have so many connections. A higher limit suggests more users behind it.
fn connect_rate(per_address: usize) -> Rate {
    let interval = u64::try_from(CONNECT_INTERVAL.as_nanos()).unwrap_or(u64::MAX);
    Rate { burst: CONNECT_BURST, interval }.scaled(per_address)
}

/// How fast lines may come from all of a network, if that is limited.
fn line_rate(rate: LineRateLimit, key: AddressKey) -> Option<Rate> {
    let interval = u64::try_from(rate.connection.interval.as_nanos()).unwrap_or(u64::MAX);
    let of_one = Rate { burst: rate.connection.burst.into(), interval };
    Some(of_one.times(rate.address_multiplier?.get().saturating_mul(key.budget_factor())))
}

impl Rate {
    /// The same for an address that may have so many connections and not the usual number.
    fn scaled(self, per_address: usize) -> Self {
        let usual = MAX_PER_ADDRESS as u64;
        let factor = (per_address as u64).max(usual);
        Self {
            burst: self.burst.saturating_mul(factor) / usual,
            interval: (self.interval.saturating_mul(usual) / factor).max(1),
        }
    }
}

/// The nanoseconds from one moment to another.
fn nanos(start: Instant, now: Instant) -> u64 {
    u64::try_from(now.saturating_duration_since(start).as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
