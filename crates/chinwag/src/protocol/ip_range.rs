//! Ranges of IP addresses, as they are typed for bans and trusted proxies. Pure.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// All addresses that begin with the same bits. IPv4 ones lie among those of IPv6, as their mapped form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IpRange {
    /// The bits that they have in common, and zeros.
    bits: u128,
    /// How many bits they have in common.
    prefix: u8,
}

/// The bits before those of an IPv4 address.
const MAPPED: u128 = 0xffff << 32;
/// How many these are.
const MAPPED_PREFIX: u8 = 96;
/// The bits that all IPv6 addresses of one network have in common.
const NETWORK: u8 = 64;

/// Why a pattern or a range is rejected that matches all clients.
pub(crate) const MATCHES_ALL: &str = "that would ban everybody";

/// Why there is no such range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidIpRange {
    /// An address has no such number of bits.
    PrefixLength {
        /// How many it has.
        most: u8,
    },
    /// It would match all addresses.
    MatchesAll,
    /// It would match all IPv4 addresses.
    MatchesAllIpv4,
    /// The bits of a mapped IPv4 address end in those that all of them share.
    MappedPrefix(Ipv4Addr),
}

impl fmt::Display for InvalidIpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrefixLength { most } => {
                write!(f, "behind the / stands a number of bits from 1 to {most}")
            }
            Self::MatchesAll => f.write_str(MATCHES_ALL),
            Self::MatchesAllIpv4 => f.write_str("that would ban everybody who comes by IPv4"),
            Self::MappedPrefix(v4) => write!(
                f,
                "behind ::ffff: the first {MAPPED_PREFIX} bits are those of all IPv4 addresses: write the range as {v4}/24, or with 97 to 128 bits"
            ),
        }
    }
}

impl std::error::Error for InvalidIpRange {}

impl IpRange {
    /// An address, or a range of them (`203.0.113.0/24`). `None` if the word does not begin with an address.
    ///
    /// # Errors
    /// Why the range is none, for who typed it.
    pub(crate) fn parse(word: &str) -> Option<Result<Self, InvalidIpRange>> {
        let (address, prefix) = word.split_once('/').unwrap_or((word, ""));
        let address = address.parse::<IpAddr>().ok()?;
        Some(Self::from_parts(address, word.contains('/').then_some(prefix)))
    }

    /// An address with the number of its bits that count, as text: all of them without a prefix.
    fn from_parts(address: IpAddr, prefix: Option<&str>) -> Result<Self, InvalidIpRange> {
        let Some(prefix) = prefix else { return Self::new(address, bit_count(address)) };
        let is_number = prefix.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| prefix.parse().ok()).flatten();
        // No address has so many bits.
        Self::new(address, number.unwrap_or(u8::MAX))
    }

    /// The addresses whose first `prefix` bits are those of this one.
    ///
    /// # Errors
    /// There are not so many bits, or it would be all addresses.
    pub(crate) fn new(address: IpAddr, prefix: u8) -> Result<Self, InvalidIpRange> {
        let most = bit_count(address);
        if prefix > most {
            return Err(InvalidIpRange::PrefixLength { most });
        }
        if prefix == 0 {
            return Err(InvalidIpRange::MatchesAll);
        }
        let prefix = prefix + (128 - most);
        let range = Self { bits: bits(address) & mask(prefix), prefix };
        if prefix <= MAPPED_PREFIX && MAPPED & mask(prefix) == range.bits {
            return Err(match address.to_canonical() {
                IpAddr::V4(v4) if address.is_ipv6() => InvalidIpRange::MappedPrefix(v4),
                _ => InvalidIpRange::MatchesAllIpv4,
            });
        }
        Ok(range)
    }

    /// What to ban of a client with this address: of IPv6 the /64, for each of its addresses is theirs.
    pub(crate) fn of_client(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let whole = address.is_ipv4() || address.is_loopback();
        let prefix = if whole { 128 } else { NETWORK };
        Self { bits: bits(address) & mask(prefix), prefix }
    }

    /// The range that is rather meant, if this is one address of many that the same person has.
    pub(crate) fn wider(&self) -> Option<Self> {
        let wider = Self::of_client(Ipv6Addr::from_bits(self.bits).into());
        (self.prefix == 128 && wider.prefix < self.prefix).then_some(wider)
    }

    /// Its first address, and how many bits of it count.
    pub(crate) fn parts(&self) -> (IpAddr, u8) {
        if self.prefix >= MAPPED_PREFIX && self.bits & mask(MAPPED_PREFIX) == MAPPED {
            // The lower half of the bits is the address.
            (Ipv4Addr::from_bits(self.bits as u32).into(), self.prefix - MAPPED_PREFIX)
        } else {
            (Ipv6Addr::from_bits(self.bits).into(), self.prefix)
        }
    }

    /// Whether all addresses of another range lie in it.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && other.bits & mask(self.prefix) == self.bits
    }

    /// Whether an address lies in it.
    pub(crate) fn contains(&self, address: IpAddr) -> bool {
        bits(address) & mask(self.prefix) == self.bits
    }
}

/// How many bits an address of this kind has.
const fn bit_count(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// An address as the bits of one of IPv6.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().to_bits(),
        IpAddr::V6(v6) => v6.to_bits(),
    }
}

/// So many bits from the top.
const fn mask(prefix: u8) -> u128 {
    // A prefix is never 0.
    u128::MAX << (128 - prefix)
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, prefix) = self.parts();
        if prefix == bit_count(address) {
            write!(f, "{address}")
        } else {
            write!(f, "{address}/{prefix}")
        }
    }
}
