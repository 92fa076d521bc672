//! From the file to the network: everything that the file leaves open is decided here, and everything that is wrong with it is
//! found here, without a kernel.
//!
//! ```text
//! Spec ──resolve──▶ Network ──compile──▶ NetState
//! ```
//!
//! - [`resolve()`] makes a [`Network`] of a [`Spec`](netyard_spec::Spec): nodes, ports, cables, segments, and every address,
//!   Ethernet address, interface name and route. It finds all mistakes at once, each a [`Problem`] with its places.
//! - [`Network`] is what explanations, drawings and tables are made from; each part knows its place in the file.
//! - [`compile()`] writes a network down as the state that the kernel is to have, for a kernel with given
//!   [`Features`](netyard_types::Features).
//!
//! The same file and lab name give the same bytes, and a node added at the end of the file moves no other: addresses are
//! assigned in the order of the file, names of switch ports and Ethernet addresses are made from the names they belong to.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod addresses;
mod assign;
mod compile;
mod draft;
mod gateways;
mod hash;
mod hosts;
mod loops;
mod macs;
mod mtu;
mod names;
mod network;
mod nexthop;
mod nodes;
mod problem;
mod reach;
mod report;
mod resolve;
mod routes;
mod routing;
mod segments;
mod settings;
mod subnets;
mod union;
mod wiring;

pub use compile::{CompileError, compile};
pub use names::{Beside, NameProblem, NameRecords, NameService, NameView};
pub use network::{
    Address, BridgePort, Cable, CableId, Family, Network, Node, NodeId, NodeRoute, Port, PortId, RouteSource,
    Segment, SegmentId, Setting, Subnet, SubnetId, SubnetOwner,
};
pub use problem::{Problem, Unreachable, Via, Wanted};
pub use resolve::{Resolution, resolve};
