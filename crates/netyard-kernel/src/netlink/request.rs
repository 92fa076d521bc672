//! A request to the kernel.

use netlink_packet_core::NLM_F_REQUEST;
use netlink_packet_route::RouteNetlinkMessage;

/// One request, and the flags it is sent with (`NLM_F_…`).
#[derive(Debug, Clone)]
pub struct Request {
    /// The message.
    pub message: RouteNetlinkMessage,
    /// The flags.
    pub flags: u16,
}

impl Request {
    /// A request with `flags` besides `NLM_F_REQUEST`.
    #[must_use]
    pub fn new(message: RouteNetlinkMessage, flags: u16) -> Self {
        Self { message, flags: flags | NLM_F_REQUEST }
    }
}
