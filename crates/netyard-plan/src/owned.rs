//! The part of a network that plans are about.

use netyard_types::{Link, LinkKind, NetState, NodeState, Origin};

use crate::resolv::is_our_resolv;

/// `state` with only what Netyard put there: without what others did, and without what can only be observed. `lo` stays, with
/// its state and Netyard's addresses. Two networks that look alike through this are alike to [`diff`](crate::diff()).
#[must_use]
pub fn owned(state: &NetState) -> NetState {
    let ours = state.nodes.iter().filter(|(_, node)| node.origin == Origin::Netyard);
    let nodes = ours.map(|(name, node)| (name.clone(), owned_node(node)));
    NetState { nodes: nodes.collect(), names: state.names.clone(), ..NetState::default() }
}

fn owned_node(node: &NodeState) -> NodeState {
    let ours = |origin: &Origin| *origin == Origin::Netyard;
    let links = node.links.iter().filter_map(|(name, link)| Some((name.clone(), owned_link(link)?)));
    NodeState {
        kind: node.kind,
        origin: node.origin,
        links: links.collect(),
        routes: node.routes.iter().filter(|route| ours(&route.origin)).cloned().collect(),
        neighbours: node.neighbours.iter().filter(|n| ours(&n.origin)).cloned().collect(),
        fdb: alloc::collections::BTreeSet::new(),
        sysctls: node.sysctls.clone(),
        hosts: node.hosts.clone(),
        resolv: node.resolv.clone().filter(|text| is_our_resolv(text)),
    }
}

fn owned_link(link: &Link) -> Option<Link> {
    let addresses = link.addresses.iter().filter(|addr| addr.origin == Origin::Netyard).copied().collect();
    match (&link.kind, link.origin) {
        (LinkKind::Loopback, _) => Some(Link { up: link.up, addresses, ..Link::loopback() }),
        (_, Origin::Netyard) => {
            Some(Link { addresses, oper: None, port_state: None, topology_change: false, ..link.clone() })
        }
        _ => None,
    }
}
