//! Who may come in: how many connections there are, in all and of each address.
//!
//! A [`Place`] is one connection, from accept to close. It gives itself back when dropped, so no way out of a
//! client's task can lose one.

use crate::limits::EBB_PEOPLE;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use whippet::sync::Notify;

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Places {
    /// Most connections in all.
    most: usize,
    /// The counts.
    counts: Mutex<Counts>,
    /// Told each time a connection has gone, and its descriptor with it.
    freed: Notify,
    /// Told once half of the people have gone.
    ebb: Notify,
}

/// How many connections there are.
#[derive(Debug, Default)]
struct Counts {
    /// Most connections of an address, if that is limited.
    per_address: Option<usize>,
    /// In all.
    all: usize,
    /// The most that there were in this tide: since [`Places::next_tide`].
    high: usize,
    /// Whether this tide's ebb was told.
    ebbed: bool,
    /// How many were turned away: because there was no place, and none for their address.
    turned_away: [u64; 2],
    /// Of each address that has any and is limited.
    of_address: BTreeMap<Origin, usize>,
}

impl Counts {
    /// Somebody has gone: whether that makes it an ebb.
    fn ebbs(&mut self) -> bool {
        let ebbs = self.high >= EBB_PEOPLE && self.all <= self.high / 2;
        ebbs && !std::mem::replace(&mut self.ebbed, true)
    }
}

/// What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which is what one customer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Origin(IpAddr);

impl Origin {
    /// The origin of a peer; `None` for loopback, which is not limited.
    fn of(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        match address {
            _ if address.is_loopback() => None,
            IpAddr::V4(_) => Some(Self(address)),
            IpAddr::V6(v6) => {
                Some(Self(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into()))
            }
        }
    }
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many are here as may be.
    Full,
    /// As many of this address are here as may be.
    AddressFull,
}

impl Refusal {
    /// What the one at the door is told.
    pub(crate) fn answer(self) -> &'static str {
        match self {
            Self::Full => "! the server is full, please try again later\r\n",
            Self::AddressFull => "! too many connections from your address\r\n",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "all places are taken",
            Self::AddressFull => "all places of its address are taken",
        })
    }
}

impl Places {
    /// Room for `most` connections, `per_address` of each address.
    pub(crate) fn new(most: usize, per_address: Option<usize>) -> Arc<Self> {
        let counts = Mutex::new(Counts { per_address, ..Counts::default() });
        let (freed, ebb) = (Notify::new(), Notify::new());
        Arc::new(Self { most, counts, freed, ebb })
    }

    /// A place for a connection from this address.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let mut counts = self.lock();
        // Counted without a limit, too: there may be one later.
        let origin = Origin::of(address);
        if counts.all >= self.most {
            counts.turned_away[0] += 1;
            return Err(Refusal::Full);
        }
        if let Some(origin) = origin {
            let limit = counts.per_address.unwrap_or(usize::MAX);
            let count = counts.of_address.get(&origin).copied().unwrap_or(0);
            if count >= limit {
                counts.turned_away[1] += 1;
                return Err(Refusal::AddressFull);
            }
            counts.of_address.insert(origin, count + 1);
        }
        counts.all += 1;
        counts.high = counts.high.max(counts.all);
        Ok(Place { places: Arc::clone(self), origin })
    }

    /// Lets so many connections of an address in from now on; those who are here stay.
    pub(crate) fn limit_addresses(&self, per_address: Option<usize>) {
        self.lock().per_address = per_address;
    }

    /// Waits until a connection has gone.
    ///
    /// # Cancel safety
    /// May be dropped and called again; what went in between is missed, so look at the state first.
    pub(crate) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Waits until no connection is left.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    pub(crate) async fn empty(&self) {
        loop {
            let freed = self.freed.notified();
            if self.taken() == 0 {
                return;
            }
            freed.await;
        }
    }

    /// Waits until half of the connections of this tide have gone, if they were many. Told once a tide.
    ///
    /// # Cancel safety
    /// Nothing is lost: what is told while nobody waits is kept.
    pub(crate) async fn ebb(&self) {
        self.ebb.notified().await;
    }

    /// Counts the next ebb from the number of connections that there are now.
    pub(crate) fn next_tide(&self) {
        let mut counts = self.lock();
        (counts.high, counts.ebbed) = (counts.all, false);
    }

    /// How many connections there are.
    pub(crate) fn taken(&self) -> usize {
        self.lock().all
    }

    /// How many were turned away: because there was no place, and none for their address.
    pub(crate) fn turned_away(&self) -> [u64; 2] {
        self.lock().turned_away
    }

    /// The counts; they are whole between any two statements, so a panic elsewhere does not spoil them.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection. Drop it after the socket is closed.
