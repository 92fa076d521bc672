//! Entering a lab that another process keeps.

use std::fs;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, setns};

use crate::fault::{self, Site};

use super::process::check_single_thread;
use super::{Fork, SandboxError, SandboxStep, fork};

/// The process that keeps a lab's namespaces, held by a descriptor and not by its number: a number can go to another process.
#[derive(Debug)]
pub struct Holder {
    pid: i32,
    pidfd: OwnedFd,
}

impl Holder {
    /// The holder with this process id that started at `start_time` (clock ticks since boot, field 22 of proc_pid_stat(5));
    /// `None` if that process is gone.
    ///
    /// # Errors
    /// When the kernel has no process descriptors (before 5.3).
    pub fn open(pid: i32, start_time: u64) -> Result<Option<Self>, SandboxError> {
        fault::at(Site::OpenHolder).map_err(SandboxStep::Holder.failed())?;
        // SAFETY: the arguments are numbers.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        let fd = match Errno::result(fd) {
            Ok(fd) => i32::try_from(fd).unwrap_or(-1),
            Err(Errno::ESRCH | Errno::EINVAL) => return Ok(None),
            Err(errno) => return Err(SandboxError { step: SandboxStep::Holder, errno }),
        };
        // SAFETY: the kernel has just given this descriptor to us, and nobody else knows it.
        let pidfd = unsafe { OwnedFd::from_raw_fd(fd) };
        // Read after the descriptor was got: if the number still belongs to the right process now, so does the descriptor.
        let holder = (start_time_of(pid)? == Some(start_time)).then_some(Self { pid, pidfd });
        Ok(holder.filter(|holder| !holder.is_gone()))
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> i32 {
        self.pid
    }

    fn is_gone(&self) -> bool {
        self.wait_gone(Duration::ZERO)
    }

    /// Ends the holder, and with it everything in the lab.
    ///
    /// # Errors
    /// When it belongs to somebody else.
    pub fn kill(&self) -> Result<(), SandboxError> {
        fault::at(Site::KillHolder).map_err(SandboxStep::Holder.failed())?;
        let info = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: a null siginfo_t is allowed (pidfd_send_signal(2)); the other arguments are numbers.
        let result = unsafe {
            libc::syscall(libc::SYS_pidfd_send_signal, self.pidfd.as_raw_fd(), libc::SIGKILL, info, 0)
        };
        match Errno::result(result) {
            Ok(_) | Err(Errno::ESRCH) => Ok(()),
            Err(errno) => Err(SandboxError { step: SandboxStep::Holder, errno }),
        }
    }

    /// Waits until the holder and all other processes of the lab are gone; says whether they are.
    #[must_use]
    pub fn wait_gone(&self, at_most: Duration) -> bool {
        let mut fds = [PollFd::new(self.pidfd.as_fd(), PollFlags::POLLIN)];
        let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        loop {
            match poll(&mut fds, timeout) {
                Err(Errno::EINTR) => {}
                result => return result == Ok(1),
            }
        }
    }
}

/// When a process started, in clock ticks since boot (field 22 of proc_pid_stat(5)): a clock that nobody sets. `None` if there is
/// no such process.
///
/// # Errors
/// When that cannot be found out, as without a free file descriptor: a process is not gone because nobody can look.
pub fn start_time_of(pid: i32) -> Result<Option<u64>, SandboxError> {
    let stat = match fs::read(format!("/proc/{pid}/stat")) {
        Ok(stat) => String::from_utf8_lossy(&stat).into_owned(),
        Err(error)
            if matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::ENOENT | Errno::ESRCH)) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(SandboxStep::Holder.failed_io()(error)),
    };
    // The name, in parentheses, may hold spaces and parentheses of its own.
    let rest = stat.rfind(')').and_then(|end| stat.get(end + 1..)).unwrap_or_default();
    let start = rest.split_whitespace().nth(19).and_then(|field| field.parse().ok());
    start.map(Some).ok_or(SandboxError { step: SandboxStep::Holder, errno: Errno::EPROTO })
}

/// Enters the lab that `holder` keeps, and forks: the child is a process of the lab, in its PID namespace too, in `/`.
///
/// # Errors
/// The step that failed.
pub fn join(holder: &Holder) -> Result<Fork, SandboxError> {
    check_single_thread()?;
    let mut kinds = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNET;
    let inode = |who: &str| fs::metadata(format!("/proc/{who}/ns/user")).map(|meta| meta.ino());
    let ours = inode("self").map_err(SandboxStep::Join.failed_io())?;
    let theirs = inode(&holder.pid.to_string()).map_err(SandboxStep::Join.failed_io())?;
    if ours != theirs {
        kinds |= CloneFlags::CLONE_NEWUSER;
    }
    fault::at(Site::Join).and_then(|()| setns(&holder.pidfd, kinds)).map_err(SandboxStep::Join.failed())?;
    fork()
}
