//! `netyard down`.

use netyard_lab::Lab;
use netyard_types::LabName;

use super::print;
use crate::args::Down;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::world;

/// Takes a lab away.
pub(super) fn run(lab: Option<&LabName>, down: &Down) -> Result<Exit, CommandError> {
    if down.all {
        return run_all();
    }
    match world::choose_lab(down.name.as_ref().or(lab)) {
        // Gone is gone, whoever took it away.
        Err(CommandError::NoLab) => print("no lab is running\n"),
        lab => take_away(&lab?),
    }
}

fn take_away(lab: &Lab) -> Result<Exit, CommandError> {
    let name = lab.name();
    // A lab that never was must not get a directory only to be locked.
    if !lab.is_known()? {
        return print(&format!("the lab `{name}` is not running\n"));
    }
    let locked = lab.lock(|| eprintln!("waiting for another netyard command on the lab `{name}`"))?;
    if locked.remove()? {
        print(&format!("took the lab `{name}` away\n"))
    } else {
        print(&format!("the lab `{name}` was not running; removed what it had left\n"))
    }
}

/// All of them. One that resists does not keep the others.
fn run_all() -> Result<Exit, CommandError> {
    let run_dir = world::run_dir()?;
    let mut failed = Vec::new();
    for status in run_dir.labs()? {
        match take_away(&run_dir.lab(&status.name)) {
            Ok(_) => {}
            Err(CommandError::Lab(error)) => failed.push((status.name, error)),
            Err(other) => return Err(other),
        }
    }
    let (names, mut errors): (Vec<_>, Vec<_>) = failed.into_iter().unzip();
    if errors.is_empty() {
        Ok(Exit::Done)
    } else {
        Err(CommandError::Down { names, first: errors.remove(0) })
    }
}
