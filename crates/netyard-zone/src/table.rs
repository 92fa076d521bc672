//! A table by name: open addressing, filled once, read without allocating.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use crate::wire_name::{NameHash, WireName};

/// Values by names in lower case.
#[derive(Debug)]
pub(crate) struct Table<T> {
    /// Twice as many as there are values at least, a power of two: the bits of the hash, and the value's number plus one.
    slots: Vec<(u32, u32)>,
    entries: Vec<(Box<[u8]>, T)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { slots: vec![(0, 0); 8], entries: Vec::new() }
    }
}

impl<T> Table<T> {
    /// Whether there is nothing in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A value by its number: values are numbered as they came.
    pub(crate) fn nth(&self, number: usize) -> &T {
        &self.entries[number].1
    }

    /// The number of the value whose name has this hash and is what `is_name` says.
    pub(crate) fn position(&self, hash: NameHash, is_name: impl Fn(&[u8]) -> bool) -> Option<usize> {
        let mask = self.slots.len() - 1;
        let bits = hash.bits();
        let mut slot = bits as usize & mask;
        loop {
            let (found, number) = self.slots[slot];
            let number = (number as usize).checked_sub(1)?;
            if found == bits && is_name(&self.entries[number].0) {
                return Some(number);
            }
            slot = (slot + 1) & mask;
        }
    }

    /// The value whose name has this hash and is what `is_name` says.
    pub(crate) fn find(&self, hash: NameHash, is_name: impl Fn(&[u8]) -> bool) -> Option<&T> {
        self.position(hash, is_name).map(|number| self.nth(number))
    }

    /// The value of a name.
    pub(crate) fn get(&self, hash: NameHash, name: &[u8]) -> Option<&T> {
        self.find(hash, |key| key == name)
    }

    /// The number of the value of a name that is there or is put there now.
    pub(crate) fn entry(&mut self, hash: NameHash, name: &[u8], value: impl FnOnce() -> T) -> usize {
        if let Some(number) = self.position(hash, |key| key == name) {
            return number;
        }
        self.entries.push((name.into(), value()));
        if self.entries.len() * 2 > self.slots.len() {
            self.grow();
        } else {
            self.place(self.entries.len(), hash.bits());
        }
        self.entries.len() - 1
    }

    /// A value by its number, to be changed.
    pub(crate) fn nth_mut(&mut self, number: usize) -> &mut T {
        &mut self.entries[number].1
    }

    fn grow(&mut self) {
        self.slots = vec![(0, 0); self.slots.len() * 2];
        for number in 1..=self.entries.len() {
            let name = WireName::read(&self.entries[number - 1].0, 0).expect("only names are put here");
            self.place(number, name.hash().bits());
        }
    }

    fn place(&mut self, number: usize, bits: u32) {
        let mask = self.slots.len() - 1;
        let mut slot = bits as usize & mask;
        while self.slots[slot].1 != 0 {
            slot = (slot + 1) & mask;
        }
        self.slots[slot] = (bits, u32::try_from(number).expect("fewer than 2³² names"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use netyard_types::DomainName;

    #[test]
    fn every_name_is_found_again_and_no_other() {
        let name = |number: usize| WireName::of(&DomainName::new(format!("h{number}.office.test")).unwrap());
        let mut table = Table::default();
        for number in 0..3000 {
            let name = name(number);
            assert_eq!(table.entry(name.hash(), name.as_bytes(), || number), number);
            assert_eq!(table.entry(name.hash(), name.as_bytes(), || 0), number);
        }
        for number in 0..3000 {
            let name = name(number);
            assert_eq!(table.get(name.hash(), name.as_bytes()), Some(&number));
        }
        for number in 3000..6000 {
            let name = name(number);
            assert_eq!(table.get(name.hash(), name.as_bytes()), None);
        }
    }
}
