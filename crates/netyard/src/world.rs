//! Where a command works: which lab it means, and how it gets into it.

use std::env;
use std::path::PathBuf;

use netyard_kernel::Paths;
use netyard_kernel::sandbox::{self, Child, Ended, Fork, Holder};
use netyard_lab::{Lab, RunDir};
use netyard_types::{LabName, NodeName};

use crate::error::CommandError;
use crate::exit::Exit;
use crate::source;

/// Laid into every lab and sandbox when it is furnished: whoever sees it is inside.
const INSIDE: &str = sandbox::INSIDE_MARK;

/// The lab a command means.
pub(crate) enum World {
    /// A running lab, seen from the machine.
    Lab { name: LabName, holder: Holder },
    /// The namespaces the command was started in: a shell of `netyard enter`.
    Here,
}

impl World {
    /// The lab of `--lab`; else, inside a lab, that one; else that of `./netyard.toml`; else the only one that runs.
    pub(crate) fn find(lab: Option<&LabName>) -> Result<Self, CommandError> {
        if lab.is_none() && is_inside() {
            let (found, known) = (sandbox::inside_version(), sandbox::STATE_VERSION);
            let is_known = found == Some(known);
            return if is_known { Ok(Self::Here) } else { Err(CommandError::OtherVersion { found, known }) };
        }
        let name = choose_name(lab)?;
        let lab = run_dir()?.lab(&name);
        match lab.running()? {
            Some((_, holder)) => Ok(Self::Lab { name, holder }),
            None => {
                // Of a lab whose holder was killed.
                lab.tidy();
                Err(netyard_lab::LabError::NotRunning { name }.into())
            }
        }
    }

    /// Its name; inside a sandbox, a word for it.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Lab { name, .. } => name.as_str(),
            Self::Here => "here",
        }
    }

    /// Does `work` in the lab's namespaces, with the current directory kept, and hands its end on.
    pub(crate) fn enter(
        &self,
        work: impl FnOnce() -> Result<Exit, CommandError>,
    ) -> Result<Exit, CommandError> {
        let work = || {
            if let Err(error) = netyard_lab::keeper::start_if_needed() {
                // The command may have no use for names.
                eprintln!("note: names are not served: {}", crate::render::error::chain(&error));
            }
            work()
        };
        match self {
            Self::Here => work(),
            // Nothing is left to do outside, so one process less than in `enter` will do.
            Self::Lab { holder, .. } => join(holder, work),
        }
    }
}

/// Does `work` in the namespaces that `holder` keeps, and hands its end on.
///
/// This process stays outside, and so does what it still has to do: it sees the machine's files and processes. A child enters
/// the lab, and because a PID namespace is entered only by being born in it, a grandchild does the work.
pub(crate) fn enter(
    holder: &Holder,
    work: impl FnOnce() -> Result<Exit, CommandError>,
) -> Result<Exit, CommandError> {
    match sandbox::fork()? {
        Fork::Outside(child) => wait(child),
        Fork::Inside => crate::finish(join(holder, work)).leave(),
    }
}

fn join(holder: &Holder, work: impl FnOnce() -> Result<Exit, CommandError>) -> Result<Exit, CommandError> {
    let dir = env::current_dir();
    match sandbox::join(holder)? {
        Fork::Outside(child) => wait(child),
        Fork::Inside => {
            // Joining a mount namespace leads to its root. A directory that the lab does not have is no reason to fail.
            if let Ok(dir) = dir {
                let _ = env::set_current_dir(dir);
            }
            crate::finish(work()).leave()
        }
    }
}

/// Waits for a child that does the work, and gives the terminal back where a shell of the child took it.
pub(crate) fn wait(child: Child) -> Result<Exit, CommandError> {
    let _terminal = sandbox::terminal_owner();
    match child.wait().map_err(CommandError::Wait)? {
        Ended::Code(0) => Ok(Exit::Done),
        Ended::Code(code) => Ok(Exit::Code(code)),
        Ended::Signal(signal) => Ok(Exit::Signal(signal)),
    }
}

/// Whether this process is in a lab or sandbox already.
pub(crate) fn is_inside() -> bool {
    std::path::Path::new(INSIDE).exists()
}

/// The directory of this user's labs, with the labs that run in it.
pub(crate) fn run_dir() -> Result<RunDir, CommandError> {
    let run_dir = chosen_run_dir();
    run_dir.recover()?;
    Ok(run_dir)
}

/// The directory of this user's labs, wherever it is and whatever is there.
pub(crate) fn chosen_run_dir() -> RunDir {
    let path = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    RunDir::choose(path("NETYARD_RUN_DIR"), path("XDG_RUNTIME_DIR"))
}

/// The lab with this name, or the one meant without a name.
pub(crate) fn choose_lab(lab: Option<&LabName>) -> Result<Lab, CommandError> {
    Ok(run_dir()?.lab(&choose_name(lab)?))
}

fn choose_name(lab: Option<&LabName>) -> Result<LabName, CommandError> {
    if let Some(name) = lab {
        return Ok(name.clone());
    }
    if let Some(name) = source::name_of_default_file() {
        return Ok(name);
    }
    let mut names: Vec<LabName> = run_dir()?.labs()?.into_iter().map(|lab| lab.name).collect();
    match names.len() {
        0 => Err(CommandError::NoLab),
        1 => Ok(names.remove(0)),
        _ => Err(CommandError::SeveralLabs { names }),
    }
}

/// The names of the lab's nodes, for a process inside: what `ip netns list` would show, as far as it can be a node's.
pub(crate) fn node_names() -> Vec<NodeName> {
    let entries = std::fs::read_dir(Paths::default().namespaces).into_iter().flatten().flatten();
    let mut names: Vec<NodeName> =
        entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    names.sort();
    names
}
