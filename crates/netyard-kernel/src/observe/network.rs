//! Addresses and routes, as the kernel lists them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netyard_types::{IfAddr, IfName, NextHop, Origin, Prefix, Route, RouteKind};

use crate::netlink::{Attributes, Message, u8_of, u16_of, u32_of};

const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// The interfaces of a namespace by index.
pub(super) type Names = BTreeMap<u32, IfName>;

pub(super) fn ip(family: u8, bytes: &[u8]) -> Option<IpAddr> {
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

/// Reads a route out of an answer; none for those that the kernel keeps in the `local` table, for cached ones and for those that leave by an
/// interface that has just gone.
pub(super) fn read_route(message: &Message<'_>, names: &Names) -> Option<Route> {
    const RT_TABLE_LOCAL: u32 = 255;
    const RTPROT_KERNEL: u8 = 2;
    const RTM_F_CLONED: u32 = 0x200;
    let payload = message.payload;
    if message.kind != RTM_NEWROUTE || !matches!(*payload.first()?, AF_INET | AF_INET6) {
        return None;
    }
    let (family, len) = (*payload.first()?, *payload.get(1)?);
    let (protocol, kind) = (*payload.get(5)?, *payload.get(7)?);
    let flags = u32_of(payload.get(8..)?)?;
    let parts = read_route_parts(payload, names)?;
    let by_kernel = protocol <= RTPROT_KERNEL;
    if (parts.table == RT_TABLE_LOCAL && by_kernel) || flags & RTM_F_CLONED != 0 {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::netlink::{self, Batch, DeviceIndex, Messages, Request};

    struct Devices;

    impl DeviceIndex for Devices {
        type Error = ();

        fn index_of(&self, link: &IfName) -> Result<u32, ()> {
            names().into_iter().find(|(_, name)| name == link).map(|(index, _)| index).ok_or(())
        }
    }

    fn names() -> Names {
        BTreeMap::from([(2, IfName::new("eth0").unwrap()), (7, IfName::new("eth1").unwrap())])
    }

    /// The bytes of a request. The kernel lists a thing in the same form in which it is told to make it.
    fn bytes(request: Request) -> Vec<u8> {
        let mut batch = Batch::default();
        batch.push(request, 0);
        batch.as_bytes().to_vec()
    }

    fn read<T>(bytes: &[u8], read: impl Fn(&Message<'_>) -> Option<T>) -> Option<T> {
        Messages::new(bytes).next()?.ok().and_then(|message| read(&message))
    }

    fn hop(via: &str, dev: &str, weight: u16, onlink: bool) -> NextHop {
        NextHop { weight, onlink, ..NextHop::new(via.parse().ok(), IfName::new(dev).unwrap()) }
    }

    fn routes() -> Vec<Route> {
        let route = |to: &str, kind| Route::netyard(to.parse().unwrap(), kind);
        let unicast = |to: &str, hops: &[NextHop]| route(to, RouteKind::Unicast(hops.to_vec()));
        let mut routes = vec![
            route("10.0.0.0/8", RouteKind::Blackhole),
            route("fd00::/16", RouteKind::Unreachable),
            route("10.1.0.0/16", RouteKind::Prohibit),
            unicast("0.0.0.0/0", &[hop("10.0.0.1", "eth0", 1, false)]),
            unicast("::/0", &[hop("fe80::1", "eth1", 1, false)]),
            unicast("10.2.0.0/16", &[hop("", "eth0", 1, false)]),
            unicast("10.3.0.0/16", &[hop("172.16.0.1", "eth0", 1, true)]),
            unicast("10.4.0.0/16", &[hop("10.0.0.1", "eth0", 1, false), hop("10.0.1.1", "eth1", 256, true)]),
            unicast("fd01::/64", &[hop("fd00::1", "eth0", 7, false), hop("fd00::2", "eth1", 1, false)]),
            unicast("10.5.0.0/16", &[hop("fd00::1", "eth0", 1, false)]),
            unicast("10.6.0.0/16", &[hop("fd00::1", "eth0", 2, false), hop("", "eth1", 1, false)]),
        ];
        let src = Some("10.0.0.7".parse().unwrap());
        routes.push(Route {
            table: 1000,
            metric: 9,
            src,
            ..unicast("10.7.0.0/16", &[hop("10.0.0.1", "eth0", 1, false)])
        });
        routes
    }

    #[test]
    fn routes_are_read_as_they_are_written() {
        for route in routes() {
            let bytes = bytes(netlink::add_route(&route, &Devices).unwrap());
            assert_eq!(read(&bytes, |message| read_route(message, &names())), Some(route));
        }
    }

    #[test]
    fn a_route_by_an_unknown_interface_cannot_be_written() {
        let hops = vec![NextHop::new(None, IfName::new("eth9").unwrap())];
        let route = Route::netyard("10.0.0.0/8".parse().unwrap(), RouteKind::Unicast(hops));
        assert!(netlink::add_route(&route, &Devices).is_err());
    }

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for (addr, len) in
            [("192.168.1.10", 24), ("10.0.0.4", 31), ("10.0.0.5", 32), ("fd00::1", 64), ("::1", 128)]
        {
            let addr = IfAddr::netyard(addr.parse().unwrap(), len);
            let read = read(&bytes(netlink::add_address(7, &addr)), RawAddress::read).unwrap();
            assert_eq!((read.index, read.addr, read.tentative, read.has_protocol), (7, addr, false, true));
        }
    }

    #[test]
    fn makers_are_guessed_where_the_kernel_cannot_say() {
        let guess = |addr: &str, permanent, link| {
            let addr = IfAddr { addr: addr.parse().unwrap(), len: 8, origin: Origin::Other(0) };
            let mut raw = RawAddress { index: 2, addr, tentative: false, has_protocol: false, permanent };
            raw.guess_origin(link);
            raw.addr.origin
        };
        assert_eq!(guess("10.0.0.1", true, Origin::Netyard), Origin::Netyard);
        assert_eq!(guess("10.0.0.1", true, Origin::Other(0)), Origin::Other(0));
        assert_eq!(guess("fe80::1", true, Origin::Netyard), Origin::Kernel);
        assert_eq!(guess("127.0.0.1", true, Origin::Kernel), Origin::Kernel);
        assert_eq!(guess("fd00::1", false, Origin::Netyard), Origin::Kernel);
    }

    #[test]
    fn what_is_cut_short_does_not_panic() {
        let mut all: Vec<_> =
            routes().iter().map(|route| bytes(netlink::add_route(route, &Devices).unwrap())).collect();
        all.push(bytes(netlink::add_address(7, &IfAddr::netyard("fd00::1".parse().unwrap(), 64))));
        for bytes in all {
            for len in 0..bytes.len() {
                let mut cut = bytes[..len].to_vec();
                // The length in the header is made to fit, so that what is cut is the payload.
                if let Some(field) = cut.first_chunk_mut() {
                    *field = u32::try_from(len).unwrap().to_ne_bytes();
                }
                // What is read of half a message does not matter, that it is not read past its end does.
                let _ = read(&cut, |message| read_route(message, &names()));
                let _ = read(&cut, RawAddress::read);
            }
        }
    }
}
