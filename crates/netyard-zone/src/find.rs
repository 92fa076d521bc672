//! Finding a name (RFC 1034 §4.3.2): itself, the wildcard that stands for it (RFC 4592), or nothing.

use netyard_types::{NodeName, Trouble};

use crate::Zones;
use crate::index::{Entry, ViewIndex};
use crate::wire_name::{NameHash, WireName};

/// What is found at a name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Found<'a> {
    /// The name exists, or a wildcard stands for it.
    Entry(&'a Entry),
    /// There is no such name in the zone of this number.
    Nothing {
        /// The zone.
        zone: usize,
    },
    /// It is in none of the zones.
    Elsewhere,
}

impl Found<'_> {
    /// The zone that the name is in, whether it exists or not.
    pub(crate) fn zone(&self) -> Option<usize> {
        match self {
            Self::Entry(entry) => Some(entry.zone),
            Self::Nothing { zone } => Some(*zone),
            Self::Elsewhere => None,
        }
    }
}

/// The first label of a wildcard.
const ASTERISK: &[u8] = b"\x01*";

impl Zones {
    /// The view that a node has, if it has one of its own.
    pub(crate) fn view(&self, asker: Option<&NodeName>) -> Option<&ViewIndex> {
        if self.index.views.is_empty() {
            return None;
        }
        let number = self.index.view_of.get(asker?)?;
        self.index.views.get(*number)
    }

    /// What goes wrong with questions for `name`: what goes wrong for the asker, before what does for all.
    pub(crate) fn trouble(&self, name: &WireName, view: Option<&ViewIndex>) -> Option<Trouble> {
        view.and_then(|view| view.troubles.of(name)).or_else(|| self.index.troubles.of(name))
    }

    /// Finds `name`.
    pub(crate) fn find<'a>(&'a self, name: &WireName, view: Option<&'a ViewIndex>) -> Found<'a> {
        let hash = name.hash();
        match self.entry(hash, |key| key == name.as_bytes(), view) {
            Some(entry) => Found::Entry(entry),
            None => self.find_above(name, view),
        }
    }

    /// Finds what stands for `name`, which does not exist: the wildcard below the nearest name above it that exists, the closest
    /// encloser (RFC 4592 §3.3.1). From the apex down all names exist as far as there are any, so the first gap ends the search.
    fn find_above<'a>(&'a self, name: &WireName, view: Option<&'a ViewIndex>) -> Found<'a> {
        let mut hash = NameHash::ROOT;
        let mut closest: Option<(&[u8], NameHash, &Entry)> = None;
        for number in (1..name.labels()).rev() {
            hash = hash.below(name.label(number));
            let above = name.suffix(number);
            match self.entry(hash, |key| key == above, view) {
                Some(entry) => closest = Some((above, hash, entry)),
                None if closest.is_some() => break,
                None => {}
            }
        }
        let Some((above, hash, encloser)) = closest else { return Found::Elsewhere };
        let is_wildcard = |key: &[u8]| key.strip_prefix(ASTERISK).is_some_and(|rest| rest == above);
        match self.entry(hash.below(ASTERISK), is_wildcard, view) {
            Some(entry) => Found::Entry(entry),
            None => Found::Nothing { zone: encloser.zone },
        }
    }

    /// The entry of one name: the view's if the name has records there, else everybody's. A name that exists in the view only
    /// because of names below it takes nothing away.
    fn entry<'a>(
        &'a self,
        hash: NameHash,
        is_name: impl Fn(&[u8]) -> bool,
        view: Option<&'a ViewIndex>,
    ) -> Option<&'a Entry> {
        let own = view.and_then(|view| view.entries.find(hash, &is_name));
        match own {
            Some(entry) if entry.is_owner => own,
            _ => self.index.entries.find(hash, is_name).or(own),
        }
    }
}
