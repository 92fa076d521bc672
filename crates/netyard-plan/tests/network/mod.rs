//! Networks for the laws: every one is valid, and two of them have much in common, so that much changes between them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use netyard_types::{
    BadAnswer, Bridge, DomainName, Endpoint, FdbEntry, FdbState, IfAddr, IfName, Link, LinkKind, MacAddr,
    Names, Neighbour, NeighbourState, NetState, NextHop, NodeKind, NodeName, NodeState, OperState, Origin,
    PortState, Prefix, Record, RecordData, Records, Route, RouteKind, SysctlKey, Trouble, Troubles, View,
};
use proptest::collection::vec;
use proptest::prelude::*;

const NODES: u8 = 6;
const PORTS: u8 = 4;

/// A cable: two ends, each a node and a port, and a number that decides the rest.
type Cable = ((u8, u8), (u8, u8), u16);
/// Something on an interface: node, port, and two numbers that decide what.
type Thing = (u8, u8, u8, u8);
/// A route: node, target, metric and kind, next hops.
type Way = (u8, u8, u8, Vec<(u8, u8, bool)>);

/// What a network is made from. What does not fit the rest is left out, so every recipe is a valid network.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    nodes: Vec<u8>,
    cables: Vec<Cable>,
    addresses: Vec<Thing>,
    routes: Vec<Way>,
    neighbours: Vec<Thing>,
    sysctls: Vec<Thing>,
    names: Vec<Thing>,
}

pub(crate) fn recipe() -> impl Strategy<Value = Recipe> {
    let end = || (0..NODES, 0..PORTS);
    let thing = || (0..NODES, 0..=PORTS, any::<u8>(), any::<u8>());
    let hops = || vec((0..PORTS, any::<u8>(), any::<bool>()), 1..4);
    (
        vec(any::<u8>(), NODES as usize),
        vec((end(), end(), any::<u16>()), 0..12),
        vec(thing(), 0..16),
        vec((0..NODES, any::<u8>(), any::<u8>(), hops()), 0..12),
        vec(thing(), 0..6),
        vec(thing(), 0..6),
        vec(thing(), 0..8),
    )
        .prop_map(|(nodes, cables, addresses, routes, neighbours, sysctls, names)| Recipe {
            nodes,
            cables,
            addresses,
            routes,
            neighbours,
            sysctls,
            names,
        })
}

/// Two networks: of half of the pairs the second is the first with some parts exchanged, of the others it is another one.
pub(crate) fn two_networks() -> impl Strategy<Value = (NetState, NetState)> {
    (recipe(), recipe(), any::<u64>(), any::<bool>()).prop_map(|(a, b, mask, related)| {
        let other = if related { mix(&a, &b, mask) } else { b };
        (build(&a), build(&other))
    })
}

/// `a` with about a quarter of its parts taken from `b`.
fn mix(a: &Recipe, b: &Recipe, mask: u64) -> Recipe {
    let mut bits = mask;
    let mut exchange = move || {
        bits = bits.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bits >> 62 == 0
    };
    macro_rules! part {
        ($field:ident) => {
            a.$field
                .iter()
                .enumerate()
                .map(|(i, one)| if exchange() { b.$field.get(i).unwrap_or(one) } else { one }.clone())
                .collect()
        };
    }
    Recipe {
        nodes: part!(nodes),
        cables: part!(cables),
        addresses: part!(addresses),
        routes: part!(routes),
        neighbours: part!(neighbours),
        sysctls: part!(sysctls),
        names: part!(names),
    }
}

pub(crate) fn node_name(n: u8) -> NodeName {
    NodeName::new(format!("n{n}")).unwrap()
}

pub(crate) fn port_name(n: u8) -> IfName {
    if n == PORTS { IfName::loopback() } else { IfName::new(format!("eth{n}")).unwrap() }
}

fn mac(n: u16) -> MacAddr {
    let [a, b] = n.to_be_bytes();
    MacAddr([2, 0, 0, 0, a, b])
}

/// An address of one of a few ranges; of the upper half of `range`, IPv6.
fn ip(range: u8, host: u8) -> IpAddr {
    let host = host % 16 + 1;
    match range % 8 {
        n @ 0..4 => IpAddr::V4(Ipv4Addr::new(10, 0, n, host)),
        n => IpAddr::V6(Ipv6Addr::new(0xfd00, u16::from(n), 0, 0, 0, 0, 0, u16::from(host))),
    }
}

