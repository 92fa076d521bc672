//! Tests with the real kernel. Each runs in user, mount and network namespaces of its own, in a process of its own, and never
//! touches the machine's.

#![expect(clippy::unwrap_used, reason = "this is a test")]

#[macro_use]
mod sandbox;
mod network;

mod build;
mod change;
mod confine;
mod failure;
mod foreign;
mod lab;
mod names;
mod probe;
mod spanning_tree;
