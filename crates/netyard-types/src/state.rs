//! The state of a network, namespace by namespace, as the kernel keeps it.
//!
//! Interface indexes are left out on purpose: they are the kernel's own numbers, differ between two builds of one file, and
//! say nothing that the names do not.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use serde::Serialize;

use crate::{AddressSet, Endpoint, IfName, MacAddr, Names, NodeName, Prefix, SysctlKey};

/// The main routing table (`RT_TABLE_MAIN`, rtnetlink(7)).
pub const MAIN_TABLE: u32 = 254;

/// A whole network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct NetState {
    /// Every node by name.
    pub nodes: BTreeMap<NodeName, NodeState>,
    /// What the lab's name server answers; none if it has none.
    pub names: Option<Arc<Names>>,
    /// Namespaces whose names no node can have: they can only be a person's. Nothing is known of what is in them.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub strangers: BTreeSet<String>,
}

/// One node: one network namespace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeState {
    /// What the node is for.
    pub kind: NodeKind,
    /// Who made it: a namespace without Netyard's mark is a person's.
    pub origin: Origin,
    /// Interfaces, `lo` included.
    pub links: BTreeMap<IfName, Link>,
    /// Routes of both families, except those that the kernel keeps in the `local` table, which follow from the addresses.
    pub routes: BTreeSet<Route>,
    /// Entries of the neighbour tables (ARP and IPv6 neighbour discovery).
    pub neighbours: BTreeSet<Neighbour>,
    /// Forwarding entries of the node's bridges. Only observed: a bridge learns them.
    pub fdb: BTreeSet<FdbEntry>,
    /// The settings that Netyard has set, with their values as `/proc/sys` shows them.
    pub sysctls: BTreeMap<SysctlKey, String>,
    /// The lines of the node's `/etc/hosts` that Netyard keeps; none if it keeps none. Shared, because the nodes of a lab
    /// mostly have the same.
    pub hosts: Option<Arc<str>>,
    /// The node's `/etc/resolv.conf` (resolv.conf(5)), whole; none if it has none of its own. Shared, as the hosts file is.
    /// Netyard's begins with the line [`NodeState::RESOLV_MARK`].
    pub resolv: Option<Arc<str>>,
}

impl NodeState {
    /// A namespace of Netyard's as it is just made: nothing but `lo`.
    #[must_use]
    pub fn new(kind: NodeKind) -> Self {
        Self {
            kind,
            origin: Origin::Netyard,
            links: BTreeMap::from([(IfName::loopback(), Link::loopback())]),
            routes: BTreeSet::new(),
            neighbours: BTreeSet::new(),
            fdb: BTreeSet::new(),
            sysctls: BTreeMap::new(),
            hosts: None,
            resolv: None,
        }
    }

    /// Whether its interfaces are kept from making link-local addresses (`IN6_ADDR_GEN_MODE_NONE`).
    #[must_use]
    pub fn is_without_link_local(&self) -> bool {
        self.sysctls.iter().any(|(key, value)| key.as_path() == Self::ADDR_GEN_MODE && value == "1")
    }

    /// The first line of a `resolv.conf` of Netyard's.
    pub const RESOLV_MARK: &str = "# written by netyard up";

    /// The setting that says how interfaces make link-local addresses; 1 is not at all.
    pub const ADDR_GEN_MODE: &str = "net/ipv6/conf/all/addr_gen_mode";
}

/// What a node is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeKind {
    /// An end of the network.
    Host,
    /// Forwards packets between its interfaces.
    Router,
    /// Holds a bridge, which forwards frames between its ports.
    Switch,
}

impl NodeKind {
    /// The word of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Router => "router",
            Self::Switch => "switch",
        }
    }
}

impl fmt::Display for NodeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Who put a thing there. Netyard changes and removes only what it put there itself; the mark is in the kernel, so it outlives
/// any process: a route's protocol (`RTA_PROTOCOL`), an address's (`IFA_PROTO`), a neighbour's (`NDA_PROTOCOL`), a link's group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Netyard.
    Netyard,
    /// The kernel itself: a connected route, a link-local address, `lo`.
    Kernel,
    /// A person or a routing daemon, with the number of its protocol (`/etc/iproute2/rt_protos`); 0 where there is none.
    Other(u8),
}

impl Origin {
    /// Netyard's number as a routing protocol, free in iproute2's list.
    pub const PROTOCOL: u8 = 121;
    /// Netyard's number as a link group: `ny` in ASCII.
    pub const LINK_GROUP: u32 = 0x6e79;

    /// Reads a protocol number of rtnetlink(7).
    #[must_use]
    pub fn from_protocol(protocol: u8) -> Self {
        match protocol {
            Self::PROTOCOL => Self::Netyard,
            // RTPROT_KERNEL
            2 => Self::Kernel,
            other => Self::Other(other),
        }
    }
}