pub(crate) fn build(recipe: &Recipe) -> NetState {
    let mut state = NetState::default();
    for (n, choice) in (0..).zip(&recipe.nodes) {
        add_node(&mut state, n, *choice);
    }
    for cable in &recipe.cables {
        add_cable(&mut state, *cable);
    }
    for thing in &recipe.addresses {
        add_address(&mut state, *thing);
    }
    for way in &recipe.routes {
        add_route(&mut state, way);
    }
    for thing in &recipe.neighbours {
        add_neighbour(&mut state, *thing);
    }
    for thing in &recipe.sysctls {
        add_sysctl(&mut state, *thing);
    }
    for thing in &recipe.names {
        add_name(&mut state, *thing);
    }
    state
}

fn add_node(state: &mut NetState, n: u8, choice: u8) {
    let kind = match choice % 5 {
        0 => return,
        1 | 2 => NodeKind::Host,
        3 => NodeKind::Router,
        _ => NodeKind::Switch,
    };
    let mut node = NodeState::new(kind);
    let number = u16::from(choice / 5);
    if kind == NodeKind::Switch {
        let settings = Bridge { stp: number % 2 == 1, priority: number, ..Bridge::default() };
        let mut bridge = Link::bridge(mac(0x7700 + number % 3), 1500 - u32::from(number % 2), settings);
        bridge.up = number % 7 != 0;
        // Sometimes a bridge has the name that a port has elsewhere.
        let name = if number % 3 == 0 { port_name(0) } else { IfName::new("br").unwrap() };
        node.links.insert(name, bridge);
    }
    node.hosts = (number % 4 != 0).then(|| Arc::from(format!("10.0.0.{number} n{n}\n")));
    // The others' may be a person's.
    node.resolv = (n.is_multiple_of(2) && !number.is_multiple_of(5))
        .then(|| Arc::from(format!("{}\nnameserver 10.0.0.{}\n", NodeState::RESOLV_MARK, number % 2)));
    state.nodes.insert(node_name(n), node);
}

/// A part of what a name server answers: the first makes the server.
fn add_name(state: &mut NetState, (node, port, which, value): Thing) {
    let domain = DomainName::new(if node == 0 { "other.test" } else { "office.test" }).unwrap();
    let fresh = || Names {
        domain: domain.clone(),
        ttl: 60,
        name_servers: vec![domain.with_labels("ns").unwrap()],
        servers: [(node_name(node), [ip(0, value)].into())].into(),
        zones: [(domain.clone(), Records::new())].into(),
        clients: [(ip(0, value), node_name(node))].into(),
        views: Vec::new(),
        troubles: Troubles::default(),
        forward: Vec::new(),
    };
    let mut names = state.names.take().map_or_else(fresh, |names| (*names).clone());
    let name = names.domain.with_labels(&format!("x{port}")).unwrap();
    let record = Record::from(RecordData::address(ip(which, value)));
    match which % 6 {
        0 | 1 => names.zones.get_mut(&names.domain).unwrap().entry(name).or_default().push(record),
        2 if names.views.is_empty() => names.views.push(View {
            name: String::from("inside"),
            nodes: [node_name(node)].into(),
            records: [(name, vec![record])].into(),
            troubles: Troubles::default(),
        }),
        2 => names.views[0].troubles.all = Some(Trouble { slow_ms: value.into(), answer: None }),
        3 => drop(names.troubles.names.insert(name, Trouble { slow_ms: 0, answer: Some(BadAnswer::Drop) })),
        4 => names.ttl = value.into(),
        _ => names.forward.push((ip(0, value), 53).into()),
    }
    state.names = Some(Arc::new(names));
}

/// Whether the node has a resolver file of a person's.
pub(crate) fn has_own_resolver(node: &NodeState) -> bool {
    node.resolv.as_ref().is_some_and(|text| text.starts_with("nameserver"))
}

fn add_cable(state: &mut NetState, (a, b, number): Cable) {
    let ends = [a, b].map(|(node, port)| Endpoint::new(node_name(node), port_name(port)));
    let is_free = |at: &Endpoint| state.nodes.get(&at.node).is_some_and(|n| !n.links.contains_key(&at.link));
    if ends[0] == ends[1] || !ends.iter().all(is_free) {
        return;
    }
    for (i, (at, far)) in [(&ends[0], &ends[1]), (&ends[1], &ends[0])].into_iter().enumerate() {
        let node = state.nodes.get_mut(&at.node).unwrap();
        let bits = number >> (8 * i);
        let bridge = node.links.iter().find(|(_, l)| matches!(l.kind, LinkKind::Bridge(_)));
        let master = bridge.map(|(name, _)| name.clone()).filter(|_| bits & 3 != 0);
        let mut link = Link::veth(mac(bits & 0x1f), 1400 + u32::from(bits & 4), far.clone());
        link.master = master;
        link.up = bits & 0x38 != 0;
        node.links.insert(at.link.clone(), link);
    }
}

