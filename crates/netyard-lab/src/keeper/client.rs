//! The side of the commands, in the lab.

use std::fs;
use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use netyard_kernel::Paths;
use netyard_kernel::fault::{self, Site};
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::clients::process_behind;
use super::control::{self, Request, Response};
use super::{KEEPER_ARGUMENT, KeeperError, PROCESS, SOCKET, has_names, program};

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
    let mut deadline = Instant::now() + THERE_WITHIN;
    let mut is_replaced = false;
    loop {
        if let Ok(stream) = connect() {
            let keeper = process_behind(&stream);
            match ask(stream) {
                // It has just come to its end, because there was nothing to serve a moment ago, or there is nothing now.
                Err(KeeperError::NoAnswer) if Instant::now() < deadline => {}
                Err(error) if !is_replaced && needs_another(&error) => {
                    end(keeper)?;
                    is_replaced = true;
                    deadline = Instant::now() + THERE_WITHIN;
                }
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

/// Whether a keeper is there. Without one nothing is served, whatever the file of names says. To be asked in the lab.
#[must_use]
pub fn is_there() -> bool {
    let deadline = Instant::now() + THERE_WITHIN;
    while let Ok(stream) = connect() {
        let ends = process_behind(&stream).is_ok_and(is_ending);
        if !ends || Instant::now() >= deadline {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

/// Whether a process has been killed and only its files are still open, which takes the kernel some milliseconds: as long, its socket
/// can be connected to.
fn is_ending(pid: i32) -> bool {
    /// `PF_EXITING`, include/linux/sched.h.
    const EXITING: u64 = 0x4;
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return true };
    // Behind the name in parentheses: the state, and as the seventh field the flags (proc_pid_stat(5)).
    let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let flags = fields.nth(6).and_then(|flags| flags.parse::<u64>().ok()).unwrap_or(0);
    flags & EXITING != 0 || has_kill_pending(pid)
}

/// Whether SIGKILL waits to be delivered.
fn has_kill_pending(pid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let masks = status.lines().filter_map(|line| {
        let mask = line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:"))?;
        u64::from_str_radix(mask.trim(), 16).ok()
    });
    let kill = 1 << (Signal::SIGKILL as u32 - 1);
    masks.fold(0, |all, mask| all | mask) & kill != 0
}

/// Starts the keeper if the lab has names to serve and nobody serves them: a keeper that was killed comes back with the next
/// command. To be called in the lab.
///
/// # Errors
/// Why the names cannot be served.
pub fn start_if_needed() -> Result<(), KeeperError> {
    if !has_names(&Paths::default()) || is_there() {
        return Ok(());
    }
    // Another command may have been quicker; then its keeper is waited for.
    if start()? { Ok(()) } else { refresh() }
}

/// Whether a keeper that this command starts would do what this one does not: it keeps nothing that another would not know.
fn needs_another(error: &KeeperError) -> bool {
    match error {
        KeeperError::NoAnswer | KeeperError::OtherVersion => true,
        // It was started when fewer were allowed, and cannot raise that itself.
        KeeperError::TooManySockets { limit, .. } => {
            getrlimit(Resource::RLIMIT_NOFILE).is_ok_and(|(_, hard)| hard > *limit)
        }
        _ => false,
    }
}

/// Ends the keeper, if that is what the process is.
fn end(process: io::Result<i32>) -> Result<(), KeeperError> {
    let Ok(pid) = process else { return Err(KeeperError::NoAnswer) };
    let name = fs::read(format!("/proc/{pid}/comm")).unwrap_or_default();
    if name.trim_ascii_end() == PROCESS.to_bytes() {
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        Ok(())
    } else {
        Err(KeeperError::NoAnswer)
    }
}

fn connect() -> io::Result<UnixStream> {
    fault::at(Site::ConnectKeeper)?;
    UnixStream::connect(SOCKET)
}

fn ask(mut stream: UnixStream) -> Result<(), KeeperError> {
    let gone = |_| KeeperError::NoAnswer;
    fault::at_file(Site::AskKeeper).map_err(gone)?;
    stream.set_read_timeout(Some(ANSWER_WITHIN)).map_err(gone)?;
    control::write(&mut stream, &Request::Refresh.message()).map_err(gone)?;
    let response = control::read(&mut stream).map_err(|error| match error.kind() {
        // It answers, though nothing that means anything here.
        io::ErrorKind::InvalidData => KeeperError::OtherVersion,
        _ => KeeperError::NoAnswer,
    });
    match response? {
        Response::Done => Ok(()),
        Response::OtherVersion { .. } => Err(KeeperError::OtherVersion),
        Response::Busy => Err(KeeperError::NoAnswer),
        Response::Failed { error } => Err(error),
    }
}

/// Starts the keeper, which serves then; `false` if another command has started one.
fn start() -> Result<bool, KeeperError> {
    let failed = |source: io::Error| KeeperError::Start { source: source.into() };
    let mut command = Command::new(program());
    command
        .arg0("netyard")
        .arg(KEEPER_ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    fault::tell(&mut command);
    let spawned = fault::at_file(Site::SpawnKeeper).and_then(|()| command.spawn());
    let mut child = spawned.map_err(failed)?;
    let Some(mut stdout) = child.stdout.take() else { return Err(KeeperError::NoAnswer) };
    let response = control::read(&mut stdout);
    match response {
        Ok(Response::Done) => Ok(true),
        Ok(Response::Busy | Response::OtherVersion { .. }) => {
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
