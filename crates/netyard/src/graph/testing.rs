//! Small states to draw.

use netyard_types::{
    AddressSet, Bridge, Endpoint, IfAddr, IfName, LabName, Link, MacAddr, NetState, NodeKind, NodeName,
    NodeState,
};

/// The name of every lab that is drawn.
pub(super) fn lab() -> LabName {
    "office".parse().unwrap()
}

/// Nodes, each written as `name kind`. A switch has a bridge of its name.
pub(super) fn state(nodes: &[&str]) -> NetState {
    let mut state = NetState::default();
    for node in nodes {
        let (name, kind) = node.split_once(' ').unwrap();
        let kind = match kind {
            "host" => NodeKind::Host,
            "router" => NodeKind::Router,
            "switch" => NodeKind::Switch,
            other => panic!("{other}"),
        };
        let mut made = NodeState::new(kind);
        if kind == NodeKind::Switch {
            let bridge = Link::bridge(mac(), Link::DEFAULT_MTU, Bridge::default());
            made.links.insert(name.parse().unwrap(), bridge);
        }
        state.nodes.insert(name.parse().unwrap(), made);
    }
    state
}

/// A cable between two ends, each written as `node.port address…`.
pub(super) fn cable(state: &mut NetState, a: &str, b: &str) {
    let ends = [read_end(a), read_end(b)];
    for (i, (end, addresses)) in ends.iter().enumerate() {
        let mut link = Link::veth(mac(), Link::DEFAULT_MTU, ends[1 - i].0.clone());
        link.addresses = addresses.clone();
        state.nodes.get_mut(&end.node).unwrap().links.insert(end.link.clone(), link);
    }
}

pub(super) fn read_end(text: &str) -> (Endpoint, AddressSet) {
    let mut fields = text.split(' ');
    let (node, port) = fields.next().unwrap().split_once('.').unwrap();
    let end = Endpoint::new(NodeName::new(node).unwrap(), IfName::new(port).unwrap());
    (end, fields.map(address).collect())
}

pub(super) fn address(text: &str) -> IfAddr {
    let (addr, len) = text.split_once('/').unwrap();
    IfAddr::netyard(addr.parse().unwrap(), len.parse().unwrap())
}

fn mac() -> MacAddr {
    "02:00:00:00:00:01".parse().unwrap()
}

/// Two switches with a router between them.
pub(super) fn office() -> NetState {
    let mut state =
        state(&["lan switch", "dmz switch", "gw router", "a host", "web10 host", "web2 host", "c host"]);
    cable(&mut state, "a.eth0 192.168.1.2/24", "lan.a");
    cable(&mut state, "web2.eth0 192.168.1.3/24", "lan.web2");
    cable(&mut state, "web10.eth0 192.168.1.11/24", "lan.web10");
    cable(&mut state, "gw.lan0 192.168.1.1/24", "lan.gw");
    cable(&mut state, "gw.dmz0 192.168.2.1/24 fd00:2::1/64", "dmz.gw");
    cable(&mut state, "c.eth0 192.168.2.9/24 fd00:2::9/64", "dmz.c");
    state
}
