//! How much a plan changes, in numbers.

use core::fmt;

use netyard_types::Names;
use serde::Serialize;

use crate::names::{Difference, settings};
use crate::plan::Plan;
use crate::step::Step;

/// How many things of each kind come, go and change. What goes with its node, or comes and goes with its interface, unasked,
/// is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Nodes.
    pub nodes: Count,
    /// Bridges.
    pub bridges: Count,
    /// Cables.
    pub cables: Count,
    /// Interfaces that change in place, step by step; and those that go and are neither a bridge nor a cable.
    pub links: Count,
    /// Addresses.
    pub addresses: Count,
    /// Routes.
    pub routes: Count,
    /// Neighbours.
    pub neighbours: Count,
    /// Forwarding entries of bridges.
    pub forwarding: Count,
    /// Settings; those that are written are changes.
    pub settings: Count,
    /// Hosts files; those that are written are changes.
    pub hosts: Count,
    /// Resolver files; those that are written are changes.
    pub resolvers: Count,
    /// The lab's name server. It changes with all but the records of single names.
    pub name_servers: Count,
    /// Names that the name server has records of.
    pub names: Count,
}

/// How many things of one kind come, go and change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Those that come.
    pub added: usize,
    /// Those that go.
    pub removed: usize,
    /// Those that stay and differ.
    pub changed: usize,
}

impl Summary {
    pub(crate) fn of(plan: &Plan) -> Self {
        let mut sum = Self::default();
        for planned in &plan.steps {
            match &planned.step {
                Step::AddNode { .. } => sum.nodes.added += 1,
                Step::DeleteNode { .. } | Step::DiscardNode { .. } | Step::DiscardStranger { .. } => {
                    sum.nodes.removed += 1;
                }
                Step::AddBridge { .. } => sum.bridges.added += 1,
                Step::AddCable { .. } => sum.cables.added += 1,
                // The inverse says what it was.
                Step::DeleteLink { .. } if matches!(planned.undo.first(), Some(Step::AddBridge { .. })) => {
                    sum.bridges.removed += 1;
                }
                Step::DeleteLink { .. } if planned.reason.is_for_good() => sum.links.removed += 1,
                Step::DiscardLink { .. } => sum.links.removed += 1,
                Step::DeleteLink { .. } => sum.cables.removed += 1,
                Step::SetLink { .. } => sum.links.changed += 1,
                Step::AddAddress { .. } => sum.addresses.added += 1,
                Step::DeleteAddress { .. } => sum.addresses.removed += 1,
                Step::AddRoute { .. } => sum.routes.added += 1,
                Step::ReplaceRoute { .. } => sum.routes.changed += 1,
                Step::DeleteRoute { .. } => sum.routes.removed += 1,
                Step::AddNeighbour { .. } => sum.neighbours.added += 1,
                Step::DeleteNeighbour { .. } => sum.neighbours.removed += 1,
                Step::AddFdb { .. } => sum.forwarding.added += 1,
                Step::DeleteFdb { .. } => sum.forwarding.removed += 1,
                Step::SetSysctl { .. } => sum.settings.changed += 1,
                Step::ResetSysctl { .. } => sum.settings.removed += 1,
                Step::WriteHosts { lines: Some(_), .. } => sum.hosts.changed += 1,
                Step::WriteHosts { lines: None, .. } => sum.hosts.removed += 1,
                Step::WriteResolv { text: Some(_), .. } => sum.resolvers.changed += 1,
                Step::WriteResolv { text: None, .. } => sum.resolvers.removed += 1,
                Step::WriteNames { names } => sum.add_names(names.as_deref(), planned.undo.first()),
            }
        }
        sum
    }

    /// The inverse says what was answered before.
    fn add_names(&mut self, wanted: Option<&Names>, undo: Option<&Step>) {
        let found = match undo {
            Some(Step::WriteNames { names }) => names.as_deref(),
            _ => None,
        };
        self.names = Difference::between(found, wanted).count();
        match (found, wanted) {
            (None, Some(_)) => self.name_servers.added += 1,
            (Some(_), None) => self.name_servers.removed += 1,
            (Some(found), Some(wanted)) if !settings(found, wanted).is_empty() => {
                self.name_servers.changed += 1;
            }
            _ => {}
        }
    }

    /// The counts, each with the words for one and for several.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, &'static str, Count); 13] {
        [
            ("node", "nodes", self.nodes),
            ("bridge", "bridges", self.bridges),
            ("cable", "cables", self.cables),
            ("link", "links", self.links),
            ("address", "addresses", self.addresses),
            ("route", "routes", self.routes),
            ("neighbour", "neighbours", self.neighbours),
            ("forwarding entry", "forwarding entries", self.forwarding),
            ("setting", "settings", self.settings),
            ("hosts file", "hosts files", self.hosts),
            ("resolver file", "resolver files", self.resolvers),
            ("name server", "name servers", self.name_servers),
            ("name", "names", self.names),
        ]
    }
}

impl fmt::Display for Summary {
    /// `2 nodes added, 1 route changed`; nothing for an empty plan.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (one, several, count) in self.counts() {
            for (number, verb) in
                [(count.added, "added"), (count.removed, "removed"), (count.changed, "changed")]
            {
                if number > 0 {
                    write!(f, "{separator}{number} {} {verb}", if number == 1 { one } else { several })?;
                    separator = ", ";
                }
            }
        }
        Ok(())
    }
}
