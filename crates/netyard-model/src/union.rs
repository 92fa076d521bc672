//! Disjoint sets: what is joined to what.

use alloc::vec::Vec;

/// Sets of numbers below a limit, at first one for each.
#[derive(Debug)]
pub(crate) struct DisjointSets {
    parent: Vec<usize>,
}

impl DisjointSets {
    /// `len` sets of one.
    pub(crate) fn new(len: usize) -> Self {
        Self { parent: (0..len).collect() }
    }

    /// The member that stands for the set of `x`.
    pub(crate) fn find(&mut self, mut x: usize) -> usize {
        while self.parent[x] != x {
            // Halving the path keeps the trees flat.
            self.parent[x] = self.parent[self.parent[x]];
            x = self.parent[x];
        }
        x
    }

    /// Joins two sets; false if they are one already.
    pub(crate) fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.find(a), self.find(b));
        self.parent[a.max(b)] = a.min(b);
        a != b
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_twice_joins_nothing() {
        let mut sets = DisjointSets::new(5);
        assert!(sets.join(4, 2));
        assert!(sets.join(2, 0));
        assert!(!sets.join(0, 4));
        assert_eq!(sets.find(4), 0);
        assert_ne!(sets.find(1), sets.find(3));
    }
}
