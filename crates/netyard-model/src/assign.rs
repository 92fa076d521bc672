//! The addresses that the file leaves open: to each port in the order of the file the lowest that is free.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netyard_spec::{GatewaySpec, RouteTarget, StationSpec};
use netyard_types::{IfAddr, Prefix};

use crate::draft::{Draft, station};
use crate::network::{Address, Family, PortId, SubnetId};
use crate::problem::Problem;

/// Gives every port of a host or router an address of the first subnet of each family, unless the file gives it one of that
/// family or says that it has none.
pub(crate) fn assign(draft: &mut Draft<'_>) {
    let mut pool = Pool { used: reserved(draft), next: BTreeMap::new() };
    let mut short: BTreeMap<SubnetId, Vec<PortId>> = BTreeMap::new();
    for node in draft.node_ids() {
        if draft.station(node).is_none() {
            continue;
        }
        for port in draft.network[node].ports.clone() {
            for subnet in open_subnets(draft, port) {
                let prefix = draft.network[subnet].prefix;
                if let Some(addr) = pool.take(subnet, &prefix) {
                    let ip = IfAddr::netyard(addr, prefix.len());
                    draft.network[port].addresses.push(Address { ip, subnet: Some(subnet), given: None });
                } else {
                    short.entry(subnet).or_default().push(port);
                    draft.suspect[node.0] = true;
                }
            }
        }
    }
    for (subnet, ports) in short {
        report_short(draft, subnet, &ports, &pool);
    }
}

/// The addresses that nobody gets: all that the file names anywhere, whoever has them.
fn reserved(draft: &Draft<'_>) -> BTreeSet<IpAddr> {
    let address = |via: &GatewaySpec| match via {
        GatewaySpec::Address(addr) => Some(*addr),
        _ => None,
    };
    let given = draft.settings.iter().flatten().filter_map(|settings| settings.address.as_ref());
    let mut reserved: BTreeSet<IpAddr> = given.flat_map(|list| &list.value).map(|a| a.value.addr).collect();
    let stations = draft.spec.nodes.iter().filter_map(station);
    for StationSpec { gateway, routes, .. } in stations {
        reserved.extend(gateway.iter().filter_map(|via| address(&via.value)));
        for route in routes {
            if let RouteTarget::Via { via, .. } = &route.target {
                reserved.extend(via.iter().filter_map(|via| address(&via.value)));
            }
        }
    }
    reserved
}

/// The subnets that a port gets an address of.
fn open_subnets(draft: &Draft<'_>, port: PortId) -> Vec<SubnetId> {
    let given = draft.settings[port.0].and_then(|settings| settings.address.as_ref());
    if given.is_some_and(|given| given.value.is_empty()) {
        return Vec::new();
    }
    let has =
        |family| given.is_some_and(|list| list.value.iter().any(|a| Family::of(a.value.addr) == family));
    let subnets = draft.network.subnets_of(port);
    let first =
        |family| subnets.iter().copied().find(|&id| Family::of_prefix(&draft.network[id].prefix) == family);
    Family::ALL.into_iter().filter(|&family| !has(family)).filter_map(first).collect()
}

/// Addresses in use, and for each subnet how far it has been given away.
struct Pool {
    used: BTreeSet<IpAddr>,
    next: BTreeMap<SubnetId, u128>,
}

impl Pool {
    /// The lowest free address of a subnet.
    fn take(&mut self, subnet: SubnetId, prefix: &Prefix) -> Option<IpAddr> {
        let (first, last) = usable(prefix);
        let next = self.next.entry(subnet).or_insert(first);
        while *next <= last {
            let addr = address(prefix, *next);
            *next += 1;
            if self.used.insert(addr) {
                return Some(addr);
            }
        }
        None
    }
}

/// The first and the last address that an interface can have, counted from the start of the range. In IPv4 the first names
/// the range and the last is its broadcast address, except in ranges of two (RFC 3021) and one; in IPv6 the first is that
/// of every router (RFC 4291 §2.6.1), except in ranges of two (RFC 6164) and one.
fn usable(prefix: &Prefix) -> (u128, u128) {
    let bits = u32::from(prefix.max_len() - prefix.len());
    let last = 1_u128.checked_shl(bits).map_or(u128::MAX, |size| size - 1);
    match (bits, prefix.is_ipv4()) {
        (0 | 1, _) => (0, last),
        (_, true) => (1, last - 1),
        // One less than the very last number, so that one more than it is a number too.
        (_, false) => (1, last.min(u128::MAX - 1)),
    }
}

/// The address at a distance from the start of a range.
fn address(prefix: &Prefix, offset: u128) -> IpAddr {
    match prefix.network() {
        IpAddr::V4(start) => {
            let offset = u32::try_from(offset).expect("no IPv4 range is larger");
            IpAddr::V4(Ipv4Addr::from_bits(start.to_bits().wrapping_add(offset)))
        }
        IpAddr::V6(start) => IpAddr::V6(Ipv6Addr::from_bits(start.to_bits().wrapping_add(offset))),
    }
}

fn report_short(draft: &mut Draft<'_>, id: SubnetId, ports: &[PortId], pool: &Pool) {
    let subnet = draft.network[id].prefix;
    let size = |prefix: &Prefix| {
        let (first, last) = usable(prefix);
        last - first + 1
    };
    let (first, last) = usable(&subnet);
    let taken = pool.used.range(address(&subnet, first)..=address(&subnet, last)).count();
    let needed = (taken + ports.len()) as u128;
    let longer = |len: &u8| Prefix::containing(subnet.network(), *len).is_some_and(|p| size(&p) >= needed);
    let enough = (0..subnet.len()).rev().find(longer);
    let span = draft.network[id].span.clone();
    let also: Vec<_> = ports.first().map(|&port| draft.network[port].span.clone()).into_iter().collect();
    draft.report.add(Problem::SubnetTooSmall { subnet, usable: size(&subnet), needed, enough }, span, also);
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::{String, ToString};

    fn ends(text: &str) -> [String; 2] {
        let prefix: Prefix = text.parse().unwrap();
        let (first, last) = usable(&prefix);
        [address(&prefix, first).to_string(), address(&prefix, last).to_string()]
    }

    #[test]
    fn first_and_last_address_are_kept_back() {
        assert_eq!(ends("192.168.1.0/24"), ["192.168.1.1", "192.168.1.254"]);
        assert_eq!(ends("10.0.0.4/30"), ["10.0.0.5", "10.0.0.6"]);
        assert_eq!(ends("fd00::/64"), ["fd00::1", "fd00::ffff:ffff:ffff:ffff"]);
    }

    #[test]
    fn ranges_of_two_and_one_are_used_up() {
        assert_eq!(ends("10.0.0.4/31"), ["10.0.0.4", "10.0.0.5"]);
        assert_eq!(ends("10.0.0.4/32"), ["10.0.0.4", "10.0.0.4"]);
        assert_eq!(ends("fd00::2/127"), ["fd00::2", "fd00::3"]);
        assert_eq!(ends("fd00::2/128"), ["fd00::2", "fd00::2"]);
    }

    #[test]
    fn the_largest_ranges_do_not_overflow() {
        assert_eq!(ends("0.0.0.0/0"), ["0.0.0.1", "255.255.255.254"]);
        assert_eq!(ends("::/0")[0], "::1");
    }
}
