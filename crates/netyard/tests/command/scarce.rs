//! A machine that has run out of something: every command says what, where, and what to do; nothing is left behind; and when there
//! is enough again, all works.

use std::fs;

use nix::unistd::geteuid;

use crate::support::{
    Apart, Netyard, Outcome, PROGRAM, assert_same, has_programs, holders_named, own_name, wait_for,
    wait_until,
};

fn file(name: &str) -> String {
    format!(
        "name = \"{name}\"\n[switch.lan]\nsubnet = [\"10.0.0.0/24\", \"fd00::/64\"]\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n"
    )
}

/// The file without IPv6, and without a name server.
fn plain(name: &str) -> String {
    file(name).replace(", \"fd00::/64\"", "").replace("[switch", "names.by = \"hosts\"\n[switch")
}

/// It ended with 1, said this, and what to do.
#[track_caller]
fn assert_told(outcome: Outcome, words: &[&str]) {
    let outcome = outcome.expect_code(1).expect_complaint("error: ").expect_complaint("hint: ");
    for word in words {
        assert!(outcome.stderr.contains(word), "it does not say `{word}`:\n{outcome}");
    }
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
}

/// No process holds the lab, or will for long: one that could not be got hold of ends by itself.
fn assert_unheld(name: &str) {
    wait_until("no process holds a lab that is nowhere written down", || holders_named(name).is_empty());
}

#[test]
fn a_full_disk_under_the_run_directory() {
    let Some(apart) = Apart::new() else { return };
    let name = own_name("disk");
    apart.yard.write("netyard.toml", file(&name));
    apart.yard.write("other.toml", file(&name));
    apart.sh("mkdir ../run && mount -t tmpfs -o size=64k,mode=700 none ../run");
    let fill = "dd if=/dev/zero of=../run/fill bs=4k 2>/dev/null; true";
    apart.sh(fill);
    assert_told(
        apart.run("up"),
        &["cannot write [place]/run/", "lab.json", "No space left on device", "df -h [place]/run"],
    );
    assert_eq!(apart.sh("ls ../run"), "fill\n");
    assert_unheld(&name);
    apart.sh("rm ../run/fill");
    apart.ok("up");
    apart.ok("ping a b -c 1");
    // What runs is not harmed, and what needs no room is done.
    apart.sh(fill);
    assert_told(apart.run("up other.toml"), &["No space left on device"]);
    apart.ok("ping a b -c 1");
    assert!(apart.ok("up").contains("nothing to do"));
    assert!(apart.ok("ls").contains("netyard.toml"), "the record is the old one, whole");
    apart.ok("down");
    assert_eq!(apart.sh("ls ../run"), "fill\n");
    apart.sh("rm ../run/fill");
}

#[test]
fn a_disk_without_free_inodes() {
    let Some(apart) = Apart::new() else { return };
    let name = own_name("inodes");
    apart.yard.write("netyard.toml", file(&name));
    apart.sh("mkdir ../run");
    // One for the directory itself; then for the lab's, for its lock, for its record.
    for count in 1..4 {
        apart.sh(&format!("mount -t tmpfs -o nr_inodes={count},mode=700 none ../run"));
        assert_told(apart.run("up"), &["No space left on device", "df -i [place]/run"]);
        assert_eq!(apart.sh("ls ../run"), "", "{count} inodes");
        assert_unheld(&name);
        apart.sh("umount ../run");
    }
    apart.ok("up");
    apart.ok("down");
}

#[test]
fn a_read_only_run_directory() {
    let Some(apart) = Apart::new() else { return };
    let name = own_name("readonly");
    apart.yard.write("netyard.toml", file(&name));
    apart.sh("mkdir ../run && mount -t tmpfs -o mode=700 none ../run && mount -o remount,bind,ro ../run");
    assert_told(apart.run("up"), &["[place]/run", "Read-only file system", "NETYARD_RUN_DIR"]);
    assert_unheld(&name);
    apart.sh("mount -o remount,bind,rw ../run");
    apart.ok("up");
    apart.sh("mount -o remount,bind,ro ../run");
    for line in ["ls", "show nodes", "exec a -- true", "ping a b -c 1", "plan --check"] {
        apart.ok(line);
    }
    for line in ["up", "down"] {
        assert_told(apart.run(line), &["cannot open [place]/run/", "Read-only file system"]);
    }
    apart.ok("ping a b -c 1");
    apart.sh("mount -o remount,bind,rw ../run");
    apart.ok("down");
    assert_eq!(apart.sh("ls ../run"), "");
}

