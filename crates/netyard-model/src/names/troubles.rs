//! What goes wrong on purpose, by whole names.

use alloc::collections::BTreeMap;

use netyard_spec::{Span, TroubleSpec};
use netyard_types::{DomainName, Troubles};

use super::owners::Owners;
use super::{NameProblem, targets};
use crate::draft::Draft;

/// Reads `trouble`. A name of the lab's domain must be one that somebody has; a whole name can be of anywhere.
pub(super) fn read(
    draft: &mut Draft<'_>,
    domain: &DomainName,
    owners: &Owners<'_>,
    entries: &[TroubleSpec],
) -> Troubles {
    let mut troubles = Troubles::default();
    let mut first: BTreeMap<DomainName, &Span> = BTreeMap::new();
    for entry in entries {
        let span = &entry.name.span;
        let Some(name) = &entry.name.value else {
            troubles.all = Some(entry.trouble);
            continue;
        };
        let Some(name) = targets::check_name(draft, domain, owners, name, span) else { continue };
        if let Some(first) = first.insert(name.clone(), span) {
            draft.report.add(NameProblem::DuplicateEntry { name }.into(), span.clone(), [first.clone()]);
        } else {
            troubles.names.insert(name, entry.trouble);
        }
    }
    troubles
}
