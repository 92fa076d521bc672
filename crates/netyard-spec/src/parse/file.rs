//! The top of the file.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use netyard_types::{NodeKind, NodeName};
use toml::de::DeTable;

use super::fields::Fields;
use super::item::{Item, entries};
use super::{Findings, cable, name, names, node, note, value};
use crate::key::allowable_codes;
use crate::{Code, Finding, NodeSpec, Problem, Span, Spanned, Spec, Table, closest};

/// Reads the whole file.
pub(super) fn file(root: &DeTable<'_>, found: &mut Findings) -> Spec {
    let mut fields = Fields::open(Table::File, root, 0..0, found);
    let spec = Spec {
        name: fields.read("name", found, name::lab_name),
        comment: fields.read("comment", found, value::comment),
        names: fields.read("names", found, names::names),
        allow: fields.read_each("allow", found, code),
        nodes: nodes(&mut fields, found),
        cables: fields.get("cable").map(|item| cables(item, found)).unwrap_or_default(),
    };
    fields.close();
    spec
}

fn code(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<Code>> {
    let text = item.text(found)?;
    let problem = match text.parse::<Code>() {
        Ok(code) if code.is_allowable() => return Some(Spanned::new(code, item.span())),
        Ok(code) => Problem::NotAllowable { code },
        Err(_) => {
            Problem::UnknownCode { text: String::from(text), suggestion: closest(text, allowable_codes()) }
        }
    };
    note(found, problem, item.span());
    None
}

/// The nodes of all kinds in the order of the file. Of two with one name the first is kept.
fn nodes(fields: &mut Fields<'_, '_>, found: &mut Findings) -> Vec<NodeSpec> {
    let kinds = [("switch", NodeKind::Switch), ("host", NodeKind::Host), ("router", NodeKind::Router)];
    let mut nodes: Vec<NodeSpec> = Vec::new();
    for (key, kind) in kinds {
        let table = fields.get(key).and_then(|item| item.table(found));
        let items = table.map(entries).unwrap_or_default();
        nodes.extend(items.into_iter().filter_map(|item| node::node(kind, item, found)));
    }
    nodes.sort_by_key(|node| node.name.span.start);
    let mut first_of: BTreeMap<NodeName, (NodeKind, Span)> = BTreeMap::new();
    nodes.retain(|node| {
        let Some((first, span)) = first_of.get(&node.name.value) else {
            first_of.insert(node.name.value.clone(), (node.kind(), node.name.span.clone()));
            return true;
        };
        let problem = Problem::DuplicateName { name: node.name.value.clone(), first: *first };
        found.push(Finding::new(problem, node.name.span.clone()).with(span.clone()));
        false
    });
    nodes
}

fn cables(item: Item<'_, '_>, found: &mut Findings) -> Vec<crate::CableSpec> {
    item.elements(found).into_iter().filter_map(|item| cable::cable(item, found)).collect()
}
