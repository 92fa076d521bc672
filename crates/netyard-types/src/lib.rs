//! The words of Netyard: names, addresses, and the state of a network.
//!
//! This is the ground floor. It holds the vocabulary that every other room speaks, and nothing that decides:
//!
//! - [`NodeName`], [`LabName`], [`IfName`], [`Endpoint`]: names that are known to be well formed;
//! - [`DomainName`], [`Names`]: what the name server of a lab answers, to whom and where;
//! - [`MacAddr`], [`IfAddr`], [`Prefix`]: addresses that are known to parse;
//! - [`SysctlKey`]: a path below `/proc/sys/net`, and nothing else;
//! - [`NetState`] and what it is made of: the state of the kernel, namespace by namespace. The network that a file
//!   *describes* and the network that the kernel *has* are both values of this one type, so one piece of code compares
//!   them, explains them and prints them.
//!
//! Nothing here touches the operating system, the clock or the environment; the crate builds without `std`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod addr;
mod domain;
mod features;
mod mac;
mod name;
mod names;
mod state;
mod sysctl;

pub use addr::{AddressSet, IfAddr, ParsePrefixError, Prefix};
pub use domain::{DomainName, DomainNameError};
pub use features::Features;
pub use mac::{MacAddr, ParseMacError};
pub use name::{Endpoint, IfName, LabName, NameError, NodeName};
pub use names::{BadAnswer, LOOPBACK_SERVER, Names, Record, RecordData, Records, Trouble, Troubles, View};
pub use state::{
    Bridge, FdbEntry, FdbState, Link, LinkKind, MAIN_TABLE, Neighbour, NeighbourState, NetState, NextHop,
    NodeKind, NodeState, OperState, Origin, PortState, Route, RouteKind,
};
pub use sysctl::{SysctlKey, SysctlKeyError};
