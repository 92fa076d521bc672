//! Measuring a network from the inside: ping.
//!
//! [`ping`] sends echo requests from the network namespace of one node to any number of [`Target`]s at once, and tells what
//! came of each: a reply, a router's refusal, the kernel's refusal, or nothing. It needs no `ping` binary and no process of its
//! own in the namespace: the sockets are opened there by a thread that enters it, and used from here.
//!
//! - [`resolve`] and [`lookup`] turn a name into an address as the node itself would, from the text of its hosts file;
//! - [`packet`] builds and reads the messages, without any socket;
//! - [`Options`], [`Event`] and [`Outcome`] are what goes in and what comes out.
//!
//! This room decides nothing about a network and changes nothing in it. It prints nothing.
#![forbid(unsafe_code)]

mod error;
mod event;
mod hosts;
mod kind;
mod options;
pub mod packet;
mod run;
mod session;
mod socket;
mod target;

pub use error::{PingError, ResolveError};
pub use event::{Answer, Event, Outcome, Reply, Rtt, Unreachable};
pub use hosts::lookup;
pub use kind::UnreachableKind;
pub use options::Options;
pub use run::ping;
pub use target::{Family, Target, resolve};
