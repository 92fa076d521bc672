//! CNAME records: each alone at its name (RFC 1034 §3.6.2), and none that leads back to itself.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use netyard_spec::{NameSpec, RecordSpec, RecordsSpec, Span};
use netyard_types::DomainName;

use super::scope::{Scope, node_of};
use super::{Beside, NameProblem};
use crate::draft::Draft;

/// Checks each entry by itself: it has records, and a CNAME record is alone.
pub(super) fn check_alone(draft: &mut Draft<'_>, scope: &Scope<'_>) {
    for (owner, entry) in scope.given {
        let holder = scope.holder(&draft.network, owner);
        let node = || node_of(&draft.network, scope.domain, owner).map(|id| draft.network[id].span.clone());
        let cname = entry.records.iter().find(|record| matches!(record.value, RecordSpec::Cname(_)));
        let other = entry.records.iter().find(|record| !matches!(record.value, RecordSpec::Cname(_)));
        let name = owner.clone();
        let found = match (cname, other) {
            (Some(cname), _) if owner == scope.domain => {
                Some((NameProblem::CnameNotAlone { name, beside: Beside::Domain }, &cname.span, None))
            }
            (Some(cname), other) => match (holder, other) {
                (Some(beside), _) => Some((NameProblem::CnameNotAlone { name, beside }, &cname.span, node())),
                (None, Some(other)) => {
                    let beside = Beside::Record(other.value.type_name());
                    let problem = NameProblem::CnameNotAlone { name, beside };
                    Some((problem, &cname.span, Some(other.span.clone())))
                }
                (None, None) => None,
            },
            (None, Some(_)) => match holder {
                Some(Beside::AliasOf(node_name)) => {
                    let problem = NameProblem::AliasNotAlone { name, node: node_name };
                    Some((problem, &entry.owner.span, node()))
                }
                _ => None,
            },
            // The time to live alone is that of the records that the name has anyway.
            (None, None) if entry.has_records || (holder.is_some() && entry.ttl.is_some()) => None,
            (None, None) => Some((NameProblem::NoRecord { name }, &entry.owner.span, None)),
        };
        if let Some((problem, span, also)) = found {
            draft.report.add(problem.into(), span.clone(), also);
        }
    }
}

/// No CNAME records lead in a circle. What all nodes see is checked once, and not again for each view.
pub(super) fn check_loops(draft: &mut Draft<'_>, scope: &Scope<'_>) {
    let mut seen = BTreeSet::new();
    for start in scope.given.keys() {
        let mut path: Vec<DomainName> = Vec::new();
        let mut next = Some(start.clone());
        while let Some(owner) = next.take() {
            if let Some(at) = path.iter().position(|before| *before == owner) {
                note_loop(draft, scope, &path[at..]);
            } else if seen.insert(owner.clone()) {
                let target = cname(scope, &owner).and_then(|(target, _)| target.in_domain(scope.domain).ok());
                next = target.and_then(|target| scope.owners.answering(&target));
                path.push(owner);
            }
        }
    }
}

fn note_loop(draft: &mut Draft<'_>, scope: &Scope<'_>, names: &[DomainName]) {
    if !names.iter().any(|name| scope.given.contains_key(name)) {
        return;
    }
    let mut places: Vec<(usize, Span, &DomainName)> = names
        .iter()
        .filter_map(|name| cname(scope, name).map(|(_, span)| (span.start, span.clone(), name)))
        .collect();
    // The circle begins where the file has its first record.
    let Some(first) = places.iter().enumerate().min_by_key(|(_, (start, ..))| *start).map(|(at, _)| at)
    else {
        return;
    };
    places.rotate_left(first);
    let names = places.iter().map(|(.., name)| (*name).clone()).collect();
    let mut spans = places.into_iter().map(|(_, span, _)| span);
    if let Some(span) = spans.next() {
        draft.report.add(NameProblem::CnameLoop { names }.into(), span, spans);
    }
}

/// The CNAME record of a name.
fn cname<'a>(scope: &Scope<'a>, name: &DomainName) -> Option<(&'a NameSpec, &'a Span)> {
    let entry: &RecordsSpec = scope.given.get(name).or_else(|| scope.below?.get(name))?;
    entry.records.iter().find_map(|record| match &record.value {
        RecordSpec::Cname(target) => Some((target, &record.span)),
        _ => None,
    })
}
