//! The routes that the file gives.

use alloc::string::ToString;
use alloc::vec::Vec;

use netyard_spec::{GatewaySpec, RouteSpec, RouteTarget, RouteTo, Span, Spanned};
use netyard_types::{IfName, NextHop, Prefix, Route, RouteKind};

use crate::draft::Draft;
use crate::network::{Family, NodeId, NodeRoute, PortId, RouteSource};
use crate::nexthop;
use crate::problem::Problem;

/// Gives every node the routes that the file gives it.
pub(crate) fn add_given(draft: &mut Draft<'_>) {
    for node in draft.node_ids() {
        let Some(station) = draft.station(node) else { continue };
        for spec in &station.routes {
            if let Some(route) = read(draft, node, spec) {
                add(
                    draft,
                    node,
                    NodeRoute { route, source: RouteSource::File { span: spec.span.clone() } },
                    &spec.span,
                );
            }
        }
    }
}

/// Adds a route that the file asks for. The kernel has one route for each range, table and metric.
pub(crate) fn add(draft: &mut Draft<'_>, node: NodeId, new: NodeRoute, span: &Span) {
    let key = new.route.key();
    let Some(old) = draft.network[node].routes.iter().find(|old| old.route.key() == key) else {
        draft.network[node].routes.push(new);
        return;
    };
    let first = match &old.source {
        RouteSource::File { span } => Some(span.clone()),
        RouteSource::Gateway { span, .. } => span.clone(),
        RouteSource::ShortestPath => None,
    };
    let problem = Problem::DuplicateRoute {
        node: draft.network[node].name.clone(),
        to: new.route.to,
        metric: new.route.metric,
    };
    draft.report.add(problem, span.clone(), first);
}

/// What an entry of `routes` comes to.
fn read(draft: &mut Draft<'_>, node: NodeId, spec: &RouteSpec) -> Option<Route> {
    let mut to = match spec.to.value {
        RouteTo::Prefix(prefix) => prefix,
        RouteTo::Default => default_of(Family::Ipv4),
    };
    let kind = match &spec.target {
        RouteTarget::Blackhole => RouteKind::Blackhole,
        RouteTarget::Unreachable => RouteKind::Unreachable,
        RouteTarget::Prohibit => RouteKind::Prohibit,
        RouteTarget::Dev(dev) => {
            let port = own_port(draft, node, dev)?;
            RouteKind::Unicast(Vec::from([NextHop::new(None, draft.network[port].name.clone())]))
        }
        RouteTarget::Via { via, dev } => {
            let dev = match dev {
                Some(dev) => Some(own_port(draft, node, dev)?),
                None => None,
            };
            if spec.to.value == RouteTo::Default {
                to = default_of(family_of_default(draft, node, via, dev));
            }
            RouteKind::Unicast(next_hops(draft, node, &to, via, dev)?)
        }
    };
    let route = Route::netyard(to, kind);
    // IPv6 has no metric of 0 (ip6_route_info_create()).
    let metric =
        spec.metric.as_ref().map(|metric| metric.value).filter(|&metric| metric != 0 || to.is_ipv4());
    Some(Route { metric: metric.unwrap_or(route.metric), ..route })
}

fn own_port(draft: &mut Draft<'_>, id: NodeId, dev: &Spanned<IfName>) -> Option<PortId> {
    let found = draft.network.port(id, &dev.value);
    if found.is_none() {
        let node = &draft.network[id];
        let candidates = node.ports.iter().map(|&port| draft.network[port].name.clone()).collect();
        let problem =
            Problem::UnknownPort { node: node.name.clone(), port: dev.value.to_string(), candidates };
        draft.report.add(problem, dev.span.clone(), []);
    }
    found
}

fn default_of(family: Family) -> Prefix {
    Prefix::default_of(match family {
        Family::Ipv4 => core::net::IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED),
        Family::Ipv6 => core::net::IpAddr::V6(core::net::Ipv6Addr::UNSPECIFIED),
    })
}

/// The family of a default route: that of its next hop; of a router's name the first that leads there.
fn family_of_default(
    draft: &Draft<'_>,
    node: NodeId,
    via: &[Spanned<GatewaySpec>],
    dev: Option<PortId>,
) -> Family {
    let of_address = via.iter().find_map(|via| match via.value {
        GatewaySpec::Address(addr) => Some(Family::of(addr)),
        _ => None,
    });
    let reaches = |family| {
        via.iter().any(|via| match &via.value {
            GatewaySpec::Node(name) => draft
                .network
                .node(name.as_str())
                .is_some_and(|router| draft.network.router_address(node, router, family, dev).is_some()),
            _ => false,
        })
    };
    of_address.or_else(|| Family::ALL.into_iter().find(|&family| reaches(family))).unwrap_or(Family::Ipv4)
}

/// The next hops of a route; none if one of them cannot be.
fn next_hops(
    draft: &mut Draft<'_>,
    node: NodeId,
    to: &Prefix,
    via: &[Spanned<GatewaySpec>],
    dev: Option<PortId>,
) -> Option<Vec<NextHop>> {
    let mut hops = Vec::new();
    for via in via {
        if let GatewaySpec::Address(addr) = via.value
            && addr.is_ipv4() != to.is_ipv4()
        {
            draft.report.add(Problem::FamilyMismatch { to: *to, via: addr }, via.span.clone(), []);
            continue;
        }
        hops.extend(nexthop::find(draft, node, via, Family::of_prefix(to), dev).map(|found| found.hop));
    }
    (hops.len() == via.len()).then_some(hops)
}
