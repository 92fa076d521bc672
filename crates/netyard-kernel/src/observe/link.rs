//! Links, as the kernel lists them.

use netyard_types::{Bridge, IfName, Link, LinkKind, MacAddr, OperState, Origin, PortState};

use crate::execute::DOOMED_GROUP;
use crate::netlink::{Attributes, Message, u8_of, u16_of, u32_of};

const RTM_NEWLINK: u16 = 16;
/// `struct ifinfomsg`.
const HEAD: usize = 16;
const ARPHRD_LOOPBACK: u16 = 772;
const IFF_UP: u32 = 1;

const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_OPERSTATE: u16 = 16;
const IFLA_LINKINFO: u16 = 18;
const IFLA_GROUP: u16 = 27;
const IFLA_LINK_NETNSID: u16 = 37;

const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFLA_INFO_SLAVE_KIND: u16 = 4;
const IFLA_INFO_SLAVE_DATA: u16 = 5;

const IFLA_BR_FORWARD_DELAY: u16 = 1;
const IFLA_BR_HELLO_TIME: u16 = 2;
const IFLA_BR_AGEING_TIME: u16 = 4;
const IFLA_BR_STP_STATE: u16 = 5;
const IFLA_BR_PRIORITY: u16 = 6;
const IFLA_BR_ROOT_ID: u16 = 10;
const IFLA_BR_TOPOLOGY_CHANGE: u16 = 14;
const IFLA_BRPORT_STATE: u16 = 1;

/// A link, with the kernel's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawLink {
    pub(crate) index: u32,
    pub(crate) name: IfName,
    /// `IFLA_INFO_KIND`; empty where the kernel gives none.
    pub(crate) kind: String,
    pub(crate) is_loopback: bool,
    pub(crate) up: bool,
    pub(crate) mac: Option<MacAddr>,
    pub(crate) mtu: u32,
    pub(crate) group: u32,
    pub(crate) master: Option<u32>,
    /// The index of the link it stands on or is tied to; of a veth the other end's, in that one's namespace.
    pub(crate) tied: Option<u32>,
    /// The number by which this namespace knows that link's, if it is another one.
    pub(crate) tied_nsid: Option<i32>,
    pub(crate) oper: OperState,
    pub(crate) port_state: Option<PortState>,
    pub(crate) bridge: Option<Bridge>,
    /// The root of the spanning tree, in the eyes of this bridge.
    pub(crate) root: Option<[u8; 8]>,
    /// Whether the spanning tree has just changed.
    pub(crate) topology_change: bool,
}

impl RawLink {
    /// Reads a link out of an answer.
    pub(crate) fn read(message: &Message<'_>) -> Option<Self> {
        if message.kind != RTM_NEWLINK {
            return None;
        }
        let payload = message.payload;
        let mut link = Self {
            index: u32_of(payload.get(4..)?)?,
            name: IfName::loopback(),
            kind: String::new(),
            is_loopback: u16_of(payload.get(2..)?)? == ARPHRD_LOOPBACK,
            up: u32_of(payload.get(8..)?)? & IFF_UP != 0,
            mac: None,
            mtu: 0,
            group: 0,
            master: None,
            tied: None,
            tied_nsid: None,
            oper: OperState::Unknown,
            port_state: None,
            bridge: None,
            root: None,
            topology_change: false,
        };
        let mut name = None;
        for (kind, value) in Attributes::behind(payload, HEAD) {
            match kind {
                IFLA_IFNAME => name = IfName::new(text(value)).ok(),
                IFLA_ADDRESS => link.mac = value.try_into().ok().map(MacAddr).filter(|_| !link.is_loopback),
                IFLA_MTU => link.mtu = u32_of(value)?,
                IFLA_LINK => link.tied = u32_of(value),
                IFLA_MASTER => link.master = u32_of(value),
                IFLA_OPERSTATE => link.oper = oper_state(u8_of(value)?),
                IFLA_GROUP => link.group = u32_of(value)?,
                IFLA_LINK_NETNSID => link.tied_nsid = u32_of(value).map(u32::cast_signed),
                IFLA_LINKINFO => link.read_info(value),
                _ => {}
            }
        }
        // Kernels before 6.1 leave the index of the other end out where both ends have the same.
        if link.kind == "veth" && link.tied.is_none() && link.tied_nsid.is_some() {
            link.tied = Some(link.index);
        }
        link.name = name?;
        Some(link)
    }

    fn read_info(&mut self, info: &[u8]) {
        let mut port_of_bridge = false;
        for (kind, value) in Attributes::new(info) {
            match kind {
                IFLA_INFO_KIND => self.kind = text(value),
                IFLA_INFO_DATA if self.kind == "bridge" => self.read_bridge(value),
                IFLA_INFO_SLAVE_KIND => port_of_bridge = text(value) == "bridge",
                IFLA_INFO_SLAVE_DATA if port_of_bridge => {
                    let state = Attributes::new(value).find(|(kind, _)| *kind == IFLA_BRPORT_STATE);
                    self.port_state = state.and_then(|(_, value)| port_state(u8_of(value)?));
                }
                _ => {}
            }
        }
    }

