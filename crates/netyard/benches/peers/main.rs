//! How long others take for the same network: mininet, and netavark, which attaches the containers of Podman.
//!
//! `cargo bench -p netyard --bench peers -- [mininet|netavark] [HOSTS [ROUNDS]] [--as-user]`: 100 hosts on one switch,
//! three rounds by turns. Who is not installed is left out. Both run in namespaces of their own and see nothing of the machine's network.

#![forbid(unsafe_code)]

mod mininet;
mod netavark;
mod stage;

#[path = "../support/mod.rs"]
mod support;

use std::env;

use support::machine::Machine;
use support::spent::{Series, spend};

/// A network of one switch, as mininet's `single` topology.
const LAB: &str = "peers";

fn main() {
    let numbers: Vec<usize> = env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let hosts = numbers.first().copied().unwrap_or(100).clamp(1, 1000);
    let rounds = numbers.get(1).copied().unwrap_or(3).max(1);
    let machine = Machine::new(env::args().any(|argument| argument == "--as-user"));
    let text = format!(
        "name = \"{LAB}\"\n[switch.s1]\nsubnet = \"10.0.0.0/16\"\n[host.h]\non = \"s1\"\ncount = {hosts}\n"
    );
    machine.write("peers.toml", &text);
    let is_named = |name: &str| env::args().any(|argument| argument == name);
    if !is_named("netavark") {
        mininet::measure(&machine, hosts, rounds);
    }
    if !is_named("mininet") {
        netavark::measure(&machine, hosts, rounds);
    }
}

/// Netyard's part of a comparison.
#[derive(Default)]
struct Netyard {
    up: Series,
    down: Series,
    both: Series,
}

impl Netyard {
    fn add(&mut self, machine: &Machine) {
        let (up, down) =
            (spend(|| machine.run(&["up", "peers.toml"])).1, spend(|| machine.run(&["down", LAB])).1);
        self.up.push(up);
        self.down.push(down);
        self.both.push(up.and(down));
    }
}

/// What is told of whom.
fn per_host(name: &str, series: &Series, hosts: usize) {
    let hosts = f64::from(u32::try_from(hosts).unwrap_or(u32::MAX));
    println!("  {name:34} {:9.3} ms a host", series.wall() * 1e3 / hosts);
}
