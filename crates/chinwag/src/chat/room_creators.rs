//! Who made the rooms: how many of those that are there were made from each address.
//!
//! A room belongs to nobody once it is there, and may outlive the connection of the user who made it; it counts for the address
//! that it was made from until it goes, so coming again wins nothing. As in `server/address_budgets.rs` an address is an IPv4
//! address or a /64; a /56 and a /48 may have made 4 and 16 times as many. All of loopback, behind which may be a proxy with
//! everybody, may have made as many as a /48.
//!
//! Pure: driven by the rooms, it knows none of them. There are at most three entries for each room.

use crate::limits::{BUDGET_FACTOR_48, MAX_PER_ADDRESS, MAX_ROOMS_PER_ADDRESS};
use crate::protocol::address_key::AddressKey;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

/// How many rooms an address may have made. The operator writes, the broker reads; Relaxed, for it stands alone.
#[derive(Debug)]
pub(crate) struct RoomLimit(
    /// The number, or [`usize::MAX`] for any.
    AtomicUsize,
);

impl RoomLimit {
    /// Any number.
    pub(crate) const fn none() -> Self {
        Self(AtomicUsize::new(usize::MAX))
    }

    /// That of addresses which may have so many connections: the user who allows more expects more users behind one.
    pub(crate) fn set(&self, per_address: Option<usize>) {
        let scaled = |connections: usize| {
            let connections = connections.max(MAX_PER_ADDRESS);
            MAX_ROOMS_PER_ADDRESS.saturating_mul(connections) / MAX_PER_ADDRESS
        };
        self.0.store(per_address.map_or(usize::MAX, scaled), Relaxed);
    }

    /// The number, if there is one.
    pub(crate) fn get(&self) -> Option<usize> {
        Some(self.0.load(Relaxed)).filter(|&limit| limit != usize::MAX)
    }
}

/// What is counted by: a network, or none for loopback.
pub(crate) type RoomCreator = Option<AddressKey>;

/// How many rooms were made from where (see the module docs).
#[derive(Debug, Default)]
pub(crate) struct RoomCreators(BTreeMap<RoomCreator, usize>);

impl RoomCreators {
    /// Whether one more may be made from there, if each may have made so many.
    pub(crate) fn may_create(&self, from: IpAddr, limit: usize) -> bool {
        let has_room = |creator| {
            let made = self.0.get(&creator).copied().unwrap_or(0);
            made < limit.saturating_mul(share(creator))
        };
        creators(from).all(has_room)
    }

    /// One was made.
    pub(crate) fn add(&mut self, from: IpAddr) {
        creators(from).for_each(|creator| *self.0.entry(creator).or_default() += 1);
    }

    /// One that was made from there has gone.
    pub(crate) fn remove(&mut self, from: IpAddr) {
        for creator in creators(from) {
            if let Some(made) = self.0.get_mut(&creator) {
                *made -= 1;
                if *made == 0 {
                    self.0.remove(&creator);
                }
            }
        }
    }

    /// How many are counted by.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What a room from there counts for.
fn creators(from: IpAddr) -> impl Iterator<Item = RoomCreator> {
    let address = AddressKey::from_ip(from);
    let networks = address.into_iter().flat_map(AddressKey::networks).map(Some);
    networks.chain(address.is_none().then_some(None))
}

/// How many times as much as an address it may have.
fn share(creator: RoomCreator) -> usize {
    creator.map_or(BUDGET_FACTOR_48, AddressKey::budget_factor) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// How many can be made from these addresses in turn.
    fn made(creators: &mut RoomCreators, from: impl Fn(usize) -> String) -> usize {
        let mut made = 0;
        while creators.may_create(address(&from(made)), 3) {
            creators.add(address(&from(made)));
            made += 1;
        }
        made
    }

    #[test]
    fn networks_may_create_multiples_of_an_address() {
        let mut creators = RoomCreators::default();
        assert_eq!(made(&mut creators, |_| "203.0.113.1".to_owned()), 3);
        assert_eq!(made(&mut creators, |at| format!("2001:db8::{at:x}")), 3, "a /64");
        assert_eq!(
            made(&mut creators, |at| format!("2001:db8:0:{:x}::1", at + 1)),
            9,
            "the rest of a /56"
        );
        assert_eq!(
            made(&mut creators, |at| format!("2001:db8:0:{:x}00::1", at + 1)),
            36,
            "of a /48"
        );
        assert_eq!(made(&mut creators, |_| "127.0.0.1".to_owned()), 48, "loopback");
        assert!(
            !creators.may_create(address("::1"), 3)
                && creators.may_create(address("203.0.113.2"), 3)
        );
    }

    #[test]
    fn a_room_that_goes_is_counted_no_more() {
        let mut creators = RoomCreators::default();
        for from in ["203.0.113.1", "2001:db8::1", "::1"] {
            let from = address(from);
            creators.add(from);
            creators.add(from);
            creators.remove(from);
            assert!(!creators.may_create(from, 0) && creators.may_create(from, 2));
            creators.remove(from);
        }
        assert_eq!(creators.len(), 0, "nothing is left of them");
    }

    #[test]
    fn the_room_limit_scales_with_connections_of_an_address() {
        let limit = RoomLimit::none();
        assert_eq!(limit.get(), None);
        for (per_address, rooms) in [
            (Some(1), Some(MAX_ROOMS_PER_ADDRESS)),
            (Some(MAX_PER_ADDRESS), Some(MAX_ROOMS_PER_ADDRESS)),
            (Some(4 * MAX_PER_ADDRESS), Some(4 * MAX_ROOMS_PER_ADDRESS)),
            (None, None),
        ] {
            limit.set(per_address);
            assert_eq!(limit.get(), rooms);
        }
    }
}
