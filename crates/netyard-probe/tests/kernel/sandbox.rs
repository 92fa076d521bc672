//! A world of its own for the cases, and the commands that furnish it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// Moves this process into namespaces of its own, with a `/run` of its own for `ip netns`.
pub fn enter() -> Result<(), String> {
    let say = |what: &'static str| move |error: nix::errno::Errno| format!("cannot {what}: {error}");
    if Command::new("ip").arg("-V").stdout(Stdio::null()).status().is_err() {
        return Err(String::from("there is no ip(8)"));
    }
    let (uid, gid) = (geteuid(), getegid());
    if !uid.is_root() {
        unshare(CloneFlags::CLONE_NEWUSER).map_err(say("make a user namespace"))?;
        let maps = [
            ("setgroups", String::from("deny")),
            ("uid_map", format!("0 {uid} 1")),
            ("gid_map", format!("0 {gid} 1")),
        ];
        for (file, text) in maps {
            fs::write(format!("/proc/self/{file}"), text)
                .map_err(|error| format!("cannot write {file}: {error}"))?;
        }
    }
    unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS).map_err(say("make a network namespace"))?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).map_err(say("keep the mounts private"))?;
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>)
        .map_err(say("mount a /run"))?;
    fs::create_dir("/run/netns").map_err(|error| format!("cannot make /run/netns: {error}"))
}

/// Runs lines of ip(8) arguments; each must succeed.
pub fn ip(lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let status = Command::new("ip").args(line.split_whitespace()).status().unwrap();
        assert!(status.success(), "ip {line}: {status}");
    }
}

/// Writes a network setting of a node.
pub fn sysctl(node: &str, path: &str, value: &str) {
    let status = Command::new("ip")
        .args(["netns", "exec", node, "sh", "-c", "printf %s \"$1\" > \"/proc/sys/net/$0\"", path, value])
        .status()
        .unwrap();
    assert!(status.success(), "{path} of {node}: {status}");
}

/// Nodes of a case, with `lo` on; they go when it is dropped, so that cases can use the same names.
pub struct Nodes(Vec<&'static str>);

impl Nodes {
    pub fn new(names: &[&'static str]) -> Self {
        for name in names {
            ip(&format!("netns add {name}\n-n {name} link set lo up"));
        }
        Self(names.to_vec())
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for name in &self.0 {
            // The interfaces first: a namespace that is gone takes its interfaces away some time later.
            let _ =
                Command::new("ip").args(["-n", name, "link", "del", "eth0"]).stderr(Stdio::null()).status();
            let _ = Command::new("ip").args(["netns", "del", name]).status();
        }
    }
}

/// The file that names a node's namespace.
pub fn namespace(node: &str) -> PathBuf {
    Path::new("/run/netns").join(node)
}
