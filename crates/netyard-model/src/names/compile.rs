//! What the name server needs to know.

use alloc::collections::{BTreeMap, BTreeSet};
use core::net::IpAddr;

use netyard_types::{LOOPBACK_SERVER, Names, NodeName, View};

use super::{NameService, NameView, reverse, zone};
use crate::network::{Network, NodeId};

/// Writes down what the name server of a network needs to know.
pub(crate) fn compile(network: &Network, service: &NameService) -> Names {
    let mut zones = reverse::reverse(network, &service.domain);
    zones.insert(service.domain.clone(), zone::forward(network, service));
    Names {
        domain: service.domain.clone(),
        ttl: service.ttl,
        name_servers: service.name_servers.clone(),
        servers: servers(network, service),
        zones,
        clients: clients(network),
        views: service.views.iter().map(|view| of_view(network, view)).collect(),
        troubles: service.troubles.clone(),
        forward: service.forward.clone(),
    }
}

fn servers(network: &Network, service: &NameService) -> BTreeMap<NodeName, BTreeSet<IpAddr>> {
    if service.servers.is_empty() {
        let loopback = BTreeSet::from([IpAddr::V4(LOOPBACK_SERVER)]);
        return network.nodes().map(|(_, node)| (node.name.clone(), loopback.clone())).collect();
    }
    let addresses = |&id: &NodeId| (network[id].name.clone(), network.global_addresses(id).collect());
    service.servers.iter().map(addresses).collect()
}

/// Who has an address. Of two nodes with one address on purpose the first is taken for the one that asks.
fn clients(network: &Network) -> BTreeMap<IpAddr, NodeName> {
    let mut clients = BTreeMap::new();
    for (id, node) in network.nodes() {
        for addr in network.global_addresses(id) {
            clients.entry(addr).or_insert_with(|| node.name.clone());
        }
    }
    clients
}

fn of_view(network: &Network, view: &NameView) -> View {
    View {
        name: view.name.clone(),
        nodes: view.nodes.iter().map(|&id| network[id].name.clone()).collect(),
        records: zone::of_view(&view.records),
        troubles: view.troubles.clone(),
    }
}
