//! `netyard up`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use netyard_kernel::sandbox::Holder;
use netyard_kernel::{LinuxKernel, Paths};
use netyard_lab::{LockedLab, Record};
use netyard_model::Network;
use netyard_plan::{Applied, ApplyError, Foreign};
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
    let run_dir = world::run_dir();
    run_dir.ensure()?;
    let name = network.lab();
    let locked =
        run_dir.lab(name).lock(|| eprintln!("waiting for another netyard command on the lab `{name}`"))?;
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let (holder, is_new) = ensure_holder(&locked, Some(file))?;
    let exit = world::enter(&holder, || {
        let applied = change(&desired, up.strict.foreign())?;
        report(name, &desired, &applied, begun.elapsed(), up.json.json)
    });
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

/// The holder of the lab, started if there was none.
fn ensure_holder(locked: &LockedLab, file: Option<PathBuf>) -> Result<(Holder, bool), CommandError> {
    match locked.lab().running()? {
        Some((record, holder)) => {
            if record.file != file {
                locked.write_record(&Record { file, ..record })?;
            }
            Ok((holder, false))
        }
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
            Ok((locked.start(file, now)?, true))
        }
    }
}

/// Brings the kernel to `desired` and waits until every link carries.
fn change(desired: &NetState, foreign: Foreign) -> Result<Applied, CommandError> {
    let mut kernel = LinuxKernel::open(Paths::default()).map_err(CommandError::Observe)?;
    let mut bar = Bar::new();
    let applied = netyard_plan::apply_with(&mut kernel, desired, foreign, &mut |progress| {
        bar.step(&progress);
    });
    let applied = applied.and_then(|applied| {
        if !applied.plan.is_empty() {
            kernel.forget(&applied.state, desired).map_err(ApplyError::Observe)?;
        }
        Ok(applied)
    });
    let settled = applied.map(|applied| {
        let deadline = Instant::now() + SETTLE_WITHIN;
        (kernel.settle(desired, deadline, &mut |ready, of| bar.wait(ready, of)), applied)
    });
    bar.clear();
    let (settled, applied) = settled?;
    settled.map_err(CommandError::Settle)?;
    netyard_lab::keeper::refresh()?;
    Ok(applied)
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
