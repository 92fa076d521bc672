//! What can be chosen about a ping.

use std::num::NonZeroU8;
use std::time::Duration;

/// What can be chosen about a ping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many requests every target gets; without, they go on until the deadline, or until stopped.
    pub count: Option<u32>,
    /// The time between two requests to one target.
    pub interval: Duration,
    /// How long to wait for the answer to a request. The kernel gives up on a neighbour after three seconds and then says that
    /// the host is unreachable, so a shorter time hides that answer behind a timeout.
    pub timeout: Duration,
    /// When all of it ends, counted from the beginning, answered or not.
    pub deadline: Option<Duration>,
    /// The bytes of payload in a request, behind the header of 8 bytes.
    pub payload: u16,
    /// How many routers a request may pass; without, what the node's kernel is set to. Multicast has its own and ignores it.
    pub ttl: Option<NonZeroU8>,
    /// How many requests may wait for their answers at once, all targets together; at least 1, at most 32768.
    pub in_flight: usize,
    /// The number that tells the answers to this ping from those to others in the same namespace. No two that run at once may
    /// have the same.
    pub identifier: u16,
}

impl Default for Options {
    /// Without a count or a deadline, one request a second, 56 bytes of payload as ping(8); the identifier is the lower half of
    /// the process id.
    fn default() -> Self {
        Self {
            count: None,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(5),
            deadline: None,
            payload: 56,
            ttl: None,
            in_flight: 1024,
            identifier: u16::try_from(std::process::id() & 0xffff).expect("16 bits are left"),
        }
    }
}
