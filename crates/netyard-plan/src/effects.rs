//! What the kernel does unasked when something goes: it takes along what stands on it. Checked against Linux 6.18.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_types::{
    Endpoint, IfAddr, IfName, Link, NetState, NodeName, NodeState, Origin, Route, RouteKind,
};

/// The interfaces that go when `link` of `node` is removed: itself, and the other end if it is a cable.
pub(crate) fn links_gone_with(state: &NetState, at: &Endpoint) -> BTreeSet<Endpoint> {
    let mut gone = BTreeSet::from([at.clone()]);
    gone.extend(far_end(state, at).cloned());
    gone
}

/// The interfaces that go when the namespace is removed: all of its own, and the other ends of its cables.
pub(crate) fn links_gone_with_node(state: &NetState, node: &NodeName) -> BTreeSet<Endpoint> {
    let links = state.nodes.get(node).into_iter().flat_map(|n| n.links.keys());
    let own: Vec<_> = links.map(|link| Endpoint::new(node.clone(), link.clone())).collect();
    let far: Vec<_> = own.iter().filter_map(|at| far_end(state, at).cloned()).collect();
    own.into_iter().chain(far).collect()
}

/// The interface at `at`.
pub(crate) fn link_at<'a>(state: &'a NetState, at: &Endpoint) -> Option<&'a Link> {
    state.nodes.get(&at.node)?.links.get(&at.link)
}

/// The other end of the cable at `at`, if both ends are there and name each other.
pub(crate) fn far_end<'a>(state: &'a NetState, at: &Endpoint) -> Option<&'a Endpoint> {
    let peer = link_at(state, at)?.peer()?;
    (link_at(state, peer)?.peer() == Some(at)).then_some(peer)
}

/// Takes interfaces away, and all that the kernel takes with them.
pub(crate) fn remove_links(state: &mut NetState, gone: &BTreeSet<Endpoint>) {
    for (name, links) in by_node(gone) {
        let Some(node) = state.nodes.get_mut(name) else { continue };
        change_routes(node, |before, route| route_without_links(before, &links, route));
        for link in links {
            node.links.remove(link);
            node.neighbours.retain(|n| n.dev != *link);
            node.fdb.retain(|entry| entry.bridge != *link && entry.dev != *link);
            node.sysctls.retain(|key, _| key.interface() != Some(link.as_str()));
            for port in node.links.values_mut().filter(|l| l.master.as_ref() == Some(link)) {
                port.master = None;
            }
        }
    }
}

/// The interfaces, node by node.
pub(crate) fn by_node(ends: &BTreeSet<Endpoint>) -> BTreeMap<&NodeName, BTreeSet<&IfName>> {
    let mut nodes: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for at in ends {
        nodes.entry(&at.node).or_default().insert(&at.link);
    }
    nodes
}

/// What is left of a route when interfaces go. Of IPv4, one interface takes the whole multipath route with it
/// (`fib_sync_down_dev()` on `NETDEV_UNREGISTER`); of IPv6, each next hop is a route of its own and goes alone.
pub(crate) fn route_without_links(
    node: &NodeState,
    gone: &BTreeSet<&IfName>,
    route: &Route,
) -> Option<Route> {
    let mut left = route.clone();
    if let RouteKind::Unicast(hops) = &mut left.kind {
        let before = hops.len();
        hops.retain(|hop| !gone.contains(&hop.dev));
        if hops.is_empty() || (hops.len() < before && left.to.is_ipv4()) {
            return None;
        }
    }
    route_without_source(node, |link, _| gone.contains(link), left)
}

/// What is left of a route when addresses go: of IPv4 it goes if it suggests one of them as the source
/// (`fib_sync_down_addr()`), of IPv6 it only loses the suggestion (`rt6_remove_prefsrc()`).
fn route_without_source(
    node: &NodeState,
    goes: impl Fn(&IfName, &IfAddr) -> bool,
    route: Route,
) -> Option<Route> {
    let Some(src) = route.src else { return Some(route) };
    let all = node.links.iter().flat_map(|(link, l)| l.addresses.iter().map(move |addr| (link, addr)));
    let holders: Vec<_> = all.filter(|(_, addr)| addr.addr == src).collect();
    if holders.is_empty() || !holders.iter().all(|(link, addr)| goes(link, addr)) {
        return Some(route);
    }
    (!route.to.is_ipv4()).then_some(Route { src: None, ..route })
}

/// Whether a next hop of the route leaves by `dev`.
pub(crate) fn leaves_by(route: &Route, dev: &IfName) -> bool {
    matches!(&route.kind, RouteKind::Unicast(hops) if hops.iter().any(|hop| hop.dev == *dev))
}

