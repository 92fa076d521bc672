//! What a lab leaves traces of on the machine while it runs: processes, and the namespaces they are in.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

/// The kinds of namespaces that a lab has of its own, whoever runs it.
const KINDS: [&str; 3] = ["net", "mnt", "pid"];

/// The processes of a lab that runs.
#[derive(Debug)]
pub(crate) struct Traces {
    holder: i64,
    /// The holder's, by which other processes are known to be the lab's as long as it runs. The kernel gives their numbers to the
    /// next lab at once.
    namespaces: BTreeSet<PathBuf>,
    /// The processes there were, by number, with when they started.
    seen: BTreeMap<i64, String>,
}

impl Traces {
    /// Of the lab that `holder` holds.
    pub(crate) fn of(holder: i64) -> Self {
        let read = |kind: &&str| fs::read_link(format!("/proc/{holder}/ns/{kind}")).unwrap();
        let mut traces = Self { holder, namespaces: KINDS.iter().map(read).collect(), seen: BTreeMap::new() };
        let started = |pid: i64| Some((pid, Process::read(pid)?.started));
        traces.seen = traces.processes().into_keys().filter_map(started).collect();
        traces
    }

    /// The processes that were the lab's and still run.
    pub(crate) fn left(&self) -> Vec<i64> {
        let runs = |(pid, started): &(&i64, &String)| {
            Process::read(**pid).is_some_and(|process| process.started == **started)
        };
        self.seen.iter().filter(runs).map(|(pid, _)| *pid).collect()
    }

    /// The lab's processes, by number, with their names: those in its namespaces, and what these have started. The name server is
    /// in namespaces of its own.
    pub(crate) fn processes(&self) -> BTreeMap<i64, String> {
        let numbers = fs::read_dir("/proc").unwrap().flatten();
        let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let all: BTreeMap<i64, Process> =
            numbers.filter_map(|pid| Some((pid, Process::read(pid)?))).collect();
        let is_inside = |pid: i64| {
            let read = |kind: &&str| fs::read_link(format!("/proc/{pid}/ns/{kind}")).ok();
            KINDS.iter().filter_map(read).any(|namespace| self.namespaces.contains(&namespace))
        };
        let mut found: BTreeSet<i64> = all.keys().copied().filter(|pid| is_inside(*pid)).collect();
        loop {
            let more: Vec<i64> = all
                .iter()
                .filter(|(_, process)| found.contains(&process.parent))
                .map(|(pid, _)| *pid)
                .collect();
            let before = found.len();
            found.extend(more);
            if found.len() == before {
                break;
            }
        }
        all.into_iter()
            .filter(|(pid, _)| found.contains(pid))
            .map(|(pid, process)| (pid, process.name))
            .collect()
    }

    /// How many mounts the lab has.
    pub(crate) fn mounts(&self) -> usize {
        fs::read_to_string(format!("/proc/{}/mountinfo", self.holder)).unwrap().lines().count()
    }
}

/// How many files a process has open, and how much memory it has to itself, in kB. Memory that it only shares with its program's
/// file comes and goes with the machine's.
pub(crate) fn open_files_and_memory(pid: i64) -> (usize, u64) {
    let files = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    (files, memory.trim().trim_end_matches(" kB").parse().unwrap())
}

struct Process {
    name: String,
    parent: i64,
    started: String,
}

impl Process {
    /// What `/proc` tells of the process; `None` if it has ended, be it that nobody has asked for its end yet.
    fn read(pid: i64) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name is in brackets and may hold anything (proc_pid_stat(5)).
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let has_ended = matches!(*fields.first()?, "Z" | "X");
        let (parent, started) = (fields.get(1)?.parse().ok()?, String::from(*fields.get(19)?));
        (!has_ended).then(|| Self { name: name.to_owned(), parent, started })
    }
}
