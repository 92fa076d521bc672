//! Making a lab's namespaces, and keeping them.

use std::fs;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigHandler, Signal, signal};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::{getegid, geteuid};

use crate::fault::{self, Site};

use super::process::check_single_thread;
use super::{Fork, SandboxError, SandboxStep, fork, overlay};

const KINDS: CloneFlags =
    CloneFlags::CLONE_NEWNS.union(CloneFlags::CLONE_NEWPID).union(CloneFlags::CLONE_NEWNET);

/// Makes the namespaces around this process and forks: the child is the first process of the new PID namespace. When it ends,
/// the kernel ends every process of the lab and takes the namespaces away. The child has still to call [`furnish`].
///
/// Root gets no user namespace, an ordinary user gets one in which he is root; everything after that is the same for both.
///
/// # Errors
/// The step that failed. Nothing outside of this process has changed then.
pub fn create() -> Result<Fork, SandboxError> {
    check_single_thread()?;
    match fault::at(Site::Unshare).and_then(|()| unshare(KINDS)) {
        Ok(()) => {}
        Err(Errno::EPERM) => unshare_with_user()?,
        Err(errno) => return Err(SandboxError { step: SandboxStep::Namespaces, errno }),
    }
    // Recursively, and before any other mount: where `/` is shared, as systemd leaves it, the machine would see them all.
    fault::at(Site::PrivateMounts)
        .and_then(|()| {
            mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        })
        .map_err(SandboxStep::PrivateMounts.failed())?;
    fork()
}

/// With a user namespace around the others: one id, that of the user, who is root inside (user_namespaces(7)).
fn unshare_with_user() -> Result<(), SandboxError> {
    let (uid, gid) = (geteuid(), getegid());
    fault::at(Site::UnshareUser)
        .and_then(|()| unshare(CloneFlags::CLONE_NEWUSER))
        .map_err(SandboxStep::User.failed())?;
    let write = |file: &str, text: String| {
        fault::at_file(Site::MapIds)
            .and_then(|()| fs::write(format!("/proc/self/{file}"), text))
            .map_err(SandboxStep::IdMap.failed_io())
    };
    // Without this the kernel refuses the group map of an unprivileged user (CVE-2014-8989).
    write("setgroups", String::from("deny"))?;
    write("uid_map", format!("0 {uid} 1"))?;
    write("gid_map", format!("0 {gid} 1"))?;
    fault::at(Site::Unshare).and_then(|()| unshare(KINDS)).map_err(SandboxStep::Namespaces.failed())
}

/// Gives the new namespaces what a lab needs: its own `/run`, `/etc`, `/proc` and `/sys`, and `lo` switched on. To be called by
/// the first process of the PID namespace.
///
/// # Errors
/// The step that failed.
pub fn furnish() -> Result<(), SandboxError> {
    fault::at(Site::LayRun).map_err(SandboxStep::Run.failed())?;
    overlay::lay_run()?;
    fault::at(Site::LayEtc).map_err(SandboxStep::Etc.failed())?;
    overlay::lay_etc()?;
    fault::at(Site::HideAnswering).map_err(SandboxStep::Run.failed())?;
    overlay::hide_answering()?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    // Where parts of the machine's /proc or /sys are masked, as in a container, the kernel refuses fresh ones (EPERM,
    // mount_too_revealing()). The machine's own serve then too, they only show more than the lab.
    let _ = mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>);
    overlay::lay_sys();
    switch_on_loopback()
}

fn switch_on_loopback() -> Result<(), SandboxError> {
    let failed = || SandboxStep::Loopback.failed();
    fault::at(Site::Loopback).map_err(failed())?;
    let sock =
        socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None).map_err(failed())?;
    // SAFETY: an all-zero ifreq is a valid value of that plain C structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(b"lo") {
        // Signed on some machines and not on others.
        *to = *from as libc::c_char;
    }
    #[expect(clippy::cast_possible_truncation, reason = "IFF_UP and IFF_RUNNING are 0x41")]
    {
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    }
    // SAFETY: SIOCSIFFLAGS reads an ifreq, and the pointer is to a live one.
    let result = unsafe { libc::ioctl(sock.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request) };
    Errno::result(result).map_err(failed())?;
    Ok(())
}

/// Lets this process live on when the process that forked it ends.
pub fn outlive_parent() {
    // Cannot fail: zero is no signal, and means none.
    let _ = nix::sys::prctl::set_pdeathsig(None);
}

/// Lets the standard streams go, so that nobody who reads them waits for this process.
pub fn silence() {
    if let Ok(null) = fs::File::options().read(true).write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdin(&null);
        let _ = nix::unistd::dup2_stdout(&null);
        let _ = nix::unistd::dup2_stderr(&null);
    }
}

/// Keeps the namespaces of a lab until the process is killed: the life of a holder, the first process of a lab's PID namespace.
pub fn hold() -> ! {
    let _ = nix::sys::prctl::set_name(c"netyard-holder");
    silence();
    // SAFETY: no handler is installed; ignoring SIGCHLD makes the kernel reap the orphans that this process inherits.
    let _ = unsafe { signal(Signal::SIGCHLD, SigHandler::SigIgn) };
    loop {
        // The kernel delivers no signal to the first process of a PID namespace that it has no handler for, except a SIGKILL
        // from outside, so this never returns.
        nix::unistd::pause();
    }
}
