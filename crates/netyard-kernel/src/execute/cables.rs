//! Cables: each is one request, and a second one that switches the far end on.

use std::collections::BTreeMap;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use netyard_plan::{CableEnd, Step};
use netyard_types::NodeName;

use crate::error::KernelError;
use crate::netlink::{self, DeviceIndex, LinkEnd};
use crate::netns;

use super::Execution;

/// How many cables are made before their far ends are switched on. When a port of a bridge gets its carrier, the kernel looks through
/// all ports that the bridge has by then (`br_port_state_selection()`), so the later ones must not be there yet.
const AT_ONCE: usize = 32;

impl<'a> Execution<'a> {
    /// Makes the cables of a phase, near end by near end. The far ends are switched on soon after.
    pub(super) fn add_cables(&mut self, range: Range<usize>) {
        let mut by_near: BTreeMap<&'a NodeName, Vec<usize>> = BTreeMap::new();
        for index in range {
            by_near.entry(self.node_of(index)).or_default().push(index);
        }
        // The namespaces of the far ends must be there, and all that waits for the near ends (their bridges) comes first.
        for (near, cables) in by_near {
            for some in cables.chunks(self.namespaces.most_held().min(AT_ONCE)) {
                self.add_some_cables(near, some);
            }
        }
    }

    fn add_some_cables(&mut self, near: &'a NodeName, cables: &[usize]) {
        let mut batch = self.queues.remove(near).unwrap_or_default();
        // The request holds only the number of a descriptor, so it must stay open until it is sent.
        let mut held = Vec::with_capacity(cables.len());
        let mut far_ends = Vec::with_capacity(cables.len());
        for index in cables {
            let steps = self.steps;
            let Step::AddCable { ends } = &steps[*index] else { continue };
            match self.cable_request(ends) {
                Ok((request, far, namespace)) => {
                    batch.push(request, *index);
                    far_ends.push((*index, &ends[1].at.node, far));
                    held.push(namespace);
                }
                Err(error) => self.failed.push((*index, error)),
            }
        }
        self.send(near, &batch);
        for (index, far, device) in far_ends {
            if self.done[index] {
                self.queue(index, far, netlink::set_up(device, true));
                self.flush(far);
            }
        }
    }

    fn cable_request(
        &mut self,
        ends: &[CableEnd; 2],
    ) -> Result<(netlink::Request, u32, Arc<OwnedFd>), KernelError> {
        let [near, far] = ends;
        let master = match &near.master {
            Some(master) => Some(self.inventory.devices(&near.at.node)?.index_of(master)?),
            None => None,
        };
        self.inventory.devices(&far.at.node)?;
        let namespace = self.namespaces.namespace(&far.at.node)?;
        let near_index = self.inventory.devices_mut(&near.at.node)?.add(&near.at.link, Some(far.at.clone()));
        let far_devices = self.inventory.devices_mut(&far.at.node)?;
        // An interface that is tied to its own number looks to the kernel like one that is tied to nothing, and the news of its
        // carrier waits for up to a second (`linkwatch_urgent_event()`, net/core/link_watch.c).
        far_devices.pass_over(near_index);
        let far_index = far_devices.add(&far.at.link, Some(near.at.clone()));
        let request = netlink::add_veth(
            &veth_end(near, near_index),
            master,
            &veth_end(far, far_index),
            netns::borrow(&namespace),
        );
        Ok((request, far_index, namespace))
    }
}

fn veth_end(end: &CableEnd, index: u32) -> LinkEnd<'_> {
    LinkEnd { name: &end.at.link, index, mac: end.mac, mtu: end.mtu }
}
