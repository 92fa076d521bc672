//! The inverse of a step: what gives back the state that was there before it, side effects of the kernel included.
//!
//! What a person put on a thing that goes comes back too, with its own mark: so do the bridges and cables that a person made.
//! Other interfaces of a person's do not, nor does a person's namespace with what leads there: no step makes them.

use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;

use netyard_types::{
    Endpoint, IfAddr, IfName, Link, LinkKind, NeighbourState, NetState, NodeName, NodeState, Origin, Route,
};

use crate::cable::{make_bridge, make_cable};
use crate::effects::{self, by_node, leaves_by, links_gone_with, links_gone_with_node, routes_in_order};
use crate::simulate::neighbour_like;
use crate::step::{LinkChange, Step};

/// The steps that undo `step`, given the state `before` it.
pub(crate) fn inverse(before: &NetState, step: &Step) -> Vec<Step> {
    let found = step.node().and_then(|node| before.nodes.get(node));
    match step.clone() {
        Step::AddNode { node, .. } => vec![Step::DeleteNode { node }],
        Step::DeleteNode { .. } if found.is_some_and(|n| n.origin != Origin::Netyard) => Vec::new(),
        Step::DeleteNode { node } => rebuild(before, &links_gone_with_node(before, &node), Some(&node)),
        Step::DiscardLink { .. } | Step::DiscardNode { .. } | Step::DiscardStranger { .. } => Vec::new(),
        Step::DeleteLink { node, link } => {
            rebuild(before, &links_gone_with(before, &Endpoint::new(node, link)), None)
        }
        Step::SetSysctl { node, key, .. } | Step::ResetSysctl { node, key } => {
            vec![match found.and_then(|n| n.sysctls.get(&key)).cloned() {
                Some(value) => Step::SetSysctl { node, key, value },
                None => Step::ResetSysctl { node, key },
            }]
        }
        Step::AddBridge { node, link, .. } => vec![Step::DeleteLink { node, link }],
        Step::AddCable { ends: [first, _] } => {
            vec![Step::DeleteLink { node: first.at.node, link: first.at.link }]
        }
        Step::SetLink { node, link, change } => {
            found.map_or_else(Vec::new, |n| undo_change(&node, n, &link, &change))
        }
        Step::AddAddress { node, link, addr } => {
            let flushed = found.map_or_else(Vec::new, |n| routes_of_bare_link(&node, n, &link, &addr));
            [vec![Step::DeleteAddress { node, link, addr }], flushed].concat()
        }
        Step::DeleteAddress { node, link, addr } => {
            let flushed = found.map_or_else(Vec::new, |n| routes_of_address(&node, n, &link, &addr));
            [vec![Step::AddAddress { node, link, addr }], flushed].concat()
        }
        Step::AddRoute { node, route } => vec![Step::DeleteRoute { node, route }],
        Step::ReplaceRoute { node, old, new } => vec![Step::ReplaceRoute { node, old: new, new: old }],
        Step::DeleteRoute { route, .. } if !route.can_be_made() => Vec::new(),
        Step::DeleteRoute { node, route } => vec![Step::AddRoute { node, route }],
        Step::AddNeighbour { node, neighbour } => {
            vec![match found.and_then(|n| neighbour_like(n, &neighbour)).filter(|old| is_set(old)).cloned() {
                Some(neighbour) => Step::AddNeighbour { node, neighbour },
                None => Step::DeleteNeighbour { node, neighbour },
            }]
        }
        Step::DeleteNeighbour { node, neighbour } => vec![Step::AddNeighbour { node, neighbour }],
        Step::AddFdb { node, entry } => vec![Step::DeleteFdb { node, entry }],
        Step::DeleteFdb { node, entry } => vec![Step::AddFdb { node, entry }],
        Step::WriteHosts { node, .. } => {
            vec![Step::WriteHosts { node, lines: found.and_then(|n| n.hosts.clone()) }]
        }
        Step::WriteResolv { node, .. } => {
            vec![Step::WriteResolv { node, text: found.and_then(|n| n.resolv.clone()) }]
        }
        Step::WriteNames { .. } => vec![Step::WriteNames { names: before.names.clone() }],
    }
}

/// An entry that somebody set, and that is not just learned.
fn is_set(neighbour: &netyard_types::Neighbour) -> bool {
    neighbour.origin != Origin::Kernel && neighbour.state == NeighbourState::Permanent
}

