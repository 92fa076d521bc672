//! A small office network, and words to write it with.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::net::IpAddr;
use std::sync::Arc;

use netyard_types::{
    Bridge, DomainName, Endpoint, IfAddr, IfName, LOOPBACK_SERVER, Link, MacAddr, Names, Neighbour,
    NeighbourState, NetState, NextHop, NodeKind, NodeName, NodeState, Origin, Prefix, Record, RecordData,
    Route, RouteKind, SysctlKey, Troubles,
};

pub(crate) fn node(name: &str) -> NodeName {
    NodeName::new(name).unwrap()
}

pub(crate) fn dev(name: &str) -> IfName {
    IfName::new(name).unwrap()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// `node.interface`.
pub(crate) fn end(text: &str) -> Endpoint {
    let (name, link) = text.split_once('.').unwrap();
    Endpoint::new(node(name), dev(link))
}

/// `address/length`.
pub(crate) fn addr(text: &str) -> IfAddr {
    let (addr, len) = text.split_once('/').unwrap();
    IfAddr::netyard(ip(addr), len.parse().unwrap())
}

pub(crate) fn mac(n: u8) -> MacAddr {
    MacAddr([2, 0, 0, 0, 0, n])
}

pub(crate) fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

pub(crate) fn key(text: &str) -> SysctlKey {
    SysctlKey::new(text).unwrap()
}

pub(crate) fn hop(via: &str, link: &str) -> NextHop {
    NextHop::new(Some(ip(via)), dev(link))
}

pub(crate) fn via(to: &str, via: &str, link: &str) -> Route {
    Route::netyard(prefix(to), RouteKind::Unicast(vec![hop(via, link)]))
}

pub(crate) fn permanent(addr: &str, link: &str, n: u8) -> Neighbour {
    let state = NeighbourState::Permanent;
    Neighbour { dev: dev(link), addr: ip(addr), mac: Some(mac(n)), state, origin: Origin::Netyard }
}

pub(crate) fn domain(name: &str) -> DomainName {
    DomainName::new(name).unwrap()
}

/// A resolver file of Netyard's.
pub(crate) fn resolver(server: &str) -> Arc<str> {
    format!("{}\nnameserver {server}\nsearch office.test\n", NodeState::RESOLV_MARK).into()
}

/// What the office's name server answers.
pub(crate) fn answers() -> Names {
    let record = |name: &str, data: RecordData| (domain(name), vec![Record::from(data)]);
    let mail = RecordData::Mx { preference: 10, exchange: domain("mail.elsewhere.example") };
    let office = [
        record("office.test", mail),
        record("ns.office.test", RecordData::A(LOOPBACK_SERVER)),
        record("db.office.test", RecordData::address(ip("10.0.0.2"))),
        record("www.office.test", RecordData::Cname(domain("db.office.test"))),
    ];
    let reverse = [record("2.0.0.10.in-addr.arpa", RecordData::Ptr(domain("db.office.test")))];
    Names {
        domain: domain("office.test"),
        ttl: 60,
        name_servers: vec![domain("ns.office.test")],
        servers: ["a", "b"].map(|name| (node(name), [LOOPBACK_SERVER.into()].into())).into(),
        zones: [(domain("office.test"), office.into()), (domain("0.0.10.in-addr.arpa"), reverse.into())]
            .into(),
        clients: [(ip("10.0.0.2"), node("b"))].into(),
        views: Vec::new(),
        troubles: Troubles::default(),
        forward: Vec::new(),
    }
}

/// Changes a network in place, for the tests that compare two.
pub(crate) trait Edit {
    fn node(&mut self, name: &str) -> &mut NodeState;
    fn link(&mut self, at: &str) -> &mut Link;
    fn add_node(&mut self, name: &str, kind: NodeKind);
    fn add_bridge(&mut self, at: &str, n: u8);
    fn add_cable(&mut self, a: &str, b: &str, n: u8);
    fn cut(&mut self, at: &str);
}

impl Edit for NetState {
    fn node(&mut self, name: &str) -> &mut NodeState {
        self.nodes.get_mut(name).unwrap()
    }

    fn link(&mut self, at: &str) -> &mut Link {
        let at = end(at);
        self.nodes.get_mut(&at.node).unwrap().links.get_mut(&at.link).unwrap()
    }

    fn add_node(&mut self, name: &str, kind: NodeKind) {
        self.nodes.insert(node(name), NodeState::new(kind));
    }

    fn add_bridge(&mut self, at: &str, n: u8) {
        let at = end(at);
        let bridge = Link::bridge(mac(n), 1500, Bridge::default());
        self.nodes.get_mut(&at.node).unwrap().links.insert(at.link, bridge);
    }

    /// A cable; an end on a switch is a port of the switch's bridge, which has the name of the switch.
    fn add_cable(&mut self, a: &str, b: &str, n: u8) {
        for (at, far, n) in [(end(a), end(b), n), (end(b), end(a), n + 1)] {
            let found = self.nodes.get_mut(&at.node).unwrap();
            let mut link = Link::veth(mac(n), 1500, far);
            link.master = (found.kind == NodeKind::Switch).then(|| dev(at.node.as_str()));
            found.links.insert(at.link, link);
        }
    }

    fn cut(&mut self, at: &str) {
        let far = self.link(at).peer().unwrap().clone();
        for at in [end(at), far] {
            self.nodes.get_mut(&at.node).unwrap().links.remove(&at.link);
        }
    }
}

/// Two switches, a router between them, hosts `a` and `b` on the one and `c` on the other.
pub(crate) fn office() -> NetState {
    let mut net = NetState::default();
    for (name, kind) in [
        ("lan", NodeKind::Switch),
        ("dmz", NodeKind::Switch),
        ("gw", NodeKind::Router),
        ("a", NodeKind::Host),
        ("b", NodeKind::Host),
        ("c", NodeKind::Host),
    ] {
        net.add_node(name, kind);
    }
    net.add_bridge("lan.lan", 0x10);
    net.add_bridge("dmz.dmz", 0x11);
    net.add_cable("lan.a", "a.eth0", 0x20);
    net.add_cable("lan.b", "b.eth0", 0x22);
    net.add_cable("lan.gw", "gw.lan0", 0x24);
    net.add_cable("dmz.gw", "gw.dmz0", 0x26);
    net.add_cable("dmz.c", "c.eth0", 0x28);
    for (at, address) in [
        ("a.eth0", "192.168.1.10/24"),
        ("b.eth0", "192.168.1.11/24"),
        ("gw.lan0", "192.168.1.1/24"),
        ("gw.dmz0", "192.168.2.1/24"),
        ("gw.dmz0", "fd00:2::1/64"),
        ("c.eth0", "192.168.2.9/24"),
        ("c.eth0", "fd00:2::9/64"),
    ] {
        net.link(at).addresses.insert(addr(address));
    }
    for (name, route) in [
        ("a", via("0.0.0.0/0", "192.168.1.1", "eth0")),
        ("b", via("0.0.0.0/0", "192.168.1.1", "eth0")),
        ("c", via("0.0.0.0/0", "192.168.2.1", "eth0")),
        ("c", via("::/0", "fd00:2::1", "eth0")),
    ] {
        net.node(name).routes.insert(route);
    }
    net.node("gw").sysctls.insert(key("net.ipv4.ip_forward"), "1".into());
    let names: Arc<str> = "192.168.1.10 a\n192.168.1.11 b db\n192.168.2.9 c\nfd00:2::9 c\n".into();
    for name in ["a", "b", "c"] {
        net.node(name).hosts = Some(names.clone());
    }
    net
}
