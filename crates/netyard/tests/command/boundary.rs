//! Where a lab ends: what its processes can do to the machine and what they cannot, and what other users can do to a lab. What is
//! tested here is the truth, also where it is no protection.

use std::fs;
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::path::Path;

use nix::unistd::geteuid;

use crate::support::{Netyard, Outcome, PROGRAM, has_programs, is_holder, wait_until};

const PAIR: &str = "name = \"pair\"\n[switch.lan]\nsubnet = [\"10.0.0.0/24\", \"fd00::/64\"]\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n";

fn is_root(why: &str) -> bool {
    let is_root = geteuid().is_root();
    if !is_root {
        eprintln!("skipped: {why}");
    }
    is_root
}

/// The first process of a PID namespace gets no signal from inside that it has no handler for (pid_namespaces(7)).
#[test]
fn no_process_of_a_lab_can_end_its_holder() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let holder = yard.holders().into_iter().next().unwrap();
    for way in [["exec", "a"].as_slice(), &["enter"]] {
        let script = "for signal in KILL TERM STOP SEGV HUP; do kill -$signal 1; done; kill -KILL -1; true";
        let args = way.iter().copied().chain(["--", "sh", "-c", script]);
        yard.run_args(args);
        assert!(is_holder(holder), "it was ended from inside");
    }
    let status = fs::read_to_string(format!("/proc/{holder}/status")).unwrap();
    assert!(status.contains("State:\tS"), "it was stopped from inside:\n{status}");
    yard.assert_reaches("a", ["10.0.0.2"]);
}

/// They are all of one user, and protected from one another no more than a user's processes are elsewhere.
#[test]
fn processes_of_a_lab_can_end_one_another() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let keepers = || {
        let script = "grep -l -x -e netyard-keeper /proc/[0-9]*/comm 2>/dev/null; true";
        yard.run_args(["enter", "--", "sh", "-c", script]).stdout.lines().count()
    };
    assert_eq!(keepers(), 1);
    yard.sh("a", "for p in $(grep -l -x -e netyard-keeper /proc/[0-9]*/comm); do p=${p#/proc/}; kill -9 ${p%/comm}; done")
        .expect_code(0);
    // It comes back with the next command that enters the lab, and the network never went.
    yard.assert_reaches("a", ["10.0.0.2"]);
    wait_until("it is back", || yard.sh("a", "getent hosts b").code == Some(0));
}

