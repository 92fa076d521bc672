//! What a node gets for a name, without a message.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netyard_types::{DomainName, NodeName, Trouble};

use crate::Zones;
use crate::answer::MOST_ALIASES;
use crate::find::Found;
use crate::header::rtype;
use crate::index::Entry;
use crate::special::{LOCALHOST, Special, is_bare};
use crate::wire_name::{WireName, from_wire};

/// What a node gets for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lookup {
    /// The names that the name leads to, one after the other, if it is an alias (CNAME).
    pub aliases: Vec<DomainName>,
    /// The addresses of the last of them, in the order of the file: IPv4 before IPv6.
    pub addresses: Vec<IpAddr>,
    /// What the last of them is.
    pub standing: Standing,
    /// What goes wrong with questions for the name. The fields above say what would be answered without it.
    pub trouble: Option<Trouble>,
}

/// What a name is to the server of a lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It exists; maybe without an address.
    Exists,
    /// It is in a zone of the lab, and does not exist. So are names that exist nowhere (RFC 6761).
    Nothing,
    /// It is in no zone of the lab, and another server is asked.
    Forwarded,
    /// It is in no zone of the lab, and questions for it are refused.
    Refused,
}

impl Zones {
    /// What `asker` gets for `name`, or one who is no node of the lab.
    #[must_use]
    pub fn lookup(&self, asker: Option<&NodeName>, name: &DomainName) -> Lookup {
        let view = self.view(asker);
        let mut name = WireName::of(name);
        let trouble = self.trouble(&name, view);
        let mut aliases = Vec::new();
        let mut passed: Vec<&Entry> = Vec::new();
        let (standing, addresses) = loop {
            let entry = match self.find(&name, view) {
                Found::Entry(entry) => entry,
                Found::Nothing { .. } => break (Standing::Nothing, Vec::new()),
                Found::Elsewhere => break self.elsewhere(&name),
            };
            let is_loop =
                passed.len() == MOST_ALIASES || passed.iter().any(|other| core::ptr::eq(*other, entry));
            let alias = entry.set(rtype::CNAME).and_then(|set| set.records.first());
            let addresses = addresses_of(entry);
            let (Some(alias), true, false) = (alias, addresses.is_empty(), is_loop) else {
                break (Standing::Exists, addresses);
            };
            passed.push(entry);
            let target = WireName::read(&alias.bytes, alias.target).zip(from_wire(alias.data()));
            let (wire, domain) = target.expect("it was a domain name");
            name = wire;
            aliases.push(domain);
        };
        Lookup { aliases, addresses, standing, trouble }
    }

    fn elsewhere(&self, name: &WireName) -> (Standing, Vec<IpAddr>) {
        match Special::of(name) {
            Some(Special::Localhost) => {
                (Standing::Exists, Vec::from([IpAddr::V4(LOCALHOST.0), IpAddr::V6(LOCALHOST.1)]))
            }
            Some(Special::Nothing) => (Standing::Nothing, Vec::new()),
            None if self.names.forward.is_empty() && is_bare(name) => (Standing::Nothing, Vec::new()),
            None if self.names.forward.is_empty() => (Standing::Refused, Vec::new()),
            None => (Standing::Forwarded, Vec::new()),
        }
    }
}

fn addresses_of(entry: &Entry) -> Vec<IpAddr> {
    let data = |rtype| entry.set(rtype).into_iter().flat_map(|set| &set.records).map(|record| record.data());
    let v4 = data(rtype::A)
        .filter_map(|data| data.first_chunk::<4>())
        .map(|octets| Ipv4Addr::from(*octets).into());
    let v6 = data(rtype::AAAA)
        .filter_map(|data| data.first_chunk::<16>())
        .map(|octets| Ipv6Addr::from(*octets).into());
    v4.chain(v6).collect()
}
