//! Admission: how many connections there are in all, and what the [budgets](crate::server::address_budgets) of their addresses allow.
//!
//! A [`ConnectionPermit`] is one connection, from accept to close. It is released on drop, so that no way out of a connection's task
//! can leak one.
//!
//! A connection of a trusted proxy has a permit before the client's address is known: it counts in all, and for no address. It is
//! [assigned](ConnectionPermit::assign_address) to an address once the proxy has sent its header.

use crate::limits::TRIM_MIN_PEAK;
use crate::os::clock::now;
use crate::server::address_budgets::{AddressBudget, AddressBudgets, LimitExceeded};
use crate::server::rate_limit::LineRateLimit;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use whippet::net::TcpStream;
use whippet::sync::Notify;

/// Counts connections.
#[derive(Debug)]
pub(crate) struct ConnectionLimiter {
    /// The counts.
    counts: Mutex<Counts>,
    /// Notified each time a connection has gone, and its descriptor with it.
    released: Notify,
    /// Notified once half of the connections have gone.
    half_left: Notify,
}

/// How many connections there are.
#[derive(Debug)]
struct Counts {
    /// Most connections in all.
    max: usize,
    /// Most connections of an address, if that is limited.
    per_address: Option<usize>,
    /// Connections now.
    active: usize,
    /// The most that there were since [`ConnectionLimiter::reset_peak`].
    peak: usize,
    /// Whether [`ConnectionLimiter::half_left`] was notified for this peak.
    notified: bool,
    /// How many were rejected, by reason.
    rejected: [u64; Rejected::COUNT],
    /// What their addresses may do.
    addresses: AddressBudgets,
}

impl Counts {
    /// Counts a connection of this address.
    fn admit(&mut self, address: IpAddr, now: Instant) -> Result<AddressBudget, Rejected> {
        if self.active >= self.max {
            return Err(Rejected::ServerFull);
        }
        self.admit_address(address, now)
    }

    /// Counts a connection of this address that has its permit.
    fn admit_address(&mut self, address: IpAddr, now: Instant) -> Result<AddressBudget, Rejected> {
        // Counted without a limit, too: there may be one later.
        self.addresses.admit(address, self.per_address, now).map_err(|excess| match excess {
            LimitExceeded::Connections => Rejected::AddressLimit,
            LimitExceeded::ConnectRate => Rejected::ConnectRate,
        })
    }

    /// A connection has gone: whether that crosses half of the peak.
    fn crossed_half(&mut self) -> bool {
        let crossed_half = self.peak >= TRIM_MIN_PEAK && self.active <= self.peak / 2;
        crossed_half && !std::mem::replace(&mut self.notified, true)
    }
}

/// Why a connection is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// As many connections as there may be.
    ServerFull,
    /// As many connections of this address as there may be.
    AddressLimit,
    /// This address connects more often than it may.
    ConnectRate,
    /// The proxy did not send the client's address.
    NoProxyHeader,
}

impl Rejected {
    /// How many reasons there are.
    pub(crate) const COUNT: usize = 4;

    /// What the client is told.
    pub(crate) fn client_message(self) -> &'static str {
        match self {
            Self::ServerFull => "! the server is full, please try again later\r\n",
            Self::AddressLimit => "! too many connections from your address\r\n",
            Self::ConnectRate => "! your address connects too often, please wait a second\r\n",
            Self::NoProxyHeader => {
                "! from this address a connection must begin with a PROXY header of version 2\r\n"
            }
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ServerFull => "all places are taken",
            Self::AddressLimit => "all places of its address are taken",
            Self::ConnectRate => "its address connects too often",
            Self::NoProxyHeader => "its proxy does not say who comes",
        })
    }
}

impl ConnectionLimiter {
    /// At most `max` connections, `per_address` of each address.
    pub(crate) fn new(max: usize, per_address: Option<usize>) -> Arc<Self> {
        let counts = Counts {
            max,
            per_address,
            active: 0,
            peak: 0,
            notified: false,
            rejected: [0; Rejected::COUNT],
            addresses: AddressBudgets::new(now()),
        };
        let counts = Mutex::new(counts);
        let (released, half_left) = (Notify::new(), Notify::new());
        Arc::new(Self { counts, released, half_left })
    }

