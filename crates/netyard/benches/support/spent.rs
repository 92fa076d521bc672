//! What something took, and how two such things compare.

use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// Time on the clock, and of the processors: user and system time of all processes that were waited for, in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Spent {
    pub(crate) wall: f64,
    pub(crate) cpu: f64,
}

impl Spent {
    /// Both, one behind the other.
    pub(crate) fn and(self, other: Self) -> Self {
        Self { wall: self.wall + other.wall, cpu: self.cpu + other.cpu }
    }
}

/// Measures `work`.
pub(crate) fn spend<T>(work: impl FnOnce() -> T) -> (T, Spent) {
    let (cpu, start) = (cpu_of_children(), Instant::now());
    let done = work();
    (done, Spent { wall: start.elapsed().as_secs_f64(), cpu: cpu_of_children() - cpu })
}

fn cpu_of_children() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process may ask what its children used");
    seconds(used.user_time()) + seconds(used.system_time())
}

fn seconds(time: TimeVal) -> f64 {
    let number = |value: i64| i32::try_from(value).map_or(f64::INFINITY, f64::from);
    number(time.tv_sec()) + number(time.tv_usec()) / 1e6
}

/// The value in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The same thing measured several times.
#[derive(Debug, Default, Clone)]
pub(crate) struct Series(Vec<Spent>);

impl Series {
    pub(crate) fn push(&mut self, spent: Spent) {
        self.0.push(spent);
    }

    pub(crate) fn wall(&self) -> f64 {
        median(self.0.iter().map(|spent| spent.wall))
    }

    pub(crate) fn cpu(&self) -> f64 {
        median(self.0.iter().map(|spent| spent.cpu))
    }

    /// Prints the medians and the quickest.
    pub(crate) fn print(&self, name: &str) {
        let least = self.0.iter().map(|spent| spent.wall).fold(f64::INFINITY, f64::min);
        let cpu = if self.cpu().is_nan() { "-".to_owned() } else { format!("{:.3} s", self.cpu()) };
        println!("  {name:34} {:9.3} s   quickest {least:9.3} s   cpu {cpu}", self.wall());
    }
}

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints a figure beside its goal.
pub(crate) fn figure(name: &str, value: f64, unit: &str, goal: Goal) {
    let (word, bound, met) = match goal {
        Goal::AtMost(bound) => ("at most", bound, value <= bound),
        Goal::AtLeast(bound) => ("at least", bound, value >= bound),
    };
    let verdict = if met { "met" } else { "MISSED" };
    println!("  {name:34} {value:9.3} {unit:5} goal: {word} {bound} {unit}: {verdict}");
}

/// Prints how two series compare: their medians on the clock beside the goal, and those of the processors.
pub(crate) fn ratio(name: &str, what: &Series, of: &Series, goal: Goal) {
    ratio_of_walls(name, what, of, goal);
    println!("  {:34} {:9.3} x     of the processors' time", "", what.cpu() / of.cpu());
}

/// The same for work whose processor time nobody sees.
pub(crate) fn ratio_of_walls(name: &str, what: &Series, of: &Series, goal: Goal) {
    figure(name, what.wall() / of.wall(), "x", goal);
}
