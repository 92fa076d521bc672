//! The name server of a lab: one process that answers on the sockets that it is given.
//!
//! It opens no socket and no file itself, and could not: [`run_names`] gives up every right before the first order is taken. The
//! keeper of the lab opens the sockets in the namespaces of the nodes and hands them over together with the names, by the
//! messages [`Order`] and [`Report`]. What is answered, `netyard-zone` decides; here are the sockets, the clock and the limits.
//!
//! [`Server`] is one thread that looks after all sockets by turns, as much of each as fits into one turn: 128 datagrams, 16
//! new connections, 4 KiB of one connection. So nobody who sends more than others has more than his turn. Names are changed between
//! two turns, hence at once for everybody. When nothing happens, nothing runs.
#![forbid(unsafe_code)]

mod asker;
mod connection;
mod connections;
mod control;
mod datagrams;
mod forward;
mod forwards;
mod frame;
mod limits;
mod listener;
mod order;
mod orders;
mod poll;
mod reply;
mod run;
mod server;
mod shares;
mod slab;
mod stage;
mod timers;

pub use limits::Limits;
pub use order::{Listener, Order, Protocol, Report};
pub use run::{NAMES_ARGUMENT, run_names};
pub use server::Server;
