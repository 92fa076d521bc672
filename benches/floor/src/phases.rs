//! Where the time goes.

use std::fmt;
use std::time::{Duration, Instant};

/// A part of the work.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Phase {
    Sandbox,
    Namespaces,
    Settings,
    Cables,
    Hosts,
    Files,
    Names,
    Wait,
}

const NAMES: [&str; 8] = ["sandbox", "namespaces", "settings", "cables", "hosts", "files", "names", "wait"];

/// The time spent in each part. With several threads it is that of all of them.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Phases([Duration; NAMES.len()]);

impl Phases {
    /// Does `work` as a part of `phase`.
    pub(crate) fn time<T>(&mut self, phase: Phase, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.0[phase as usize] += start.elapsed();
        done
    }

    pub(crate) fn set(&mut self, phase: Phase, time: Duration) {
        self.0[phase as usize] = time;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }
}

impl fmt::Display for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, time) in NAMES.iter().zip(self.0) {
            writeln!(f, "{name} {:.6}", time.as_secs_f64())?;
        }
        Ok(())
    }
}
