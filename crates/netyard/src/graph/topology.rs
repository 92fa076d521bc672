//! Nodes and cables, taken out of a state.

use std::collections::{BTreeMap, BTreeSet};

use netyard_types::{Endpoint, IfAddr, IfName, Link, LinkKind, NetState, NodeKind, NodeName, Origin};

use crate::natural;

/// What is drawn.
pub(super) struct Topology<'a> {
    /// By name, in natural order.
    pub(super) nodes: Vec<Node<'a>>,
    /// By their near ends, in the order of the nodes and then of the ports.
    pub(super) cables: Vec<Cable<'a>>,
}

/// A node.
pub(super) struct Node<'a> {
    pub(super) name: &'a NodeName,
    pub(super) kind: NodeKind,
    /// Interfaces that are no end of a cable: `lo`, bridges, and what else there is.
    pub(super) others: Vec<(&'a IfName, &'a Link)>,
    /// The ends of cables here, as places in the list of cables and sides, in the order of the ports.
    pub(super) ends: Vec<(usize, usize)>,
}

/// One end of a cable.
#[derive(Clone, Copy)]
pub(super) struct End<'a> {
    /// The place in the list of nodes.
    pub(super) node: usize,
    pub(super) port: &'a IfName,
    pub(super) link: &'a Link,
}

/// A cable. The second end is none if it lies outside of what is known.
pub(super) struct Cable<'a> {
    pub(super) ends: [Option<End<'a>>; 2],
}

impl<'a> Cable<'a> {
    /// The end at which the cable was found.
    pub(super) fn near(&self) -> End<'a> {
        self.ends[0].expect("a cable is found at its first end")
    }

    /// Whether an end is switched off, so that nothing passes.
    pub(super) fn is_down(&self) -> bool {
        self.ends.iter().flatten().any(|end| !end.link.up)
    }
}

impl<'a> Topology<'a> {
    pub(super) fn of(state: &'a NetState) -> Self {
        let mut names: Vec<&NodeName> = state.nodes.keys().collect();
        names.sort_by(|a, b| natural::compare(a.as_str(), b.as_str()));
        let places: BTreeMap<&NodeName, usize> =
            names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let mut topology = Self { nodes: Vec::new(), cables: Vec::new() };
        let mut seen = BTreeSet::new();
        for (node, name) in names.into_iter().enumerate() {
            let mut others = Vec::new();
            for (port, link) in sorted_links(state, name) {
                let LinkKind::Veth { peer } = &link.kind else {
                    others.push((port, link));
                    continue;
                };
                if !seen.insert((node, port)) {
                    continue;
                }
                let far = peer.as_ref().and_then(|peer| find_end(state, &places, peer));
                // Two ends cannot have the same other end; if a state says so all the same, the second one's is not known.
                let far = far.filter(|far| seen.insert((far.node, far.port)));
                topology.cables.push(Cable { ends: [Some(End { node, port, link }), far] });
            }
            let kind = state.nodes[name].kind;
            topology.nodes.push(Node { name, kind, others, ends: Vec::new() });
        }
        topology.plug_in();
        topology
    }

    /// Tells every node of its ends.
    fn plug_in(&mut self) {
        for (at, cable) in self.cables.iter().enumerate() {
            for (side, end) in cable.ends.iter().enumerate() {
                if let Some(end) = end {
                    self.nodes[end.node].ends.push((at, side));
                }
            }
        }
        for node in &mut self.nodes {
            let port =
                |&(at, side): &(usize, usize)| self.cables[at].ends[side].map_or("", |end| end.port.as_str());
            node.ends.sort_by(|a, b| natural::compare(port(a), port(b)));
        }
    }

    /// The interface at an end, to be shown beside the other end's node. Empty where it says nothing: a switch's port that is
    /// named after what is plugged into it.
    pub(super) fn port_text(&self, end: &End<'_>, other: Option<&End<'_>>) -> String {
        let named_after = other.is_some_and(|other| {
            self.nodes[end.node].kind == NodeKind::Switch
                && self.nodes[other.node].name.as_str() == end.port.as_str()
        });
        if named_after { String::new() } else { printable(end.port) }
    }

    /// What stands in the box of a node: its name, and its addresses with their interfaces, one a line.
    pub(super) fn box_lines(&self, at: usize) -> Vec<String> {
        let node = &self.nodes[at];
        let others = node.others.iter().copied();
        let ports = node.ends.iter().filter_map(|&(cable, side)| self.cables[cable].ends[side]);
        let links = others.chain(ports.map(|end| (end.port, end.link)));
        let mut lines = vec![node.name.to_string()];
        for (port, link) in links {
            lines.extend(addresses(link).map(|addr| format!("{} {addr}", printable(port))));
        }
        lines
    }
}

fn sorted_links<'a>(state: &'a NetState, node: &NodeName) -> Vec<(&'a IfName, &'a Link)> {
    let mut links: Vec<_> = state.nodes[node].links.iter().collect();
    links.sort_by(|(a, _), (b, _)| natural::compare(a.as_str(), b.as_str()));
    links
}

fn find_end<'a>(state: &'a NetState, places: &BTreeMap<&NodeName, usize>, at: &Endpoint) -> Option<End<'a>> {
    let (port, link) = state.nodes.get(&at.node)?.links.get_key_value(&at.link)?;
    matches!(link.kind, LinkKind::Veth { .. }).then_some(End { node: places[&at.node], port, link })
}

/// The addresses of an interface that somebody gave it: not those of `lo`, and not the link-local ones that every interface has
/// from the kernel.
pub(super) fn addresses(link: &Link) -> impl Iterator<Item = &IfAddr> {
    link.addresses.iter().filter(|addr| match addr.addr {
        ip if ip.is_loopback() => false,
        std::net::IpAddr::V6(ip) if ip.is_unicast_link_local() => addr.origin == Origin::Netyard,
        _ => true,
    })
}

/// An interface name that does nothing to a terminal: the kernel allows control characters.
pub(super) fn printable(name: &IfName) -> String {
    let plain = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    name.as_str().chars().map(plain).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cable, state};
    use super::*;

    #[test]
    fn each_cable_is_found_once() {
        let mut state = state(&["a host", "b host", "lan switch"]);
        cable(&mut state, "a.eth0 10.0.0.1/24", "lan.a");
        cable(&mut state, "lan.b", "b.eth0 10.0.0.2/24");
        let topology = Topology::of(&state);
        assert_eq!(topology.cables.len(), 2);
        assert_eq!(topology.nodes.iter().map(|node| node.ends.len()).collect::<Vec<_>>(), [1, 1, 2]);
        assert!(topology.cables.iter().all(|cable| cable.ends[1].is_some()));
    }

    #[test]
    fn an_end_that_is_not_known_is_outside() {
        let mut state = state(&["a host", "b host", "c host"]);
        cable(&mut state, "a.eth0", "b.eth0");
        // A state that cannot be: two ends with the same other end.
        let link = state.nodes["a"].links["eth0"].clone();
        state.nodes.get_mut("c").unwrap().links.insert("eth0".parse().unwrap(), link);
        let topology = Topology::of(&state);
        let far: Vec<bool> = topology.cables.iter().map(|cable| cable.ends[1].is_some()).collect();
        assert_eq!(far, [true, false]);
    }

    #[test]
    fn control_characters_are_spelled_out() {
        assert_eq!(printable(&IfName::new("a\u{1b}[1m").unwrap()), "a\\u{1b}[1m");
    }
}
