//! Ports and cables: from `on`, `ports` and `[[cable]]` to cables with a port at both ends.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;

use netyard_spec::{CableEnd, CableSpec, PortSettings, Span, Spanned, StationSpec};
use netyard_types::{Endpoint, IfName, Link, MacAddr, NodeKind, NodeName};

use crate::draft::Draft;
use crate::network::{Cable, CableId, NodeId, Port, PortId, SegmentId};
use crate::problem::{Problem, Wanted};

/// Makes every port and cable.
pub(crate) fn wire(draft: &mut Draft<'_>) {
    let mut wiring = Wiring { draft, runs: Vec::new(), plugged: Vec::new() };
    for node in wiring.draft.node_ids() {
        if let Some(station) = wiring.draft.station(node) {
            wiring.declare_ports(node, station);
        }
    }
    wiring.lay_cables();
    wiring.add_lone_ports();
    wiring.name_switch_ends();
    let Wiring { runs, plugged, .. } = wiring;
    for run in runs {
        add_cable(draft, &run);
    }
    check_connected(draft, &plugged);
}

/// A cable in the making.
struct Run<'a> {
    ends: [End; 2],
    span: Span,
    /// The `[[cable]]`; none if an `on` makes it.
    spec: Option<&'a CableSpec>,
}

/// One end of a cable in the making.
#[derive(Clone)]
enum End {
    /// At a port.
    Port(PortId),
    /// At a node, its port still to be named.
    Unnamed(NodeId, Span),
}

struct Wiring<'d, 'a> {
    draft: &'d mut Draft<'a>,
    runs: Vec<Run<'a>>,
    /// For each port, the place in the file that says where its cable leads.
    plugged: Vec<Option<Span>>,
}

