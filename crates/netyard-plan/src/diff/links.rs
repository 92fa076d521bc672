//! Nodes, settings and interfaces that come or change.

use alloc::vec::Vec;

use netyard_types::{Bridge, Endpoint, IfName, Link, LinkKind, NodeName, NodeState};

use super::{Planner, is_our_node, is_ours};
use crate::cable::{make_bridge, make_cable};
use crate::effects::{far_end, link_at};
use crate::reason::Reason;
use crate::step::{LinkChange, Step};

impl Planner<'_> {
    /// Makes the namespaces that are missing.
    pub(super) fn add_nodes(&mut self) {
        let desired = self.desired;
        for (name, node) in desired.nodes.iter().filter(|(_, node)| is_our_node(node)) {
            if !self.now.nodes.contains_key(name) {
                let reason = match self.observed.nodes.get(name) {
                    Some(found) if is_our_node(found) => {
                        Reason::NodeKind { wanted: node.kind, found: found.kind }
                    }
                    _ => Reason::NotThere,
                };
                self.push(Step::AddNode { node: name.clone(), kind: node.kind }, reason);
            }
        }
    }

    /// Writes and resets the settings of whole nodes.
    pub(super) fn set_node_settings(&mut self) {
        for (name, node) in self.described() {
            self.set_settings(name, node, |interface| interface.is_none());
        }
    }

    fn set_settings(&mut self, name: &NodeName, node: &NodeState, which: impl Fn(Option<&str>) -> bool) {
        let Some(now) = self.node_now(name) else { return };
        let before = self.observed.nodes.get(name);
        let mut steps = Vec::new();
        for (key, value) in node.sysctls.iter().filter(|(key, _)| which(key.interface())) {
            let reason = match now.sysctls.get(key) {
                Some(found) if found == value => continue,
                Some(found) => Reason::Setting { wanted: value.clone(), found: found.clone() },
                None => {
                    let was_there = before.is_some_and(|n| n.sysctls.get(key) == Some(value));
                    let dev = key.interface().and_then(|name| IfName::new(name).ok());
                    self.reason_to_add(name, dev.iter(), was_there)
                }
            };
            let step = Step::SetSysctl { node: name.clone(), key: key.clone(), value: value.clone() };
            steps.push((step, reason));
        }
        for key in now.sysctls.keys().filter(|key| which(key.interface()) && !node.sysctls.contains_key(*key))
        {
            steps.push((Step::ResetSysctl { node: name.clone(), key: key.clone() }, Reason::NotInFile));
        }
        for (step, reason) in steps {
            self.push(step, reason);
        }
    }

    /// Makes the bridges that are missing.
    pub(super) fn add_bridges(&mut self) {
        for (name, node) in self.described() {
            for (dev, link) in node.links.iter().filter(|(_, link)| is_ours(link)) {
                let at = Endpoint::new(name.clone(), dev.clone());
                match (link_at(&self.now, &at), make_bridge(&at, link)) {
                    (Some(found), _) if is_ours(found) => {}
                    // Cables come later, all at once.
                    (None, None) if matches!(link.kind, LinkKind::Veth { .. }) => {}
                    (Some(_), _) | (None, None) => self.block(&at),
                    (None, Some(step)) => {
                        let before = link_at(self.observed, &at).filter(|found| is_ours(found));
                        let was_there = before.is_some_and(|found| matches!(found.kind, LinkKind::Bridge(_)));
                        let reason = self.reason_to_add(name, core::iter::once(dev), was_there);
                        self.push(step, reason);
                    }
                }
            }
        }
    }

    /// Makes the cables that are missing.
    pub(super) fn add_cables(&mut self) {
        let mut cables = Vec::new();
        for (name, node) in self.described() {
            for (dev, _) in node.links.iter().filter(|(_, link)| is_ours(link) && is_veth(link)) {
                let at = Endpoint::new(name.clone(), dev.clone());
                if link_at(&self.now, &at).is_some() {
                    continue;
                }
                let Some(far) = far_end(self.desired, &at) else {
                    self.block(&at);
                    continue;
                };
                if *far == at {
                    self.block(&at);
                } else if link_at(&self.now, far).is_some() {
                    // What is in the way at the other end is reported already; this end cannot be made either.
                    self.blocked.insert(at);
                } else if at < *far {
                    match make_cable(self.desired, &at, far) {
                        Some((cable, _)) => cables.push((cable, at, far)),
                        None => self.block(&at),
                    }
                }
            }
        }
        cables.sort_by(|(a, ..), (b, ..)| (a.node(), first_end(a)).cmp(&(b.node(), first_end(b))));
        for (step, at, far) in cables {
            let was_there = far_end(self.observed, &at) == Some(far);
            let reason = match self.reason_to_add(&at.node, core::iter::once(&at.link), was_there) {
                // The cable cannot be made anew because it is made anew: one of its nodes is.
                Reason::LinkRemade => Reason::NodeRemade,
                reason => reason,
            };
            self.push(step, reason);
        }
    }

    /// Changes interfaces in place, and their settings.
    pub(super) fn change_links(&mut self) {
        for (name, node) in self.described() {
            for (dev, wanted) in &node.links {
                for (change, found) in self.changes(name, dev, wanted) {
                    let reason = Reason::Link { wanted: change.clone(), found };
                    self.push(Step::SetLink { node: name.clone(), link: dev.clone(), change }, reason);
                }
            }
            self.set_settings(name, node, |interface| interface.is_some());
        }
    }

    /// What differs between an interface as described and as it is now, each with what it is now.
    fn changes(&self, name: &NodeName, dev: &IfName, wanted: &Link) -> Vec<(LinkChange, LinkChange)> {
        let Some(found) = self.node_now(name).and_then(|now| now.links.get(dev)) else { return Vec::new() };
        let mut changes = Vec::new();
        let loopback = matches!((&wanted.kind, &found.kind), (LinkKind::Loopback, LinkKind::Loopback));
        if is_ours(wanted) && is_ours(found) && !self.is_blocked(name, dev) {
            if wanted.mtu != found.mtu {
                changes.push((LinkChange::Mtu(wanted.mtu), LinkChange::Mtu(found.mtu)));
            }
            if let (Some(new), Some(old)) = (wanted.mac, found.mac)
                && new != old
            {
                changes.push((LinkChange::Mac(new), LinkChange::Mac(old)));
            }
            if wanted.master != found.master {
                let master = |link: &Link| LinkChange::Master(link.master.clone());
                changes.push((master(wanted), master(found)));
            }
            if let (LinkKind::Bridge(new), LinkKind::Bridge(old)) = (&wanted.kind, &found.kind) {
                // The ageing time that was set cannot be seen while the tree changes.
                let ageing_cs = if found.topology_change { new.ageing_cs } else { old.ageing_cs };
                let old = Bridge { ageing_cs, ..*old };
                if *new != old {
                    changes.push((LinkChange::Bridge(*new), LinkChange::Bridge(old)));
                }
            }
        } else if !loopback {
            return Vec::new();
        }
        if wanted.up != found.up {
            changes.push((LinkChange::Up(wanted.up), LinkChange::Up(found.up)));
        }
        changes
    }
}

fn is_veth(link: &Link) -> bool {
    matches!(link.kind, LinkKind::Veth { .. })
}

fn first_end(step: &Step) -> Option<&Endpoint> {
    match step {
        Step::AddCable { ends } => Some(&ends[0].at),
        _ => None,
    }
}
