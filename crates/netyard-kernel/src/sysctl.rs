//! Settings, read and written below `/proc/sys/net`. That directory shows the namespace of the thread that looks, so all of this
//! is to be called with the thread in the node.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use netyard_types::SysctlKey;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

use crate::fault::{self, Site};
use crate::mounts;

/// Where settings are read and written, for a thread that goes from namespace to namespace.
///
/// The kernel finds `/proc/sys/net/ipv4` of a namespace by looking through those of all namespaces that were ever asked for
/// (`proc_sys_compare()`, fs/proc/proc_sysctl.c): what a thousand namespaces cost grows with the square. Each mount of proc(5) has a
/// list of its own, so one who has many namespaces to see takes a fresh one from time to time.
#[derive(Debug, Default)]
pub(crate) struct ProcSys {
    own: Option<OwnedFd>,
    visited: usize,
}

/// How many namespaces are looked at through one mount of proc: few enough for a short list, enough to make the mount (some 50 µs)
/// pay.
const VISITS: usize = 32;

impl ProcSys {
    /// The settings of the namespace in which the calling thread is now.
    pub(crate) fn here(&mut self) -> Settings<'_> {
        if self.visited == VISITS {
            self.visited = 0;
            // Where it is not permitted, the lab's own `/proc` does, only slower.
            self.own = mounts::detached_proc().ok();
        }
        self.visited += 1;
        Settings { proc: self.own.as_ref().map(AsFd::as_fd), dirs: BTreeMap::new() }
    }
}

/// The settings of one namespace.
///
/// The directories below `/proc/sys/net` are held open: only below them the namespaces have directories of their own.
#[derive(Debug)]
pub(crate) struct Settings<'a> {
    /// A mount of proc(5) of one's own, in place of `/proc`.
    proc: Option<BorrowedFd<'a>>,
    dirs: BTreeMap<String, OwnedFd>,
}

impl Settings<'_> {
    /// Opens the file of a setting. Never makes one: a setting that does not exist is an error.
    fn open(&mut self, key: &SysctlKey, flags: OFlag) -> io::Result<File> {
        fault::at(Site::OpenSysctl)?;
        let path = key.as_path();
        let second = path.find('/').map_or(path.len(), |first| first + 1);
        // `net/ipv4`, and the rest.
        let split = path[second..].find('/').map(|slash| second + slash);
        let Some((dir, rest)) = split.map(|slash| (&path[..slash], &path[slash + 1..])) else {
            return Ok(self.open_below(path, flags)?.into());
        };
        if !self.dirs.contains_key(dir) {
            let opened = self.open_below(dir, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
            self.dirs.insert(dir.to_owned(), opened);
        }
        Ok(openat(&self.dirs[dir], rest, flags | OFlag::O_CLOEXEC, Mode::empty())?.into())
    }

    fn open_below(&self, path: &str, flags: OFlag) -> nix::Result<OwnedFd> {
        let flags = flags | OFlag::O_CLOEXEC;
        match self.proc {
            Some(proc) => openat(proc, &format!("sys/{path}")[..], flags, Mode::empty()),
            None => open(&format!("/proc/sys/{path}")[..], flags, Mode::empty()),
        }
    }

    /// The value, without the white space around it.
    pub(crate) fn read(&mut self, key: &SysctlKey) -> io::Result<String> {
        let mut file = self.open(key, OFlag::O_RDONLY)?;
        fault::at(Site::ReadSysctl)?;
        // Values are short, and given at once; asking for the size first, as `read_to_string` does, tells nothing here.
        let mut value = Vec::new();
        let mut part = [0; 1024];
        loop {
            let len = file.read(&mut part)?;
            value.extend_from_slice(&part[..len]);
            if len < part.len() {
                break;
            }
        }
        Ok(String::from_utf8_lossy(&value).trim().to_owned())
    }

    /// Writes a value, in one write(2), as proc(5) wants it.
    pub(crate) fn write(&mut self, key: &SysctlKey, value: &str) -> io::Result<()> {
        let mut file = self.open(key, OFlag::O_WRONLY)?;
        fault::at(Site::WriteSysctl)?;
        file.write_all(format!("{value}\n").as_bytes())
    }
}

/// The order in which settings of one node are best written: forwarding resets others to what suits a router or a host
/// (`inet_forward_change()`, net/ipv4/devinet.c), and `all` overwrites `default` and single interfaces in some cases.
pub(crate) fn precedence(key: &SysctlKey) -> u8 {
    let path = key.as_path();
    let forwards = path.ends_with("/ip_forward") || path.ends_with("/forwarding");
    match (forwards, path.contains("/conf/all/")) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => 2,
    }
}

/// The setting that keeps the other addresses of a subnet when the first one goes. Every node has it on ([`AddNode`]).
///
/// [`AddNode`]: netyard_plan::Step::AddNode
pub(crate) fn promote_secondaries() -> SysctlKey {
    SysctlKey::new("net/ipv4/conf/all/promote_secondaries").expect("it is the path of a setting")
}
