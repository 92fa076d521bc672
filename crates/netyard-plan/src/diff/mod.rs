//! The difference between the network there is and the network described, as steps.
//!
//! The plan is made phase by phase against a copy of the network on which every step is simulated as soon as it is planned. So
//! each phase sees what the kernel takes along unasked, and adds again what is still wanted.

mod content;
mod foreign;
mod links;
mod remove;

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use netyard_types::{Endpoint, IfAddr, IfName, Link, NetState, NodeName, NodeState, Origin, Route};

use crate::effects::link_at;
use crate::plan::{Conflict, Move, Plan, PlannedStep};
use crate::reason::Reason;
use crate::simulate::simulate;
use crate::step::Step;
use crate::undo::inverse;

/// What to do with things that neither Netyard nor the kernel made and that the description does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Foreign {
    /// Leave them alone. One that stands in the way is a [`Conflict`].
    #[default]
    Keep,
    /// Remove them, and put what is described in the place of one that stands in the way.
    Remove,
}

/// The steps that turn `observed` into `desired`, with things of others left alone ([`Foreign::Keep`]).
///
/// Only what Netyard put there is changed or removed ([`Origin::Netyard`]); `lo` alone is switched on or off whoever it belongs
/// to. What somebody else put there and `desired` has too counts as present; where somebody else's thing stands in the way of
/// a different one, that is a [`Conflict`]. Things in `desired` that are not Netyard's, and what can only be observed, cause no
/// step.
pub fn diff(observed: &NetState, desired: &NetState) -> Plan {
    diff_with(observed, desired, Foreign::Keep)
}

/// The steps that turn `observed` into `desired`, as [`diff()`] gives them, with `foreign` for the things of others.
///
/// With [`Foreign::Remove`], interfaces, addresses, routes, neighbours, forwarding entries, resolver files and namespaces that
/// are not described go; what the kernel makes by itself stays: connected and advertised routes, link-local addresses, learned
/// entries, the interfaces that come with a kind of tunnel. What no step can make comes last ([`Phase::Discard`]), unless its
/// name is needed.
///
/// [`Phase::Discard`]: crate::Phase::Discard
pub fn diff_with(observed: &NetState, desired: &NetState, foreign: Foreign) -> Plan {
    let taken = names_taken(observed, desired);
    if foreign == Foreign::Keep && !taken.is_empty() {
        return Plan { conflicts: taken, ..Plan::default() };
    }
    let mut planner = Planner::new(observed, desired, foreign);
    planner.delete_nodes();
    planner.delete_links();
    planner.delete_contents();
    planner.add_nodes();
    planner.set_node_settings();
    planner.add_bridges();
    planner.add_cables();
    planner.change_links();
    planner.add_addresses();
    planner.delete_addresses();
    planner.add_routes_and_neighbours();
    planner.write_names();
    planner.discard();
    Plan { steps: planner.steps, conflicts: planner.conflicts, moves: moves(observed, desired) }
}

/// Nodes that cannot be made because a person made a namespace of that name. Nothing else is planned beside them: cables lead
/// there.
fn names_taken(observed: &NetState, desired: &NetState) -> Vec<Conflict> {
    let is_theirs = |name: &&NodeName| observed.nodes.get(*name).is_some_and(|node| !is_our_node(node));
    let ours = desired.nodes.iter().filter(|(_, node)| is_our_node(node)).map(|(name, _)| name);
    ours.filter(is_theirs).map(|node| Conflict::Node { node: node.clone() }).collect()
}

/// Whether Netyard makes and removes this node.
fn is_our_node(node: &NodeState) -> bool {
    node.origin == Origin::Netyard
}

/// A plan in the making.
struct Planner<'a> {
    /// The network there is.
    observed: &'a NetState,
    /// The network described.
    desired: &'a NetState,
    foreign: Foreign,
    /// The network after the steps so far.
    now: NetState,
    steps: Vec<PlannedStep>,
    conflicts: Vec<Conflict>,
    /// Interfaces that are in the way or cannot be made: nothing is planned on them.
    blocked: BTreeSet<Endpoint>,
    /// Interfaces that the plan has removed.
    gone: BTreeSet<Endpoint>,
    /// Interfaces of others that go last, and with them what is on them.
    doomed: BTreeSet<Endpoint>,
    /// Routes of others that no step makes, and that go last.
    unmakeable: Vec<(NodeName, Route)>,
}

