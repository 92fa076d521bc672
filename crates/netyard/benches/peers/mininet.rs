//! Mininet: the `single` topology with its Linux bridge, started and stopped by its own interface.

use std::process::{Command, Stdio};

use crate::stage::Stage;
use crate::support::machine::{Machine, is_here};
use crate::support::spent::{Goal, Series, ratio_of_walls};
use crate::{Netyard, per_host};

/// Without the time that the interpreter takes to start, and without controllers, which Netyard has none of either.
const PROGRAM: &str = "
import sys
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo
print(flush=True)
sys.stdin.readline()
net = Mininet(topo=SingleSwitchTopo(int(sys.argv[1])), switch=LinuxBridge, controller=None)
net.start()
print(flush=True)
sys.stdin.readline()
net.stop()
print(flush=True)
";

/// Debian's packages are those of the system's interpreter.
const PYTHON: &str = "/usr/bin/python3";

pub(crate) fn measure(machine: &Machine, hosts: usize, rounds: usize) {
    println!("\nmininet: {hosts} hosts on one switch, {}, {rounds} rounds by turns", machine.who());
    if let Some(missing) = ["mnexec", "brctl", "ifconfig", PYTHON].into_iter().find(|name| !is_here(name)) {
        return println!("  skipped: {missing} is not here (Debian: mininet, bridge-utils)");
    }
    let imported = Command::new(PYTHON).args(["-c", "import mininet.net"]).stderr(Stdio::null()).status();
    if !imported.is_ok_and(|status| status.success()) {
        return println!("  skipped: {PYTHON} has no mininet");
    }
    let (mut netyard, mut both, mut start) = (Netyard::default(), Series::default(), Series::default());
    for _ in 0..rounds {
        netyard.add(machine);
        let count = hosts.to_string();
        let steps = Stage::start(machine, &[PYTHON, "-c", PROGRAM, &count])
            .and_then(|mut stage| Some((stage.step()?, stage.step()?)));
        let Some((up, down)) = steps else {
            return println!("  given up: mininet failed or took too long");
        };
        start.push(up);
        both.push(up.and(down));
    }
    per_host("mininet, start", &start, hosts);
    per_host("mininet, start and stop", &both, hosts);
    per_host("netyard, up", &netyard.up, hosts);
    per_host("netyard, up and down", &netyard.both, hosts);
    ratio_of_walls("mininet / netyard", &both, &netyard.both, Goal::AtLeast(25.0));
}
