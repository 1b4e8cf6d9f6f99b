//! What an address may do, whatever becomes of its connections: how many it has, how often it connects, how many lines come from
//! it, how many wrong secrets of operators.
//!
//! An address is an IPv4 address or the /64 of an IPv6 one, which is what one customer is given. Some are given a /56 or a /48, so
//! those have budgets of their own, 4 and 16 times as large. Loopback is free, but for secrets, which all of it shares: the people
//! on the machine cannot be told apart, and a guess from there is a guess, too.
//!
//! ```text
//!   accept ── admit: counts, connects (under the lock of the connection limits) ──► AddressBudget
//!                                                                      │ one Arc for each of its networks
//!   a connection's task ── charge: lines (an atomic word each, no lock, no look-up) ◄──┘
//!   its end ── release: the last one leaves the entry behind until it is whole again
//! ```
//!
//! The table knows no socket and no clock: the time is an argument. What it keeps is bounded. An entry with connections is always
//! kept: there are at most three for each connection. One without any is kept until nothing of it is owed any more, and of those
//! there are at most [`MAX_TRACKED_NETWORKS`]; past that the one that is nearest to being whole is forgotten. Nobody is refused
//! because the table is full. Whoever has so many addresses gains by it what they hold anyway: each address has its burst.

mod connection;
mod guesses;
mod token_bucket;

pub(crate) use connection::ConnectionBudget;

use crate::limits::{CONNECT_BURST, CONNECT_INTERVAL, MAX_PER_ADDRESS, MAX_TRACKED_NETWORKS};
use crate::protocol::address_key::AddressKey;
use crate::server::rate_limit::LineRate;
use guesses::Guesses;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use token_bucket::{Bucket, Rate};

/// Why a connection is one too many for its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// It has as many as it may have.
    Connections,
    /// It connects more often than it may.
    Connects,
}

/// The budgets of all addresses (see the module's words).
#[derive(Debug)]
pub(crate) struct AddressBudgets {
    /// What times are counted from.
    start: Instant,
    /// Those that have connections, or are not whole yet.
    networks: BTreeMap<AddressKey, Slot>,
    /// Those without connections, by when they are whole.
    idle: BTreeSet<(u64, AddressKey)>,
    /// What all of loopback shares.
    loopback: AddressBudget,
}

/// What the table keeps of one network.
#[derive(Debug)]
struct Slot {
    /// What its connections spend from.
    network: Arc<Network>,
    /// How many those are.
    connections: usize,
    /// How often it may connect.
    connects: Bucket,
    /// Under what moment it is listed as idle, while it has no connections.
    listed: u64,
}

/// Bytes of what the table keeps of one network: an entry of each of its two lists, and what is behind the [`Arc`] with its counts.
#[cfg(test)]
pub(crate) const NETWORK_BYTES: [usize; 3] = [
    size_of::<(AddressKey, Slot)>(),
    size_of::<(u64, AddressKey)>(),
    size_of::<Network>() + 2 * size_of::<usize>(),
];

/// What the connections of one network spend from.
#[derive(Debug)]
struct Network {
    /// Which; none for loopback.
    key: Option<AddressKey>,
    /// Lines.
    lines: Bucket,
    /// Wrong secrets.
    guesses: Mutex<Guesses>,
}

/// What one connection holds of the budgets of its address: one of each of its networks, the narrowest first.
#[derive(Clone, Debug)]
pub(crate) struct AddressBudget {
    /// What times are counted from.
    start: Instant,
    /// The networks. Those of IPv4 and of loopback have one.
    networks: [Option<Arc<Network>>; 3],
}

