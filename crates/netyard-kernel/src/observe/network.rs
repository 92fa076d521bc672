//! Addresses, routes, neighbours and forwarding entries, as the kernel lists them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netyard_types::{
    FdbEntry, IfAddr, IfName, MacAddr, Neighbour, NeighbourState, NextHop, Origin, Prefix, Route, RouteKind,
};

use crate::netlink::{Attributes, Message, u8_of, u16_of, u32_of};

const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const RTM_NEWNEIGH: u16 = 28;
const AF_INET: u8 = 2;
const AF_BRIDGE: u8 = 7;
const AF_INET6: u8 = 10;

/// The interfaces of a namespace by index.
pub(super) type Names = BTreeMap<u32, IfName>;

fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => <[u8; 4]>::try_from(bytes).ok().map(|bytes| Ipv4Addr::from(bytes).into()),
        AF_INET6 => <[u8; 16]>::try_from(bytes).ok().map(|bytes| Ipv6Addr::from(bytes).into()),
        _ => None,
    }
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawAddress {
    pub(crate) index: u32,
    pub(crate) addr: IfAddr,
    /// Not usable yet: somebody else may have it (RFC 4862 §5.4). False for one that somebody else turned out to have.
    pub(crate) tentative: bool,
    /// Whether the kernel says who made it.
    pub(super) has_protocol: bool,
    permanent: bool,
}

impl RawAddress {
    /// Reads an address out of an answer.
    pub(crate) fn read(message: &Message<'_>) -> Option<Self> {
        const IFA_ADDRESS: u16 = 1;
        const IFA_LOCAL: u16 = 2;
        const IFA_FLAGS: u16 = 8;
        const IFA_PROTO: u16 = 11;
        const IFA_F_DADFAILED: u32 = 0x08;
        const IFA_F_TENTATIVE: u32 = 0x40;
        const IFA_F_PERMANENT: u32 = 0x80;
        let payload = message.payload;
        if message.kind != RTM_NEWADDR {
            return None;
        }
        let (family, len, index) = (u8_of(payload)?, *payload.get(1)?, u32_of(payload.get(4..)?)?);
        let mut flags = u32::from(*payload.get(2)?);
        let (mut address, mut local, mut protocol) = (None, None, None);
        for (kind, value) in Attributes::behind(payload, 8) {
            match kind {
                IFA_ADDRESS => address = ip(family, value),
                IFA_LOCAL => local = ip(family, value),
                IFA_FLAGS => flags = u32_of(value)?,
                IFA_PROTO => protocol = u8_of(value),
                _ => {}
            }
        }
        let addr = local.or(address)?;
        if len > if addr.is_ipv4() { 32 } else { 128 } {
            return None;
        }
        let origin = match protocol {
            Some(Origin::PROTOCOL) => Origin::Netyard,
            // IFAPROT_KERNEL_LO, IFAPROT_KERNEL_RA, IFAPROT_KERNEL_LL: its own `lo`, an advertised prefix, link-local.
            Some(1..=3) => Origin::Kernel,
            Some(other) => Origin::Other(other),
            None => Origin::Other(0),
        };
        Some(Self {
            index,
            addr: IfAddr { addr, len, origin },
            tentative: flags & IFA_F_TENTATIVE != 0 && flags & IFA_F_DADFAILED == 0,
            has_protocol: protocol.is_some(),
            permanent: flags & IFA_F_PERMANENT != 0,
        })
    }

    /// Who made the address, where the kernel cannot say so (before 5.18 there is no `IFA_PROTO`): what it makes by itself can be
    /// told by the address, and what else is on an interface of Netyard's is taken for Netyard's.
    pub(super) fn guess_origin(&mut self, link: Origin) {
        let link_local = matches!(self.addr.addr, IpAddr::V6(v6) if v6.is_unicast_link_local());
        self.addr.origin = match link {
            _ if self.addr.addr.is_loopback() || link_local || !self.permanent => Origin::Kernel,
            Origin::Netyard => Origin::Netyard,
            _ => Origin::Other(0),
        };
    }
}

