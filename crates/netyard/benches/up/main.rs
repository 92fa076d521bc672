//! How near the life of a lab is to what the kernel needs for it.
//!
//! `cargo bench -p netyard --bench up -- [PART…] [HOSTS [ROUNDS]] [--as-user]`: the parts are `life` (up, up again, one host more,
//! down), `growth`, `memory`, `commands` (`exec` and `show`) and `file` (reading a large one); without any all are measured, with
//! 1,000 hosts in 5 rounds.
//!
//! What is compared is measured by turns in one run, and its medians are compared: the machine is not the same all the time.

#![forbid(unsafe_code)]

mod commands;
mod growth;
mod life;
mod memory;
mod reading;

#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::process::{Command, ExitCode, Stdio};

use support::machine::Machine;

const PARTS: [&str; 5] = ["file", "commands", "life", "memory", "growth"];

/// What is to be measured.
struct Wanted {
    parts: Vec<String>,
    hosts: usize,
    rounds: usize,
    as_user: bool,
}

fn main() -> ExitCode {
    let wanted = match Wanted::read() {
        Ok(wanted) => wanted,
        Err(word) => {
            eprintln!("unknown: {word}. The parts are {}", PARTS.join(", "));
            return ExitCode::FAILURE;
        }
    };
    let machine = Machine::new(wanted.as_user);
    if wanted.has("file") {
        reading::measure(10_000, wanted.rounds);
    }
    if let Err(reason) = can_run(&machine) {
        println!("the rest is skipped: this machine cannot run labs: {reason}");
        return ExitCode::SUCCESS;
    }
    if wanted.has("commands") {
        commands::measure(&machine, wanted.hosts, wanted.rounds);
    }
    if wanted.has("life") {
        life::measure(&machine, wanted.hosts, wanted.rounds);
    }
    if wanted.has("memory") {
        memory::measure(&machine, wanted.hosts, wanted.rounds);
    }
    if wanted.has("growth") {
        growth::measure(&machine, wanted.hosts, wanted.rounds);
    }
    ExitCode::SUCCESS
}

impl Wanted {
    fn read() -> Result<Self, String> {
        let (mut parts, mut numbers, mut as_user) = (Vec::new(), Vec::new(), false);
        for argument in env::args().skip(1) {
            match argument.as_str() {
                // What cargo says to every bench.
                "--bench" => {}
                "--as-user" => as_user = true,
                part if PARTS.contains(&part) => parts.push(argument),
                other => match other.parse::<usize>() {
                    Ok(number) if number > 0 && numbers.len() < 2 => numbers.push(number),
                    _ => return Err(argument),
                },
            }
        }
        let number = |place: usize, default| numbers.get(place).copied().unwrap_or(default);
        Ok(Self { parts, hosts: number(0, 1000), rounds: number(1, 5), as_user })
    }

    fn has(&self, part: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|wanted| wanted == part)
    }
}

/// Whether the machine permits what the floor program does, which a lab needs as well.
fn can_run(machine: &Machine) -> Result<(), String> {
    let mut command: Command = machine.command(machine.path().join("floor"));
    let output =
        command.args(["up", "2"]).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
