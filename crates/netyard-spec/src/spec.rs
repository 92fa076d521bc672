//! What the file says, with its place on every value. Nothing is resolved here and nothing is guessed.

use alloc::string::String;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::Range;

use netyard_types::{IfName, LabName, MacAddr, NodeKind, NodeName, Prefix, SysctlKey};

use crate::{Code, HostNamesBy, NamesSpec};

/// A place in the file: a range of bytes.
pub type Span = Range<usize>;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Spec {
    /// `name`.
    pub name: Option<Spanned<LabName>>,
    /// `comment`.
    pub comment: Option<String>,
    /// `[names]`.
    pub names: Option<NamesSpec>,
    /// `allow`: mistakes that are made on purpose.
    pub allow: Vec<Spanned<Code>>,
    /// `[host.…]`, `[router.…]` and `[switch.…]`, in the order of the file.
    pub nodes: Vec<NodeSpec>,
    /// `[[cable]]`, in the order of the file.
    pub cables: Vec<CableSpec>,
}

impl Spec {
    /// How nodes find each other's names.
    #[must_use]
    pub fn names_by(&self) -> HostNamesBy {
        let by = self.names.as_ref().and_then(|names| names.by.as_ref());
        by.map(|by| by.value).unwrap_or_default()
    }
}

/// A node, or `count` of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeSpec {
    /// Its name; with `count`, the name before the number.
    pub name: Spanned<NodeName>,
    /// `comment`.
    pub comment: Option<String>,
    /// `sysctl`, in the order of the file.
    pub sysctl: Vec<(Spanned<SysctlKey>, Spanned<String>)>,
    /// What only its kind has.
    pub body: NodeBody,
}

impl NodeSpec {
    /// The kind of the node.
    #[must_use]
    pub fn kind(&self) -> NodeKind {
        match self.body {
            NodeBody::Host(_) => NodeKind::Host,
            NodeBody::Router(_) => NodeKind::Router,
            NodeBody::Switch(_) => NodeKind::Switch,
        }
    }
}

/// What only one kind of node has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeBody {
    /// `[host.…]`.
    Host(StationSpec),
    /// `[router.…]`.
    Router(StationSpec),
    /// `[switch.…]`.
    Switch(SwitchSpec),
}

/// A host or a router.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StationSpec {
    /// `count`: this many, numbered from 1.
    pub count: Option<Spanned<u32>>,
    /// `on`: the switches of `eth0`, `eth1`, …
    pub on: Vec<Spanned<NodeName>>,
    /// `address`, `mac`, `mtu` written beside `on`: those of `eth0`.
    pub first_port: PortSettings,
    /// `ports.NAME`, in the order of the file.
    pub ports: Vec<PortSpec>,
    /// `aliases`: further names.
    pub aliases: Vec<Spanned<NodeName>>,
    /// `gateway`; a list gives one an address family.
    pub gateway: Vec<Spanned<GatewaySpec>>,
    /// `routes`.
    pub routes: Vec<RouteSpec>,
    /// `routing = "none"` on a router: no routes are computed for it.
    pub no_routing: bool,
}

/// `ports.NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortSpec {
    /// The interface.
    pub name: Spanned<IfName>,
    /// `on`: the switch; none if a `[[cable]]` says where it goes.
    pub on: Option<Spanned<NodeName>>,
    /// `comment`.
    pub comment: Option<String>,
    /// The rest.
    pub settings: PortSettings,
}

/// What can be said of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PortSettings {
    /// `address`; `Some` of nothing if the file says `[]`: none are assigned then.
    pub address: Option<Spanned<Vec<Spanned<AddressSpec>>>>,
    /// `mac`.
    pub mac: Option<Spanned<MacAddr>>,
    /// `mtu`, in bytes.
    pub mtu: Option<Spanned<u32>>,
    /// `sysctl` of a port. A key may be short there (`ipv4.rp_filter`); the full key, with the interface's name, is held.
    pub sysctl: Vec<(Spanned<SysctlKey>, Spanned<String>)>,
}

/// An address, with or without a prefix length of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressSpec {
    /// The address.
    pub addr: IpAddr,
    /// The length, if the file gives one.
    pub len: Option<u8>,
}

/// `gateway`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewaySpec {
    /// A router, by name.
    Node(NodeName),
    /// An address.
    Address(IpAddr),
    /// `"none"`: no default route.
    None,
}

/// One entry of `routes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteSpec {
    /// Where the entry stands.
    pub span: Span,
    /// `to`; `"default"` is the default route of `via`'s family, of IPv4 without `via`.
    pub to: Spanned<RouteTo>,
    /// What to do.
    pub target: RouteTarget,
    /// `metric`.
    pub metric: Option<Spanned<u32>>,
}

/// `to` of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteTo {
    /// `"default"`.
    Default,
    /// A range.
    Prefix(Prefix),
}

/// What a route of the file does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteTarget {
    /// `via`: addresses or names of routers, several for multipath; `dev` where the interface is not clear.
    Via {
        /// The next hops.
        via: Vec<Spanned<GatewaySpec>>,
        /// The interface, if the file names it.
        dev: Option<Spanned<IfName>>,
    },
    /// `dev` alone: the range is reached directly.
    Dev(Spanned<IfName>),
    /// `type = "blackhole"`.
    Blackhole,
    /// `type = "unreachable"`.
    Unreachable,
    /// `type = "prohibit"`.
    Prohibit,
}

/// `[switch.…]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SwitchSpec {
    /// `subnet`.
    pub subnet: Vec<Spanned<Prefix>>,
    /// `stp`.
    pub stp: Option<Spanned<bool>>,
    /// `priority` in the spanning tree.
    pub priority: Option<Spanned<u16>>,
    /// `ageing` of learned addresses, in hundredths of a second, the kernel's unit.
    pub ageing_cs: Option<Spanned<u32>>,
    /// `mac` of the bridge.
    pub mac: Option<Spanned<MacAddr>>,
    /// `mtu` of the bridge and of every port on it, both ends.
    pub mtu: Option<Spanned<u32>>,
    /// `neighbours = "static"`: permanent neighbour entries instead of ARP and neighbour discovery.
    pub static_neighbours: bool,
}

/// `[[cable]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CableSpec {
    /// Where the entry stands.
    pub span: Span,
    /// `between`.
    pub between: [Spanned<CableEnd>; 2],
    /// `subnet`.
    pub subnet: Vec<Spanned<Prefix>>,
    /// `mtu` of both ends.
    pub mtu: Option<Spanned<u32>>,
    /// `comment`.
    pub comment: Option<String>,
}

/// One end of a cable: `node` or `node.interface`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CableEnd {
    /// The node.
    pub node: NodeName,
    /// The interface, if the file names it.
    pub port: Option<IfName>,
}
