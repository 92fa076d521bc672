//! Killed anywhere, refused anywhere: at every system call and request of `up` and `down`, the program is killed or is told that
//! it may not.
//!
//! An undisturbed run tells which sites it passes (`netyard_kernel::fault`), and each of them is then tried, several at a time. A
//! usual run takes the first and the last time of each site; `NETYARD_FAULTS=all` takes every single one.

mod keeper;
mod killed;
mod refused;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Netyard, Outcome, assert_same, own_name, wait_until};

/// A little of everything: two networks and a router between them, both families, static neighbours, a bridge with the spanning
/// tree (without ports, so that nobody waits for it), a route, a setting, names by DNS, and a view.
const FILE: &str = r#"
[names]
domain = "faults.test"
records = { www = { A = "10.1.0.12" } }
view.inside = { nodes = ["bert"], records = { www = { A = "10.1.0.13" } } }

[switch.lan]
subnet = ["10.0.0.0/24", "fd00::/64"]
neighbours = "static"

[switch.dmz]
subnet = "10.1.0.0/24"

[switch.spare]
stp = true

[router.gate]
on = ["lan", "dmz"]

[host.anna]
on = "lan"
sysctl = { "net.ipv4.ip_default_ttl" = 63 }

[host.bert]
on = "dmz"
routes = [{ to = "10.9.0.0/16", via = "gate" }]
"#;

/// Every kind of change: a node and a cable more, one less, other addresses, routes, settings, names, a bridge of another kind.
const EDITS: [(&str, &str); 5] = [
    (
        "[host.bert]\non = \"dmz\"",
        "[host.cleo]\non = \"lan\"\nmtu = 1400\n\n[host.dora]\non = \"dmz\"\naddress = \"10.1.0.66\"\naliases = [\"db\"]",
    ),
    ("nodes = [\"bert\"]", "nodes = [\"anna\"]"),
    ("10.9.0.0/16", "10.8.0.0/16"),
    (
        "\"net.ipv4.ip_default_ttl\" = 63",
        "\"net.ipv4.ip_default_ttl\" = 61, \"net.ipv4.conf.eth0.log_martians\" = 1",
    ),
    ("stp = true", "stp = false"),
];

/// Nodes of either file, by names that no sentence has by chance.
const NODES: [&str; 8] = ["anna", "bert", "cleo", "dora", "gate", "lan", "dmz", "spare"];

fn changed() -> String {
    EDITS.iter().fold(FILE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    })
}

/// A site, and for the how manieth time it is passed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Point {
    site: String,
    time: usize,
}

impl Point {
    fn kill(&self) -> String {
        format!("kill:{}:{}", self.site, self.time)
    }

    fn fail(&self, errno: &str) -> String {
        format!("fail:{}:{}:{errno}", self.site, self.time)
    }

    /// Whether something is changed here. Being killed before something is looked at is being killed behind the last change.
    fn is_change(&self) -> bool {
        const LOOKS: [&str; 16] = [
            "run-dir.look",
            "lab.read",
            "holder.open",
            "holder.read",
            "netns.list",
            "netns.open",
            "netns.enter",
            "observe",
            "settle",
            "netlink.open",
            "netlink.get",
            "netlink.receive",
            "mark.read",
            "files.read",
            "names.read",
            "sysctl.open",
        ];
        !LOOKS.iter().any(|look| self.site.starts_with(look)) && self.site != "sysctl.read"
    }
}

/// The points that a run passed which left this log. How often links are looked at until they carry is not the same each time; of what
/// comes then, only what was not there before can be told from it.
fn points(log: &[String]) -> Vec<Point> {
    let settles = log.iter().position(|site| site == "settle.enter").unwrap_or(log.len());
    let before: BTreeSet<&String> = log[..settles].iter().collect();
    let mut times: BTreeMap<&String, usize> = BTreeMap::new();
    let mut points = Vec::new();
    for (at, site) in log.iter().enumerate() {
        let time = times.entry(site).or_default();
        *time += 1;
        if at < settles || (!before.contains(site) && (*time == 1 || site.starts_with("keeper"))) {
            points.push(Point { site: site.clone(), time: *time });
        }
    }
    points
}

/// Whether every point is tried.
fn is_full() -> bool {
    std::env::var_os("NETYARD_FAULTS").is_some_and(|value| value == "all")
}

/// The first and the last of each site; of those that only look, the first.
fn sample(points: &[Point]) -> Vec<Point> {
    let last =
        |point: &Point| !points.iter().any(|other| other.site == point.site && other.time > point.time);
    let chosen = |point: &&Point| is_full() || point.time == 1 || point.is_change() && last(point);
    points.iter().filter(chosen).cloned().collect()
}

/// A place to be disturbed in.
struct Place {
    yard: Netyard,
    name: String,
    log: PathBuf,
    machine: BTreeSet<String>,
}

impl Place {
    fn new(test: &str) -> Option<Self> {
        let yard = Netyard::new()?;
        let (log, name) = (yard.folder().join("faults.log"), own_name(test));
        let place = Self { yard, name, log, machine: machine() };
        place.write(FILE);
        Some(place)
    }

