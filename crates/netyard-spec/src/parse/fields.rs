//! A table whose keys are known. The only way to a value leads through the table of keys.

use alloc::string::String;
#[cfg(debug_assertions)]
use alloc::vec::Vec;

use toml::de::DeTable;

use super::item::{Item, entries};
use super::{Findings, note};
use crate::{Problem, Span, Table, closest};

/// A table of the file that is being read.
pub(super) struct Fields<'t, 'i> {
    table: Table,
    entries: &'t DeTable<'i>,
    span: Span,
    #[cfg(debug_assertions)]
    asked: Vec<&'static str>,
}

impl<'t, 'i> Fields<'t, 'i> {
    /// Opens a table that stands at `span`, and notes its unknown and missing keys.
    pub(super) fn open(table: Table, entries: &'t DeTable<'i>, span: Span, found: &mut Findings) -> Self {
        let fields = Self {
            table,
            entries,
            span,
            #[cfg(debug_assertions)]
            asked: Vec::new(),
        };
        fields.note_unknown(found);
        for key in table.keys().filter(|key| key.required && !entries.contains_key(key.name)) {
            note(found, Problem::MissingKey { key: key.name, table }, fields.span.clone());
        }
        fields
    }

    fn note_unknown(&self, found: &mut Findings) {
        for item in entries(self.entries) {
            if self.table.key(item.key).is_some() {
                continue;
            }
            // A key in the wrong place is no misspelling.
            let elsewhere = Table::ALL.iter().copied().find(|table| table.key(item.key).is_some());
            let suggestion = match elsewhere {
                Some(_) => None,
                None => self.suggest(item.key),
            };
            let key = String::from(item.key);
            let problem = Problem::UnknownKey { key, table: self.table, elsewhere, suggestion };
            note(found, problem, item.key_span());
        }
    }

    /// The key that was probably meant: the same in upper case, as types of records are, or the one most alike.
    fn suggest(&self, key: &str) -> Option<&'static str> {
        let names = || self.table.keys().map(|key| key.name);
        names().find(|name| name.eq_ignore_ascii_case(key)).or_else(|| closest(key, names()))
    }

    /// Where the table stands.
    pub(super) fn span(&self) -> Span {
        self.span.clone()
    }

    /// The value of a key of the table.
    pub(super) fn get(&mut self, name: &'static str) -> Option<Item<'t, 'i>> {
        #[cfg(debug_assertions)]
        self.asked.push(name);
        self.entries.get_key_value(name).map(|(key, value)| Item::new(name, key.span(), value))
    }

    /// Reads the value of a key with `read`.
    pub(super) fn read<T>(
        &mut self,
        name: &'static str,
        found: &mut Findings,
        read: impl FnOnce(Item<'t, 'i>, &mut Findings) -> Option<T>,
    ) -> Option<T> {
        self.get(name).and_then(|item| read(item, found))
    }

    /// Reads each of the strings that a key has.
    pub(super) fn read_each<T>(
        &mut self,
        name: &'static str,
        found: &mut Findings,
        mut read: impl FnMut(Item<'t, 'i>, &mut Findings) -> Option<T>,
    ) -> alloc::vec::Vec<T> {
        let items = self.get(name).map(|item| item.one_or_more(found)).unwrap_or_default();
        items.into_iter().filter_map(|item| read(item, found)).collect()
    }

    /// Closes the table. The parser asks for each key of the table of keys and for no other: that is checked at every table
    /// of every file, so that a key can neither be explained and not read, nor be read and not explained.
    pub(super) fn close(self) {
        #[cfg(debug_assertions)]
        {
            let mut asked = self.asked;
            asked.sort_unstable();
            asked.dedup();
            let mut known: Vec<_> = self.table.keys().map(|key| key.name).collect();
            known.sort_unstable();
            debug_assert_eq!(asked, known, "the keys read and the keys explained of {}", self.table);
        }
    }
}
