//! `netyard plan`.

use netyard_kernel::{LinuxKernel, Paths};
use netyard_lab::keeper;
use netyard_plan::{Foreign, Kernel, Scope, Which};
use netyard_types::{LabName, NetState};
use serde_json::json;

use super::{print, print_json};
use crate::args::Plan;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render;
use crate::source::Source;
use crate::world;

/// Says what `up` would do.
pub(super) fn run(lab: Option<&LabName>, options: &Plan) -> Result<Exit, CommandError> {
    let source = Source::load(options.file.file.as_deref(), lab)?;
    let desired = netyard_model::compile(&source.network, &netyard_kernel::features())?;
    let name = source.network.lab();
    match world::run_dir()?.lab(name).running()? {
        None => answer(name, &NetState::default(), &desired, options),
        Some((_, holder)) => world::enter(&holder, || {
            let mut kernel = LinuxKernel::open(Paths::default()).map_err(CommandError::Observe)?;
            let mut observed = kernel
                .observe(&Scope { nodes: Which::All, ..Scope::default() })
                .map_err(CommandError::Observe)?;
            if !keeper::is_there() {
                observed.names = None;
            }
            answer(name, &observed, &desired, options)
        }),
    }
}

fn answer(
    name: &LabName,
    observed: &NetState,
    desired: &NetState,
    options: &Plan,
) -> Result<Exit, CommandError> {
    let plan = netyard_plan::diff_with(observed, desired, options.strict.foreign());
    if options.script {
        let steps: Vec<_> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
        print(&netyard_plan::script(&steps))?;
    } else if options.json.json {
        print_json(&json!({
            "schema_version": 1,
            "lab": name,
            "changes": !plan.is_empty(),
            "summary": plan.summary(),
            "steps": render::plan::steps_json(&plan),
            "moves": plan.moves(),
            "conflicts": plan.conflicts,
        }))?;
    } else if plan.is_empty() {
        print(&format!("the lab `{name}` is as the file says, nothing to do\n"))?;
    } else {
        let summary = render::plan::summary(&plan);
        print(&format!(
            "{}\n`netyard up{}` would do this to the lab `{name}`: {summary}\n",
            render::plan::list(&plan),
            if options.strict.foreign() == Foreign::Remove { " --strict" } else { "" }
        ))?;
    }
    Ok(if options.check && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}
