//! `netyard enter`: a shell inside a lab, or in an empty sandbox.

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
/// first process would be deaf to signals.
pub(super) fn in_empty_sandbox(
    work: impl FnOnce() -> Result<Exit, CommandError>,
) -> Result<Exit, CommandError> {
    let dir = std::env::current_dir();
    match sandbox::create()? {
        Fork::Outside(child) => world::wait(child),
        Fork::Inside => {
            let inner = || -> Result<Exit, CommandError> {
                sandbox::furnish()?;
                if let Ok(dir) = &dir {
                    let _ = std::env::set_current_dir(dir);
                }
                match sandbox::fork()? {
                    Fork::Outside(child) => world::wait(child),
                    Fork::Inside => crate::finish(work()).leave(),
                }
            };
            crate::finish(inner()).leave()
        }
    }
}
