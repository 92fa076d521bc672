//! What must hold for every network, tried with generated ones.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::net::IpAddr;

use netyard_model::{Network, NodeId, compile};
use netyard_types::{DomainName, Features, IfName, Names, NetState, NodeKind, Prefix, RecordData, RouteKind};
use proptest::prelude::*;

/// A network in numbers, so that it can be made smaller when a law fails.
#[derive(Debug, Clone)]
struct Shape {
    /// For each switch, whether it has an IPv6 subnet too.
    switches: Vec<bool>,
    /// For each router the switch it is on, and the router before it that it is cabled to, both modulo how many there are.
    routers: Vec<(usize, usize)>,
    /// Further cables between routers.
    chords: Vec<(usize, usize)>,
    /// For each host its switches, and whether its first address is given.
    hosts: Vec<(Vec<usize>, bool)>,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let switches = prop::collection::vec(any::<bool>(), 1..5);
    let routers = prop::collection::vec((0..9_usize, 0..9_usize), 1..9);
    let chords = prop::collection::vec((0..9_usize, 0..9_usize), 0..5);
    let hosts = prop::collection::vec((prop::collection::vec(0..9_usize, 1..4), any::<bool>()), 0..9);
    (switches, routers, chords, hosts).prop_map(|(switches, routers, chords, hosts)| Shape {
        switches,
        routers,
        chords,
        hosts,
    })
}

impl Shape {
    /// The network as a file. All routers are joined.
    fn to_file(&self) -> String {
        let mut file = String::new();
        for (i, dual) in self.switches.iter().enumerate() {
            let six = if *dual { format!(", \"fd00:{i}::/64\"") } else { String::new() };
            writeln!(file, "[switch.s{i}]\nsubnet = [\"10.{i}.0.0/24\"{six}]").unwrap();
        }
        let mut cables = Vec::new();
        for (i, (switch, before)) in self.routers.iter().enumerate() {
            writeln!(file, "[router.r{i}]\non = \"{}\"", self.switch(*switch)).unwrap();
            cables.extend((i > 0).then(|| (i, before % i)));
        }
        let count = self.routers.len();
        cables.extend(self.chords.iter().map(|(a, b)| (a % count, b % count)).filter(|(a, b)| a != b));
        for (i, (switches, given)) in self.hosts.iter().enumerate() {
            // A name like those of second ports, so that names of switch ports clash.
            let name = if i % 3 == 2 { format!("h{}-eth1", i - 1) } else { format!("h{i}") };
            let on: Vec<String> =
                switches.iter().map(|switch| format!("\"{}\"", self.switch(*switch))).collect();
            writeln!(file, "[host.{name}]\non = [{}]\ngateway = \"none\"", on.join(", ")).unwrap();
            if *given {
                writeln!(file, "address = \"10.{}.0.{}\"", switches[0] % self.switches.len(), i + 3).unwrap();
            }
        }
        for (i, (a, b)) in cables.into_iter().enumerate() {
            writeln!(file, "[[cable]]\nbetween = [\"r{a}\", \"r{b}\"]").unwrap();
            writeln!(file, "subnet = [\"10.200.{i}.0/31\", \"fd99:{i}::/127\"]").unwrap();
        }
        file
    }

    fn switch(&self, n: usize) -> String {
        format!("s{}", n % self.switches.len())
    }
}

