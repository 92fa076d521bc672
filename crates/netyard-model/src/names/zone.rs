//! The zone of the lab's domain: the names of nodes, and the records of the file beside them.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_types::{DomainName, LOOPBACK_SERVER, Record, RecordData, Records};

use super::{NameRecords, NameService};
use crate::network::{Network, NodeId};

/// The records of the nodes that have addresses: those addresses, and a CNAME record for each alias. Names that get too long are
/// left out.
pub(super) fn of_nodes(network: &Network, domain: &DomainName) -> Records {
    let mut zone = Records::new();
    for (id, node) in network.nodes() {
        let addresses = addresses(network, id);
        let Ok(owner) = domain.with_labels(node.name.as_str()) else { continue };
        if addresses.is_empty() {
            continue;
        }
        for alias in &node.aliases {
            if let Ok(alias) = domain.with_labels(alias.as_str()) {
                zone.insert(alias, Vec::from([RecordData::Cname(owner.clone()).into()]));
            }
        }
        zone.insert(owner, addresses.into_iter().map(|addr| RecordData::address(addr).into()).collect());
    }
    zone
}

/// The addresses of a node, each once.
pub(super) fn addresses(network: &Network, node: NodeId) -> Vec<IpAddr> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for addr in network.global_addresses(node) {
        if !addresses.contains(&addr) {
            addresses.push(addr);
        }
    }
    addresses
}

/// The whole zone.
pub(super) fn forward(network: &Network, service: &NameService) -> Records {
    let mut zone = of_nodes(network, &service.domain);
    if let ([], [name]) = (&service.servers[..], &service.name_servers[..]) {
        zone.insert(name.clone(), Vec::from([RecordData::A(LOOPBACK_SERVER).into()]));
    }
    if !service.wildcard.is_empty() {
        let addresses = service.wildcard.iter().map(|&addr| RecordData::address(addr).into());
        zone.insert(of_all(&service.domain), addresses.collect());
    }
    for (owner, added) in &service.records {
        add(zone.entry(owner.clone()).or_default(), added);
    }
    zone
}

/// The name that stands for all names that nobody has (RFC 4592).
pub(super) fn of_all(domain: &DomainName) -> DomainName {
    domain.with_labels("*").expect("a domain leaves room for longer names than `*`")
}

/// Adds the records of the file to those that a name has already. No record is there twice (RFC 2181 §5), and the time to live
/// is one for all records of a name: those of one type must have the same (RFC 2181 §5.2).
fn add(records: &mut Vec<Record>, added: &NameRecords) {
    for new in &added.records {
        if !records.iter().any(|record| record.data == new.data) {
            records.push(new.clone());
        }
    }
    for record in records {
        record.ttl = added.ttl;
    }
}

/// The records of a view.
pub(super) fn of_view(given: &BTreeMap<DomainName, NameRecords>) -> Records {
    let mut zone = Records::new();
    for (owner, added) in given {
        add(zone.entry(owner.clone()).or_default(), added);
    }
    zone
}
