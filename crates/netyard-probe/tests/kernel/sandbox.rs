//! A world of its own for the cases, and the commands that furnish it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

/// Moves this process into namespaces of its own, with a `/run` of its own for `ip netns`.
pub(crate) fn enter() -> Result<(), String> {
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
pub(crate) fn ip(lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let status = Command::new("ip").args(line.split_whitespace()).status().unwrap();
        assert!(status.success(), "ip {line}: {status}");
    }
}

/// What ip(8) prints.
fn ip_output(arguments: &[&str]) -> String {
    let output = Command::new("ip").args(arguments).output().unwrap();
    assert!(output.status.success(), "ip {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Writes a network setting of a node.
pub(crate) fn sysctl(node: &str, path: &str, value: &str) {
    let status = Command::new("ip")
        .args(["netns", "exec", node, "sh", "-c", "printf %s \"$1\" > \"/proc/sys/net/$0\"", path, value])
        .status()
        .unwrap();
    assert!(status.success(), "{path} of {node}: {status}");
}

/// Nodes of a case, with `lo` on; they go when it is dropped, so that cases can use the same names.
pub(crate) struct Nodes(Vec<&'static str>);

impl Nodes {
    pub(crate) fn new(names: &[&'static str]) -> Self {
        for name in names {
            ip(&format!("netns add {name}\n-n {name} link set lo up"));
            // Duplicate address detection would keep each link-local address waiting for a second or two.
            sysctl(name, "ipv6/conf/default/accept_dad", "0");
        }
        Self(names.to_vec())
    }

    /// Waits until every cable carries packets and every address can be used. The kernel sees to both in the background, after
    /// `ip` has returned, and takes its time where much is going on.
    pub(crate) fn settle(self) -> Self {
        let is_ready = |name: &&str| {
            let links = ip_output(&["-n", name, "-o", "link", "show", "type", "veth"]);
            let tentative = ip_output(&["-n", name, "-o", "address", "show", "tentative"]);
            links.lines().all(|link| link.contains(" state UP ")) && tentative.is_empty()
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.0.iter().all(is_ready) {
            assert!(Instant::now() < deadline, "{:?} are not ready", self.0);
            std::thread::yield_now();
        }
        self
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
pub(crate) fn namespace(node: &str) -> PathBuf {
    Path::new("/run/netns").join(node)
}