/// What undoes the change of an interface, and brings back what the kernel flushes on the way there or back.
fn undo_change(node: &NodeName, found: &NodeState, name: &IfName, change: &LinkChange) -> Vec<Step> {
    let Some(link) = found.links.get(name) else { return Vec::new() };
    let back = match change {
        LinkChange::Up(_) => Some(LinkChange::Up(link.up)),
        LinkChange::Mtu(_) => Some(LinkChange::Mtu(link.mtu)),
        LinkChange::Mac(_) => link.mac.map(LinkChange::Mac),
        LinkChange::Master(_) => Some(LinkChange::Master(link.master.clone())),
        LinkChange::Bridge(_) => match link.kind {
            LinkKind::Bridge(bridge) => Some(LinkChange::Bridge(bridge)),
            _ => None,
        },
        LinkChange::Group(_) => Some(LinkChange::Group(group_of(link))),
    };
    let set = |change| Step::SetLink { node: node.clone(), link: name.clone(), change };
    let mut steps: Vec<_> = back.map(set).into_iter().collect();
    if matches!(change, LinkChange::Up(_)) {
        steps.extend(add_addresses(node, name, link, |addr| addr.addr.is_ipv6()));
        steps.extend(give_back_routes(node, found, |route| effects::route_when_off(found, name, route)));
    }
    if matches!(change, LinkChange::Up(_) | LinkChange::Mac(_)) {
        steps.extend(add_neighbours(node, found, |dev| dev == name));
    }
    steps
}

/// The group by which it is known whose the interface is. Which of the others a person chose, nobody has written down.
fn group_of(link: &Link) -> u32 {
    if link.origin == Origin::Netyard { Origin::LINK_GROUP } else { 0 }
}

/// The other end of the cable at `at`. One that leads into a person's namespace is not made anew: that may be gone by then.
fn far_end_of_ours<'a>(state: &'a NetState, at: &Endpoint) -> Option<&'a Endpoint> {
    let is_ours = |far: &&Endpoint| state.nodes.get(&far.node).is_some_and(|n| n.origin == Origin::Netyard);
    effects::far_end(state, at).filter(is_ours)
}

/// Whether the interface at `at` can be made anew with all that goes with it.
pub(crate) fn can_be_made(state: &NetState, at: &Endpoint) -> bool {
    let Some(link) = effects::link_at(state, at) else { return false };
    match &link.kind {
        LinkKind::Bridge(_) => make_bridge(at, link).is_some(),
        LinkKind::Veth { .. } => {
            far_end_of_ours(state, at).is_some_and(|far| make_cable(state, at, far).is_some())
        }
        _ => false,
    }
}

/// The IPv4 routes of an interface that has no IPv4 address: they go when an address is added and removed again.
fn routes_of_bare_link(node: &NodeName, found: &NodeState, name: &IfName, addr: &IfAddr) -> Vec<Step> {
    let bare = found.links.get(name).is_some_and(|l| l.addresses.iter().all(|a| !a.addr.is_ipv4()));
    if !addr.addr.is_ipv4() || !bare {
        return Vec::new();
    }
    give_back_routes(node, found, |route| {
        let dies = route.to.is_ipv4() && effects::is_dead_without(found, name, route);
        (!dies).then(|| route.clone())
    })
}

/// The routes that go, or change, with an address.
fn routes_of_address(node: &NodeName, found: &NodeState, name: &IfName, addr: &IfAddr) -> Vec<Step> {
    give_back_routes(node, found, |route| effects::route_without_address(found, name, addr, route))
}

/// The steps that give back what `left` takes from the routes of a node.
fn give_back_routes(node: &NodeName, found: &NodeState, left: impl Fn(&Route) -> Option<Route>) -> Vec<Step> {
    let set = found.routes.iter().filter(|route| route.origin != Origin::Kernel);
    let step = |route: &Route| match left(route) {
        None => Some(Step::AddRoute { node: node.clone(), route: route.clone() }),
        Some(same) if same == *route => None,
        Some(old) => Some(Step::ReplaceRoute { node: node.clone(), old, new: route.clone() }),
    };
    routes_in_order(set).into_iter().filter_map(step).collect()
}

fn add_addresses(node: &NodeName, name: &IfName, link: &Link, which: impl Fn(&IfAddr) -> bool) -> Vec<Step> {
    let set = link.addresses.iter().filter(|addr| addr.origin != Origin::Kernel && which(addr));
    set.map(|addr| Step::AddAddress { node: node.clone(), link: name.clone(), addr: *addr }).collect()
}

fn add_neighbours(node: &NodeName, found: &NodeState, which: impl Fn(&IfName) -> bool) -> Vec<Step> {
    let set = found.neighbours.iter().filter(|n| is_set(n) && which(&n.dev));
    set.map(|n| Step::AddNeighbour { node: node.clone(), neighbour: n.clone() }).collect()
}

