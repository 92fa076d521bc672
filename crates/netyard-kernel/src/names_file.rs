//! What the lab's name server answers, in a file: the keeper of the lab reads it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;

use netyard_types::Names;

use crate::error::{Access, KernelError};
use crate::fault::{self, Site};
use crate::paths::Paths;

/// What the file says; `None` if the lab has no name server.
pub(crate) fn read(paths: &Paths) -> Result<Option<Arc<Names>>, KernelError> {
    let path = &paths.names;
    match fault::at_file(Site::ReadNames).and_then(|()| fs::read(path)) {
        Ok(text) => match serde_json::from_slice(&text) {
            Ok(names) => Ok(Some(Arc::new(names))),
            Err(source) => Err(KernelError::Names { path: path.clone(), source }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(KernelError::file(path, Access::Read)(error)),
    }
}

/// Writes the file so that a reader finds the old one or the new one, never half of one; `None` removes it.
pub(crate) fn write(paths: &Paths, names: Option<&Names>) -> Result<(), KernelError> {
    let path = &paths.names;
    let Some(names) = names else {
        return match fault::at_file(Site::RemoveNames).and_then(|()| fs::remove_file(path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(KernelError::file(path, Access::Remove)(error))
            }
            _ => Ok(()),
        };
    };
    let text =
        serde_json::to_vec(names).map_err(|source| KernelError::Names { path: path.clone(), source })?;
    let fresh = path.with_extension("new");
    let write = || {
        fault::at(Site::WriteNames)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&text)?;
        fault::at(Site::RenameNames)?;
        fs::rename(&fresh, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&fresh);
        KernelError::file(path, Access::Write)(error)
    })
}
