//! This server and dnsmasq, one after the other, in one namespace, with the same names and the same questions (dnsperf(1)):
//! how many queries one core answers in a second, and how late the latest answers come.
//!
//! `cargo bench -p netyard-names --bench dnsmasq -- SECONDS`. Where a core is the limit depends on who else uses it, so what counts
//! is the time that the server itself had (proc_pid_stat(5)).

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made fails by panicking")]

#[path = "../tests/process/keeper.rs"]
mod keeper;

use std::env;
use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use netyard_kernel::sandbox::{self, Fork};
use netyard_names::{NAMES_ARGUMENT, run_names};

use keeper::{Keeper, PATIENCE, names};

const NAMES: u32 = 1000;
/// How often each measurement is made; the one in the middle counts.
const ROUNDS: usize = 5;
/// The rate at which lateness is measured, in queries per second: far below what either can do.
const RATE: &str = "5000";

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some(NAMES_ARGUMENT) {
        return run_names();
    }
    for program in ["dnsmasq", "dnsperf"] {
        if let Err(error) = Command::new(program).arg("--version").output()
            && error.kind() == ErrorKind::NotFound
        {
            println!("skipped: {program} is not here");
            return ExitCode::SUCCESS;
        }
    }
    match sandbox::create() {
        Ok(Fork::Outside(child)) => {
            child.wait().unwrap();
            ExitCode::SUCCESS
        }
        Ok(Fork::Inside) => {
            sandbox::furnish().unwrap();
            measure();
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("skipped: {error}");
            ExitCode::SUCCESS
        }
    }
}

fn hosts() -> impl Iterator<Item = (String, IpAddr)> {
    (0..NAMES).map(|number| (format!("host-{number}"), Ipv4Addr::from_bits(0x0a00_0001 + number * 7).into()))
}

/// One of the two servers.
struct Server {
    name: &'static str,
    addr: &'static str,
    pid: i32,
}

fn measure() {
    let seconds = env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(3);
    let keeper = Keeper::start();
    keeper.serve(&["127.0.0.53:53".parse().unwrap()], &names(hosts()));
    let (pid, _) = keeper.status();
    let mut dnsmasq = start_dnsmasq();
    write_questions();
    let servers = [
        Server { name: "netyard", addr: "127.0.0.53", pid: pid.as_raw() },
        Server { name: "dnsmasq", addr: "127.0.0.54", pid: i32::try_from(dnsmasq.id()).unwrap() },
    ];
    println!("{:10} {:24} {:>12} {:>16} {:>8}", "server", "load", "queries/s", "queries/s/core", "lost");
    let loads = [("one client", 1, 100), ("many clients", 100, 200)];
    for (load, clients, outstanding) in loads {
        let mut per_core = Vec::new();
        // By turns, because the machine is not the same all the time.
        let rounds = (0..ROUNDS)
            .map(|_| servers.each_ref().map(|server| flood(server, seconds, clients, outstanding)));
        let rounds: Vec<_> = rounds.collect();
        for (number, server) in servers.iter().enumerate() {
            let mut runs: Vec<&Run> = rounds.iter().map(|round| &round[number]).collect();
            runs.sort_by(|a, b| a.per_core.total_cmp(&b.per_core));
            let run = runs[ROUNDS / 2];
            println!(
                "{:10} {load:24} {:12.0} {:16.0} {:>8}",
                server.name, run.per_second, run.per_core, run.lost
            );
            per_core.push(run.per_core);
        }
        println!("{:10} {load:24} {:29.2} times dnsmasq", "", per_core[0] / per_core[1]);
    }
    let rounds: Vec<_> =
        (0..ROUNDS).map(|_| servers.each_ref().map(|server| lateness(server, seconds))).collect();
    for (number, server) in servers.iter().enumerate() {
        let middle = |part: usize| {
            let mut parts: Vec<f64> = rounds.iter().map(|round| round[number][part]).collect();
            parts.sort_by(f64::total_cmp);
            parts[ROUNDS / 2]
        };
        let (name, p50, p99, p999) = (server.name, middle(0), middle(1), middle(2));
        println!("{name:10} {RATE} queries/s: p50 {p50:.0} us, p99 {p99:.0} us, p99.9 {p999:.0} us");
    }
    dnsmasq.kill().unwrap();
    dnsmasq.wait().unwrap();
}

fn start_dnsmasq() -> Child {
    let mut text = String::new();
    for (host, addr) in hosts() {
        writeln!(text, "{addr} {host}.office.test").unwrap();
    }
    fs::write("/run/hosts", text).unwrap();
    let options = "--keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --addn-hosts=/run/hosts \
                   --local=/office.test/ --local-ttl=60 --listen-address=127.0.0.54 --bind-interfaces \
                   --user=root --group=root --pid-file=/run/dnsmasq.pid --cache-size=10000";
    let child = Command::new("dnsmasq").args(options.split_whitespace()).spawn().unwrap();
    let deadline = Instant::now() + PATIENCE;
    let question = b"\0\x01\x01\0\0\x01\0\0\0\0\0\0\x06host-0\x06office\x04test\0\0\x01\0\x01";
    let client = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    client.connect("127.0.0.54:53").unwrap();
    while client.send(question).and_then(|_| client.recv(&mut [0; 512])).is_err() {
        assert!(Instant::now() < deadline, "dnsmasq does not answer");
    }
    child
}

/// All names, in an order that no cache likes, several times over.
fn write_questions() {
    let mut text = String::new();
    for number in 0..NAMES * 10 {
        writeln!(text, "host-{}.office.test A", number * 617 % NAMES).unwrap();
    }
    fs::write("/run/questions", text).unwrap();
}

struct Run {
    per_second: f64,
    per_core: f64,
    lost: String,
}

fn dnsperf(server: &Server, seconds: u32, more: &[&str]) -> String {
    let output = Command::new("dnsperf")
        .args(["-s", server.addr, "-d", "/run/questions", "-l", &seconds.to_string()])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// As many queries as the server answers.
fn flood(server: &Server, seconds: u32, clients: u32, outstanding: u32) -> Run {
    let before = cpu_seconds(server.pid);
    let text = dnsperf(server, seconds, &["-c", &clients.to_string(), "-q", &outstanding.to_string()]);
    let used = cpu_seconds(server.pid) - before;
    let field = |key: &str| {
        let line = text.lines().find_map(|line| line.trim().strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().to_owned()
    };
    let completed: f64 = field("Queries completed:").parse().unwrap();
    Run {
        per_second: field("Queries per second:").parse().unwrap(),
        per_core: completed / used,
        lost: field("Queries lost:"),
    }
}

/// How late half of the answers came at the most, and 99 % and 99.9 % of them, in microseconds.
fn lateness(server: &Server, seconds: u32) -> [f64; 3] {
    let text = dnsperf(server, seconds, &["-v", "-c", "10", "-Q", RATE]);
    let lines = text.lines().filter_map(|line| line.strip_prefix("> NOERROR "));
    let mut late: Vec<f64> = lines.map(|line| line.rsplit(' ').next().unwrap().parse().unwrap()).collect();
    late.sort_by(f64::total_cmp);
    [500, 990, 999].map(|part| late[late.len() * part / 1000] * 1e6)
}

/// The time that a process has had (fields 14 and 15 of proc_pid_stat(5), in hundredths of a second).
fn cpu_seconds(pid: i32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields = stat[stat.rfind(')').unwrap() + 2..].split(' ');
    fields.skip(11).take(2).map(|field| field.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}
