//! `[names]`: how nodes find each other's names, and what the lab's name server says beside that.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use netyard_types::{DomainName, DomainNameError, NodeName, Trouble};

use crate::Spanned;

/// `[names] by`: how nodes find each other's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HostNamesBy {
    /// By asking the lab's name server.
    #[default]
    Dns,
    /// By a hosts file on every node.
    Hosts,
    /// Not at all.
    None,
}

/// `[names]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamesSpec {
    /// `by`.
    pub by: Option<Spanned<HostNamesBy>>,
    /// `domain`.
    pub domain: Option<Spanned<DomainName>>,
    /// `ttl`, in seconds.
    pub ttl: Option<Spanned<u32>>,
    /// `server`: the nodes that are name servers; without any, every node has the server on its own loopback.
    pub server: Vec<Spanned<NodeName>>,
    /// `forward`: who is asked for names of other domains. The port is 53 unless the file gives another.
    pub forward: Vec<Spanned<SocketAddr>>,
    /// `wildcard`: what every name of the domain resolves to that nobody has.
    pub wildcard: Vec<Spanned<NodeOrAddress>>,
    /// `records`, in the order of the file.
    pub records: Vec<RecordsSpec>,
    /// `view`, in the order of the file.
    pub views: Vec<ViewSpec>,
    /// `trouble`, in the order of the file.
    pub troubles: Vec<TroubleSpec>,
}

/// A domain name as a zone file has it (RFC 1035 §5.1): relative to the lab's domain, unless a dot stands at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NameSpec {
    /// `@`: the lab's domain itself.
    Domain,
    /// `www`: a name of the lab's domain.
    Relative(DomainName),
    /// `www.office.test.`: a whole name.
    Absolute(DomainName),
}

impl NameSpec {
    /// The whole name.
    ///
    /// # Errors
    /// When it gets too long.
    pub fn in_domain(&self, domain: &DomainName) -> Result<DomainName, DomainNameError> {
        match self {
            Self::Domain => Ok(domain.clone()),
            Self::Relative(name) => domain.with_labels(name.as_str()),
            Self::Absolute(name) => Ok(name.clone()),
        }
    }
}

impl fmt::Display for NameSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain => f.write_str("@"),
            Self::Relative(name) => write!(f, "{name}"),
            Self::Absolute(name) => write!(f, "{name}."),
        }
    }
}

/// Whose address something is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeOrAddress {
    /// That of a host or router; of a `count` those of all of them.
    Node(NodeName),
    /// This one.
    Address(IpAddr),
}

/// The records of one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordsSpec {
    /// Whose they are.
    pub owner: Spanned<NameSpec>,
    /// `ttl`, in seconds.
    pub ttl: Option<Spanned<u32>>,
    /// Whether the file gives it records, good ones or not.
    pub has_records: bool,
    /// The good records: by type in the order in which the types are explained, those of one type in the order of the file.
    pub records: Vec<Spanned<RecordSpec>>,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordSpec {
    /// `A`.
    A(Ipv4Addr),
    /// `AAAA`.
    Aaaa(Ipv6Addr),
    /// `CNAME`.
    Cname(NameSpec),
    /// `TXT`.
    Txt(String),
    /// `SRV`: `0 5 80 web1`.
    Srv {
        /// The lowest is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: NameSpec,
    },
    /// `MX`: `10 mail`.
    Mx {
        /// The lowest is tried first.
        preference: u16,
        /// The host.
        exchange: NameSpec,
    },
}

impl RecordSpec {
    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::A(_) => "A",
            Self::Aaaa(_) => "AAAA",
            Self::Cname(_) => "CNAME",
            Self::Txt(_) => "TXT",
            Self::Srv { .. } => "SRV",
            Self::Mx { .. } => "MX",
        }
    }

    /// The name that it leads to.
    #[must_use]
    pub fn target(&self) -> Option<&NameSpec> {
        match self {
            Self::Cname(target) | Self::Srv { target, .. } | Self::Mx { exchange: target, .. } => {
                Some(target)
            }
            Self::A(_) | Self::Aaaa(_) | Self::Txt(_) => None,
        }
    }
}

/// `view.NAME`: what some nodes are answered in place of what all others are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewSpec {
    /// Its name.
    pub name: Spanned<String>,
    /// `nodes`.
    pub nodes: Vec<Spanned<NodeName>>,
    /// `records`, in the order of the file.
    pub records: Vec<RecordsSpec>,
    /// `trouble`, in the order of the file.
    pub troubles: Vec<TroubleSpec>,
}

/// An entry of `trouble`: what goes wrong with the answers for one name, or for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TroubleSpec {
    /// The name; none stands for `"*"`, all names.
    pub name: Spanned<Option<NameSpec>>,
    /// What goes wrong.
    pub trouble: Trouble,
}