proptest! {
    #[test]
    fn no_two_interfaces_share_an_address(shape in shapes()) {
        let state = state(&common::network(&shape.to_file()));
        let links = || state.nodes.values().flat_map(|node| node.links.values());
        let macs: Vec<_> = links().filter_map(|link| link.mac).collect();
        prop_assert_eq!(macs.iter().collect::<BTreeSet<_>>().len(), macs.len());
        prop_assert!(macs.iter().all(|mac| mac.0[0] == 2));
        let addresses: Vec<_> = links().flat_map(|link| &link.addresses).map(|a| a.addr).collect();
        prop_assert_eq!(addresses.iter().collect::<BTreeSet<_>>().len(), addresses.len());
    }

    #[test]
    fn the_same_file_gives_the_same_network(shape in shapes()) {
        let file = shape.to_file();
        prop_assert_eq!(common::network(&file), common::network(&file));
    }

    #[test]
    fn both_ends_of_a_cable_name_each_other(shape in shapes()) {
        let state = state(&common::network(&shape.to_file()));
        for (name, node) in &state.nodes {
            for (link, made) in &node.links {
                if let Some(peer) = made.peer() {
                    let back = state.nodes[&peer.node].links[&peer.link].peer().unwrap();
                    prop_assert_eq!((&back.node, &back.link), (name, link));
                }
            }
        }
    }

    #[test]
    fn a_node_added_at_the_end_moves_nobody(shape in shapes(), kind in 0..3_u8, on in prop::collection::vec(0..9_usize, 1..4)) {
        let file = shape.to_file();
        let on: Vec<String> = on.iter().map(|switch| format!("\"{}\"", shape.switch(*switch))).collect();
        let on = on.join(", ");
        let added = match kind {
            0 => format!("[host.h0-eth1]\non = [{on}]\ngateway = \"none\"\n"),
            1 => format!("[router.h1-eth2]\non = [{on}]\n"),
            _ => String::from("[switch.h0-eth2]\n[[cable]]\nbetween = [\"h0-eth2\", \"s0\"]\n"),
        };
        let before = state(&common::network(&file));
        let after = state(&common::network(&(file + &added)));
        for (name, node) in &before.nodes {
            for (link, old) in &node.links {
                prop_assert_eq!(Some(old), after.nodes[name].links.get(link), "{}.{}", name, link);
            }
            let is_host = node.kind == NodeKind::Host;
            prop_assert!(!is_host || node.links.len() == after.nodes[name].links.len());
        }
    }

    #[test]
    fn routes_lead_everywhere_without_loops(shape in shapes()) {
        let network = common::network(&shape.to_file());
        let world = World::new(&network);
        let routers = || network.nodes().filter(|(_, node)| node.kind == NodeKind::Router).map(|(id, _)| id);
        let prefixes: BTreeSet<Prefix> = routers().flat_map(|id| world.own_prefixes(id)).collect();
        for router in routers() {
            for to in &prefixes {
                world.follow(router, to, routers().count());
            }
        }
    }
}

proptest! {
    #[test]
    fn names_are_the_same_each_time(shape in shapes(), by in names()) {
        let file = by.to_file(&shape);
        prop_assert_eq!(names_of(&file), names_of(&file));
    }

    #[test]
    fn no_zone_stands_below_another(shape in shapes(), by in names()) {
        let names = names_of(&by.to_file(&shape));
        for apex in names.zones.keys() {
            for other in names.zones.keys().filter(|other| *other != apex) {
                prop_assert!(!apex.is_in(other), "{} is in {}", apex, other);
            }
        }
        for (apex, records) in &names.zones {
            prop_assert!(records.keys().all(|owner| owner.is_in(apex)));
        }
    }

    #[test]
    fn every_address_has_a_name_that_has_the_address(shape in shapes(), by in names()) {
        let names = names_of(&by.to_file(&shape));
        let forward = &names.zones[&names.domain];
        let mut pointers = BTreeSet::new();
        for (owner, record) in names.zones.values().flatten().flat_map(|(owner, all)| all.iter().map(move |r| (owner, r))) {
            let RecordData::Ptr(target) = &record.data else { continue };
            let addresses = forward.get(target).unwrap().iter().filter_map(|record| match record.data {
                RecordData::A(addr) => Some(IpAddr::V4(addr)),
                RecordData::Aaaa(addr) => Some(IpAddr::V6(addr)),
                _ => None,
            });
            let of_target: Vec<_> = addresses.filter(|addr| DomainName::of_address(*addr) == *owner).collect();
            prop_assert_eq!(of_target.len(), 1, "{} {}", owner, target);
            pointers.extend(of_target);
        }
        prop_assert_eq!(pointers, names.clients.keys().copied().collect::<BTreeSet<_>>());
    }

    #[test]
    fn a_host_added_at_the_end_moves_no_name(shape in shapes(), by in names(), on in 0..9_usize) {
        let file = by.to_file(&shape);
        let added = format!("{file}[host.zz]\non = \"{}\"\ngateway = \"none\"\n", shape.switch(on));
        let (before, after) = (names_of(&file), names_of(&added));
        prop_assert_eq!(&before.name_servers, &after.name_servers);
        prop_assert_eq!(&before.views, &after.views);
        for (apex, records) in &before.zones {
            for (owner, old) in records {
                prop_assert_eq!(Some(old), after.zones[apex].get(owner), "{}", owner);
            }
        }
        let states = (state(&common::network(&file)), state(&common::network(&added)));
        for (name, node) in &states.0.nodes {
            prop_assert_eq!(&node.resolv, &states.1.nodes[name].resolv);
        }
    }

    #[test]
    fn every_node_has_a_server_to_ask(shape in shapes(), by in names()) {
        let network = common::network(&by.to_file(&shape));
        let names = names_of(&by.to_file(&shape));
        let listens: BTreeSet<String> = names.servers.values().flatten().map(ToString::to_string).collect();
        for node in state(&network).nodes.values() {
            let text = node.resolv.as_deref().unwrap();
            let asked: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("nameserver ")).collect();
            prop_assert!((1..=3).contains(&asked.len()), "{}", text);
            prop_assert!(asked.iter().all(|server| listens.contains(*server)), "{}", text);
        }
    }
}

