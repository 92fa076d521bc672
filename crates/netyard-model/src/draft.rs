//! A network that is being decided: what the stages of [`resolve()`](crate::resolve()) share.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use netyard_spec::{
    CableSpec, NodeBody, NodeSpec, PortSettings, Span, Spanned, Spec, StationSpec, SwitchSpec,
};
use netyard_types::{LabName, NodeKind, NodeName};

use crate::hash;
use crate::network::{Network, NodeId};
use crate::problem::{Problem, Wanted};
use crate::report::Report;

/// What the file says of a host or router.
pub(crate) fn station(block: &NodeSpec) -> Option<&StationSpec> {
    match &block.body {
        NodeBody::Host(station) | NodeBody::Router(station) => Some(station),
        NodeBody::Switch(_) => None,
    }
}

/// A network that is being decided.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) spec: &'a Spec,
    pub(crate) network: Network,
    /// What the file says of each node.
    pub(crate) blocks: Vec<&'a NodeSpec>,
    /// What the file says of each port.
    pub(crate) settings: Vec<Option<&'a PortSettings>>,
    /// The `[[cable]]` of each cable; none if an `on` makes it.
    pub(crate) cable_specs: Vec<Option<&'a CableSpec>>,
    /// The nodes whose cables or addresses are wrong. What only follows from that is not told again.
    pub(crate) suspect: Vec<bool>,
    pub(crate) report: Report,
    suggestions: BTreeMap<(NodeName, Wanted), Option<NodeName>>,
}

/// Names that nobody has and that others are looked for in place of: each is compared with every node, and nobody reads as many.
const MOST_SUGGESTIONS: usize = 100;

impl<'a> Draft<'a> {
    /// Nothing decided yet.
    pub(crate) fn new(spec: &'a Spec, lab: LabName) -> Self {
        Self {
            spec,
            network: Network::empty(lab, spec.names_by()),
            blocks: Vec::new(),
            settings: Vec::new(),
            cable_specs: Vec::new(),
            suspect: Vec::new(),
            report: Report::new(&spec.allow),
            suggestions: BTreeMap::new(),
        }
    }

    /// Every node.
    pub(crate) fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        (0..self.network.nodes.len()).map(NodeId)
    }

    /// What the file says of a host or router.
    pub(crate) fn station(&self, node: NodeId) -> Option<&'a StationSpec> {
        station(self.blocks[node.0])
    }

    /// What the file says of a switch.
    pub(crate) fn switch(&self, node: NodeId) -> Option<&'a SwitchSpec> {
        match &self.blocks[node.0].body {
            NodeBody::Switch(switch) => Some(switch),
            _ => None,
        }
    }

    /// Adds a mistake of a node.
    pub(crate) fn blame(
        &mut self,
        node: NodeId,
        problem: Problem,
        span: Span,
        also: impl IntoIterator<Item = Span>,
    ) {
        if self.report.add(problem, span, also) {
            self.suspect[node.0] = true;
        }
    }

    /// The node that a name in the file means.
    pub(crate) fn find(&mut self, name: &NodeName, span: &Span, wanted: Wanted) -> Option<NodeId> {
        let Some(id) = self.network.node(name.as_str()) else {
            let suggestion = self.suggest(name, wanted);
            let problem = Problem::UnknownNode { name: name.clone(), wanted, suggestion };
            self.report.add(problem, span.clone(), []);
            return None;
        };
        let found = self.network[id].kind;
        if wanted.takes(found) {
            return Some(id);
        }
        let problem = Problem::WrongKind { name: name.clone(), found, wanted };
        self.report.add(problem, span.clone(), [self.network[id].span.clone()]);
        None
    }

    /// As [`Draft::find`], of a spanned name.
    pub(crate) fn find_spanned(&mut self, name: &Spanned<NodeName>, wanted: Wanted) -> Option<NodeId> {
        self.find(&name.value, &name.span, wanted)
    }

    /// The nodes that a name in the file means: the node of that name, or all of a `count`.
    pub(crate) fn find_all(&mut self, name: &NodeName, span: &Span, wanted: Wanted) -> Vec<NodeId> {
        if self.network.node(name.as_str()).is_none() {
            let is_of = |block: &NodeSpec| {
                block.name.value == *name && station(block).is_some_and(|station| station.count.is_some())
            };
            let group: Vec<NodeId> = self.node_ids().filter(|id| is_of(self.blocks[id.0])).collect();
            if !group.is_empty() {
                return group;
            }
        }
        self.find(name, span, wanted).into_iter().collect()
    }

    /// The node that a person most likely meant: the one with that alias, else the one with the most alike name.
    fn suggest(&mut self, name: &NodeName, wanted: Wanted) -> Option<NodeName> {
        let key = (name.clone(), wanted);
        if let Some(known) = self.suggestions.get(&key) {
            return known.clone();
        }
        if self.suggestions.len() >= MOST_SUGGESTIONS {
            return None;
        }
        let nodes = || self.network.nodes.iter().filter(|node| wanted.takes(node.kind));
        let alias = nodes().find(|node| node.aliases.contains(name));
        let alike = || {
            let names = nodes().map(|node| node.name.as_str());
            netyard_spec::closest(name.as_str(), names).and_then(|found| NodeName::new(found).ok())
        };
        let suggestion = alias.map(|node| node.name.clone()).or_else(alike);
        self.suggestions.insert(key, suggestion.clone());
        suggestion
    }

    /// A free interface name on a node.
    pub(crate) fn free_name(&self, node: NodeId, wish: &str, of: [&str; 2]) -> netyard_types::IfName {
        let bridge = self.network[node].bridge.as_ref().map(|bridge| &bridge.name);
        hash::interface_name(wish, of, |name| bridge == Some(name) || self.network.port(node, name).is_some())
    }
}

impl Wanted {
    /// Whether a node of that kind will do.
    fn takes(self, kind: NodeKind) -> bool {
        match self {
            Self::Node => true,
            Self::Switch => kind == NodeKind::Switch,
            Self::Router => kind == NodeKind::Router,
            Self::Station => kind != NodeKind::Switch,
        }
    }
}
