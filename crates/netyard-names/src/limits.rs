//! How much the server takes from whom, and for how long.

use std::time::Duration;

/// How much the server takes from whom, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most connections in all. Where the process may open fewer files (RLIMIT_NOFILE), there are fewer. When there are so many,
    /// the one that has been idle for the longest time is closed for a new one.
    pub connections: usize,
    /// The most connections of one node, or of one address that is no node's (RFC 7766 §6.1 asks for such a limit).
    pub connections_of_one: usize,
    /// How long a message over a connection may take from its first byte to its last.
    pub message: Duration,
    /// How long nothing may happen on a connection before it is closed.
    pub idle: Duration,
    /// How long a whole zone transfer may take.
    pub transfer: Duration,
    /// The most bytes of replies that wait to be read on one connection; no more questions are read from it then.
    pub unsent: usize,
    /// The same for all connections. When there are more, the connection that has most of them is closed.
    pub unsent_in_all: usize,
    /// The most questions of one connection that wait for an answer (delayed, or asked elsewhere); no more are read from it then.
    pub pending: usize,
    /// The most replies that are kept back because they are to come late. A further one is lost.
    pub delayed: usize,
    /// The most of them that are one asker's, a node or an address that is no node's.
    pub delayed_of_one: usize,
    /// The most bytes of such replies.
    pub delayed_bytes: usize,
    /// The most of them that are one asker's.
    pub delayed_bytes_of_one: usize,
    /// The most questions that other servers are asked at a time. To a further one the answer is SERVFAIL.
    pub forwards: usize,
    /// The most of them that are one asker's.
    pub forwards_of_one: usize,
    /// How long another server may take before the next one is asked.
    pub upstream: Duration,
    /// How long it may take to get an answer from any of the other servers.
    pub forward: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1024,
            connections_of_one: 32,
            message: Duration::from_secs(5),
            idle: Duration::from_secs(10),
            transfer: Duration::from_secs(120),
            unsent: 128 << 10,
            unsent_in_all: 32 << 20,
            pending: 64,
            delayed: 4096,
            delayed_of_one: 1024,
            delayed_bytes: 8 << 20,
            delayed_bytes_of_one: 2 << 20,
            forwards: 256,
            forwards_of_one: 64,
            upstream: Duration::from_secs(2),
            forward: Duration::from_secs(5),
        }
    }
}
