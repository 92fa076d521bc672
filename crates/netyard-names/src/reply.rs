//! Replies that come later than the question was read.

use std::net::SocketAddr;

use crate::asker::Source;
use crate::slab::Key;

/// Where a reply goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReplyTo {
    /// Back by the socket that the question came by.
    Datagram {
        /// The socket.
        listener: Key,
        /// Who asked.
        peer: SocketAddr,
    },
    /// By this connection.
    Connection(Key),
}

/// A reply that is kept back.
#[derive(Debug)]
pub(crate) struct Delayed {
    pub(crate) to: ReplyTo,
    /// Whom it counts for.
    pub(crate) source: Source,
    pub(crate) bytes: Vec<u8>,
}
