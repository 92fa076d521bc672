//! The life of the process.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::process::ExitCode;

use netyard_kernel::descriptors::send;
use netyard_kernel::sandbox::{SandboxError, confine};
use nix::errno::Errno;
use nix::sys::socket::{SockType, getsockopt, sockopt};
use nix::unistd::dup2_stdin;

use crate::{Limits, Report, Server};

/// The first argument of the program when it is to be a name server. Not for people.
pub const NAMES_ARGUMENT: &str = "--serve-names";

/// The life of the process that [`NAMES_ARGUMENT`] starts, with one end of a pair of sockets
/// ([`socket_pair`](netyard_kernel::descriptors::socket_pair)) as its standard input: it gives up every right that it has, tells
/// at the other end that it is ready, and does what is ordered from there until that end is closed.
///
/// To be called before the process has done anything else. What was started ends with the exit code 0 as soon as it has left the
/// server behind, which nobody can wait for; or with another one when it has reported why it could not.
#[must_use]
pub fn run_names() -> ExitCode {
    let is_socket = getsockopt(&io::stdin(), sockopt::SockType) == Ok(SockType::SeqPacket);
    if !is_socket {
        // Started by a person.
        return ExitCode::from(2);
    }
    if let Err(SandboxError { step, errno }) = confine(c"netyard-names") {
        return fail(&step.to_string(), errno);
    }
    let server = take_control().and_then(|control| Server::new(control, Limits::default()));
    match server.and_then(Server::serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            fail("wait for sockets", error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw))
        }
    }
}

/// Takes the socket away from the standard input, so that nothing reads from it by mistake.
fn take_control() -> io::Result<OwnedFd> {
    let control = io::stdin().as_fd().try_clone_to_owned()?;
    dup2_stdin(io::stdout())?;
    Ok(control)
}

fn fail(step: &str, errno: Errno) -> ExitCode {
    let report = Report::Failed { step: step.to_owned(), errno: errno as i32 };
    if let Ok(text) = serde_json::to_vec(&report) {
        // If nobody is there to hear it, there is nobody to be told either.
        let _ = send(io::stdin().as_fd(), &text, &[]);
    }
    ExitCode::FAILURE
}