    /// A permit for a connection that comes from this address now.
    ///
    /// # Errors
    /// It is rejected.
    pub(crate) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        now: Instant,
    ) -> Result<ConnectionPermit, Rejected> {
        let mut counts = self.lock();
        let admitted = counts.admit(address, now);
        if let Err(rejection) = admitted {
            counts.rejected[rejection as usize] += 1;
        }
        let budget = admitted?;
        Ok(self.grant(counts, budget, None))
    }

    /// A permit for a connection of a proxy that will send the client's address.
    ///
    /// # Errors
    /// It is rejected.
    pub(crate) fn admit_proxy(self: &Arc<Self>) -> Result<ConnectionPermit, Rejected> {
        let mut counts = self.lock();
        if counts.active >= counts.max {
            counts.rejected[Rejected::ServerFull as usize] += 1;
            return Err(Rejected::ServerFull);
        }
        let budget = counts.addresses.unlimited();
        Ok(self.grant(counts, budget, Some(Box::new(None))))
    }

    /// Makes a permit.
    fn grant(
        self: &Arc<Self>,
        mut counts: MutexGuard<'_, Counts>,
        budget: AddressBudget,
        proxied_address: Option<Box<Option<SocketAddr>>>,
    ) -> ConnectionPermit {
        counts.active += 1;
        counts.peak = counts.peak.max(counts.active);
        ConnectionPermit { limiter: Arc::clone(self), budget, proxied_address }
    }

    /// Sets the limits of addresses: so many connections, and lines at this rate. Open connections stay.
    pub(crate) fn set_per_address(
        &self,
        per_address: Option<usize>,
        lines: Option<LineRateLimit>,
        now: Instant,
    ) {
        let mut counts = self.lock();
        counts.per_address = per_address;
        counts.addresses.clamp_to(lines, per_address, now);
    }

    /// How many connections an address may have, if that is limited.
    pub(crate) fn per_address(&self) -> Option<usize> {
        self.lock().per_address
    }

    /// Waits until a connection has gone.
    ///
    /// # Cancel safety
    /// May be dropped and called again; what went in between is missed, so look at the state first.
    pub(crate) async fn released(&self) {
        self.released.notified().await;
    }

    /// Waits until no connection is left.
    ///
    /// # Cancel safety
    /// May be dropped and called again at will.
    pub(crate) async fn idle(&self) {
        loop {
            let released = self.released.notified();
            if self.active() == 0 {
                return;
            }
            released.await;
        }
    }

    /// Waits until half of the connections at the peak have gone, if they were many. Notified once for a peak.
    ///
    /// # Cancel safety
    /// Nothing is lost: a notification without a waiter is kept.
    pub(crate) async fn half_left(&self) {
        self.half_left.notified().await;
    }

    /// Begins a new peak with the number of connections that there are now.
    pub(crate) fn reset_peak(&self) {
        let mut counts = self.lock();
        (counts.peak, counts.notified) = (counts.active, false);
    }

    /// How many connections there are.
    pub(crate) fn active(&self) -> usize {
        self.lock().active
    }

    /// How many were rejected: the server was full, their address had too many, it connected too often, or the proxy did not send an
    /// address.
    pub(crate) fn rejected(&self) -> [u64; Rejected::COUNT] {
        self.lock().rejected
    }

    /// The counts; they are whole between any two statements, so a panic elsewhere does not spoil them.
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to one connection. Drop it after the socket is closed.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    /// What counts it.
    limiter: Arc<ConnectionLimiter>,
    /// What its address may do.
    budget: AddressBudget,
    /// The address that a proxy has sent, if it came by one; `None` inside before that. Most come by none.
    proxied_address: Option<Box<Option<SocketAddr>>>,
}

impl ConnectionPermit {
    /// Whether a proxy has yet to send the client's address.
    pub(crate) fn awaits_proxy_header(&self) -> bool {
        self.proxied_address.as_deref() == Some(&None)
    }

    /// The address that a proxy has sent.
    pub(crate) fn proxied_address(&self) -> Option<SocketAddr> {
        self.proxied_address.as_deref().copied().flatten()
    }

    /// The client's address: what a proxy has sent, or else the peer. A connection that is gone may have none.
    pub(crate) fn address(&self, stream: &TcpStream) -> Option<SocketAddr> {
        self.proxied_address().or_else(|| stream.peer_addr().ok())
    }

    /// A proxy has sent the client's address. If that is a trusted proxy itself, it counts for no address.
    ///
    /// # Errors
    /// That address is rejected.
    pub(crate) fn assign_address(
        &mut self,
        address: SocketAddr,
        is_proxy: bool,
        now: Instant,
    ) -> Result<(), Rejected> {
        if !is_proxy {
            let mut counts = self.limiter.lock();
            match counts.admit_address(address.ip(), now) {
                Ok(budget) => self.budget = budget,
                Err(rejection) => {
                    counts.rejected[rejection as usize] += 1;
                    return Err(rejection);
                }
            }
        }
        self.proxied_address = Some(Box::new(Some(address)));
        Ok(())
    }

    /// Counts that it was rejected, for this reason.
    pub(crate) fn count_rejected(&self, rejection: Rejected) {
        self.limiter.lock().rejected[rejection as usize] += 1;
    }

