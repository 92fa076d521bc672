//! `netyard enter`: a shell inside a lab, or in an empty sandbox.

use std::io::{Read, Write};
use std::path::Path;

use netyard_kernel::sandbox::{self, Fork};
use netyard_types::LabName;

use super::exec::{replace_by, shell};
use crate::args::Enter;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::world::{self, World};

/// Opens the shell, or runs the command in its place.
pub(super) fn run(lab: Option<&LabName>, enter: &Enter) -> Result<Exit, CommandError> {
    let command = if enter.command.is_empty() { vec![shell()] } else { enter.command.clone() };
    if enter.empty {
        return in_empty_sandbox(|| replace_by(&command, &[]));
    }
    let world = World::find(lab)?;
    let name = world.name().to_owned();
    world.enter(|| replace_by(&command, &[("NETYARD_LAB", name.as_ref())]))
}

/// Does `work` in a sandbox that goes when the work is done.
///
/// Two processes: the first of the PID namespace stays ours and reaps what the other leaves behind, because a shell as the
/// first process would be deaf to signals. The first is deaf to them itself, so by which signal the other ended is told on a pipe.
pub(super) fn in_empty_sandbox(
    work: impl FnOnce() -> Result<Exit, CommandError>,
) -> Result<Exit, CommandError> {
    let dir = std::env::current_dir();
    let (mut told, mut teller) = std::io::pipe().map_err(CommandError::Pipe)?;
    match sandbox::create()? {
        Fork::Outside(child) => {
            drop(teller);
            let exit = world::wait(child)?;
            let mut number = String::new();
            let _ = told.read_to_string(&mut number);
            Ok(number.parse().map_or(exit, Exit::Signal))
        }
        Fork::Inside => {
            drop(told);
            let exit = crate::finish(supervise(dir.as_deref().ok(), work));
            if let Exit::Signal(signal) = exit {
                let _ = write!(teller, "{signal}");
            }
            exit.leave()
        }
    }
}

/// The life of the first process: makes the sandbox fit to live in and waits for the second, which does the work.
fn supervise(
    dir: Option<&Path>,
    work: impl FnOnce() -> Result<Exit, CommandError>,
) -> Result<Exit, CommandError> {
    sandbox::furnish()?;
    if let Some(dir) = dir {
        // A directory that the sandbox does not have is no reason to fail.
        let _ = std::env::set_current_dir(dir);
    }
    match sandbox::fork()? {
        Fork::Outside(child) => world::wait(child),
        Fork::Inside => crate::finish(work()).leave(),
    }
}