impl<'a> Wiring<'_, 'a> {
    /// The ports that `on` and `ports` of a host or router name.
    fn declare_ports(&mut self, node: NodeId, station: &'a StationSpec) {
        for (i, on) in station.on.iter().enumerate() {
            let settings = (i == 0).then_some(&station.first_port);
            let port = self.declare(node, numbered(i), &on.span, settings, None);
            self.plug_into_switch(port, on);
        }
        for spec in &station.ports {
            let name = spec.name.value.clone();
            let port = self.declare(node, name, &spec.name.span, Some(&spec.settings), spec.comment.as_ref());
            if let Some(on) = &spec.on {
                self.plug_into_switch(port, on);
            }
        }
    }

    /// Adds a port that the node must not have yet.
    fn declare(
        &mut self,
        node: NodeId,
        name: IfName,
        span: &Span,
        settings: Option<&'a PortSettings>,
        comment: Option<&alloc::string::String>,
    ) -> Option<PortId> {
        if let Some(first) = self.draft.network.port(node, &name) {
            let also = self.draft.network[first].span.clone();
            self.blame_duplicate(node, name, span, also);
            return None;
        }
        let port = self.add_port(node, name, span, settings);
        self.draft.network[port].comment = comment.cloned();
        Some(port)
    }

    fn blame_duplicate(&mut self, node: NodeId, port: IfName, span: &Span, also: Span) {
        let at = Endpoint::new(self.draft.network[node].name.clone(), port);
        self.draft.blame(node, Problem::DuplicatePort { at }, span.clone(), [also]);
    }

    fn add_port(
        &mut self,
        node: NodeId,
        name: IfName,
        span: &Span,
        settings: Option<&'a PortSettings>,
    ) -> PortId {
        let id = PortId(self.draft.network.ports.len());
        self.draft.network.ports.push(Port {
            node,
            name: name.clone(),
            span: span.clone(),
            comment: None,
            mac: MacAddr([0; 6]),
            mac_span: None,
            mtu: Link::DEFAULT_MTU,
            mtu_span: None,
            cable: None,
            segment: SegmentId(0),
            addresses: Vec::new(),
        });
        self.draft.network[node].ports.push(id);
        self.draft.network.port_by_name.insert((node, name), id);
        self.draft.settings.push(settings);
        self.plugged.push(None);
        id
    }

    /// Lays the cable that an `on` asks for.
    fn plug_into_switch(&mut self, port: Option<PortId>, on: &Spanned<NodeName>) {
        let switch = self.draft.find_spanned(on, Wanted::Switch);
        let Some(port) = port else { return };
        self.plugged[port.0] = Some(on.span.clone());
        if let Some(switch) = switch {
            let ends = [End::Port(port), End::Unnamed(switch, on.span.clone())];
            self.runs.push(Run { ends, span: on.span.clone(), spec: None });
        }
    }

    /// Lays the cables of `[[cable]]`, in the order of the file.
    fn lay_cables(&mut self) {
        let cables = &self.draft.spec.cables;
        let mut numbers = Numbers { named: self.named_ends(cables), next: BTreeMap::new() };
        for cable in cables {
            let nodes =
                cable.between.each_ref().map(|end| self.draft.find(&end.value.node, &end.span, Wanted::Node));
            let back = nodes[0].filter(|_| nodes[0] == nodes[1]);
            if let Some(node) = back {
                let problem = Problem::SelfCable { node: self.draft.network[node].name.clone() };
                self.draft.blame(node, problem, cable.span.clone(), []);
            }
            let ends = [0, 1].map(|i| self.take_end(nodes[i]?, &cable.between[i], &mut numbers));
            if let ([Some(a), Some(b)], None) = (ends, back) {
                self.runs.push(Run { ends: [a, b], span: cable.span.clone(), spec: Some(cable) });
            }
        }
    }

    /// The interfaces that the ends of cables name.
    fn named_ends(&self, cables: &[CableSpec]) -> BTreeSet<(NodeId, IfName)> {
        let ends = cables.iter().flat_map(|cable| &cable.between).map(|end| &end.value);
        ends.filter_map(|end| Some((self.draft.network.node(end.node.as_str())?, end.port.clone()?)))
            .collect()
    }

    /// The port at the end of a cable: made if the node does not have it yet; at a switch that leaves it open, named later.
    fn take_end(&mut self, node: NodeId, end: &Spanned<CableEnd>, numbers: &mut Numbers) -> Option<End> {
        let name = match &end.value.port {
            Some(name) => name.clone(),
            None if self.draft.network[node].kind == NodeKind::Switch => {
                return Some(End::Unnamed(node, end.span.clone()));
            }
            None => numbers.next_free(node, |name| self.draft.network.port(node, name).is_some()),
        };
        let network = &self.draft.network;
        if network[node].bridge.as_ref().is_some_and(|bridge| bridge.name == name) {
            let also = network[node].span.clone();
            self.blame_duplicate(node, name, &end.span, also);
            return None;
        }
        let port = match network.port(node, &name) {
            Some(port) => port,
            None => self.add_port(node, name.clone(), &end.span, self.first_port(node)),
        };
        if let Some(also) = self.plugged[port.0].clone() {
            self.blame_duplicate(node, name, &end.span, also);
            return None;
        }
        self.plugged[port.0] = Some(end.span.clone());
        Some(End::Port(port))
    }

    /// What the file says of the first port of a node, if it has no port yet. Ports that `on` and `ports` name are made first,
    /// so this is the port of the first cable of a node that has no others.
    fn first_port(&self, node: NodeId) -> Option<&'a PortSettings> {
        let station = self.draft.station(node).filter(|_| self.draft.network[node].ports.is_empty());
        station.map(|station| &station.first_port)
    }

    /// A host or router without any cable, of whose first port the file says something all the same, has that port.
    fn add_lone_ports(&mut self) {
        for node in self.draft.node_ids() {
            let Some(settings) = self.first_port(node) else { continue };
            if *settings != PortSettings::default() {
                let span = self.draft.network[node].span.clone();
                self.add_port(node, numbered(0), &span, Some(settings));
            }
        }
    }

    /// Names the ends at switches that have no name yet, after the node at the other end. They are taken in the order of
    /// these nodes, so a node added at the end of the file takes no name from another.
    fn name_switch_ends(&mut self) {
        let mut open = Vec::new();
        for (run, Run { ends, .. }) in self.runs.iter().enumerate() {
            for (side, end) in ends.iter().enumerate() {
                if let End::Unnamed(switch, _) = end {
                    let (far, order) = match &ends[1 - side] {
                        End::Port(port) => (self.draft.network[*port].node, (0, port.0)),
                        End::Unnamed(far, _) => (*far, (1, run)),
                    };
                    open.push((*switch, far, order, run, side));
                }
            }
        }
        open.sort_unstable();
        let far_ports: Vec<_> =
            open.iter().map(|&(.., run, side)| self.runs[run].ends[1 - side].clone()).collect();
        let mut before = None;
        let mut nth = 0;
        for ((switch, far, _, run, side), far_end) in open.into_iter().zip(far_ports) {
            nth = if before == Some((switch, far)) { nth + 1 } else { 1 };
            before = Some((switch, far));
            let far_name = self.draft.network[far].name.as_str();
            let far_port = match far_end {
                End::Port(port) => self.draft.network[port].name.to_string(),
                End::Unnamed(..) => nth.to_string(),
            };
            let wish = if nth == 1 { far_name.to_string() } else { format!("{far_name}-{far_port}") };
            let name = self.draft.free_name(switch, &wish, [far_name, &far_port]);
            let End::Unnamed(_, span) = self.runs[run].ends[side].clone() else { continue };
            self.runs[run].ends[side] = End::Port(self.add_port(switch, name, &span, None));
        }
    }
}

