//! What commands and the keeper tell each other: one value of JSON each way.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;

use netyard_kernel::sandbox::STATE_VERSION;
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

impl Request {
    /// The request as it is sent: with the version of the lab's state, so that a keeper of another version says so.
    pub(super) fn message(&self) -> Message<'_> {
        Message { version: STATE_VERSION, request: self }
    }
}

#[derive(Serialize)]
pub(super) struct Message<'a> {
    version: u32,
    #[serde(flatten)]
    request: &'a Request,
}

/// A request as far as any version of it can be read.
#[derive(Deserialize)]
pub(super) struct AnyRequest {
    pub(super) version: u32,
}

/// What comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "response")]
pub(super) enum Response {
    /// The next query is answered by what the file says.
    Done,
    /// Another keeper is there.
    Busy,
    /// The keeper was started by another version of this program.
    OtherVersion {
        /// Its version.
        known: u32,
    },
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
