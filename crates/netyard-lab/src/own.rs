//! Files and directories that only their owner can have written. In `/tmp` anybody can put something in a lab's place, and what a
//! record says is acted on: a process is entered or killed.

use std::fmt;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use netyard_kernel::fault::{self, Site};
use nix::fcntl::OFlag;
use nix::unistd::geteuid;

use crate::LabError;

/// Why a file or directory is not one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotOwn {
    /// It is a symbolic link, which can lead anywhere.
    Link,
    /// It is no directory.
    NoDirectory,
    /// It is no regular file.
    NoFile,
    /// It belongs to the user with this number.
    OtherOwner(u32),
    /// Others than its owner can write to it; its permission bits.
    Writable(u32),
}

impl fmt::Display for NotOwn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link => f.write_str("it is a symbolic link"),
            Self::NoDirectory => f.write_str("it is no directory"),
            Self::NoFile => f.write_str("it is no regular file"),
            Self::OtherOwner(uid) => write!(f, "it belongs to another user (uid {uid})"),
            Self::Writable(mode) => write!(f, "other users can write to it (mode {mode:04o})"),
        }
    }
}

/// Whether the directory is there. An error if what is there is not the user's own.
pub(crate) fn has_directory(path: &Path) -> Result<bool, LabError> {
    let meta = match fault::at_file(Site::LookAtDir).and_then(|()| fs::symlink_metadata(path)) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(LabError::file("look at", path)(source)),
    };
    let is_kind = if meta.is_dir() { Ok(()) } else { Err(NotOwn::NoDirectory) };
    match is_kind.and_then(|()| check(&meta)) {
        Ok(()) => Ok(true),
        Err(_) if meta.is_symlink() => Err(LabError::not_own(path, NotOwn::Link)),
        Err(why) => Err(LabError::not_own(path, why)),
    }
}

/// Opens a file of the user's own; without ever following a link, or waiting for whoever is at the other end of a pipe.
pub(crate) fn open(path: &Path, action: &'static str, options: &mut OpenOptions) -> Result<File, LabError> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = options.custom_flags(flags.bits()).open(path).map_err(|source| {
        match fs::symlink_metadata(path).map(|meta| meta.file_type()) {
            Ok(kind) if kind.is_symlink() => LabError::not_own(path, NotOwn::Link),
            // Writing to a directory, or to a pipe or socket that nobody reads.
            Ok(kind) if !kind.is_file() => LabError::not_own(path, NotOwn::NoFile),
            _ => LabError::file(action, path)(source),
        }
    })?;
    let meta = file.metadata().map_err(LabError::file("look at", path))?;
    let is_kind = if meta.is_file() { Ok(()) } else { Err(NotOwn::NoFile) };
    match is_kind.and_then(|()| check(&meta)) {
        Ok(()) => Ok(file),
        Err(why) => Err(LabError::not_own(path, why)),
    }
}

fn check(meta: &Metadata) -> Result<(), NotOwn> {
    if meta.uid() != geteuid().as_raw() {
        return Err(NotOwn::OtherOwner(meta.uid()));
    }
    if meta.mode() & 0o022 != 0 {
        return Err(NotOwn::Writable(meta.mode() & 0o7777));
    }
    Ok(())
}
