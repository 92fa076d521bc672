//! How much of what there is for all each of the askers has: nobody is to have so much that nothing is left for others.

use std::collections::BTreeMap;

use crate::asker::Source;

/// How many things, and how many bytes in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Share {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

impl Share {
    fn has_room(self, bytes: usize, most: Self) -> bool {
        self.count < most.count && bytes <= most.bytes.saturating_sub(self.bytes)
    }

    fn add(&mut self, bytes: usize) {
        self.count += 1;
        self.bytes += bytes;
    }

    fn subtract(&mut self, bytes: usize) {
        self.count -= 1;
        self.bytes -= bytes;
    }
}

/// Who has how much.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    all: Share,
    of: BTreeMap<Source, Share>,
}

impl Shares {
    /// Takes one thing for `source`, if there is still room for it: in all, and in what one may have.
    #[must_use]
    pub(crate) fn take(
        &mut self,
        source: &Source,
        bytes: usize,
        (most, most_of_one): (Share, Share),
    ) -> bool {
        let own = self.of.get(source).copied().unwrap_or_default();
        if !self.all.has_room(bytes, most) || !own.has_room(bytes, most_of_one) {
            return false;
        }
        self.all.add(bytes);
        self.of.entry(source.clone()).or_default().add(bytes);
        true
    }

    /// Gives back what [`Self::take`] took.
    pub(crate) fn give_back(&mut self, source: &Source, bytes: usize) {
        self.all.subtract(bytes);
        if let Some(own) = self.of.get_mut(source) {
            own.subtract(bytes);
            if own.count == 0 {
                self.of.remove(source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_share_and_all_have_an_end() {
        let source = |last: u8| Source::Address([10, 0, 0, last].into());
        let limits = (Share { count: 5, bytes: 100 }, Share { count: 2, bytes: 60 });
        let mut shares = Shares::default();
        assert!(shares.take(&source(1), 10, limits));
        // Too many bytes for one; then just as many as one may have; then too many things.
        assert!(!shares.take(&source(1), 51, limits));
        assert!(shares.take(&source(1), 50, limits));
        assert!(!shares.take(&source(1), 0, limits));
        // Too many bytes in all.
        assert!(!shares.take(&source(2), 41, limits));
        assert!(shares.take(&source(2), 40, limits));
        assert!(shares.take(&source(2), 0, limits));
        assert!(shares.take(&source(3), 0, limits));
        // Too many things in all.
        assert!(!shares.take(&source(4), 0, limits));
        for (last, bytes) in [(1, 10), (1, 50), (2, 40), (2, 0), (3, 0)] {
            shares.give_back(&source(last), bytes);
        }
        assert_eq!((shares.all, shares.of.len()), (Share::default(), 0));
    }
}
