//! What a name server answers: a query in, a reply out, without a socket, a clock or a thread.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod answer;
mod zones;

pub use answer::{Outcome, Transport};
pub use zones::Zones;