/// What becomes of a route when an address is removed from `link`; called before the removal.
///
/// Of IPv4 it goes if it leaves by an interface that has no IPv4 address then (`fib_disable_ip()`). The route that the kernel
/// made for the address goes with it.
pub(crate) fn route_without_address(
    node: &NodeState,
    link: &IfName,
    addr: &IfAddr,
    route: &Route,
) -> Option<Route> {
    if route.to.is_ipv4() != addr.addr.is_ipv4() {
        return Some(route.clone());
    }
    let others = || {
        let on_link = node.links.get(link).into_iter().flat_map(|l| l.addresses.iter());
        on_link.filter(|a| (a.addr, a.len) != (addr.addr, addr.len))
    };
    let connected = route.origin == Origin::Kernel && route.to == addr.prefix() && leaves_by(route, link);
    if connected && !others().any(|a| a.prefix() == addr.prefix()) {
        return None;
    }
    let v4 = addr.addr.is_ipv4();
    if v4 && !others().any(|a| a.addr.is_ipv4()) && is_dead_without(node, link, route) {
        return None;
    }
    route_without_source(node, |on, a| on == link && (a.addr, a.len) == (addr.addr, addr.len), route.clone())
}

/// Whether a route has no next hop left when `link` no longer carries any. A multipath route stays, with that next hop marked
/// dead, as long as another is alive, and recovers by itself.
pub(crate) fn is_dead_without(node: &NodeState, link: &IfName, route: &Route) -> bool {
    let is_down = |dev: &IfName| node.links.get(dev).is_none_or(|l| !l.up);
    let RouteKind::Unicast(hops) = &route.kind else { return false };
    leaves_by(route, link) && hops.iter().all(|hop| hop.dev == *link || is_down(&hop.dev))
}

/// What is left of a route when `link` is switched off.
pub(crate) fn route_when_off(node: &NodeState, link: &IfName, route: &Route) -> Option<Route> {
    if is_dead_without(node, link, route) {
        return None;
    }
    route_without_source(node, |on, addr| on == link && addr.addr.is_ipv6(), route.clone())
}

/// Replaces each route by what `change` leaves of it.
pub(crate) fn change_routes(node: &mut NodeState, change: impl Fn(&NodeState, &Route) -> Option<Route>) {
    let before: &NodeState = node;
    let changed: Vec<_> = before
        .routes
        .iter()
        .filter_map(|route| {
            let left = change(before, route);
            (left.as_ref() != Some(route)).then(|| (route.clone(), left))
        })
        .collect();
    for (route, left) in changed {
        node.routes.remove(&route);
        node.routes.extend(left);
    }
}

/// Removes what the kernel flushes when an interface is switched off: its IPv6 addresses, the routes that leave by it, its
/// neighbours.
pub(crate) fn switch_off(node: &mut NodeState, link: &IfName) {
    change_routes(node, |before, route| route_when_off(before, link, route));
    if let Some(l) = node.links.get_mut(link) {
        l.addresses = l.addresses.iter().filter(|a| a.addr.is_ipv4()).copied().collect();
    }
    flush_neighbours(node, link);
}

/// Removes the neighbours of an interface, which the kernel does when its Ethernet address changes, permanent ones included
/// (`neigh_changeaddr()`).
pub(crate) fn flush_neighbours(node: &mut NodeState, link: &IfName) {
    node.neighbours.retain(|n| n.dev != *link);
}

/// The routes in an order in which the kernel takes them: those without a router first, because it accepts a router only if it
/// is reached already.
pub(crate) fn routes_in_order<'a>(routes: impl IntoIterator<Item = &'a Route>) -> Vec<&'a Route> {
    let through_router = |route: &Route| matches!(&route.kind, RouteKind::Unicast(hops) if hops.iter().any(|hop| hop.via.is_some()));
    let mut sorted: Vec<_> = routes.into_iter().collect();
    sorted.sort_by_key(|route| through_router(route));
    sorted
}

/// Whether the kernel would reach `via` directly from `link`: by an address of its range, by a route straight out of the
/// interface, or because every IPv6 interface reaches link-local addresses.
pub(crate) fn reaches(node: &NodeState, link: &IfName, via: IpAddr) -> bool {
    let by_address = || {
        let on_link = node.links.get(link).into_iter().flat_map(|l| l.addresses.iter());
        on_link.filter(|a| a.addr.is_ipv4() == via.is_ipv4()).any(|a| a.prefix().contains(via))
    };
    let straight = |route: &Route| match &route.kind {
        RouteKind::Unicast(hops) => {
            route.to.is_ipv4() == via.is_ipv4()
                && route.to.contains(via)
                && hops.iter().any(|hop| hop.dev == *link && hop.via.is_none())
        }
        _ => false,
    };
    let link_local = matches!(via, IpAddr::V6(v6) if v6.segments()[0] & 0xffc0 == 0xfe80);
    link_local || by_address() || node.routes.iter().any(straight)
}
