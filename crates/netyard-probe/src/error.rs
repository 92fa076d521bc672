//! What can go wrong before the first request is sent. What happens to a request is no error but an [`Answer`].
//!
//! [`Answer`]: crate::Answer

use std::net::IpAddr;
use std::path::PathBuf;
use std::{fmt, io};

use netyard_kernel::netns::NamespaceError;
use netyard_types::{DomainName, DomainNameError, IfName, NameError};
use nix::errno::Errno;

use crate::{Family, NameServer, ServerFault};

/// A name leads to no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// No line of the hosts file has the name.
    #[error("nobody is called {name:?}")]
    UnknownName {
        /// The name.
        name: String,
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
    /// What is in no hosts file and cannot be asked for.
    #[error("{name:?} is no domain name")]
    BadName {
        /// What was given.
        name: String,
        /// What is wrong with it.
        source: DomainNameError,
    },
    /// A name server says that there is no such name (NXDOMAIN).
    #[error("`{name}` is no name{}, says the name server {server}", In(domains))]
    NoName {
        /// The name.
        name: String,
        /// The domains that it was looked for in; none if it was asked for as it is.
        domains: Vec<DomainName>,
        /// The server.
        server: NameServer,
    },
    /// A name server says that the name is there, but has no address of the family (RFC 2308 §2.2).
    #[error("`{name}` has no {}address, says the name server {server}", Of(*family))]
    NoAddress {
        /// The name.
        name: String,
        /// The family asked for, if not both.
        family: Option<Family>,
        /// The server.
        server: NameServer,
    },
    /// No name server gave an answer.
    #[error("nobody says what `{name}` is: {}", Faults(faults))]
    NoAnswer {
        /// The name.
        name: String,
        /// The whole name that was asked for last.
        asked: DomainName,
        /// The servers that were asked, in order, and why each is of no use.
        faults: Vec<(NameServer, ServerFault)>,
    },
    /// The namespace, from where servers are to be asked, cannot be opened or entered.
    #[error(transparent)]
    Namespace(#[from] NamespaceError),
    /// The thread that asks cannot be started.
    #[error("cannot start a thread")]
    Thread {
        /// What the kernel answered.
        #[source]
        errno: Errno,
    },
    /// There is no random number for a question (getrandom(2)).
    #[error("cannot get a random number")]
    Random {
        /// What the kernel answered.
        #[source]
        errno: Errno,
    },
}

/// Writes where a name was looked for.
struct In<'a>(&'a [DomainName]);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, domain) in self.0.iter().enumerate() {
            f.write_str(match (at, self.0.len()) {
                (0, 1) => " in the domain ",
                (0, _) => " in the domains ",
                _ => ", ",
            })?;
            domain.fmt(f)?;
        }
        Ok(())
    }
}

/// Writes a family in front of a noun.
struct Of(Option<Family>);

impl fmt::Display for Of {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |family| write!(f, "{family} "))
    }
}

/// Writes what is wrong with each server.
struct Faults<'a>(&'a [(NameServer, ServerFault)]);

impl fmt::Display for Faults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (server, fault)) in self.0.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "; " })?;
            fault.write(server, f)?;
        }
        Ok(())
    }
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
