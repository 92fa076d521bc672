//! What a command can fail with.

use std::io;
use std::path::PathBuf;

use netyard_kernel::sandbox::SandboxError;
use netyard_kernel::{KernelError, SettleError};
use netyard_lab::LabError;
use netyard_lab::keeper::KeeperError;
use netyard_plan::{ApplyError, RolledBack};
use netyard_types::{LabName, NodeName};
use nix::errno::Errno;

use crate::exit::Exit;
use crate::mistakes::Mistakes;

/// A command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// The file has mistakes.
    #[error("{}", .0)]
    Mistakes(Box<Mistakes>),
    /// No file was named and there is none here.
    #[error("there is no netyard.toml in this folder, and no file was named")]
    NoFile,
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    /// The file, or what comes out of the device, is larger than any that describes a network.
    #[error("{} is larger than {} MiB", path.display(), most >> 20)]
    TooLarge { path: PathBuf, most: u64 },
    /// The file cannot be written.
    #[error("cannot write {}", path.display())]
    Write { path: PathBuf, source: io::Error },
    /// What the file describes needs what this kernel lacks.
    #[error("this kernel cannot build the network")]
    Compile(#[from] netyard_model::CompileError),
    /// No lab was named and none runs.
    #[error("no lab is running, and no lab was named")]
    NoLab,
    /// No lab was named and several run.
    #[error("several labs are running: {}", names.iter().map(LabName::as_str).collect::<Vec<_>>().join(", "))]
    SeveralLabs { names: Vec<LabName> },
    /// The lab that the command was started in was made by another version of Netyard.
    #[error(
        "this lab was made by another version of netyard (its state has version {}, this one knows version {known})",
        found.map_or_else(|| String::from("unknown"), |found| found.to_string())
    )]
    OtherVersion { found: Option<u32>, known: u32 },
    /// No such node in the lab.
    #[error("the lab has no node `{node}`")]
    NoNode { node: NodeName, near: Option<NodeName> },
    /// The labs' directory, lock, record or holder.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// Making or entering namespaces.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The kernel could not be asked.
    #[error("cannot look at the network")]
    Observe(#[source] KernelError),
    /// The plan could not be carried out.
    #[error(transparent)]
    Apply(#[from] ApplyError<KernelError>),
    /// The network was built, what follows failed, and what was done was undone.
    #[error("{source}")]
    TakenBack { source: Box<Self>, rolled_back: Box<RolledBack<KernelError>> },
    /// The same for a lab that was not there before, which is taken away as a whole.
    #[error("{}", .0)]
    Unborn(#[source] Box<Self>),
    /// The network is there but did not come up.
    #[error("the network is built, but not all of it came up")]
    Settle(#[source] SettleError),
    /// What the names say cannot be answered.
    #[error("the names of the lab cannot be served")]
    Names(#[from] KeeperError),
    /// A child process could not be waited for.
    #[error("cannot wait for the command")]
    Wait(#[source] Errno),
    /// A pipe to a child process could not be made.
    #[error("cannot make a pipe")]
    Pipe(#[source] io::Error),
    /// A command could not be started on a node.
    #[error("cannot run `{command}`")]
    Start { command: String, source: io::Error },
    /// The answer could not be printed.
    #[error("cannot write the answer")]
    Output(#[source] io::Error),
    /// Pinging failed as a whole.
    #[error("cannot ping")]
    Ping(#[from] netyard_probe::PingError),
    /// A name to ping means nothing on the node.
    #[error("{from} cannot tell whom to ping")]
    Resolve { from: NodeName, near: Option<String>, source: Box<netyard_probe::ResolveError> },
    /// Another tool's file is not what it should be.
    #[error("cannot read {} as a topology", path.display())]
    Import { path: PathBuf, source: netyard_spec::import::ImportError },
    /// No such lesson.
    #[error("there is no lesson `{name}`")]
    NoLesson { name: String },
    /// A lesson could not be played.
    #[error("the lesson cannot be played")]
    Play(#[from] crate::lesson::PlayError),
    /// Several labs could not be taken away.
    #[error("{} could not be taken away", names.iter().map(LabName::as_str).collect::<Vec<_>>().join(", "))]
    Down {
        names: Vec<LabName>,
        #[source]
        first: LabError,
    },
}

impl CommandError {
    /// The exit code that goes with the error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::NoFile | Self::NoLab | Self::SeveralLabs { .. } | Self::NoLesson { .. } => Exit::Usage,
            Self::Start { source, .. } => Exit::not_started(source),
            _ => Exit::Failed,
        }
    }
}
