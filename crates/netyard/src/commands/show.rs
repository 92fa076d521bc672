//! `netyard show`: the live state of the kernel as tables.

use netyard_kernel::{LinuxKernel, Paths};
use netyard_plan::{Kernel, Scope, Which};
use netyard_types::{LabName, NetState};
use serde_json::json;

use super::exec::check_node;
use super::{print, print_json};
use crate::args::Show;
use crate::error::CommandError;
use crate::exit::Exit;
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
            let (what, rows) = (tables::word(show.what), tables::json(&state, show.what));
            return print_json(&json!({ "schema_version": 1, "lab": name, what: rows }));
        }
        let table = tables::text(&state, show.what);
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
