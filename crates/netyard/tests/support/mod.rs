//! What the tests of the command share: a place of one's own to run the program in, and what came of running it.
//!
//! Every [`Netyard`] has a directory for its labs that nobody else knows, so tests run at the same time and may use the same
//! names. When it goes, it takes all of its labs down and looks whether anything is left.

mod apart;
mod outcome;
mod pages;
mod same;
mod traces;
mod wait;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) use apart::Apart;
pub(crate) use outcome::Outcome;
pub(crate) use pages::assert_page;
pub(crate) use same::assert_same;
pub(crate) use traces::{Traces, open_files_and_memory};
pub(crate) use wait::{wait_for, wait_until};

/// Where programs are looked for. `ip` and `bridge` are in a directory that the search path of an ordinary user often lacks.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_netyard");

/// The program with a directory for its labs, a folder to be called in, and a home, all of them its own.
pub(crate) struct Netyard {
    dir: TempDir,
}

impl Netyard {
    /// A place in which labs can be built; `None`, and a line that says why, where this machine does not let us.
    pub(crate) fn new() -> Option<Self> {
        match &*REFUSED {
            None => Some(Self::without_kernel()),
            Some(reason) => {
                eprintln!("skipped: {reason}");
                None
            }
        }
    }

    /// A place for commands that build nothing.
    pub(crate) fn without_kernel() -> Self {
        let dir = tempfile::Builder::new().prefix("netyard-test-").tempdir().unwrap();
        for name in ["work", "home", "tmp"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    /// A place where the file `text` is `netyard.toml`, and its lab is up.
    pub(crate) fn with_lab(text: &str) -> Option<Self> {
        let yard = Self::new()?;
        yard.write("netyard.toml", text);
        yard.ok("up");
        Some(yard)
    }

    /// The folder in which the program is called.
    pub(crate) fn folder(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// Where the program keeps its labs.
    pub(crate) fn run_dir(&self) -> PathBuf {
        self.dir.path().join("run")
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The program with these arguments, ready to be started.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.program(PROGRAM, args)
    }

    /// Any program, in this place.
    pub(crate) fn program<A: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.folder())
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .env("HOME", self.dir.path().join("home"))
            .env("TMPDIR", self.dir.path().join("tmp"))
            .env("LC_ALL", "C")
            .env("NO_COLOR", "1")
            .env("NETYARD_RUN_DIR", self.run_dir())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with the words of `line` as its arguments.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_args(line.split_whitespace())
    }

    /// Runs the program with these arguments.
    pub(crate) fn run_args<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Outcome {
        Outcome::of(self.command(args), self.dir.path())
    }

    /// Runs the program, which has to succeed, and gives what it printed.
    pub(crate) fn ok(&self, line: &str) -> String {
        self.run(line).expect_code(0).stdout
    }

    /// Runs the program, which has to succeed, and reads the JSON that it printed.
    pub(crate) fn json(&self, line: &str) -> Value {
        serde_json::from_str(&self.ok(line)).unwrap()
    }

    /// Runs a line of shell on a node.
    pub(crate) fn sh(&self, node: &str, script: &str) -> Outcome {
        self.run_args(["exec", node, "--", "sh", "-c", script])
    }

    /// Writes `netyard.toml` anew and brings the lab to it. Gives what `up` said.
    pub(crate) fn change(&self, text: &str) -> String {
        self.write("netyard.toml", text);
        self.ok("up")
    }

    /// One packet from `from` to each of `to`, by name or by address; every first packet has to be answered.
    pub(crate) fn assert_reaches<T: AsRef<str>>(&self, from: &str, to: impl IntoIterator<Item = T>) {
        let mut args = vec![String::from("ping"), from.to_owned()];
        args.extend(to.into_iter().map(|to| to.as_ref().to_owned()));
        assert!(args.len() > 2, "nobody to reach from {from}");
        args.extend(["-c", "1"].map(String::from));
        self.run_args(args).expect_code(0);
    }

    /// No packet from `from` to each of `to` is answered.
    pub(crate) fn assert_cut_off(&self, from: &str, to: &[&str]) {
        for to in to {
            let outcome = self.run_args(["ping", from, to, "-c", "1", "-W", "0.3"]);
            assert_eq!(outcome.code, Some(1), "{from} reaches {to}: {outcome}");
            assert!(outcome.stdout.contains("0 answered"), "{outcome}");
        }
    }

    /// The live state of the kernel, a line for every thing that does not change by itself.
    pub(crate) fn state(&self) -> String {
        ["links", "addresses", "routes", "names"]
            .map(|table| settled_rows(table, &self.json(&format!("show {table} --json"))).join("\n") + "\n")
            .concat()
    }

    /// The processes that hold the labs of this place.
    pub(crate) fn holders(&self) -> BTreeSet<i64> {
        let labs = self.json("ls --json");
        labs["labs"].as_array().unwrap().iter().filter_map(|lab| lab["holder_pid"].as_i64()).collect()
    }
}

/// The rows of an answer of `show`, a line each, without what the kernel changes by itself.
pub(crate) fn settled_rows(table: &str, answer: &Value) -> Vec<String> {
    let is_settled = |row: &&Value| match table {
        // Learned entries come and go.
        "neighbours" => row["state"] == "permanent",
        // The kernel keeps or drops this one by the order in which links came up; its `local` table is what counts.
        "routes" => row["to"] != "::1/128",
        _ => true,
    };
    let rows = answer[table].as_array().unwrap().iter().filter(is_settled).cloned();
    rows.map(|mut row| {
        if row["bridge"]["stp"] == true {
            // While the spanning tree changes, the kernel forgets addresses sooner (IEEE 802.1D §7.9.2) and shows that.
            row["bridge"]["ageing_cs"].take();
        }
        format!("{table} {row}")
    })
    .collect()
}

impl Drop for Netyard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // The fault is told already; only clean up.
            let _ = self.command(["down", "--all"]).output();
            return;
        }
        let holders = self.holders();
        self.ok("down --all");
        for pid in holders {
            assert!(!is_holder(pid), "the holder {pid} outlives its lab");
        }
        for place in [self.run_dir(), self.dir.path().join("tmp")] {
            let left: Vec<_> =
                fs::read_dir(&place).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
            assert!(left.is_empty(), "left behind: {left:?}");
        }
    }
}

