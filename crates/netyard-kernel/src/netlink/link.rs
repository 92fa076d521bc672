//! The messages about links (RTM_NEWLINK and its kin, rtnetlink(7)).

use std::os::fd::{AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::link::{
    BridgeStpState, InfoBridge, InfoData, InfoKind, InfoVeth, LinkAttribute, LinkExtentMask, LinkFlags,
    LinkInfo, LinkMessage,
};
use netyard_types::{Bridge, IfName, Link, MacAddr, Origin};

use super::request::Request;

/// An interface that is to be made: an end of a cable, or a bridge.
#[derive(Debug, Clone)]
pub struct LinkEnd<'a> {
    /// Its name.
    pub name: &'a IfName,
    /// Its interface index, free in its namespace.
    pub index: u32,
    /// Its Ethernet address.
    pub mac: MacAddr,
    /// Its MTU.
    pub mtu: u32,
}

impl LinkEnd<'_> {
    fn message(&self) -> LinkMessage {
        let mut message = with_index(self.index);
        message.attributes = vec![
            LinkAttribute::IfName(self.name.to_string()),
            LinkAttribute::Address(self.mac.0.to_vec()),
            LinkAttribute::Mtu(self.mtu),
            LinkAttribute::Group(Origin::LINK_GROUP),
        ];
        message
    }
}

fn with_index(index: u32) -> LinkMessage {
    let mut message = LinkMessage::default();
    message.header.index = index;
    message
}

fn switch(message: &mut LinkMessage, up: bool) {
    message.header.change_mask = LinkFlags::Up;
    message.header.flags = if up { LinkFlags::Up } else { LinkFlags::empty() };
}

fn create(message: LinkMessage) -> Request {
    Request::new(RouteNetlinkMessage::NewLink(message), NLM_F_CREATE | NLM_F_EXCL)
}

fn change(index: u32, attribute: LinkAttribute) -> Request {
    let mut message = with_index(index);
    message.attributes = vec![attribute];
    Request::new(RouteNetlinkMessage::SetLink(message), 0)
}

/// Makes a cable: `near` in the namespace of the socket, switched on, a port of the bridge with the index `master`; `far` in
/// the namespace `far_namespace`, which must stay open until the request is sent.
///
/// The far end is switched off: the kernel cannot switch it on in this message (`ENOTCONN`). It would ignore a master of the far
/// end, so there is none to give.
#[must_use]
pub fn add_veth(
    near: &LinkEnd<'_>,
    master: Option<u32>,
    far: &LinkEnd<'_>,
    far_namespace: BorrowedFd<'_>,
) -> Request {
    let mut peer = far.message();
    peer.attributes.extend(one_queue());
    peer.attributes.push(LinkAttribute::NetNsFd(far_namespace.as_raw_fd()));
    let mut message = near.message();
    switch(&mut message, true);
    message.attributes.extend(one_queue());
    message.attributes.extend(master.map(LinkAttribute::Controller));
    message.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Veth),
        LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
    ]));
    create(message)
}

/// One queue each way, which is all that a veth uses. Unless told so the kernel makes one for each processor, sets them down to one,
/// and waits until every processor has seen it (`veth_init_queues()`, drivers/net/veth.c): a good part of the time a cable takes.
fn one_queue() -> [LinkAttribute; 2] {
    [LinkAttribute::NumTxQueues(1), LinkAttribute::NumRxQueues(1)]
}

/// Makes a bridge, switched on.
///
/// Its MTU would follow that of its ports (`br_mtu_auto_adjust()`, net/bridge/br_if.c) until somebody changes it; the one it is
/// made with does not count. So it is made with another one, and changed.
#[must_use]
pub fn add_bridge(end: &LinkEnd<'_>, bridge: &Bridge) -> [Request; 2] {
    let other = if end.mtu > Link::DEFAULT_MTU { end.mtu - 1 } else { end.mtu + 1 };
    let mut message = LinkEnd { mtu: other, ..end.clone() }.message();
    switch(&mut message, true);
    message.attributes.push(bridge_info(&bridge_settings(bridge)));
    [create(message), set_mtu(end.index, end.mtu)]
}

