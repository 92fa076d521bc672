//! One step of a plan. A step leaves no choice to whoever carries it out.

use alloc::string::String;
use alloc::sync::Arc;

use netyard_types::{
    Bridge, Endpoint, FdbEntry, IfAddr, IfName, MacAddr, Names, Neighbour, NodeKind, NodeName, Route,
    SysctlKey,
};
use serde::Serialize;

/// One change of the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "step")]
pub enum Step {
    /// Makes a namespace with `lo` switched on, its host name, a hosts file with the `localhost` lines ([`HOSTS_BASE`]), a copy
    /// of the lab's own `resolv.conf` ([`RESOLV_COPY`]), and
    /// `net.ipv4.conf.all.promote_secondaries` set to 1: else the kernel would remove the other addresses of a subnet with
    /// the first one (`__inet_del_ifa()` in net/ipv4/devinet.c), and an address could not be exchanged without a gap.
    ///
    /// [`HOSTS_BASE`]: crate::HOSTS_BASE
    /// [`RESOLV_COPY`]: crate::RESOLV_COPY
    AddNode {
        /// The node.
        node: NodeName,
        /// What it is for.
        kind: NodeKind,
    },
    /// Removes a namespace with all in it; the other ends of its cables go with it.
    DeleteNode {
        /// The node.
        node: NodeName,
    },
    /// Writes a setting. The value it had before Netyard first wrote it is kept for [`Step::ResetSysctl`].
    SetSysctl {
        /// The node.
        node: NodeName,
        /// The setting.
        key: SysctlKey,
        /// The value.
        value: String,
    },
    /// Writes back the value that a setting had before Netyard first wrote it, and forgets it.
    ResetSysctl {
        /// The node.
        node: NodeName,
        /// The setting.
        key: SysctlKey,
    },
    /// Makes a bridge, switched on.
    AddBridge {
        /// The node.
        node: NodeName,
        /// The interface.
        link: IfName,
        /// Its Ethernet address.
        mac: MacAddr,
        /// Its MTU.
        mtu: u32,
        /// Its settings.
        bridge: Bridge,
    },
    /// Makes a cable, both ends straight in their namespaces and switched on.
    AddCable {
        /// Its ends.
        ends: [CableEnd; 2],
    },
    /// Removes an interface; of a cable, both ends.
    DeleteLink {
        /// The node.
        node: NodeName,
        /// The interface.
        link: IfName,
    },
    /// Changes an interface in place.
    SetLink {
        /// The node.
        node: NodeName,
        /// The interface.
        link: IfName,
        /// What changes.
        change: LinkChange,
    },
    /// Adds an address, without duplicate address detection.
    AddAddress {
        /// The node.
        node: NodeName,
        /// The interface.
        link: IfName,
        /// The address.
        addr: IfAddr,
    },
    /// Removes an address.
    DeleteAddress {
        /// The node.
        node: NodeName,
        /// The interface.
        link: IfName,
        /// The address.
        addr: IfAddr,
    },
    /// Adds a route.
    AddRoute {
        /// The node.
        node: NodeName,
        /// The route.
        route: Route,
    },
    /// Puts a route in the place of one with the same key ([`Route::key`]), without a gap.
    ReplaceRoute {
        /// The node.
        node: NodeName,
        /// The route that goes.
        old: Route,
        /// The route that comes.
        new: Route,
    },
    /// Removes a route.
    DeleteRoute {
        /// The node.
        node: NodeName,
        /// The route.
        route: Route,
    },
    /// Adds a permanent neighbour, or replaces the entry of that address.
    AddNeighbour {
        /// The node.
        node: NodeName,
        /// The entry.
        neighbour: Neighbour,
    },
    /// Removes a neighbour.
    DeleteNeighbour {
        /// The node.
        node: NodeName,
        /// The entry.
        neighbour: Neighbour,
    },
    /// Adds a forwarding entry to a bridge.
    AddFdb {
        /// The node.
        node: NodeName,
        /// The entry.
        entry: FdbEntry,
    },
    /// Removes a forwarding entry of a bridge's.
    DeleteFdb {
        /// The node.
        node: NodeName,
        /// The entry.
        entry: FdbEntry,
    },
    /// Removes an interface that a person made and that no step can make. Nothing puts it back, so it comes when all else has
    /// succeeded.
    DiscardLink {
        /// The node.
        node: NodeName,
        /// The interface.
        link: IfName,
    },
    /// Removes the name of a namespace that a person made, and the other ends of its cables. Nothing puts it back, so it comes
    /// when all else has succeeded. A process that runs in it stays there, cut off, until it ends.
    DiscardNode {
        /// The name.
        node: NodeName,
    },
    /// Removes the name of a namespace that a person made and that no node could have.
    DiscardStranger {
        /// The name.
        name: String,
    },
    /// Writes Netyard's lines of the node's hosts file in place of the lines it had there; `None` takes them out.
    WriteHosts {
        /// The node.
        node: NodeName,
        /// The lines, each closed by a newline.
        lines: Option<Arc<str>>,
    },
    /// Writes the node's `resolv.conf`; `None` makes it say what the lab's own says ([`RESOLV_COPY`]).
    ///
    /// [`RESOLV_COPY`]: crate::RESOLV_COPY
    WriteResolv {
        /// The node.
        node: NodeName,
        /// The whole text.
        text: Option<Arc<str>>,
    },
    /// Makes the lab's name server answer this, and nothing else; `None` takes the server away.
    WriteNames {
        /// What it answers, to whom and where.
        names: Option<Arc<Names>>,
    },
}

