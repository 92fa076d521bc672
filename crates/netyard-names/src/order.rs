//! What the keeper of a lab and its name server tell each other: messages of JSON on a socket that keeps their bounds
//! (SOCK_SEQPACKET), with descriptors beside them.
//!
//! The server begins with [`Report::Ready`], or with [`Report::Failed`] and its end. From then on the keeper orders
//! [`Order::Names`], [`Order::Listen`] and [`Order::Close`] in any order and as often as it likes, which changes nothing, and then
//! [`Order::Commit`], which does it all. Of an order that cannot be done only the commit says so. Between all this the server
//! reports [`Report::Connect`] whenever it needs a socket. The server ends when the keeper's end of the socket is closed.

use std::fmt;

use netyard_types::NodeName;
use serde::{Deserialize, Serialize};

/// The keeper to the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "order")]
pub enum Order {
    /// What is to be answered from the next [`Order::Commit`] on: one descriptor comes along, a file with
    /// [`netyard_types::Names`] in JSON.
    Names {
        /// The serial number of the zones.
        serial: u32,
    },
    /// Where to answer too from the next commit on: a bound socket for each, in this order. At most [`Order::MOST_SOCKETS`].
    Listen {
        /// The sockets.
        listeners: Vec<Listener>,
    },
    /// Where to answer no longer from the next commit on.
    Close {
        /// The numbers of the sockets.
        ids: Vec<u32>,
    },
    /// Do all that was ordered since the last commit, at once. Answered by [`Report::Committed`].
    Commit,
    /// The socket that [`Report::Connect`] asked for comes along; it may still be connecting.
    Connected {
        /// The number of the request.
        token: u64,
    },
    /// There is no such socket.
    NotConnected {
        /// The number of the request.
        token: u64,
    },
}

impl Order {
    /// The most descriptors in one message (the kernel's limit is 253, `SCM_MAX_FD`).
    pub const MOST_SOCKETS: usize = 200;
}

/// A socket that is answered on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Its number, chosen by the keeper, never used again.
    pub id: u32,
    /// The node it is on.
    pub node: NodeName,
    /// What it is.
    pub protocol: Protocol,
}

/// The kinds of sockets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// Datagrams.
    Udp,
    /// Connections; a socket of this kind to answer on listens already.
    Tcp,
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        })
    }
}

/// The server to the keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "report")]
pub enum Report {
    /// The server is shut in and can be told what to do.
    Ready,
    /// The server could not be shut in, or something else went wrong at its start; it ends.
    Failed {
        /// What was tried.
        step: String,
        /// The error number.
        errno: i32,
    },
    /// [`Order::Commit`] is done: the next query is answered by it.
    Committed,
    /// [`Order::Commit`] cannot be done; all is as it was before.
    Rejected {
        /// Why.
        reason: String,
    },
    /// A socket is needed to ask one of the other servers; [`Order::Connected`] or [`Order::NotConnected`] answers.
    Connect {
        /// The number of the request.
        token: u64,
        /// The node to ask from.
        node: NodeName,
        /// Which of [`netyard_types::Names::forward`].
        upstream: usize,
        /// How.
        protocol: Protocol,
    },
}
