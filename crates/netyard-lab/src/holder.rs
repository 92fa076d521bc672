//! The holder: the process that keeps a lab.
//!
//! It is this same program, started anew with a hidden argument, so that it carries nothing of the command that started it. Its
//! standard output is a pipe to that command, on which it writes one line: `ready PID`, or `error STEP ERRNO`. Its standard
//! input is a pipe from that command, on which it waits for `go`: a command that is killed before it has written down which
//! process the holder is leaves no holder behind.

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{ChildStdin, Command, ExitCode, Stdio};

use netyard_kernel::fault::{self, Site};
use netyard_kernel::sandbox::{self, Fork, SandboxError, SandboxStep};
use netyard_types::LabName;
use nix::errno::Errno;
use nix::unistd::{pipe, setsid};

use crate::LabError;

/// The first argument of the program when it is to be a holder; the second is the lab's name, the third its
/// directory. Not for people. A lab of another
/// version is taken away only if a process with these words holds it, so they stay what they are.
pub const HOLDER_ARGUMENT: &str = "--hold-lab";

/// A holder that has its lab ready, and ends with this value unless it is told to go on.
pub(crate) struct ReadyHolder {
    pub(crate) pid: i32,
    stdin: ChildStdin,
}

impl ReadyHolder {
    /// Lets the holder live on its own.
    pub(crate) fn release(mut self) -> Result<(), LabError> {
        fault::at_file(Site::ReleaseHolder)
            .and_then(|()| self.stdin.write_all(GO))
            .map_err(LabError::StartHolder)
    }
}

const GO: &[u8] = b"go";

/// Starts a holder and waits until its lab is furnished.
pub(crate) fn spawn(name: &LabName, dir: &Path) -> Result<ReadyHolder, LabError> {
    let mut command = Command::new("/proc/self/exe");
    command
        .arg0("netyard")
        .args([HOLDER_ARGUMENT, name.as_str()])
        .arg(std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()))
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    fault::tell(&mut command);
    let spawned = fault::at_file(Site::SpawnHolder).and_then(|()| command.spawn());
    let mut child = spawned.map_err(LabError::StartHolder)?;
    let mut line = String::new();
    if let Some(stdout) = child.stdout.take() {
        fault::at_file(Site::ReadHolder)
            .and_then(|()| BufReader::new(stdout).read_line(&mut line))
            .map_err(LabError::StartHolder)?;
    }
    let stdin = child.stdin.take().ok_or(LabError::HolderEnded)?;
    // The process that was started ends at once; its child stays.
    fault::at_file(Site::WaitHolder).and_then(|()| child.wait()).map_err(LabError::StartHolder)?;
    Ok(ReadyHolder { pid: read_report(&line)?, stdin })
}

/// Whether a process holds this lab, by the words it was started with.
///
/// # Errors
/// When that cannot be found out.
pub(crate) fn holds(pid: i32, name: &LabName) -> Result<bool, LabError> {
    let path = format!("/proc/{pid}/cmdline");
    let words = match fs::read(&path) {
        Ok(words) => words,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        // It has ended while it was looked at.
        Err(error) if error.raw_os_error() == Some(Errno::ESRCH as i32) => return Ok(false),
        Err(source) => return Err(LabError::file("read", path)(source)),
    };
    let mut words = words.split(|byte| *byte == 0).skip(1);
    Ok(words.next() == Some(HOLDER_ARGUMENT.as_bytes()) && words.next() == Some(name.as_str().as_bytes()))
}

fn read_report(line: &str) -> Result<i32, LabError> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some("ready"), Some(pid), None) => pid.parse().map_err(|_| LabError::HolderEnded),
        (Some("error"), Some(step), Some(errno)) => {
            let (Ok(step), Ok(errno)) = (step.parse(), errno.parse()) else {
                return Err(LabError::HolderEnded);
            };
            Err(SandboxError { step, errno: Errno::from_raw(errno) }.into())
        }
        _ => Err(LabError::HolderEnded),
    }
}

fn write_report(result: &Result<i32, SandboxError>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match result {
        Ok(pid) => writeln!(stdout, "ready {pid}")?,
        Err(error) => writeln!(stdout, "error {} {}", error.step.word(), error.errno as i32)?,
    }
    stdout.flush()
}

/// The life of the process that [`HOLDER_ARGUMENT`] starts: makes the lab's namespaces, and leaves behind the process that keeps
/// them.
#[must_use]
pub fn run_holder() -> ExitCode {
    sandbox::close_inherited_files();
    // A terminal that closes must not end the lab.
    let _ = setsid();
    let result = make_lab();
    let written = write_report(&result);
    if result.is_ok() && written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// In the first process, the id of the second, once that one has all it needs. The second never returns.
fn make_lab() -> Result<i32, SandboxError> {
    let (mut from_child, to_parent) = {
        let (read, write) = fault::at(Site::Pipe)
            .and_then(|()| pipe())
            .map_err(|errno| SandboxError { step: SandboxStep::Fork, errno })?;
        (std::fs::File::from(read), std::fs::File::from(write))
    };
    match sandbox::create()? {
        Fork::Inside => {
            drop(from_child);
            keep_lab(to_parent)
        }
        Fork::Outside(child) => {
            drop(to_parent);
            let mut line = String::new();
            let _ = from_child.read_to_string(&mut line);
            match read_report(&line) {
                Ok(_) => Ok(child.pid().as_raw()),
                Err(LabError::Sandbox(error)) => Err(error),
                Err(_) => Err(SandboxError { step: SandboxStep::Holder, errno: Errno::ESRCH }),
            }
        }
    }
}

fn keep_lab(mut to_parent: std::fs::File) -> ! {
    let furnished = sandbox::furnish();
    sandbox::outlive_parent();
    // Nobody may see the end of the pipe before the lab is ready, and nobody may wait for it afterwards.
    let line = match &furnished {
        Ok(()) => String::from("ready 1\n"),
        Err(error) => format!("error {} {}\n", error.step.word(), error.errno as i32),
    };
    let told = fault::at_file(Site::ReportReady).and_then(|()| to_parent.write_all(line.as_bytes()));
    drop(to_parent);
    let mut word = [0; GO.len()];
    let released = io::stdin().read_exact(&mut word).is_ok() && word == GO;
    if furnished.is_err() || told.is_err() || !released {
        std::process::exit(1);
    }
    sandbox::hold()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read_as_they_are_written() {
        assert!(matches!(read_report("ready 42\n"), Ok(42)));
        let error = SandboxError { step: SandboxStep::User, errno: Errno::EPERM };
        let line = format!("error {} {}\n", error.step.word(), error.errno as i32);
        assert!(matches!(read_report(&line), Err(LabError::Sandbox(read)) if read == error));
    }

    #[test]
    fn a_holder_that_says_nothing_has_ended() {
        for line in ["", "ready", "ready x", "error user", "error nothing 1", "nonsense"] {
            assert!(matches!(read_report(line), Err(LabError::HolderEnded)), "{line}");
        }
    }
}