/// Whether the process runs and holds a lab.
pub(crate) fn is_holder(pid: i64) -> bool {
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("--hold-lab"))
}

/// A lab's name that no other test has, so that its holders can be told from others'.
pub(crate) fn own_name(test: &str) -> String {
    format!("{test}-{}", std::process::id())
}

/// The holders of labs with this name, whoever's they are.
pub(crate) fn holders_named(name: &str) -> Vec<i64> {
    let pids =
        fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let command_line = format!("netyard\0--hold-lab\0{name}\0");
    let holds = |pid: &i64| {
        fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(&command_line))
    };
    pids.filter(holds).collect()
}

/// Ends the holders of labs with this name, so that a fault leaves nothing on the machine, and says which there were.
pub(crate) fn end_holders(name: &str) -> Vec<i64> {
    let left = holders_named(name);
    for holder in &left {
        kill(Pid::from_raw((*holder).try_into().unwrap()), Signal::SIGKILL).unwrap();
    }
    left
}

/// Why no lab can be built here, if that is so.
static REFUSED: LazyLock<Option<String>> = LazyLock::new(|| {
    let yard = Netyard::without_kernel();
    let answer: Value = serde_json::from_str(&yard.run("doctor --json").stdout).unwrap();
    let missing = answer["checks"].as_array().unwrap().iter().find(|check| check["verdict"] == "missing")?;
    Some(format!("labs cannot run here, {}: {}", missing["name"], missing["detail"]))
});

/// Whether all of these programs are installed; says which is not.
pub(crate) fn has_programs(programs: &[&str]) -> bool {
    let is_there = |program: &str| SEARCH_PATH.split(':').any(|dir| Path::new(dir).join(program).is_file());
    match programs.iter().find(|program| !is_there(program)) {
        None => true,
        Some(program) => {
            eprintln!("skipped: `{program}` is not installed");
            false
        }
    }
}

/// Whether this process was started with the signal ignored, as a shell starts what it puts in the background: a command that it
/// starts ignores the signal too then. Says that it is left out.
pub(crate) fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let is_ignored = u64::from_str_radix(mask.trim(), 16).unwrap() & 1 << (signal as i32 - 1) != 0;
    if is_ignored {
        eprintln!("skipped: {signal} is ignored here");
    }
    is_ignored
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// The text of an example's `netyard.toml`.
pub(crate) fn example(name: &str) -> String {
    fs::read_to_string(repository("examples").join(name).join("netyard.toml")).unwrap()
}
