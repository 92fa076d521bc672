//! Removing. Removing links one by one makes the kernel wait tens of milliseconds for each, so it is told about all of a
//! namespace at once; a namespace that goes takes its links along by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use netyard_plan::Step;
use netyard_types::{Endpoint, IfName, NodeName};
use nix::errno::Errno;

use crate::error::{KernelError, Object};
use crate::netlink::{self, Batch, Refusal};
use crate::netns;
use crate::node_files;

use super::{DOOMED_GROUP, Execution};

/// The links of one node that are to go, with the step that wants it.
type Doomed = BTreeMap<IfName, usize>;

impl<'a> Execution<'a> {
    /// Removes what a phase removes: first what hangs on links, then links, then nodes.
    pub(super) fn remove(&mut self, range: Range<usize>) {
        let mut links: BTreeMap<&'a NodeName, Doomed> = BTreeMap::new();
        let mut nodes: BTreeMap<&'a NodeName, usize> = BTreeMap::new();
        for index in range {
            match &self.steps[index] {
                Step::DeleteLink { node, link } | Step::DiscardLink { node, link } => {
                    links.entry(node).or_default().insert(link.clone(), index);
                }
                Step::DeleteNode { node } | Step::DiscardNode { node } => {
                    nodes.insert(node, index);
                }
                Step::DiscardStranger { name } => match netns::remove(&self.paths.namespaces.join(name)) {
                    Ok(()) => self.done[index] = true,
                    Err(source) => {
                        self.failed.push((index, KernelError::Stranger { name: name.clone(), source }));
                    }
                },
                _ => self.each(index..index + 1, Self::begin),
            }
        }
        // What waits must not come behind: it may be about what goes now.
        let waiting: Vec<&'a NodeName> = self.queues.keys().copied().collect();
        for node in waiting {
            self.flush(node);
        }
        self.delete_links(&links);
        self.delete_nodes(&nodes);
    }

    fn delete_links(&mut self, doomed: &BTreeMap<&'a NodeName, Doomed>) {
        let mut gone: BTreeSet<Endpoint> = BTreeSet::new();
        for (node, links) in doomed {
            let mut there = Doomed::new();
            for (link, index) in links {
                let at = Endpoint::new((*node).clone(), link.clone());
                if gone.contains(&at) {
                    // The other end of its cable has taken it along.
                    self.done[*index] = true;
                    continue;
                }
                match self.inventory.devices(node).map(|devices| devices.get(link).cloned()) {
                    Ok(Some(known)) => {
                        gone.extend(known.peer);
                        there.insert(link.clone(), *index);
                    }
                    Ok(None) => self.failed.push((*index, KernelError::NoSuchLink { at })),
                    Err(error) => self.failed.push((*index, error)),
                }
            }
            self.delete_from(node, &there);
        }
    }

    /// Removes links of one node in one go.
    fn delete_from(&mut self, node: &'a NodeName, doomed: &Doomed) {
        let mut batch = Batch::default();
        let mut devices = Vec::new();
        for (link, index) in doomed {
            match self.index_of(node, link) {
                Ok(device) => devices.push((device, *index)),
                Err(error) => self.failed.push((*index, error)),
            }
        }
        let Some((_, first)) = devices.first().copied() else { return };
        match devices.as_slice() {
            [(device, index)] => batch.push(netlink::delete_link(*device), *index),
            many => {
                for (device, index) in many {
                    batch.push(netlink::set_group(*device, DOOMED_GROUP), *index);
                }
                batch.push(netlink::delete_group(DOOMED_GROUP), first);
            }
        }
        let failed = self.failed.len();
        self.send(node, &batch);
        // One that is gone already went with what it stood on, which is as good.
        for (index, error) in self.failed.split_off(failed) {
            match error {
                KernelError::Refused { source, .. } if source.errno == Errno::ENODEV => {
                    self.done[index] = true
                }
                error => self.failed.push((index, error)),
            }
        }
        for link in doomed.keys() {
            self.inventory.remove_link(&Endpoint::new(node.clone(), link.clone()));
        }
    }

    /// Removes nodes. The far ends of their cables are removed first, in the nodes that stay: the kernel would take them away too,
    /// but some time later, or never while a process is in the node.
    fn delete_nodes(&mut self, nodes: &BTreeMap<&'a NodeName, usize>) {
        let mut far: BTreeMap<NodeName, Vec<(IfName, usize)>> = BTreeMap::new();
        for (node, index) in nodes {
            match self.inventory.devices(node) {
                Ok(devices) => {
                    let peers = devices.iter().filter_map(|(_, known)| known.peer.clone());
                    for peer in peers.filter(|peer| !nodes.contains_key(&peer.node)) {
                        far.entry(peer.node).or_default().push((peer.link, *index));
                    }
                }
                Err(error) => self.failed.push((*index, error)),
            }
        }
        for (node, links) in &far {
            self.delete_far_ends(node, links);
        }
        for (node, index) in nodes {
            if self.failed.iter().any(|(failed, _)| failed == index) {
                continue;
            }
            let removed = self.namespaces.remove(node).and_then(|()| {
                self.done[*index] = true;
                node_files::remove(self.paths, node)
            });
            self.inventory.remove(node);
            if let Err(error) = removed {
                self.failed.push((*index, error));
            }
        }
    }

    fn delete_far_ends(&mut self, node: &NodeName, links: &[(IfName, usize)]) {
        let mut batch = Batch::default();
        for (link, index) in links {
            if let Ok(device) = self.index_of(node, link) {
                batch.push(netlink::set_group(device, DOOMED_GROUP), *index);
            }
        }
        let Some((_, first)) = links.first() else { return };
        if batch.is_empty() {
            return;
        }
        batch.push(netlink::delete_group(DOOMED_GROUP), *first);
        let sent = self.namespaces.socket(node).map(|socket| socket.send(&batch));
        let refused = match sent {
            Ok(Ok(refused)) => refused,
            Ok(Err(error)) => return self.failed.push((*first, KernelError::netlink(node)(error))),
            Err(error) => return self.failed.push((*first, error)),
        };
        // Gone already is as good.
        let there = |refusal: &Refusal| refusal.errno != Errno::ENODEV;
        for (index, source) in refused.into_iter().filter(|(_, refusal)| there(refusal)) {
            let object = Box::new(Object::of(&self.steps[index]));
            self.failed.push((index, KernelError::Refused { node: node.clone(), object, source }));
        }
        for (link, _) in links {
            self.inventory.remove_link(&Endpoint::new(node.clone(), link.clone()));
        }
    }
}
