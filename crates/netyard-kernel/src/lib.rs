//! Linux, as Netyard sees it: the one room that talks to the kernel, and decides nothing.
//!
//! - [`LinuxKernel`] is the kernel behind [`netyard_plan::Kernel`]: it observes a network and carries out the steps of a plan,
//!   by rtnetlink(7), `/proc/sys` and the files of each node;
//! - [`netns`] enters namespaces and finds them by name, as ip-netns(8) keeps them;
//! - [`descriptors`] passes open files between processes;
//! - [`sandbox`] makes the world of its own that a lab lives in, and enters it;
//! - [`netlink`] is the socket below it all;
//! - [`fault`] lets tests have any of it refused.
//!
//! Everything but [`sandbox`] expects to run inside a lab already.

mod datagrams;
pub mod descriptors;
mod error;
mod execute;
pub mod fault;
mod features;
mod forget;
mod inventory;
mod kernel;
mod mounts;
mod names_file;
mod namespaces;
pub mod netlink;
pub mod netns;
mod node_files;
mod observe;
mod paths;
mod probe;
mod random;
pub mod sandbox;
mod settle;
mod sysctl;

pub use datagrams::Datagrams;
pub use error::{Access, KernelError, Object};
pub use features::features;
pub use kernel::LinuxKernel;
pub use paths::Paths;
pub use probe::{Probe, probe};
pub use random::fill_random;
pub use settle::{NotReady, SettleError};