/// One end of a cable that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CableEnd {
    /// The node and the interface.
    pub at: Endpoint,
    /// The Ethernet address.
    pub mac: MacAddr,
    /// The MTU.
    pub mtu: u32,
    /// The bridge it is a port of.
    pub master: Option<IfName>,
}

/// A change of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkChange {
    /// Switched on or off.
    Up(bool),
    /// The MTU.
    Mtu(u32),
    /// The Ethernet address.
    Mac(MacAddr),
    /// The bridge it is a port of.
    Master(Option<IfName>),
    /// The settings of a bridge.
    Bridge(Bridge),
    /// The group, by which it is known whose it is ([`Origin`](netyard_types::Origin)).
    Group(u32),
}

/// The order of a plan: a step needs only what steps of earlier phases made, so the steps of one phase can be done in any
/// order, and gathered by namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// What must not linger: routes, neighbours, links and nodes that go, and IPv6 addresses that go. The kernel refuses an
    /// IPv6 address that its interface has with another length (`ipv6_add_addr()`), so these cannot wait for those that come.
    Remove,
    /// Namespaces.
    Nodes,
    /// Settings that later interfaces inherit.
    Settings,
    /// Bridges.
    Bridges,
    /// Cables.
    Cables,
    /// Changes of interfaces, and settings of single interfaces.
    Links,
    /// Addresses that come. Those of IPv4 come before others go, so that an interface is never without any: the kernel would
    /// flush its routes (`fib_disable_ip()`).
    AddAddresses,
    /// IPv4 addresses that go.
    DeleteAddresses,
    /// Routes, neighbours and forwarding entries that come.
    Routes,
    /// Hosts files, resolver files, and what the name server answers: a name is not told before what it names is there.
    Names,
    /// What goes and cannot be put back: by now, nothing else can fail.
    Discard,
}

impl Step {
    /// The phase in which the step is done.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self {
            Self::DeleteRoute { route, .. } if !route.can_be_made() => Phase::Discard,
            Self::DeleteNode { .. }
            | Self::DeleteLink { .. }
            | Self::DeleteRoute { .. }
            | Self::DeleteNeighbour { .. }
            | Self::DeleteFdb { .. } => Phase::Remove,
            Self::DeleteAddress { addr, .. } if addr.addr.is_ipv6() => Phase::Remove,
            Self::AddNode { .. } => Phase::Nodes,
            Self::SetSysctl { key, .. } | Self::ResetSysctl { key, .. } => {
                if key.interface().is_some() {
                    Phase::Links
                } else {
                    Phase::Settings
                }
            }
            Self::AddBridge { .. } => Phase::Bridges,
            Self::AddCable { .. } => Phase::Cables,
            Self::SetLink { .. } => Phase::Links,
            Self::AddAddress { .. } => Phase::AddAddresses,
            Self::DeleteAddress { .. } => Phase::DeleteAddresses,
            Self::AddRoute { .. }
            | Self::ReplaceRoute { .. }
            | Self::AddNeighbour { .. }
            | Self::AddFdb { .. } => Phase::Routes,
            Self::WriteHosts { .. } | Self::WriteResolv { .. } | Self::WriteNames { .. } => Phase::Names,
            Self::DiscardLink { .. } | Self::DiscardNode { .. } | Self::DiscardStranger { .. } => {
                Phase::Discard
            }
        }
    }

    /// The node whose namespace the step is carried out in; of a cable, the first end's. `None` if it concerns the whole lab.
    #[must_use]
    pub fn node(&self) -> Option<&NodeName> {
        match self {
            Self::AddNode { node, .. }
            | Self::DeleteNode { node }
            | Self::SetSysctl { node, .. }
            | Self::ResetSysctl { node, .. }
            | Self::AddBridge { node, .. }
            | Self::DeleteLink { node, .. }
            | Self::SetLink { node, .. }
            | Self::AddAddress { node, .. }
            | Self::DeleteAddress { node, .. }
            | Self::AddRoute { node, .. }
            | Self::ReplaceRoute { node, .. }
            | Self::DeleteRoute { node, .. }
            | Self::AddNeighbour { node, .. }
            | Self::DeleteNeighbour { node, .. }
            | Self::AddFdb { node, .. }
            | Self::DeleteFdb { node, .. }
            | Self::DiscardLink { node, .. }
            | Self::DiscardNode { node }
            | Self::WriteHosts { node, .. }
            | Self::WriteResolv { node, .. } => Some(node),
            Self::AddCable { ends } => Some(&ends[0].at.node),
            Self::WriteNames { .. } | Self::DiscardStranger { .. } => None,
        }
    }
}
