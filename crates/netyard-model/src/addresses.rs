//! The addresses that the file gives: their lengths, and whether they are right.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_spec::{AddressSpec, Span, Spanned};
use netyard_types::{IfAddr, Prefix};

use crate::draft::Draft;
use crate::network::{Address, Family, NodeId, PortId, SegmentId, SubnetId};
use crate::problem::Problem;

/// The smallest MTU that IPv6 works with (RFC 8200 §5).
const IPV6_MIN_MTU: u32 = 1280;

/// Whether an address only has a meaning on its own segment (RFC 4291 §2.5.6).
pub(crate) fn is_link_local(addr: IpAddr) -> bool {
    matches!(addr, IpAddr::V6(addr) if addr.is_unicast_link_local())
}

/// Gives every port the addresses that the file gives it.
pub(crate) fn take_given(draft: &mut Draft<'_>) {
    let mut taken = BTreeMap::new();
    for node in draft.node_ids() {
        for port in draft.network[node].ports.clone() {
            let given = draft.settings[port.0].and_then(|settings| settings.address.as_ref());
            for address in given.map(|given| given.value.as_slice()).unwrap_or_default() {
                check_unique(draft, port, address, &mut taken);
                // The place of a port without a cable is not known, so neither are its subnets.
                if draft.network[port].cable.is_some() || !draft.suspect[node.0] {
                    take(draft, node, port, address);
                }
            }
        }
    }
}

/// The first port with each address; link-local addresses by segment.
type Taken = BTreeMap<(IpAddr, Option<SegmentId>), (PortId, Span)>;

fn check_unique(draft: &mut Draft<'_>, port: PortId, address: &Spanned<AddressSpec>, taken: &mut Taken) {
    let addr = address.value.addr;
    let scope = is_link_local(addr).then_some(draft.network[port].segment);
    if let Some((first, also)) = taken.get(&(addr, scope)) {
        let (first, second) = (draft.network.endpoint(*first), draft.network.endpoint(port));
        let problem = Problem::DuplicateAddress { addr, first, second };
        draft.report.add(problem, address.span.clone(), [also.clone()]);
    } else {
        taken.insert((addr, scope), (port, address.span.clone()));
    }
}

/// Adds an address to a port.
fn take(draft: &mut Draft<'_>, node: NodeId, port: PortId, address: &Spanned<AddressSpec>) {
    let addr = address.value.addr;
    let subnet = holding(draft, port, &address.value);
    let Some(len) = length(draft, node, port, address, subnet) else { return };
    let ip = IfAddr::netyard(addr, len);
    check_kind(draft, node, ip, &address.span);
    // One interface cannot have an address twice: IPv6 at all, IPv4 with one length.
    let same = |a: &Address| a.ip.addr == addr && (addr.is_ipv6() || a.ip.len == len);
    if !draft.network[port].addresses.iter().any(same) {
        let given = Some(address.span.clone());
        draft.network[port].addresses.push(Address { ip, subnet, given });
    }
}

/// The subnets of a family on the segment of a port.
fn subnets_of_family(draft: &Draft<'_>, port: PortId, family: Family) -> Vec<SubnetId> {
    let network = &draft.network;
    let all = network[network[port].segment].subnets.iter().copied();
    all.filter(|&id| Family::of_prefix(&network[id].prefix) == family).collect()
}

/// The subnet that an address is of: the one with its length if there is one, else the smallest that holds it.
fn holding(draft: &Draft<'_>, port: PortId, address: &AddressSpec) -> Option<SubnetId> {
    let network = &draft.network;
    let subnets = network[network[port].segment].subnets.iter().copied();
    subnets.filter(|&id| network[id].prefix.contains(address.addr)).max_by_key(|&id| {
        (Some(network[id].prefix.len()) == address.len, network[id].prefix.len(), core::cmp::Reverse(id))
    })
}

/// The length of an address: its own, else its subnet's, else that of the first subnet it could have been in.
fn length(
    draft: &mut Draft<'_>,
    node: NodeId,
    port: PortId,
    address: &Spanned<AddressSpec>,
    subnet: Option<SubnetId>,
) -> Option<u8> {
    let AddressSpec { addr, len } = address.value;
    if let Some(id) = subnet {
        let (prefix, also) = (draft.network[id].prefix, draft.network[id].span.clone());
        if let Some(len) = len.filter(|&len| len != prefix.len()) {
            let problem = Problem::WrongPrefix { addr, len, subnet: prefix };
            draft.blame(node, problem, address.span.clone(), [also]);
        }
        return len.or(Some(prefix.len()));
    }
    if is_link_local(addr) {
        return len.or(Some(64));
    }
    let subnets = subnets_of_family(draft, port, Family::of(addr));
    if let Some(&first) = subnets.first() {
        let also: Vec<_> = subnets.iter().map(|&id| draft.network[id].span.clone()).collect();
        let subnets: Vec<Prefix> = subnets.iter().map(|&id| draft.network[id].prefix).collect();
        let problem = Problem::OutsideSubnet { addr, subnets };
        draft.blame(node, problem, address.span.clone(), also);
        return len.or(Some(draft.network[first].prefix.len()));
    }
    if len.is_none() {
        let problem = Problem::NoPrefixLength { addr, family: Family::of(addr) };
        draft.blame(node, problem, address.span.clone(), []);
    }
    len
}

/// An address names one interface, not a range or everybody on it.
fn check_kind(draft: &mut Draft<'_>, node: NodeId, ip: IfAddr, span: &Span) {
    let (addr, subnet) = (ip.addr, ip.prefix());
    if names_range(ip) {
        draft.blame(node, Problem::NetworkAddress { addr, subnet }, span.clone(), []);
    } else if ip.broadcast() == Some(addr) {
        draft.blame(node, Problem::BroadcastAddress { addr, subnet }, span.clone(), []);
    }
}

/// Whether the address is the first of its range, and the range is none of one or two (RFC 3021, RFC 6164).
pub(crate) fn names_range(ip: IfAddr) -> bool {
    let prefix = ip.prefix();
    ip.addr == prefix.network() && prefix.len() + 1 < prefix.max_len()
}

/// No interface with an IPv6 address has a smaller MTU than IPv6 needs: the kernel switches IPv6 off there.
pub(crate) fn check_mtu(draft: &mut Draft<'_>) {
    for i in 0..draft.network.ports.len() {
        let port = &draft.network.ports[i];
        let Some(address) = port.addresses.iter().find(|address| address.ip.addr.is_ipv6()) else { continue };
        let Some(span) = port.mtu_span.clone().filter(|_| port.mtu < IPV6_MIN_MTU) else { continue };
        let also = address.given.clone().or_else(|| address.subnet.map(|id| draft.network[id].span.clone()));
        let problem =
            Problem::MtuBelowIpv6 { at: draft.network.endpoint(PortId(i)), mtu: port.mtu, min: IPV6_MIN_MTU };
        draft.report.add(problem, span, also);
    }
}
