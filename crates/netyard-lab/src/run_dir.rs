//! The directory of the labs.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use netyard_kernel::fault::{self, Site};
use netyard_types::LabName;
use nix::unistd::geteuid;

use crate::own::has_directory;
use crate::record::lab_of;
use crate::{Lab, LabError, Record};

/// The directory that holds one directory for every lab of a user.
#[derive(Debug, Clone)]
pub struct RunDir(PathBuf);

/// A lab, and whether it runs.
#[derive(Debug)]
pub struct LabStatus {
    /// Its name.
    pub name: LabName,
    /// What its directory tells of it; an error if that cannot be read.
    pub record: Result<Record, LabError>,
}

impl RunDir {
    /// The directory of this user: `given` if there is one, `/run/netyard` for root, otherwise `netyard` in the user's runtime
    /// directory, and where a user has none, `/tmp/netyard-UID`.
    #[must_use]
    pub fn choose(given: Option<PathBuf>, runtime_dir: Option<PathBuf>) -> Self {
        let uid = geteuid();
        if let Some(given) = given {
            return Self(given);
        }
        if uid.is_root() {
            return Self(PathBuf::from("/run/netyard"));
        }
        let of_login = PathBuf::from(format!("/run/user/{uid}"));
        let runtime_dir =
            runtime_dir.filter(|dir| dir.is_absolute()).or_else(|| of_login.is_dir().then_some(of_login));
        Self(
            runtime_dir
                .map_or_else(|| PathBuf::from(format!("/tmp/netyard-{uid}")), |dir| dir.join("netyard")),
        )
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Finds the labs again that ran when the directory went, if it has gone: each is there again, without the name of its file.
    ///
    /// # Errors
    /// When there are some and they cannot be written down.
    pub fn recover(&self) -> Result<(), LabError> {
        match fs::symlink_metadata(&self.0) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => crate::lost::recover(self),
            // Whatever is there is looked at when it is used.
            _ => Ok(()),
        }
    }

    /// Makes the directory, for this user alone, if it is not there.
    ///
    /// # Errors
    /// When it cannot be made, or what is there belongs to somebody else: in `/tmp` anybody could have put it there.
    pub fn ensure(&self) -> Result<(), LabError> {
        if has_directory(&self.0)? {
            return Ok(());
        }
        let made = fault::at_file(Site::MakeRunDir)
            .and_then(|()| DirBuilder::new().recursive(true).mode(0o700).create(&self.0));
        made.map_err(LabError::file("make the directory", &self.0))?;
        // Somebody may have been quicker.
        has_directory(&self.0).map(drop)
    }

    /// The lab with this name, running or not.
    #[must_use]
    pub fn lab(&self, name: &LabName) -> Lab {
        Lab::new(self.0.join(name.as_str()), name.clone())
    }

    /// All running labs by name. Directories of labs whose holder is gone are left out, and taken away.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn labs(&self) -> Result<Vec<LabStatus>, LabError> {
        if !has_directory(&self.0)? {
            return Ok(Vec::new());
        }
        let failed = || LabError::file("read", &self.0);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.0).map_err(failed())? {
            names.extend(lab_of(&entry.map_err(failed())?.file_name()));
        }
        names.sort();
        let status = |name: LabName| match self.lab(&name).running() {
            Ok(None) => {
                self.lab(&name).tidy();
                None
            }
            Ok(Some((record, _))) => Some(LabStatus { name, record: Ok(record) }),
            Err(error) => Some(LabStatus { name, record: Err(error) }),
        };
        Ok(names.into_iter().filter_map(status).collect())
    }
}
