//! What goes wrong on purpose, by the name that is asked for.

use netyard_types::{Trouble, Troubles};

use crate::table::Table;
use crate::wire_name::WireName;

/// What goes wrong: [`Troubles`], ready to be looked up.
#[derive(Debug)]
pub(crate) struct TroubleIndex {
    all: Option<Trouble>,
    names: Table<Trouble>,
}

impl TroubleIndex {
    pub(crate) fn new(troubles: &Troubles) -> Self {
        let mut names = Table::default();
        for (name, trouble) in &troubles.names {
            let name = WireName::of(name);
            names.entry(name.hash(), name.as_bytes(), || *trouble);
        }
        Self { all: troubles.all, names }
    }

    /// What goes wrong with questions for `name` ([`Troubles::of`]).
    pub(crate) fn of(&self, name: &WireName) -> Option<Trouble> {
        let own = if self.names.is_empty() { None } else { self.names.get(name.hash(), name.as_bytes()) };
        own.copied().or(self.all)
    }
}
