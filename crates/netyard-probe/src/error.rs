//! What can go wrong before the first request is sent. What happens to a request is no error but an [`Answer`].
//!
//! [`Answer`]: crate::Answer

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use netyard_types::{IfName, NameError};
use nix::errno::Errno;

use crate::Family;

/// A name leads to no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// No line of the hosts file has the name.
    #[error("nobody is called {name:?}")]
    UnknownName {
        /// The name.
        name: String,
        /// The names that the hosts file has.
        candidates: Vec<String>,
    },
    /// The name has addresses, but none of the family asked for.
    #[error("{name} has no {family} address")]
    OtherFamily {
        /// The name, or the address that was given in its place.
        name: String,
        /// The family asked for.
        family: Family,
        /// The addresses it has.
        found: Vec<IpAddr>,
    },
    /// A zone that is no interface name.
    #[error("{zone:?} is no interface name")]
    BadZone {
        /// What stands behind the `%`.
        zone: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// A zone behind an address that means the same everywhere.
    #[error("{addr} takes no zone, only link-local addresses do")]
    NeedlessZone {
        /// The address.
        addr: IpAddr,
        /// What stands behind the `%`.
        zone: String,
    },
}

/// A ping that cannot begin, or cannot go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PingError {
    /// The file that names the namespace cannot be opened.
    #[error("cannot open the network namespace {}", path.display())]
    OpenNamespace {
        /// That file.
        path: PathBuf,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The namespace cannot be entered (setns(2)).
    #[error("cannot enter the network namespace {}", path.display())]
    EnterNamespace {
        /// The file that names it.
        path: PathBuf,
        /// What the kernel answered.
        source: Errno,
    },
    /// The thread that enters the namespace cannot be started.
    #[error("cannot start a thread")]
    Thread {
        /// What the kernel answered.
        source: io::Error,
    },
    /// The node has no interface of that name.
    #[error("there is no interface {zone} to reach {addr} by")]
    UnknownZone {
        /// The name.
        zone: IfName,
        /// The address that it stands behind.
        addr: IpAddr,
        /// What the kernel answered.
        source: Errno,
    },
    /// A raw socket cannot be opened or set up (raw(7)).
    #[error("cannot open a raw {family} socket")]
    Socket {
        /// The family.
        family: Family,
        /// What the kernel answered.
        source: Errno,
    },
    /// More payload than a packet holds.
    #[error("{size} bytes of payload are more than the {max} that fit into an {family} packet")]
    PayloadTooLarge {
        /// The family of the packet.
        family: Family,
        /// The bytes asked for.
        size: u16,
        /// The most that fit.
        max: u16,
    },
    /// Waiting failed (ppoll(2)).
    #[error("cannot wait for packets")]
    Wait {
        /// What the kernel answered.
        source: Errno,
    },
    /// Receiving failed (recvmsg(2)).
    #[error("cannot receive {family} packets")]
    Receive {
        /// The family.
        family: Family,
        /// What the kernel answered.
        source: Errno,
    },
}