/// Where each host and router is in its counting of `ethN`.
struct Numbers {
    /// Names that ends of cables have, here or further down in the file.
    named: BTreeSet<(NodeId, IfName)>,
    next: BTreeMap<NodeId, usize>,
}

impl Numbers {
    /// The first `ethN` that no port has and no cable names.
    fn next_free(&mut self, node: NodeId, taken: impl Fn(&IfName) -> bool) -> IfName {
        let next = self.next.entry(node).or_default();
        loop {
            let name = numbered(*next);
            *next += 1;
            if !taken(&name) && !self.named.contains(&(node, name.clone())) {
                return name;
            }
        }
    }
}

/// `ethN`.
fn numbered(n: usize) -> IfName {
    IfName::new(format!("eth{n}")).expect("a node has far fewer ports than twelve digits count")
}

fn add_cable<'a>(draft: &mut Draft<'a>, run: &Run<'a>) {
    let [End::Port(a), End::Port(b)] = run.ends else { return };
    let id = CableId(draft.network.cables.len());
    let comment = run.spec.and_then(|spec| spec.comment.clone());
    draft.network.cables.push(Cable { ends: [a, b], span: run.span.clone(), comment });
    draft.network[a].cable = Some(id);
    draft.network[b].cable = Some(id);
    draft.cable_specs.push(run.spec);
}

/// Every port of a host or router has a cable, and each of these nodes has a port.
fn check_connected(draft: &mut Draft<'_>, plugged: &[Option<Span>]) {
    for node in draft.node_ids() {
        if draft.station(node).is_none() {
            continue;
        }
        let name = draft.network[node].name.clone();
        if draft.network[node].ports.is_empty() {
            let span = draft.network[node].span.clone();
            draft.blame(node, Problem::UnconnectedPort { node: name.clone(), port: None }, span, []);
        }
        for port in draft.network[node].ports.clone() {
            let (port_name, span) = (draft.network[port].name.clone(), draft.network[port].span.clone());
            if plugged[port.0].is_none() {
                draft.blame(
                    node,
                    Problem::UnconnectedPort { node: name.clone(), port: Some(port_name) },
                    span,
                    [],
                );
            } else if draft.network[port].cable.is_none() {
                // What the other end is has been found wrong already.
                draft.suspect[node.0] = true;
            }
        }
    }
}
