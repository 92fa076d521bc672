//! A lab comes up, is looked at again, grows by a host, and goes.

use crate::support::file;
use crate::support::floor::{Drain, Floor};
use crate::support::machine::Machine;
use crate::support::spent::{Goal, Series, Spent, median, ratio, spend};

#[derive(Default)]
struct Life {
    floor: Series,
    bare: Series,
    floor_down: Series,
    up: Series,
    again: Series,
    more: Series,
    down: Series,
    /// Until the kernel has finished, seconds after the command has.
    floor_drained: Vec<f64>,
    drained: Vec<f64>,
}

pub(crate) fn measure(machine: &Machine, hosts: usize, rounds: usize) {
    println!("\nlife of a lab: {hosts} hosts, {}, {rounds} rounds by turns", machine.who());
    machine.write("lab.toml", &file::with_counts(hosts, 0));
    machine.write("more.toml", &file::with_counts(hosts, 1));
    let mut life = Life::default();
    for round in 0..rounds {
        // Who goes first finds the machine as the other has left it, so they take turns in that, too.
        if round % 2 == 0 {
            life.add_floor(machine, hosts);
            life.add_netyard(machine, hosts);
        } else {
            life.add_netyard(machine, hosts);
            life.add_floor(machine, hosts);
        }
    }
    life.print();
}

impl Life {
    fn add_floor(&mut self, machine: &Machine, hosts: usize) {
        let bare = Floor::up(machine, hosts, &["--bare"]);
        self.bare.push(bare.up);
        take_down(machine, || bare.down());
        let floor = Floor::up(machine, hosts, &[]);
        self.floor.push(floor.up);
        let (down, drained) = take_down(machine, || floor.down());
        self.floor_down.push(down);
        self.floor_drained.push(drained);
    }

    fn add_netyard(&mut self, machine: &Machine, hosts: usize) {
        let run = |arguments: &[&str]| spend(|| machine.run(arguments)).1;
        self.up.push(run(&["up", "lab.toml"]));
        let [first, last] = file::first_and_last(hosts);
        machine.run(&["-l", file::LAB, "ping", "-c", "1", &first, &last]);
        self.again.push(run(&["up", "lab.toml"]));
        self.more.push(run(&["up", "more.toml"]));
        let (down, drained) = take_down(machine, || run(&["down", file::LAB]));
        self.down.push(down);
        self.drained.push(drained);
    }

    fn print(&self) {
        self.floor.print("floor, up");
        self.bare.print("floor, up without names");
        self.floor_down.print("floor, down");
        self.up.print("netyard up");
        self.again.print("netyard up, nothing to do");
        self.more.print("netyard up, one host more");
        self.down.print("netyard down");
        let (drained, floor) =
            (median(self.drained.iter().copied()), median(self.floor_drained.iter().copied()));
        println!("  the kernel finished {drained:.3} s after netyard's down, {floor:.3} s after the floor's");
        ratio("up / floor", &self.up, &self.floor, Goal::AtMost(1.15));
        ratio("nothing to do / up", &self.again, &self.up, Goal::AtMost(0.10));
        ratio("one host more / up", &self.more, &self.up, Goal::AtMost(0.10));
        ratio("down / up", &self.down, &self.up, Goal::AtMost(0.25));
    }
}

/// Takes a network down and waits until the kernel has done its part, so that the next one has the machine to itself.
pub(crate) fn take_down(machine: &Machine, down: impl FnOnce() -> Spent) -> (Spent, f64) {
    let drain = Drain::new(machine);
    let spent = down();
    (spent, drain.wait())
}
