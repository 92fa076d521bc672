//! What goes: nodes, interfaces, routes, neighbours, IPv6 addresses.
//!
//! Nodes go first and interfaces second, so that what they take along is gone when the rest is looked at and no step names it:
//! the steps of this phase can then be done in any order.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_types::{Endpoint, IfAddr, Link, LinkKind, Neighbour, NodeName, NodeState, Origin, Route};

use super::foreign::{is_as_good, is_foreign};
use super::{Planner, is_our_node, is_ours};
use crate::effects::{far_end, link_at, links_gone_with, links_gone_with_node};
use crate::reason::Reason;
use crate::simulate::{check_route, is_same_neighbour, neighbour_like};
use crate::step::Step;

impl Planner<'_> {
    /// Removes nodes that are not described, or as another kind.
    pub(super) fn delete_nodes(&mut self) {
        let ours = self.observed.nodes.iter().filter(|(_, found)| is_our_node(found));
        let surplus = ours.filter_map(|(name, found)| {
            let reason = match self.desired.nodes.get(name) {
                None => Reason::NotInFile,
                Some(node) if node.kind != found.kind => {
                    Reason::NodeKind { wanted: node.kind, found: found.kind }
                }
                Some(_) => return None,
            };
            Some((name.clone(), reason))
        });
        let surplus: Vec<_> = surplus.chain(self.foreign_nodes_in_the_way()).collect();
        for (node, reason) in surplus {
            self.gone.extend(links_gone_with_node(&self.now, &node));
            self.push(Step::DeleteNode { node }, reason);
        }
        self.doom_foreign_nodes();
    }

    /// Removes interfaces that are not described, or as something that they cannot be turned into.
    pub(super) fn delete_links(&mut self) {
        for (name, node) in self.described() {
            let links = self.node_now(name).into_iter().flat_map(|now| now.links.keys().cloned());
            for link in links.collect::<Vec<_>>() {
                let at = Endpoint::new(name.clone(), link.clone());
                let reason = self.reason_to_delete(&at, node);
                if let Some(reason) = reason.or_else(|| self.reason_to_delete_foreign(&at, node)) {
                    self.gone.extend(links_gone_with(&self.now, &at));
                    self.push(Step::DeleteLink { node: name.clone(), link }, reason);
                }
            }
        }
    }

    /// Why the interface at `at`, of a node that stays, cannot stay; `None` if it can, is not Netyard's, or is gone already.
    fn reason_to_delete(&self, at: &Endpoint, node: &NodeState) -> Option<Reason> {
        let found = self.node_now(&at.node)?.links.get(&at.link).filter(|link| is_ours(link))?;
        let Some(wanted) = node.links.get(&at.link).filter(|link| is_ours(link)) else {
            // A cable that moves has one end that is no longer described and one that is. The latter says why.
            let ours_in = |state, at: &Endpoint| link_at(state, at).is_some_and(is_ours);
            let far_says_why = far_end(&self.now, at)
                .is_some_and(|far| ours_in(self.desired, far) && ours_in(&self.now, far));
            return (!far_says_why).then_some(Reason::NotInFile);
        };
        let kinds =
            || Reason::LinkKind { wanted: wanted.kind.as_str().into(), found: found.kind.as_str().into() };
        match (&wanted.kind, &found.kind) {
            (LinkKind::Bridge(_), LinkKind::Bridge(_)) => None,
            (LinkKind::Veth { .. }, LinkKind::Veth { .. }) => self.reason_to_cut(at, wanted, found),
            (wanted, found) if wanted == found => None,
            _ => Some(kinds()),
        }
    }

    /// Why the cable at `at` cannot stay. It stays if its ends name each other, as the description has it.
    fn reason_to_cut(&self, at: &Endpoint, wanted: &Link, found: &Link) -> Option<Reason> {
        let Some(peer) = wanted.peer() else {
            // Only an observation has a cable without another end, so there is nothing to make in its place.
            return found.peer().map(|_| Reason::NotInFile);
        };
        let is_whole = |state| far_end(state, at) == Some(peer);
        let stays = found.peer() == Some(peer) && is_whole(&self.now) == is_whole(self.desired);
        (!stays).then(|| Reason::Peer { wanted: peer.clone(), found: found.peer().cloned() })
    }

    /// Removes routes, neighbours and IPv6 addresses that are not described, from interfaces that stay.
    pub(super) fn delete_contents(&mut self) {
        for (name, node) in self.described() {
            for (route, reason) in self.surplus_routes(name, node) {
                if route.can_be_made() {
                    self.push(Step::DeleteRoute { node: name.clone(), route }, reason);
                } else {
                    self.unmakeable.push((name.clone(), route));
                }
            }
            for neighbour in self.surplus_neighbours(name, node) {
                let reason = Reason::of_surplus(neighbour.origin);
                self.push(Step::DeleteNeighbour { node: name.clone(), neighbour }, reason);
            }
            self.delete_foreign_fdb(name, node);
            self.delete_surplus_addresses(name, node, |addr| addr.addr.is_ipv6());
        }
    }

    /// The neighbours of a node that are not described.
    fn surplus_neighbours(&self, name: &NodeName, node: &NodeState) -> Vec<Neighbour> {
        let Some(now) = self.node_now(name) else { return Vec::new() };
        let is_surplus = |n: &&Neighbour| {
            let wanted = neighbour_like(node, n)
                .filter(|w| is_same_neighbour(w, n) && [Origin::Netyard, n.origin].contains(&w.origin));
            wanted.is_none() && self.manages_neighbour(n) && !self.is_doomed(name, &n.dev)
        };
        now.neighbours.iter().filter(is_surplus).cloned().collect()
    }

    /// The routes of a node that are to go: they are not described. Nor can one stay to be replaced if it could not be put back: by then,
    /// an address that reaches its router has gone, or an interface that it leaves by. Of several with one key, which only an
    /// observation can have, one is kept to be replaced.
    fn surplus_routes(&self, name: &NodeName, node: &NodeState) -> Vec<(Route, Reason)> {
        let managed = |route: &&Route| self.manages_route(route);
        let wanted: BTreeSet<_> = node.routes.iter().filter(managed).map(Route::key).collect();
        let is_described = |route: &Route| {
            node.routes.contains(route)
                || is_foreign(route.origin)
                    && node.routes.iter().any(|w| w.key() == route.key() && is_as_good(route, w))
        };
        let mut kept = BTreeSet::new();
        let Some(now) = self.node_now(name) else { return Vec::new() };
        // Those that are wanted as they are come first, so that they are the ones kept.
        let (exact, other): (Vec<_>, Vec<_>) =
            now.routes.iter().filter(managed).partition(|route| is_described(route));
        let mut surplus = |route: &Route| {
            let as_it_is = is_described(route);
            if !wanted.contains(&route.key()) {
                (!self.goes_with_doomed(name, route)).then(|| Reason::of_surplus(route.origin))
            } else if !as_it_is && check_route(node, name, route).is_err() || !kept.insert(route.key()) {
                Some(Reason::OtherRoute)
            } else {
                None
            }
        };
        let all = exact.into_iter().chain(other);
        all.filter_map(|route| surplus(route).map(|reason| (route.clone(), reason))).collect()
    }

    /// Removes addresses that are not described, and link-local ones of the kernel's where none are to be.
    pub(super) fn delete_surplus_addresses(
        &mut self,
        name: &NodeName,
        node: &NodeState,
        which: impl Fn(&IfAddr) -> bool,
    ) {
        let Some(now) = self.node_now(name) else { return };
        let mut surplus = Vec::new();
        for (dev, link) in &now.links {
            if self.is_doomed(name, dev) {
                continue;
            }
            let is_wanted = |addr: &IfAddr| {
                let mut wanted = node.links.get(dev).into_iter().flat_map(|l| &l.addresses);
                wanted.any(|w| {
                    w == addr || (is_foreign(addr.origin) && (w.addr, w.len) == (addr.addr, addr.len))
                })
            };
            let goes = |addr: &&IfAddr| self.manages(addr.origin) || is_left_over(node, link, addr);
            let all = link.addresses.iter().filter(goes).copied();
            surplus
                .extend(all.filter(|addr| which(addr) && !is_wanted(addr)).map(|addr| (dev.clone(), addr)));
        }
        for (link, addr) in surplus {
            let reason = Reason::of_surplus(addr.origin);
            self.push(Step::DeleteAddress { node: name.clone(), link, addr }, reason);
        }
    }
}

/// Whether the kernel made this link-local address before its node was told to make none: the setting concerns only those to come.
fn is_left_over(node: &NodeState, link: &Link, addr: &IfAddr) -> bool {
    let is_link_local = matches!(addr.addr, IpAddr::V6(v6) if v6.is_unicast_link_local());
    node.is_without_link_local() && is_ours(link) && is_link_local && addr.origin == Origin::Kernel
}
