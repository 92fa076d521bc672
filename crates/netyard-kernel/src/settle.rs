//! Waiting until a network that has been built carries packets.
//!
//! The kernel tells interfaces that they have a carrier a moment after it is there, a bridge port with the spanning tree listens
//! and learns before it forwards (IEEE 802.1D §8.4), and an IPv6 address may have to be asked about first (RFC 4862 §5.4).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use netyard_types::{Endpoint, Link, LinkKind, NetState, NodeName, NodeState, OperState, PortState};

use crate::error::KernelError;
use crate::kernel::LinuxKernel;
use crate::observe::{Job, Look, RawLink, Readiness, read_all};

/// Why an interface does not carry packets yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotReady {
    /// It is not there.
    Missing,
    /// Frames cannot pass.
    Oper(OperState),
    /// The bridge does not forward yet what comes in here.
    Port(PortState),
    /// The bridge takes another bridge for the root of the spanning tree than its neighbour does.
    Root,
    /// The kernel still asks whether somebody else has this address.
    Tentative(IpAddr),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not there"),
            Self::Oper(state) => write!(f, "is in the state {}", format!("{state:?}").to_lowercase()),
            Self::Port(state) => write!(f, "is {}", format!("{state:?}").to_lowercase()),
            Self::Root => f.write_str("does not know the root of the spanning tree yet"),
            Self::Tentative(addr) => write!(f, "has the tentative address {addr}"),
        }
    }
}

/// A network that did not get ready.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The time is over.
    #[error("{} interfaces do not carry packets yet, the first is {}, which {}", pending.len(), pending[0].0, pending[0].1)]
    Late {
        /// What is not ready, in the order of names; never empty.
        pending: Vec<(Endpoint, NotReady)>,
    },
    /// The network could not be looked at.
    #[error("the network cannot be observed")]
    Kernel(#[source] KernelError),
}

/// The first wait; each is twice the one before.
const FIRST_WAIT: Duration = Duration::from_millis(1);
/// The longest wait: short against the times of the spanning tree, long against a look at the kernel.
const LONGEST_WAIT: Duration = Duration::from_millis(32);

