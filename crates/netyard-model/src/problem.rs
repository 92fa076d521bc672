//! The mistakes that a well-formed file can still hold. Only facts: hints are made by whoever shows them, from the fields.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use netyard_spec::{Code, Mistake};
use netyard_types::{Endpoint, IfName, NameError, NodeKind, NodeName, Prefix};

use crate::{Family, NameProblem};

/// What a name in the file has to be the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Any node.
    Node,
    /// A switch.
    Switch,
    /// A router.
    Router,
    /// A host or a router: a node that has addresses.
    Station,
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Node => "node",
            Self::Switch => "switch",
            Self::Router => "router",
            Self::Station => "host or router",
        })
    }
}

/// A next hop as the file writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// The name of a router.
    Node(NodeName),
    /// An address.
    Address(IpAddr),
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(name) => name.fmt(f),
            Self::Address(addr) => addr.fmt(f),
        }
    }
}

/// Why a next hop cannot be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// No range of an interface holds the address, or the router has none that one holds.
    NotOnLink,
    /// The address is the node's own.
    Own,
    /// The address names a whole range or reaches everybody on it.
    NotUnicast,
}

/// A mistake.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A name that no node has.
    #[error("no {wanted} is named `{name}`")]
    UnknownNode {
        /// The name.
        name: NodeName,
        /// What it had to be.
        wanted: Wanted,
        /// The most alike name of such a node.
        suggestion: Option<NodeName>,
    },
    /// A name of a node of the wrong kind.
    #[error("`{name}` is a {found}, and a {wanted} must stand here")]
    WrongKind {
        /// The name.
        name: NodeName,
        /// What it is.
        found: NodeKind,
        /// What it had to be.
        wanted: Wanted,
    },
    /// An interface that its node does not have.
    #[error("`{node}` has no interface `{port}`")]
    UnknownPort {
        /// The node.
        node: NodeName,
        /// The interface.
        port: String,
        /// The interfaces that it has.
        candidates: Vec<IfName>,
    },
    /// A numbered name that is none.
    #[error("`{name}` is no name of a node")]
    InvalidName {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: NameError,
    },
    /// More nodes than a lab can have.
    #[error("{count} more nodes are too many: a lab can have {max} in all")]
    CountTooLarge {
        /// How many the file asks for.
        count: u32,
        /// The most that a lab can have.
        max: u32,
    },
    /// One name twice.
    #[error("the name `{name}` is taken")]
    DuplicateName {
        /// The name.
        name: NodeName,
    },
    /// One interface twice, or with two cables.
    #[error("`{at}` is there twice or has two cables")]
    DuplicatePort {
        /// The interface.
        at: Endpoint,
    },
    /// One address twice.
    #[error("the address {addr} is used by `{first}` and by `{second}`")]
    DuplicateAddress {
        /// The address.
        addr: IpAddr,
        /// Who has it first.
        first: Endpoint,
        /// Who has it again.
        second: Endpoint,
    },
    /// One Ethernet address twice.
    #[error("the Ethernet address {mac} is used by `{first}` and by `{second}`")]
    DuplicateMac {
        /// The Ethernet address.
        mac: netyard_types::MacAddr,
        /// Who has it first.
        first: Endpoint,
        /// Who has it again.
        second: Endpoint,
    },
    /// An address outside of the subnets of its segment.
    #[error("the address {addr} is outside of {}", List(.subnets))]
    OutsideSubnet {
        /// The address.
        addr: IpAddr,
        /// The subnets of its family there.
        subnets: Vec<Prefix>,
    },
    /// An address whose length is not its subnet's.
    #[error("the address {addr}/{len} is in {subnet}, whose length is not {len}")]
    WrongPrefix {
        /// The address.
        addr: IpAddr,
        /// Its length.
        len: u8,
        /// The subnet.
        subnet: Prefix,
    },
    /// An address without a length where no subnet gives one.
    #[error("the address {addr} has no length, and its segment has no {family} subnet")]
    NoPrefixLength {
        /// The address.
        addr: IpAddr,
        /// Its family.
        family: Family,
    },
    /// The first address of a subnet (RFC 950 §2.1, RFC 4291 §2.6.1).
    #[error("{addr} is the first address of {subnet}, which names the subnet itself")]
    NetworkAddress {
        /// The address.
        addr: IpAddr,
        /// Its range.
        subnet: Prefix,
    },
    /// The last address of an IPv4 subnet (RFC 919 §7).
    #[error("{addr} is the last address of {subnet}, which reaches everybody on it")]
    BroadcastAddress {
        /// The address.
        addr: IpAddr,
        /// Its range.
        subnet: Prefix,
    },
    /// Two subnets with addresses in common.
    #[error("the subnets {subnet} and {other} overlap")]
    OverlappingSubnets {
        /// The later one.
        subnet: Prefix,
        /// The earlier one.
        other: Prefix,
    },
    /// More interfaces than addresses.
    #[error("{subnet} has {usable} usable addresses, and {needed} are needed")]
    SubnetTooSmall {
        /// The subnet.
        subnet: Prefix,
        /// How many interfaces can have an address of it.
        usable: u128,
        /// How many are needed, given ones included.
        needed: u128,
        /// The length that would be enough.
        enough: Option<u8>,
    },
    /// Several routers, and none named.
    #[error("`{node}` has several routers to choose its {family} gateway from")]
    AmbiguousGateway {
        /// The node.
        node: NodeName,
        /// The family.
        family: Family,
        /// The routers.
        candidates: Vec<NodeName>,
    },
    /// A next hop that the node cannot send to.
    #[error("`{node}` cannot reach `{via}` directly{}", match .reason {
        Unreachable::NotOnLink => "",
        Unreachable::Own => ": it is its own address",
        Unreachable::NotUnicast => ": it is no address of one interface",
    })]
    UnreachableGateway {
        /// The node.
        node: NodeName,
        /// The next hop.
        via: Via,
        /// Why.
        reason: Unreachable,
        /// The routers that it can reach.
        candidates: Vec<NodeName>,
    },
    /// More gateways than families.
    #[error("`{via}` is one gateway too many: a node has one for IPv4 and one for IPv6")]
    SurplusGateway {
        /// The gateway.
        via: Via,
    },
    /// A next hop of the other family.
    #[error("{via} and {to} are not of one address family")]
    FamilyMismatch {
        /// Where the route leads.
        to: Prefix,
        /// The next hop.
        via: IpAddr,
    },
    /// Two routes with one key.
    #[error("`{node}` has two routes to {to} with metric {metric}")]
    DuplicateRoute {
        /// The node.
        node: NodeName,
        /// Where they lead.
        to: Prefix,
        /// Their metric.
        metric: u32,
    },
    /// A port without a cable, or a host or router without any port.
    #[error("`{node}` has no cable{}", InPort(.port.as_ref()))]
    UnconnectedPort {
        /// The node.
        node: NodeName,
        /// The port; none if the node has no port at all.
        port: Option<IfName>,
    },
    /// A cable with both ends on one node.
    #[error("the cable leads from `{node}` back to `{node}`")]
    SelfCable {
        /// The node.
        node: NodeName,
    },
    /// Switches in a loop, none of which runs the spanning tree protocol.
    #[error("the switches {} form a loop without a spanning tree", List(.switches))]
    SwitchLoop {
        /// The switches, along the loop.
        switches: Vec<NodeName>,
    },
    /// More ports than a bridge can have.
    #[error("`{switch}` has {ports} ports; a bridge has room for {max}")]
    TooManyPorts {
        /// The switch.
        switch: NodeName,
        /// How many it would have.
        ports: usize,
        /// The most that the kernel allows.
        max: usize,
    },
    /// IPv6 on an interface that cannot carry it (RFC 8200 §5).
    #[error("`{at}` has an IPv6 address and an MTU of {mtu}, less than {min}")]
    MtuBelowIpv6 {
        /// The interface.
        at: Endpoint,
        /// Its MTU, in bytes.
        mtu: u32,
        /// The smallest that IPv6 works with.
        min: u32,
    },
    /// A mistake of `[names]`.
    #[error(transparent)]
    Names(#[from] NameProblem),
}

