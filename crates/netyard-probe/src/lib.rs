//! Measuring a network from the inside: ping, and the names that it takes.
//!
//! [`ping`] sends echo requests from the network namespace of one node to any number of [`Target`]s at once, and tells what
//! came of each: a reply, a router's refusal, the kernel's refusal, or nothing. It needs no `ping` binary and no process of its
//! own in the namespace: the sockets are opened there by a thread that enters it, and used from here.
//!
//! - [`Resolver`] turns names into addresses as a program on the node would: by its hosts file ([`lookup`], [`resolve`]), then by
//!   the name servers of its resolver file ([`Resolv`]), asked from its namespace;
//! - [`packet`] builds and reads the messages, without any socket;
//! - [`Options`], [`Event`] and [`Outcome`] are what goes in and what comes out.
//!
//! This room decides nothing about a network and changes nothing in it. It prints nothing.
#![forbid(unsafe_code)]

mod candidate;
mod destination;
mod error;
mod event;
mod exchange;
mod fault;
mod hosts;
mod kind;
mod options;
pub mod packet;
mod question;
mod resolv;
mod resolver;
mod run;
mod session;
mod socket;
mod stream;
mod target;

pub use error::{PingError, ResolveError};
pub use event::{Answer, Event, Outcome, Reply, Rtt, Unreachable};
pub use fault::ServerFault;
pub use hosts::{lookup, names};
pub use kind::UnreachableKind;
pub use options::Options;
pub use resolv::{NameServer, Resolv};
pub use resolver::Resolver;
pub use run::ping;
pub use target::{Family, Target, resolve};
