//! The names that a lab serves by DNS: what is answered, to whom, and where.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::{DomainName, NodeName};

/// Where a node reaches the server of its lab when no node of the lab is the server.
pub const LOOPBACK_SERVER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 53);

/// Records by the names that own them. The records of a name are in the order in which they are answered first.
pub type Records = BTreeMap<DomainName, Vec<Record>>;

/// Everything that the name server of a lab needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// The lab's domain, `office.test`: its zone is one of `zones`.
    pub domain: DomainName,
    /// How long a resolver may keep an answer that says nothing of its own, and one that says that there is nothing
    /// (RFC 2308 §5), in seconds.
    pub ttl: u32,
    /// The names of the servers (NS records); the first is the primary (MNAME of the SOA record). Never empty.
    pub name_servers: Vec<DomainName>,
    /// Where the server listens, on port 53: the nodes with the addresses on each.
    pub servers: BTreeMap<NodeName, BTreeSet<IpAddr>>,
    /// The zones by their apexes: the lab's domain and the reverse zones. No apex stands below another. SOA and NS records are
    /// not among the records; every zone has them at its apex.
    pub zones: BTreeMap<DomainName, Records>,
    /// Who has an address: how the server knows which node asks. A node that asks over its own loopback needs none.
    pub clients: BTreeMap<IpAddr, NodeName>,
    /// What some nodes are answered in place of what all others are.
    pub views: Vec<View>,
    /// What goes wrong on purpose.
    pub troubles: Troubles,
    /// The servers that are asked for names of other zones. Without any such questions are refused.
    pub forward: Vec<SocketAddr>,
}

impl Names {
    /// The view that a node has, if it has one of its own.
    #[must_use]
    pub fn view_of(&self, node: &NodeName) -> Option<&View> {
        self.views.iter().find(|view| view.nodes.contains(node))
    }
}

/// What some nodes are answered in place of what all others are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// Its name in the file.
    pub name: String,
    /// The nodes. No node has two views.
    pub nodes: BTreeSet<NodeName>,
    /// Records of the lab's domain. The records that a name has here are all it has for these nodes.
    pub records: Records,
    /// What goes wrong for these nodes, before what goes wrong for all.
    pub troubles: Troubles,
}

/// A record without its owner.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Record {
    /// How long a resolver may keep it, in seconds, if it says so itself.
    pub ttl: Option<u32>,
    /// What it says.
    pub data: RecordData,
}

impl From<RecordData> for Record {
    fn from(data: RecordData) -> Self {
        Self { ttl: None, data }
    }
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RecordData {
    /// An IPv4 address (RFC 1035 §3.4.1).
    A(Ipv4Addr),
    /// An IPv6 address (RFC 3596 §2.2).
    Aaaa(Ipv6Addr),
    /// The name that the owner is another name of (RFC 1035 §3.3.1). It stands alone.
    Cname(DomainName),
    /// The name of an address (RFC 1035 §3.3.12).
    Ptr(DomainName),
    /// A text (RFC 1035 §3.3.14), of any length that fits into a message; sent in pieces of 255 bytes.
    Txt(String),
    /// Where a service is (RFC 2782).
    Srv {
        /// The lowest is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: DomainName,
    },
    /// Where mail goes (RFC 1035 §3.3.9).
    Mx {
        /// The lowest is tried first.
        preference: u16,
        /// The host.
        exchange: DomainName,
    },
}

impl RecordData {
    /// The name of its type.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::A(_) => "A",
            Self::Aaaa(_) => "AAAA",
            Self::Cname(_) => "CNAME",
            Self::Ptr(_) => "PTR",
            Self::Txt(_) => "TXT",
            Self::Srv { .. } => "SRV",
            Self::Mx { .. } => "MX",
        }
    }

    /// The record that says that a name has an address.
    #[must_use]
    pub fn address(addr: IpAddr) -> Self {
        match addr {
            IpAddr::V4(addr) => Self::A(addr),
            IpAddr::V6(addr) => Self::Aaaa(addr),
        }
    }
}

/// What goes wrong on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Troubles {
    /// With every question that has no trouble of its own.
    pub all: Option<Trouble>,
    /// With questions for one name.
    pub names: BTreeMap<DomainName, Trouble>,
}

impl Troubles {
    /// What goes wrong with questions for `name`.
    #[must_use]
    pub fn of(&self, name: &DomainName) -> Option<&Trouble> {
        self.names.get(name).or(self.all.as_ref())
    }
}

/// What goes wrong with an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// It comes this much later, in milliseconds.
    pub slow_ms: u32,
    /// It is another one.
    pub answer: Option<BadAnswer>,
}

/// An answer in place of the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BadAnswer {
    /// The server has failed (RCODE 2).
    Servfail,
    /// There is no such name (RCODE 3).
    Nxdomain,
    /// None at all.
    Drop,
    /// Over UDP nothing but the flag TC, so that the asker tries TCP; over TCP the right one.
    Truncate,
}

impl BadAnswer {
    /// The word of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Servfail => "servfail",
            Self::Nxdomain => "nxdomain",
            Self::Drop => "drop",
            Self::Truncate => "truncate",
        }
    }
}