#[derive(Debug)]
pub(crate) struct Place {
    /// Where it came from.
    places: Arc<Places>,
    /// The address that it counts for; none for loopback.
    origin: Option<Origin>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.places.lock();
        counts.all -= 1;
        if let Some(origin) = self.origin
            && let Entry::Occupied(mut count) = counts.of_address.entry(origin)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        let ebbs = counts.ebbs();
        drop(counts);
        self.places.freed.notify_waiters();
        if ebbs {
            self.places.ebb.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_limited_in_all() {
        let places = Places::new(2, None);
        let _first = places.admit(address("10.0.0.1")).unwrap();
        let second = places.admit(address("10.0.0.1")).unwrap();
        assert_eq!(places.admit(address("127.0.0.1")).unwrap_err(), Refusal::Full);
        drop(second);
        assert!(places.admit(address("127.0.0.1")).is_ok());
    }

    #[test]
    fn places_are_limited_for_each_address() {
        let places = Places::new(100, Some(2));
        let held: Vec<_> =
            ["10.0.0.1", "::ffff:10.0.0.1"].map(|a| places.admit(address(a)).unwrap()).into();
        assert_eq!(places.admit(address("10.0.0.1")).unwrap_err(), Refusal::AddressFull);
        assert!(places.admit(address("10.0.0.2")).is_ok());
        drop(held);
        assert!(places.admit(address("10.0.0.1")).is_ok());
        assert_eq!(places.taken(), 0);
        assert!(places.lock().of_address.is_empty(), "nothing is kept of those who left");
    }

    #[test]
    fn a_new_limit_counts_those_who_came_before_it() {
        let places = Places::new(100, None);
        let mut held: Vec<_> = (0..3).map(|_| places.admit(address("10.0.0.1")).unwrap()).collect();
        places.limit_addresses(Some(2));
        assert_eq!(places.admit(address("10.0.0.1")).unwrap_err(), Refusal::AddressFull);
        held.truncate(1);
        assert!(places.admit(address("10.0.0.1")).is_ok());
        places.limit_addresses(None);
        held.extend((0..3).map(|_| places.admit(address("10.0.0.1")).unwrap()));
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let places = Places::new(100, Some(1));
        let _held = places.admit(address("2001:db8:0:1::1")).unwrap();
        assert!(places.admit(address("2001:db8:0:1:ffff::2")).is_err());
        assert!(places.admit(address("2001:db8:0:2::1")).is_ok());
    }

    #[test]
    fn an_ebb_is_told_once_a_tide_and_only_of_many() {
        let loopback = address("127.0.0.1");
        let places = Places::new(10_000, None);
        let told = || {
            let told = std::pin::pin!(places.ebb());
            told.poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        let come = |count| (0..count).map(|_| places.admit(loopback).unwrap()).collect::<Vec<_>>();
        drop(come(EBB_PEOPLE - 1));
        assert!(!told(), "a few");
        let mut people = come(1_000);
        people.truncate(501);
        assert!(!told(), "not yet half");
        people.truncate(500);
        assert!(told());
        people.truncate(300);
        assert!(!told(), "once a tide");
        places.next_tide();
        people.truncate(151);
        assert!(!told());
        people.clear();
        assert!(told());
    }

    #[test]
    fn loopback_is_free() {
        let places = Places::new(100, Some(1));
        let held: Vec<_> = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
            .iter()
            .flat_map(|a| [places.admit(address(a)).unwrap(), places.admit(address(a)).unwrap()])
            .collect();
        assert_eq!(held.len(), 8);
    }
}
