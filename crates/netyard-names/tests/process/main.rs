//! The server as it is in life: a process of its own, shut in, in a lab that is as empty as can be. This program is its own
//! keeper, its own server and its own client, and has no test harness, because a process enters namespaces before it has threads.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod keeper;

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use netyard_kernel::sandbox::{self, Ended, Fork};
use netyard_names::{NAMES_ARGUMENT, run_names};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::geteuid;

use keeper::{Keeper, PATIENCE, names};

/// The user that owns nothing.
const NOBODY: u32 = 65534;
/// As many nodes as a large lab has.
const NODES: u32 = 1000;
/// The argument with which this program is a lab.
const LAB: &str = "--lab";
/// The exit code that says that there are no namespaces here.
const SKIPPED: u8 = 77;

fn main() -> ExitCode {
    match env::args().nth(1).as_deref() {
        Some(NAMES_ARGUMENT) => run_names(),
        Some(LAB) => lab(),
        // What the harness of other tests is asked (`cargo test -- --list`).
        Some("--list") => ExitCode::SUCCESS,
        _ => {
            who_starts_it_by_hand_is_sent_away();
            run("this user", None);
            if geteuid().is_root() {
                run("an ordinary user", Some(NOBODY));
            }
            ExitCode::SUCCESS
        }
    }
}

fn who_starts_it_by_hand_is_sent_away() {
    let mut command = Command::new(env::current_exe().unwrap());
    let status = command.arg(NAMES_ARGUMENT).stdin(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(2));
}

fn run(who: &str, user: Option<u32>) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.arg(LAB).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    match command.status() {
        Ok(status) if status.code() == Some(SKIPPED.into()) => {
            println!("skipped for {who}: no namespaces here");
        }
        Ok(status) => {
            assert!(status.success(), "failed for {who}");
            println!("passed for {who}");
        }
        Err(error) => println!("skipped for {who}: {error}"),
    }
}

/// The process becomes a lab, as `netyard up` makes one.
fn lab() -> ExitCode {
    let inside = match sandbox::create() {
        Ok(Fork::Outside(child)) => {
            let Ok(Ended::Code(code)) = child.wait() else { return ExitCode::FAILURE };
            return ExitCode::from(u8::try_from(code).unwrap());
        }
        Ok(Fork::Inside) => sandbox::furnish(),
        Err(error) => Err(error),
    };
    if let Err(error) = inside {
        println!("{error}: {}", error.errno);
        return ExitCode::from(SKIPPED);
    }
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    let keeper = Keeper::start();
    it_serves(&keeper);
    it_is_shut_in(&keeper);
    it_sleeps(&keeper);
    it_ends(keeper);
    ExitCode::SUCCESS
}

/// A query for the address of `db.office.test`.
const QUERY: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x02db\x06office\x04test\x00\x00\x01\x00\x01";

fn it_serves(keeper: &Keeper) {
    let (most, _) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let nodes = u32::try_from(most.saturating_sub(600) / 2).unwrap_or(NODES).min(NODES);
    let addrs: Vec<SocketAddr> =
        (1..=nodes).map(|number| (Ipv4Addr::from_bits(0x7f01_0000 + number), 53).into()).collect();
    let host = |number| format!("host-{number}");
    let mut hosts: Vec<_> =
        (0..nodes).map(|number| (host(number), Ipv4Addr::from_bits(0x0a01_0000 + number).into())).collect();
    hosts.push(("db".to_owned(), "10.0.0.7".parse().unwrap()));
    keeper.serve(&addrs, &names(hosts.into_iter()));
    it_answers(addrs[0]);
    it_answers(addrs[addrs.len() - 1]);
}

fn it_answers(server: SocketAddr) {
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client.send_to(QUERY, server).unwrap();
    let mut reply = [0; 512];
    let len = client.recv(&mut reply).unwrap();
    assert_eq!(reply[len - 4..len], [10, 0, 0, 7]);

    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(&[&[0, u8::try_from(QUERY.len()).unwrap()], QUERY].concat()).unwrap();
    let mut over_stream = vec![0; 2 + len];
    stream.read_exact(&mut over_stream).unwrap();
    assert_eq!(over_stream[2..], reply[..len]);
}

fn it_is_shut_in(keeper: &Keeper) {
    let (_, status) = keeper.status();
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    assert_eq!(status["Threads"], "1");
    // The lab of root has a `nobody`; in the one of an ordinary user there is only root, who is that user.
    let id_map = fs::read_to_string("/proc/self/uid_map").unwrap();
    let everybody = id_map.split_whitespace().nth(2) != Some("1");
    let user = if everybody { NOBODY } else { 0 }.to_string();
    assert_eq!(status["Uid"], [user.as_str(); 4].join("\t"));
    // A few megabytes with a thousand nodes, in kB; what is the program's own text is shared with others.
    let memory: u64 = status["RssAnon"].trim_end_matches(" kB").parse().unwrap();
    println!("{memory} kB of memory");
    assert!(memory < 8 << 10, "{memory} kB");
}

/// When nobody asks, nothing runs.
fn it_sleeps(keeper: &Keeper) {
    let switches = || {
        let (_, status) = keeper.status();
        ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"].map(|key| status[key].clone())
    };
    // The end of the last connection may still have to be noticed.
    let deadline = Instant::now() + PATIENCE;
    let mut before = switches();
    while keeper.report(Duration::from_millis(300)).is_some() || switches() != before {
        assert!(Instant::now() < deadline, "it does not come to rest");
        before = switches();
    }
}

fn it_ends(keeper: Keeper) {
    let (pid, _) = keeper.status();
    drop(keeper);
    let deadline = Instant::now() + PATIENCE;
    // This process is the first one of the lab, and so the one that reaps it.
    while waitpid(pid, Some(WaitPidFlag::WNOHANG)).unwrap() != WaitStatus::Exited(pid, 0) {
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::yield_now();
    }
}
