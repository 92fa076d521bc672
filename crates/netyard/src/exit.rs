//! Exit codes.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: what was asked for is done.
    Done,
    /// 1: the request, the file or the lab is wrong; the answer is "no".
    Failed,
    /// 2: the command line is wrong.
    Usage,
    /// 3: `plan --check` found changes.
    Changes,
    /// The code of the command that `exec`, `shell` or `enter` ran.
    Code(i32),
    /// By the signal that ended the command, so that whoever waits sees the same.
    Signal(Signal),
}

impl Exit {
    /// 127 and 126, as shells have it, for a command that cannot be started.
    pub(crate) fn not_started(error: &std::io::Error) -> Self {
        Self::Code(if error.kind() == std::io::ErrorKind::NotFound { 127 } else { 126 })
    }

    /// The number; for a signal, what a shell would show.
    pub(crate) fn number(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Changes => 3,
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal as i32,
        }
    }

    /// Ends the process.
    pub(crate) fn leave(self) -> ! {
        if let Self::Signal(number) = self {
            netyard_kernel::sandbox::reset_signal(number);
            let _ = kill(Pid::this(), number);
        }
        std::process::exit(self.number())
    }
}
