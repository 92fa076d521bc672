//! The steps from the network there is to the network described.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod step;

pub use step::{CableEnd, LinkChange, Phase, Step};
