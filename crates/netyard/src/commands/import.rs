//! `netyard import`: other descriptions of networks.

use std::io;
use std::path::Path;

use netyard_spec::import::{self, TopologyOptions};

use super::print;
use crate::args::Import;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::source;

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
    let file = if path == Path::new("-") { Path::new("/dev/stdin") } else { path };
    let bytes = source::read_file(file).map_err(failed)?;
    let bytes =
        bytes.ok_or_else(|| CommandError::TooLarge { path: path.to_owned(), most: source::LARGEST })?;
    String::from_utf8(bytes).map_err(|error| failed(io::Error::new(io::ErrorKind::InvalidData, error)))
}
