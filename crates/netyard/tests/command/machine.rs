//! The machine's own network is the same before, during and after.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use crate::support::{Netyard, example, has_programs};

/// Everything of the machine that a lab could disturb, by name.
fn fingerprint(yard: &Netyard) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for line in [
        "ip -o link",
        "ip -o -details link",
        "ip -o address",
        "ip route show table all",
        "ip -6 route show table all",
        "ip rule",
        "ip -6 rule",
        "ip netns list",
        "bridge link",
        "nft list ruleset",
    ] {
        let mut words = line.split_whitespace();
        let program = words.next().unwrap();
        if Path::new("/usr/sbin").join(program).exists() || Path::new("/usr/bin").join(program).exists() {
            let output = yard.program(program, words).output().unwrap();
            all.insert(line.to_owned(), without_lifetimes(&String::from_utf8_lossy(&output.stdout)));
        }
    }
    add_settings(Path::new("/proc/sys/net"), &mut all);
    for dir in ["/etc", "/run/netns", "/etc/netns", "/run/netyard"] {
        let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.file_name());
        let mut names: Vec<String> = entries.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        all.insert(dir.to_owned(), names.join("\n"));
    }
    for file in [
        "/etc/hosts",
        "/etc/hostname",
        "/etc/resolv.conf",
        "/proc/sys/kernel/hostname",
        "/proc/net/dev_mcast",
    ] {
        let mut hasher = DefaultHasher::new();
        fs::read(file).unwrap_or_default().hash(&mut hasher);
        all.insert(file.to_owned(), format!("{:x}", hasher.finish()));
    }
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let ours = mounts.lines().filter(|line| line.contains("netyard") || line.contains("netns"));
    all.insert(String::from("mounts"), ours.collect::<Vec<_>>().join("\n"));
    all
}

/// Leased addresses count their time.
fn without_lifetimes(text: &str) -> String {
    let is_lifetime =
        |word: &&str| word.ends_with("sec") && word.trim_end_matches("sec").parse::<u64>().is_ok();
    let clean =
        |line: &str| line.split(' ').filter(|word| !is_lifetime(word)).collect::<Vec<_>>().join(" ") + "\n";
    text.lines().map(clean).collect()
}

/// All settings below `dir`, except those that count.
fn add_settings(dir: &Path, all: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            add_settings(&path, all);
        } else if !path.ends_with("nf_conntrack_count")
            && let Ok(text) = fs::read_to_string(&path)
        {
            all.insert(path.display().to_string(), text);
        }
    }
}

#[test]
fn the_machine_is_the_same_before_during_and_after() {
    let Some(yard) = Netyard::new() else { return };
    let before = fingerprint(&yard);
    assert!(before.len() > 100, "{before:#?}");
    yard.write("netyard.toml", example("office").replace("count = 100", "count = 10"));
    yard.ok("up");
    yard.assert_reaches("a", ["web1", "c", "db"]);
    assert_same(&before, &fingerprint(&yard), "while the lab is up");
    if has_programs(&["ip"]) {
        yard.run_args(["enter", "--empty", "--", "sh", "-c", "ip netns add red && ip link add x type veth peer y && echo 1.2.3.4 red >>/etc/hosts && sysctl -q -w net.ipv4.ip_forward=1"])
            .expect_code(0);
    }
    assert_same(&before, &fingerprint(&yard), "after a sandbox");
    yard.change(&example("demo").replace("name = \"demo\"", "name = \"office\""));
    assert_same(&before, &fingerprint(&yard), "after a change");
    yard.ok("down");
    assert_same(&before, &fingerprint(&yard), "after the lab");
}

fn assert_same(before: &BTreeMap<String, String>, now: &BTreeMap<String, String>, when: &str) {
    for (key, value) in before {
        assert_eq!(Some(value), now.get(key), "{key} is another {when}");
    }
    assert_eq!(before.len(), now.len(), "something is new {when}");
}

/// Neither does the program speak on the machine's network, nor do the lab's programs see it.
#[test]
fn the_lab_does_not_see_the_machine() {
    let Some(yard) = Netyard::with_lab(&example("demo")) else { return };
    let links = |text: &str| -> Vec<String> {
        let names = text.lines().skip(2).filter_map(|line| line.split(':').next());
        names.map(|name| name.trim().to_owned()).collect()
    };
    assert_eq!(links(&yard.sh("a", "cat /proc/net/dev").stdout), ["lo", "eth0"]);
    assert_eq!(yard.sh("a", "ls /sys/class/net").stdout, "eth0\nlo\n");
    assert_eq!(links(&yard.run_args(["enter", "--", "cat", "/proc/net/dev"]).stdout), ["lo"]);
    assert_eq!(links(&yard.run_args(["enter", "--empty", "--", "cat", "/proc/net/dev"]).stdout), ["lo"]);
    // Only the lab's own processes: the holder, and what looks.
    let processes = yard.sh("a", "ls -d /proc/[0-9]*").stdout;
    assert!(processes.contains("/proc/1\n") && processes.lines().count() < 8, "{processes}");
    // What is written to /etc is the lab's.
    yard.run_args(["enter", "--", "sh", "-c", "echo x >/etc/netyard-test-file"]).expect_code(0);
    assert!(!Path::new("/etc/netyard-test-file").exists());
    yard.run_args(["enter", "--", "cat", "/etc/netyard-test-file"]).expect_code(0);
}