impl<'a> Planner<'a> {
    fn new(observed: &'a NetState, desired: &'a NetState, foreign: Foreign) -> Self {
        let mut now = observed.clone();
        for node in now.nodes.values_mut() {
            // Of no use to a plan, and there can be very many.
            node.fdb.retain(|entry| entry.origin != Origin::Kernel);
            node.neighbours.retain(|n| n.origin != Origin::Kernel);
        }
        Self {
            observed,
            desired,
            foreign,
            now,
            steps: Vec::new(),
            conflicts: Vec::new(),
            blocked: BTreeSet::new(),
            gone: BTreeSet::new(),
            doomed: BTreeSet::new(),
            unmakeable: Vec::new(),
        }
    }

    /// Adds a step. What the kernel would refuse stays in the plan: the place to refuse it is the kernel, with its own error.
    fn push(&mut self, step: Step, reason: Reason) {
        let undo = inverse(&self.now, &step);
        let _refused = simulate(&mut self.now, &step);
        self.steps.push(PlannedStep { step, reason, undo });
    }

    /// The nodes that are described and there now, with both states, apart from `self` so that steps can be added meanwhile.
    fn described(&self) -> Vec<(&'a NodeName, &'a NodeState)> {
        let ours = self.desired.nodes.iter().filter(|(_, node)| is_our_node(node));
        ours.filter(|(name, _)| self.now.nodes.contains_key(*name)).collect()
    }

    /// The state of a node after the steps so far.
    fn node_now(&self, name: &NodeName) -> Option<&NodeState> {
        self.now.nodes.get(name)
    }

    /// Whether nothing is planned on this interface.
    fn is_blocked(&self, node: &NodeName, link: &IfName) -> bool {
        self.blocked.contains(&Endpoint::new(node.clone(), link.clone()))
    }

    /// Reports an interface that cannot be made.
    fn block(&mut self, at: &Endpoint) {
        if !self.blocked.insert(at.clone()) {
            return;
        }
        self.conflicts.push(match link_at(&self.now, at) {
            Some(found) => Conflict::Link { at: at.clone(), kind: found.kind.as_str().into() },
            None => Conflict::Incomplete { at: at.clone() },
        });
    }

    /// Why a thing is added that is not there now: because it never was, or because of what went away under it.
    fn reason_to_add<'b>(
        &self,
        node: &NodeName,
        mut devs: impl Iterator<Item = &'b IfName>,
        was_there: bool,
    ) -> Reason {
        let lo = Endpoint::new(node.clone(), IfName::loopback());
        if !was_there {
            Reason::NotThere
        } else if self.gone.contains(&lo) {
            Reason::NodeRemade
        } else if devs.any(|dev| self.gone.contains(&Endpoint::new(node.clone(), dev.clone()))) {
            Reason::LinkRemade
        } else {
            Reason::Dropped
        }
    }
}

/// Whether Netyard makes and removes this interface.
fn is_ours(link: &Link) -> bool {
    link.origin == Origin::Netyard
}

/// The addresses of Netyard's on a link.
fn our_addresses(link: &Link) -> Vec<IfAddr> {
    link.addresses.iter().filter(|addr| addr.origin == Origin::Netyard).copied().collect()
}

fn moves(observed: &NetState, desired: &NetState) -> Vec<Move> {
    let mut moves = Vec::new();
    for (name, node) in &desired.nodes {
        let Some(found) = observed.nodes.get(name) else { continue };
        for (dev, link) in &node.links {
            let Some(before) = found.links.get(dev) else { continue };
            let (from, to) = (our_addresses(before), our_addresses(link));
            if from.iter().any(|addr| !to.contains(addr)) {
                moves.push(Move { at: Endpoint::new(name.clone(), dev.clone()), from, to });
            }
        }
    }
    moves
}
