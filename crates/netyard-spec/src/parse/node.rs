//! `[host.NAME]`, `[router.NAME]` and what all nodes have.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use netyard_types::{NameError, NodeKind, NodeName};

use super::fields::Fields;
use super::item::{Item, entries};
use super::{Findings, name, note, port, route, switch, sysctl, value};
use crate::key_table::{COUNT, ROUTING};
use crate::{
    Conflict, Finding, NameOf, NodeBody, NodeSpec, PortSpec, Problem, Span, Spanned, StationSpec, Table,
    ValueError,
};

/// Reads one node. What stands under a name that no node can have is looked through for mistakes and left out.
pub(super) fn node(kind: NodeKind, item: Item<'_, '_>, found: &mut Findings) -> Option<NodeSpec> {
    let name = name::new_name(item.key, NameOf::Node, item.key_span(), found);
    let table = match kind {
        NodeKind::Host => Table::Host,
        NodeKind::Router => Table::Router,
        NodeKind::Switch => Table::Switch,
    };
    let mut fields = Fields::open(table, item.table(found)?, item.span(), found);
    let body = match kind {
        NodeKind::Host => NodeBody::Host(host(item.key, &mut fields, found)),
        NodeKind::Router => NodeBody::Router(router(&mut fields, found)),
        NodeKind::Switch => NodeBody::Switch(switch::switch(&mut fields, found)),
    };
    let comment = fields.read("comment", found, value::comment);
    let sysctl = fields.get("sysctl").map(|item| sysctl::settings(item, None, found)).unwrap_or_default();
    fields.close();
    Some(NodeSpec { name: name?, comment, sysctl, body })
}

fn router(fields: &mut Fields<'_, '_>, found: &mut Findings) -> StationSpec {
    let mut router = station(fields, found);
    router.no_routing = fields
        .read("routing", found, |item, found| value::word(item, ROUTING, found))
        .is_some_and(|word| word.value == "none");
    router
}

fn host(name: &str, fields: &mut Fields<'_, '_>, found: &mut Findings) -> StationSpec {
    let mut host = station(fields, found);
    let Some(item) = fields.get("count") else { return host };
    // Even a wrong count says that these are several hosts.
    let uses = fields_used_twice(&mut host);
    for (key, span) in uses {
        note_conflict(key, span, ("count", item.key_span()), Conflict::UsedTwice, found);
    }
    host.count = count(name, item, found);
    host
}

fn count(name: &str, item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<u32>> {
    let count = match item.integer(COUNT, found)? {
        Ok(count) => count,
        Err(text) if text == "0" => {
            note(found, Problem::CountZero, item.span());
            return None;
        }
        Err(text) => {
            let (min, max) = (COUNT.0.into(), COUNT.1.into());
            item.invalid(ValueError::OutOfRange { found: text, min, max }, found);
            return None;
        }
    };
    let last = format!("{name}{count}");
    // A name that is wrong by itself has been noted.
    if let (Ok(_), Err(source @ NameError::TooLong { .. })) =
        (NodeName::new(name), NodeName::new(last.clone()))
    {
        note(found, Problem::InvalidName { text: last, what: NameOf::Node, source }, item.span());
        return None;
    }
    Some(Spanned::new(count, item.span()))
}

/// Takes out of a host what only one of several can have, and says where it stood.
fn fields_used_twice(host: &mut StationSpec) -> Vec<(&'static str, Span)> {
    let mut uses = Vec::new();
    let ports = host.ports.iter_mut().map(|port| &mut port.settings);
    for settings in core::iter::once(&mut host.first_port).chain(ports) {
        // No address at all is something that all of them can have.
        if let Some(address) = settings.address.take_if(|address| !address.value.is_empty()) {
            uses.push(("address", address.span));
        }
        if let Some(mac) = settings.mac.take() {
            uses.push(("mac", mac.span));
        }
    }
    let aliases = core::mem::take(&mut host.aliases);
    if let (Some(first), Some(last)) = (aliases.first(), aliases.last()) {
        uses.push(("aliases", first.span.start..last.span.end));
    }
    uses
}

fn station(fields: &mut Fields<'_, '_>, found: &mut Findings) -> StationSpec {
    let on_item = fields.get("on");
    let ports_item = fields.get("ports");
    let mut station = StationSpec {
        count: None,
        on: on_item.map(|item| each(item, found, name::node_name)).unwrap_or_default(),
        first_port: port::settings(fields, found),
        ports: ports_item.map(|item| ports(item, found)).unwrap_or_default(),
        aliases: fields.read_each("aliases", found, name::alias),
        gateway: fields.get("gateway").map(|item| route::gateways(item, found)).unwrap_or_default(),
        routes: fields.get("routes").map(|item| route::routes(item, found)).unwrap_or_default(),
        no_routing: false,
    };
    let has_first_port = on_item.is_some_and(|item| !item.is_empty_list());
    if let (false, Some(ports)) = (has_first_port, ports_item) {
        let first = core::mem::take(&mut station.first_port);
        let uses = [
            ("address", first.address.map(|address| address.span)),
            ("mac", first.mac.map(|mac| mac.span)),
            ("mtu", first.mtu.map(|mtu| mtu.span)),
        ];
        for (key, span) in uses {
            let Some(span) = span else { continue };
            note_conflict(key, span, ("ports", ports.key_span()), Conflict::NoFirstPort, found);
        }
    }
    station
}

fn each<'t, 'i, T>(
    item: Item<'t, 'i>,
    found: &mut Findings,
    read: impl Fn(Item<'t, 'i>, &mut Findings) -> Option<T>,
) -> Vec<T> {
    item.one_or_more(found).into_iter().filter_map(|item| read(item, found)).collect()
}

fn ports(item: Item<'_, '_>, found: &mut Findings) -> Vec<PortSpec> {
    let Some(table) = item.table(found) else { return Vec::new() };
    entries(table).into_iter().filter_map(|item| port::port(item, found)).collect()
}

fn note_conflict(key: &str, span: Span, with: (&str, Span), reason: Conflict, found: &mut Findings) {
    let problem = Problem::ConflictingKeys { key: String::from(key), with: String::from(with.0), reason };
    found.push(Finding::new(problem, span).with(with.1));
}