/// A program that connects in all ways, and says in which it got through.
const CONNECT: &str = "use Socket;
    sub try { my ($way, $domain, $address) = @_; socket my $s, $domain, SOCK_STREAM, 0; print \"$way \" if connect $s, $address }
    try 'tcp', PF_INET, pack_sockaddr_in($ARGV[0], inet_aton('127.0.0.1'));
    try 'abstract', PF_UNIX, pack('Sa*', PF_UNIX, \"\\0$ARGV[1]\");
    try 'path', PF_UNIX, pack_sockaddr_un($ARGV[2]);";

/// Sockets without a file belong to a network namespace; those with one to whoever may open the file.
#[test]
fn a_node_reaches_only_sockets_with_a_path() {
    if !has_programs(&["perl"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port().to_string();
    let path = yard.folder().join("socket");
    let _unix = UnixListener::bind(&path).unwrap();
    let name = format!("netyard-test-{}", std::process::id());
    let _abstract = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let perl = ["perl", "-e", CONNECT, &port, &name, path.to_str().unwrap()];
    let outside = yard.program("perl", &perl[1..]).output().unwrap();
    assert_eq!(String::from_utf8(outside.stdout).unwrap(), "tcp abstract path ");
    for way in [["exec", "a"].as_slice(), &["enter"], &["enter", "--empty"]] {
        let args = way.iter().chain(&["--"]).chain(&perl).copied();
        assert_eq!(yard.run_args(args).expect_code(0).stdout, "path ", "{way:?}");
    }
}

/// What is written outside of `/run` and `/etc` is the machine's own.
#[test]
fn a_node_writes_the_users_own_files() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    yard.sh("a", "echo from a node >written").expect_code(0);
    let written = yard.folder().join("written");
    assert_eq!(fs::read_to_string(&written).unwrap(), "from a node\n");
    // Root in the lab is the user outside of it.
    assert_eq!(yard.sh("a", "id -u").stdout, "0\n");
    assert_eq!(fs::metadata(written).unwrap().uid(), geteuid().as_raw());
}

/// Root of a user's lab is root over nothing but the lab.
#[test]
fn a_users_lab_gives_no_rights_over_the_machine() {
    if geteuid().is_root() {
        eprintln!("skipped: root has them all anyway");
        return;
    }
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    for script in [
        "echo x >/usr/netyard-test",
        "test -r /etc/shadow -a -s /etc/shadow",
        "test -w /proc/sys/kernel/core_pattern",
        "mknod device c 1 1",
        "chown 1:1 .",
    ] {
        let outcome = yard.sh("a", script);
        assert_ne!(outcome.code, Some(0), "{outcome}");
    }
    // Neither does entering make a file that anybody else would run with those rights.
    yard.sh("a", "cp /bin/true own && chmod 4755 own").expect_code(0);
    let own = fs::metadata(yard.folder().join("own")).unwrap();
    assert_eq!(own.uid(), geteuid().as_raw());
}

/// Without a user namespace root is root.
#[test]
fn a_lab_of_roots_is_no_protection_of_the_machine() {
    if !is_root("only root has such a lab") {
        return;
    }
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let user = |who: &str| fs::read_link(format!("/proc/{who}/ns/user")).unwrap();
    assert_eq!(user("self").to_str().unwrap(), yard.sh("a", "readlink /proc/self/ns/user").stdout.trim());
    yard.sh("a", "echo x >theirs && chown 65534:65534 theirs && test -r /etc/shadow").expect_code(0);
    assert_eq!(fs::metadata(yard.folder().join("theirs")).unwrap().uid(), 65534);
    yard.sh("a", "test -w /proc/sys/kernel/core_pattern").expect_code(0);
}

/// What Netyard itself does needs no program of the machine's, and so takes none from a search path.
#[test]
fn netyard_runs_no_program_by_itself() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", PAIR);
    let traps = yard.folder().join("traps");
    fs::create_dir(&traps).unwrap();
    for program in [
        "ip",
        "bridge",
        "sysctl",
        "mount",
        "umount",
        "nsenter",
        "unshare",
        "sh",
        "bash",
        "netyard",
        "newuidmap",
        "ps",
        "tput",
        "stty",
    ] {
        let trap = traps.join(program);
        fs::write(&trap, format!("#!/bin/sh\necho {program} >>{}/called\n", yard.folder().display()))
            .unwrap();
        fs::set_permissions(&trap, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for path in [traps.as_os_str(), "".as_ref()] {
        for line in [
            "up",
            "plan",
            "plan --script",
            "show names",
            "show links",
            "ping a b -c 1",
            "graph",
            "ls",
            "exec a -- /bin/true",
            "enter -- /bin/true",
            "down",
        ] {
            let mut command = yard.command(line.split(' '));
            command.env("PATH", path);
            Outcome::of(command, yard.folder().parent().unwrap()).expect_code(0);
        }
    }
    assert!(!yard.folder().join("called").exists(), "{:?}", fs::read_to_string(yard.folder().join("called")));
}

/// A file says what the network is and no more: it sets nothing but the network's settings.
#[test]
fn a_file_sets_nothing_outside_of_the_network() {
    let yard = Netyard::without_kernel();
    for key in [
        "kernel.core_pattern",
        "vm.swappiness",
        "net.../../kernel/core_pattern",
        "net/../kernel/core_pattern",
        "fs.file-max",
        "/proc/sys/net",
    ] {
        yard.write("netyard.toml", format!("{PAIR}sysctl = {{ \"{key}\" = 1 }}\n"));
        let outcome = yard.run("up").expect_code(1);
        outcome.expect_complaint("nothing was changed");
    }
}

/// Another user, here without any rights.
fn as_nobody(yard: &Netyard, args: &[&str]) -> Outcome {
    let words = ["--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--"];
    let mut command = yard.program("setpriv", words.iter().chain(args).copied());
    command.current_dir("/");
    Outcome::of(command, yard.folder().parent().unwrap())
}

#[test]
fn another_user_cannot_reach_a_lab() {
    if !is_root("a test has two users only as root") || !has_programs(&["setpriv", "nsenter"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    // So that it is the run directory that keeps them out, not what it is in.
    fs::set_permissions(yard.folder().parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
    let holder = yard.holders().into_iter().next().unwrap();
    for line in [
        "ls",
        "exec -l pair a -- true",
        "enter -l pair -- true",
        "show nodes -l pair",
        "ping -l pair a b",
        "down pair",
        "down --all",
    ] {
        let args: Vec<&str> = [PROGRAM].into_iter().chain(line.split(' ')).collect();
        let outcome = as_nobody(&yard, &args);
        assert_ne!(outcome.code, Some(0), "{outcome}");
        outcome.expect_complaint("it belongs to another user (uid 0)");
    }
    let (proc, pid) = (format!("/proc/{holder}"), holder.to_string());
    for args in [
        ["ls", &format!("{proc}/root/run/netyard")].as_slice(),
        &["ls", &format!("{proc}/fd/")],
        &["cat", &format!("{proc}/environ")],
        &["ls", yard.run_dir().to_str().unwrap()],
        &["nsenter", "-t", &pid, "-n", "true"],
        &["nsenter", "-t", &pid, "-U", "-m", "-n", "true"],
        &["kill", "-9", &pid],
        &["test", "-w", &format!("{proc}/root/run/netyard/keeper")],
    ] {
        let outcome = as_nobody(&yard, args);
        assert_ne!(outcome.code, Some(0), "{args:?}: {outcome}");
    }
    assert!(is_holder(holder));
    yard.assert_reaches("a", ["b"]);
}

/// The machine's own user does not get into a lab by its socket either: it is in no directory that he sees.
#[test]
fn the_control_socket_is_not_on_the_machine() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let mut files = vec![yard.run_dir()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert!(UnixStream::connect(&path).is_err(), "{}", path.display());
        }
    }
    assert!(!Path::new("/run/netyard/keeper").exists());
}

/// The program is no way to rights that the caller has not.
#[test]
fn the_program_needs_no_rights_of_its_own() {
    let mode = fs::metadata(PROGRAM).unwrap().permissions().mode();
    assert_eq!(mode & 0o6000, 0, "it is not to be installed set-user-ID");
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let holder = yard.holders().into_iter().next().unwrap();
    assert_eq!(fs::metadata(format!("/proc/{holder}")).unwrap().uid(), geteuid().as_raw());
}
