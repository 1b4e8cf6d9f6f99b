//! What counts as one address where limits are kept by address: an IPv4 address, or the /64 of an IPv6 one. Pure.

use crate::limits::{BUDGET_FACTOR_48, BUDGET_FACTOR_56};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A network of one size: what a budget belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AddressKey {
    /// The address, as one of IPv6, and zeros behind the network.
    bits: u128,
    /// How many bits are the network's.
    prefix: u8,
}

impl AddressKey {
    /// What counts as the address of this peer: itself, or its /64. `None` for loopback, whose people cannot be told apart.
    pub(crate) fn from_ip(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            address if address.is_loopback() => None,
            IpAddr::V4(v4) => Some(Self { bits: v4.to_ipv6_mapped().to_bits(), prefix: 128 }),
            IpAddr::V6(v6) => Some(Self { bits: v6.to_bits(), prefix: 128 }.widened(64)),
        }
    }

    /// The address and the wider networks that it is in.
    pub(crate) fn networks(self) -> impl Iterator<Item = Self> {
        let wider = if self.prefix == 64 { &[56, 48][..] } else { &[] };
        std::iter::once(self).chain(wider.iter().map(move |&prefix| self.widened(prefix)))
    }

    /// The network of so many bits that this is in.
    fn widened(self, prefix: u8) -> Self {
        Self { bits: self.bits & (u128::MAX << (128 - u32::from(prefix))), prefix }
    }

    /// How many times the budget of an address this has.
    pub(crate) fn budget_factor(self) -> u32 {
        match self.prefix {
            48 => BUDGET_FACTOR_48,
            56 => BUDGET_FACTOR_56,
            _ => 1,
        }
    }
}

impl fmt::Display for AddressKey {
    /// An address, or a network with its size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = Ipv6Addr::from_bits(self.bits);
        match self.prefix {
            128 => IpAddr::V6(address).to_canonical().fmt(f),
            prefix => write!(f, "{address}/{prefix}"),
        }
    }
}
