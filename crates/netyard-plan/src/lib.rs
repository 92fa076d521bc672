//! The steps from the network there is to the network described.
//!
//! Everything here is a function of its arguments, and the same arguments give the same bytes:
//!
//! - [`diff()`] compares two states and gives a [`Plan`]: typed steps in order, each with its [`Reason`] and its inverse;
//! - [`simulate()`] does to a state what the kernel would do, side effects and refusals included;
//! - [`apply()`] is the loop over the seam to the kernel, [`Kernel`]: observe, compare, execute, verify, and undo what was done
//!   where a step fails;
//! - [`script()`] writes steps as the commands that a person would type.
//!
//! Nothing here decides what the network should be, and nothing touches the operating system; the crate builds without `std`.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod apply;
mod cable;
mod describe;
mod diff;
mod effects;
mod hosts;
mod kernel;
mod names;
mod owned;
mod plan;
mod reason;
mod resolv;
mod script;
mod simulate;
mod simulated;
mod step;
mod summary;
mod touched;
mod undo;
mod words;

pub use apply::{Applied, ApplyError, Progress, RolledBack, apply, apply_with, take_back};
pub use diff::{Foreign, diff, diff_with};
pub use hosts::{HOSTS_BASE, HOSTS_BEGIN, HOSTS_END, netyard_lines, splice_hosts};
pub use kernel::{ExecuteError, Kernel, Scope, Which};
pub use names::{NameChange, NameSetting};
pub use owned::owned;
pub use plan::{Conflict, Move, Plan, PlannedStep};
pub use reason::Reason;
pub use resolv::RESOLV_COPY;
pub use script::script;
pub use simulate::{SimulateError, simulate};
pub use simulated::{SimulatedError, SimulatedKernel};
pub use step::{CableEnd, LinkChange, Phase, Step};
pub use summary::{Count, Summary};
