//! What commands and the keeper tell each other: one value of JSON each way.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::KeeperError;

/// What a command wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "request")]
pub(super) enum Request {
    /// Serve what the file of names says now.
    Refresh,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "response")]
pub(super) enum Response {
    /// The next query is answered by what the file says.
    Done,
    /// Another keeper is there.
    Busy,
    /// It went wrong.
    Failed {
        /// Why.
        error: KeeperError,
    },
}

/// More than any message has.
const MOST: u64 = 64 * 1024;

/// Writes a message and closes this direction.
pub(super) fn write(stream: &mut UnixStream, message: &impl Serialize) -> io::Result<()> {
    stream.write_all(&serde_json::to_vec(message)?)?;
    stream.shutdown(Shutdown::Write)
}

/// Reads a message up to the end of the stream.
pub(super) fn read<T: DeserializeOwned>(stream: &mut impl Read) -> io::Result<T> {
    let mut text = Vec::new();
    stream.take(MOST).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