/// An interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    /// What it is, and what only its kind has.
    pub kind: LinkKind,
    /// Who made it.
    pub origin: Origin,
    /// Its Ethernet address; none for `lo`.
    pub mac: Option<MacAddr>,
    /// The largest packet, in bytes.
    pub mtu: u32,
    /// Whether it is switched on (`IFF_UP`).
    pub up: bool,
    /// The bridge of the same node whose port it is.
    pub master: Option<IfName>,
    /// Its addresses.
    pub addresses: AddressSet,
    /// Whether frames can pass (`IFLA_OPERSTATE`). Only observed.
    pub oper: Option<OperState>,
    /// The state of a bridge's port (`IFLA_BRPORT_STATE`). Only observed.
    pub port_state: Option<PortState>,
    /// Of a bridge, whether its spanning tree has just changed (`IFLA_BR_TOPOLOGY_CHANGE`). Only observed. As long as it is
    /// so, the bridge ages addresses after twice the forward delay (IEEE 802.1D §8.3.5), and that is the ageing time that the
    /// kernel shows.
    pub topology_change: bool,
}

impl Link {
    /// The MTU of an Ethernet interface unless something else is asked for.
    pub const DEFAULT_MTU: u32 = 1500;

    /// `lo`, switched on. Its addresses come from the kernel by itself.
    #[must_use]
    pub fn loopback() -> Self {
        Self {
            kind: LinkKind::Loopback,
            origin: Origin::Kernel,
            mac: None,
            mtu: 65536,
            up: true,
            master: None,
            addresses: AddressSet::default(),
            oper: None,
            port_state: None,
            topology_change: false,
        }
    }

    /// One end of a cable, switched on, without addresses.
    #[must_use]
    pub fn veth(mac: MacAddr, mtu: u32, peer: Endpoint) -> Self {
        Self {
            kind: LinkKind::Veth { peer: Some(peer) },
            origin: Origin::Netyard,
            mac: Some(mac),
            mtu,
            ..Self::loopback()
        }
    }

    /// A bridge, switched on.
    #[must_use]
    pub fn bridge(mac: MacAddr, mtu: u32, bridge: Bridge) -> Self {
        Self {
            kind: LinkKind::Bridge(bridge),
            origin: Origin::Netyard,
            mac: Some(mac),
            mtu,
            ..Self::loopback()
        }
    }

    /// The other end, if this is the end of a cable whose other end is known.
    #[must_use]
    pub fn peer(&self) -> Option<&Endpoint> {
        match &self.kind {
            LinkKind::Veth { peer } => peer.as_ref(),
            _ => None,
        }
    }
}

/// The kind of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "type")]
pub enum LinkKind {
    /// `lo`.
    Loopback,
    /// One end of a cable (veth(4)).
    Veth {
        /// The other end; none if it is outside of the lab.
        peer: Option<Endpoint>,
    },
    /// A bridge.
    Bridge(Bridge),
    /// Anything else, by the name that the kernel gives its kind (`IFLA_INFO_KIND`).
    Other {
        /// That name; empty where the kernel gives none.
        name: String,
    },
}

impl LinkKind {
    /// The word of ip-link(8) for the kind.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Loopback => "loopback",
            Self::Veth { .. } => "veth",
            Self::Bridge(_) => "bridge",
            Self::Other { name } => name,
        }
    }
}

/// The settings of a bridge. Times are in hundredths of a second, the unit of the kernel's interface (`USER_HZ`), so that a
/// value that is read is the value that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Bridge {
    /// Whether the spanning tree protocol runs (IEEE 802.1D).
    pub stp: bool,
    /// How long a learned address is kept; 0 makes a hub.
    pub ageing_cs: u32,
    /// How long a port listens and then learns before it forwards.
    pub forward_delay_cs: u32,
    /// The time between two of the root's messages.
    pub hello_cs: u32,
    /// The bridge priority, 0 to 65535; the lowest becomes the root.
    pub priority: u16,
}

impl Default for Bridge {
    /// The kernel's own defaults, except that a port forwards at once where no spanning tree runs, and after the shortest
    /// time the kernel allows (2 s, `BR_MIN_FORWARD_DELAY`) where one does.
    fn default() -> Self {
        Self { stp: false, ageing_cs: 30_000, forward_delay_cs: 200, hello_cs: 200, priority: 32768 }
    }
}

/// Whether frames can pass (RFC 2863 §3.1.13, `IF_OPER_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperState {
    /// Yes.
    Up,
    /// No.
    Down,
    /// No, because what it stands on is down: the other end of a cable is.
    LowerLayerDown,
    /// It waits for something.
    Dormant,
    /// The kernel does not say; `lo` never does.
    Unknown,
}

