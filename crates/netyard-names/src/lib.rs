//! The name server of a lab: one process that answers on the sockets that it is given.
#![forbid(unsafe_code)]

mod order;

pub use order::{Listener, Order, Protocol, Report};
