//! The namespaces around all others, as Netyard's sandbox has them: user (for an ordinary user), mount, PID and network.

use std::fs;
use std::process::Command;
use std::time::Duration;

use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{getegid, geteuid};

use crate::{Context, Result};

/// Where the namespaces are bound, as in `/run/netns`.
pub(crate) const NAMESPACES: &str = "/run/netns";
/// The files of nodes: `/etc/netns` of a lab lies in memory, too.
pub(crate) const FILES: &str = "/run/etc-netns";

/// Runs this program again, with the same arguments, as the first process of new namespaces, and hands out its exit code.
pub(crate) fn run_inside(start: Duration, arguments: &[String]) -> Result<i32> {
    let kinds = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID | CloneFlags::CLONE_NEWNET;
    match unshare(kinds) {
        Err(Errno::EPERM) => {
            let (uid, gid) = (geteuid(), getegid());
            unshare(CloneFlags::CLONE_NEWUSER).context(|| "make a user namespace")?;
            let maps = [("setgroups", String::from("deny")), ("uid_map", format!("0 {uid} 1"))];
            for (file, text) in maps.into_iter().chain([("gid_map", format!("0 {gid} 1"))]) {
                fs::write(format!("/proc/self/{file}"), text).context(|| file)?;
            }
            unshare(kinds).context(|| "make namespaces")?;
        }
        made => made.context(|| "make namespaces")?,
    }
    let status = Command::new("/proc/self/exe")
        .arg("inside")
        .arg(start.as_micros().to_string())
        .args(arguments)
        .status()
        .context(|| "run as the first process")?;
    Ok(status.code().unwrap_or(1))
}

/// Lays what the nodes need over the machine's tree.
pub(crate) fn furnish() -> Result<()> {
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).context(|| "make mounts private")?;
    mount(Some("floor"), "/run", Some("tmpfs"), MsFlags::empty(), none).context(|| "mount /run")?;
    mount(Some("proc"), "/proc", Some("proc"), MsFlags::empty(), none).context(|| "mount /proc")?;
    for dir in [NAMESPACES, FILES] {
        fs::create_dir_all(dir).context(|| dir)?;
    }
    // As ip-netns(8) has it, so that processes in other mount namespaces see what is bound here.
    mount(Some(NAMESPACES), NAMESPACES, none, MsFlags::MS_BIND, none).context(|| NAMESPACES)?;
    mount(none, NAMESPACES, none, MsFlags::MS_SHARED, none).context(|| NAMESPACES)?;
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).context(|| "RLIMIT_NOFILE")?;
    // Three descriptors for each host: only root may have as many as 10,000 hosts need.
    let most = hard.max(1 << 18);
    setrlimit(Resource::RLIMIT_NOFILE, most, most)
        .or_else(|_| setrlimit(Resource::RLIMIT_NOFILE, hard, hard))
        .context(|| "RLIMIT_NOFILE")
}
