//! The settings that Netyard writes, below `/proc/sys/net` of the namespace that the thread is in.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::unistd::write;

use crate::{Context, Result};

type Setting = (&'static str, &'static str, &'static str);

pub(crate) const HOST: &[Setting] = &[
    ("ipv4", "conf/all/promote_secondaries", "1"),
    ("ipv6", "conf/all/addr_gen_mode", "1"),
    ("ipv6", "conf/default/accept_dad", "0"),
];

pub(crate) const ROUTER: &[Setting] = &[
    ("ipv4", "conf/all/promote_secondaries", "1"),
    ("ipv4", "fib_multipath_hash_policy", "1"),
    ("ipv4", "ip_forward", "1"),
    ("ipv6", "conf/all/addr_gen_mode", "1"),
    ("ipv6", "conf/all/forwarding", "1"),
    ("ipv6", "conf/default/accept_dad", "0"),
    ("ipv6", "fib_multipath_hash_policy", "1"),
];

pub(crate) const SWITCH: &[Setting] = &[
    ("ipv4", "conf/all/promote_secondaries", "1"),
    ("bridge", "bridge-nf-call-arptables", "0"),
    ("bridge", "bridge-nf-call-ip6tables", "0"),
    ("bridge", "bridge-nf-call-iptables", "0"),
    ("ipv6", "conf/all/disable_ipv6", "1"),
];

/// A way to the settings.
///
/// The kernel finds `/proc/sys/net/ipv4` of a namespace among those of all namespaces that were looked at by the same mount of
/// proc: they have one hash (`proc_sys_compare()`). So each mount is used for some namespaces only.
#[derive(Debug)]
pub(crate) struct Proc {
    dir: PathBuf,
    /// For how many namespaces a mount is used; 0 is all.
    most: u32,
    used: u32,
    mounted: bool,
}

impl Proc {
    pub(crate) fn new(thread: u32, most: u32) -> Self {
        Self { dir: PathBuf::from(format!("/run/proc-{thread}")), most, used: 0, mounted: false }
    }

    fn sys(&mut self) -> Result<PathBuf> {
        if self.most == 0 {
            return Ok(PathBuf::from("/proc/sys/net"));
        }
        if self.used.is_multiple_of(self.most) {
            fs::create_dir_all(&self.dir).context(|| "make a directory for proc")?;
            if self.mounted {
                umount2(&self.dir, MntFlags::MNT_DETACH).context(|| "unmount proc")?;
            }
            mount(Some("proc"), &self.dir, Some("proc"), MsFlags::empty(), None::<&str>)
                .context(|| "mount proc")?;
            self.mounted = true;
        }
        self.used += 1;
        Ok(self.dir.join("sys/net"))
    }

    /// Writes `settings`; those of parts that the kernel does not have are left out.
    pub(crate) fn write(&mut self, settings: &[Setting]) -> Result<()> {
        let sys = self.sys()?;
        let mut last: Option<(&str, OwnedFd)> = None;
        for (part, name, value) in settings {
            if last.as_ref().is_none_or(|(dir, _)| dir != part) {
                let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
                match open(&sys.join(part), flags, Mode::empty()) {
                    Err(Errno::ENOENT) => continue,
                    opened => last = Some((part, opened.context(|| part)?)),
                }
            }
            let Some((_, dir)) = &last else { continue };
            let file = openat(dir, *name, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty());
            write(&file.context(|| name)?, value.as_bytes()).context(|| name)?;
        }
        Ok(())
    }
}