impl LinuxKernel {
    /// Waits until every interface that `wanted` has switched on carries packets: cables whose both ends are up, ports of bridges,
    /// addresses. `progress` is told how many nodes of how many are ready.
    ///
    /// # Errors
    /// What is not ready at `deadline`.
    pub fn settle(
        &mut self,
        wanted: &NetState,
        deadline: Instant,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(), SettleError> {
        let trees = trees(wanted);
        let mut left: BTreeSet<&NodeName> = wanted.nodes.keys().collect();
        let mut roots: BTreeMap<Endpoint, Option<[u8; 8]>> = BTreeMap::new();
        let mut wait = FIRST_WAIT;
        loop {
            let seen = self.look_at_carriers(&left)?;
            let mut pending = Vec::new();
            let mut busy: BTreeSet<&NodeName> = BTreeSet::new();
            for node in &left {
                let before = pending.len();
                check_node(wanted, node, seen.get(*node), &mut pending);
                if let Some(seen) = seen.get(*node) {
                    roots.extend(
                        seen.links
                            .iter()
                            .filter(|link| link.bridge.is_some())
                            .map(|link| (Endpoint::new((*node).clone(), link.name.clone()), link.root)),
                    );
                }
                if before < pending.len() {
                    busy.insert(*node);
                }
            }
            for tree in &trees {
                // As long as one bridge of a tree moves, what the others say of the root may change.
                if disagree(tree, &roots) || tree.iter().any(|bridge| busy.contains(&bridge.node)) {
                    busy.extend(tree.iter().map(|bridge| &bridge.node));
                    pending.extend(
                        tree.iter()
                            .filter(|_| disagree(tree, &roots))
                            .map(|at| ((*at).clone(), NotReady::Root)),
                    );
                }
            }
            progress(wanted.nodes.len() - busy.len(), wanted.nodes.len());
            if pending.is_empty() {
                return Ok(());
            }
            let now = Instant::now();
            if now >= deadline {
                pending.sort_by(|a, b| a.0.cmp(&b.0));
                return Err(SettleError::Late { pending });
            }
            thread::sleep(wait.min(deadline - now));
            wait = (wait * 2).min(LONGEST_WAIT);
            left = busy;
        }
    }
}

impl LinuxKernel {
    /// What tells whether the nodes are ready. For the first look, what the last observation saw will do.
    fn look_at_carriers(
        &mut self,
        nodes: &BTreeSet<&NodeName>,
    ) -> Result<BTreeMap<NodeName, Readiness>, SettleError> {
        let mut seen = self.take_readiness();
        let unseen = nodes.iter().filter(|node| !seen.contains_key(**node));
        let jobs: Vec<_> = unseen.map(|node| Job { node: (*node).clone(), look: Look::Carriers }).collect();
        if !jobs.is_empty() {
            let read = read_all(&self.paths, jobs).map_err(SettleError::Kernel)?;
            seen.extend(read.into_iter().map(|(node, seen)| (node, seen.into())));
        }
        Ok(seen)
    }
}

/// Whether both ends of the cable at `link` are to be up.
fn has_carrier(wanted: &NetState, link: &Link) -> bool {
    let far = link.peer().and_then(|peer| wanted.nodes.get(&peer.node)?.links.get(&peer.link));
    link.up && far.is_some_and(|far| far.up)
}

fn is_up_bridge(link: Option<&Link>) -> bool {
    link.is_some_and(|link| link.up && matches!(link.kind, LinkKind::Bridge(_)))
}

fn check_node(
    wanted: &NetState,
    node: &NodeName,
    seen: Option<&Readiness>,
    pending: &mut Vec<(Endpoint, NotReady)>,
) {
    let Some(state) = wanted.nodes.get(node) else { return };
    let links: BTreeMap<&str, &RawLink> =
        seen.into_iter().flat_map(|seen| &seen.links).map(|link| (link.name.as_str(), link)).collect();
    for (name, link) in &state.links {
        let at = || Endpoint::new(node.clone(), name.clone());
        let Some(found) = links.get(name.as_str()) else {
            pending.push((at(), NotReady::Missing));
            continue;
        };
        if !carries(wanted, state, name.as_str(), link) {
            continue;
        }
        if found.oper != OperState::Up {
            pending.push((at(), NotReady::Oper(found.oper)));
        } else if let Some(port) = found.port_state
            && link.master.as_ref().is_some_and(|master| is_up_bridge(state.links.get(master)))
            && !matches!(port, PortState::Forwarding | PortState::Blocking)
        {
            pending.push((at(), NotReady::Port(port)));
        }
        let tentative = seen.into_iter().flat_map(|seen| &seen.tentative);
        let tentative = tentative.filter(|(index, _)| *index == found.index);
        pending.extend(tentative.map(|(_, addr)| (at(), NotReady::Tentative(*addr))));
    }
}

/// Whether frames are to pass at an interface: a cable with both ends up, a bridge with such a cable.
fn carries(wanted: &NetState, state: &NodeState, name: &str, link: &Link) -> bool {
    match &link.kind {
        LinkKind::Veth { .. } => has_carrier(wanted, link),
        LinkKind::Bridge(_) => {
            let is_port = |port: &&Link| port.master.as_ref().is_some_and(|master| master.as_str() == name);
            link.up && state.links.values().filter(is_port).any(|port| has_carrier(wanted, port))
        }
        LinkKind::Loopback | LinkKind::Other { .. } => false,
    }
}

fn disagree(tree: &[Endpoint], roots: &BTreeMap<Endpoint, Option<[u8; 8]>>) -> bool {
    let mut roots = tree.iter().map(|bridge| roots.get(bridge).copied().flatten());
    let first = roots.next();
    roots.any(|root| Some(root) != first)
}

/// The bridges that are to have one spanning tree: those with STP, joined by cables. Trees of a single bridge are left out.
fn trees(wanted: &NetState) -> Vec<Vec<Endpoint>> {
    let bridge_of = |at: &Endpoint| -> Option<Endpoint> {
        let state = wanted.nodes.get(&at.node)?;
        let master = state.links.get(&at.link)?.master.as_ref()?;
        match &state.links.get(master)?.kind {
            LinkKind::Bridge(bridge) if bridge.stp => Some(Endpoint::new(at.node.clone(), master.clone())),
            _ => None,
        }
    };
    let mut neighbours: BTreeMap<Endpoint, BTreeSet<Endpoint>> = BTreeMap::new();
    for (node, state) in &wanted.nodes {
        for (name, link) in state.links.iter().filter(|(_, link)| has_carrier(wanted, link)) {
            let near = bridge_of(&Endpoint::new(node.clone(), name.clone()));
            if let (Some(near), Some(far)) = (near, link.peer().and_then(bridge_of)) {
                neighbours.entry(near).or_default().insert(far);
            }
        }
    }
    let mut trees = Vec::new();
    while let Some((first, next)) = neighbours.pop_first() {
        let mut tree = vec![first];
        let mut open: Vec<Endpoint> = next.into_iter().collect();
        while let Some(bridge) = open.pop() {
            if let Some(next) = neighbours.remove(&bridge) {
                open.extend(next);
                tree.push(bridge);
            }
        }
        trees.push(tree);
    }
    trees
}

#[cfg(test)]
mod tests {
    use super::*;
    use netyard_types::{Bridge, IfName, MacAddr, NodeKind};

