//! A program that does its work in steps, one for each line it is given, in a world of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Instant;

use crate::support::machine::Machine;
use crate::support::spent::Spent;

/// Seconds after which a peer is given up.
const PATIENCE: &str = "300";

/// The program, with network, mount and PID namespaces of its own: what it ends with it is over, and what it ends by name is its
/// own.
pub(crate) struct Stage {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Stage {
    /// Starts the program. It is ready when it has written a line.
    pub(crate) fn start(machine: &Machine, arguments: &[&str]) -> Option<Self> {
        let kinds = if machine.is_root() { "-nmpf" } else { "-Urnmpf" };
        let mut child = machine
            .command("timeout")
            .args([PATIENCE, "unshare", kinds, "--mount-proc", "--kill-child"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("there is a shell");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut stage = Self { child, input, output };
        stage.wait().map(|()| stage)
    }

    /// The next step: its time on the clock.
    pub(crate) fn step(&mut self) -> Option<Spent> {
        let start = Instant::now();
        self.input.as_mut()?.write_all(b"\n").ok()?;
        self.wait()?;
        Some(Spent { wall: start.elapsed().as_secs_f64(), cpu: f64::NAN })
    }

    /// Waits for an empty line, whatever else is said before.
    fn wait(&mut self) -> Option<()> {
        let mut line = String::new();
        while self.output.read_line(&mut line).is_ok_and(|len| len > 0) {
            if line == "\n" {
                return Some(());
            }
            line.clear();
        }
        None
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
