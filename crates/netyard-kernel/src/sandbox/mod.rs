//! A world of its own for a lab: user namespace (for an ordinary user), mount, PID and network namespace.
//!
//! [`create`] makes one around the calling process, [`join()`] enters one that another process keeps. Both must run while the
//! process has a single thread: the kernel moves threads, not processes, between namespaces, and refuses user and mount
//! namespaces to a process that has several.
//!
//! [`confine()`] goes the other way: it leaves a process of a lab with nothing but what it was given.
//!
//! What a lab sees of the machine's files is the machine's own tree, except for:
//!
//! - `/run`: a file system in memory with the machine's entries bound into it, so that `/run/netns` and `/run/netyard` are the
//!   lab's own, and without the sockets at which programs of the machine answer for names;
//! - `/etc`: an overlay, so that `/etc/netns` can be written and nothing written there reaches the machine;
//! - `/proc` and `/sys`: those of the lab's PID and network namespace.

mod confine;
mod error;
mod join;
mod node;
mod overlay;
mod process;
mod unshare;

pub use confine::confine;
pub use error::{SandboxError, SandboxStep};
pub use join::{Holder, join, start_time_of};
pub use node::enter_node;
pub use process::{
    Child, Ended, Fork, TerminalOwner, catch_interrupt, close_inherited_files, fork, reset_signal,
    terminal_owner,
};
pub use unshare::{create, furnish, hold, outlive_parent, silence};

/// A file that every lab and sandbox has and the machine has not: whoever sees it is inside. It holds the [`STATE_VERSION`] of the
/// program that made the lab.
pub const INSIDE_MARK: &str = "/run/netyard/.inside";

/// The version of everything that Netyard keeps of a lab while it runs: the record in the run directory, and in the lab the marks
/// of nodes, the file of names and what commands and the keeper tell each other. A program works only on a lab of its own
/// version, so this number is raised whenever one of them changes its meaning.
pub const STATE_VERSION: u32 = 1;

/// The version of the state of the lab that this process is in, as its maker wrote it down; `None` if that says nothing.
#[must_use]
pub fn inside_version() -> Option<u32> {
    std::fs::read_to_string(INSIDE_MARK).ok()?.trim().parse().ok()
}