/// What `[names]` says, in numbers: the servers among the routers, and the length of a further range that holds the others.
#[derive(Debug, Clone)]
struct NamesShape {
    servers: BTreeSet<usize>,
    wide: Option<u8>,
    wildcard: bool,
    view: bool,
}

fn names() -> impl Strategy<Value = NamesShape> {
    let servers = prop::collection::btree_set(0..9_usize, 0..5);
    (servers, prop::option::of(1..24_u8), any::<bool>(), any::<bool>())
        .prop_map(|(servers, wide, wildcard, view)| NamesShape { servers, wide, wildcard, view })
}

impl NamesShape {
    /// The network with these names as a file. Everything but nodes comes first, so that nodes can be added at the end.
    fn to_file(&self, shape: &Shape) -> String {
        let mut file = String::from("allow = [\"overlapping-subnets\"]\n[names]\n");
        let servers: BTreeSet<String> =
            self.servers.iter().map(|n| format!("\"r{}\"", n % shape.routers.len())).collect();
        let servers: Vec<String> = servers.into_iter().collect();
        writeln!(file, "server = [{}]", servers.join(", ")).unwrap();
        if self.wildcard {
            file.push_str("wildcard = [\"r0\", \"10.99.99.99\"]\n");
        }
        file.push_str("[names.records]\nr0 = { TXT = \"first\", ttl = \"5s\" }\nwww.CNAME = \"r0\"\n");
        if self.view {
            file.push_str("[names.view.inside]\nnodes = \"r0\"\nrecords.www.A = \"10.99.99.98\"\n");
        }
        if let Some(len) = self.wide {
            let range = Prefix::containing("10.0.0.0".parse().unwrap(), len).unwrap();
            writeln!(file, "[switch.wide]\nsubnet = \"{range}\"").unwrap();
        }
        file + &shape.to_file()
    }
}

fn names_of(file: &str) -> Names {
    Names::clone(state(&common::network(file)).names.as_deref().unwrap())
}

fn state(network: &Network) -> NetState {
    compile(network, &Features::all()).unwrap()
}

/// A network to walk through.
struct World<'a> {
    network: &'a Network,
    state: NetState,
    node_with: BTreeMap<IpAddr, NodeId>,
}

