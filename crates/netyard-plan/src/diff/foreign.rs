//! What neither Netyard nor the kernel made: what of it goes, and when.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use netyard_types::{
    Endpoint, IfName, Link, LinkKind, Neighbour, NeighbourState, NodeName, NodeState, Origin, Route,
};

use super::{Foreign, Planner, is_our_node, is_ours};
use crate::effects::{link_at, links_gone_with_node, route_without_links};
use crate::plan::Conflict;
use crate::reason::Reason;
use crate::step::Step;
use crate::undo::can_be_made;

impl Planner<'_> {
    /// Whether the plan may change and remove what `origin` put there.
    pub(super) fn manages(&self, origin: Origin) -> bool {
        origin == Origin::Netyard || (self.foreign == Foreign::Remove && is_foreign(origin))
    }

    /// Whether the plan may change and remove the route.
    pub(super) fn manages_route(&self, route: &Route) -> bool {
        self.manages(route.origin) && !is_told_by_router(route)
    }

    /// Whether the plan may remove the neighbour. What of others was not set for good fades by itself.
    pub(super) fn manages_neighbour(&self, neighbour: &Neighbour) -> bool {
        let is_set = matches!(neighbour.state, NeighbourState::Permanent | NeighbourState::Noarp);
        self.manages(neighbour.origin) && (is_set || neighbour.origin == Origin::Netyard)
    }

    /// Whether the interface goes at the end, with what is on it.
    pub(super) fn is_doomed(&self, node: &NodeName, link: &IfName) -> bool {
        !self.doomed.is_empty() && self.doomed.contains(&Endpoint::new(node.clone(), link.clone()))
    }

    /// Whether the kernel takes the route along with an interface that goes at the end.
    pub(super) fn goes_with_doomed(&self, node: &NodeName, route: &Route) -> bool {
        let gone: BTreeSet<_> = self.doomed.iter().filter(|at| at.node == *node).map(|at| &at.link).collect();
        !gone.is_empty()
            && self.node_now(node).is_some_and(|now| route_without_links(now, &gone, route).is_none())
    }

    /// Namespaces of others whose names are needed.
    pub(super) fn foreign_nodes_in_the_way(&self) -> Vec<(NodeName, Reason)> {
        let is_needed = |name: &NodeName| self.desired.nodes.get(name).is_some_and(is_our_node);
        let names = self.foreign_nodes().filter(|name| is_needed(name));
        names.map(|name| (name.clone(), Reason::InTheWay { for_good: true })).collect()
    }

    /// Notes which interfaces go with the namespaces of others that go at the end.
    pub(super) fn doom_foreign_nodes(&mut self) {
        let names: Vec<_> = self.surplus_foreign_nodes();
        self.doomed.extend(names.iter().flat_map(|name| links_gone_with_node(&self.now, name)));
    }

    fn foreign_nodes(&self) -> impl Iterator<Item = &NodeName> {
        let all = self.now.nodes.iter().filter(|_| self.foreign == Foreign::Remove);
        all.filter(|(_, node)| !is_our_node(node)).map(|(name, _)| name)
    }

    fn surplus_foreign_nodes(&self) -> Vec<NodeName> {
        self.foreign_nodes().filter(|name| !self.desired.nodes.contains_key(*name)).cloned().collect()
    }

    /// Why an interface of another's, of a node that stays, goes now; `None` if it does not. One that could not be put back is
    /// kept for the end, unless its name is needed.
    pub(super) fn reason_to_delete_foreign(&mut self, at: &Endpoint, node: &NodeState) -> Option<Reason> {
        let found = link_at(&self.now, at).filter(|link| is_foreign(link.origin))?;
        let wanted = node.links.get(&at.link);
        let is_described = wanted.is_some_and(|wanted| is_foreign(wanted.origin));
        if self.foreign == Foreign::Keep || is_described {
            return None;
        }
        if is_hardware(found) {
            self.blocked.insert(at.clone());
            self.conflicts.push(Conflict::Device { at: at.clone() });
            return None;
        }
        let for_good = !can_be_made(&self.now, at);
        if wanted.is_some_and(is_ours) {
            return Some(Reason::InTheWay { for_good });
        }
        if for_good || self.doomed.contains(at) {
            self.doomed.insert(at.clone());
            return None;
        }
        Some(Reason::ByHand { for_good })
    }

    /// Removes the forwarding entries that others have added.
    pub(super) fn delete_foreign_fdb(&mut self, name: &NodeName, node: &NodeState) {
        let Some(now) = self.node_now(name) else { return };
        let surplus = now.fdb.iter().filter(|entry| self.manages(entry.origin) && !node.fdb.contains(*entry));
        let goes = |dev: &IfName| self.is_doomed(name, dev);
        let stay = surplus.filter(|entry| !goes(&entry.dev) && !goes(&entry.bridge));
        for entry in stay.cloned().collect::<Vec<_>>() {
            let reason = Reason::of_surplus(entry.origin);
            self.push(Step::DeleteFdb { node: name.clone(), entry }, reason);
        }
    }

    /// Removes, at the end, what cannot be put back.
    pub(super) fn discard(&mut self) {
        let reason = Reason::ByHand { for_good: true };
        for (node, route) in core::mem::take(&mut self.unmakeable) {
            if self.node_now(&node).is_some_and(|now| now.routes.contains(&route)) {
                self.push(Step::DeleteRoute { node, route }, reason.clone());
            }
        }
        for node in self.surplus_foreign_nodes() {
            self.push(Step::DiscardNode { node }, reason.clone());
        }
        let strangers = self.observed.strangers.difference(&self.desired.strangers);
        for name in strangers.filter(|_| self.foreign == Foreign::Remove).cloned().collect::<Vec<_>>() {
            self.push(Step::DiscardStranger { name }, reason.clone());
        }
        for at in self.doomed.clone() {
            if link_at(&self.now, &at).is_some() {
                self.push(Step::DiscardLink { node: at.node, link: at.link }, reason.clone());
            }
        }
    }
}

/// Whether neither Netyard nor the kernel put it there.
pub(super) fn is_foreign(origin: Origin) -> bool {
    matches!(origin, Origin::Other(_))
}

/// Whether the kernel made the route because a router told it to (`RTPROT_REDIRECT`, `RTPROT_RA`, rtnetlink(7)).
fn is_told_by_router(route: &Route) -> bool {
    matches!(route.origin, Origin::Other(1 | 9))
}

/// Whether the kernel gives no kind for the interface: such a one can be moved, but not removed (`rtnl_dellink()`,
/// net/core/rtnetlink.c).
fn is_hardware(link: &Link) -> bool {
    matches!(&link.kind, LinkKind::Other { name } if name.is_empty())
}

/// Whether `found`, which has the key of `wanted`, serves as well. A person may have left the source to the kernel.
pub(super) fn is_as_good(found: &Route, wanted: &Route) -> bool {
    if is_foreign(found.origin) {
        found.kind == wanted.kind && found.src.is_none_or(|src| Some(src) == wanted.src)
    } else {
        found == wanted
    }
}
