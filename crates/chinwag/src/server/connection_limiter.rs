//! Who may come in: how many connections there are in all, and what the [budgets](crate::server::address_limits) of their addresses allow.
//!
//! A [`Place`] is one connection, from accept to close. It gives itself back when dropped, so no way out of a
//! client's task can lose one.
//!
//! What comes by a proxy that is believed has a place before it is known whose it is: it counts in all, and for no address. It is
//! [given](Place::give_to) to an address once the proxy has said which.

use crate::limits::TRIM_MIN_PEAK;
use crate::server::address_limits::{AddressBudget, AddressBudgets, Excess};
use crate::server::rate_limit::LineRate;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use whippet::net::TcpStream;
use whippet::sync::Notify;

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Places {
    /// The counts.
    counts: Mutex<Counts>,
    /// Told each time a connection has gone, and its descriptor with it.
    freed: Notify,
    /// Told once half of the people have gone.
    ebb: Notify,
}

/// How many connections there are.
#[derive(Debug)]
struct Counts {
    /// Most connections in all.
    most: usize,
    /// Most connections of an address, if that is limited.
    per_address: Option<usize>,
    /// In all.
    all: usize,
    /// The most that there were in this tide: since [`Places::next_tide`].
    high: usize,
    /// Whether this tide's ebb was told.
    ebbed: bool,
    /// How many were turned away, by reason.
    turned_away: [u64; Refusal::COUNT],
    /// What their addresses may do.
    addresses: AddressBudgets,
}

impl Counts {
    /// Counts a connection of this address.
    fn admit(&mut self, address: IpAddr, now: Instant) -> Result<AddressBudget, Refusal> {
        if self.all >= self.most {
            return Err(Refusal::Full);
        }
        self.admit_address(address, now)
    }

    /// Counts a connection of this address that has its place.
    fn admit_address(&mut self, address: IpAddr, now: Instant) -> Result<AddressBudget, Refusal> {
        // Counted without a limit, too: there may be one later.
        self.addresses.admit(address, self.per_address, now).map_err(|excess| match excess {
            Excess::Connections => Refusal::AddressFull,
            Excess::Connects => Refusal::TooOften,
        })
    }

    /// Somebody has gone: whether that makes it an ebb.
    fn ebbs(&mut self) -> bool {
        let ebbs = self.high >= TRIM_MIN_PEAK && self.all <= self.high / 2;
        ebbs && !std::mem::replace(&mut self.ebbed, true)
    }
}

/// Why somebody may not come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// As many are here as may be.
    Full,
    /// As many of this address are here as may be.
    AddressFull,
    /// This address connects more often than it may.
    TooOften,
    /// The proxy did not say whose the connection is.
    Unintroduced,
}

impl Refusal {
    /// How many reasons there are.
    pub(crate) const COUNT: usize = 4;

    /// What the one at the door is told.
    pub(crate) fn answer(self) -> &'static str {
        match self {
            Self::Full => "! the server is full, please try again later\r\n",
            Self::AddressFull => "! too many connections from your address\r\n",
            Self::TooOften => "! your address connects too often, please wait a second\r\n",
            Self::Unintroduced => {
                "! from this address a connection must begin with a PROXY header of version 2\r\n"
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "all places are taken",
            Self::AddressFull => "all places of its address are taken",
            Self::TooOften => "its address connects too often",
            Self::Unintroduced => "its proxy does not say who comes",
        })
    }
}

impl Places {
    /// Room for `most` connections, `per_address` of each address.
    pub(crate) fn new(most: usize, per_address: Option<usize>) -> Arc<Self> {
        let counts = Counts {
            most,
            per_address,
            all: 0,
            high: 0,
            ebbed: false,
            turned_away: [0; Refusal::COUNT],
            addresses: AddressBudgets::new(whippet::time::Instant::now().into_std()),
        };
        let counts = Mutex::new(counts);
        let (freed, ebb) = (Notify::new(), Notify::new());
        Arc::new(Self { counts, freed, ebb })
    }