/// What the attributes of a route say.
#[derive(Debug, Default)]
struct RouteParts {
    to: Option<IpAddr>,
    table: u32,
    metric: u32,
    src: Option<IpAddr>,
    hops: Vec<NextHop>,
}

/// Reads a route out of an answer; none for those of the `local` table, for cached ones and for those that leave by an
/// interface that has just gone.
pub(super) fn read_route(message: &Message<'_>, names: &Names) -> Option<Route> {
    const RT_TABLE_LOCAL: u32 = 255;
    const RTM_F_CLONED: u32 = 0x200;
    let payload = message.payload;
    if message.kind != RTM_NEWROUTE || !matches!(*payload.first()?, AF_INET | AF_INET6) {
        return None;
    }
    let (family, len) = (*payload.first()?, *payload.get(1)?);
    let (protocol, kind) = (*payload.get(5)?, *payload.get(7)?);
    let flags = u32_of(payload.get(8..)?)?;
    let parts = read_route_parts(payload, names)?;
    if parts.table == RT_TABLE_LOCAL || flags & RTM_F_CLONED != 0 {
        return None;
    }
    let any: IpAddr =
        if family == AF_INET { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    // RTN_*, rtnetlink(7).
    let kind = match kind {
        1 if parts.hops.is_empty() => return None,
        1 => RouteKind::Unicast(parts.hops),
        6 => RouteKind::Blackhole,
        7 => RouteKind::Unreachable,
        8 => RouteKind::Prohibit,
        other => RouteKind::Other(other),
    };
    Some(Route {
        to: Prefix::containing(parts.to.unwrap_or(any), len)?,
        table: parts.table,
        metric: parts.metric,
        kind,
        src: parts.src,
        origin: Origin::from_protocol(protocol),
    })
}

fn read_route_parts(payload: &[u8], names: &Names) -> Option<RouteParts> {
    const RTA_DST: u16 = 1;
    const RTA_OIF: u16 = 4;
    const RTA_GATEWAY: u16 = 5;
    const RTA_PRIORITY: u16 = 6;
    const RTA_PREFSRC: u16 = 7;
    const RTA_MULTIPATH: u16 = 9;
    const RTA_TABLE: u16 = 15;
    const RTA_VIA: u16 = 18;
    let family = *payload.first()?;
    let flags = u32_of(payload.get(8..)?)?;
    let mut parts = RouteParts { table: u32::from(*payload.get(4)?), ..RouteParts::default() };
    let (mut via, mut dev) = (None, None);
    for (kind, value) in Attributes::behind(payload, 12) {
        match kind {
            RTA_DST => parts.to = ip(family, value),
            RTA_TABLE => parts.table = u32_of(value)?,
            RTA_PRIORITY => parts.metric = u32_of(value)?,
            RTA_PREFSRC => parts.src = ip(family, value),
            RTA_GATEWAY => via = ip(family, value),
            RTA_VIA => via = read_via(value),
            RTA_OIF => dev = u32_of(value),
            RTA_MULTIPATH => parts.hops = read_next_hops(family, value, names)?,
            _ => {}
        }
    }
    if let Some(dev) = dev
        && parts.hops.is_empty()
    {
        parts.hops.push(next_hop(via, names.get(&dev)?, 0, flags));
    }
    Some(parts)
}

fn next_hop(via: Option<IpAddr>, dev: &IfName, hops: u8, flags: u32) -> NextHop {
    const RTNH_F_ONLINK: u32 = 4;
    NextHop { via, dev: dev.clone(), weight: u16::from(hops) + 1, onlink: flags & RTNH_F_ONLINK != 0 }
}

/// `struct rtvia`: a router of the other family.
fn read_via(value: &[u8]) -> Option<IpAddr> {
    ip(u8::try_from(u16_of(value)?).ok()?, value.get(2..)?)
}

/// A list of `struct rtnexthop`, each with attributes behind it.
fn read_next_hops(family: u8, mut bytes: &[u8], names: &Names) -> Option<Vec<NextHop>> {
    const RTA_GATEWAY: u16 = 5;
    const RTA_VIA: u16 = 18;
    let mut list = Vec::new();
    while !bytes.is_empty() {
        let len = usize::from(u16_of(bytes)?);
        let hop = bytes.get(..len).filter(|hop| hop.len() >= 8)?;
        let via = Attributes::behind(hop, 8).find_map(|(kind, value)| match kind {
            RTA_GATEWAY => ip(family, value),
            RTA_VIA => read_via(value),
            _ => None,
        });
        list.push(next_hop(via, names.get(&u32_of(hop.get(4..)?)?)?, hop[3], u32::from(hop[2])));
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
    }
    Some(list)
}

/// Reads an entry of a neighbour table out of an answer. Left out is what no question and no answer led to: addresses that map
/// to Ethernet addresses by rule, and `lo`. ip-neighbour(8) leaves these out too.
pub(super) fn read_neighbour(message: &Message<'_>, names: &Names) -> Option<Neighbour> {
    const NDA_DST: u16 = 1;
    const NDA_LLADDR: u16 = 2;
    const NDA_PROTOCOL: u16 = 12;
    let payload = message.payload;
    if message.kind != RTM_NEWNEIGH {
        return None;
    }
    let family = *payload.first()?;
    let dev = names.get(&u32_of(payload.get(4..)?)?)?;
    let state = neighbour_state(u16_of(payload.get(8..)?)?);
    let (mut addr, mut mac, mut protocol) = (None, None, 0);
    for (kind, value) in Attributes::behind(payload, 12) {
        match kind {
            NDA_DST => addr = ip(family, value),
            NDA_LLADDR => mac = value.try_into().ok().map(MacAddr),
            NDA_PROTOCOL => protocol = u8_of(value)?,
            _ => {}
        }
    }
    let addr = addr?;
    let by_rule = addr.is_multicast() || addr == IpAddr::V4(Ipv4Addr::BROADCAST) || addr.is_unspecified();
    if state == NeighbourState::Noarp && (by_rule || addr.is_loopback() || dev.as_str() == "lo") {
        return None;
    }
    let origin = match (protocol, state) {
        // RTPROT_UNSPEC: nobody has signed. Only a person or a program sets a permanent entry.
        (0, NeighbourState::Permanent | NeighbourState::Noarp) => Origin::Other(0),
        (0, _) => Origin::Kernel,
        (other, _) => Origin::from_protocol(other),
    };
    Some(Neighbour { dev: dev.clone(), addr, mac, state, origin })
}

/// `NUD_*`, linux/neighbour.h. The states are bits, but an entry has one.
fn neighbour_state(bits: u16) -> NeighbourState {
    match bits {
        0x80 => NeighbourState::Permanent,
        0x40 => NeighbourState::Noarp,
        0x20 => NeighbourState::Failed,
        0x10 => NeighbourState::Probe,
        0x08 => NeighbourState::Delay,
        0x04 => NeighbourState::Stale,
        0x02 => NeighbourState::Reachable,
        0x01 => NeighbourState::Incomplete,
        _ => NeighbourState::None,
    }
}

/// Reads an entry of a bridge's forwarding table out of an answer. An interface's own list of multicast addresses comes in the
/// same answer, without a bridge, and is left out.
pub(super) fn read_fdb(message: &Message<'_>, names: &Names) -> Option<FdbEntry> {
    const NDA_LLADDR: u16 = 2;
    const NDA_MASTER: u16 = 9;
    const NUD_NOARP_OR_PERMANENT: u16 = 0xc0;
    let payload = message.payload;
    if message.kind != RTM_NEWNEIGH || *payload.first()? != AF_BRIDGE {
        return None;
    }
    let index = u32_of(payload.get(4..)?)?;
    let state = u16_of(payload.get(8..)?)?;
    let (mut mac, mut master) = (None, None);
    for (kind, value) in Attributes::behind(payload, 12) {
        match kind {
            NDA_LLADDR => mac = value.try_into().ok().map(MacAddr),
            NDA_MASTER => master = u32_of(value),
            _ => {}
        }
    }
    Some(FdbEntry {
        bridge: names.get(&master?)?.clone(),
        mac: mac?,
        dev: names.get(&index)?.clone(),
        permanent: state & NUD_NOARP_OR_PERMANENT != 0,
    })
}
