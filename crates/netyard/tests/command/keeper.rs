//! The keeper's control socket in a lab where anybody may be hostile, and what reaches the processes that stay.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::geteuid;

use crate::support::{Netyard, has_programs, wait_until};

const FILE: &str = "name = \"kept\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n";

/// The processes of the lab's namespaces that were started with this argument, by their numbers on the machine.
fn processes(yard: &Netyard, argument: &str) -> Vec<i64> {
    let holder = yard.holders().into_iter().next().unwrap();
    let mounts = |pid: i64| fs::read_link(format!("/proc/{pid}/ns/mnt")).ok();
    let of_lab = mounts(holder).unwrap();
    let pids = fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<i64>().ok());
    let is_it = |pid: &i64| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line == format!("netyard\0{argument}\0") && mounts(*pid).as_ref() == Some(&of_lab)
    };
    pids.filter(is_it).collect()
}

fn keeper(yard: &Netyard) -> i64 {
    let [keeper] = processes(yard, "--keep-names")[..] else { panic!("a lab has one keeper") };
    keeper
}

/// Connects to the keeper as a process of the lab would.
fn connect(yard: &Netyard) -> std::io::Result<UnixStream> {
    let holder = yard.holders().into_iter().next().unwrap();
    UnixStream::connect(format!("/proc/{holder}/root/run/netyard/keeper"))
}

fn open_files(pid: i64) -> usize {
    fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

/// Kibibytes of memory.
fn memory(pid: i64) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// A change of names reaches the nodes: the keeper has been heard.
#[track_caller]
fn assert_serves(yard: &Netyard, last: u8) {
    yard.change(&FILE.replace("[host.b]\n", &format!("[host.b]\naddress = \"10.0.0.{last}\"\n")));
    let answer = yard.sh("a", "getent hosts b").expect_code(0).stdout;
    assert!(answer.starts_with(&format!("10.0.0.{last} ")), "{answer}");
}

/// A thousand who say nothing, and who do not go away.
#[test]
fn a_thousand_connections_keep_nobody_waiting() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, hard, hard).unwrap();
    let keeper = keeper(&yard);
    let before = open_files(keeper);
    let count = usize::try_from(hard).unwrap_or(usize::MAX).saturating_sub(500).clamp(100, 1000);
    let silent: Vec<UnixStream> = (0..count).map(|_| connect(&yard).unwrap()).collect();
    assert_serves(&yard, 77);
    let most = open_files(keeper);
    assert!(most <= before + 40, "{most} files are open, {before} were");
    assert!(memory(keeper) < 64 * 1024);
    drop(silent);
    wait_until("they are let go", || open_files(keeper) <= before);
    assert_eq!(processes(&yard, "--keep-names"), [keeper], "it is the same keeper");
}

/// Who is connected and says too little or too much is sent away.
#[test]
fn the_slow_and_the_long_are_sent_away() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let keeper = keeper(&yard);
    let mut silent = connect(&yard).unwrap();
    let mut half = connect(&yard).unwrap();
    half.write_all(b"{\"version\":1,\"requ").unwrap();
    let mut long = connect(&yard).unwrap();
    // Written until it is told that nobody reads it.
    let chunk = [b' '; 4096];
    while long.write_all(&chunk).is_ok() {}
    assert_serves(&yard, 78);
    for stream in [&mut silent, &mut half] {
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        // The end, or that what was sent has not been read.
        let end = stream.read_to_end(&mut Vec::new());
        assert!(
            matches!(&end, Ok(0))
                || end.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset),
            "{end:?}"
        );
    }
    assert_eq!(processes(&yard, "--keep-names"), [keeper], "it is the same keeper");
}

/// A byte now and then does not buy more time.
#[test]
fn a_byte_at_a_time_keeps_nobody_waiting() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let over = AtomicBool::new(false);
    let mut slow: Vec<UnixStream> = (0..4).map(|_| connect(&yard).unwrap()).collect();
    std::thread::scope(|scope| {
        let drip = scope.spawn(|| {
            let mut refused = 0;
            while refused < slow.len() && !over.load(Ordering::Relaxed) {
                refused = slow.iter_mut().map(|stream| usize::from(stream.write_all(b" ").is_err())).sum();
                std::thread::park_timeout(Duration::from_millis(20));
            }
            refused
        });
        assert_serves(&yard, 79);
        wait_until("all are sent away", || drip.is_finished());
        over.store(true, Ordering::Relaxed);
        assert_eq!(drip.join().unwrap(), 4);
    });
}

