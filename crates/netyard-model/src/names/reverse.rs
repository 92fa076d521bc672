//! Reverse zones: where the names of addresses are (RFC 1035 §3.5, RFC 3596 §2.5).

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

use netyard_types::{DomainName, Prefix, RecordData, Records};

use super::zone;
use crate::addresses::is_link_local;
use crate::network::Network;

/// The reverse zones of every subnet, and of the addresses that are of none. No apex stands below another: the zone at the upper
/// one holds what would be in the lower.
pub(super) fn reverse(network: &Network, domain: &DomainName) -> BTreeMap<DomainName, Records> {
    let mut zones: BTreeMap<DomainName, Records> =
        apexes(network).into_iter().map(|apex| (apex, Records::new())).collect();
    for (id, node) in network.nodes() {
        // A switch has no addresses, so its name can be too long.
        let Ok(target) = domain.with_labels(node.name.as_str()) else { continue };
        for addr in zone::addresses(network, id) {
            let owner = DomainName::of_address(addr);
            let apex = above(&owner).find(|name| zones.contains_key(name));
            let zone = apex.and_then(|apex| zones.get_mut(&apex)).expect("every address has a zone");
            // Two nodes with one address on purpose: it has both names.
            let records = zone.entry(owner).or_default();
            records.push(RecordData::Ptr(target.clone()).into());
        }
    }
    zones
}

fn apexes(network: &Network) -> BTreeSet<DomainName> {
    let mut apexes = BTreeSet::new();
    let subnets = network.subnets().map(|(_, subnet)| &subnet.prefix);
    apexes.extend(subnets.filter(|range| !is_link_local(range.network())).filter_map(apex_of_range));
    for (_, port) in network.ports() {
        for address in port.addresses.iter().filter(|address| !is_link_local(address.ip.addr)) {
            let own = Prefix::containing(address.ip.addr, address.ip.len);
            let range = address.subnet.map(|id| network[id].prefix).or(own);
            apexes.insert(
                range.and_then(|range| apex_of_range(&range)).unwrap_or_else(|| top(address.ip.addr)),
            );
        }
    }
    let below_another = |apex: &DomainName| above(apex).any(|upper| apexes.contains(&upper));
    apexes.iter().filter(|apex| !below_another(apex)).cloned().collect()
}

/// The apex for a range: at the boundary of its labels, at or above its length. An address alone is no zone. None if the range
/// is larger than what one label stands for.
fn apex_of_range(range: &Prefix) -> Option<DomainName> {
    if range.len() < bits_of_label(range.network()) {
        return None;
    }
    Some(apex(range.network(), range.len()))
}

/// The apex of the largest zone that holds an address: one label.
fn top(addr: IpAddr) -> DomainName {
    apex(addr, bits_of_label(addr))
}

fn apex(addr: IpAddr, len: u8) -> DomainName {
    let bits = bits_of_label(addr);
    let all = if addr.is_ipv4() { 32 } else { 128 };
    let len = len.min(all - bits);
    let labels_off = usize::from((all - len).div_ceil(bits));
    let name = DomainName::of_address(addr);
    above(&name).nth(labels_off - 1).expect("an address has a label for each of its parts")
}

/// How many bits of an address one label of its name stands for.
fn bits_of_label(addr: IpAddr) -> u8 {
    if addr.is_ipv4() { 8 } else { 4 }
}

/// The names above a name, the nearest first.
fn above(name: &DomainName) -> impl Iterator<Item = DomainName> + use<> {
    core::iter::successors(name.parent(), DomainName::parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    fn of(range: &str) -> Option<String> {
        apex_of_range(&range.parse().unwrap()).map(|apex| apex.to_string())
    }

    #[test]
    fn ipv4_zones_begin_at_octets() {
        for (range, apex) in [
            ("10.1.2.0/24", "2.1.10.in-addr.arpa"),
            ("10.1.2.64/26", "2.1.10.in-addr.arpa"),
            ("10.1.2.3/32", "2.1.10.in-addr.arpa"),
            ("10.1.16.0/20", "1.10.in-addr.arpa"),
            ("10.1.0.0/16", "1.10.in-addr.arpa"),
            ("10.0.0.0/9", "10.in-addr.arpa"),
            ("10.0.0.0/8", "10.in-addr.arpa"),
        ] {
            assert_eq!(of(range).as_deref(), Some(apex), "{range}");
        }
        assert_eq!(of("10.0.0.0/7"), None);
        assert_eq!(top("11.1.2.3".parse().unwrap()).as_str(), "11.in-addr.arpa");
    }

    #[test]
    fn ipv6_zones_begin_at_nibbles() {
        for (range, apex) in [
            ("fd00::/16", "0.0.d.f.ip6.arpa"),
            ("fd00::/15", "0.d.f.ip6.arpa"),
            ("fd00::/8", "d.f.ip6.arpa"),
            ("f000::/4", "f.ip6.arpa"),
        ] {
            assert_eq!(of(range).as_deref(), Some(apex), "{range}");
        }
        let labels = |range| of(range).unwrap().split('.').count() - 2;
        assert_eq!(["fd00::/64", "fd00::/126", "fd00::2/127", "fd00::1/128"].map(labels), [16, 31, 31, 31]);
        assert_eq!(of("::/3"), None);
        assert_eq!(top("fd00::1".parse().unwrap()).as_str(), "f.ip6.arpa");
    }
}