fn add_address(state: &mut NetState, (node, port, range, host): Thing) {
    let Some(node) = state.nodes.get_mut(&node_name(node)) else { return };
    let Some(link) = node.links.get_mut(&port_name(port)) else { return };
    let addr = ip(range, host);
    let full = if addr.is_ipv4() { 24 } else { 64 };
    let len = if host & 0x80 == 0 { full } else { full + 4 };
    if link.addresses.iter().all(|a| a.addr != addr) {
        link.addresses.insert(IfAddr::netyard(addr, len));
    }
}

fn add_route(state: &mut NetState, (node, target, choice, hops): &Way) {
    let Some(node) = state.nodes.get_mut(&node_name(*node)) else { return };
    let near = ip(*target, 0);
    let to = match target >> 5 {
        0 | 1 => Prefix::default_of(near),
        2 => Prefix::containing(near, if near.is_ipv4() { 16 } else { 32 }).unwrap(),
        n if near.is_ipv4() => Prefix::containing(Ipv4Addr::new(20, n, 0, 0).into(), 16).unwrap(),
        n => Prefix::containing(Ipv6Addr::new(0xfd20, u16::from(n), 0, 0, 0, 0, 0, 0).into(), 32).unwrap(),
    };
    let kind = match choice & 7 {
        0 => RouteKind::Blackhole,
        1 => RouteKind::Unreachable,
        _ => RouteKind::Unicast(next_hops(node, near.is_ipv4(), hops)),
    };
    let mut route = Route::netyard(to, kind);
    if choice & 8 != 0 {
        route.metric = 100;
    }
    if choice & 16 != 0 {
        let mut own = node.links.values().flat_map(|l| l.addresses.iter());
        route.src = own.find(|a| a.addr.is_ipv4() == to.is_ipv4()).map(|a| a.addr);
    }
    let is_new = node.routes.iter().all(|r| r.key() != route.key());
    if is_new && route.kind != RouteKind::Unicast(Vec::new()) {
        node.routes.insert(route);
    }
}

/// Next hops by interfaces that are up, to routers that their addresses reach.
fn next_hops(node: &NodeState, v4: bool, hops: &[(u8, u8, bool)]) -> Vec<NextHop> {
    let mut found: Vec<NextHop> = Vec::new();
    for (port, host, onlink) in hops {
        let dev = port_name(*port);
        let Some(link) = node.links.get(&dev).filter(|l| l.up) else { continue };
        let on_link = link.addresses.iter().find(|a| a.addr.is_ipv4() == v4);
        let via = on_link.map(|a| match a.addr {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & !15 | u32::from(*host & 15))),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !15 | u128::from(*host & 15))),
        });
        // Straight out of the interface, or through a router.
        let via = via.filter(|_| host & 0xc0 != 0);
        if found.iter().all(|hop| hop.dev != dev) {
            let weight = if hops.len() > 1 { u16::from(host >> 4) + 1 } else { 1 };
            found.push(NextHop { via, dev, weight, onlink: *onlink && via.is_some() });
        }
    }
    found
}

fn add_neighbour(state: &mut NetState, (node, port, range, host): Thing) {
    let Some(node) = state.nodes.get_mut(&node_name(node)) else { return };
    let (dev, addr) = (port_name(port % PORTS), ip(range, host));
    if node.links.contains_key(&dev) && node.neighbours.iter().all(|n| (&n.dev, n.addr) != (&dev, addr)) {
        let mac = Some(mac(u16::from(host)));
        let state = NeighbourState::Permanent;
        node.neighbours.insert(Neighbour { dev, addr, mac, state, origin: Origin::Netyard });
    }
}

fn add_sysctl(state: &mut NetState, (node, port, choice, value): Thing) {
    let Some(node) = state.nodes.get_mut(&node_name(node)) else { return };
    let key = match choice % 3 {
        0 => "net.ipv4.ip_forward".to_owned(),
        1 => "net.ipv4.conf.all.rp_filter".to_owned(),
        _ => format!("net.ipv4.conf.{}.rp_filter", port_name(port)),
    };
    let key = SysctlKey::new(&key).unwrap();
    if key.interface().is_none_or(|name| node.links.contains_key(name)) {
        node.sysctls.insert(key, (value % 3).to_string());
    }
}

