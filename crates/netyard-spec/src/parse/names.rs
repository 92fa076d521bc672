//! `[names]` and its views.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::duration::time_to_live;
use super::fields::Fields;
use super::item::{Item, entries};
use super::records::{any_once, each_once, records};
use super::trouble::troubles;
use super::{Findings, domain, name, value};
use crate::key_table::NAMES_BY;
use crate::{Conflict, Finding, HostNamesBy, NameOf, NamesSpec, Problem, Spanned, Table, ViewSpec};

/// Reads `[names]`.
pub(super) fn names(item: Item<'_, '_>, found: &mut Findings) -> Option<NamesSpec> {
    let table = item.table(found)?;
    let mut fields = Fields::open(Table::Names, table, item.span(), found);
    let by = fields.read("by", found, by);
    if let Some(by) = by.as_ref().filter(|by| by.value != HostNamesBy::Dns) {
        note_without_server(by, &entries(table), found);
    }
    let names = NamesSpec {
        by,
        domain: fields.read("domain", found, domain::domain),
        ttl: fields.read("ttl", found, |item, found| value::duration_as(time_to_live, item, found)),
        server: any_once(&mut fields, "server", found, name::node_name),
        forward: any_once(&mut fields, "forward", found, domain::upstream),
        wildcard: any_once(&mut fields, "wildcard", found, value::node_or_address),
        records: fields.get("records").map(|item| records(item, found)).unwrap_or_default(),
        views: fields.get("view").map(|item| views(item, found)).unwrap_or_default(),
        troubles: fields.get("trouble").map(|item| troubles(item, found)).unwrap_or_default(),
    };
    fields.close();
    Some(names)
}

fn by(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<HostNamesBy>> {
    let word = value::word(item, NAMES_BY, found)?;
    let by = match word.value {
        "hosts" => HostNamesBy::Hosts,
        "none" => HostNamesBy::None,
        _ => HostNamesBy::Dns,
    };
    Some(Spanned::new(by, word.span))
}

/// Without a name server, nothing else that the table can say has a meaning.
fn note_without_server(by: &Spanned<HostNamesBy>, entries: &[Item<'_, '_>], found: &mut Findings) {
    let with = if by.value == HostNamesBy::Hosts { "hosts" } else { "none" };
    for item in entries.iter().filter(|item| item.key != "by" && Table::Names.key(item.key).is_some()) {
        let problem = Problem::ConflictingKeys {
            key: String::from(item.key),
            with: format!("by = \"{with}\""),
            reason: Conflict::NoNameServer,
        };
        found.push(Finding::new(problem, item.key_span()).with(by.span.clone()));
    }
}

fn views(item: Item<'_, '_>, found: &mut Findings) -> Vec<ViewSpec> {
    let Some(table) = item.table(found) else { return Vec::new() };
    entries(table).into_iter().filter_map(|item| view(item, found)).collect()
}

/// Reads one view. What stands under a name that is none is looked through for mistakes and left out.
fn view(item: Item<'_, '_>, found: &mut Findings) -> Option<ViewSpec> {
    let name = name::label(item.key, NameOf::View, item.key_span(), found);
    let mut fields = Fields::open(Table::View, item.table(found)?, item.span(), found);
    let nodes = each_once(&mut fields, "nodes", found, name::node_name);
    let records = fields.get("records").map(|item| records(item, found)).unwrap_or_default();
    let troubles = fields.get("trouble").map(|item| troubles(item, found)).unwrap_or_default();
    fields.close();
    let name = name.map(|name| Spanned::new(String::from(name.value.as_str()), name.span));
    Some(ViewSpec { name: name?, nodes, records, troubles })
}
