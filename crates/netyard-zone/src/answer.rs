//! From a query to a reply.

use alloc::vec::Vec;

use netyard_types::NodeName;

use crate::Zones;

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram: a reply has a limit, and is cut where it does not fit.
    Udp,
    /// Over a connection.
    Tcp,
}

/// What is to be done with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Send the reply, this many milliseconds later.
    Reply {
        /// The delay; mostly 0.
        delay_ms: u32,
    },
    /// Send nothing.
    Silence,
    /// Ask one of [`netyard_types::Names::forward`], and hand on what it answers.
    Forward {
        /// The delay before the answer is handed on; mostly 0.
        delay_ms: u32,
    },
    /// Send the zone, message by message ([`Zones::transfer`]).
    Transfer {
        /// The zone, by its place among the zones.
        zone: usize,
    },
}

impl Zones {
    /// Answers the query in `query`, which may be any bytes at all. `asker` is the node that asks, if a node of the lab does.
    /// Of several addresses, the one that `turn` points to comes first. The reply is written over what `reply` held.
    pub fn answer(
        &self,
        query: &[u8],
        asker: Option<&NodeName>,
        transport: Transport,
        turn: u32,
        reply: &mut Vec<u8>,
    ) -> Outcome {
        let _ = (query, asker, transport, turn, reply);
        Outcome::Silence
    }

    /// Whether `reply`, which came from another server, is one to `query`.
    #[must_use]
    pub fn is_reply_to(reply: &[u8], query: &[u8]) -> bool {
        let _ = (reply, query);
        false
    }

    /// Fits the reply of another server for the one who asked: with the query's own id, and over UDP cut to what `query` says
    /// that it takes.
    pub fn relay(query: &[u8], upstream: &[u8], transport: Transport, reply: &mut Vec<u8>) {
        let _ = (query, upstream, transport, reply);
    }

    /// Writes the reply to a query that could not be answered (SERVFAIL).
    pub fn fail(query: &[u8], reply: &mut Vec<u8>) {
        let _ = (query, reply);
    }

    /// Writes message `number`, from 0, of the transfer of a zone (RFC 5936) in answer to `query`; `false` if there is no such
    /// message any more.
    pub fn transfer(&self, zone: usize, query: &[u8], asker: Option<&NodeName>, number: usize, reply: &mut Vec<u8>) -> bool {
        let _ = (zone, query, asker, number, reply);
        false
    }
}
