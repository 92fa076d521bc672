//! `netyard up`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netyard_kernel::sandbox::Holder;
use netyard_kernel::{LinuxKernel, Paths, SettleError};
use netyard_lab::{LockedLab, Record, keeper};
use netyard_model::Network;
use netyard_plan::{Applied, Foreign, PlannedStep, Reason, Step, take_back};
use netyard_types::{LabName, NetState};
use serde_json::json;

use super::{print, print_json};
use crate::args::Up;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render;
use crate::render::plain::plain;
use crate::render::progress::Bar;
use crate::source::Source;
use crate::world;

/// How long links may take to carry, the spanning tree included.
const SETTLE_WITHIN: Duration = Duration::from_secs(60);

/// Builds the network, or changes the running one.
pub(super) fn run(lab: Option<&LabName>, up: &Up) -> Result<Exit, CommandError> {
    let source = Source::load(up.file.file.as_deref(), lab)?;
    for note in &source.allowed {
        eprintln!("allowed: {} ({})", plain(&note.message), note.code);
    }
    note_neighbour_limit(&source.network);
    bring_up(&source.network, &source.path, up)
}

/// Says beforehand that the machine's table of learned neighbours may be too small: then packets are lost without another word.
/// Each host needs at least two entries in it, its own of the gateway and the gateway's of it.
fn note_neighbour_limit(network: &Network) {
    let stations = network.nodes().filter(|(_, node)| node.bridge.is_none()).count();
    let limit = std::fs::read_to_string("/proc/sys/net/ipv4/neigh/default/gc_thresh3");
    let Some(limit) = limit.ok().and_then(|text| text.trim().parse::<usize>().ok()) else { return };
    if stations * 2 > limit && !network.segments().any(|(id, _)| network.has_static_neighbours(id)) {
        eprintln!(
            "note: {stations} hosts and routers share the machine's table of {limit} learned neighbours (gc_thresh3); \
             `neighbours = \"static\"` for a switch does without it"
        );
    }
}

/// Makes the lab of `network` what `network` says, and says what was done.
fn bring_up(network: &Network, file: &Path, up: &Up) -> Result<Exit, CommandError> {
    let begun = Instant::now();
    let desired = netyard_model::compile(network, &netyard_kernel::features())?;
    desired.names.as_deref().map_or(Ok(()), keeper::check_room)?;
    let run_dir = world::run_dir()?;
    run_dir.ensure()?;
    let name = network.lab();
    let locked =
        run_dir.lab(name).lock(|| eprintln!("waiting for another netyard command on the lab `{name}`"))?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let (holder, earlier) = ensure_holder(&locked, Some(file))?;
    let is_new = earlier.is_none();
    let exit = world::enter(&holder, || {
        let applied = change(&desired, up.strict.foreign())
            .map_err(|error| if is_new { CommandError::Unborn(Box::new(error)) } else { error })?;
        report(name, &desired, &applied, begun.elapsed(), up.json.json)
    });
    if let (Some(earlier), false) = (earlier, matches!(exit, Ok(Exit::Done))) {
        // The lab is still that of the file from before. If that cannot be written either, only `ls` tells the wrong file.
        let _ = locked.write_record(&earlier);
    }
    // A lab that could not be built the first time is no lab.
    if is_new && !matches!(exit, Ok(Exit::Done)) {
        let removed = locked.remove();
        // Why it could not be built counts more than what is left of it.
        let exit = exit?;
        removed?;
        return Ok(exit);
    }
    exit
}

/// The holder of the lab, started if there was none, and the record of a lab that ran before.
fn ensure_holder(
    locked: &LockedLab,
    file: Option<PathBuf>,
) -> Result<(Holder, Option<Record>), CommandError> {
    let running = locked.lab().running().inspect_err(|_| locked.clear_if_empty())?;
    match running {
        Some((record, holder)) => {
            if record.file != file {
                locked.write_record(&Record { file, ..record.clone() })?;
            }
            Ok((holder, Some(record)))
        }
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
            Ok((locked.start(file, now)?, None))
        }
    }
}

/// Brings the kernel to `desired` and waits until every link carries. What fails leaves the network as it was; only where links are
/// slow, the person is to see which.
fn change(desired: &NetState, foreign: Foreign) -> Result<Applied, CommandError> {
    let mut kernel = LinuxKernel::open(Paths::default()).map_err(CommandError::Observe)?;
    let was_served = keeper::is_there();
    let mut bar = Bar::new();
    let applied = netyard_plan::apply_with(&mut kernel, desired, foreign, &mut |progress| {
        bar.step(&progress);
    });
    let finished = applied.map(|applied| (finish(&mut kernel, &applied, desired, &mut bar), applied));
    bar.clear();
    // On the way back nodes may have been made anew, on which names are to be served again.
    let (finished, mut applied) = finished.inspect_err(|_| drop(keeper::refresh()))?;
    match finished {
        Ok(()) => {
            if !was_served {
                note_served(desired, &mut applied);
            }
            Ok(applied)
        }
        Err(error @ CommandError::Settle(_)) => Err(error),
        Err(source) => {
            let rolled_back = Box::new(take_back(&mut kernel, &applied));
            // The names from before are served again, if they can be; why not, is told already.
            let _ = keeper::refresh();
            Err(CommandError::TakenBack { source: Box::new(source), rolled_back })
        }
    }
}

/// What is left to do when all is built.
fn finish(
    kernel: &mut LinuxKernel,
    applied: &Applied,
    desired: &NetState,
    bar: &mut Bar,
) -> Result<(), CommandError> {
    if !applied.plan.is_empty() {
        kernel.forget(&applied.state, desired).map_err(CommandError::Observe)?;
    }
    let deadline = Instant::now() + SETTLE_WITHIN;
    kernel.settle(desired, deadline, &mut |ready, of| bar.wait(ready, of)).map_err(|error| match error {
        SettleError::Kernel(error) => CommandError::Observe(error),
        late => CommandError::Settle(late),
    })?;
    Ok(keeper::refresh()?)
}

/// Adds that names are served again to what was done, where the file of names was right and only the keeper was gone.
fn note_served(desired: &NetState, applied: &mut Applied) {
    let is_names = |planned: &PlannedStep| matches!(planned.step, Step::WriteNames { .. });
    if desired.names.is_some() && !applied.plan.steps.iter().any(is_names) {
        let step = Step::WriteNames { names: desired.names.clone() };
        applied.plan.steps.push(PlannedStep { step, reason: Reason::NotThere, undo: Vec::new() });
    }
}

fn report(
    name: &LabName,
    desired: &NetState,
    applied: &Applied,
    took: Duration,
    json: bool,
) -> Result<Exit, CommandError> {
    let seconds = took.as_secs_f64();
    if json {
        return print_json(&json!({
            "schema_version": 1,
            "lab": name,
            "changed": !applied.plan.is_empty(),
            "steps": render::plan::steps_json(&applied.plan),
            "seconds": (seconds * 1000.0).round() / 1000.0,
        }));
    }
    let nodes = desired.nodes.len();
    if applied.plan.is_empty() {
        return print(&format!("the lab `{name}` is as the file says: {nodes} nodes, nothing to do\n"));
    }
    let summary = render::plan::summary(&applied.plan);
    print(&format!("the lab `{name}` is up in {seconds:.2} s: {summary}\n"))
}