/// The state of a bridge's port (IEEE 802.1D §8.4, `BR_STATE_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PortState {
    /// Switched off, or without carrier.
    Disabled,
    /// Takes part in the spanning tree, forwards nothing yet.
    Listening,
    /// Learns addresses, forwards nothing yet.
    Learning,
    /// Forwards.
    Forwarding,
    /// Kept from forwarding, so that there is no loop.
    Blocking,
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Route {
    /// Where to.
    pub to: Prefix,
    /// The routing table.
    pub table: u32,
    /// Of two routes to one prefix, the one with the lower metric is taken. IPv6 has no metric of 0: the kernel writes 1024.
    pub metric: u32,
    /// What is done with the packet.
    pub kind: RouteKind,
    /// The source address that the route suggests.
    pub src: Option<IpAddr>,
    /// Who put it there.
    pub origin: Origin,
}

impl Route {
    /// A route of Netyard's in the main table, with the metric that the kernel gives when none is asked for.
    #[must_use]
    pub fn netyard(to: Prefix, kind: RouteKind) -> Self {
        Self {
            to,
            table: MAIN_TABLE,
            metric: Self::default_metric(&to),
            kind,
            src: None,
            origin: Origin::Netyard,
        }
    }

    /// The metric that the kernel gives when none is asked for (`IP6_RT_PRIO_USER`).
    #[must_use]
    pub fn default_metric(to: &Prefix) -> u32 {
        if to.is_ipv4() { 0 } else { 1024 }
    }

    /// Whether all of it is known that is needed to make it: of the kinds that have no name here, only what a `throw` is.
    #[must_use]
    pub fn can_be_made(&self) -> bool {
        const RTN_THROW: u8 = 9;
        !matches!(self.kind, RouteKind::Other(kind) if kind != RTN_THROW)
    }

    /// What makes two routes the same route to the kernel: one replaces the other.
    #[must_use]
    pub fn key(&self) -> (Prefix, u32, u32) {
        (self.to, self.table, self.metric)
    }
}

/// What a route does with a packet (`RTN_*`, ip-route(8)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase", tag = "type", content = "nexthops")]
pub enum RouteKind {
    /// Sends it on; over several next hops by turns, flow by flow.
    Unicast(Vec<NextHop>),
    /// Drops it silently.
    Blackhole,
    /// Refuses it: host unreachable.
    Unreachable,
    /// Refuses it: administratively prohibited.
    Prohibit,
    /// Another kind, by the kernel's number.
    Other(u8),
}

/// One way a route can send a packet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct NextHop {
    /// The router to send it to; none if the target is reached directly.
    pub via: Option<IpAddr>,
    /// The interface it leaves by.
    pub dev: IfName,
    /// The share of the flows it gets, against the weights of the other next hops: 1 to 256.
    pub weight: u16,
    /// The router is taken to be reached directly even where no address says so.
    pub onlink: bool,
}

impl NextHop {
    /// The usual next hop: through a router that an address of the interface reaches.
    #[must_use]
    pub fn new(via: Option<IpAddr>, dev: IfName) -> Self {
        Self { via, dev, weight: 1, onlink: false }
    }
}

/// An entry of the neighbour table: which Ethernet address an IP address of a segment has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Neighbour {
    /// The interface.
    pub dev: IfName,
    /// The IP address.
    pub addr: IpAddr,
    /// The Ethernet address, if it is known.
    pub mac: Option<MacAddr>,
    /// How sure the kernel is.
    pub state: NeighbourState,
    /// Who put it there. What the kernel found out by itself is [`Origin::Kernel`].
    pub origin: Origin,
}

/// How sure the kernel is of a neighbour (`NUD_*`, ip-neighbour(8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NeighbourState {
    /// Set by hand, never asked for.
    Permanent,
    /// Valid without asking.
    Noarp,
    /// Answered a moment ago.
    Reachable,
    /// Answered once; asked again when used.
    Stale,
    /// Used while stale; asked again soon.
    Delay,
    /// Being asked again.
    Probe,
    /// Being asked for the first time.
    Incomplete,
    /// Did not answer.
    Failed,
    /// Just made.
    None,
}

/// An entry of a bridge's forwarding table: the port behind which an Ethernet address lives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FdbEntry {
    /// The bridge.
    pub bridge: IfName,
    /// The Ethernet address.
    pub mac: MacAddr,
    /// The port, or the bridge itself.
    pub dev: IfName,
    /// How long it stays, and what becomes of a frame that it matches.
    pub state: FdbState,
    /// Who put it there. What the bridge learned, and the addresses of its ports, are [`Origin::Kernel`]'s.
    pub origin: Origin,
}

/// How long a forwarding entry stays, and what becomes of a frame that it matches, in the words of bridge(8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FdbState {
    /// Until it is too old: it was learned from a frame.
    Learned,
    /// For good. Frames leave by the port.
    Static,
    /// For good. Frames are for the bridge's own node.
    Permanent,
}
