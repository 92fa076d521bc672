//! `netyard show`: the live state of the kernel as tables.

use netyard_kernel::{LinuxKernel, Paths};
use netyard_plan::{Kernel, Scope, Which};
use netyard_types::{LabName, NetState, NodeName};
use serde_json::json;

use super::exec::check_node;
use super::{print, print_json};
use crate::args::{Show, Table as What};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::natural;
use crate::render::tables;
use crate::world::World;

/// Shows one table.
pub(super) fn run(lab: Option<&LabName>, show: &Show) -> Result<Exit, CommandError> {
    let world = World::find(lab)?;
    let name = world.name().to_owned();
    world.enter(|| {
        let mut state = observe()?;
        for node in &show.nodes {
            check_node(node)?;
        }
        if !show.nodes.is_empty() {
            state.nodes.retain(|node, _| show.nodes.contains(node));
        }
        if show.json.json {
            let rows = match show.what {
                What::Names => tables::names_json(&hosts_files(&state)),
                what => tables::json(&state, what),
            };
            let what = tables::word(show.what);
            return print_json(&json!({ "schema_version": 1, "lab": name, what: rows }));
        }
        let table = match show.what {
            What::Names => tables::names(&hosts_files(&state)),
            what => tables::text(&state, what),
        };
        if table.is_empty() {
            print(&format!("no {}\n", tables::word(show.what)))
        } else {
            print(&table.render())
        }
    })
}

/// Everything that is in the namespaces of the lab, whoever made it.
pub(super) fn observe() -> Result<NetState, CommandError> {
    let mut kernel = LinuxKernel::open(Paths::default()).map_err(CommandError::Observe)?;
    kernel.observe(&Scope { nodes: Which::All, ..Scope::default() }).map_err(CommandError::Observe)
}

/// The hosts file of every node, whole, as a program on the node reads it.
fn hosts_files(state: &NetState) -> Vec<(NodeName, String)> {
    let read = |node: &NodeName| std::fs::read_to_string(Paths::default().hosts(node)).unwrap_or_default();
    let mut nodes: Vec<&NodeName> = state.nodes.keys().collect();
    nodes.sort_by(|a, b| natural::compare(a.as_str(), b.as_str()));
    nodes.into_iter().map(|node| (node.clone(), read(node))).collect()
}
