//! `netyard graph`.

use netyard_types::{Features, LabName, NetState};

use super::{print, show};
use crate::args::{Graph, GraphFormat};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::graph;
use crate::source::Source;
use crate::world::World;

/// Draws what a file describes, or what runs.
pub(super) fn run(lab: Option<&LabName>, options: &Graph) -> Result<Exit, CommandError> {
    if let Some(file) = &options.file {
        let source = Source::load(Some(file), lab)?;
        let state = netyard_model::compile(&source.network, &Features::all())?;
        return draw(&state, source.network.lab(), options.format);
    }
    let world = World::find(lab)?;
    let name: LabName = world.name().parse().expect("a lab's name, or a word, is a name");
    world.enter(|| draw(&show::observe()?, &name, options.format))
}

fn draw(state: &NetState, name: &LabName, format: GraphFormat) -> Result<Exit, CommandError> {
    print(&match format {
        GraphFormat::Text => graph::text(state, name),
        GraphFormat::Dot => graph::dot(state, name),
        GraphFormat::Mermaid => graph::mermaid(state, name),
        GraphFormat::Json => graph::json(state, name),
    })
}
