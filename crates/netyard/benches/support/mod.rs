//! What the benches share: programs run as root or as an ordinary user, what they took, and how that is told.

#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod file;
pub(crate) mod floor;
pub(crate) mod machine;
pub(crate) mod spent;