/// Changes the settings of a bridge. The kernel reads the attributes in its own order, the times first, and refuses times that
/// the spanning tree does not allow while it runs; so where it is to stop, that goes first.
#[must_use]
pub fn set_bridge(index: u32, bridge: &Bridge) -> Vec<Request> {
    let request = |settings: &[InfoBridge]| {
        let mut message = with_index(index);
        message.attributes = vec![bridge_info(settings)];
        Request::new(RouteNetlinkMessage::NewLink(message), 0)
    };
    let mut requests = Vec::new();
    if !bridge.stp {
        requests.push(request(&[InfoBridge::StpState(BridgeStpState::Disabled)]));
    }
    requests.push(request(&bridge_settings(bridge)));
    requests
}

/// Makes a bridge forget behind which port an address lives, as far as it has learned that by itself.
#[must_use]
pub fn flush_fdb(index: u32) -> Request {
    let mut message = with_index(index);
    message.attributes = vec![bridge_info(&[InfoBridge::FdbFlush])];
    Request::new(RouteNetlinkMessage::NewLink(message), 0)
}

fn bridge_settings(bridge: &Bridge) -> [InfoBridge; 5] {
    let stp = if bridge.stp { BridgeStpState::KernelStp } else { BridgeStpState::Disabled };
    [
        InfoBridge::ForwardDelay(bridge.forward_delay_cs),
        InfoBridge::HelloTime(bridge.hello_cs),
        InfoBridge::AgeingTime(bridge.ageing_cs),
        InfoBridge::StpState(stp),
        InfoBridge::Priority(bridge.priority),
    ]
}

fn bridge_info(settings: &[InfoBridge]) -> LinkAttribute {
    LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Bridge),
        LinkInfo::Data(InfoData::Bridge(settings.to_vec())),
    ])
}

/// Switches a link on or off.
#[must_use]
pub fn set_up(index: u32, up: bool) -> Request {
    let mut message = with_index(index);
    switch(&mut message, up);
    Request::new(RouteNetlinkMessage::SetLink(message), 0)
}

/// Changes the MTU.
#[must_use]
pub fn set_mtu(index: u32, mtu: u32) -> Request {
    change(index, LinkAttribute::Mtu(mtu))
}

/// Changes the Ethernet address.
#[must_use]
pub fn set_mac(index: u32, mac: MacAddr) -> Request {
    change(index, LinkAttribute::Address(mac.0.to_vec()))
}

/// Makes the link a port of the bridge with the index `master`, or of none.
#[must_use]
pub fn set_master(index: u32, master: Option<u32>) -> Request {
    change(index, LinkAttribute::Controller(master.unwrap_or(0)))
}

/// Puts the link into a group (ip-link(8), `group`).
#[must_use]
pub fn set_group(index: u32, group: u32) -> Request {
    change(index, LinkAttribute::Group(group))
}

/// Removes a link.
#[must_use]
pub fn delete_link(index: u32) -> Request {
    Request::new(RouteNetlinkMessage::DelLink(with_index(index)), 0)
}

/// Removes all links of a group at once. The kernel waits once for all of them, and not once for each.
#[must_use]
pub fn delete_group(group: u32) -> Request {
    let mut message = LinkMessage::default();
    message.attributes = vec![LinkAttribute::Group(group)];
    Request::new(RouteNetlinkMessage::DelLink(message), 0)
}

/// Asks for all links, without their counters.
#[must_use]
pub fn dump_links() -> Request {
    let mut message = LinkMessage::default();
    message.attributes = vec![LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])];
    Request::new(RouteNetlinkMessage::GetLink(message), 0)
}

/// Asks for one link.
#[must_use]
pub fn get_link(index: u32) -> Request {
    let mut message = with_index(index);
    message.attributes = vec![LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])];
    Request::new(RouteNetlinkMessage::GetLink(message), 0)
}

/// Asks for the link `index` of the namespace that the socket's namespace knows by the number `nsid` (ip-netns(8)).
#[must_use]
pub fn get_peer(nsid: i32, index: u32) -> Request {
    let mut message = with_index(index);
    // IFLA_IF_NETNSID and IFLA_TARGET_NETNSID are one number.
    message.attributes =
        vec![LinkAttribute::IfNetnsId(nsid), LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])];
    Request::new(RouteNetlinkMessage::GetLink(message), 0)
}
