//! `netyard import`: other descriptions of networks.

use std::fs;
use std::io::Read;
use std::path::Path;

use netyard_spec::import::{self, TopologyOptions};

use super::print;
use crate::args::Import;
use crate::error::CommandError;
use crate::exit::Exit;

/// Prints the file that describes the same network.
pub(super) fn run(what: &Import) -> Result<Exit, CommandError> {
    match what {
        Import::Topology { file } => {
            let text = read(file)?;
            let made = import::topology(&text, &TopologyOptions::default())
                .map_err(|source| CommandError::Import { path: file.clone(), source })?;
            print(&made)
        }
    }
}

fn read(path: &Path) -> Result<String, CommandError> {
    let failed = |source| CommandError::Read { path: path.to_owned(), source };
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(failed)?;
        return Ok(text);
    }
    fs::read_to_string(path).map_err(failed)
}
