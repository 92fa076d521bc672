//! The file: finding it, reading it, and what it describes.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use netyard_model::Network;
use netyard_spec::{Code, Spec};
use netyard_types::LabName;

use crate::error::CommandError;
use crate::hints;
use crate::mistakes::{Mistakes, Note};

/// More than any file that describes a network has, in bytes: that of 10,000 hosts, each written out, has two million.
pub(crate) const LARGEST: u64 = 16 << 20;

/// The file that is meant when none is named.
const DEFAULT: &str = "netyard.toml";

/// A file that describes a network without a mistake.
#[derive(Debug)]
pub(crate) struct Source {
    /// Where it is, as the person named it.
    pub(crate) path: PathBuf,
    /// What it describes.
    pub(crate) network: Network,
    /// Mistakes that it makes on purpose.
    pub(crate) allowed: Vec<Note>,
}

impl Source {
    /// Reads `file`, or the default one, as the lab `name`, or the lab it names itself.
    pub(crate) fn load(file: Option<&Path>, name: Option<&LabName>) -> Result<Self, CommandError> {
        let path = file.unwrap_or(Path::new(DEFAULT));
        let bytes = match if file.is_none() { read_default() } else { read_file(path) } {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Err(CommandError::TooLarge { path: path.to_owned(), most: LARGEST }),
            Err(error) if file.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Err(CommandError::NoFile);
            }
            Err(source) => return Err(CommandError::Read { path: path.to_owned(), source }),
        };
        Self::read(path, &bytes, name)
    }

    /// Reads a file's contents.
    pub(crate) fn read(path: &Path, bytes: &[u8], name: Option<&LabName>) -> Result<Self, CommandError> {
        let (spec, findings) = netyard_spec::parse_bytes(bytes);
        let mut list: Vec<Note> = findings
            .iter()
            .map(|finding| Note::new(finding, hints::of_spec_problem(&finding.problem)))
            .collect();
        let name = name.cloned().unwrap_or_else(|| lab_name(&spec, path));
        let resolution = netyard_model::resolve(&spec, &name);
        let note = |finding: &netyard_spec::Finding<netyard_model::Problem>| {
            Note::new(finding, hints::of_model_problem(&finding.problem))
        };
        // What the text has wrong can make more look wrong than is: an unreadable file is not also short of nodes.
        let unreadable = |note: &Note| matches!(note.code, Code::Syntax | Code::NotText | Code::EmptyFile);
        // Nor does a port lack a cable whose switch could not be read, nor is a name outside of such a domain.
        let follows = |note: &Note| {
            matches!(note.code, Code::UnconnectedPort | Code::NoPrefixLength | Code::OutsideDomain)
        };
        if !list.iter().any(unreadable) {
            let is_sound = list.is_empty();
            list.extend(resolution.errors.iter().map(note).filter(|note| is_sound || !follows(note)));
        }
        list.sort_by_key(|note| (note.span.start, note.code));
        match resolution.network {
            Some(network) if list.is_empty() => Ok(Self {
                path: path.to_owned(),
                network,
                allowed: resolution.allowed.iter().map(note).collect(),
            }),
            _ => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                Err(CommandError::Mistakes(Box::new(Mistakes { path: path.to_owned(), text, list })))
            }
        }
    }
}

/// The whole of a file, or of what comes out of a pipe; `None` if it is larger than any that describes a network.
pub(crate) fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LARGEST + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LARGEST).then_some(bytes))
}

/// The default file. Nobody has named it, so nobody waits for a pipe that somebody has put there.
fn read_default() -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(DEFAULT)?.is_file() {
        read_file(Path::new(DEFAULT))
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"))
    }
}

/// The name of the lab that the default file describes, if that file is there.
pub(crate) fn name_of_default_file() -> Option<LabName> {
    let bytes = read_default().ok().flatten()?;
    let (spec, _) = netyard_spec::parse_bytes(&bytes);
    Some(lab_name(&spec, Path::new(DEFAULT)))
}

/// The name that the file gives; else that of the folder of a `netyard.toml`, or of any other file without its ending.
fn lab_name(spec: &Spec, path: &Path) -> LabName {
    if let Some(name) = &spec.name {
        return name.value.clone();
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let base = if path.file_name().is_some_and(|name| name == DEFAULT) {
        path.parent().and_then(Path::file_name)
    } else {
        path.file_stem()
    };
    let text = base.map(|base| base.to_string_lossy().to_lowercase()).unwrap_or_default();
    let fitting: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(63).collect();
    LabName::new(fitting.trim_matches('-')).unwrap_or_else(|_| LabName::new("lab").expect("a word is a name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lab_without_a_name_is_named_after_its_place() {
        let of = |path: &str| lab_name(&Spec::default(), Path::new(path)).to_string();
        assert_eq!(of("/nowhere/My Office/netyard.toml"), "my-office");
        assert_eq!(of("/nowhere/branch_2.toml"), "branch-2");
        assert_eq!(of("/netyard.toml"), "lab");
        assert_eq!(of("/nowhere/2024.toml"), "lab");
    }
}