impl<'a> World<'a> {
    fn new(network: &'a Network) -> Self {
        let addresses =
            network.ports().flat_map(|(_, port)| port.addresses.iter().map(|a| (a.ip.addr, port.node)));
        Self { network, state: state(network), node_with: addresses.collect() }
    }

    fn own_prefixes(&self, node: NodeId) -> Vec<Prefix> {
        let ports = self.network[node].ports.iter().map(|&port| &self.network[port]);
        ports.flat_map(|port| &port.addresses).map(|a| a.ip.prefix()).collect()
    }

    /// Follows every next hop towards `to`; each must be reached directly, and there may be at most `budget` of them in a row.
    fn follow(&self, node: NodeId, to: &Prefix, budget: usize) {
        if self.own_prefixes(node).contains(to) {
            return;
        }
        assert!(budget > 0, "a loop on the way to {to}");
        let routes = &self.state.nodes[&self.network[node].name].routes;
        let route = routes.iter().find(|route| route.to == *to);
        let route = route.unwrap_or_else(|| panic!("{} has no route to {to}", self.network[node].name));
        let RouteKind::Unicast(hops) = &route.kind else { panic!("{route:?}") };
        assert!(!hops.is_empty());
        for hop in hops {
            let via = hop.via.unwrap();
            assert!(self.reaches(node, &hop.dev, via), "{via} on {}", hop.dev);
            self.follow(self.node_with[&via], to, budget - 1);
        }
    }

    /// Whether an address is on the segment of an interface, and in a range of it.
    fn reaches(&self, node: NodeId, dev: &IfName, addr: IpAddr) -> bool {
        let port = &self.network[self.network.port(node, dev).unwrap()];
        let far = &self.network[self.network.port_with_address(addr).unwrap()];
        port.segment == far.segment && port.addresses.iter().any(|a| a.ip.prefix().contains(addr))
    }
}

/// Ten thousand hosts on one segment: nothing may look at every host for every host.
#[test]
fn a_large_segment_is_resolved() {
    let mut file = String::from("[switch.core]\nsubnet = [\"10.0.0.0/16\", \"fd00::/64\"]\n");
    for i in 0..10 {
        write!(file, "[switch.s{i}]\n[host.h{i}x]\non = \"s{i}\"\ncount = 1000\n").unwrap();
        write!(file, "[[cable]]\nbetween = [\"core\", \"s{i}\"]\n").unwrap();
    }
    file += "[router.gw]\non = \"core\"\n";
    let network = common::network(&file);
    let gateways = network.nodes().map(|(_, node)| node.routes.len()).sum::<usize>();
    assert_eq!(gateways, 20_000);
    assert_eq!(state(&network).nodes.len(), 10_012);
}

/// A grid of routers with a network behind each.
#[test]
fn a_large_grid_of_routers_is_resolved() {
    let side = 12;
    let mut file = String::new();
    for i in 0..side * side {
        write!(file, "[switch.s{i}]\nsubnet = \"10.{}.{}.0/24\"\n", i / 250, i % 250).unwrap();
        write!(file, "[router.r{i}]\non = \"s{i}\"\n").unwrap();
    }
    let right = (0..side * side).filter(|i| i % side + 1 < side).map(|i| (i, i + 1));
    let down = (0..side * (side - 1)).map(|i| (i, i + side));
    for (i, (a, b)) in right.chain(down).enumerate() {
        write!(file, "[[cable]]\nbetween = [\"r{a}\", \"r{b}\"]\n").unwrap();
        writeln!(file, "subnet = \"10.100.{}.{}/31\"", i / 100, i % 100 * 2).unwrap();
    }
    let network = common::network(&file);
    let corner = &network[network.node("r0").unwrap()];
    // Every subnet but the three of its own, and to the opposite corner both ways.
    assert_eq!(corner.routes.len(), network.subnets().len() - 3);
    let opposite: Prefix = "10.0.143.0/24".parse().unwrap();
    let route = &corner.routes.iter().find(|r| r.route.to == opposite).unwrap().route;
    assert!(matches!(&route.kind, RouteKind::Unicast(hops) if hops.len() == 2));
}
