//! What nodes remember of a network that has changed since: which Ethernet address an IP address had, behind which port an
//! Ethernet address lived. Left alone, packets would go there until the memory fades, seconds to minutes later.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use netyard_types::{FdbState, IfName, LinkKind, MacAddr, Neighbour, NetState, NodeState, Origin};

use crate::error::KernelError;
use crate::kernel::LinuxKernel;
use crate::netlink::{self, Batch};
use crate::observe;

impl LinuxKernel {
    /// Makes the nodes forget what `state`, the last observation, shows them to remember otherwise than `wanted` has it.
    /// What a person set stays.
    ///
    /// # Errors
    /// When a node cannot be reached. An entry that has faded meanwhile is no error.
    pub fn forget(&mut self, state: &NetState, wanted: &NetState) -> Result<(), KernelError> {
        let owners = owners(wanted);
        let forgetful: Vec<_> = wanted
            .nodes
            .keys()
            .filter_map(|name| Some((name, state.nodes.get(name)?)))
            .filter(|(_, node)| stale(node, &owners).next().is_some() || !learned(node).is_empty())
            .collect();
        if forgetful.is_empty() {
            return Ok(());
        }
        let links = observe::list_links(&self.paths, forgetful.iter().map(|(name, _)| (*name).clone()))?;
        for (name, node) in forgetful {
            let links = links.get(name).map(Vec::as_slice).unwrap_or_default();
            let index = |name: &IfName| links.iter().find(|link| link.name == *name).map(|link| link.index);
            let neighbours = stale(node, &owners)
                .filter_map(|entry| Some(netlink::delete_neighbour(index(&entry.dev)?, entry)));
            let bridges = learned(node);
            let tables = bridges.iter().filter_map(|bridge| Some(netlink::flush_fdb(index(bridge)?)));
            let mut batch = Batch::default();
            for request in neighbours.chain(tables) {
                batch.push(request, 0);
            }
            // The kernel refuses only what is no longer there.
            let _refusals = self.namespaces.socket(name)?.send(&batch).map_err(KernelError::netlink(name))?;
        }
        self.namespaces.close();
        Ok(())
    }
}

/// Who has each address.
fn owners(wanted: &NetState) -> BTreeMap<IpAddr, BTreeSet<MacAddr>> {
    let mut owners: BTreeMap<IpAddr, BTreeSet<MacAddr>> = BTreeMap::new();
    for link in wanted.nodes.values().flat_map(|node| node.links.values()) {
        for address in &link.addresses {
            owners.entry(address.addr).or_default().extend(link.mac);
        }
    }
    owners
}

/// The entries that a node found out by itself and that name another Ethernet address than the owner's, or none: the owner did
/// not answer when he was not there yet.
fn stale<'a>(
    node: &'a NodeState,
    owners: &'a BTreeMap<IpAddr, BTreeSet<MacAddr>>,
) -> impl Iterator<Item = &'a Neighbour> {
    node.neighbours.iter().filter(|entry| {
        let is_right = |macs: &BTreeSet<MacAddr>| entry.mac.is_some_and(|mac| macs.contains(&mac));
        entry.origin == Origin::Kernel && owners.get(&entry.addr).is_some_and(|macs| !is_right(macs))
    })
}

/// The bridges of a node that have learned anything.
fn learned(node: &NodeState) -> BTreeSet<IfName> {
    let is_bridge =
        |name: &IfName| node.links.get(name).is_some_and(|link| matches!(link.kind, LinkKind::Bridge(_)));
    let entries =
        node.fdb.iter().filter(|entry| entry.state == FdbState::Learned && is_bridge(&entry.bridge));
    entries.map(|entry| entry.bridge.clone()).collect()
}

#[cfg(test)]
mod tests {
    use netyard_types::{Endpoint, IfAddr, Link, NeighbourState, NodeKind, NodeName};

    use super::*;

    fn name<T: std::str::FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
        text.parse().unwrap()
    }

    #[test]
    fn only_what_a_node_found_out_and_is_wrong_is_stale() {
        let mut link = Link::veth(MacAddr([2, 0, 0, 0, 0, 1]), 1500, Endpoint::new(name("lan"), name("a")));
        link.addresses.insert(IfAddr::netyard(name("10.0.0.1"), 24));
        let mut a = NodeState::new(NodeKind::Host);
        a.links.insert(name("eth0"), link);
        let wanted = NetState { nodes: BTreeMap::from([(name::<NodeName>("a"), a)]), ..NetState::default() };
        let owners = owners(&wanted);

        let entry = |addr: &str, mac: Option<u8>, origin| Neighbour {
            dev: name("eth0"),
            addr: name(addr),
            mac: mac.map(|last| MacAddr([2, 0, 0, 0, 0, last])),
            state: NeighbourState::Stale,
            origin,
        };
        let mut b = NodeState::new(NodeKind::Host);
        let wrong = entry("10.0.0.1", Some(9), Origin::Kernel);
        b.neighbours.extend([
            wrong.clone(),
            entry("10.0.0.1", Some(1), Origin::Kernel),
            entry("10.0.0.1", Some(8), Origin::Other(0)),
            entry("10.0.0.2", Some(2), Origin::Kernel),
        ]);
        assert_eq!(stale(&b, &owners).collect::<Vec<_>>(), [&wrong]);
        let unanswered = entry("10.0.0.1", None, Origin::Kernel);
        b.neighbours = BTreeSet::from([unanswered.clone()]);
        assert_eq!(stale(&b, &owners).collect::<Vec<_>>(), [&unanswered]);
    }
}
