//! What a lab's directory tells of it.

use std::path::PathBuf;

use netyard_kernel::sandbox::STATE_VERSION;
use netyard_types::LabName;
use serde::{Deserialize, Serialize};

/// The version that this program writes into the [`Record`]: that of everything that is kept of a lab, inside of it too. A lab of
/// another version is refused: what its state means is not guessed.
pub const RECORD_VERSION: u32 = STATE_VERSION;

/// What is known of a running lab, as it is kept in its directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The version of this structure.
    pub version: u32,
    /// The file that describes the lab, absolute.
    pub file: Option<PathBuf>,
    /// The holder's process id.
    pub holder_pid: i32,
    /// When the holder started, in clock ticks since boot, so that the number cannot be mistaken for another process's.
    pub holder_start: u64,
    /// When the lab was made, in seconds since 1970; 0 where that is not known any more.
    #[serde(default)]
    pub created: u64,
}

/// A record as far as any version of it can be read: these members keep their names and meanings for good, so that a lab can be
/// taken away by a version that did not make it.
#[derive(Serialize, Deserialize)]
pub(crate) struct AnyRecord {
    pub(crate) version: u32,
    pub(crate) holder_pid: Option<i32>,
    pub(crate) holder_start: Option<u64>,
}

/// More than any record has, in bytes: a path has at most 4096 (`PATH_MAX`).
pub(crate) const MOST: u64 = 64 * 1024;

/// The name of the record in a lab's directory.
pub(crate) const FILE: &str = "lab.json";

/// The name under which a record is written before it takes the place of the old one.
pub(crate) const FRESH: &str = "lab.json.new";

/// The lab whose directory has this name.
pub(crate) fn lab_of(dir_name: &std::ffi::OsStr) -> Option<LabName> {
    LabName::new(dir_name.to_str()?).ok()
}
