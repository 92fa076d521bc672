//! A machine of the test's own, as far as limits and mounts go: user and mount namespaces in which the test is root and may change
//! what it likes.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use super::{Netyard, Outcome, PROGRAM, has_programs};

/// A place whose program runs in namespaces apart.
pub(crate) struct Apart {
    pub(crate) yard: Netyard,
    /// Keeps the namespaces until its input ends.
    keeper: Child,
}

impl Apart {
    /// Such a place; `None`, and a line that says why, where this machine does not let us.
    pub(crate) fn new() -> Option<Self> {
        if !has_programs(&["unshare", "nsenter", "mount"]) {
            return None;
        }
        let yard = Netyard::new()?;
        let line = ["--user", "--map-root-user", "--mount", "sh", "-c", "echo ready && exec cat"];
        let mut command = yard.program("unshare", line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut keeper = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line != "ready\n" {
            eprintln!("skipped: this machine does not give a test namespaces of its own");
            keeper.wait().unwrap();
            return None;
        }
        Some(Self { yard, keeper })
    }

    /// Runs any program there.
    pub(crate) fn run_program<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Outcome {
        let pid = self.keeper.id().to_string();
        let folder = self.yard.folder();
        let enter =
            ["-t", &pid, "-U", "-m", "--preserve-credentials", "sh", "-c", "cd \"$0\" && exec \"$@\""];
        let mut command = self.yard.program("nsenter", enter);
        command.arg(folder).args(args);
        Outcome::of(command, self.yard.folder().parent().unwrap())
    }

    /// Runs a line of shell there, which has to succeed.
    #[track_caller]
    pub(crate) fn sh(&self, script: &str) -> String {
        self.run_program(["sh", "-c", script]).expect_code(0).stdout
    }

    /// Runs the program there with the words of `line` as its arguments.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_program([PROGRAM].into_iter().chain(line.split_whitespace()))
    }

    /// Runs the program there, which has to succeed.
    #[track_caller]
    pub(crate) fn ok(&self, line: &str) -> String {
        self.run(line).expect_code(0).stdout
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        let downed = self.run("down --all");
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
        if !std::thread::panicking() {
            downed.expect_code(0);
        }
    }
}