#[test]
fn garbage_gets_no_answer() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let keeper = keeper(&yard);
    let ask = |text: &[u8]| {
        let mut stream = connect(&yard).unwrap();
        stream.write_all(text).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    };
    let deep = "[".repeat(1000);
    for text in [
        "",
        "\0",
        "refresh",
        "{}",
        "[1]",
        "{\"version\":1}",
        "{\"version\":1,\"request\":\"refresh",
        "{\"version\":1,\"request\":\"fly\"}",
        "{\"version\":-1,\"request\":\"refresh\"}",
        "{\"request\":\"refresh\"}",
        &deep,
    ] {
        assert_eq!(ask(text.as_bytes()), "", "{text}");
    }
    assert_eq!(ask(&[0xff, 0xfe, 0, 0x80]), "");
    assert_eq!(ask(b"{\"version\":1,\"request\":\"refresh\"}"), "{\"response\":\"done\"}");
    // Another version is told apart, whatever else it says.
    assert_eq!(ask(b"{\"version\":2,\"what\":[]}"), "{\"response\":\"other-version\",\"known\":1}");
    // One who asks and never reads the answer.
    let deaf: Vec<UnixStream> = (0..50)
        .map(|_| {
            let mut stream = connect(&yard).unwrap();
            stream.write_all(b"{\"version\":1,\"request\":\"refresh\"}").unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            stream
        })
        .collect();
    assert_serves(&yard, 80);
    drop(deaf);
    assert_eq!(processes(&yard, "--keep-names"), [keeper], "it is the same keeper");
}

/// A keeper that another version has started answers with what means nothing here; it is replaced by one that does.
#[test]
fn a_keeper_of_another_version_is_replaced() {
    if !has_programs(&["perl"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for answer in ["", "{\"response\":\"other-version\",\"known\":2}", "{\"response\":\"maybe\"}", "what?"] {
        // It has the lock and the socket, as the real one has.
        let program = format!(
            "use Socket; use Fcntl ':flock'; $0 = 'netyard-keeper';
            open my $lock, '>>', '/run/netyard/keeper.lock'; flock $lock, LOCK_EX; unlink '/run/netyard/keeper';
            socket my $s, PF_UNIX, SOCK_STREAM, 0; bind $s, sockaddr_un('/run/netyard/keeper'); listen $s, 5;
            $| = 1; print \"ready\\n\"; while (accept my $c, $s) {{ local $/; <$c>; print $c '{answer}'; close $c }}"
        );
        let script = "pkill_keeper() { for p in /proc/[0-9]*; do if [ \"$(tr '\\0' ' ' <$p/cmdline 2>/dev/null)\" = 'netyard --keep-names ' ]; then kill -9 ${p#/proc/}; fi; done; }
            pkill_keeper; exec perl -e \"$0\"";
        let mut fake = yard
            .command(["enter", "-l", "kept", "--", "sh", "-c", script, &program])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(fake.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        yard.ok("up");
        assert!(!fake.wait().unwrap().success(), "the other still runs");
        assert!(yard.sh("a", "getent hosts b").stdout.starts_with("10.0.0.2 "));
        keeper(&yard);
    }
}

#[test]
fn the_control_socket_is_the_labs_alone() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    assert!(!Path::new("/run/netyard/keeper").exists(), "it is seen from outside");
    let modes = yard.run_args([
        "enter",
        "--",
        "stat",
        "-c",
        "%a %U",
        "/run/netyard/keeper",
        "/run/netyard/names.json",
    ]);
    assert_eq!(modes.expect_code(0).stdout, "700 root\n600 root\n");
    if !geteuid().is_root() {
        eprintln!("skipped: without root there is one user in a lab");
        return;
    }
    let test = "setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'test -w /run/netyard/keeper'";
    yard.run_args(["enter", "--", "sh", "-c", test]).expect_code(1);
}

/// What is in the environment and in the open files of whoever types `up` stays out of the processes that stay.
#[test]
fn the_processes_that_stay_get_nothing_of_who_started_them() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", FILE);
    let secret = yard.write("secret", "open");
    let usual = yard.command(["up"]);
    let mut up = std::process::Command::new("/bin/sh");
    up.args(["-c", "exec 7<secret 8>>secret; exec \"$0\" up", crate::support::PROGRAM]).stdout(Stdio::null());
    up.current_dir(usual.get_current_dir().unwrap()).env_clear();
    up.envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
    up.env("SECRET", "in the environment").env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full");
    assert!(up.status().unwrap().success());
    let holders: Vec<i64> = yard.holders().into_iter().collect();
    let mut looked = 0;
    for pid in [holders, processes(&yard, "--keep-names"), processes(&yard, "--serve-names")].concat() {
        // The name server lets nobody of its own user look; that is no less.
        if let Ok(environ) = fs::read(format!("/proc/{pid}/environ")) {
            assert_eq!(environ, b"", "the environment of {pid}");
            looked += 1;
        }
        for file in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
            let target = fs::read_link(file.path()).unwrap_or_default();
            assert!(target != secret, "{pid} has {} open", target.display());
            let text = target.display().to_string();
            assert!(!text.starts_with("pipe:"), "{pid} has a pipe of somebody's");
        }
        let cwd = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_default();
        assert!(cwd == Path::new("/") || cwd.as_os_str().is_empty(), "{}", cwd.display());
    }
    assert!(looked >= 2);
}
