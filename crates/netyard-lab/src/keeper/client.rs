//! The side of the commands, in the lab.

use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use netyard_kernel::Paths;

use super::control::{self, Request, Response};
use super::{KEEPER_ARGUMENT, KeeperError, SOCKET, has_names, program};

/// How long the keeper may take to open all sockets of a large lab.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);
/// How long a keeper that another command has just started may take to be there.
const THERE_WITHIN: Duration = Duration::from_secs(5);

/// Makes the name server serve what the file of names says now, and starts the keeper if it is not there. The next query of every
/// node is answered by what the file says. To be called in the lab.
///
/// # Errors
/// Why the names cannot be served. What was served before still is.
pub fn refresh() -> Result<(), KeeperError> {
    let needed = has_names(&Paths::default());
    let deadline = Instant::now() + THERE_WITHIN;
    loop {
        if let Ok(stream) = UnixStream::connect(SOCKET) {
            match ask(stream) {
                // It has just come to its end, because there was nothing to serve a moment ago.
                Err(KeeperError::NoAnswer) if Instant::now() < deadline && needed => {}
                answer => return answer,
            }
        } else if !needed || start()? {
            return Ok(());
        } else if Instant::now() >= deadline {
            return Err(KeeperError::NoAnswer);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Starts the keeper if the lab has names to serve and nobody serves them: a keeper that was killed comes back with the next
/// command. To be called in the lab.
///
/// # Errors
/// Why the names cannot be served.
pub fn start_if_needed() -> Result<(), KeeperError> {
    if !has_names(&Paths::default()) || UnixStream::connect(SOCKET).is_ok() {
        return Ok(());
    }
    // Another command may have been quicker; then its keeper is waited for.
    if start()? { Ok(()) } else { refresh() }
}

fn ask(mut stream: UnixStream) -> Result<(), KeeperError> {
    let gone = |_| KeeperError::NoAnswer;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).map_err(gone)?;
    control::write(&mut stream, &Request::Refresh).map_err(gone)?;
    match control::read(&mut stream).map_err(gone)? {
        Response::Done => Ok(()),
        Response::Busy => Err(KeeperError::NoAnswer),
        Response::Failed { error } => Err(error),
    }
}

/// Starts the keeper, which serves then; `false` if another command has started one.
fn start() -> Result<bool, KeeperError> {
    let failed = |source: std::io::Error| KeeperError::Start { source: source.into() };
    let mut child = Command::new(program())
        .arg0("netyard")
        .arg(KEEPER_ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let Some(mut stdout) = child.stdout.take() else { return Err(KeeperError::NoAnswer) };
    let response = control::read(&mut stdout);
    match response {
        Ok(Response::Done) => Ok(true),
        Ok(Response::Busy) => {
            let _ = child.wait();
            Ok(false)
        }
        Ok(Response::Failed { error }) => {
            let _ = child.wait();
            Err(error)
        }
        Err(_) => {
            let _ = child.wait();
            Err(KeeperError::NoAnswer)
        }
    }
}
