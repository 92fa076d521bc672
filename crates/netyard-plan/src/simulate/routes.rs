//! What the kernel does with routes.

use alloc::vec::Vec;

use netyard_types::{NodeName, NodeState, Origin, Route, RouteKind};

use super::{SimulateError, at};
use crate::effects;

pub(super) fn add_route(found: &mut NodeState, node: &NodeName, route: &Route) -> Result<(), SimulateError> {
    check_route(found, node, route)?;
    if routes_to(found, route).any(|r| r.key() == route.key()) {
        return Err(SimulateError::RouteExists { node: node.clone(), to: route.to });
    }
    found.routes.insert(route.clone());
    Ok(())
}

/// The routes to the prefix of `route`. They stand together: a route is ordered by its prefix first.
fn routes_to<'a>(found: &'a NodeState, route: &Route) -> impl Iterator<Item = &'a Route> {
    let to = route.to;
    let lowest = Route {
        table: 0,
        metric: 0,
        kind: RouteKind::Unicast(Vec::new()),
        src: None,
        origin: Origin::Netyard,
        to,
    };
    found.routes.range(lowest..).take_while(move |r| r.to == to)
}

/// Whether the kernel would take the route, whatever other routes there are.
pub(crate) fn check_route(found: &NodeState, node: &NodeName, route: &Route) -> Result<(), SimulateError> {
    let RouteKind::Unicast(hops) = &route.kind else { return Ok(()) };
    for hop in hops {
        let at = at(node, &hop.dev);
        let Some(link) = found.links.get(&hop.dev) else { return Err(SimulateError::NoSuchLink { at }) };
        if !link.up {
            return Err(SimulateError::LinkDown { at, to: route.to });
        }
        match hop.via {
            Some(via) if !hop.onlink && !effects::reaches(found, &hop.dev, via) => {
                return Err(SimulateError::RouterUnreachable { at, via });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Removes a route as the kernel finds it: by its key, whose it is, and what of the rest is given. Of IPv6, where each next hop
/// is a route of its own, those that are not named stay.
pub(super) fn delete_route(
    found: &mut NodeState,
    node: &NodeName,
    route: &Route,
) -> Result<(), SimulateError> {
    let hops_left = |other: &Route| match (&route.kind, &other.kind) {
        (a, b) if a == b => Some(Vec::new()),
        (RouteKind::Unicast(given), RouteKind::Unicast(all)) if !route.to.is_ipv4() => {
            let left: Vec<_> = all.iter().filter(|hop| !given.contains(hop)).cloned().collect();
            (left.len() + given.len() == all.len()).then_some(left)
        }
        _ => None,
    };
    let is_meant = |other: &&Route| {
        other.key() == route.key()
            && other.origin == route.origin
            && (route.src.is_none() || route.src == other.src)
            && hops_left(other).is_some()
    };
    let Some(old) = routes_to(found, route).find(is_meant).cloned() else {
        return Err(SimulateError::NoSuchRoute { node: node.clone(), to: route.to });
    };
    let left = hops_left(&old).unwrap_or_default();
    found.routes.remove(&old);
    if !left.is_empty() {
        found.routes.insert(Route { kind: RouteKind::Unicast(left), ..old });
    }
    Ok(())
}

/// Puts `new` in the place of Netyard's or anybody's route with its key.
pub(super) fn replace_route(
    found: &mut NodeState,
    node: &NodeName,
    new: &Route,
) -> Result<(), SimulateError> {
    check_route(found, node, new)?;
    let Some(old) = routes_to(found, new).find(|old| old.key() == new.key()).cloned() else {
        return Err(SimulateError::NoSuchRoute { node: node.clone(), to: new.to });
    };
    found.routes.remove(&old);
    found.routes.insert(new.clone());
    Ok(())
}