    /// What its address may do.
    pub(crate) fn budget(&self) -> &AddressBudget {
        &self.budget
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.limiter.lock();
        counts.active -= 1;
        counts.addresses.release(&self.budget);
        let crossed_half = counts.crossed_half();
        drop(counts);
        self.limiter.released.notify_waiters();
        if crossed_half {
            self.limiter.half_left.notify_one();
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
    fn connections_are_limited_in_all() {
        let limiter = ConnectionLimiter::new(2, None);
        let _first = limiter.admit(address("10.0.0.1"), now()).unwrap();
        let second = limiter.admit(address("10.0.0.1"), now()).unwrap();
        assert_eq!(limiter.admit(address("127.0.0.1"), now()).unwrap_err(), Rejected::ServerFull);
        drop(second);
        assert!(limiter.admit(address("127.0.0.1"), now()).is_ok());
    }

    #[test]
    fn connections_are_limited_for_each_address() {
        let limiter = ConnectionLimiter::new(100, Some(2));
        let held: Vec<_> = ["10.0.0.1", "::ffff:10.0.0.1"]
            .map(|a| limiter.admit(address(a), now()).unwrap())
            .into();
        assert_eq!(limiter.admit(address("10.0.0.1"), now()).unwrap_err(), Rejected::AddressLimit);
        assert!(limiter.admit(address("10.0.0.2"), now()).is_ok());
        drop(held);
        assert!(limiter.admit(address("10.0.0.1"), now()).is_ok());
        assert_eq!(limiter.active(), 0);
        assert_eq!(limiter.rejected(), [0, 1, 0, 0]);
    }

    #[test]
    fn a_new_limit_counts_those_who_came_before_it() {
        let limiter = ConnectionLimiter::new(100, None);
        let mut held: Vec<_> =
            (0..3).map(|_| limiter.admit(address("10.0.0.1"), now()).unwrap()).collect();
        limiter.set_per_address(Some(2), None, now());
        assert_eq!(limiter.admit(address("10.0.0.1"), now()).unwrap_err(), Rejected::AddressLimit);
        held.truncate(1);
        assert!(limiter.admit(address("10.0.0.1"), now()).is_ok());
        limiter.set_per_address(None, None, now());
        held.extend((0..3).map(|_| limiter.admit(address("10.0.0.1"), now()).unwrap()));
    }

    #[test]
    fn connecting_too_often_is_counted_as_such() {
        let (limiter, now) = (ConnectionLimiter::new(100, Some(16)), now());
        for _ in 0..32 {
            drop(limiter.admit(address("10.0.0.1"), now).unwrap());
        }
        assert_eq!(limiter.admit(address("10.0.0.1"), now).unwrap_err(), Rejected::ConnectRate);
        assert_eq!(limiter.rejected(), [0, 0, 1, 0]);
        assert!(limiter.admit(address("10.0.0.2"), now).is_ok());
    }

    #[test]
    fn half_left_is_notified_once_and_only_of_many() {
        let loopback = address("127.0.0.1");
        let limiter = ConnectionLimiter::new(10_000, None);
        let told = || {
            let told = std::pin::pin!(limiter.half_left());
            told.poll(&mut Context::from_waker(Waker::noop())).is_ready()
        };
        let come =
            |count| (0..count).map(|_| limiter.admit(loopback, now()).unwrap()).collect::<Vec<_>>();
        drop(come(TRIM_MIN_PEAK - 1));
        assert!(!told(), "a few");
        let mut people = come(1_000);
        people.truncate(501);
        assert!(!told(), "not yet half");
        people.truncate(500);
        assert!(told());
        people.truncate(300);
        assert!(!told(), "once for a peak");
        limiter.reset_peak();
        people.truncate(151);
        assert!(!told());
        people.clear();
        assert!(told());
    }

    #[test]
    fn what_comes_by_a_proxy_counts_for_the_address_that_it_says() {
        let limiter = ConnectionLimiter::new(5, Some(2));
        let proxied_address = |text: &str| {
            let mut permit = limiter.admit_proxy()?;
            assert!(permit.awaits_proxy_header());
            permit.assign_address(SocketAddr::new(address(text), 7), false, now()).map(|()| permit)
        };
        let held: Vec<_> = (0..2).map(|_| proxied_address("10.0.0.1").unwrap()).collect();
        assert_eq!(held[0].proxied_address().unwrap().ip(), address("10.0.0.1"));
        assert_eq!(proxied_address("10.0.0.1").unwrap_err(), Rejected::AddressLimit);
        assert_eq!(limiter.admit(address("10.0.0.1"), now()).unwrap_err(), Rejected::AddressLimit);
        assert_eq!(limiter.active(), 2, "a rejected one has released its permit");
        let proxies: Vec<_> = (0..3).map(|_| limiter.admit_proxy().unwrap()).collect();
        assert_eq!(limiter.admit_proxy().unwrap_err(), Rejected::ServerFull);
        drop((held, proxies));
        assert!(proxied_address("10.0.0.1").is_ok());
        let mut chained: Vec<_> = (0..4).map(|_| limiter.admit_proxy().unwrap()).collect();
        let own = SocketAddr::new(address("10.9.9.9"), 7);
        assert!(chained.iter_mut().all(|permit| permit.assign_address(own, true, now()).is_ok()));
        assert_eq!(limiter.rejected(), [1, 2, 0, 0]);
    }

    #[test]
    fn loopback_is_free() {
        let limiter = ConnectionLimiter::new(100, Some(1));
        let held: Vec<_> = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]
            .iter()
            .flat_map(|a| {
                [
                    limiter.admit(address(a), now()).unwrap(),
                    limiter.admit(address(a), now()).unwrap(),
                ]
            })
            .collect();
        assert_eq!(held.len(), 8);
    }
}