#[test]
fn a_run_directory_that_cannot_be_there() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", file("nowhere"));
    let run = |variable: &str, dir: &str| {
        let mut command = yard.command(["up"]);
        command.env_remove("NETYARD_RUN_DIR").env(variable, dir);
        Outcome::of(command, yard.folder().parent().unwrap())
    };
    assert_told(
        run("NETYARD_RUN_DIR", "/proc/nowhere/labs"),
        &["cannot make the directory /proc/nowhere/labs", "NETYARD_RUN_DIR"],
    );
    if !geteuid().is_root() {
        // As it is after `su`, or where the session's own has gone.
        assert_told(
            run("XDG_RUNTIME_DIR", "/proc/nowhere"),
            &["cannot make the directory /proc/nowhere/netyard"],
        );
    }
    assert_unheld("nowhere");
    // One that is merely not there yet is made, with all above it.
    let mut command = yard.command(["up"]);
    let deep = yard.run_dir().join("some/where");
    command.env("NETYARD_RUN_DIR", &deep);
    Outcome::of(command, yard.folder().parent().unwrap()).expect_code(0);
    let mut command = yard.command(["down"]);
    command.env("NETYARD_RUN_DIR", &deep);
    Outcome::of(command, yard.folder().parent().unwrap()).expect_code(0);
    fs::remove_dir_all(yard.run_dir()).unwrap();
}

/// At the end of a session the system removes what was in the user's runtime directory. A lab runs on, and is found again.
#[test]
fn a_run_directory_that_has_gone() {
    let name = own_name("gone");
    let Some(yard) = Netyard::with_lab(&file(&name)) else { return };
    yard.write("other.toml", file("other"));
    yard.ok("up other.toml");
    let (before, holders) = (yard.state(), yard.holders());
    for line in ["ls", "up", "plan --check", "exec a -- true"] {
        fs::remove_dir_all(yard.run_dir()).unwrap();
        yard.ok(line);
        assert_eq!(yard.holders(), holders, "{line}");
        assert_same(&yard.state(), &before, line);
    }
    fs::remove_dir_all(yard.run_dir()).unwrap();
    assert_eq!(yard.ok("down"), format!("took the lab `{name}` away\n"));
    yard.ok("down other");
    assert_unheld(&name);
    fs::remove_dir_all(yard.run_dir()).unwrap();
    assert_eq!(yard.ok("ls"), "no lab is running\n");
}

/// The lab's own `/run`, and with it its `/etc`, are in memory.
#[test]
fn no_room_in_the_lab() {
    let Some(yard) = Netyard::with_lab(&file("room")) else { return };
    let before = yard.state();
    let inside = |script: &str| yard.run_args(["enter", "-l", "room", "--", "sh", "-c", script]);
    // The options that mount(8) would take over name the user as the machine knows him, whom the lab does not.
    let fill = "mount --options-source=disable -o remount,size=512k,nosuid,nodev netyard /run || exit 1
        dd if=/dev/zero of=/run/fill bs=4k 2>/dev/null; test -s /run/fill";
    let files =
        || inside("ls -A /run/netyard /run/netyard/nodes /etc/netns /etc/netns/*; cat /etc/netns/*/*");
    let before_files = files().stdout;
    inside(fill).expect_code(0);
    let aliases =
        (0..200).map(|number| format!("\"another-name-of-b-{number}\"")).collect::<Vec<_>>().join(", ");
    let longer = plain("room").replace("[host.b]", &format!("[host.b]\naliases = [{aliases}]"));
    for (what, change) in [
        ("another host", format!("{}[host.c]\non = \"lan\"\n", file("room"))),
        (
            "another name",
            file("room").replace("[host.b]", "[host.b]\naliases = [\"db\", \"dx\", \"dy\", \"dz\"]"),
        ),
        ("longer hosts files", longer),
    ] {
        yard.write("netyard.toml", change);
        assert_told(yard.run("up"), &["No space left on device", "all is as it was", "remove what fills it"]);
        assert_same(&yard.state(), &before, what);
        assert_same(&files().stdout, &before_files, what);
        yard.assert_reaches("a", ["b"]);
    }
    assert!(yard.sh("a", "getent hosts b").stdout.contains("b.room.test"));
    inside("rm /run/fill").expect_code(0);
    yard.ok("up");
    yard.assert_reaches("a", ["b"]);
    yard.change(&file("room"));
    assert_same(&yard.state(), &before, "with room again");
}

/// The program with at most so many open files.
fn with_files(yard: &Netyard, most: u32, line: &str) -> Outcome {
    let limit = format!("--nofile={most}:{most}");
    let command =
        yard.program("prlimit", [limit.as_str(), PROGRAM].into_iter().chain(line.split_whitespace()));
    Outcome::of(command, yard.folder().parent().unwrap())
}

