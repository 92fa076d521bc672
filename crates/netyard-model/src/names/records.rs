//! The records of the file by their whole names.

use alloc::collections::BTreeMap;
use alloc::string::ToString;
use alloc::vec::Vec;

use netyard_spec::{NameSpec, RecordSpec, RecordsSpec, Span};
use netyard_types::{DomainName, Record, RecordData};

use super::{NameProblem, NameRecords};
use crate::draft::Draft;

/// What the file says of names, by the whole names.
pub(super) type Given<'a> = BTreeMap<DomainName, &'a RecordsSpec>;

/// The entries, one for a name. Those whose owners are no names of the domain are left out.
pub(super) fn by_owner<'a>(
    draft: &mut Draft<'_>,
    domain: &DomainName,
    entries: &'a [RecordsSpec],
) -> Given<'a> {
    let mut given = Given::new();
    for entry in entries {
        let span = &entry.owner.span;
        let Some(owner) = whole(draft, domain, &entry.owner.value, span) else { continue };
        if !owner.is_in(domain) {
            let problem = NameProblem::OutsideDomain { name: owner, domain: domain.clone() };
            draft.report.add(problem.into(), span.clone(), []);
        } else if let Some(first) = given.get(&owner) {
            let also = first.owner.span.clone();
            draft.report.add(NameProblem::DuplicateEntry { name: owner }.into(), span.clone(), [also]);
        } else {
            given.insert(owner, entry);
        }
    }
    given
}

/// The whole name.
pub(super) fn whole(
    draft: &mut Draft<'_>,
    domain: &DomainName,
    name: &NameSpec,
    span: &Span,
) -> Option<DomainName> {
    let whole = name.in_domain(domain);
    whole.map_err(|source| note_too_long(draft, &name.to_string(), domain, source, span)).ok()
}

/// Notes that a name of the domain is too long.
pub(super) fn note_too_long(
    draft: &mut Draft<'_>,
    name: &str,
    domain: &DomainName,
    source: netyard_types::DomainNameError,
    span: &Span,
) {
    let problem = NameProblem::NameTooLong { name: name.to_string(), domain: domain.clone(), source };
    draft.report.add(problem.into(), span.clone(), []);
}

/// The records as they are served.
pub(super) fn read(
    draft: &mut Draft<'_>,
    domain: &DomainName,
    given: &Given<'_>,
) -> BTreeMap<DomainName, NameRecords> {
    let mut read = BTreeMap::new();
    for (owner, entry) in given {
        let ttl = entry.ttl.as_ref().map(|ttl| ttl.value);
        let mut records = Vec::new();
        for record in &entry.records {
            let data = data(draft, domain, &record.value, &record.span);
            records.extend(data.map(|data| Record { ttl, data }));
        }
        let span = entry.owner.span.clone();
        read.insert(owner.clone(), NameRecords { records, ttl, span });
    }
    read
}

fn data(draft: &mut Draft<'_>, domain: &DomainName, record: &RecordSpec, span: &Span) -> Option<RecordData> {
    let mut whole = |name| whole(draft, domain, name, span);
    Some(match record {
        RecordSpec::A(addr) => RecordData::A(*addr),
        RecordSpec::Aaaa(addr) => RecordData::Aaaa(*addr),
        RecordSpec::Cname(target) => RecordData::Cname(whole(target)?),
        RecordSpec::Txt(text) => RecordData::Txt(text.clone()),
        RecordSpec::Srv { priority, weight, port, target } => {
            RecordData::Srv { priority: *priority, weight: *weight, port: *port, target: whole(target)? }
        }
        RecordSpec::Mx { preference, exchange } => {
            RecordData::Mx { preference: *preference, exchange: whole(exchange)? }
        }
    })
}
