//! The messages about addresses, routes, neighbours and namespace numbers (rtnetlink(7)).

use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage, AddressProtocol};
use netlink_packet_route::neighbour::{
    NeighbourAttribute, NeighbourFlags, NeighbourMessage, NeighbourState as Nud,
};
use netlink_packet_route::nsid::{NsidAttribute, NsidMessage};
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteNextHop, RouteNextHopFlags, RouteProtocol,
    RouteScope, RouteType, RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netyard_types::{
    FdbEntry, FdbState, IfAddr, IfName, Neighbour, NeighbourState, NextHop, Origin, Route, RouteKind,
};

use super::request::Request;

/// Looks up the index of an interface of the node that a message is for.
pub trait DeviceIndex {
    /// What is said when there is no such interface.
    type Error;

    /// The index of `link`.
    ///
    /// # Errors
    /// When there is no such interface.
    fn index_of(&self, link: &IfName) -> Result<u32, Self::Error>;
}

fn family(addr: IpAddr) -> AddressFamily {
    if addr.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 }
}

/// The protocol number that marks a thing as its maker's, as rtnetlink(7) has it.
fn protocol(origin: Origin) -> u8 {
    match origin {
        Origin::Netyard => Origin::PROTOCOL,
        // RTPROT_KERNEL
        Origin::Kernel => 2,
        Origin::Other(other) => other,
    }
}

fn address(index: u32, addr: &IfAddr) -> AddressMessage {
    let mut message = AddressMessage::default();
    message.header.family = family(addr.addr);
    message.header.prefix_len = addr.len;
    message.header.index = index;
    message.attributes = vec![AddressAttribute::Local(addr.addr), AddressAttribute::Address(addr.addr)];
    message
}

/// Gives the interface an address. An IPv6 address is usable at once: nobody is asked whether he has it too (RFC 4862 §5.4),
/// because the plan knows.
#[must_use]
pub fn add_address(index: u32, addr: &IfAddr) -> Request {
    let mut message = address(index, addr);
    if let Some(IpAddr::V4(broadcast)) = addr.broadcast() {
        message.attributes.push(AddressAttribute::Broadcast(broadcast));
    }
    if addr.addr.is_ipv6() {
        message.attributes.push(AddressAttribute::Flags(AddressFlags::Nodad));
    }
    match protocol(addr.origin) {
        0 => {}
        mark => message.attributes.push(AddressAttribute::Protocol(AddressProtocol::from(mark))),
    }
    Request::new(RouteNetlinkMessage::NewAddress(message), NLM_F_CREATE | NLM_F_EXCL)
}

/// Takes an address from the interface.
#[must_use]
pub fn delete_address(index: u32, addr: &IfAddr) -> Request {
    Request::new(RouteNetlinkMessage::DelAddress(address(index, addr)), 0)
}

/// The head of a route's message, and what makes it this route and no other.
fn route(route: &Route) -> RouteMessage {
    let mut message = RouteMessage::default();
    message.header = RouteHeader {
        address_family: family(route.to.network()),
        destination_prefix_length: route.to.len(),
        // Tables above 255 do not fit here and stand in an attribute alone.
        table: u8::try_from(route.table).unwrap_or(RouteHeader::RT_TABLE_UNSPEC),
        protocol: RouteProtocol::from(protocol(route.origin)),
        kind: match &route.kind {
            RouteKind::Unicast(_) => RouteType::Unicast,
            RouteKind::Blackhole => RouteType::BlackHole,
            RouteKind::Unreachable => RouteType::Unreachable,
            RouteKind::Prohibit => RouteType::Prohibit,
            RouteKind::Other(other) => RouteType::from(*other),
        },
        ..RouteHeader::default()
    };
    if !route.to.is_default() {
        message.attributes.push(RouteAttribute::Destination(route.to.network().into()));
    }
    message.attributes.push(RouteAttribute::Table(route.table));
    message.attributes.push(RouteAttribute::Priority(route.metric));
    message
}

/// How a next hop names its router; one of the other family needs an attribute of its own (RFC 8950).
fn gateway(to: AddressFamily, via: IpAddr) -> RouteAttribute {
    match via {
        IpAddr::V6(v6) if to == AddressFamily::Inet => RouteAttribute::Via(RouteVia::Inet6(v6)),
        via => RouteAttribute::Gateway(via.into()),
    }
}

fn next_hops<D: DeviceIndex>(
    message: &mut RouteMessage,
    hops: &[NextHop],
    devices: &D,
) -> Result<(), D::Error> {
    let to = message.header.address_family;
    // A route without a router leads to what is on the link itself (rtnetlink(7), RT_SCOPE_LINK).
    if hops.iter().all(|hop| hop.via.is_none()) && to == AddressFamily::Inet {
        message.header.scope = RouteScope::Link;
    }
    if let [hop] = hops {
        if hop.onlink {
            message.header.flags = RouteFlags::Onlink;
        }
        message.attributes.extend(hop.via.map(|via| gateway(to, via)));
        message.attributes.push(RouteAttribute::Oif(devices.index_of(&hop.dev)?));
        return Ok(());
    }
    let mut list = Vec::with_capacity(hops.len());
    for hop in hops {
        let mut next = RouteNextHop::default();
        next.interface_index = devices.index_of(&hop.dev)?;
        // The kernel counts the weight from 0.
        next.hops = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
        if hop.onlink {
            next.flags = RouteNextHopFlags::Onlink;
        }
        next.attributes.extend(hop.via.map(|via| gateway(to, via)));
        list.push(next);
    }
    message.attributes.push(RouteAttribute::MultiPath(list));
    Ok(())
}