    fn write(&self, text: &str) {
        self.yard.write("netyard.toml", format!("name = \"{}\"\n{text}", self.name));
    }

    /// Runs the program with faults, as a process group of its own, which is what is killed.
    fn disturbed(&self, line: &str, faults: &str) -> Outcome {
        fs::write(&self.log, "").unwrap();
        let mut command = self.yard.command(line.split_whitespace());
        command.env("NETYARD_FAULT_LOG", &self.log).env("NETYARD_FAULT", faults).process_group(0);
        Outcome::of(command, self.yard.folder().parent().unwrap())
    }

    /// The sites that the last disturbed run passed, in their order.
    fn passed(&self) -> Vec<String> {
        fs::read_to_string(&self.log).unwrap().lines().map(str::to_owned).collect()
    }

    /// The same; nothing if the point is not reached. A run may look once more (a list changed while it was read) or once less (nobody
    /// had learned an address that is to be forgotten), so `again` makes the place ready for one more try.
    fn disturbed_at(&self, line: &str, point: &Point, faults: &str, again: impl Fn()) -> Option<Outcome> {
        for _ in 0..3 {
            let outcome = self.disturbed(line, faults);
            if self.passed().iter().filter(|site| **site == point.site).count() >= point.time {
                return Some(outcome);
            }
            again();
        }
        eprintln!("{point:?} is not reached this time");
        None
    }

    /// The state is this one, once the links of cables that were laid again carry.
    fn assert_comes_back(&self, expected: &str, what: &str) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if self.yard.state() == expected {
                return;
            }
            thread::park_timeout(Duration::from_millis(20));
        }
        assert_same(&self.yard.state(), expected, what);
    }

    /// Takes the lab away; nothing of it is there then: no namespace, link, process, mount, file.
    fn take_down(&self) {
        self.yard.ok("down --all");
        self.yard.ok(&format!("down {}", self.name));
        self.assert_nothing_left();
    }

    fn assert_nothing_left(&self) {
        // A holder that nobody has written down ends by itself.
        wait_until("no process is left", || self.processes().is_empty());
        let left: Vec<_> = fs::read_dir(self.yard.run_dir())
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert!(left.is_empty(), "left behind: {left:?}");
        let place = self.yard.run_dir();
        // The next `up` makes it again.
        let _ = fs::remove_dir(&place);
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(place.to_str().unwrap()), "a mount is left: {mounts}");
        let more: Vec<_> = machine().difference(&self.machine).cloned().collect();
        assert!(more.is_empty(), "left on the machine: {more:?}");
    }

    /// The processes that came of a disturbed run and still run, and those that hold a lab of this name: who keeps a namespace is one
    /// of them, or was started by one.
    fn processes(&self) -> Vec<String> {
        let log = format!("NETYARD_FAULT_LOG={}\0", self.log.display());
        let held = format!("--hold-lab\0{}\0", self.name);
        let has = |path: PathBuf, text: &str| {
            fs::read(path).is_ok_and(|bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes()))
        };
        let all = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
        all.filter(|path| has(path.join("environ"), &log) || has(path.join("cmdline"), &held))
            .map(|path| {
                format!("{} {}", path.display(), fs::read_to_string(path.join("cmdline")).unwrap_or_default())
            })
            .collect()
    }
}

/// What a lab could leave on the machine itself: interfaces, and namespaces with names.
fn machine() -> BTreeSet<String> {
    let links = fs::read_to_string("/proc/net/dev").unwrap();
    let links = links.lines().filter_map(|line| Some(format!("link {}", line.split_once(':')?.0.trim())));
    let named = fs::read_dir("/run/netns").into_iter().flatten().flatten();
    links.chain(named.map(|entry| format!("namespace {}", entry.path().display()))).collect()
}

/// Does `work` for each point, several at a time, each in a place of its own that `prepare` has made ready. It says whether the
/// point was reached.
fn each<T>(
    test: &str,
    points: Vec<Point>,
    prepare: impl Fn(&Place) -> T + Sync,
    work: impl Fn(&Place, &T, &Point) -> bool + Sync,
) {
    let total = points.len();
    assert!(total > 5, "hardly anything to try: {points:?}");
    let (queue, reached) = (Mutex::new(points.into_iter()), AtomicUsize::new(0));
    // Many more than cores: what is killed is an orphan, and until somebody has reaped it, its lab is not gone. Where the machine's
    // first process does that now and then, as in some containers, most of the time is spent waiting.
    let workers = thread::available_parallelism().map_or(2, |cores| (cores.get() * 6).min(16)).min(total);
    thread::scope(|scope| {
        for worker in 0..workers {
            let (queue, reached, prepare, work) = (&queue, &reached, &prepare, &work);
            scope.spawn(move || {
                let place = Place::new(&format!("{test}{worker}")).expect("labs can be built here");
                let prepared = prepare(&place);
                loop {
                    let Some(point) = queue.lock().unwrap().next() else { break };
                    reached.fetch_add(usize::from(work(&place, &prepared, &point)), Ordering::Relaxed);
                }
                place.take_down();
            });
        }
    });
    let reached = reached.into_inner();
    // How often lists are read is not the same in every place.
    assert!(reached * 10 >= total * 9, "of {total} points only {reached} are reached");
}
