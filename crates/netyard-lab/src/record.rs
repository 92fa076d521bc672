//! What a lab's directory tells of it.

use std::path::PathBuf;

use netyard_types::LabName;
use serde::{Deserialize, Serialize};

/// The version of [`Record`] that this program writes. A record of another version is refused: what it means is not guessed.
pub const RECORD_VERSION: u32 = 1;

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
    /// When the lab was made, in seconds since 1970.
    pub created: u64,
}

/// A record as far as any version of it can be read.
#[derive(Deserialize)]
pub(crate) struct AnyRecord {
    pub(crate) version: u32,
}

/// The name of the record in a lab's directory.
pub(crate) const FILE: &str = "lab.json";

/// The lab whose directory has this name.
pub(crate) fn lab_of(dir_name: &std::ffi::OsStr) -> Option<LabName> {
    LabName::new(dir_name.to_str()?).ok()
}