impl Problem {
    /// The code by which `allow` speaks of it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::UnknownNode { .. } => Code::UnknownNode,
            Self::WrongKind { .. } => Code::WrongKind,
            Self::UnknownPort { .. } => Code::UnknownPort,
            Self::InvalidName { .. } => Code::InvalidName,
            Self::CountTooLarge { .. } => Code::CountTooLarge,
            Self::DuplicateName { .. } => Code::DuplicateName,
            Self::DuplicatePort { .. } => Code::DuplicatePort,
            Self::DuplicateAddress { .. } => Code::DuplicateAddress,
            Self::DuplicateMac { .. } => Code::DuplicateMac,
            Self::OutsideSubnet { .. } => Code::OutsideSubnet,
            Self::WrongPrefix { .. } => Code::WrongPrefix,
            Self::NoPrefixLength { .. } => Code::NoPrefixLength,
            Self::NetworkAddress { .. } => Code::NetworkAddress,
            Self::BroadcastAddress { .. } => Code::BroadcastAddress,
            Self::OverlappingSubnets { .. } => Code::OverlappingSubnets,
            Self::SubnetTooSmall { .. } => Code::SubnetTooSmall,
            Self::AmbiguousGateway { .. } => Code::AmbiguousGateway,
            Self::UnreachableGateway { .. } => Code::UnreachableGateway,
            Self::SurplusGateway { .. } | Self::FamilyMismatch { .. } => Code::InvalidValue,
            Self::DuplicateRoute { .. } => Code::DuplicateRoute,
            Self::UnconnectedPort { .. } => Code::UnconnectedPort,
            Self::SelfCable { .. } => Code::SelfCable,
            Self::SwitchLoop { .. } => Code::SwitchLoop,
            Self::TooManyPorts { .. } => Code::TooManyPorts,
            Self::MtuBelowIpv6 { .. } => Code::InvalidMtu,
            Self::Names(problem) => problem.code(),
        }
    }
}

impl Mistake for Problem {
    fn code(&self) -> Code {
        // The inherent method, for those who have not imported the trait.
        Self::code(self)
    }
}

/// Several things in a sentence.
pub(crate) struct List<'a, T>(pub(crate) &'a [T]);

impl<T: fmt::Display> fmt::Display for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, item) in self.0.iter().enumerate() {
            let separator = match i {
                0 => "",
                _ if i + 1 == self.0.len() => " and ",
                _ => ", ",
            };
            write!(f, "{separator}{item}")?;
        }
        Ok(())
    }
}

/// ` in …`, or nothing where the node itself is meant.
struct InPort<'a>(Option<&'a IfName>);

impl fmt::Display for InPort<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |port| write!(f, " in `{port}`"))
    }
}