/// `state` with a namespace of a person's, and a cable from there to each node.
fn with_a_strange_node(state: &mut NetState) {
    let theirs = NodeName::new("theirs").unwrap();
    let mut strange = NodeState { origin: Origin::Other(0), ..NodeState::new(NodeKind::Host) };
    for (n, (name, node)) in (0u8..).zip(&mut state.nodes) {
        let near = Endpoint::new(name.clone(), IfName::new("theirs0").unwrap());
        let far = Endpoint::new(theirs.clone(), IfName::new(format!("to{n}")).unwrap());
        for (links, at, far) in [(&mut node.links, &near, &far), (&mut strange.links, &far, &near)] {
            let link = Link { origin: Origin::Other(0), ..Link::veth(mac(0x60), 1500, far.clone()) };
            links.insert(at.link.clone(), link);
        }
    }
    state.nodes.insert(theirs, strange);
}

/// `o` with things of others where `d` needs the place.
pub(crate) fn in_the_way(mut o: NetState, d: &NetState, choice: u16) -> NetState {
    for (n, (name, wanted)) in (0u32..).zip(&d.nodes) {
        let bits = choice.rotate_left(n * 5);
        let Some(node) = o.nodes.get_mut(name) else {
            if bits & 1 != 0 {
                let strange = NodeState { origin: Origin::Other(0), ..NodeState::new(NodeKind::Host) };
                o.nodes.insert(name.clone(), strange);
            }
            continue;
        };
        let needed = wanted.links.keys().find(|dev| !node.links.contains_key(*dev));
        if let Some(dev) = needed {
            let tun = Link { kind: LinkKind::Other { name: "tun".into() }, ..Link::loopback() };
            let bridge = Link::bridge(mac(0x70), 1500, Bridge::default());
            let link = if bits & 2 != 0 { tun } else { bridge };
            node.links.insert(dev.clone(), Link { origin: Origin::Other(0), ..link });
        }
        let free: Vec<_> =
            wanted.routes.iter().filter(|w| node.routes.iter().all(|r| r.key() != w.key())).collect();
        for route in free.into_iter().filter(|_| bits & 4 != 0) {
            let kind = RouteKind::Prohibit;
            node.routes.insert(Route { kind, src: None, origin: Origin::Other(12), ..route.clone() });
        }
        for wanted in wanted.neighbours.iter().filter(|_| bits & 8 != 0) {
            let theirs = Neighbour { mac: Some(mac(0x71)), origin: Origin::Other(0), ..wanted.clone() };
            if node.links.contains_key(&theirs.dev)
                && node.neighbours.iter().all(|n| (&n.dev, n.addr) != (&theirs.dev, theirs.addr))
            {
                node.neighbours.insert(theirs);
            }
        }
    }
    o
}

/// `state` without what the kernel adds by itself and what can only be observed.
pub(crate) fn without_kernels(state: &NetState) -> NetState {
    let mut state = state.clone();
    for node in state.nodes.values_mut() {
        for link in node.links.values_mut() {
            (link.oper, link.port_state) = (None, None);
            link.addresses = link.addresses.iter().filter(|a| a.origin != Origin::Kernel).copied().collect();
        }
        node.routes.retain(|route| route.origin != Origin::Kernel);
        node.neighbours.retain(|n| n.origin != Origin::Kernel);
        node.fdb.retain(|entry| entry.origin != Origin::Kernel);
    }
    state
}

/// `state` as it is observed: with what the kernel adds by itself, and with things of others that are in nobody's way.
pub(crate) fn with_strangers(mut state: NetState, choice: u16) -> NetState {
    for (n, (name, node)) in (0u16..).zip(&mut state.nodes) {
        let bits = choice.rotate_left(u32::from(n) * 3);
        if bits & 1 != 0 {
            let tun = Link {
                kind: LinkKind::Other { name: "tun".into() },
                origin: Origin::Other(0),
                ..Link::loopback()
            };
            node.links.insert(IfName::new("tun0").unwrap(), tun);
        }
        if bits & 2 != 0 {
            let peer = Endpoint::new(name.clone(), IfName::new("mine1").unwrap());
            let back = Endpoint::new(name.clone(), IfName::new("mine0").unwrap());
            for (at, far) in [(&back, &peer), (&peer, &back)] {
                let link = Link { origin: Origin::Other(0), ..Link::veth(mac(7), 1500, far.clone()) };
                node.links.insert(at.link.clone(), link);
            }
        }
        if bits & 3 == 3 && is_left_to_persons(name) {
            node.resolv = Some(Arc::from("nameserver 172.16.0.9\n"));
        }
        let names: Vec<_> = node.links.keys().cloned().collect();
        for (i, dev) in (0u8..).zip(names) {
            add_stranger(node, &dev, i, bits >> 2);
        }
    }
    if choice & 1 != 0 {
        state.strangers.insert(String::from("Not a_node"));
        with_a_strange_node(&mut state);
    }
    state
}

