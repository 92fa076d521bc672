//! Why the kernel would refuse a step.

use alloc::string::String;
use core::net::IpAddr;

use netyard_types::{Endpoint, IfAddr, IfName, MacAddr, NodeName, Prefix, SysctlKey};

/// Why the kernel would refuse a step. In brackets, the error number it gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// No such namespace (`ENOENT`).
    #[error("there is no node {node}")]
    NoSuchNode {
        /// The node.
        node: NodeName,
    },
    /// No such namespace, of a name that no node can have (`ENOENT`).
    #[error("there is no namespace {name}")]
    NoSuchStranger {
        /// The name.
        name: String,
    },
    /// The namespace exists (`EEXIST`).
    #[error("node {node} exists")]
    NodeExists {
        /// The node.
        node: NodeName,
    },
    /// No such interface (`ENODEV`).
    #[error("there is no link {at}")]
    NoSuchLink {
        /// The interface.
        at: Endpoint,
    },
    /// The interface exists (`EEXIST`).
    #[error("link {at} exists")]
    LinkExists {
        /// The interface.
        at: Endpoint,
    },
    /// `lo` cannot be removed (`EOPNOTSUPP`).
    #[error("link {at} cannot be removed")]
    NotRemovable {
        /// The interface.
        at: Endpoint,
    },
    /// What is named as master is no bridge of the node, or the interface can be no port (`EINVAL`, `ELOOP`).
    #[error("{at} cannot be a port of {master}")]
    BadMaster {
        /// The interface.
        at: Endpoint,
        /// The master.
        master: IfName,
    },
    /// The interface is no bridge (`EOPNOTSUPP`).
    #[error("link {at} is no bridge")]
    NotBridge {
        /// The interface.
        at: Endpoint,
    },
    /// The setting does not exist (`ENOENT`), or there is nothing to reset.
    #[error("node {node} has no setting {key}")]
    NoSuchSetting {
        /// The node.
        node: NodeName,
        /// The setting.
        key: SysctlKey,
    },
    /// The interface has the address (`EEXIST`).
    #[error("{at} has the address {addr}")]
    AddressExists {
        /// The interface.
        at: Endpoint,
        /// The address.
        addr: IfAddr,
    },
    /// The interface does not have the address (`EADDRNOTAVAIL`).
    #[error("{at} does not have the address {addr}")]
    NoSuchAddress {
        /// The interface.
        at: Endpoint,
        /// The address.
        addr: IfAddr,
    },
    /// There is a route with this key (`EEXIST`).
    #[error("node {node} has a route to {to} with this metric")]
    RouteExists {
        /// The node.
        node: NodeName,
        /// Where to.
        to: Prefix,
    },
    /// There is no such route (`ESRCH`).
    #[error("node {node} has no such route to {to}")]
    NoSuchRoute {
        /// The node.
        node: NodeName,
        /// Where to.
        to: Prefix,
    },
    /// The interface that the route leaves by is switched off (`ENETDOWN`).
    #[error("the route to {to} leaves by {at}, which is down")]
    LinkDown {
        /// The interface.
        at: Endpoint,
        /// Where to.
        to: Prefix,
    },
    /// No address and no route of the interface reaches the router (`ENETUNREACH`, `EHOSTUNREACH`).
    #[error("{at} does not reach the router {via}")]
    RouterUnreachable {
        /// The interface.
        at: Endpoint,
        /// The router.
        via: IpAddr,
    },
    /// There is no such forwarding entry (`ENOENT`).
    #[error("{at} has no forwarding entry {mac}")]
    NoSuchEntry {
        /// The port.
        at: Endpoint,
        /// The Ethernet address.
        mac: MacAddr,
    },
    /// There is no such neighbour (`ENOENT`).
    #[error("{at} has no neighbour {addr}")]
    NoSuchNeighbour {
        /// The interface.
        at: Endpoint,
        /// The IP address.
        addr: IpAddr,
    },
}
