//! Processes: forking, waiting for the one child, passing signals on to it.

use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigHandler, SigSet, SigmaskHow, Signal, kill, pthread_sigmask, raise, sigaction,
    signal,
};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, getpgrp, tcgetpgrp, tcsetpgrp};

use crate::fault::{self, Site};

use super::{SandboxError, SandboxStep};

/// Where the program goes on after [`fork`].
#[must_use]
pub enum Fork {
    /// In the new process.
    Inside,
    /// In the old one, with the new one as its child.
    Outside(Child),
}

/// A child that has been forked.
#[derive(Debug)]
pub struct Child {
    pid: Pid,
    old_mask: SigSet,
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(Signal),
}

/// Splits the process. The child is killed when its parent dies, so nothing is left behind by a `kill -9` of the command.
///
/// # Errors
/// When other threads run (the child would have a copy of their locks and not of them), or the kernel has no room.
pub fn fork() -> Result<Fork, SandboxError> {
    check_single_thread()?;
    fault::at(Site::Fork).map_err(SandboxStep::Fork.failed())?;
    // Signals are held back across the fork, so that none is lost between the fork and the first wait.
    let mut old_mask = SigSet::empty();
    pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&SigSet::all()), Some(&mut old_mask))
        .map_err(SandboxStep::Fork.failed())?;
    // SAFETY: the process has one thread (checked above), so the child may do whatever the parent may.
    match unsafe { nix::unistd::fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Fork::Outside(Child { pid: child, old_mask })),
        Ok(ForkResult::Child) => {
            // A parent that is gone already would never send the signal; nothing was begun then.
            nix::sys::prctl::set_pdeathsig(Signal::SIGKILL).map_err(SandboxStep::Fork.failed())?;
            restore_mask(&old_mask);
            Ok(Fork::Inside)
        }
        Err(errno) => {
            restore_mask(&old_mask);
            Err(SandboxError { step: SandboxStep::Fork, errno })
        }
    }
}

fn restore_mask(mask: &SigSet) {
    // Cannot fail: the mask came from the kernel.
    let _ = pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(mask), None);
}

/// Refuses where another thread runs.
pub(super) fn check_single_thread() -> Result<(), SandboxError> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads == 1 {
        Ok(())
    } else {
        Err(SandboxError { step: SandboxStep::SingleThread, errno: Errno::EUSERS })
    }
}

impl Child {
    /// The child's process id, as this process sees it.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until the child ends, and passes signals on to it meanwhile. A signal that the terminal sent has reached the child
    /// already, so only those that somebody sent to this process alone are passed on. Other children are reaped: the first
    /// process of a PID namespace inherits every orphan of it.
    ///
    /// # Errors
    /// When there is no such child.
    pub fn wait(self) -> Result<Ended, Errno> {
        let ended = loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG))? {
                WaitStatus::Exited(pid, code) if pid == self.pid => break Ended::Code(code),
                WaitStatus::Signaled(pid, signal, _) if pid == self.pid => break Ended::Signal(signal),
                WaitStatus::StillAlive => self.pass_one_signal()?,
                _ => {}
            }
        };
        restore_mask(&self.old_mask);
        Ok(ended)
    }

    fn pass_one_signal(&self) -> Result<(), Errno> {
        let (signal, from_terminal) = wait_signal()?;
        match signal {
            Signal::SIGCHLD | Signal::SIGCONT => {}
            // Stop together with the child; the terminal's next SIGCONT reaches both.
            Signal::SIGTSTP | Signal::SIGTTIN | Signal::SIGTTOU => {
                if !from_terminal {
                    let _ = kill(self.pid, signal);
                }
                raise(Signal::SIGSTOP)?;
            }
            signal
                if from_terminal && matches!(signal, Signal::SIGINT | Signal::SIGQUIT | Signal::SIGWINCH) => {
            }
            signal => {
                // The child may have ended meanwhile; the next wait says so.
                let _ = kill(self.pid, signal);
            }
        }
        Ok(())
    }
}

/// Waits for any signal; says whether the kernel sent it (a terminal's keys) rather than a process.
fn wait_signal() -> Result<(Signal, bool), Errno> {
    let all = SigSet::all();
    // SAFETY: an all-zero siginfo_t is a valid value of that plain C structure; the kernel fills it in.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live, correctly typed values.
        let number = unsafe { libc::sigwaitinfo(all.as_ref(), &raw mut info) };
        match Errno::result(number) {
            Ok(number) => match Signal::try_from(number) {
                Ok(signal) => return Ok((signal, info.si_code == libc::SI_KERNEL)),
                // A real-time signal: nobody here has a meaning for it.
                Err(_) => continue,
            },
            Err(Errno::EINTR) => continue,
            Err(errno) => return Err(errno),
        }
    }
}

/// Remembers who owns the terminal and gives it back when dropped: a shell with job control takes the terminal for a process
/// group that is gone when the shell is.
#[must_use]
pub struct TerminalOwner(bool);

/// Notes that this process's group owns the terminal, if it does.
pub fn terminal_owner() -> TerminalOwner {
    TerminalOwner(tcgetpgrp(stdin()).is_ok_and(|group| group == getpgrp()))
}

impl Drop for TerminalOwner {
    fn drop(&mut self) {
        if self.0 {
            // In the background, setting the owner stops the process unless the signal is held back.
            let mut hold = SigSet::empty();
            hold.add(Signal::SIGTTOU);
            let mut old = SigSet::empty();
            let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&hold), Some(&mut old));
            let _ = tcsetpgrp(stdin(), getpgrp());
            restore_mask(&old);
        }
    }
}

fn stdin() -> BorrowedFd<'static> {
    static STDIN: std::sync::LazyLock<std::io::Stdin> = std::sync::LazyLock::new(std::io::stdin);
    STDIN.as_fd()
}

/// Gives a signal its default effect again, so that a process can end by the signal that its child ended by.
pub fn reset_signal(number: Signal) {
    // SAFETY: no handler is installed, only the default restored. Signals that cannot be changed refuse, which is as well.
    let _ = unsafe { signal(number, SigHandler::SigDfl) };
    let mut set = SigSet::empty();
    set.add(number);
    let _ = pthread_sigmask(SigmaskHow::SIG_UNBLOCK, Some(&set), None);
}

/// Closes every open file but the standard streams (close_range(2), Linux 5.9). For a process that is to outlive the one that
/// started it, before it opens anything itself: somebody may wait for the end of a pipe that was left open to it.
pub fn close_inherited_files() {
    // SAFETY: nothing in this process owns these descriptors yet; they came from whoever started it.
    let _ = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
}

/// Makes the terminal's interrupt key (SIGINT) set a flag instead of ending the process, so that what was measured so far can
/// still be told. A second press ends it.
pub fn catch_interrupt() -> &'static AtomicBool {
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    extern "C" fn note(_: libc::c_int) {
        INTERRUPTED.store(true, Ordering::Relaxed);
    }
    let action = SigAction::new(SigHandler::Handler(note), SaFlags::SA_RESETHAND, SigSet::empty());
    // SAFETY: the handler only stores to an atomic, which is safe at any moment (signal-safety(7)).
    let _ = unsafe { sigaction(Signal::SIGINT, &action) };
    &INTERRUPTED
}
