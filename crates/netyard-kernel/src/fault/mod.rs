//! Faults on purpose, in test builds: every system call and request of `up` and `down` passes [`at`] first, where a test may have
//! it refused, or the process killed in its place.
//!
//! Without the feature `faults`, which only the tests of the command switch on, this is nothing: no code, no variable that is looked
//! at. With it, `NETYARD_FAULT_LOG` names a file in which every site that is passed gets a line, by all processes of the command,
//! and `NETYARD_FAULT` says what is to happen at which of them:
//!
//! - `kill:SITE:K` kills the process group (SIGKILL) in place of the K-th time that the site is passed, counted from 1;
//! - `fail:SITE:K:ERRNO` has that time answered with the error number, as in `fail:netns.bind:2:EPERM`; with `K..` that time and
//!   every later one.
//!
//! Several, separated by spaces, hold at once. Sites are counted over all processes, which wait for one another, by the lines of the
//! file; an empty file begins anew.

mod site;
#[cfg(feature = "faults")]
mod told;

pub use site::Site;
#[cfg(feature = "faults")]
pub use told::{at, tell};

#[cfg(feature = "faults")]
pub(crate) use told::{Fault, at_request, kill};

use nix::errno::Errno;

/// Passes a site: whatever comes next may be done.
///
/// # Errors
/// What a test wants to be answered in its place. Never, in a build for people.
#[cfg(not(feature = "faults"))]
#[inline(always)]
#[expect(clippy::missing_const_for_fn, reason = "it is none with the feature")]
pub fn at(_site: Site) -> Result<(), Errno> {
    Ok(())
}

/// Hands what a test wants on to a program that is started without any environment.
#[cfg(not(feature = "faults"))]
#[inline(always)]
pub fn tell(_command: &mut std::process::Command) {}

/// Passes a site of the file system.
///
/// # Errors
/// What a test wants to be answered in its place. Never, in a build for people.
pub fn at_file(site: Site) -> std::io::Result<()> {
    at(site).map_err(Errno::into)
}