    /// A place for a connection that comes from this address now.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Place, Refusal> {
        let mut counts = self.lock();
        let admitted = counts.admit(address, now);
        if let Err(refusal) = admitted {
            counts.turned_away[refusal as usize] += 1;
        }
        let budget = admitted?;
        Ok(self.take(counts, budget, None))
    }

    /// A place for a connection of a proxy that will say whose it is.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn admit_proxy(self: &Arc<Self>) -> Result<Place, Refusal> {
        let mut counts = self.lock();
        if counts.all >= counts.most {
            counts.turned_away[Refusal::Full as usize] += 1;
            return Err(Refusal::Full);
        }
        let budget = counts.addresses.free();
        Ok(self.take(counts, budget, Some(Box::new(None))))
    }

    /// Takes a place.
    fn take(
        self: &Arc<Self>,
        mut counts: MutexGuard<'_, Counts>,
        budget: AddressBudget,
        by_proxy: Option<Box<Option<SocketAddr>>>,
    ) -> Place {
        counts.all += 1;
        counts.high = counts.high.max(counts.all);
        Place { places: Arc::clone(self), budget, by_proxy }
    }

    /// Goes by this from now on: so many connections of an address, and lines at this rate. Those who are here stay.
    pub(crate) fn limit_addresses(
        &self,
        per_address: Option<usize>,
        lines: Option<LineRate>,
        now: Instant,
    ) {
        let mut counts = self.lock();
        counts.per_address = per_address;
        counts.addresses.cap(lines, per_address, now);
    }

    /// How many connections an address may have, if that is limited.
    pub(crate) fn per_address(&self) -> Option<usize> {
        self.lock().per_address
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

    /// How many were turned away: because there was no place, none for their address, they came too often, or their proxy did not say
    /// who they are.
    pub(crate) fn turned_away(&self) -> [u64; Refusal::COUNT] {
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
    /// What its address may do.
    budget: AddressBudget,
    /// The address that a proxy has said, if it came by one; none before the proxy has said it. Most come by none.
    by_proxy: Option<Box<Option<SocketAddr>>>,
}

impl Place {
    /// Whether a proxy has yet to say whose it is.
    pub(crate) fn is_unintroduced(&self) -> bool {
        self.by_proxy.as_deref() == Some(&None)
    }

    /// The address that a proxy has said.
    pub(crate) fn told_address(&self) -> Option<SocketAddr> {
        self.by_proxy.as_deref().copied().flatten()
    }

    /// Whose it is: the address that a proxy has said, or else that of the peer. Of a connection that is gone there may be none.
    pub(crate) fn address(&self, stream: &TcpStream) -> Option<SocketAddr> {
        self.told_address().or_else(|| stream.peer_addr().ok())
    }

    /// A proxy has said whose it is. If that is a proxy that is believed, too, it counts for no address.
    ///
    /// # Errors
    /// There is none for that address.
    pub(crate) fn give_to(
        &mut self,
        address: SocketAddr,
        is_proxy: bool,
        now: Instant,
    ) -> Result<(), Refusal> {
        if !is_proxy {
            let mut counts = self.places.lock();
            match counts.admit_address(address.ip(), now) {
                Ok(budget) => self.budget = budget,
                Err(refusal) => {
                    counts.turned_away[refusal as usize] += 1;
                    return Err(refusal);
                }
            }
        }
        self.by_proxy = Some(Box::new(Some(address)));
        Ok(())
    }

    /// It is given to nobody, for this reason.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.places.lock().turned_away[refusal as usize] += 1;
    }

    /// What its address may do.
    pub(crate) fn budget(&self) -> &AddressBudget {
        &self.budget
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.places.lock();
        counts.all -= 1;
        counts.addresses.release(&self.budget);
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

    fn now() -> Instant {
        whippet::time::Instant::now().into_std()
    }

    #[test]
    fn places_are_limited_in_all() {
        let places = Places::new(2, None);
        let _first = places.admit(address("10.0.0.1"), now()).unwrap();
        let second = places.admit(address("10.0.0.1"), now()).unwrap();
        assert_eq!(places.admit(address("127.0.0.1"), now()).unwrap_err(), Refusal::Full);
        drop(second);
        assert!(places.admit(address("127.0.0.1"), now()).is_ok());
    }

    #[test]
    fn places_are_limited_for_each_address() {
        let places = Places::new(100, Some(2));
        let held: Vec<_> = ["10.0.0.1", "::ffff:10.0.0.1"]
            .map(|a| places.admit(address(a), now()).unwrap())
            .into();
        assert_eq!(places.admit(address("10.0.0.1"), now()).unwrap_err(), Refusal::AddressFull);
        assert!(places.admit(address("10.0.0.2"), now()).is_ok());
        drop(held);
        assert!(places.admit(address("10.0.0.1"), now()).is_ok());
        assert_eq!(places.taken(), 0);
        assert_eq!(places.turned_away(), [0, 1, 0, 0]);
    }

    #[test]
    fn a_new_limit_counts_those_who_came_before_it() {
        let places = Places::new(100, None);
        let mut held: Vec<_> =
            (0..3).map(|_| places.admit(address("10.0.0.1"), now()).unwrap()).collect();
        places.limit_addresses(Some(2), None, now());
        assert_eq!(places.admit(address("10.0.0.1"), now()).unwrap_err(), Refusal::AddressFull);
        held.truncate(1);
        assert!(places.admit(address("10.0.0.1"), now()).is_ok());
        places.limit_addresses(None, None, now());
        held.extend((0..3).map(|_| places.admit(address("10.0.0.1"), now()).unwrap()));
    }

    #[test]
    fn whoever_connects_too_often_is_counted_as_such() {
        let (places, now) = (Places::new(100, Some(16)), now());
        for _ in 0..32 {
            drop(places.admit(address("10.0.0.1"), now).unwrap());
        }
        assert_eq!(places.admit(address("10.0.0.1"), now).unwrap_err(), Refusal::TooOften);
        assert_eq!(places.turned_away(), [0, 0, 1, 0]);
        assert!(places.admit(address("10.0.0.2"), now).is_ok());
    }

    #[test]
    fn an_ebb_is_told_once_a_tide_and_only_of_many() {
        let loopback = address("127.0.0.1");
        let places = Places::new(10_000, None);
        let told = || {
            let told = std::pin::pin!(places.ebb());
            told.poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        let come =
            |count| (0..count).map(|_| places.admit(loopback, now()).unwrap()).collect::<Vec<_>>();
        drop(come(TRIM_MIN_PEAK - 1));
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
    fn what_comes_by_a_proxy_counts_for_the_address_that_it_says() {
        let places = Places::new(5, Some(2));
        let by_proxy = |text: &str| {
            let mut place = places.admit_proxy()?;
            assert!(place.is_unintroduced());
            place.give_to(SocketAddr::new(address(text), 7), false, now()).map(|()| place)
        };
        let held: Vec<_> = (0..2).map(|_| by_proxy("10.0.0.1").unwrap()).collect();
        assert_eq!(held[0].told_address().unwrap().ip(), address("10.0.0.1"));
        assert_eq!(by_proxy("10.0.0.1").unwrap_err(), Refusal::AddressFull);
        assert_eq!(places.admit(address("10.0.0.1"), now()).unwrap_err(), Refusal::AddressFull);
        assert_eq!(places.taken(), 2, "whoever was refused has given the place back");
        let proxies: Vec<_> = (0..3).map(|_| places.admit_proxy().unwrap()).collect();
        assert_eq!(places.admit_proxy().unwrap_err(), Refusal::Full);
        drop((held, proxies));
        assert!(by_proxy("10.0.0.1").is_ok());
        let mut chained: Vec<_> = (0..4).map(|_| places.admit_proxy().unwrap()).collect();
        let own = SocketAddr::new(address("10.9.9.9"), 7);
        assert!(chained.iter_mut().all(|place| place.give_to(own, true, now()).is_ok()));
        assert_eq!(places.turned_away(), [1, 2, 0, 0]);
    }

    #[test]
    fn loopback_is_free() {
        let places = Places::new(100, Some(1));
        let held: Vec<_> = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
            .iter()
            .flat_map(|a| {
                [places.admit(address(a), now()).unwrap(), places.admit(address(a), now()).unwrap()]
            })
            .collect();
        assert_eq!(held.len(), 8);
    }
}
