//! What is to happen at a later time: the one place of the server where time is kept.

use std::collections::BTreeMap;
use std::time::Instant;

/// Things, each with the time that it is due.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    due: BTreeMap<TimerId, T>,
    next: u64,
}

/// One thing that is due at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TimerId {
    pub(crate) at: Instant,
    number: u64,
}

impl<T> Timers<T> {
    pub(crate) fn new() -> Self {
        Self { due: BTreeMap::new(), next: 0 }
    }

    pub(crate) fn set(&mut self, at: Instant, thing: T) -> TimerId {
        let id = TimerId { at, number: self.next };
        self.next += 1;
        self.due.insert(id, thing);
        id
    }

    pub(crate) fn cancel(&mut self, id: TimerId) {
        self.due.remove(&id);
    }

    /// When the next thing is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.first_key_value().map(|(id, _)| id.at)
    }

    /// Takes the thing that has been due for the longest time.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<T> {
        let first = self.due.first_entry()?;
        (first.key().at <= now).then(|| first.remove())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn things_come_when_they_are_due() {
        let mut timers = Timers::new();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        timers.set(at(2), "second");
        timers.set(at(1), "first");
        let cancelled = timers.set(at(1), "never");
        timers.set(at(2), "third");
        timers.cancel(cancelled);
        assert_eq!((timers.next(), timers.take_due(start)), (Some(at(1)), None));
        let taken: Vec<_> = std::iter::from_fn(|| timers.take_due(at(2))).collect();
        assert_eq!(taken, ["first", "second", "third"]);
        assert_eq!(timers.next(), None);
    }
}
