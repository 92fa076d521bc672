//! What goes wrong when a network is observed or changed.

use std::fmt;
use std::io;
use std::path::PathBuf;

use netyard_plan::Step;
use netyard_types::{Endpoint, IfName, MacAddr, NodeName, Prefix, SysctlKey};

use crate::netlink::{NetlinkError, Refusal};
use crate::netns::NamespaceError;

/// What a request to the kernel was about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Object {
    /// The node itself.
    Node,
    /// An interface.
    Link(IfName),
    /// A cable.
    Cable([Endpoint; 2]),
    /// An address of an interface.
    Address(IfName, std::net::IpAddr),
    /// A route.
    Route(Prefix),
    /// An entry of the neighbour table.
    Neighbour(IfName, std::net::IpAddr),
    /// A forwarding entry of a bridge's, by its port.
    Fdb(IfName, MacAddr),
    /// A setting.
    Sysctl(SysctlKey),
    /// The node's hosts file.
    Hosts,
    /// The node's resolver file.
    Resolver,
    /// What the lab's name server answers.
    Names,
}

impl Object {
    /// What `step` is about.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        match step {
            Step::AddNode { .. }
            | Step::DeleteNode { .. }
            | Step::DiscardNode { .. }
            | Step::DiscardStranger { .. } => Self::Node,
            Step::SetSysctl { key, .. } | Step::ResetSysctl { key, .. } => Self::Sysctl(key.clone()),
            Step::AddBridge { link, .. }
            | Step::DeleteLink { link, .. }
            | Step::DiscardLink { link, .. }
            | Step::SetLink { link, .. } => Self::Link(link.clone()),
            Step::AddCable { ends } => Self::Cable([ends[0].at.clone(), ends[1].at.clone()]),
            Step::AddAddress { link, addr, .. } | Step::DeleteAddress { link, addr, .. } => {
                Self::Address(link.clone(), addr.addr)
            }
            Step::AddRoute { route, .. }
            | Step::ReplaceRoute { new: route, .. }
            | Step::DeleteRoute { route, .. } => Self::Route(route.to),
            Step::AddNeighbour { neighbour, .. } | Step::DeleteNeighbour { neighbour, .. } => {
                Self::Neighbour(neighbour.dev.clone(), neighbour.addr)
            }
            Step::AddFdb { entry, .. } | Step::DeleteFdb { entry, .. } => {
                Self::Fdb(entry.dev.clone(), entry.mac)
            }
            Step::WriteHosts { .. } => Self::Hosts,
            Step::WriteResolv { .. } => Self::Resolver,
            Step::WriteNames { .. } => Self::Names,
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => f.write_str("the node itself"),
            Self::Link(link) => write!(f, "interface {link}"),
            Self::Cable([a, b]) => write!(f, "the cable {a} -- {b}"),
            Self::Address(link, addr) => write!(f, "address {addr} of {link}"),
            Self::Route(to) => write!(f, "the route to {to}"),
            Self::Neighbour(link, addr) => write!(f, "neighbour {addr} of {link}"),
            Self::Fdb(port, mac) => write!(f, "the forwarding entry {mac} of {port}"),
            Self::Sysctl(key) => write!(f, "the setting {key}"),
            Self::Hosts => f.write_str("the hosts file"),
            Self::Resolver => f.write_str("the resolver file"),
            Self::Names => f.write_str("the names"),
        }
    }
}

/// What was done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// It was read.
    Read,
    /// It was written.
    Write,
    /// It was removed.
    Remove,
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Remove => "remove",
        })
    }
}

/// An observation or a change that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The kernel refused a request.
    #[error("the kernel refused a change of {object} on node {node}")]
    Refused {
        /// The node.
        node: NodeName,
        /// What the request was about.
        object: Box<Object>,
        /// The error number and the kernel's own words.
        #[source]
        source: Refusal,
    },
    /// There is no such node.
    #[error("there is no node {node}")]
    NoSuchNode {
        /// The node.
        node: NodeName,
    },
    /// A namespace of that name is there.
    #[error("there is a namespace {node} already")]
    NodeExists {
        /// The node.
        node: NodeName,
    },
    /// There is no such interface.
    #[error("there is no interface {at}")]
    NoSuchLink {
        /// The interface.
        at: Endpoint,
    },
    /// A namespace could not be made, entered or removed.
    #[error("the namespace of node {node} failed")]
    Namespace {
        /// The node.
        node: NodeName,
        /// What failed.
        #[source]
        source: NamespaceError,
    },
    /// A namespace whose name no node can have could not be removed.
    #[error("the namespace {name} cannot be removed")]
    Stranger {
        /// The name.
        name: String,
        /// What failed.
        #[source]
        source: NamespaceError,
    },
    /// The directory of the namespaces, or this process itself, is not fit for making namespaces.
    #[error("namespaces cannot be kept here")]
    Setup(#[source] NamespaceError),
    /// A setting could not be read or written.
    #[error("cannot {access} the setting {key} of node {node}")]
    Sysctl {
        /// The node.
        node: NodeName,
        /// The setting.
        key: SysctlKey,
        /// What was done.
        access: Access,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A setting is to be reset that Netyard has not set.
    #[error("netyard has not set {key} of node {node}")]
    SysctlNotSet {
        /// The node.
        node: NodeName,
        /// The setting.
        key: SysctlKey,
    },
    /// A file of a node could not be read or written.
    #[error("cannot {access} {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was done.
        access: Access,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A mark that Netyard has not written so.
    #[error("{} is not a mark of netyard's (line {line})", path.display())]
    Mark {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// A file that does not hold names as Netyard writes them.
    #[error("{} does not hold the names of a lab", path.display())]
    Names {
        /// The file.
        path: PathBuf,
        /// Where it departs from them.
        #[source]
        source: serde_json::Error,
    },
    /// The thread that goes from namespace to namespace could not be started.
    #[error("cannot start a thread")]
    Thread {
        /// What the kernel answered.
        source: io::Error,
    },
    /// The exchange with the kernel failed.
    #[error("talking to the kernel in node {node} failed")]
    Netlink {
        /// The node.
        node: NodeName,
        /// What failed.
        #[source]
        source: NetlinkError,
    },
}

impl KernelError {
    /// What failed on a file.
    pub(crate) fn file(path: impl Into<PathBuf>, access: Access) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, access, source }
    }

    /// What failed in a namespace.
    pub(crate) fn namespace(node: &NodeName) -> impl FnOnce(NamespaceError) -> Self {
        let node = node.clone();
        move |source| Self::Namespace { node, source }
    }

    /// What failed between Netyard and the kernel.
    pub(crate) fn netlink(node: &NodeName) -> impl FnOnce(NetlinkError) -> Self {
        let node = node.clone();
        move |source| Self::Netlink { node, source }
    }
}
