//! Addresses, routes, neighbours and names that come or change.

use alloc::sync::Arc;

use netyard_types::{Endpoint, IfName, Neighbour, NodeName, NodeState, Origin, Route, RouteKind};

use super::foreign::{is_as_good, is_foreign};
use super::{Foreign, Planner, our_addresses};
use crate::effects::routes_in_order;
use crate::plan::Conflict;
use crate::reason::Reason;
use crate::resolv::is_our_resolv;
use crate::simulate::{is_same_address, neighbour_like};
use crate::step::Step;

impl Planner<'_> {
    /// Adds the addresses that are missing.
    pub(super) fn add_addresses(&mut self) {
        for (name, node) in self.described() {
            for (dev, link) in &node.links {
                if self.is_blocked(name, dev) {
                    continue;
                }
                for addr in our_addresses(link) {
                    self.add_address(name, dev, addr);
                }
            }
        }
    }

    fn add_address(&mut self, name: &NodeName, dev: &IfName, wanted: netyard_types::IfAddr) {
        let Some(link) = self.node_now(name).and_then(|now| now.links.get(dev)) else { return };
        match link.addresses.iter().find(|found| is_same_address(found, &wanted)) {
            Some(found) if found.len == wanted.len => {}
            Some(found) => {
                let at = Endpoint::new(name.clone(), dev.clone());
                self.conflicts.push(Conflict::Address { at, wanted, found: *found });
            }
            None => {
                let before = self.observed.nodes.get(name).and_then(|n| n.links.get(dev));
                let was_there = before.is_some_and(|l| l.addresses.contains(&wanted));
                let reason = self.reason_to_add(name, core::iter::once(dev), was_there);
                self.push(Step::AddAddress { node: name.clone(), link: dev.clone(), addr: wanted }, reason);
            }
        }
    }

    /// Removes the IPv4 addresses that are not described.
    pub(super) fn delete_addresses(&mut self) {
        for (name, node) in self.described() {
            self.delete_surplus_addresses(name, node, |addr| addr.addr.is_ipv4());
        }
    }

    /// Adds and replaces routes and neighbours.
    pub(super) fn add_routes_and_neighbours(&mut self) {
        for (name, node) in self.described() {
            let ours = node.routes.iter().filter(|route| route.origin == Origin::Netyard);
            for route in routes_in_order(ours) {
                if !devs(route).any(|dev| self.is_blocked(name, dev)) {
                    self.add_route(name, route);
                }
            }
            for neighbour in node.neighbours.iter().filter(|n| n.origin == Origin::Netyard) {
                if !self.is_blocked(name, &neighbour.dev) {
                    self.add_neighbour(name, neighbour);
                }
            }
        }
    }

    fn add_route(&mut self, name: &NodeName, wanted: &Route) {
        let Some(now) = self.node_now(name) else { return };
        if now.routes.contains(wanted) {
            return;
        }
        let node = name.clone();
        let same_key = || now.routes.iter().filter(|found| found.key() == wanted.key());
        let theirs = |found: &&Route| matches!(found.origin, Origin::Other(_));
        if same_key().any(|found| theirs(&found) && is_as_good(found, wanted)) {
            return;
        }
        if let Some(found) = same_key().find(theirs).cloned() {
            if self.manages_route(&found) {
                let reason = Reason::Route { found: found.clone() };
                self.push(Step::ReplaceRoute { node, old: found, new: wanted.clone() }, reason);
            } else {
                self.conflicts.push(Conflict::Route { node, wanted: wanted.clone(), found });
            }
        } else if let Some(old) = same_key().find(|found| found.origin == Origin::Netyard).cloned() {
            let reason = Reason::Route { found: old.clone() };
            self.push(Step::ReplaceRoute { node, old, new: wanted.clone() }, reason);
        } else {
            let before = self.observed.nodes.get(name);
            let was_there = before.is_some_and(|n| n.routes.contains(wanted));
            let mut ours = before.into_iter().flat_map(|n| &n.routes).filter(|r| r.origin == Origin::Netyard);
            let reason = match ours.find(|found| found.key() == wanted.key()) {
                Some(found) if !was_there => Reason::Route { found: found.clone() },
                _ => self.reason_to_add(name, devs(wanted), was_there),
            };
            self.push(Step::AddRoute { node, route: wanted.clone() }, reason);
        }
    }

    fn add_neighbour(&mut self, name: &NodeName, wanted: &Neighbour) {
        let Some(now) = self.node_now(name) else { return };
        let before = self.observed.nodes.get(name);
        let reason = match neighbour_like(now, wanted).cloned() {
            // One that the kernel learned gives way.
            Some(found) if is_like(&found, wanted) && found.origin != Origin::Kernel => return,
            Some(found) if is_foreign(found.origin) && is_set(&found) && !self.manages(found.origin) => {
                let node = name.clone();
                self.conflicts.push(Conflict::Neighbour { node, wanted: wanted.clone(), found });
                return;
            }
            Some(found) => Reason::Neighbour { found: found.mac },
            None => {
                let was_there = before.is_some_and(|n| n.neighbours.contains(wanted));
                self.reason_to_add(name, core::iter::once(&wanted.dev), was_there)
            }
        };
        self.push(Step::AddNeighbour { node: name.clone(), neighbour: wanted.clone() }, reason);
    }

    /// Writes the names that differ, and where to ask for them.
    pub(super) fn write_names(&mut self) {
        for (name, node) in self.described() {
            self.write_hosts(name, node);
            self.write_resolv(name, node);
        }
        let (found, wanted) = (&self.observed.names, &self.desired.names);
        if !is_same(found.as_ref(), wanted.as_ref()) {
            let reason = Reason::of_names(found.as_deref(), wanted.as_deref());
            self.push(Step::WriteNames { names: wanted.clone() }, reason);
        }
    }

    fn write_hosts(&mut self, name: &NodeName, node: &NodeState) {
        let (now, wanted) = (self.node_now(name).and_then(|now| now.hosts.as_ref()), node.hosts.as_ref());
        if is_same(now, wanted) {
            return;
        }
        let before = self.observed.nodes.get(name).and_then(|before| before.hosts.as_ref());
        let reason = self.reason_to_write(name, [before, now, wanted], Reason::Names);
        self.push(Step::WriteHosts { node: name.clone(), lines: wanted.cloned() }, reason);
    }

    fn write_resolv(&mut self, name: &NodeName, node: &NodeState) {
        let now = self.node_now(name).and_then(|now| now.resolv.as_ref());
        let wanted = node.resolv.as_ref().filter(|text| is_our_resolv(text));
        match now {
            Some(theirs) if !is_our_resolv(theirs) => {
                if self.foreign == Foreign::Remove && node.resolv.as_ref() != Some(theirs) {
                    let in_the_way = Reason::InTheWay { for_good: false };
                    let reason =
                        if wanted.is_some() { in_the_way } else { Reason::ByHand { for_good: false } };
                    self.push(Step::WriteResolv { node: name.clone(), text: wanted.cloned() }, reason);
                } else if wanted.is_some() {
                    self.conflicts.push(Conflict::Resolver { node: name.clone() });
                }
            }
            now if is_same(now, wanted) => {}
            now => {
                let before = self.observed.nodes.get(name).and_then(|before| before.resolv.as_ref());
                let reason = self.reason_to_write(name, [before, now, wanted], Reason::Resolver);
                self.push(Step::WriteResolv { node: name.clone(), text: wanted.cloned() }, reason);
            }
        }
    }

    /// Why a file is written that was one thing before the plan, is another now, and is to be a third.
    fn reason_to_write(
        &self,
        node: &NodeName,
        [before, now, wanted]: [Option<&Arc<str>>; 3],
        changed: Reason,
    ) -> Reason {
        match (now, wanted) {
            (_, None) => Reason::NotInFile,
            (Some(_), Some(_)) => changed,
            (None, Some(_)) => self.reason_to_add(node, core::iter::empty(), is_same(before, wanted)),
        }
    }
}

/// Whether two values are the same. Those of one network are mostly shared, so that is asked first.
fn is_same<T: ?Sized + PartialEq>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b) || a == b,
        (None, None) => true,
        _ => false,
    }
}

/// The interfaces by which a route leaves.
fn devs(route: &Route) -> impl Iterator<Item = &IfName> {
    let hops = match &route.kind {
        RouteKind::Unicast(hops) => hops.as_slice(),
        _ => &[],
    };
    hops.iter().map(|hop| &hop.dev)
}

/// Whether two entries for one address say the same.
fn is_like(a: &Neighbour, b: &Neighbour) -> bool {
    (a.mac, a.state) == (b.mac, b.state)
}

/// Whether somebody set the entry for good.
fn is_set(neighbour: &Neighbour) -> bool {
    neighbour.state == netyard_types::NeighbourState::Permanent
}