    fn at(node: &str, link: &str) -> Endpoint {
        Endpoint::new(NodeName::new(node).unwrap(), IfName::new(link).unwrap())
    }

    fn network(stp: bool, cables: &[(&str, &str)]) -> NetState {
        let mut state = NetState::default();
        let bridge = Bridge { stp, ..Bridge::default() };
        for (i, (a, b)) in cables.iter().enumerate() {
            for (near, far) in [(a, b), (b, a)] {
                let node = state
                    .nodes
                    .entry(NodeName::new(*near).unwrap())
                    .or_insert_with(|| NodeState::new(NodeKind::Switch));
                node.links.insert(IfName::new("br").unwrap(), Link::bridge(MacAddr([2; 6]), 1500, bridge));
                let mut port = Link::veth(MacAddr([2; 6]), 1500, at(far, &format!("p{i}")));
                port.master = Some(IfName::new("br").unwrap());
                node.links.insert(IfName::new(format!("p{i}")).unwrap(), port);
            }
        }
        state
    }

    #[test]
    fn switches_joined_by_cables_have_one_tree() {
        let mut state = network(true, &[("a", "b"), ("b", "c"), ("x", "y")]);
        let names = |state: &NetState| -> Vec<BTreeSet<String>> {
            trees(state).iter().map(|tree| tree.iter().map(ToString::to_string).collect()).collect()
        };
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(names(&state), [set(&["a.br", "b.br", "c.br"]), set(&["x.br", "y.br"])]);
        // A cable with one end off joins nothing.
        let b = state.nodes.get_mut("b").unwrap();
        b.links.get_mut("p1").unwrap().up = false;
        assert_eq!(names(&state), [set(&["a.br", "b.br"]), set(&["x.br", "y.br"])]);
        assert!(trees(&network(false, &[("a", "b")])).is_empty());
    }

    #[test]
    fn bridges_must_agree_on_the_root() {
        let tree = [at("a", "br"), at("b", "br")];
        let mut roots = BTreeMap::from([(at("a", "br"), Some([1; 8]))]);
        assert!(disagree(&tree, &roots));
        roots.insert(at("b", "br"), Some([2; 8]));
        assert!(disagree(&tree, &roots));
        roots.insert(at("b", "br"), Some([1; 8]));
        assert!(!disagree(&tree, &roots));
    }
}
