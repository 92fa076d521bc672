//! Names by DNS: what the lab's name server answers, to whom, and where.
//!
//! [`decide()`] reads `[names]` and finds its mistakes; [`compile()`] writes down what the server needs to know, with the names
//! and addresses of all nodes; [`ResolvFiles`] is how the nodes find the server. Which answer a question gets is not decided here.

mod cnames;
mod compile;
mod decide;
mod owners;
mod problem;
mod records;
mod resolv;
mod reverse;
mod scope;
mod targets;
mod troubles;
mod zone;

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use netyard_spec::Span;
use netyard_types::{DomainName, Record, Troubles};

pub(crate) use compile::compile;
pub(crate) use decide::decide;
pub use problem::{Beside, NameProblem};
pub(crate) use resolv::ResolvFiles;

use crate::NodeId;
use crate::addresses::is_link_local;
use crate::network::Network;

/// What the name server of a lab says beside the names of its nodes, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameService {
    /// The lab's domain.
    pub domain: DomainName,
    /// How long a resolver may keep an answer that says nothing of its own, in seconds.
    pub ttl: u32,
    /// The nodes that are servers, in the order of the file; without any, every node reaches the server on its own loopback.
    pub servers: Vec<NodeId>,
    /// The names of the servers, in their order; one where every node has its own.
    pub name_servers: Vec<DomainName>,
    /// Who is asked for names of other domains.
    pub forward: Vec<SocketAddr>,
    /// What every name of the domain leads to that nobody has.
    pub wildcard: Vec<IpAddr>,
    /// The records of the file, by the names that own them.
    pub records: BTreeMap<DomainName, NameRecords>,
    /// What some nodes are answered in place of what all others are, in the order of the file.
    pub views: Vec<NameView>,
    /// What goes wrong on purpose.
    pub troubles: Troubles,
}

/// The records that the file gives to a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRecords {
    /// The records, in the order of the file.
    pub records: Vec<Record>,
    /// How long a resolver may keep the records of the name, in seconds, if the file says so; those of a node of that name too.
    pub ttl: Option<u32>,
    /// The name's place in the file.
    pub span: Span,
}

/// What some nodes are answered in place of what all others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameView {
    /// Its name.
    pub name: String,
    /// The name's place in the file.
    pub span: Span,
    /// The nodes. No node has two views.
    pub nodes: BTreeSet<NodeId>,
    /// The records that a name has here are all it has for these nodes.
    pub records: BTreeMap<DomainName, NameRecords>,
    /// What goes wrong for these nodes, before what goes wrong for all.
    pub troubles: Troubles,
}

impl Network {
    /// The addresses by which others reach a node, in the order of its ports. Link-local ones are left out, because they mean
    /// nothing without an interface.
    pub fn global_addresses(&self, node: NodeId) -> impl Iterator<Item = IpAddr> {
        let addresses = self[node].ports.iter().flat_map(|&port| &self[port].addresses);
        addresses.map(|address| address.ip.addr).filter(|&addr| !is_link_local(addr))
    }
}
