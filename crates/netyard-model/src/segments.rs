//! Segments: which ports are joined by cables and switches, and the subnets of each.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use netyard_spec::Spanned;
use netyard_types::{NodeKind, Prefix};

use crate::draft::Draft;
use crate::network::{CableId, Network, NodeId, PortId, Segment, SegmentId, Subnet, SubnetId, SubnetOwner};
use crate::problem::Problem;
use crate::union::DisjointSets;

/// The most ports of a bridge (`BR_MAX_PORTS` in net/bridge/br_private.h, less the number 0).
const MAX_BRIDGE_PORTS: usize = 1023;

/// Finds the segments, and gives them their subnets.
pub(crate) fn join(draft: &mut Draft<'_>) {
    let mut segments = Segments { sets: joined(&draft.network), numbers: BTreeMap::new(), list: Vec::new() };
    let ports = draft.network.ports.len();
    let mut subnets = Vec::new();
    for node in draft.node_ids() {
        if let Some(switch) = draft.switch(node) {
            let segment = segments.holding(ports + node.0);
            segments.list[segment.0].switches.push(node);
            subnets.extend(switch.subnet.iter().map(|subnet| (subnet, segment, SubnetOwner::Switch(node))));
        }
    }
    for (i, port) in draft.network.ports.iter_mut().enumerate() {
        port.segment = segments.holding(i);
        let segment = &mut segments.list[port.segment.0];
        segment.ports.push(PortId(i));
        if draft.network.nodes[port.node.0].kind == NodeKind::Router {
            segment.routers.push(port.node);
        }
    }
    for segment in &mut segments.list {
        segment.routers.sort_unstable();
        segment.routers.dedup();
    }
    for (i, spec) in draft.cable_specs.iter().enumerate() {
        let segment = draft.network[draft.network.cables[i].ends[0]].segment;
        let given = spec.map(|spec| spec.subnet.as_slice()).unwrap_or_default();
        subnets.extend(given.iter().map(|subnet| (subnet, segment, SubnetOwner::Cable(CableId(i)))));
    }
    draft.network.segments = segments.list;
    for (subnet, segment, owner) in subnets {
        add_subnet(&mut draft.network, subnet, segment, owner);
    }
}

/// Which ports and switches are joined: ports by their number, nodes by theirs behind the ports.
fn joined(network: &Network) -> DisjointSets {
    let ports = network.ports.len();
    let mut sets = DisjointSets::new(ports + network.nodes.len());
    for cable in &network.cables {
        sets.join(cable.ends[0].0, cable.ends[1].0);
    }
    for (NodeId(i), node) in network.nodes().filter(|(_, node)| node.bridge.is_some()) {
        for port in &node.ports {
            sets.join(port.0, ports + i);
        }
    }
    sets
}

/// The segments found so far.
struct Segments {
    sets: DisjointSets,
    numbers: BTreeMap<usize, SegmentId>,
    list: Vec<Segment>,
}

impl Segments {
    /// The segment of a port or switch.
    fn holding(&mut self, x: usize) -> SegmentId {
        let next = SegmentId(self.list.len());
        let id = *self.numbers.entry(self.sets.find(x)).or_insert(next);
        if id == next {
            self.list.push(Segment::default());
        }
        id
    }
}

fn add_subnet(network: &mut Network, subnet: &Spanned<Prefix>, segment: SegmentId, owner: SubnetOwner) {
    let id = SubnetId(network.subnets.len());
    network.subnets.push(Subnet { prefix: subnet.value, span: subnet.span.clone(), segment, owner });
    network[segment].subnets.push(id);
}

/// No bridge has more ports than the kernel allows.
pub(crate) fn check_port_counts(draft: &mut Draft<'_>) {
    for node in draft.network.nodes.iter().filter(|node| node.bridge.is_some()) {
        if node.ports.len() > MAX_BRIDGE_PORTS {
            let problem = Problem::TooManyPorts {
                switch: node.name.clone(),
                ports: node.ports.len(),
                max: MAX_BRIDGE_PORTS,
            };
            draft.report.add(problem, node.span.clone(), []);
        }
    }
}