/// The steps that make anew interfaces that went, with all that stood on them, and first the node that went with them.
fn rebuild(before: &NetState, gone: &BTreeSet<Endpoint>, whole: Option<&NodeName>) -> Vec<Step> {
    let mut steps = Vec::new();
    let lost_node = whole.and_then(|name| Some((name, before.nodes.get(name)?)));
    if let Some((name, found)) = lost_node {
        steps.push(Step::AddNode { node: name.clone(), kind: found.kind });
        steps.extend(settings(name, found, |interface| interface.is_none()));
    }
    let back = rebuild_links(before, gone, &mut steps);
    for (name, links) in by_node(&back) {
        let Some(found) = before.nodes.get(name) else { continue };
        for (dev, link) in links.into_iter().filter_map(|dev| found.links.get_key_value(dev)) {
            steps.extend(add_addresses(name, dev, link, |_| true));
        }
    }
    for name in by_node(gone).into_keys() {
        let Some(found) = before.nodes.get(name) else { continue };
        let is_gone = |dev: &IfName| gone.contains(&Endpoint::new(name.clone(), dev.clone()));
        let is_back = |dev: &IfName| back.contains(&Endpoint::new(name.clone(), dev.clone()));
        let lost: BTreeSet<_> = found.links.keys().filter(|dev| is_gone(dev)).collect();
        let lost_for_good = |route: &Route| lost.iter().any(|dev| leaves_by(route, dev) && !is_back(dev));
        steps.extend(give_back_routes(name, found, |route| match whole {
            _ if lost_for_good(route) => Some(route.clone()),
            Some(node) if node == name => None,
            _ => effects::route_without_links(found, &lost, route),
        }));
        steps.extend(add_neighbours(name, found, is_back));
        let is_whole = |dev: &IfName| !is_gone(dev) || is_back(dev);
        let lost = found.fdb.iter().filter(|entry| is_gone(&entry.bridge) || is_gone(&entry.dev));
        let set = lost.filter(|entry| entry.origin != Origin::Kernel);
        steps.extend(
            set.filter(|entry| is_whole(&entry.bridge) && is_whole(&entry.dev))
                .map(|entry| Step::AddFdb { node: name.clone(), entry: entry.clone() }),
        );
    }
    if let Some((name, found)) = lost_node {
        steps.extend(write_files(name, found));
    }
    steps
}

/// Writes the files of a node that is made anew.
fn write_files(node: &NodeName, found: &NodeState) -> impl Iterator<Item = Step> {
    let (hosts, resolv) = (found.hosts.clone(), found.resolv.clone());
    let hosts = hosts.map(|lines| Step::WriteHosts { node: node.clone(), lines: Some(lines) });
    let resolv = resolv.map(|text| Step::WriteResolv { node: node.clone(), text: Some(text) });
    hosts.into_iter().chain(resolv)
}

/// Makes the interfaces anew, with their settings, masters and states, and says which there are then.
fn rebuild_links(before: &NetState, gone: &BTreeSet<Endpoint>, steps: &mut Vec<Step>) -> BTreeSet<Endpoint> {
    let all = || gone.iter().filter_map(|at| Some((at, effects::link_at(before, at)?)));
    let mut back = BTreeSet::new();
    let mut later = Vec::new();
    for (at, link) in all() {
        if matches!(link.kind, LinkKind::Loopback) {
            back.insert(at.clone());
        } else if let Some(step) = make_bridge(at, link) {
            steps.push(step);
            back.insert(at.clone());
        }
    }
    for (at, _) in all() {
        let Some(far) = far_end_of_ours(before, at).filter(|far| gone.contains(*far) && at < *far) else {
            continue;
        };
        if let Some((cable, master)) = make_cable(before, at, far) {
            steps.push(cable);
            later.extend(master);
            back.extend([at.clone(), far.clone()]);
        }
    }
    steps.append(&mut later);
    for at in &back {
        let (Some(found), Some(link)) = (before.nodes.get(&at.node), effects::link_at(before, at)) else {
            continue;
        };
        let set = |name: &IfName, change| Step::SetLink { node: at.node.clone(), link: name.clone(), change };
        if matches!(link.origin, Origin::Other(_)) {
            steps.push(set(&at.link, LinkChange::Group(group_of(link))));
        }
        if !link.up {
            steps.push(set(&at.link, LinkChange::Up(false)));
        }
        steps.extend(settings(&at.node, found, |interface| interface == Some(at.link.as_str())));
        // Ports that stayed, and have lost their bridge.
        let ports = found.links.iter().filter(|(_, port)| port.master.as_ref() == Some(&at.link));
        let stayed =
            ports.filter(|(name, _)| !gone.contains(&Endpoint::new(at.node.clone(), (*name).clone())));
        steps.extend(stayed.map(|(name, _)| set(name, LinkChange::Master(Some(at.link.clone())))));
    }
    back
}

fn settings(node: &NodeName, found: &NodeState, which: impl Fn(Option<&str>) -> bool) -> Vec<Step> {
    let chosen = found.sysctls.iter().filter(|(key, _)| which(key.interface()));
    chosen
        .map(|(key, value)| Step::SetSysctl { node: node.clone(), key: key.clone(), value: value.clone() })
        .collect()
}
