//! A lab at run time: its directory, its lock, its holder.
//!
//! A lab is a directory below the [`RunDir`] and one process, the *holder*: the first process of the lab's PID namespace, which
//! does nothing but keep the namespaces. The directory tells which process that is. If the holder dies, the kernel takes the
//! whole lab away, and the directory is cleaned by the next command that sees it. A lab that serves names has a [`keeper`] too.
//!
//! This room knows nothing of files that describe networks and decides nothing about them.
#![forbid(unsafe_code)]

mod error;
mod holder;
pub mod keeper;
mod lab;
mod lost;
mod own;
mod record;
mod run_dir;

pub use error::LabError;
pub use holder::{HOLDER_ARGUMENT, run_holder};
pub use lab::{Lab, LockedLab};
pub use own::NotOwn;
pub use record::{RECORD_VERSION, Record};
pub use run_dir::{LabStatus, RunDir};
