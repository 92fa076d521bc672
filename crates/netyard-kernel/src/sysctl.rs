//! Settings, read and written below `/proc/sys/net`. That directory shows the namespace of the thread that looks, so all of this
//! is to be called with the thread in the node.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use netyard_types::SysctlKey;

fn path(key: &SysctlKey) -> PathBuf {
    Path::new("/proc/sys").join(key.as_path())
}

/// The value, without the white space around it.
pub(crate) fn read(key: &SysctlKey) -> io::Result<String> {
    Ok(fs::read_to_string(path(key))?.trim().to_owned())
}

/// Writes a value. Never makes a file: a setting that does not exist is an error.
pub(crate) fn write(key: &SysctlKey, value: &str) -> io::Result<()> {
    // One write(2), as proc(5) wants it.
    OpenOptions::new().write(true).open(path(key))?.write_all(format!("{value}\n").as_bytes())
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
