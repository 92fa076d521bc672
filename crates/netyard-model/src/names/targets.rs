//! Names that the file speaks of: each is one that somebody has.

use netyard_spec::{NameSpec, Span};
use netyard_types::DomainName;

use super::NameProblem;
use super::owners::Owners;
use super::records;
use super::scope::{Scope, node_of};
use crate::draft::Draft;
use crate::network::NodeId;

/// Checks the names that records lead to.
pub(super) fn check(draft: &mut Draft<'_>, scope: &Scope<'_>) {
    for entry in scope.given.values() {
        for record in &entry.records {
            if let Some(target) = record.value.target() {
                check_name(draft, scope.domain, scope.owners, target, &record.span);
            }
        }
    }
}

/// The whole name. A relative one must be one that somebody has: a whole name can be of anywhere.
pub(super) fn check_name(
    draft: &mut Draft<'_>,
    domain: &DomainName,
    owners: &Owners<'_>,
    name: &NameSpec,
    span: &Span,
) -> Option<DomainName> {
    let NameSpec::Relative(relative) = name else { return name.in_domain(domain).ok() };
    let whole = records::whole(draft, domain, name, span)?;
    if owners.answering(&whole).is_none() {
        match node_of(&draft.network, domain, &whole) {
            Some(node) => note_no_address(draft, node, span),
            None => {
                let problem = NameProblem::UnknownName {
                    name: relative.clone(),
                    domain: domain.clone(),
                    suggestion: owners.closest(relative),
                };
                draft.report.add(problem.into(), span.clone(), []);
            }
        }
    }
    Some(whole)
}

/// Notes that a node has no address, unless that only follows from another mistake.
pub(super) fn note_no_address(draft: &mut Draft<'_>, node: NodeId, span: &Span) {
    if !draft.suspect[node.index()] {
        let also = draft.network[node].span.clone();
        let problem = NameProblem::NoAddress { node: draft.network[node].name.clone() };
        draft.report.add(problem.into(), span.clone(), [also]);
    }
}
