//! IP addresses of interfaces, and prefixes.

use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

use crate::state::Origin;

/// A text that is no prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParsePrefixError {
    /// Not of the form `address/length`.
    #[error("a prefix is an address, a slash and a length, like 192.168.1.0/24 or fd00::/64")]
    Malformed,
    /// Bits are set behind the length, so it names an address and not a range.
    #[error("bits are set behind the length; the range that holds this address is {0}")]
    HostBits(Prefix),
}

/// A range of addresses: an address with nothing set behind its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix(IpNet);

#[expect(clippy::len_without_is_empty, reason = "a length in bits, and no range is empty")]
impl Prefix {
    /// The range of `len` bits that holds `addr`; `None` if `len` is more than the family has.
    #[must_use]
    pub fn containing(addr: IpAddr, len: u8) -> Option<Self> {
        IpNet::new(addr, len).ok().map(|net| Self(net.trunc()))
    }

    /// The range of all addresses of the family of `like`.
    #[must_use]
    pub fn default_of(like: IpAddr) -> Self {
        let any = if like.is_ipv4() {
            IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED)
        } else {
            IpAddr::V6(core::net::Ipv6Addr::UNSPECIFIED)
        };
        Self(IpNet::new_assert(any, 0))
    }

    /// The first address of the range.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    /// The last address of the range; in IPv4 the broadcast address.
    #[must_use]
    pub fn last(&self) -> IpAddr {
        self.0.broadcast()
    }

    /// The length, in bits.
    #[must_use]
    pub fn len(&self) -> u8 {
        self.0.prefix_len()
    }

    /// True for `0.0.0.0/0` and `::/0`.
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.len() == 0
    }

    /// True for IPv4.
    #[must_use]
    pub fn is_ipv4(&self) -> bool {
        matches!(self.0, IpNet::V4(_))
    }

    /// Whether `addr` is in the range.
    #[must_use]
    pub fn contains(&self, addr: IpAddr) -> bool {
        self.0.contains(&addr)
    }

    /// Whether the two ranges have an address in common.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0) || other.0.contains(&self.0)
    }

    /// The number of bits in an address of this family: 32 or 128.
    #[must_use]
    pub fn max_len(&self) -> u8 {
        self.0.max_prefix_len()
    }
}

impl FromStr for Prefix {
    type Err = ParsePrefixError;

    fn from_str(text: &str) -> Result<Self, ParsePrefixError> {
        let net: IpNet = text.parse().map_err(|_| ParsePrefixError::Malformed)?;
        let range = Self(net.trunc());
        if net.addr() == range.network() { Ok(range) } else { Err(ParsePrefixError::HostBits(range)) }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Prefix {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An address of an interface, with the length of the range that is reached directly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct IfAddr {
    /// The address.
    pub addr: IpAddr,
    /// The length of its range, in bits.
    pub len: u8,
    /// Who put it there.
    pub origin: Origin,
}

impl IfAddr {
    /// An address of Netyard's own.
    #[must_use]
    pub fn netyard(addr: IpAddr, len: u8) -> Self {
        Self { addr, len, origin: Origin::Netyard }
    }

    /// The range that is reached directly.
    ///
    /// # Panics
    /// Never: the length is checked where the value is made.
    #[must_use]
    pub fn prefix(&self) -> Prefix {
        let max = if self.addr.is_ipv4() { 32 } else { 128 };
        Prefix(IpNet::new_assert(self.addr, self.len.min(max)).trunc())
    }

    /// The address that the range broadcasts to: the last one of an IPv4 range that has more than two (RFC 3021 leaves none to
    /// a range of two).
    #[must_use]
    pub fn broadcast(&self) -> Option<IpAddr> {
        (self.addr.is_ipv4() && self.len < 31).then(|| self.prefix().last())
    }
}

impl fmt::Display for IfAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.addr, self.len)
    }
}

/// The addresses of one interface, in the order in which they were added. The order decides which source address the kernel
/// prefers, but two sets with the same members are equal: the kernel cannot reorder addresses, so no plan could either.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(transparent)]
pub struct AddressSet(Vec<IfAddr>);

impl AddressSet {
    /// The addresses, oldest first.
    pub fn iter(&self) -> core::slice::Iter<'_, IfAddr> {
        self.0.iter()
    }

    /// Adds `addr` behind the others, unless the same address and length is there.
    pub fn insert(&mut self, addr: IfAddr) -> bool {
        let absent = !self.0.iter().any(|a| (a.addr, a.len) == (addr.addr, addr.len));
        if absent {
            self.0.push(addr);
        }
        absent
    }

    /// Removes the address with that length; says whether it was there.
    pub fn remove(&mut self, addr: &IfAddr) -> bool {
        let before = self.0.len();
        self.0.retain(|a| (a.addr, a.len) != (addr.addr, addr.len));
        before != self.0.len()
    }

    /// Whether exactly `addr`, origin included, is there.
    #[must_use]
    pub fn contains(&self, addr: &IfAddr) -> bool {
        self.0.contains(addr)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl PartialEq for AddressSet {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|a| other.0.contains(a))
    }
}

impl Eq for AddressSet {}

impl FromIterator<IfAddr> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IfAddr>>(addresses: I) -> Self {
        let mut set = Self::default();
        for addr in addresses {
            set.insert(addr);
        }
        set
    }
}

impl<'a> IntoIterator for &'a AddressSet {
    type Item = &'a IfAddr;
    type IntoIter = core::slice::Iter<'a, IfAddr>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn prefixes_have_no_host_bits() {
        assert_eq!("10.0.0.0/8".parse::<Prefix>().unwrap().to_string(), "10.0.0.0/8");
        let range: Prefix = "10.1.0.0/16".parse().unwrap();
        assert_eq!("10.1.2.3/16".parse::<Prefix>(), Err(ParsePrefixError::HostBits(range)));
        assert_eq!("10.1.2.3".parse::<Prefix>(), Err(ParsePrefixError::Malformed));
    }

    #[test]
    fn ranges_of_two_have_no_broadcast() {
        let of = |text: &str, len| IfAddr::netyard(text.parse().unwrap(), len).broadcast();
        assert_eq!(of("10.0.0.5", 24), Some("10.0.0.255".parse().unwrap()));
        assert_eq!(of("10.0.0.4", 31), None);
        assert_eq!(of("fd00::1", 64), None);
    }

    #[test]
    fn order_is_kept_but_not_compared() {
        let a = IfAddr::netyard("10.0.0.1".parse().unwrap(), 24);
        let b = IfAddr::netyard("10.0.0.2".parse().unwrap(), 24);
        let one: AddressSet = [b, a].into_iter().collect();
        let two: AddressSet = [a, b].into_iter().collect();
        assert_eq!(one, two);
        assert_eq!(one.iter().next(), Some(&b));
    }
}
