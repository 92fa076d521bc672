//! Files of other tools, made into files of Netyard.
//!
//! An importer reads a text and writes a text: what comes out can be read, changed and kept by a person, and forgets where it came
//! from.

mod names;
mod topology;
mod write;

pub use topology::{ImportError, TopologyOptions, topology};
