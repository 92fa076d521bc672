//! The network that a file describes, with everything decided: names, addresses, Ethernet addresses, routes. Every part
//! remembers its place in the file, so that an explanation can point at it. Holds and finds; decides nothing.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::ops::{Index, IndexMut};

use netyard_spec::{HostNamesBy, Span};
use netyard_types::{
    Bridge, Endpoint, IfAddr, IfName, LabName, MacAddr, NodeKind, NodeName, Prefix, Route, SysctlKey,
};

use crate::names::NameService;

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

impl Family {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Ipv4, Self::Ipv6];

    /// The family of an address.
    #[must_use]
    pub fn of(addr: IpAddr) -> Self {
        if addr.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }

    /// The family of a range.
    #[must_use]
    pub fn of_prefix(prefix: &Prefix) -> Self {
        if prefix.is_ipv4() { Self::Ipv4 } else { Self::Ipv6 }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ipv4 => "IPv4",
            Self::Ipv6 => "IPv6",
        })
    }
}

macro_rules! parts {
    ($($(#[$doc:meta])* $id:ident: $part:ident in $field:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $id(pub(crate) usize);

        impl $id {
            /// Its place in the network's list.
            #[must_use]
            pub fn index(self) -> usize {
                self.0
            }
        }

        impl Index<$id> for Network {
            type Output = $part;
            fn index(&self, id: $id) -> &$part {
                &self.$field[id.0]
            }
        }

        impl IndexMut<$id> for Network {
            fn index_mut(&mut self, id: $id) -> &mut $part {
                &mut self.$field[id.0]
            }
        }
    )* };
}

parts! {
    /// A node of one [`Network`].
    NodeId: Node in nodes;
    /// A port of one [`Network`].
    PortId: Port in ports;
    /// A cable of one [`Network`].
    CableId: Cable in cables;
    /// A segment of one [`Network`].
    SegmentId: Segment in segments;
    /// A subnet of one [`Network`].
    SubnetId: Subnet in subnets;
}

/// A host, a router or a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name, numbered where the file says `count`.
    pub name: NodeName,
    /// What it is for.
    pub kind: NodeKind,
    /// Its name's place in the file; nodes of one `count` share it.
    pub span: Span,
    /// `comment`.
    pub comment: Option<String>,
    /// Further names, in the order of the file.
    pub aliases: Vec<NodeName>,
    /// Its ports. Of a host or router in the order of the file; of a switch the named ones, then those made for the nodes
    /// at the other ends, in the order of these nodes.
    pub ports: Vec<PortId>,
    /// The bridge of a switch.
    pub bridge: Option<BridgePort>,
    /// The file's settings, those of ports included, in the order of the file.
    pub sysctls: Vec<Setting>,
    /// Its routes: those of the file, the default ones, the computed ones.
    pub routes: Vec<NodeRoute>,
}

/// A setting that the file asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The setting.
    pub key: SysctlKey,
    /// Its value.
    pub value: String,
    /// The key's place in the file.
    pub span: Span,
}

/// The bridge of a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BridgePort {
    /// The interface.
    pub name: IfName,
    /// Its Ethernet address.
    pub mac: MacAddr,
    /// The place in the file that gives the Ethernet address, if one does.
    pub mac_span: Option<Span>,
    /// Its MTU: the smallest of its ports, as the kernel adjusts it by itself (`br_mtu_auto_adjust()`).
    pub mtu: u32,
    /// Its settings.
    pub settings: Bridge,
    /// `neighbours = "static"`.
    pub static_neighbours: bool,
}

/// An interface of a node, `lo` and bridges apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// The node.
    pub node: NodeId,
    /// The interface.
    pub name: IfName,
    /// The place in the file that makes it: its name, its entry of `on`, or the end of its cable.
    pub span: Span,
    /// `comment`.
    pub comment: Option<String>,
    /// Its Ethernet address.
    pub mac: MacAddr,
    /// The place in the file that gives the Ethernet address, if one does.
    pub mac_span: Option<Span>,
    /// Its MTU, in bytes.
    pub mtu: u32,
    /// The place in the file that gives the MTU, if one does.
    pub mtu_span: Option<Span>,
    /// Its cable; none if it has none on purpose.
    pub cable: Option<CableId>,
    /// Its segment.
    pub segment: SegmentId,
    /// Its addresses: those of the file, then those assigned.
    pub addresses: Vec<Address>,
}

/// An address of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address and its length.
    pub ip: IfAddr,
    /// The subnet it is of; none if it is of none.
    pub subnet: Option<SubnetId>,
    /// Its place in the file; none if it was assigned.
    pub given: Option<Span>,
}

/// A cable between two ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cable {
    /// Its ends.
    pub ends: [PortId; 2],
    /// The `[[cable]]`, or the entry of `on` that makes it.
    pub span: Span,
    /// `comment`.
    pub comment: Option<String>,
}

/// One broadcast domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment {
    /// The ports on it, those of switches included.
    pub ports: Vec<PortId>,
    /// The switches on it.
    pub switches: Vec<NodeId>,
    /// The routers on it.
    pub routers: Vec<NodeId>,
    /// Its subnets, in the order of the file.
    pub subnets: Vec<SubnetId>,
}

/// A range of addresses of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// The range.
    pub prefix: Prefix,
    /// Its place in the file.
    pub span: Span,
    /// The segment.
    pub segment: SegmentId,
    /// Where the file gives it.
    pub owner: SubnetOwner,
}

/// What a subnet is written at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubnetOwner {
    /// A switch.
    Switch(NodeId),
    /// A `[[cable]]`.
    Cable(CableId),
}

