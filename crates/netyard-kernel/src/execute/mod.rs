//! Carrying out steps. What to do is decided already; here it is only gathered by namespace and sent.
//!
//! Requests wait in one queue per namespace, over several phases: in one namespace the kernel handles them in their order, and
//! what a step needs of another namespace is always made at once. So most namespaces are talked to once.

mod cables;
mod nodes;
mod remove;
mod settings;

use std::collections::BTreeMap;
use std::ops::Range;

use netyard_plan::{ExecuteError, LinkChange, Phase, Step};
use netyard_types::{IfName, NodeName, Origin};

use crate::error::{KernelError, Object};
use crate::inventory::Inventory;
use crate::names_file;
use crate::namespaces::Namespaces;
use crate::netlink::{self, Batch, DeviceIndex, LinkEnd, Request};
use crate::node_files;
use crate::paths::Paths;

/// The group of links that are about to be removed together. If that is interrupted, they are still known as Netyard's.
pub(crate) const DOOMED_GROUP: u32 = Origin::LINK_GROUP + 1;

/// A list of steps on its way into the kernel.
pub(crate) struct Execution<'a> {
    paths: &'a Paths,
    namespaces: &'a mut Namespaces,
    inventory: Inventory,
    steps: &'a [Step],
    /// Whether each step took effect, if only in part.
    done: Vec<bool>,
    failed: Vec<(usize, KernelError)>,
    /// Requests that wait, with the indexes of their steps.
    queues: BTreeMap<&'a NodeName, Batch>,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(
        paths: &'a Paths,
        namespaces: &'a mut Namespaces,
        inventory: Inventory,
        steps: &'a [Step],
    ) -> Self {
        Self {
            paths,
            namespaces,
            inventory,
            steps,
            done: vec![false; steps.len()],
            failed: Vec::new(),
            queues: BTreeMap::new(),
        }
    }

    /// Carries out all steps, or those up to the end of the phase in which one fails.
    pub(crate) fn run(mut self, progress: &mut dyn FnMut(usize)) -> Result<(), ExecuteError<KernelError>> {
        let mut start = 0;
        while let Some(phase) = self.steps.get(start).map(Step::phase) {
            let len = self.steps[start..].iter().take_while(|step| step.phase() == phase).count();
            if phase >= Phase::Names {
                // Who reads a name goes there at once, and what cannot be put back must not go before all else is done.
                self.flush_all(progress);
                if !self.failed.is_empty() {
                    break;
                }
            }
            self.carry_out(phase, start..start + len, progress);
            start += len;
            if !self.failed.is_empty() {
                break;
            }
            // What waits in a queue is not done yet.
            if self.queues.is_empty() {
                progress(start);
            }
        }
        if self.failed.is_empty() {
            self.flush_all(progress);
        }
        match self.failed.into_iter().min_by_key(|(step, _)| *step) {
            None => Ok(()),
            Some((step, source)) => Err(ExecuteError { step, done: self.done, source }),
        }
    }

    fn carry_out(&mut self, phase: Phase, range: Range<usize>, progress: &mut dyn FnMut(usize)) {
        match phase {
            Phase::Remove | Phase::Discard => self.remove(range),
            Phase::Nodes => self.add_nodes(range, progress),
            Phase::Cables => self.add_cables(range),
            Phase::Settings => self.write_settings(range),
            Phase::Links => self.change_links(range),
            Phase::Bridges | Phase::AddAddresses | Phase::DeleteAddresses | Phase::Routes | Phase::Names => {
                self.each(range, Self::begin)
            }
        }
    }

    /// Does `work` for each step, and keeps what fails. The other steps of the phase do not depend on it.
    fn each(&mut self, range: Range<usize>, work: impl Fn(&mut Self, usize) -> Result<(), KernelError>) {
        for index in range {
            if let Err(error) = work(self, index) {
                self.failed.push((index, error));
            }
        }
    }

    /// The node of a step that has one.
    fn node_of(&self, index: usize) -> &'a NodeName {
        self.steps[index].node().expect("only names concern the whole lab")
    }

    /// Does a step that stands alone, or queues its requests.
    fn begin(&mut self, index: usize) -> Result<(), KernelError> {
        let step = &self.steps[index];
        if step.phase() == Phase::Names {
            self.write_file(step)?;
            self.done[index] = true;
            return Ok(());
        }
        self.begin_on(index, step, self.node_of(index))
    }

    fn write_file(&self, step: &Step) -> Result<(), KernelError> {
        match step {
            Step::WriteHosts { node, lines } => {
                self.inventory.devices(node)?;
                node_files::write_hosts(self.paths, node, lines.as_deref())
            }
            Step::WriteResolv { node, text } => {
                self.inventory.devices(node)?;
                node_files::write_resolv(self.paths, node, text.as_deref())
            }
            Step::WriteNames { names } => names_file::write(self.paths, names.as_deref()),
            _ => unreachable!("the others are no files"),
        }
    }

    /// Does a step of one node that stands alone, or queues its requests.
    fn begin_on(&mut self, index: usize, step: &'a Step, node: &'a NodeName) -> Result<(), KernelError> {
        match step {
            Step::AddBridge { link, mac, mtu, bridge, .. } => {
                let end = LinkEnd { name: link, index: self.new_index(node, link)?, mac: *mac, mtu: *mtu };
                for request in netlink::add_bridge(&end, bridge) {
                    self.queue(index, node, request);
                }
                Ok(())
            }
            Step::AddAddress { link, addr, .. } => {
                self.queue_on(index, node, link, |device| netlink::add_address(device, addr))
            }
            Step::DeleteAddress { link, addr, .. } => {
                self.queue_on(index, node, link, |device| netlink::delete_address(device, addr))
            }
            Step::AddRoute { route, .. } => {
                let request = netlink::add_route(route, self.inventory.devices(node)?)?;
                self.queue(index, node, request);
                Ok(())
            }
            Step::ReplaceRoute { new, .. } => {
                let request = netlink::replace_route(new, self.inventory.devices(node)?)?;
                self.queue(index, node, request);
                Ok(())
            }
            Step::DeleteRoute { route, .. } => {
                self.inventory.devices(node)?;
                self.queue(index, node, netlink::delete_route(route));
                Ok(())
            }
            Step::AddNeighbour { neighbour, .. } => {
                self.queue_on(index, node, &neighbour.dev, |device| netlink::add_neighbour(device, neighbour))
            }
            Step::DeleteNeighbour { neighbour, .. } => self
                .queue_on(index, node, &neighbour.dev, |device| netlink::delete_neighbour(device, neighbour)),
            Step::AddFdb { entry, .. } => {
                self.queue_on(index, node, &entry.dev, |device| netlink::add_fdb(device, entry))
            }
            Step::DeleteFdb { entry, .. } => {
                self.queue_on(index, node, &entry.dev, |device| netlink::delete_fdb(device, entry))
            }
            Step::SetLink { link, change, .. } => self.change_link(index, node, link, change),
            Step::SetSysctl { .. } | Step::ResetSysctl { .. } => {
                self.write_setting(index);
                Ok(())
            }
            Step::AddNode { .. }
            | Step::AddCable { .. }
            | Step::DeleteLink { .. }
            | Step::DeleteNode { .. }
            | Step::DiscardLink { .. }
            | Step::DiscardNode { .. }
            | Step::DiscardStranger { .. }
            | Step::WriteHosts { .. }
            | Step::WriteResolv { .. }
            | Step::WriteNames { .. } => unreachable!("these are done elsewhere"),
        }
    }

    fn change_links(&mut self, range: Range<usize>) {
        // Settings of an interface are written to files, which are not there before the interface is.
        let with_settings: Vec<&'a NodeName> = range
            .clone()
            .filter(|i| matches!(self.steps[*i], Step::SetSysctl { .. } | Step::ResetSysctl { .. }))
            .filter_map(|i| self.steps[i].node())
            .collect();
        for node in with_settings {
            self.flush(node);
        }
        if self.failed.is_empty() {
            self.each(range, Self::begin);
        }
    }

    fn change_link(
        &mut self,
        index: usize,
        node: &'a NodeName,
        link: &IfName,
        change: &LinkChange,
    ) -> Result<(), KernelError> {
        let device = self.index_of(node, link)?;
        let request = match change {
            LinkChange::Up(up) => netlink::set_up(device, *up),
            LinkChange::Mtu(mtu) => netlink::set_mtu(device, *mtu),
            LinkChange::Mac(mac) => netlink::set_mac(device, *mac),
            LinkChange::Master(None) => netlink::set_master(device, None),
            LinkChange::Master(Some(master)) => {
                netlink::set_master(device, Some(self.index_of(node, master)?))
            }
            LinkChange::Group(group) => netlink::set_group(device, *group),
            LinkChange::Bridge(bridge) => {
                for request in netlink::set_bridge(device, bridge) {
                    self.queue(index, node, request);
                }
                return Ok(());
            }
        };
        self.queue(index, node, request);
        Ok(())
    }

    /// Queues a request that is about one interface.
    fn queue_on(
        &mut self,
        index: usize,
        node: &'a NodeName,
        link: &IfName,
        request: impl FnOnce(u32) -> Request,
    ) -> Result<(), KernelError> {
        let device = self.index_of(node, link)?;
        self.queue(index, node, request(device));
        Ok(())
    }

    fn index_of(&self, node: &NodeName, link: &IfName) -> Result<u32, KernelError> {
        self.inventory.devices(node)?.index_of(link)
    }

    fn new_index(&mut self, node: &NodeName, link: &IfName) -> Result<u32, KernelError> {
        Ok(self.inventory.devices_mut(node)?.add(link, None))
    }

    fn queue(&mut self, index: usize, node: &'a NodeName, request: Request) {
        self.queues.entry(node).or_default().push(request, index);
    }

    /// Sends what waits for a node.
    fn flush(&mut self, node: &'a NodeName) {
        if let Some(batch) = self.queues.remove(node) {
            self.send(node, &batch);
        }
    }

    fn send(&mut self, node: &'a NodeName, batch: &Batch) {
        let sent = self.namespaces.socket(node).map(|socket| socket.send(batch));
        let refused = match sent {
            Ok(Ok(refused)) => refused,
            // Nobody knows which of them took effect, so all are taken for done: to undo too much is better than too little.
            Ok(Err(error)) => {
                batch.tags().for_each(|index| self.done[index] = true);
                let first = batch.tags().min().unwrap_or(0);
                self.failed.push((first, KernelError::netlink(node)(error)));
                return;
            }
            Err(error) => {
                self.failed.push((batch.tags().min().unwrap_or(0), error));
                return;
            }
        };
        let mut accepted: BTreeMap<usize, usize> = BTreeMap::new();
        for index in batch.tags() {
            *accepted.entry(index).or_default() += 1;
        }
        for (index, source) in refused {
            *accepted.entry(index).or_default() -= 1;
            let object = Box::new(Object::of(&self.steps[index]));
            self.failed.push((index, KernelError::Refused { node: node.clone(), object, source }));
        }
        for (index, count) in accepted {
            self.done[index] |= count > 0;
        }
    }

    /// Sends all that waits, up to the first namespace in which something fails.
    fn flush_all(&mut self, progress: &mut dyn FnMut(usize)) {
        let mut behind: usize = self.queues.values().map(Batch::len).sum();
        while let Some((node, batch)) = self.queues.pop_first() {
            self.send(node, &batch);
            if !self.failed.is_empty() {
                return;
            }
            behind = behind.saturating_sub(batch.len());
            progress(self.steps.len().saturating_sub(behind));
        }
        progress(self.steps.len());
    }
}
