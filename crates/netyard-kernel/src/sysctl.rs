//! Settings, read and written below `/proc/sys/net`. That directory shows the namespace of the thread that looks, so all of this
//! is to be called with the thread in the node.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use netyard_types::SysctlKey;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;

/// The settings of one namespace.
///
/// The directories below `/proc/sys/net` are held open: the kernel finds `ipv4` by looking through the `ipv4` of every namespace
/// there is (`proc_sys_compare()`), and only below that the namespaces have directories of their own.
#[derive(Debug, Default)]
pub(crate) struct Settings(BTreeMap<String, OwnedFd>);

impl Settings {
    /// Opens the file of a setting. Never makes one: a setting that does not exist is an error.
    fn open(&mut self, key: &SysctlKey, flags: OFlag) -> io::Result<File> {
        let path = key.as_path();
        let second = path.find('/').map_or(path.len(), |first| first + 1);
        // `net/ipv4`, and the rest.
        let split = path[second..].find('/').map(|slash| second + slash);
        let Some((dir, rest)) = split.map(|slash| (&path[..slash], &path[slash + 1..])) else {
            return Ok(
                open(&format!("/proc/sys/{path}")[..], flags | OFlag::O_CLOEXEC, Mode::empty())?.into()
            );
        };
        if !self.0.contains_key(dir) {
            let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
            let opened = open(&format!("/proc/sys/{dir}")[..], flags, Mode::empty())?;
            self.0.insert(dir.to_owned(), opened);
        }
        Ok(openat(&self.0[dir], rest, flags | OFlag::O_CLOEXEC, Mode::empty())?.into())
    }

    /// The value, without the white space around it.
    pub(crate) fn read(&mut self, key: &SysctlKey) -> io::Result<String> {
        let mut file = self.open(key, OFlag::O_RDONLY)?;
        // Values are short, and read at once; asking for the size first, as `read_to_string` does, tells nothing here.
        let mut value = Vec::new();
        let mut part = [0; 4096];
        loop {
            match file.read(&mut part)? {
                0 => break,
                len => value.extend_from_slice(&part[..len]),
            }
        }
        Ok(String::from_utf8_lossy(&value).trim().to_owned())
    }

    /// Writes a value, in one write(2), as proc(5) wants it.
    pub(crate) fn write(&mut self, key: &SysctlKey, value: &str) -> io::Result<()> {
        self.open(key, OFlag::O_WRONLY)?.write_all(format!("{value}\n").as_bytes())
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