/// Whether no network has a resolver file of Netyard's on the node.
fn is_left_to_persons(name: &NodeName) -> bool {
    name.as_str().ends_with(['1', '3', '5'])
}

fn add_stranger(node: &mut NodeState, dev: &IfName, i: u8, bits: u16) {
    let link = node.links.get_mut(dev).unwrap();
    let (up, is_port) = (link.up, link.master.is_some());
    link.oper = Some(if up { OperState::Up } else { OperState::Down });
    link.port_state = is_port.then_some(PortState::Forwarding);
    let address = Ipv4Addr::new(172, 16, i, 1);
    link.addresses.insert(IfAddr { addr: "fe80::1".parse().unwrap(), len: 64, origin: Origin::Kernel });
    if bits & 1 != 0 {
        link.addresses.insert(IfAddr { addr: address.into(), len: 24, origin: Origin::Other(0) });
    }
    let mac = Some(mac(0x55));
    let learned = NeighbourState::Reachable;
    node.neighbours.insert(Neighbour {
        dev: dev.clone(),
        addr: "fe80::2".parse().unwrap(),
        mac,
        state: learned,
        origin: Origin::Kernel,
    });
    if bits & 2 != 0 {
        let (addr, state) = (Ipv4Addr::new(172, 16, i, 9).into(), NeighbourState::Permanent);
        node.neighbours.insert(Neighbour { dev: dev.clone(), addr, mac, state, origin: Origin::Other(4) });
    }
    if is_port {
        let bridge = node.links[dev].master.clone().unwrap();
        let entry = |mac, state, origin| FdbEntry {
            bridge: bridge.clone(),
            mac: MacAddr([mac; 6]),
            dev: dev.clone(),
            state,
            origin,
        };
        node.fdb.insert(entry(2, FdbState::Learned, Origin::Kernel));
        if bits & 8 != 0 {
            node.fdb.insert(entry(6, FdbState::Static, Origin::Other(0)));
        }
    }
    if up {
        let to = |text: &str| -> Prefix { text.parse().unwrap() };
        let straight = RouteKind::Unicast(vec![NextHop::new(None, dev.clone())]);
        let kernel = Route {
            origin: Origin::Kernel,
            metric: 256,
            ..Route::netyard(to("fe80::/64"), straight.clone())
        };
        node.routes.insert(kernel);
        if bits & 4 != 0 {
            let to = Prefix::containing(Ipv4Addr::new(172, 20, i, 0).into(), 24).unwrap();
            node.routes.insert(Route { origin: Origin::Other(4), ..Route::netyard(to, straight) });
            // `ip route add local`: what it leads to is not observed.
            let (kind, table, origin) = (RouteKind::Other(2), 255, Origin::Other(3));
            node.routes.insert(Route { table, origin, ..Route::netyard(to, kind) });
        }
    }
}

/// What a plan can give back: all but namespaces of others, interfaces and routes of others that no step makes, with what stands on
/// them, and what the kernel adds by itself.
pub(crate) fn restorable(state: &NetState) -> NetState {
    let mut state = without_kernels(state);
    state.strangers.clear();
    state.nodes.retain(|_, node| node.origin == Origin::Netyard);
    let nodes: BTreeSet<_> = state.nodes.keys().cloned().collect();
    let can_be_made = |link: &Link| match &link.kind {
        LinkKind::Veth { peer } => peer.as_ref().is_none_or(|peer| nodes.contains(&peer.node)),
        LinkKind::Loopback | LinkKind::Bridge(_) => true,
        LinkKind::Other { .. } => false,
    };
    for node in state.nodes.values_mut() {
        let others: BTreeSet<_> =
            node.links.iter().filter(|(_, l)| !can_be_made(l)).map(|(name, _)| name.clone()).collect();
        node.links.retain(|name, _| !others.contains(name));
        node.neighbours.retain(|n| !others.contains(&n.dev));
        let by_others = |route: &Route| match &route.kind {
            RouteKind::Unicast(hops) => hops.iter().any(|hop| others.contains(&hop.dev)),
            _ => false,
        };
        node.routes.retain(|route| !by_others(route) && route.can_be_made());
    }
    state
}
