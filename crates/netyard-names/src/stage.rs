//! What has been ordered and not been committed.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use netyard_kernel::descriptors::read_memory_file;
use netyard_types::Names;
use netyard_zone::Zones;
use nix::errno::Errno;

use crate::Listener;
use crate::listener::Listening;

/// Why what was ordered cannot be done.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StageError {
    #[error("an order was not understood")]
    NotUnderstood,
    #[error("an order came with {found} descriptors in place of {expected}")]
    Descriptors { expected: usize, found: usize },
    #[error("the server has too many files open (RLIMIT_NOFILE)")]
    TooManyFiles,
    #[error("the file of names cannot be read: {}", errno.desc())]
    Read { errno: Errno },
    #[error("the file of names holds no names (line {line}, column {column})")]
    Format { line: usize, column: usize },
    #[error("there are no names to answer with")]
    NoNames,
    #[error("there is a socket with the number {id} already")]
    Twice { id: u32 },
    #[error("there is no socket with the number {id}")]
    NoSuchSocket { id: u32 },
    #[error("the socket with the number {id} cannot be waited for: {}", errno.desc())]
    Socket { id: u32, errno: Errno },
}

/// What has been ordered and not been committed.
#[derive(Debug, Default)]
pub(crate) struct Stage {
    pub(crate) zones: Option<Arc<Zones>>,
    pub(crate) listeners: Vec<Listening>,
    pub(crate) close: Vec<u32>,
    failed: Option<StageError>,
}

impl Stage {
    /// Makes the commit fail.
    pub(crate) fn fail(&mut self, error: StageError) {
        // The first one: the others may come of it.
        self.failed.get_or_insert(error);
    }

    /// What was ordered, if nothing went wrong.
    pub(crate) fn check(mut self) -> Result<Self, StageError> {
        match self.failed.take() {
            None => Ok(self),
            Some(error) => Err(error),
        }
    }

    pub(crate) fn take_names(&mut self, serial: u32, descriptors: Vec<OwnedFd>) {
        match read_names(descriptors) {
            Ok(names) => self.zones = Some(Arc::new(Zones::new(Arc::new(names), serial))),
            Err(error) => self.fail(error),
        }
    }

    pub(crate) fn take_listeners(&mut self, listeners: Vec<Listener>, sockets: Vec<OwnedFd>) {
        if listeners.len() != sockets.len() {
            let (expected, found) = (listeners.len(), sockets.len());
            return self.fail(StageError::Descriptors { expected, found });
        }
        for (listener, socket) in listeners.into_iter().zip(sockets) {
            let id = listener.id;
            match Listening::new(listener, socket) {
                Ok(listening) => self.listeners.push(listening),
                Err(error) => self.fail(StageError::Socket { id, errno: errno_of(&error) }),
            }
        }
    }
}

fn read_names(mut descriptors: Vec<OwnedFd>) -> Result<Names, StageError> {
    let (Some(file), true) = (descriptors.pop(), descriptors.is_empty()) else {
        return Err(StageError::Descriptors { expected: 1, found: descriptors.len() });
    };
    let text = read_memory_file(file).map_err(|error| StageError::Read { errno: errno_of(&error) })?;
    serde_json::from_slice(&text)
        .map_err(|error| StageError::Format { line: error.line(), column: error.column() })
}

fn errno_of(error: &std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