impl AddressBudgets {
    /// Of nobody yet.
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
    ) -> Result<AddressBudget, Excess> {
        let Some(address) = AddressKey::of(address) else { return Ok(self.loopback.clone()) };
        let now = nanos(self.start, now);
        self.forget_whole(now);
        for key in address.networks() {
            if let (Some(limit), Some(slot)) = (per_address, self.networks.get(&key)) {
                slot.check(key, limit, now)?;
            }
        }
        let mut held = address.networks().map(|key| self.hold(key, per_address, now));
        let networks = std::array::from_fn(|_| held.next());
        drop(held);
        Ok(AddressBudget { start: self.start, networks })
    }

    /// What is not counted for any address may do: as much as loopback.
    pub(crate) fn free(&self) -> AddressBudget {
        self.loopback.clone()
    }

    /// Counts a connection of a network.
    fn hold(&mut self, key: AddressKey, per_address: Option<usize>, now: u64) -> Arc<Network> {
        let slot = self.networks.entry(key).or_insert_with(|| Slot {
            network: Network::new(Some(key)),
            connections: 0,
            connects: Bucket::default(),
            listed: 0,
        });
        if slot.connections == 0 {
            self.idle.remove(&(slot.listed, key));
        }
        slot.connections += 1;
        if let Some(per_address) = per_address {
            slot.connects.charge(connect_rate(per_address).times(key.share()), 1, now);
        }
        Arc::clone(&slot.network)
    }

    /// A connection has gone.
    pub(crate) fn release(&mut self, budget: &AddressBudget) {
        for key in budget.networks().filter_map(|network| network.key) {
            let Some(slot) = self.networks.get_mut(&key) else { continue };
            slot.connections -= 1;
            if slot.connections == 0 {
                slot.listed = slot.whole_at();
                self.idle.insert((slot.listed, key));
            }
        }
        while self.idle.len() > MAX_TRACKED_NETWORKS {
            self.forget_first();
        }
    }

    /// Owes no more than what is set now lets anybody owe: what was spent under other settings is not held against anybody.
    pub(crate) fn cap(&self, lines: Option<LineRate>, per_address: Option<usize>, now: Instant) {
        let now = nanos(self.start, now);
        for (key, slot) in &self.networks {
            slot.network.lines.cap(lines.and_then(|lines| line_rate(lines, *key)), now);
            let connects = per_address.map(|limit| connect_rate(limit).times(key.share()));
            slot.connects.cap(connects, now);
        }
    }

    /// Forgets those that owe nothing any more. Each is forgotten once, so this costs what it cost to keep them.
    fn forget_whole(&mut self, now: u64) {
        while self.idle.first().is_some_and(|&(whole_at, _)| whole_at <= now) {
            self.forget_first();
        }
    }

    /// Forgets the one without connections that is nearest to being whole.
    fn forget_first(&mut self) {
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

impl Slot {
    /// Whether a further connection may come, of a network of this size.
    fn check(&self, key: AddressKey, per_address: usize, now: u64) -> Result<(), Excess> {
        let share = key.share();
        if self.connections >= per_address.saturating_mul(share as usize) {
            return Err(Excess::Connections);
        }
        let rate = connect_rate(per_address).times(share);
        self.connects.has_one(rate, now).then_some(()).ok_or(Excess::Connects)
    }

    /// When nothing is owed any more.
    fn whole_at(&self) -> u64 {
        let Network { lines, .. } = &*self.network;
        lines.full_at().max(self.connects.full_at()).max(self.network.guesses().forgotten())
    }
}

impl Network {
    /// Which has spent nothing.
    fn new(key: Option<AddressKey>) -> Arc<Self> {
        Arc::new(Self { key, lines: Bucket::default(), guesses: Mutex::default() })
    }

    /// How many times the budget of an address it has.
    fn share(&self) -> u32 {
        self.key.map_or(1, AddressKey::share)
    }

    /// How fast lines may come from all of it; `None` for any speed.
    fn line_rate(&self, rate: LineRate) -> Option<Rate> {
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
    pub(crate) fn charge(&self, rate: LineRate, lines: u32, now: Instant) -> Instant {
        let at = nanos(self.start, now);
        let charge = |network: &Network| {
            Some(network.lines.charge(network.line_rate(rate)?, lines.into(), at))
        };
        let covered = self.networks().filter_map(charge).max();
        covered.map_or(now, |covered| self.start + Duration::from_nanos(covered))
    }

    /// From when on all that came so far is covered.
    pub(crate) fn covered_at(&self, rate: LineRate) -> Instant {
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
                self.networks().take(taken).for_each(|network| network.guesses().give_back());
                return Err(wait);
            }
        }
        Ok(())
    }

    /// The try was right.
    pub(crate) fn give_guess_back(&self) {
        self.networks().for_each(|network| network.guesses().give_back());
    }
}

/// How often an address may connect that may have so many connections. Whoever allows more expects more people behind it.
fn connect_rate(per_address: usize) -> Rate {
    let interval = u64::try_from(CONNECT_INTERVAL.as_nanos()).unwrap_or(u64::MAX);
    Rate { burst: CONNECT_BURST, interval }.scaled(per_address)
}

/// How fast lines may come from all of a network, if that is limited.
fn line_rate(rate: LineRate, key: AddressKey) -> Option<Rate> {
    let interval = u64::try_from(rate.connection.interval.as_nanos()).unwrap_or(u64::MAX);
    let of_one = Rate { burst: rate.connection.burst.into(), interval };
    Some(of_one.times(rate.address?.get().saturating_mul(key.share())))
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
