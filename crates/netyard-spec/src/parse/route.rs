//! An entry of `routes`.

use alloc::string::String;
use alloc::vec::Vec;

use super::fields::Fields;
use super::item::Item;
use super::{Findings, name, note, value};
use crate::key_table::{METRIC, ROUTE_TYPES};
use crate::{Conflict, Finding, GatewaySpec, Problem, RouteSpec, RouteTarget, Spanned, Table, ValueError};

/// Reads one route. One without a good destination or a good target is left out: half of a route would be another route.
pub(super) fn route(item: Item<'_, '_>, found: &mut Findings) -> Option<RouteSpec> {
    let mut fields = Fields::open(Table::Route, item.table(found)?, item.span(), found);
    let to = fields.read("to", found, value::destination);
    let target = target(&mut fields, found);
    let metric = fields.read("metric", found, |item, found| item.number(METRIC, found));
    fields.read("comment", found, value::comment);
    fields.close();
    Some(RouteSpec { span: item.span(), to: to?, target: target?, metric })
}

fn target(fields: &mut Fields<'_, '_>, found: &mut Findings) -> Option<RouteTarget> {
    let (via, dev, kind) = (fields.get("via"), fields.get("dev"), fields.get("type"));
    let hops = via.map(|via| next_hops(via, found));
    let interface = dev.map(|dev| name::interface(dev, found));
    let Some(kind) = kind else {
        return match (hops, interface) {
            (Some(via), dev) => {
                Some(RouteTarget::Via { via: via?, dev: dev.map_or(Some(None), |dev| dev.map(Some))? })
            }
            (None, Some(dev)) => Some(RouteTarget::Dev(dev?)),
            (None, None) => {
                note(found, Problem::MissingKey { key: "via", table: Table::Route }, fields.span());
                None
            }
        };
    };
    for other in [via, dev].into_iter().flatten() {
        let problem = Problem::ConflictingKeys {
            key: String::from(other.key),
            with: String::from("type"),
            reason: Conflict::SendsNothing,
        };
        found.push(Finding::new(problem, other.key_span()).with(kind.key_span()));
    }
    match value::word(kind, ROUTE_TYPES, found)?.value {
        "blackhole" => Some(RouteTarget::Blackhole),
        "unreachable" => Some(RouteTarget::Unreachable),
        _ => Some(RouteTarget::Prohibit),
    }
}

/// The next hops; none if one is wrong, for the others alone would share the load in another way.
fn next_hops(item: Item<'_, '_>, found: &mut Findings) -> Option<Vec<Spanned<GatewaySpec>>> {
    let mistakes = found.len();
    let items = item.one_or_more(found);
    if items.is_empty() && found.len() == mistakes {
        item.invalid(ValueError::EmptyList, found);
    }
    let hops = items.into_iter().filter_map(|item| value::next_hop(item, found)).collect();
    (found.len() == mistakes).then_some(hops)
}

/// Reads `routes`.
pub(super) fn routes(item: Item<'_, '_>, found: &mut Findings) -> Vec<RouteSpec> {
    item.elements(found).into_iter().filter_map(|item| route(item, found)).collect()
}

/// Reads `gateway`: one an address family.
pub(super) fn gateways(item: Item<'_, '_>, found: &mut Findings) -> Vec<Spanned<GatewaySpec>> {
    let mut gateways: Vec<Spanned<GatewaySpec>> = Vec::new();
    for item in item.one_or_more(found) {
        let Some(gateway) = value::gateway(item, found) else { continue };
        let excluded =
            gateways.iter().find_map(|first| Some((first, exclusion(&first.value, &gateway.value)?)));
        match excluded {
            Some((first, reason)) => {
                let problem = Problem::InvalidValue { key: String::from(item.key), reason };
                found.push(Finding::new(problem, item.span()).with(first.span.clone()));
            }
            None => gateways.push(gateway),
        }
    }
    gateways
}

/// Why two gateways exclude each other. Names are left to who knows the nodes: a router can be one for both families.
fn exclusion(first: &GatewaySpec, second: &GatewaySpec) -> Option<ValueError> {
    match (first, second) {
        (GatewaySpec::None, _) | (_, GatewaySpec::None) => Some(ValueError::NoRouter),
        (GatewaySpec::Address(a), GatewaySpec::Address(b)) if a.is_ipv4() == b.is_ipv4() => {
            Some(ValueError::SecondGateway)
        }
        _ => None,
    }
}