#[test]
fn no_free_file_descriptors() {
    if !has_programs(&["prlimit"]) {
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("files");
    yard.write("netyard.toml", file(&name));
    // With three the program cannot even be loaded.
    let mut refused = 0;
    for most in [4, 5, 6, 7, 8, 9, 12, 16, 20, 24, 32, 48, 64] {
        let outcome = with_files(&yard, most, "up");
        if outcome.code == Some(0) {
            yard.ok("down");
            continue;
        }
        refused += 1;
        assert_told(outcome, &["open files", "ulimit -"]);
        // Where it is clear from the start that there are too few, not even the directory is made.
        let left = fs::read_dir(yard.run_dir()).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{most}: something is left");
        assert_unheld(&name);
    }
    assert!(refused > 3, "the limit has no effect");
    yard.ok("up");
    yard.assert_reaches("a", ["b"]);
}

/// A lab that runs is not taken for gone because nobody can look.
#[test]
fn a_lab_is_there_without_free_file_descriptors() {
    if !has_programs(&["prlimit"]) {
        return;
    }
    let name = own_name("there");
    let Some(yard) = Netyard::with_lab(&file(&name)) else { return };
    let holders = holders_named(&name);
    let before = yard.state();
    for most in 4..24 {
        for line in ["up", "ls", "show nodes", "exec a -- true", "ping a b -c 1", "plan --check"] {
            let outcome = with_files(&yard, most, line);
            if outcome.code != Some(0) {
                // The command of `exec` itself cannot be loaded either.
                let is_told = ["Too many open files", "open files", "EMFILE", "Error 24"];
                assert!(is_told.iter().any(|word| outcome.stderr.contains(word)), "{most}: {outcome}");
                assert!(!outcome.stderr.contains("is not running"), "{most}: {outcome}");
            }
        }
        assert_eq!(holders_named(&name), holders, "another holder");
    }
    assert_same(&yard.state(), &before, "something was changed");
    let gone = |most: u32| with_files(&yard, most, "down").code == Some(0);
    assert!((4..24).any(gone), "it cannot be taken away with few files");
    assert_unheld(&name);
}

/// Few files are no reason to refuse many hosts; only a name server on each of them takes as many.
#[test]
fn a_hundred_hosts_with_forty_files() {
    if !has_programs(&["prlimit"]) {
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    let many = |names: &str| {
        format!(
            "name = \"many\"\n{names}[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.h]\ncount = 100\non = \"lan\"\n"
        )
    };
    yard.write("netyard.toml", many(""));
    assert_told(
        with_files(&yard, 40, "up"),
        &["open files, and 40 are allowed (RLIMIT_NOFILE)", "ulimit -Hn", "server = "],
    );
    assert_eq!(yard.ok("ls"), "no lab is running\n");
    yard.write("netyard.toml", many("names.by = \"hosts\"\n"));
    with_files(&yard, 40, "up").expect_code(0);
    yard.assert_reaches("h1", ["h2", "h100"]);
    // A keeper that was started with so few is replaced when more are allowed.
    yard.write("netyard.toml", many("names.server = \"h1\"\n"));
    with_files(&yard, 40, "up").expect_code(0);
    assert!(yard.sh("h100", "getent hosts h7").stdout.starts_with("10.0.0.7 "));
    yard.write("netyard.toml", many(""));
    assert_told(with_files(&yard, 40, "up"), &["RLIMIT_NOFILE"]);
    yard.ok("up");
    assert!(yard.sh("h100", "getent hosts h7").stdout.starts_with("10.0.0.7 "));
}

/// The limits on namespaces (namespaces(7)) count per user namespace, so a test can have its own.
#[test]
fn no_more_namespaces() {
    let Some(apart) = Apart::new() else { return };
    let name = own_name("spaces");
    apart.yard.write("netyard.toml", file(&name));
    let limit =
        |kind: &str, most: &str| apart.sh(&format!("echo {most} >/proc/sys/user/max_{kind}_namespaces"));
    for (kind, most) in [("net", 4), ("mnt", 2), ("pid", 1), ("user", 0)] {
        let mut refused = 0;
        for most in 0..=most {
            limit(kind, &most.to_string());
            let outcome = apart.run("up");
            if outcome.code == Some(0) {
                apart.ok("down");
                continue;
            }
            refused += 1;
            let kind = format!("user.max_{kind}_namespaces");
            assert_told(
                outcome,
                &["ENOSPC: No space left on device", "the limit on namespaces is reached", &kind],
            );
            assert_eq!(apart.sh("ls ../run"), "", "{most} {kind}");
            assert_unheld(&name);
        }
        // Root, as who the test runs there, takes no user namespaces.
        assert_eq!(refused > 0, kind != "user", "{kind}");
        limit(kind, "10000");
        apart.ok("up");
        // What runs goes on when nothing more may be made.
        limit(kind, "0");
        apart.ok("show nodes");
        apart.ok("down");
        limit(kind, "10000");
    }
}

/// An ordinary user's lab takes a user namespace.
#[test]
fn no_more_user_namespaces() {
    let Some(apart) = Apart::new() else { return };
    let name = own_name("users");
    apart.yard.write("netyard.toml", file(&name));
    let as_user = |line: &str| {
        let words = ["unshare", "--user", "--map-user=1000", "--map-group=1000", PROGRAM];
        apart.run_program(words.into_iter().chain(line.split_whitespace()))
    };
    if as_user("ls").code != Some(0) {
        eprintln!("skipped: this machine's `unshare` cannot make an ordinary user");
        return;
    }
    apart.sh("echo 1 >/proc/sys/user/max_user_namespaces");
    // The kernel takes namespaces away in its own time, and counts them until then.
    let refused = wait_for("the first is gone", || {
        Some(as_user("up")).filter(|outcome| !outcome.stderr.contains("unshare: "))
    });
    assert_told(
        refused,
        &[
            "cannot make a user namespace",
            "ENOSPC: No space left on device",
            "sysctl user.max_user_namespaces",
        ],
    );
    assert_eq!(apart.sh("ls ../run"), "");
    assert_unheld(&name);
    apart.sh("echo 10 >/proc/sys/user/max_user_namespaces");
    as_user("up").expect_code(0);
    assert!(as_user("down").expect_code(0).stdout.contains("took the lab"));
}

/// However few processes the user may have: the lab comes up, or nothing is left of it and the limit is named.
#[test]
fn no_more_processes() {
    if geteuid().is_root() || !has_programs(&["prlimit"]) {
        eprintln!("skipped: root has no limit on processes");
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("processes");
    yard.write("netyard.toml", file(&name));
    let with = |most: u32, line: &str| {
        // In a user namespace of its own, where the other processes of this user do not count.
        let limit = format!("--nproc={most}:{most}");
        let words = ["--user", "--map-root-user", "prlimit", &limit, PROGRAM];
        let command = yard.program("unshare", words.into_iter().chain(line.split_whitespace()));
        Outcome::of(command, yard.folder().parent().unwrap())
    };
    let mut refused = 0;
    for most in 1..12 {
        let outcome = with(most, "up");
        if outcome.code == Some(0) {
            yard.ok("down");
            continue;
        }
        refused += 1;
        assert_told(outcome, &["the limit on processes is reached", "ulimit -u"]);
        // Where it is clear from the start that there are too few, not even the directory is made.
        let left = fs::read_dir(yard.run_dir()).map_or(0, Iterator::count);
        assert_eq!(left, 0, "{most}: something is left");
        assert_unheld(&name);
    }
    assert!((4..11).contains(&refused), "{refused} of them were refused");
}

/// A kernel without IPv6 has no `/proc/sys/net/ipv6`.
#[test]
fn a_machine_without_ipv6() {
    let Some(apart) = Apart::new() else { return };
    let name = own_name("four");
    apart.sh("mount -t tmpfs none /proc/sys/net/ipv6");
    apart.yard.write("netyard.toml", file(&name));
    for line in ["up", "plan"] {
        assert_told(apart.run(line), &["this kernel cannot build the network", "IPv6"]);
    }
    assert_eq!(apart.sh("ls ../run 2>/dev/null; true"), "");
    assert_unheld(&name);
    let four = file(&name).replace(", \"fd00::/64\"", "");
    for text in [four.clone(), plain(&name), format!("{four}[router.gw]\non = \"lan\"\n")] {
        apart.yard.write("netyard.toml", text);
        apart.ok("up");
        for line in [
            "ping a b -c 1",
            "show nodes",
            "show links",
            "show addresses",
            "show routes",
            "show names",
            "plan --script",
            "plan --check",
            "graph",
        ] {
            apart.ok(line);
        }
        assert!(
            apart
                .run_program([PROGRAM, "exec", "a", "--", "getent", "hosts", "b"])
                .stdout
                .starts_with("10.0.0.2 ")
        );
        assert!(apart.ok("up").contains("nothing to do"));
    }
    apart.sh("umount /proc/sys/net/ipv6");
    apart.ok("down");
    apart.yard.write("netyard.toml", file(&name));
    apart.ok("up");
    apart.ok("ping a fd00::2 -c 1");
}

/// Where IPv6 is switched off, the file is refused or works without it; nothing is half there.
#[test]
fn ipv6_that_is_switched_off() {
    let Some(apart) = Apart::new() else { return };
    apart.yard.write(
        "netyard.toml",
        file(&own_name("off"))
            .replace("[host.a]", "[host.a]\nsysctl = { \"net.ipv6.conf.all.disable_ipv6\" = 1 }"),
    );
    let outcome = apart.run("up");
    assert_ne!(outcome.code, Some(0), "{outcome}");
    assert_told(outcome, &["fd00::1"]);
    assert_eq!(apart.sh("ls ../run"), "");
}