/// A route of a node, and why it is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRoute {
    /// The route.
    pub route: Route,
    /// Why it is there.
    pub source: RouteSource,
}

/// Why a route is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteSource {
    /// The default gateway: the only router there, or the one that the file names at `span`.
    Gateway {
        /// The router; none if the file gives an address.
        router: Option<NodeId>,
        /// `gateway`, if the file has it.
        span: Option<Span>,
    },
    /// An entry of `routes`.
    File {
        /// The entry.
        span: Span,
    },
    /// The shortest path to a subnet.
    ShortestPath,
}

/// A network with everything decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    pub(crate) lab: LabName,
    pub(crate) names_by: HostNamesBy,
    pub(crate) names: Option<NameService>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) ports: Vec<Port>,
    pub(crate) cables: Vec<Cable>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) subnets: Vec<Subnet>,
    pub(crate) node_by_name: BTreeMap<NodeName, NodeId>,
    pub(crate) port_by_name: BTreeMap<(NodeId, IfName), PortId>,
}

impl Network {
    /// A network of nothing.
    pub(crate) fn empty(lab: LabName, names_by: HostNamesBy) -> Self {
        Self {
            lab,
            names_by,
            names: None,
            nodes: Vec::new(),
            ports: Vec::new(),
            cables: Vec::new(),
            segments: Vec::new(),
            subnets: Vec::new(),
            node_by_name: BTreeMap::new(),
            port_by_name: BTreeMap::new(),
        }
    }

    /// The lab's name.
    #[must_use]
    pub fn lab(&self) -> &LabName {
        &self.lab
    }

    /// How nodes find each other's names.
    #[must_use]
    pub fn names_by(&self) -> HostNamesBy {
        self.names_by
    }

    /// What the name server says beside the names of nodes; none if there is no name server.
    #[must_use]
    pub fn names(&self) -> Option<&NameService> {
        self.names.as_ref()
    }

    /// Every node, in the order of the file.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (NodeId, &Node)> {
        self.nodes.iter().enumerate().map(|(i, node)| (NodeId(i), node))
    }

    /// Every port: those of hosts and routers in the order of the file, then those of switches.
    pub fn ports(&self) -> impl ExactSizeIterator<Item = (PortId, &Port)> {
        self.ports.iter().enumerate().map(|(i, port)| (PortId(i), port))
    }

    /// Every cable: those of `on` in the order of the nodes, then those of `[[cable]]`.
    pub fn cables(&self) -> impl ExactSizeIterator<Item = (CableId, &Cable)> {
        self.cables.iter().enumerate().map(|(i, cable)| (CableId(i), cable))
    }

    /// Every segment.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = (SegmentId, &Segment)> {
        self.segments.iter().enumerate().map(|(i, segment)| (SegmentId(i), segment))
    }

    /// Every subnet: those of switches, then those of cables, in the order of the file.
    pub fn subnets(&self) -> impl ExactSizeIterator<Item = (SubnetId, &Subnet)> {
        self.subnets.iter().enumerate().map(|(i, subnet)| (SubnetId(i), subnet))
    }

    /// The node of that name; aliases are not looked at.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<NodeId> {
        self.node_by_name.get(name).copied()
    }

    /// The node of that name or alias.
    #[must_use]
    pub fn node_or_alias(&self, name: &str) -> Option<NodeId> {
        let with_alias =
            || self.nodes().find(|(_, node)| node.aliases.iter().any(|alias| alias.as_str() == name));
        self.node(name).or_else(|| with_alias().map(|(id, _)| id))
    }

    /// The port of that name on a node; the bridge of a switch is none.
    #[must_use]
    pub fn port(&self, node: NodeId, name: &IfName) -> Option<PortId> {
        self.port_by_name.get(&(node, name.clone())).copied()
    }

    /// Who has an address: the first port in the order of the file.
    #[must_use]
    pub fn port_with_address(&self, addr: IpAddr) -> Option<PortId> {
        self.ports().find(|(_, port)| port.addresses.iter().any(|a| a.ip.addr == addr)).map(|(id, _)| id)
    }

    /// The port as `node.interface`.
    #[must_use]
    pub fn endpoint(&self, port: PortId) -> Endpoint {
        let port = &self[port];
        Endpoint::new(self[port.node].name.clone(), port.name.clone())
    }

    /// The port at the other end of a port's cable.
    #[must_use]
    pub fn peer(&self, port: PortId) -> Option<PortId> {
        let [a, b] = self[self[port].cable?].ends;
        Some(if a == port { b } else { a })
    }

    /// The subnets that a port takes its addresses from: those of its cable, else those of its switch, else those of the
    /// segment.
    #[must_use]
    pub fn subnets_of(&self, port: PortId) -> Vec<SubnetId> {
        let cable = self[port].cable.map(SubnetOwner::Cable);
        let switch = self.peer(port).map(|peer| SubnetOwner::Switch(self[peer].node));
        let segment = &self[self[port].segment].subnets;
        let at = |owner: SubnetOwner| segment.iter().copied().filter(move |&id| self[id].owner == owner);
        let own: Vec<_> = cable.into_iter().flat_map(at).collect();
        let own = if own.is_empty() { switch.into_iter().flat_map(at).collect() } else { own };
        if own.is_empty() { segment.clone() } else { own }
    }

    /// Whether the nodes of a segment know each other's Ethernet addresses from the start.
    #[must_use]
    pub fn has_static_neighbours(&self, segment: SegmentId) -> bool {
        let is_static =
            |&id: &NodeId| self[id].bridge.as_ref().is_some_and(|bridge| bridge.static_neighbours);
        self[segment].switches.iter().any(is_static)
    }
}
