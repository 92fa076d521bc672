//! The interface indexes of a lab: what names stand for in requests, and which numbers are free.

use std::collections::BTreeMap;

use netyard_types::{Endpoint, IfName, NodeName};

use crate::error::KernelError;
use crate::netlink::DeviceIndex;

/// An interface, as far as requests need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) index: u32,
    /// The other end of a cable.
    pub(crate) peer: Option<Endpoint>,
}

/// The interfaces of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Devices {
    node: NodeName,
    links: BTreeMap<IfName, Known>,
    next: u32,
}

impl Devices {
    /// A namespace that has just been made: `lo` has the index 1 (`LOOPBACK_IFINDEX` in the kernel).
    pub(crate) fn fresh(node: NodeName) -> Self {
        let links = BTreeMap::from([(IfName::loopback(), Known { index: 1, peer: None })]);
        Self { node, links, next: 2 }
    }

    pub(crate) fn new(node: NodeName, links: BTreeMap<IfName, Known>) -> Self {
        let next = links.values().map(|known| known.index).max().unwrap_or(1).saturating_add(1).max(2);
        Self { node, links, next }
    }

    /// Gives a new interface the next index. No index is given twice, even if the first interface that had it is gone: an
    /// answer of the kernel's that is still on its way could mean either.
    pub(crate) fn add(&mut self, link: &IfName, peer: Option<Endpoint>) -> u32 {
        let index = self.next;
        self.next = self.next.saturating_add(1);
        self.links.insert(link.clone(), Known { index, peer });
        index
    }

    /// Does not give `index` to the next interface.
    pub(crate) fn pass_over(&mut self, index: u32) {
        if self.next == index {
            self.next = self.next.saturating_add(1);
        }
    }

    pub(crate) fn get(&self, link: &IfName) -> Option<&Known> {
        self.links.get(link)
    }

    pub(crate) fn remove(&mut self, link: &IfName) -> Option<Known> {
        self.links.remove(link)
    }

    /// The interfaces.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&IfName, &Known)> {
        self.links.iter()
    }
}

impl DeviceIndex for Devices {
    type Error = KernelError;

    fn index_of(&self, link: &IfName) -> Result<u32, KernelError> {
        match self.links.get(link) {
            Some(known) => Ok(known.index),
            None => Err(KernelError::NoSuchLink { at: Endpoint::new(self.node.clone(), link.clone()) }),
        }
    }
}

/// The interfaces of all nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inventory {
    nodes: BTreeMap<NodeName, Devices>,
}

impl Inventory {
    pub(crate) fn insert(&mut self, node: NodeName, devices: Devices) {
        self.nodes.insert(node, devices);
    }

    pub(crate) fn remove(&mut self, node: &NodeName) -> Option<Devices> {
        self.nodes.remove(node)
    }

    pub(crate) fn devices(&self, node: &NodeName) -> Result<&Devices, KernelError> {
        self.nodes.get(node).ok_or_else(|| KernelError::NoSuchNode { node: node.clone() })
    }

    pub(crate) fn devices_mut(&mut self, node: &NodeName) -> Result<&mut Devices, KernelError> {
        self.nodes.get_mut(node).ok_or_else(|| KernelError::NoSuchNode { node: node.clone() })
    }

    /// Forgets an interface and, of a cable, its other end.
    pub(crate) fn remove_link(&mut self, at: &Endpoint) {
        let peer = self.nodes.get_mut(&at.node).and_then(|devices| devices.remove(&at.link)?.peer);
        if let Some(peer) = peer
            && let Some(devices) = self.nodes.get_mut(&peer.node)
        {
            devices.remove(&peer.link);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_is_passed_over_is_not_given() {
        let mut devices = Devices::fresh(NodeName::new("a").unwrap());
        let mut add = |passed, name: &str| {
            devices.pass_over(passed);
            devices.add(&IfName::new(name).unwrap(), None)
        };
        assert_eq!([add(9, "eth0"), add(3, "eth1"), add(2, "eth2")], [2, 4, 5]);
    }
}
