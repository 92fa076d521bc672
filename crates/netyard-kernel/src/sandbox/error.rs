//! What can go wrong on the way into a namespace.

use std::fmt;
use std::str::FromStr;

use nix::errno::Errno;

/// A step on the way into a lab's namespaces failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot {step}")]
pub struct SandboxError {
    /// What was tried.
    pub step: SandboxStep,
    /// What the kernel answered.
    #[source]
    pub errno: Errno,
}

macro_rules! steps {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $text:literal;)*) => {
        /// The steps into a lab's namespaces.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum SandboxStep { $($(#[$doc])* $variant,)* }

        impl SandboxStep {
            /// One word, by which another process names the step.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl fmt::Display for SandboxStep {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }

        impl FromStr for SandboxStep {
            type Err = ();
            fn from_str(word: &str) -> Result<Self, ()> {
                match word { $($word => Ok(Self::$variant),)* _ => Err(()) }
            }
        }
    };
}

steps! {
    /// A process with several threads cannot move.
    SingleThread = "single-thread", "enter a namespace with several threads running";
    /// unshare(2) with a user namespace.
    User = "user", "make a user namespace";
    /// unshare(2) of the others.
    Namespaces = "namespaces", "make mount, PID and network namespaces";
    /// Writing `uid_map` and its kin.
    IdMap = "id-map", "map the user into the new user namespace";
    /// Cutting mount propagation.
    PrivateMounts = "private-mounts", "keep the lab's mounts from the machine";
    /// fork(2).
    Fork = "fork", "start a process";
    /// Mounts over `/run`.
    Run = "run", "lay the lab's own /run over the machine's";
    /// Mounts over `/etc`.
    Etc = "etc", "lay the lab's own /etc over the machine's";
    /// `lo` of the new network namespace.
    Loopback = "loopback", "switch on lo in the lab";
    /// Finding the holder.
    Holder = "holder", "reach the process that holds the lab";
    /// setns(2).
    Join = "join", "enter the lab's namespaces";
    /// A node's network namespace.
    Node = "node", "enter the node's network namespace";
    /// The mounts that only a node has.
    NodeFiles = "node-files", "lay the node's own files over the lab's";
    /// pivot_root(2) into a file system without files.
    EmptyRoot = "empty-root", "take all files from the process";
    /// setresuid(2) and its kin.
    Identity = "identity", "give up being root";
    /// capset(2), and what would bring capabilities back.
    Capabilities = "capabilities", "give up all capabilities";
    /// PR_SET_NO_NEW_PRIVS (prctl(2)).
    NoNewPrivileges = "no-new-privileges", "rule out new privileges";
    /// setrlimit(2).
    Limits = "limits", "limit what the process may use";
    /// sethostname(2).
    Hostname = "hostname", "set the node's host name";
}

impl SandboxStep {
    /// Turns what the kernel answered to this step into an error.
    pub(crate) fn failed(self) -> impl FnOnce(Errno) -> SandboxError {
        move |errno| SandboxError { step: self, errno }
    }

    /// The same for errors of the standard library, which carry the kernel's number.
    pub(crate) fn failed_io(self) -> impl FnOnce(std::io::Error) -> SandboxError {
        move |error| SandboxError {
            step: self,
            errno: error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw),
        }
    }
}
