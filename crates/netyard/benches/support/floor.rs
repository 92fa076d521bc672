//! The floor program on its way up and down.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Instant;

use super::machine::Machine;
use super::spent::{Spent, spend};

/// A network of the floor program's that is up.
#[derive(Debug)]
pub(crate) struct Floor {
    child: Child,
    /// From the start of the program until it said that all is up, and the processor time of the process that made it.
    pub(crate) up: Spent,
}

impl Floor {
    pub(crate) fn up(machine: &Machine, hosts: usize, arguments: &[&str]) -> Self {
        let start = Instant::now();
        let mut child = machine
            .command(machine.path().join("floor"))
            .args(["up", &hosts.to_string(), "--hold"])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is there");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut parts = BTreeMap::new();
        while !parts.contains_key("total") {
            let (name, value) = read_line(&mut output);
            parts.insert(name, value);
        }
        let wall = start.elapsed().as_secs_f64();
        let up = Spent { wall, cpu: parts.get("cpu").copied().unwrap_or(f64::NAN) };
        Self { child, up }
    }

    /// Lets everything go: how long until the program has ended. The processor time would be that of all it did, so there is none.
    pub(crate) fn down(mut self) -> Spent {
        let ((), spent) = spend(|| {
            drop(self.child.stdin.take());
            assert!(self.child.wait().expect("it is our child").success(), "the floor program failed");
        });
        Spent { cpu: f64::NAN, ..spent }
    }
}

/// A namespace that is let go after all others: when it is gone, the kernel has finished with those before it.
#[derive(Debug)]
pub(crate) struct Drain {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Drain {
    pub(crate) fn new(machine: &Machine) -> Self {
        let mut child = machine
            .command(machine.path().join("floor"))
            .arg("drain")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program is there");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it is readable");
        assert_eq!(line.trim(), "ready");
        Self { child, output }
    }

    /// The seconds until the kernel has taken away what was let go.
    pub(crate) fn wait(mut self) -> f64 {
        let mut input = self.child.stdin.take().expect("it is piped");
        input.write_all(b"\n").expect("it reads a line");
        let (_, seconds) = read_line(&mut self.output);
        self.child.wait().expect("it is our child");
        seconds
    }
}

fn read_line(output: &mut BufReader<ChildStdout>) -> (String, f64) {
    let mut line = String::new();
    output.read_line(&mut line).expect("it is readable");
    let (name, value) = line.trim().split_once(' ').unwrap_or_else(|| panic!("the floor program failed"));
    (name.to_owned(), value.parse().expect("it prints numbers"))
}
