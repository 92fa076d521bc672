//! What can go wrong with a lab.

use std::io;
use std::path::PathBuf;

use netyard_kernel::sandbox::SandboxError;
use netyard_types::LabName;

use crate::NotOwn;

/// An operation on a lab failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A file or directory of the lab cannot be used.
    #[error("cannot {action} {}", path.display())]
    File {
        /// What was tried, as a verb.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
    /// A file or directory of the labs may be somebody else's work.
    #[error("cannot trust {}: {why}", path.display())]
    NotOwn {
        /// The file or directory.
        path: PathBuf,
        /// Why.
        why: NotOwn,
    },
    /// What the directory says of the lab cannot be read.
    #[error("{} does not hold the record of a lab", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The lab was made by another version of Netyard.
    #[error(
        "the lab `{name}` was made by another version of netyard (its state has version {found}, this one knows version {known})"
    )]
    Version {
        /// The lab.
        name: LabName,
        /// The version of the record.
        found: u32,
        /// The version that this program knows.
        known: u32,
        /// Whether the record tells which process holds the lab, so that it can be taken away all the same.
        is_removable: bool,
    },
    /// The lab does not run.
    #[error("the lab `{name}` is not running")]
    NotRunning {
        /// The lab.
        name: LabName,
    },
    /// Another command works on the lab.
    #[error("another netyard command is working on the lab `{name}`")]
    Busy {
        /// The lab.
        name: LabName,
    },
    /// The holder's process could not be started.
    #[error("cannot start the process that holds the lab")]
    StartHolder(#[source] io::Error),
    /// The holder ended before it was ready.
    #[error("the process that holds the lab ended before the lab was ready")]
    HolderEnded,
    /// A namespace could not be made or entered.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The holder did not end.
    #[error("process {pid}, which holds the lab `{name}`, did not end within {seconds} s")]
    HolderStays {
        /// The lab.
        name: LabName,
        /// The holder.
        pid: i32,
        /// How long it was waited for.
        seconds: u64,
    },
}

impl LabError {
    /// An error of the file system, with what was tried on which file.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }

    /// A file or directory that may be somebody else's work.
    pub(crate) fn not_own(path: impl Into<PathBuf>, why: NotOwn) -> Self {
        Self::NotOwn { path: path.into(), why }
    }
}
