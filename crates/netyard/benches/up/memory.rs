//! What a lab costs while nothing happens: memory of its processes, memory of the kernel, processor time.

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;

use crate::life::take_down;
use crate::support::file;
use crate::support::floor::Floor;
use crate::support::machine::Machine;
use crate::support::spent::{Goal, figure, median, spend};

/// How long nothing is done.
const IDLE: Duration = Duration::from_secs(10);
/// How often the memory of the kernel is looked at until it holds still, at most, and how long between.
const LOOKS: u32 = 20;
const LOOK: Duration = Duration::from_millis(500);
/// A change in KB that counts as none.
const STILL: f64 = 512.0;
/// Hosts of a small lab.
const SMALL: usize = 4;

pub(crate) fn measure(machine: &Machine, hosts: usize, rounds: usize) {
    println!("\nmemory: {hosts} hosts against {SMALL}, {}, {rounds} rounds by turns", machine.who());
    let many = f64::from(u32::try_from(hosts).unwrap_or(u32::MAX));
    let (small, idle_small) = lab(machine, SMALL).processes;
    let mut each = BTreeMap::from([("netyard", Vec::new()), ("floor", Vec::new())]);
    let mut large = Vec::new();
    for _ in 0..rounds {
        let before = settled();
        let network = Floor::up(machine, hosts, &[]);
        each.entry("floor").or_default().push((settled() - before) / many);
        take_down(machine, || network.down());
        let lab = lab(machine, hosts);
        each.entry("netyard").or_default().push(lab.kernel / many);
        large.push(lab.processes);
    }
    let Some((large, idle_large)) = large.pop() else { return };
    for (name, processes) in [(SMALL, &small), (hosts, &large)] {
        let told: Vec<String> = processes.iter().map(|process| process.to_string()).collect();
        println!("  {name} hosts: {}", told.join("; "));
    }
    let sum = |processes: &[Process], what: fn(&Process) -> f64| processes.iter().map(what).sum::<f64>();
    figure("resident, small lab", sum(&small, |p| p.rss) / 1024.0, "MB", Goal::AtMost(15.0));
    let more = |what| (sum(&large, what) - sum(&small, what)) / many;
    figure("resident, each host more", more(|process| process.rss), "KB", Goal::AtMost(20.0));
    figure("own share (PSS), each host more", more(|process| process.pss), "KB", Goal::AtMost(20.0));
    let [floor, netyard] = ["floor", "netyard"].map(|name| median(each[name].iter().copied()));
    println!("  kernel memory: netyard {netyard:.1} KB a host, floor {floor:.1} KB a host");
    figure("kernel memory, netyard / floor", netyard / floor, "x", Goal::AtMost(1.0));
    let seconds = IDLE.as_secs();
    for (name, idle) in [(SMALL, idle_small), (hosts, idle_large)] {
        figure(&format!("ticks in {seconds} s, {name} hosts"), idle.ticks, "", Goal::AtMost(0.0));
        println!("  {:34} {:9} woken up", "", idle.switches);
    }
}

/// What a lab that was up had cost.
struct Cost {
    /// Of the kernel, in KB.
    kernel: f64,
    processes: (Vec<Process>, Idle),
}

fn lab(machine: &Machine, hosts: usize) -> Cost {
    machine.write("lab.toml", &file::with_counts(hosts, 0));
    let before = settled();
    machine.run(&["up", "lab.toml"]);
    let kernel = settled() - before;
    let pids = pids(machine);
    let start = Idle::of(&pids);
    thread::sleep(IDLE);
    let end = Idle::of(&pids);
    let processes = pids.iter().filter_map(|pid| Process::of(*pid)).collect();
    take_down(machine, || spend(|| machine.run(&["down", file::LAB])).1);
    let idle = Idle { ticks: end.ticks - start.ticks, switches: end.switches - start.switches };
    Cost { kernel, processes: (processes, idle) }
}

/// What the kernel uses when it has freed what it is about to free: much of that waits until all processors have let go of it.
fn settled() -> f64 {
    let mut last = kernel_memory();
    for _ in 0..LOOKS {
        thread::sleep(LOOK);
        let now = kernel_memory();
        if (now - last).abs() < STILL {
            return now;
        }
        last = now;
    }
    last
}

/// What the kernel uses for itself and for files in memory, in KB.
fn kernel_memory() -> f64 {
    let text = fs::read_to_string("/proc/meminfo").expect("there is a /proc");
    ["Slab:", "Percpu:", "KernelStack:", "PageTables:", "Shmem:"]
        .into_iter()
        .filter_map(|key| number_behind(&text, key))
        .sum()
}

fn number_behind(text: &str, key: &str) -> Option<f64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    rest.split_whitespace().next()?.parse().ok()
}

/// The holder of the lab and all that came of it.
fn pids(machine: &Machine) -> Vec<i32> {
    let record = machine.run_dir().join(file::LAB).join("lab.json");
    let text = fs::read_to_string(&record).expect("a lab has a record");
    let record: serde_json::Value = serde_json::from_str(&text).expect("the record is JSON");
    let holder =
        record["holder_pid"].as_i64().and_then(|pid| i32::try_from(pid).ok()).expect("it has a holder");
    let mut found = vec![holder];
    let parents: Vec<(i32, i32)> = fs::read_dir("/proc")
        .expect("there is a /proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid: i32| Some((pid, stat(pid)?.get(1)?.parse().ok()?)))
        .collect();
    let mut next = 0;
    while let Some(parent) = found.get(next).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found
}

/// The fields of proc_pid_stat(5) behind the name: the state, the parent, …
fn stat(pid: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit_once(") ")?.1.split(' ').map(str::to_owned).collect())
}

struct Process {
    name: String,
    /// In KB.
    rss: f64,
    pss: f64,
}

impl Process {
    fn of(pid: i32) -> Option<Self> {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim().to_owned();
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        Some(Self { name, rss: number_behind(&text, "Rss:")?, pss: number_behind(&text, "Pss:")? })
    }
}

impl std::fmt::Display for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:.1} MB (PSS {:.1})", self.name, self.rss / 1024.0, self.pss / 1024.0)
    }
}

/// What processes did.
#[derive(Clone, Copy)]
struct Idle {
    /// User and system time, in clock ticks.
    ticks: f64,
    switches: u64,
}

impl Idle {
    fn of(pids: &[i32]) -> Self {
        let mut idle = Self { ticks: 0.0, switches: 0 };
        for pid in pids {
            let fields = stat(*pid).unwrap_or_default();
            let used = fields.iter().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
            idle.ticks += used.sum::<f64>();
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            for key in ["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"] {
                let line = status.lines().find_map(|line| line.strip_prefix(key));
                idle.switches += line.and_then(|rest| rest.trim().parse::<u64>().ok()).unwrap_or(0);
            }
        }
        idle
    }
}
