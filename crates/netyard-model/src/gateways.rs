//! Default gateways: the only router on the segments of a host, or what the file names.

use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_spec::{GatewaySpec, Span, Spanned, StationSpec};
use netyard_types::{NextHop, NodeKind, Prefix, Route, RouteKind};

use crate::draft::Draft;
use crate::network::{Family, NodeId, NodeRoute, RouteSource};
use crate::nexthop::{self, Hop};
use crate::problem::{Problem, Via, Wanted};
use crate::routes;

/// Gives every node its default gateways. Routers have none unless the file names them.
pub(crate) fn choose(draft: &mut Draft<'_>) {
    for node in draft.node_ids() {
        let Some(station) = draft.station(node) else { continue };
        let named = by_family(draft, station);
        if let [Some(one), Some(_)] = named
            && station.gateway.len() == 1
            && let GatewaySpec::Node(_) = one.value
        {
            name_for_both(draft, node, one);
            continue;
        }
        for (family, named) in Family::ALL.into_iter().zip(named) {
            match named {
                Some(via) if via.value == GatewaySpec::None => {}
                Some(via) => add_named(draft, node, via, family),
                None if draft.network[node].kind == NodeKind::Host => add_only_router(draft, node, family),
                None => {}
            }
        }
    }
}

/// Which of the gateways in the file is for which family. A single name, or `"none"`, is for both; in a list an address is for
/// its own family, and what else is there for the families that are left, IPv4 first.
fn by_family<'a>(draft: &mut Draft<'a>, station: &'a StationSpec) -> [Option<&'a Spanned<GatewaySpec>>; 2] {
    let mut named = [None; 2];
    if let [one] = &station.gateway[..]
        && !matches!(one.value, GatewaySpec::Address(_))
    {
        return [Some(one); 2];
    }
    let (addresses, others): (Vec<_>, Vec<_>) =
        station.gateway.iter().partition(|via| matches!(via.value, GatewaySpec::Address(_)));
    for via in addresses.into_iter().chain(others) {
        let mut places = named.iter_mut().zip(Family::ALL);
        let place = places.find(|(place, family)| match via.value {
            GatewaySpec::Address(addr) => Family::of(addr) == *family && place.is_none(),
            _ => place.is_none(),
        });
        if let Some((place, _)) = place {
            *place = Some(via);
        } else {
            draft.report.add(Problem::SurplusGateway { via: shown(&via.value) }, via.span.clone(), []);
        }
    }
    named
}

fn shown(via: &GatewaySpec) -> Via {
    match via {
        GatewaySpec::Node(name) => Via::Node(name.clone()),
        GatewaySpec::Address(addr) => Via::Address(*addr),
        GatewaySpec::None => Via::Node(netyard_types::NodeName::new("none").expect("a label")),
    }
}

/// One router for both families: for those in which the node reaches it.
fn name_for_both(draft: &mut Draft<'_>, node: NodeId, via: &Spanned<GatewaySpec>) {
    let GatewaySpec::Node(name) = &via.value else { return };
    let Some(router) = draft.find(name, &via.span, Wanted::Router) else { return };
    let reached = |family: &Family| draft.network.router_address(node, router, *family, None).is_some();
    let mut families: Vec<Family> = Family::ALL.into_iter().filter(reached).collect();
    if families.is_empty() {
        families.push(own_family(draft, node));
    }
    for family in families {
        add_named(draft, node, via, family);
    }
}

/// The family that a node has addresses of; IPv4 if of both or none.
fn own_family(draft: &Draft<'_>, node: NodeId) -> Family {
    let mut addresses = draft.network[node].ports.iter().flat_map(|&port| &draft.network[port].addresses);
    let has_ipv6_only = addresses.clone().next().is_some() && addresses.all(|a| a.ip.addr.is_ipv6());
    if has_ipv6_only { Family::Ipv6 } else { Family::Ipv4 }
}

fn add_named(draft: &mut Draft<'_>, node: NodeId, via: &Spanned<GatewaySpec>, family: Family) {
    if let Some(Hop { hop, router }) = nexthop::find(draft, node, via, family, None) {
        let route = default_route(hop, router, Some(via.span.clone()));
        if let Some(route) = route {
            routes::add(draft, node, route, &via.span);
        }
    }
}

/// The default route of a host on whose segments there is one router, unless the file gives it a default route.
fn add_only_router(draft: &mut Draft<'_>, node: NodeId, family: Family) {
    let is_default = |to: &Prefix| to.is_default() && Family::of_prefix(to) == family;
    if draft.suspect[node.0] || draft.network[node].routes.iter().any(|r| is_default(&r.route.to)) {
        return;
    }
    let near = draft.network.routers_near(node, family);
    let [router] = near[..] else {
        if !near.is_empty() {
            let also: Vec<Span> = near.iter().map(|&id| draft.network[id].span.clone()).collect();
            let candidates = near.iter().map(|&id| draft.network[id].name.clone()).collect();
            let (name, span) = (draft.network[node].name.clone(), draft.network[node].span.clone());
            draft.report.add(Problem::AmbiguousGateway { node: name, family, candidates }, span, also);
        }
        return;
    };
    if let Some((port, addr)) = draft.network.router_address(node, router, family, None) {
        let hop = NextHop::new(Some(addr), draft.network[port].name.clone());
        draft.network[node].routes.extend(default_route(hop, Some(router), None));
    }
}

fn default_route(hop: NextHop, router: Option<NodeId>, span: Option<Span>) -> Option<NodeRoute> {
    let via: IpAddr = hop.via?;
    let route = Route::netyard(Prefix::default_of(via), RouteKind::Unicast(Vec::from([hop])));
    Some(NodeRoute { route, source: RouteSource::Gateway { router, span } })
}
