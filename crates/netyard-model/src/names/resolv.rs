//! How the nodes find the name server (resolv.conf(5)).

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::IpAddr;

use netyard_types::{LOOPBACK_SERVER, NodeState};

use super::NameService;
use crate::network::{Family, Network, NodeId};

/// The most servers that the resolver of the C library asks (`MAXNS` in resolv.h).
const MAX_SERVERS: usize = 3;

/// The `resolv.conf` of every node; nodes that have the same share it.
pub(crate) struct ResolvFiles<'a> {
    network: &'a Network,
    service: &'a NameService,
    written: BTreeMap<Vec<IpAddr>, Arc<str>>,
}

impl<'a> ResolvFiles<'a> {
    /// None written yet.
    pub(crate) fn new(network: &'a Network, service: &'a NameService) -> Self {
        Self { network, service, written: BTreeMap::new() }
    }

    /// The one of a node.
    pub(crate) fn of(&mut self, node: NodeId) -> Arc<str> {
        let servers = servers(self.network, self.service, node);
        let domain = &self.service.domain;
        let write = |servers: &[IpAddr]| {
            let mut text = format!("{}\n", NodeState::RESOLV_MARK);
            for server in servers {
                writeln!(text, "nameserver {server}").expect("a string takes all that is written");
            }
            text + &format!("search {domain}\n")
        };
        self.written.entry(servers).or_insert_with_key(|servers| Arc::from(write(servers))).clone()
    }
}

/// The addresses at which a node asks, in the order in which it does. A server asks itself first. The others are those that it
/// has a family of addresses in common with; a node without addresses has the same as others would.
fn servers(network: &Network, service: &NameService, node: NodeId) -> Vec<IpAddr> {
    if service.servers.is_empty() {
        return Vec::from([IpAddr::V4(LOOPBACK_SERVER)]);
    }
    let own = service.servers.iter().filter(|&&server| server == node);
    let others = service.servers.iter().filter(|&&server| server != node);
    let all = || own.clone().chain(others.clone());
    let reached: Vec<IpAddr> =
        all().filter_map(|&server| reached(network, node, server)).take(MAX_SERVERS).collect();
    if !reached.is_empty() {
        return reached;
    }
    all().filter_map(|&server| network.global_addresses(server).next()).take(MAX_SERVERS).collect()
}

/// The address at which a node reaches a server: its own first one if it is the server; one on a range of the node's; the first
/// of a family that the node has, IPv4 before IPv6.
fn reached(network: &Network, node: NodeId, server: NodeId) -> Option<IpAddr> {
    let addresses = || network.global_addresses(server);
    if node == server {
        return addresses().next();
    }
    let ports = &network[node].ports;
    let ranges = || ports.iter().flat_map(|&port| &network[port].addresses).map(|address| address.ip);
    let near = addresses().find(|&addr| ranges().any(|own| own.prefix().contains(addr)));
    let has = |family: Family| network.global_addresses(node).any(|own| Family::of(own) == family);
    let of = |family: Family| addresses().find(|&addr| has(family) && Family::of(addr) == family);
    near.or_else(|| Family::ALL.into_iter().find_map(of))
}
