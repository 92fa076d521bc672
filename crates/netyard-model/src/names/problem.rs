//! The mistakes of `[names]` that only the whole network shows.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::SocketAddr;

use netyard_spec::Code;
use netyard_types::{DomainName, DomainNameError, NodeName};

use crate::problem::List;

/// What stands at a name where a CNAME record must be alone (RFC 1034 §3.6.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beside {
    /// The addresses of a node.
    Node(NodeName),
    /// An alias of a node, which is a CNAME record itself.
    AliasOf(NodeName),
    /// The name is the domain, which has SOA and NS records.
    Domain,
    /// What `wildcard` gives to names that nobody has.
    Wildcard,
    /// Another record of the file, by its type.
    Record(&'static str),
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => write!(f, "the addresses of the node `{node}`"),
            Self::AliasOf(node) => write!(f, "the alias of `{node}`"),
            Self::Domain => f.write_str("the SOA and NS records of the domain"),
            Self::Wildcard => f.write_str("the addresses of `wildcard`"),
            Self::Record(record) => write!(f, "its {record} record"),
        }
    }
}

/// A mistake of `[names]`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameProblem {
    /// A name of the lab's domain that nobody has.
    #[error("nobody has the name `{name}` in `{domain}`")]
    UnknownName {
        /// The name as the file has it, relative to the domain.
        name: DomainName,
        /// The lab's domain.
        domain: DomainName,
        /// The most alike name that somebody has, relative to the domain.
        suggestion: Option<DomainName>,
    },
    /// Records of a name of another domain.
    #[error("`{name}` is no name of `{domain}`")]
    OutsideDomain {
        /// The name.
        name: DomainName,
        /// The lab's domain.
        domain: DomainName,
    },
    /// A name that gets too long in the lab's domain.
    #[error("`{name}` is too long for the lab's domain")]
    NameTooLong {
        /// The name, relative to the domain.
        name: String,
        /// The lab's domain.
        domain: DomainName,
        /// How long it gets.
        source: DomainNameError,
    },
    /// Two entries for one domain name.
    #[error("there is already an entry for `{name}`")]
    DuplicateEntry {
        /// The name, whole.
        name: DomainName,
    },
    /// An entry of `records` without records, and not the `ttl` of a node's either.
    #[error("`{name}` has no record here")]
    NoRecord {
        /// The name, whole.
        name: DomainName,
    },
    /// A CNAME record that is not alone (RFC 1034 §3.6.2).
    #[error("`{name}` cannot have a CNAME record beside {beside}")]
    CnameNotAlone {
        /// The name, whole.
        name: DomainName,
        /// What else it has.
        beside: Beside,
    },
    /// Records of an alias, which is a CNAME record and stands alone (RFC 1034 §3.6.2).
    #[error("`{name}` is an alias of `{node}` and cannot have records of its own")]
    AliasNotAlone {
        /// The alias, whole.
        name: DomainName,
        /// The node.
        node: NodeName,
    },
    /// CNAME records that lead back to where they begin.
    #[error("the CNAME records of {} lead in a circle", List(.names))]
    CnameLoop {
        /// The owners, along the circle.
        names: Vec<DomainName>,
    },
    /// A node that has no address, where one is needed. Link-local ones do not count.
    #[error("`{node}` has no address")]
    NoAddress {
        /// The node.
        node: NodeName,
    },
    /// A node in two views.
    #[error("`{node}` is in two views, `{first}` and `{second}`")]
    TwoViews {
        /// The node.
        node: NodeName,
        /// The view that has it first.
        first: String,
        /// The view that has it again.
        second: String,
    },
    /// A name server that would ask itself for what it does not know.
    #[error("{upstream} is the lab's own name server")]
    ForwardLoop {
        /// The server.
        upstream: SocketAddr,
    },
}

impl NameProblem {
    /// The code of the mistake.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::UnknownName { .. } => Code::UnknownName,
            Self::OutsideDomain { .. } => Code::OutsideDomain,
            Self::NameTooLong { .. } => Code::NameTooLong,
            Self::DuplicateEntry { .. } => Code::DuplicateEntry,
            Self::NoRecord { .. } => Code::MissingKey,
            Self::CnameNotAlone { .. } | Self::AliasNotAlone { .. } => Code::CnameNotAlone,
            Self::CnameLoop { .. } => Code::CnameLoop,
            Self::NoAddress { .. } => Code::NoAddress,
            Self::TwoViews { .. } => Code::TwoViews,
            Self::ForwardLoop { .. } => Code::InvalidValue,
        }
    }
}
