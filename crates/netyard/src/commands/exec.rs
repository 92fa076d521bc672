//! `netyard exec` and `netyard shell`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::process::Command;

use netyard_kernel::{Paths, netns, sandbox};
use netyard_types::{LabName, NodeName};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::world::{self, World};

/// Runs a command on a node.
pub(super) fn run(
    lab: Option<&LabName>,
    node: &NodeName,
    command: &[OsString],
) -> Result<Exit, CommandError> {
    let world = World::find(lab)?;
    let name = world.name().to_owned();
    world.enter(|| {
        check_node(node)?;
        sandbox::enter_node(node)?;
        replace_by(command, &[("NETYARD_LAB", name.as_ref()), ("NETYARD_NODE", node.as_str().as_ref())])
    })
}

/// Opens a shell on a node.
pub(super) fn run_shell(lab: Option<&LabName>, node: &NodeName) -> Result<Exit, CommandError> {
    run(lab, node, &[shell()])
}

/// The user's shell.
pub(super) fn shell() -> OsString {
    env::var_os("SHELL").filter(|shell| !shell.is_empty()).unwrap_or_else(|| "/bin/sh".into())
}

/// Turns this process into the command, so that signals, streams and the exit code are its own.
pub(super) fn replace_by(command: &[OsString], environment: &[(&str, &OsStr)]) -> Result<Exit, CommandError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(Exit::Done) };
    let error = Command::new(program).args(arguments).envs(environment.iter().copied()).exec();
    Err(CommandError::Start { command: program.to_string_lossy().into_owned(), source: error })
}

/// Says which node there is that was probably meant, where the one asked for is not there.
pub(super) fn check_node(node: &NodeName) -> Result<(), CommandError> {
    if netns::is_bound(&Paths::default().namespace(node)) {
        return Ok(());
    }
    let nodes = world::node_names();
    let near = netyard_spec::closest(node.as_str(), nodes.iter().map(NodeName::as_str));
    Err(CommandError::NoNode { node: node.clone(), near: near.and_then(|near| near.parse().ok()) })
}
