//! Names: the hosts files of the nodes, which follow the file while programs run.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use crate::support::{Netyard, has_programs, wait_until};

const FILE: &str = r#"
name = "names"
names.by = "hosts"

[switch.lan]
subnet = ["10.0.0.0/24", "fd00::/64"]

[host.a]
on = "lan"

[host.b]
on = "lan"
aliases = ["db"]
"#;

#[test]
fn every_node_knows_every_name() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for node in ["a", "b", "lan"] {
        let hosts = yard.sh(node, "cat /etc/hosts").expect_code(0).stdout;
        for line in [
            "127.0.0.1 localhost",
            "::1 localhost ip6-localhost ip6-loopback",
            "10.0.0.1 a",
            "fd00::1 a",
            "10.0.0.2 b db",
            "fd00::2 b db",
        ] {
            let is_line = |known: &str| known.split_whitespace().eq(line.split(' '));
            assert!(hosts.lines().any(is_line), "{node} lacks `{line}`:\n{hosts}");
        }
    }
    // The C library finds them too, in both families.
    for (family, expected) in [("ahostsv4", "10.0.0.2"), ("ahostsv6", "fd00::2")] {
        let found = yard.run_args(["exec", "a", "--", "getent", family, "db"]).expect_code(0).stdout;
        assert!(found.starts_with(expected), "{found}");
    }
    yard.run("ping a db -6 -c 1").expect_code(0);
    yard.run("ping a db -4 -c 1").expect_code(0);
}

/// A shell that is open on a node sees new names at once; nobody has to start it again.
#[test]
fn an_open_shell_sees_new_names() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let ways: [&[&str]; 2] = [&["exec", "a", "--", "sh"], &["enter", "--", "ip", "netns", "exec", "a", "sh"]];
    for words in if has_programs(&["ip"]) { &ways[..] } else { &ways[..1] } {
        let mut child = yard.command(*words).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut keys = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut ask = || {
            writeln!(keys, "getent hosts newcomer || echo unknown").unwrap();
            let mut line = String::new();
            output.read_line(&mut line).unwrap();
            line
        };
        assert_eq!(ask(), "unknown\n");
        yard.change(&format!("{FILE}[host.c]\non = \"lan\"\naliases = [\"newcomer\"]\n"));
        assert!(ask().contains("c newcomer"));
        yard.change(FILE);
        assert_eq!(ask(), "unknown\n");
        drop(keys);
        assert!(child.wait().unwrap().success());
    }
}

/// What a person wrote into a hosts file is the person's.
#[test]
fn lines_of_a_person_survive() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    yard.sh("a", "echo '192.168.1.11 printer' >>/etc/hosts; sed 's/^127.0.0.1 localhost/127.0.0.1 localhost me/' /etc/hosts >/tmp/x.$$ && cat /tmp/x.$$ >/etc/hosts; rm /tmp/x.$$")
        .expect_code(0);
    assert!(yard.ok("up").contains("nothing to do"));
    yard.change(&FILE.replace("\"db\"", "\"db\", \"cache\""));
    let hosts = yard.sh("a", "cat /etc/hosts").stdout;
    assert!(
        hosts.contains("192.168.1.11 printer\n") && hosts.contains("127.0.0.1 localhost me\n"),
        "{hosts}"
    );
    assert_eq!(hosts.matches("cache").count(), 2, "{hosts}");
    assert!(!yard.sh("b", "cat /etc/hosts").stdout.contains("printer"), "every node has its own file");
    yard.change(&FILE.replace("\"hosts\"", "\"none\""));
    let hosts = yard.sh("a", "cat /etc/hosts").stdout;
    assert!(hosts.contains("192.168.1.11 printer\n") && !hosts.contains("10.0.0.2"), "{hosts}");
}

/// What a person broke in Netyard's own lines is mended.
#[test]
fn netyards_lines_are_mended() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.sh("a", "cat /etc/hosts").stdout;
    yard.sh(
        "a",
        "sed 's/^10.0.0.2/10.0.0.9/' /etc/hosts >/tmp/y.$$ && cat /tmp/y.$$ >/etc/hosts; rm /tmp/y.$$",
    )
    .expect_code(0);
    yard.run("plan --check").expect_code(3);
    yard.ok("up");
    assert_eq!(yard.sh("a", "cat /etc/hosts").stdout, before);
    yard.sh("a", ": >/etc/hosts").expect_code(0);
    yard.ok("up");
    yard.run("plan --check").expect_code(0);
    yard.assert_reaches("a", ["b", "db"]);
}

#[test]
fn names_by_nobody() {
    let Some(yard) = Netyard::with_lab(&FILE.replace("\"hosts\"", "\"none\"")) else { return };
    yard.sh("a", "getent hosts b").expect_code(2);
    yard.sh("a", "getent hosts localhost").expect_code(0);
    assert_eq!(yard.sh("a", "hostname").stdout, "a\n");
    yard.run("ping a b").expect_code(1).expect_complaint("hint: ");
    yard.assert_reaches("a", ["10.0.0.2", "fd00::2"]);
    assert_eq!(yard.ok("show names"), "no names\n");
}

/// A node knows the machine's other files as they are.
#[test]
fn other_files_are_the_machines() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for file in ["/etc/passwd", "/etc/nsswitch.conf"] {
        let here = std::fs::read_to_string(file).unwrap_or_default();
        wait_until("the file is there", || {
            yard.sh("a", &format!("cat {file} 2>/dev/null; true")).stdout == here
        });
    }
    // So is this one, as far as it can be one of the node's own, which changes with the lab.
    let here = std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    let there = yard.sh("a", "cat /etc/resolv.conf").stdout;
    assert!(there.starts_with('#') && there.ends_with(&here), "{there}");
}
