//! Who is muted, whatever becomes of the connection.
//!
//! A mute is of a user, and all that is known of one who comes again is the address. So the user who *comes* from a muted user's
//! address is muted, too, whatever nick they take; those who share the address and were there before are not. `/unmute` of any
//! of them ends it for all. Users on the machine itself (and behind a proxy on it) all have one address and cannot be told apart:
//! there the user who takes the muted nick, or one that looks like it, is muted.
//!
//! Pure: the time is an argument. At most [`MAX_MUTES`] are kept; what is over makes room.

use crate::chat::scan_steps;
use crate::limits::MAX_MUTES;
use crate::protocol::address_key::AddressKey;
use crate::protocol::nick::Nick;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Which mute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MuteId(u64);

/// One mute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mute {
    /// Until when; `None` until it is ended.
    pub(crate) until: Option<Instant>,
    /// What the muted user was called.
    nick: Nick,
    /// Where they came from; none for loopback.
    address: Option<AddressKey>,
}

/// All mutes (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct Mutes {
    /// Each.
    mutes: BTreeMap<MuteId, Mute>,
    /// The number of the latest one.
    latest: u64,
}

/// A user who is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MuteInfo {
    /// What they were called then.
    pub nick: Nick,
    /// Where they came from; `None` if from the machine itself.
    pub address: Option<String>,
    /// For how long still; `None` until it is ended.
    pub rest: Option<Duration>,
}

/// There are as many mutes as there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooManyMutes;

impl fmt::Display for TooManyMutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MAX_MUTES} people are muted already; /unmute one first")
    }
}

impl Mutes {
    /// Mutes a user of this nick and address.
    ///
    /// # Errors
    /// There are too many.
    pub(crate) fn add(
        &mut self,
        nick: Nick,
        address: IpAddr,
        until: Option<Instant>,
        now: Instant,
    ) -> Result<MuteId, TooManyMutes> {
        self.mutes.retain(|_, mute| mute.is_active(now));
        if self.mutes.len() >= MAX_MUTES {
            return Err(TooManyMutes);
        }
        self.latest += 1;
        let id = MuteId(self.latest);
        self.mutes.insert(id, Mute { until, nick, address: AddressKey::from_ip(address) });
        Ok(id)
    }

    /// Ends one.
    pub(crate) fn remove(&mut self, id: MuteId) {
        self.mutes.remove(&id);
    }

    /// This one, if it lasts.
    pub(crate) fn get(&self, id: MuteId, now: Instant) -> Option<Mute> {
        self.mutes.get(&id).copied().filter(|mute| mute.is_active(now))
    }

    /// The one that meets a user who comes from this address, if any does.
    pub(crate) fn matching_address(&self, address: IpAddr, now: Instant) -> Option<MuteId> {
        let key = AddressKey::from_ip(address)?;
        self.find(now, |mute| mute.address == Some(key))
    }

    /// The one that meets a user of this address who takes this nick, if any does.
    pub(crate) fn matching_nick(
        &self,
        nick: Nick,
        address: IpAddr,
        now: Instant,
    ) -> Option<MuteId> {
        let local = AddressKey::from_ip(address).is_none();
        self.find(now, |mute| {
            local && mute.address.is_none() && mute.nick.is_confusable_with(&nick)
        })
    }

    /// The one of a user who was called so, here or gone.
    pub(crate) fn by_nick(&self, nick: Nick, now: Instant) -> Option<MuteId> {
        self.find(now, |mute| mute.nick.is_confusable_with(&nick))
    }

    /// All that last, the first one first.
    pub(crate) fn all(&self, now: Instant) -> impl Iterator<Item = MuteInfo> {
        let lasting = self.mutes.values().filter(move |mute| mute.is_active(now));
        lasting.map(move |mute| MuteInfo {
            nick: mute.nick,
            address: mute.address.map(|address| address.to_string()),
            rest: mute.until.map(|until| until.saturating_duration_since(now)),
        })
    }

    /// The latest one that lasts and is like this.
    fn find(&self, now: Instant, is: impl Fn(&Mute) -> bool) -> Option<MuteId> {
        let mut all = self.mutes.iter().rev().inspect(|_| scan_steps::count(1));
        all.find(|(_, mute)| mute.is_active(now) && is(mute)).map(|(&id, _)| id)
    }
}

impl Mute {
    /// Whether it is not over.
    fn is_active(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nick(text: &str) -> Nick {
        Nick::parse(text).unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_stays_muted_until_the_time_is_over() {
        let now = whippet::time::Instant::now().into_std();
        let until = now + Duration::from_secs(600);
        let mut mutes = Mutes::default();
        let bob = mutes.add(nick("bob"), address("2001:db8::1"), Some(until), now).unwrap();
        assert_eq!(mutes.matching_address(address("2001:db8::ffff"), now), Some(bob));
        assert_eq!(mutes.matching_address(address("2001:db8:0:1::1"), now), None);
        assert_eq!(mutes.matching_nick(nick("bob"), address("10.0.0.1"), now), None);
        assert_eq!(mutes.by_nick(nick("BOB"), now), Some(bob));
        assert_eq!(mutes.matching_address(address("2001:db8::1"), until), None);
        assert_eq!(mutes.get(bob, until), None);
    }

    #[test]
    fn on_loopback_only_the_nick_stays_muted() {
        let now = whippet::time::Instant::now().into_std();
        let mut mutes = Mutes::default();
        let bob = mutes.add(nick("bob"), address("127.0.0.1"), None, now).unwrap();
        assert_eq!(mutes.matching_address(address("127.0.0.1"), now), None);
        assert_eq!(mutes.matching_nick(nick("Bob"), address("::1"), now), Some(bob));
        assert_eq!(mutes.matching_nick(nick("bob"), address("10.0.0.1"), now), None);
        assert_eq!(mutes.matching_nick(nick("B0b"), address("::1"), now), Some(bob), "it looks so");
        assert_eq!(mutes.matching_nick(nick("cy"), address("::1"), now), None);
        mutes.remove(bob);
        assert_eq!(mutes.by_nick(nick("bob"), now), None);
    }

    #[test]
    fn the_table_has_a_bound_and_what_is_over_makes_room() {
        let now = whippet::time::Instant::now().into_std();
        let until = now + Duration::from_secs(1);
        let mut mutes = Mutes::default();
        let mut add = |until, now| mutes.add(nick("bob"), address("10.0.0.1"), until, now);
        for _ in 0..MAX_MUTES - 1 {
            assert!(add(None, now).is_ok());
        }
        assert!(add(Some(until), now).is_ok());
        let full = "1000 people are muted already; /unmute one first";
        assert_eq!(add(None, now).unwrap_err().to_string(), full);
        assert!(add(None, until).is_ok());
        assert_eq!(mutes.mutes.len(), MAX_MUTES);
    }
}