fn new_route<D: DeviceIndex>(new: &Route, devices: &D, flags: u16) -> Result<Request, D::Error> {
    let mut message = route(new);
    if let RouteKind::Unicast(hops) = &new.kind {
        next_hops(&mut message, hops, devices)?;
    }
    message.attributes.extend(new.src.map(|src| RouteAttribute::PrefSource(src.into())));
    Ok(Request::new(RouteNetlinkMessage::NewRoute(message), NLM_F_CREATE | flags))
}

/// Adds a route.
///
/// # Errors
/// When there is no interface of the name of a next hop's.
pub fn add_route<D: DeviceIndex>(new: &Route, devices: &D) -> Result<Request, D::Error> {
    new_route(new, devices, NLM_F_EXCL)
}

/// Puts a route in the place of the one with the same key.
///
/// # Errors
/// When there is no interface of the name of a next hop's.
pub fn replace_route<D: DeviceIndex>(new: &Route, devices: &D) -> Result<Request, D::Error> {
    new_route(new, devices, NLM_F_REPLACE)
}

/// Removes the route with the key, kind and protocol of `old`, whatever its next hops are.
#[must_use]
pub fn delete_route(old: &Route) -> Request {
    let mut message = route(old);
    // In a request to delete, this scope stands for any.
    message.header.scope = RouteScope::NoWhere;
    Request::new(RouteNetlinkMessage::DelRoute(message), 0)
}

fn neighbour(index: u32, entry: &Neighbour) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header.family = family(entry.addr);
    message.header.ifindex = index;
    message.header.state = match entry.state {
        NeighbourState::Permanent => Nud::Permanent,
        NeighbourState::Noarp => Nud::Noarp,
        NeighbourState::Reachable => Nud::Reachable,
        NeighbourState::Stale => Nud::Stale,
        NeighbourState::Delay => Nud::Delay,
        NeighbourState::Probe => Nud::Probe,
        NeighbourState::Incomplete => Nud::Incomplete,
        NeighbourState::Failed => Nud::Failed,
        NeighbourState::None => Nud::None,
    };
    message.attributes = vec![NeighbourAttribute::Destination(entry.addr.into())];
    message
}

/// Adds an entry to the neighbour table, or replaces the one of that address.
#[must_use]
pub fn add_neighbour(index: u32, entry: &Neighbour) -> Request {
    let mut message = neighbour(index, entry);
    message.attributes.extend(entry.mac.map(|mac| NeighbourAttribute::LinkLayerAddress(mac.0.to_vec())));
    match protocol(entry.origin) {
        0 => {}
        mark => message.attributes.push(NeighbourAttribute::Protocol(RouteProtocol::from(mark))),
    }
    Request::new(RouteNetlinkMessage::NewNeighbour(message), NLM_F_CREATE | NLM_F_REPLACE)
}

/// Removes an entry from the neighbour table.
#[must_use]
pub fn delete_neighbour(index: u32, entry: &Neighbour) -> Request {
    Request::new(RouteNetlinkMessage::DelNeighbour(neighbour(index, entry)), 0)
}

/// A forwarding entry of the bridge that the interface `index` is, or is a port of.
fn fdb(index: u32, entry: &FdbEntry) -> NeighbourMessage {
    let mut message = NeighbourMessage::default();
    message.header.family = AddressFamily::Bridge;
    message.header.ifindex = index;
    message.header.state = match entry.state {
        FdbState::Learned => Nud::Reachable,
        FdbState::Static => Nud::Noarp,
        FdbState::Permanent => Nud::Permanent,
    };
    // Of a port, the table of its bridge is meant; a bridge's is its own.
    message.header.flags =
        if entry.dev == entry.bridge { NeighbourFlags::Own } else { NeighbourFlags::Controller };
    message.attributes = vec![NeighbourAttribute::LinkLayerAddress(entry.mac.0.to_vec())];
    message
}

/// Adds a forwarding entry to a bridge; `index` is that of [`FdbEntry::dev`].
#[must_use]
pub fn add_fdb(index: u32, entry: &FdbEntry) -> Request {
    Request::new(RouteNetlinkMessage::NewNeighbour(fdb(index, entry)), NLM_F_CREATE | NLM_F_EXCL)
}

/// Removes a forwarding entry of a bridge's; `index` is that of [`FdbEntry::dev`].
#[must_use]
pub fn delete_fdb(index: u32, entry: &FdbEntry) -> Request {
    Request::new(RouteNetlinkMessage::DelNeighbour(fdb(index, entry)), 0)
}

/// Asks for the addresses of all interfaces.
#[must_use]
pub fn dump_addresses() -> Request {
    Request::new(RouteNetlinkMessage::GetAddress(AddressMessage::default()), 0)
}

/// Asks for the routes of all families.
#[must_use]
pub fn dump_routes() -> Request {
    Request::new(RouteNetlinkMessage::GetRoute(RouteMessage::default()), 0)
}

/// Asks for the neighbour tables.
#[must_use]
pub fn dump_neighbours() -> Request {
    Request::new(RouteNetlinkMessage::GetNeighbour(NeighbourMessage::default()), 0)
}

/// Asks for the forwarding tables of bridges.
#[must_use]
pub fn dump_fdb() -> Request {
    let mut message = NeighbourMessage::default();
    message.header.family = AddressFamily::Bridge;
    Request::new(RouteNetlinkMessage::GetNeighbour(message), 0)
}

/// Asks for the number by which the socket's namespace knows another.
#[must_use]
pub fn get_nsid(namespace: BorrowedFd<'_>) -> Request {
    let mut message = NsidMessage::default();
    message.attributes = vec![NsidAttribute::Fd(namespace.as_raw_fd().cast_unsigned())];
    Request::new(RouteNetlinkMessage::GetNsId(message), 0)
}
