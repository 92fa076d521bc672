//! Whether twice the hosts take twice the time.

use crate::life::take_down;
use crate::support::file;
use crate::support::floor::Floor;
use crate::support::machine::Machine;
use crate::support::spent::{Goal, Series, figure, spend};

/// The sizes, as multiples of the first.
const TIMES: [usize; 3] = [1, 2, 4];

pub(crate) fn measure(machine: &Machine, hosts: usize, rounds: usize) {
    let sizes = TIMES.map(|times| hosts * times);
    println!("\ngrowth: {sizes:?} hosts, {}, {rounds} rounds by turns", machine.who());
    let mut series: [[Series; 2]; 3] = Default::default();
    for _ in 0..rounds {
        for (size, [floor, netyard]) in sizes.into_iter().zip(&mut series) {
            let network = Floor::up(machine, size, &[]);
            floor.push(network.up);
            take_down(machine, || network.down());
            machine.write("lab.toml", &file::with_counts(size, 0));
            netyard.push(spend(|| machine.run(&["up", "lab.toml"])).1);
            take_down(machine, || spend(|| machine.run(&["down", file::LAB])).1);
        }
    }
    for (size, [floor, netyard]) in sizes.into_iter().zip(&series) {
        let each = |seconds: f64| seconds * 1e3 / f64::from(u32::try_from(size).unwrap_or(u32::MAX));
        println!(
            "  {size:6} hosts: netyard {:.3} ms a host (cpu {:.3}), floor {:.3} ms a host (cpu {:.3})",
            each(netyard.wall()),
            each(netyard.cpu()),
            each(floor.wall()),
            each(floor.cpu())
        );
        figure(&format!("up / floor, {size} hosts"), netyard.wall() / floor.wall(), "x", Goal::AtMost(1.15));
    }
    let [first, .., last] = &series;
    for (number, name) in ["floor", "netyard"].into_iter().enumerate() {
        let growth = last[number].wall() / first[number].wall();
        println!("  {name}: {growth:.2} times as long for 4 times the hosts");
    }
}
