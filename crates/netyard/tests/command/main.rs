//! The command as a person meets it: what it prints, and what the kernel does for it.
//!
//! One program of many modules, so that all tests share one link and run at the same time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod boundary;
mod change;
mod crash;
mod cycles;
mod dns;
mod drift;
mod exec;
mod failure;
mod faults;
mod help;
mod hostile;
mod keeper;
mod labs;
mod lessons;
mod machine;
mod mistakes;
mod names;
mod parallel;
mod reach;
mod run_dir;
mod scarce;
mod script;
mod tables;
mod terminal;
