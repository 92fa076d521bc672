//! The server on real sockets of the loopback, told what to do as its keeper tells it, but in a thread and with its rights.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod client;
mod server;

mod answers;
mod forwarding;
mod hostile;
mod limits;
mod orders;
mod upstreams;