    fn read_bridge(&mut self, data: &[u8]) {
        let mut bridge = Bridge { stp: false, ageing_cs: 0, forward_delay_cs: 0, hello_cs: 0, priority: 0 };
        for (kind, value) in Attributes::new(data) {
            let number = u32_of(value).unwrap_or(0);
            match kind {
                IFLA_BR_FORWARD_DELAY => bridge.forward_delay_cs = number,
                IFLA_BR_HELLO_TIME => bridge.hello_cs = number,
                IFLA_BR_AGEING_TIME => bridge.ageing_cs = number,
                IFLA_BR_STP_STATE => bridge.stp = number != 0,
                IFLA_BR_PRIORITY => bridge.priority = u16_of(value).unwrap_or(0),
                IFLA_BR_TOPOLOGY_CHANGE => self.topology_change = u8_of(value).unwrap_or(0) != 0,
                IFLA_BR_ROOT_ID => self.root = value.try_into().ok(),
                _ => {}
            }
        }
        self.bridge = Some(bridge);
    }

    /// Who made it. A link that Netyard was about to remove when it was interrupted is still Netyard's.
    pub(crate) fn origin(&self) -> Origin {
        match self.group {
            _ if self.is_loopback || self.comes_with_its_kind() => Origin::Kernel,
            Origin::LINK_GROUP | DOOMED_GROUP => Origin::Netyard,
            _ => Origin::Other(0),
        }
    }

    /// Whether every namespace has it as soon as the kernel knows its kind (`net.core.fb_tunnels_only_for_init_net`): it cannot be
    /// removed.
    fn comes_with_its_kind(&self) -> bool {
        matches!(
            (self.name.as_str(), self.kind.as_str()),
            ("tunl0", "ipip")
                | ("gre0", "gre")
                | ("gretap0", "gretap")
                | ("erspan0", "erspan")
                | ("ip_vti0", "vti")
                | ("ip6_vti0", "vti6")
                | ("sit0", "sit")
                | ("ip6tnl0", "ip6tnl")
                | ("ip6gre0", "ip6gre")
        )
    }

    /// The link without the kernel's numbers, still without its addresses and, of a cable, its other end.
    pub(crate) fn to_link(&self, master: Option<IfName>) -> Link {
        let kind = match (&self.bridge, self.kind.as_str()) {
            _ if self.is_loopback => LinkKind::Loopback,
            (Some(bridge), _) => LinkKind::Bridge(*bridge),
            (None, "veth") => LinkKind::Veth { peer: None },
            (None, name) => LinkKind::Other { name: name.to_owned() },
        };
        Link {
            kind,
            origin: self.origin(),
            mac: self.mac,
            mtu: self.mtu,
            up: self.up,
            master,
            oper: Some(self.oper),
            port_state: self.port_state,
            topology_change: self.topology_change,
            ..Link::loopback()
        }
    }
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim_end_matches('\0').to_owned()
}

/// RFC 2863 §3.1.13, with the kernel's numbers (`IF_OPER_*`, linux/if.h).
fn oper_state(number: u8) -> OperState {
    match number {
        2 => OperState::Down,
        3 => OperState::LowerLayerDown,
        // Testing: not ready for packets either.
        4 | 5 => OperState::Dormant,
        6 => OperState::Up,
        // 1 is not present: it never shows in a list.
        _ => OperState::Unknown,
    }
}

/// `BR_STATE_*`, linux/if_bridge.h.
fn port_state(number: u8) -> Option<PortState> {
    Some(match number {
        0 => PortState::Disabled,
        1 => PortState::Listening,
        2 => PortState::Learning,
        3 => PortState::Forwarding,
        4 => PortState::Blocking,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::fd::AsFd;

    use super::*;
    use crate::netlink::{self, Batch, LinkEnd, Messages, Request};

    fn read(request: Request) -> Option<RawLink> {
        let mut batch = Batch::default();
        batch.push(request, 0);
        Messages::new(batch.as_bytes()).next()?.ok().and_then(|message| RawLink::read(&message))
    }

    fn end(name: &IfName, index: u32) -> LinkEnd<'_> {
        LinkEnd { name, index, mac: MacAddr([2, 0, 0, 0, 0, 9]), mtu: 1400 }
    }

    #[test]
    fn a_bridge_is_read_as_it_is_written() {
        let name = IfName::new("br0").unwrap();
        let bridge =
            Bridge { stp: true, ageing_cs: 1000, forward_delay_cs: 300, hello_cs: 100, priority: 4096 };
        let [made, _] = netlink::add_bridge(&end(&name, 5), &bridge);
        let link = read(made).unwrap();
        assert_eq!((link.index, link.up, link.origin()), (5, true, Origin::Netyard));
        assert_eq!(link.to_link(None).kind, LinkKind::Bridge(bridge));
        assert_eq!(link.to_link(None).mac, Some(MacAddr([2, 0, 0, 0, 0, 9])));
    }

    #[test]
    fn a_cable_is_read_as_it_is_written() {
        let (near, far) = (IfName::new("near").unwrap(), IfName::new("far").unwrap());
        let anything = File::open("/dev/null").unwrap();
        let request = netlink::add_veth(&end(&near, 3), Some(9), &end(&far, 4), anything.as_fd());
        let link = read(request).unwrap();
        assert_eq!((link.name, link.index, link.master, link.mtu), (near, 3, Some(9), 1400));
        assert_eq!((link.kind.as_str(), link.up), ("veth", true));
    }

    #[test]
    fn a_link_without_a_name_is_none() {
        assert_eq!(read(netlink::set_up(3, true)), None);
        assert_eq!(read(netlink::dump_links()), None);
    }

    #[test]
    fn what_is_about_to_be_removed_is_still_netyards() {
        let name = IfName::new("br0").unwrap();
        let [made, _] = netlink::add_bridge(&end(&name, 5), &Bridge::default());
        let mut link = read(made).unwrap();
        for (group, origin) in [(DOOMED_GROUP, Origin::Netyard), (0, Origin::Other(0)), (7, Origin::Other(0))]
        {
            link.group = group;
            assert_eq!(link.origin(), origin);
        }
    }
}
