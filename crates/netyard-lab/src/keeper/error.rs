//! Why names cannot be served. The keeper finds out and a command tells, so errors travel between the two.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use netyard_names::Protocol;
use netyard_types::NodeName;
use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// Names cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "error")]
#[non_exhaustive]
pub enum KeeperError {
    /// The keeper's process could not be started.
    #[error("cannot start the process that keeps the name server")]
    Start {
        /// What the system answered.
        source: SystemError,
    },
    /// The keeper ended before it was ready, or does not answer.
    #[error("the process that keeps the name server does not answer")]
    NoAnswer,
    /// The keeper was started by another version of this program.
    #[error("the process that keeps the name server is of another version of netyard")]
    OtherVersion,
    /// The keeper's own socket or lock.
    #[error("the keeper of the name server cannot set itself up")]
    Own {
        /// What the system answered.
        source: SystemError,
    },
    /// The file of names.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: SystemError,
    },
    /// The file of names is none.
    #[error("{} does not hold the names of a lab", path.display())]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// The namespace of a node that serves.
    #[error("cannot enter the node `{node}` to serve names there")]
    Node {
        /// The node.
        node: NodeName,
        /// What the system answered.
        source: SystemError,
    },
    /// A socket.
    #[error("cannot serve names on {addr}, port 53 ({protocol}), of `{node}`")]
    Listen {
        /// The node.
        node: NodeName,
        /// The address.
        addr: IpAddr,
        /// The kind of socket.
        protocol: Protocol,
        /// What the system answered.
        source: SystemError,
    },
    /// More sockets than the user may have open.
    #[error(
        "serving names on so many nodes takes {needed} open files, and {limit} are allowed (RLIMIT_NOFILE)"
    )]
    TooManySockets {
        /// How many it takes.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The name server could not be started.
    #[error("cannot start the name server")]
    StartServer {
        /// What the system answered.
        source: SystemError,
    },
    /// The name server could not shut itself in.
    #[error("the name server cannot give up its rights ({step})")]
    ConfineServer {
        /// What was tried.
        step: String,
        /// What the system answered.
        source: SystemError,
    },
    /// The name server ended.
    #[error("the name server ended")]
    ServerEnded,
    /// The name server did not take the names.
    #[error("the name server does not take the names: {reason}")]
    Rejected {
        /// Why.
        reason: String,
    },
}

impl KeeperError {
    /// What the system answered, where it was the system that refused.
    #[must_use]
    pub fn errno(&self) -> Option<Errno> {
        match self {
            Self::Start { source }
            | Self::Own { source }
            | Self::Read { source, .. }
            | Self::Node { source, .. }
            | Self::Listen { source, .. }
            | Self::StartServer { source }
            | Self::ConfineServer { source, .. } => Some(source.errno()),
            _ => None,
        }
    }
}

/// What the system answered: an error number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SystemError(i32);

impl SystemError {
    /// The error number.
    #[must_use]
    pub fn errno(self) -> Errno {
        Errno::from_raw(self.0)
    }
}

impl fmt::Display for SystemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.errno().fmt(f)
    }
}

impl std::error::Error for SystemError {}

impl From<Errno> for SystemError {
    fn from(errno: Errno) -> Self {
        Self(errno as i32)
    }
}

impl From<io::Error> for SystemError {
    fn from(error: io::Error) -> Self {
        // What has no number comes from reading or writing too little: the other side went away.
        Self(error.raw_os_error().unwrap_or(Errno::EPIPE as i32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_arrive_as_they_were_sent() {
        let error = KeeperError::Listen {
            node: NodeName::new("gw").unwrap(),
            addr: "10.0.0.1".parse().unwrap(),
            protocol: Protocol::Udp,
            source: Errno::EADDRINUSE.into(),
        };
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(serde_json::from_str::<KeeperError>(&text).unwrap(), error);
        assert_eq!(error.to_string(), "cannot serve names on 10.0.0.1, port 53 (UDP), of `gw`");
    }
}
