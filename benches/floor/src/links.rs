//! The requests, with the attributes that Netyard gives the same objects.

use std::net::Ipv4Addr;

use crate::Result;
use crate::netlink::{Batch, Socket, attributes, flag, kind};

/// The group of Netyard's links, and the protocol number of its addresses and routes.
const GROUP: u32 = 28281;
const PROTOCOL: u8 = 121;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_MASTER: u16 = 10;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_PID: u16 = 19;
const IFLA_GROUP: u16 = 27;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_EXT_MASK: u16 = 29;
const IFLA_NUM_TX_QUEUES: u16 = 31;
const IFLA_NUM_RX_QUEUES: u16 = 32;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
/// `RTEXT_FILTER_SKIP_STATS`
const NO_COUNTERS: u32 = 8;
const IFF_UP: u32 = 1;
/// `IF_OPER_UP` (linux/if.h)
const OPER_UP: u8 = 6;
const MTU: u32 = 1500;

/// Where the far end of a cable goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Into {
    /// The namespace of this thread.
    Thread(i32),
    /// The namespace behind this descriptor.
    Descriptor(i32),
}

/// An end of a cable.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub(crate) name: &'a str,
    pub(crate) index: u32,
    pub(crate) mac: [u8; 6],
}

fn head(batch: &mut Batch, index: u32, up: bool) {
    let state = if up { IFF_UP } else { 0 };
    batch.raw(&[0; 4]);
    batch.raw(&index.to_ne_bytes());
    batch.raw(&state.to_ne_bytes());
    batch.raw(&state.to_ne_bytes());
}

fn common(batch: &mut Batch, end: &End<'_>, mtu: u32) {
    batch.text(IFLA_IFNAME, end.name);
    batch.attribute(IFLA_ADDRESS, &end.mac);
    batch.number(IFLA_MTU, mtu);
    batch.number(IFLA_GROUP, GROUP);
}

/// A bridge. Its MTU follows that of its ports until it is changed.
pub(crate) fn add_bridge(batch: &mut Batch, end: &End<'_>, up: bool) {
    batch.message(kind::NEW_LINK, flag::NEW, |batch| {
        head(batch, end.index, up);
        common(batch, end, MTU + 1);
        batch.nest(IFLA_LINKINFO, |batch| {
            batch.text(IFLA_INFO_KIND, "bridge");
            batch.nest(IFLA_INFO_DATA, |batch| {
                // IFLA_BR_FORWARD_DELAY, _HELLO_TIME, _AGEING_TIME, _STP_STATE, _PRIORITY
                for (kind, value) in [(1, 200), (2, 200), (4, 30000), (5, 0)] {
                    batch.number(kind, value);
                }
                batch.attribute(6, &32768_u16.to_ne_bytes());
            });
        });
    });
    batch.message(kind::SET_LINK, 0, |batch| {
        head(batch, end.index, false);
        batch.number(IFLA_MTU, MTU);
    });
}

/// A cable: the near end a port of the bridge `master`, switched on; the far end in another namespace, switched off.
pub(crate) fn add_cable(batch: &mut Batch, near: &End<'_>, master: u32, far: &End<'_>, into: Into) {
    let queues = |batch: &mut Batch| {
        batch.number(IFLA_NUM_TX_QUEUES, 1);
        batch.number(IFLA_NUM_RX_QUEUES, 1);
    };
    batch.message(kind::NEW_LINK, flag::NEW, |batch| {
        head(batch, near.index, true);
        common(batch, near, MTU);
        queues(batch);
        batch.number(IFLA_MASTER, master);
        batch.nest(IFLA_LINKINFO, |batch| {
            batch.text(IFLA_INFO_KIND, "veth");
            batch.nest(IFLA_INFO_DATA, |batch| {
                batch.nest(VETH_INFO_PEER, |batch| {
                    head(batch, far.index, false);
                    common(batch, far, MTU);
                    queues(batch);
                    match into {
                        Into::Thread(id) => batch.attribute(IFLA_NET_NS_PID, &id.to_ne_bytes()),
                        Into::Descriptor(fd) => batch.attribute(IFLA_NET_NS_FD, &fd.to_ne_bytes()),
                    }
                });
            });
        });
    });
}

/// Switches a link on.
pub(crate) fn set_up(batch: &mut Batch, index: u32) {
    batch.message(kind::SET_LINK, 0, |batch| head(batch, index, true));
}

pub(crate) fn add_address(batch: &mut Batch, index: u32, addr: Ipv4Addr, len: u8) {
    batch.message(kind::NEW_ADDRESS, flag::NEW, |batch| {
        batch.raw(&[2, len, 0, 0]);
        batch.raw(&index.to_ne_bytes());
        // IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_PROTO
        batch.attribute(2, &addr.octets());
        batch.attribute(1, &addr.octets());
        batch.attribute(4, &(addr.to_bits() | u32::MAX >> len).to_be_bytes());
        batch.attribute(11, &[PROTOCOL]);
    });
}

pub(crate) fn add_default_route(batch: &mut Batch, index: u32, via: Ipv4Addr) {
    batch.message(kind::NEW_ROUTE, flag::NEW, |batch| {
        // AF_INET, lengths, TOS, table main, protocol, scope universe, unicast, no flags
        batch.raw(&[2, 0, 0, 0, 254, PROTOCOL, 0, 1, 0, 0, 0, 0]);
        // RTA_GATEWAY, RTA_OIF
        batch.attribute(5, &via.octets());
        batch.number(4, index);
    });
}

/// How many links of a namespace, besides `lo`, are operationally up.
pub(crate) fn count_up(socket: &Socket) -> Result<usize> {
    let mut batch = Batch::default();
    batch.message(kind::GET_LINK, flag::DUMP, |batch| {
        head(batch, 0, false);
        batch.number(IFLA_EXT_MASK, NO_COUNTERS);
    });
    let mut up = 0;
    socket.ask(&mut batch, true, |_, body| up += usize::from(is_up(body)))?;
    Ok(up)
}

/// Whether one link is operationally up.
pub(crate) fn link_is_up(socket: &Socket, index: u32) -> Result<bool> {
    let mut batch = Batch::default();
    batch.message(kind::GET_LINK, 0, |batch| {
        head(batch, index, false);
        batch.number(IFLA_EXT_MASK, NO_COUNTERS);
    });
    let mut up = false;
    socket.ask(&mut batch, false, |_, body| up = is_up(body))?;
    Ok(up)
}

fn is_up(body: &[u8]) -> bool {
    let Some(attached) = body.get(16..) else { return false };
    attributes(attached).any(|(kind, value)| kind == IFLA_OPERSTATE && value == [OPER_UP])
}
