//! The tables of `show`: one row a thing, in the words of `ip` and `bridge`.

use std::net::IpAddr;

use netyard_kernel::Paths;
use netyard_types::{Link, NetState, NextHop, NodeName, NodeState, OperState, Origin, Route, RouteKind};
use serde_json::{Value, json};

use super::table::Table;
use crate::args::Table as What;
use crate::commands::names;
use crate::natural;

/// The plural by which the table is known.
pub(crate) fn word(what: What) -> &'static str {
    match what {
        What::Nodes => "nodes",
        What::Links => "links",
        What::Addresses => "addresses",
        What::Routes => "routes",
        What::Neighbours => "neighbours",
        What::Fdb => "fdb",
        What::Names => "names",
    }
}

/// One table of the state.
pub(crate) fn text(state: &NetState, what: What) -> Table {
    match what {
        What::Nodes => nodes(state),
        What::Links => links(state),
        What::Addresses => addresses(state),
        What::Routes => routes(state),
        What::Neighbours => neighbours(state),
        What::Fdb => fdb(state),
        What::Names => super::names::table(&names::find(state, &Paths::default())),
    }
}

/// The nodes in the order that a person expects, `web2` before `web10`.
fn in_order(state: &NetState) -> Vec<(&NodeName, &NodeState)> {
    let mut nodes: Vec<_> = state.nodes.iter().collect();
    nodes.sort_by(|(a, _), (b, _)| natural::compare(a.as_str(), b.as_str()));
    nodes
}

fn nodes(state: &NetState) -> Table {
    let mut table = Table::new(&["node", "kind", "links", "addresses", "routes"]);
    for (name, node) in in_order(state) {
        let links = node.links.len() - usize::from(node.links.contains_key("lo"));
        table.row([
            name.to_string(),
            node.kind.to_string(),
            links.to_string(),
            own_addresses(node).join(" "),
            node.routes.iter().filter(|route| route.origin != Origin::Kernel).count().to_string(),
        ]);
    }
    table
}

/// The addresses by which others reach the node: neither those of `lo` nor those the kernel gives every link.
fn own_addresses(node: &NodeState) -> Vec<String> {
    let own = |link: &Link| {
        link.addresses
            .iter()
            .filter(|a| a.origin != Origin::Kernel)
            .map(|a| a.addr.to_string())
            .collect::<Vec<_>>()
    };
    node.links.values().flat_map(own).collect()
}

fn links(state: &NetState) -> Table {
    let mut table = Table::new(&["node", "link", "type", "state", "mtu", "address", "peer", "master"]);
    for (name, node) in in_order(state) {
        for (link_name, link) in &node.links {
            table.row([
                name.to_string(),
                link_name.to_string(),
                link.kind.as_str().to_owned(),
                link_state(link),
                link.mtu.to_string(),
                link.mac.map_or_else(String::new, |mac| mac.to_string()),
                link.peer().map_or_else(String::new, ToString::to_string),
                link.master.as_ref().map_or_else(String::new, ToString::to_string),
            ]);
        }
    }
    table
}

/// Up or down, and what more there is to say: why a link that is up carries nothing, or that its switch keeps it from
/// forwarding.
fn link_state(link: &Link) -> String {
    use netyard_types::PortState;
    let oper = match (link.up, link.oper) {
        (false, _) => "down",
        (true, None | Some(OperState::Up | OperState::Unknown)) => "up",
        (true, Some(OperState::Down | OperState::LowerLayerDown)) => "up, no carrier",
        (true, Some(OperState::Dormant)) => "up, dormant",
    };
    match link.port_state {
        None | Some(PortState::Forwarding) => String::from(oper),
        Some(PortState::Disabled) if oper != "up" => String::from(oper),
        Some(PortState::Disabled) => format!("{oper}, disabled"),
        Some(PortState::Listening) => format!("{oper}, listening"),
        Some(PortState::Learning) => format!("{oper}, learning"),
        Some(PortState::Blocking) => format!("{oper}, blocking"),
    }
}

fn addresses(state: &NetState) -> Table {
    let mut table = Table::new(&["node", "link", "address", "from"]);
    for (name, node) in in_order(state) {
        for (link_name, link) in &node.links {
            for addr in &link.addresses {
                table.row([name.to_string(), link_name.to_string(), addr.to_string(), origin(addr.origin)]);
            }
        }
    }
    table
}

fn routes(state: &NetState) -> Table {
    let mut table = Table::new(&["node", "to", "via", "dev", "metric", "from"]);
    for (name, node) in in_order(state) {
        for route in &node.routes {
            let metric = if route.metric == 0 { String::new() } else { route.metric.to_string() };
            match &route.kind {
                RouteKind::Unicast(hops) => {
                    // Each further next hop of a multipath route has a line of its own.
                    for (number, hop) in hops.iter().enumerate() {
                        let to = if number == 0 { destination(route) } else { String::from("  or") };
                        table.row([
                            name.to_string(),
                            to,
                            via(hop),
                            hop.dev.to_string(),
                            metric.clone(),
                            origin(route.origin),
                        ]);
                    }
                }
                kind => table.row([
                    name.to_string(),
                    destination(route),
                    kind_word(kind),
                    String::new(),
                    metric,
                    origin(route.origin),
                ]),
            }
        }
    }
    table
}

fn destination(route: &Route) -> String {
    match (route.to.is_default(), route.to.is_ipv4()) {
        (true, true) => String::from("default"),
        (true, false) => String::from("default (::/0)"),
        (false, _) => route.to.to_string(),
    }
}

fn via(hop: &NextHop) -> String {
    hop.via.map_or_else(String::new, |via: IpAddr| via.to_string())
}

fn kind_word(kind: &RouteKind) -> String {
    match kind {
        RouteKind::Unicast(_) => String::new(),
        RouteKind::Blackhole => String::from("blackhole"),
        RouteKind::Unreachable => String::from("unreachable"),
        RouteKind::Prohibit => String::from("prohibit"),
        RouteKind::Other(number) => format!("type {number}"),
    }
}

fn neighbours(state: &NetState) -> Table {
    let mut table = Table::new(&["node", "address", "dev", "lladdr", "state"]);
    for (name, node) in in_order(state) {
        for neighbour in &node.neighbours {
            table.row([
                name.to_string(),
                neighbour.addr.to_string(),
                neighbour.dev.to_string(),
                neighbour.mac.map_or_else(String::new, |mac| mac.to_string()),
                lower(&neighbour.state),
            ]);
        }
    }
    table
}

fn fdb(state: &NetState) -> Table {
    let mut table = Table::new(&["node", "lladdr", "port", "behind it", "kind"]);
    for (name, node) in in_order(state) {
        for entry in &node.fdb {
            let peer = node.links.get(&entry.dev).and_then(Link::peer);
            table.row([
                name.to_string(),
                entry.mac.to_string(),
                entry.dev.to_string(),
                peer.map_or_else(String::new, ToString::to_string),
                lower(&entry.state),
            ]);
        }
    }
    table
}

fn origin(origin: Origin) -> String {
    match origin {
        Origin::Netyard => String::from("netyard"),
        Origin::Kernel => String::from("kernel"),
        // rt_protos of iproute2: what a person types, and the routing daemons.
        Origin::Other(0) => String::new(),
        Origin::Other(3) => String::from("boot"),
        Origin::Other(4) => String::from("static"),
        Origin::Other(9) => String::from("ra"),
        Origin::Other(11) => String::from("zebra"),
        Origin::Other(12) => String::from("bird"),
        Origin::Other(number) => format!("protocol {number}"),
    }
}

/// The word of a plain enum, as its JSON has it.
fn lower(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The rows of a table for programs: the fields of the state, with the node beside them.
pub(crate) fn json(state: &NetState, what: What) -> Value {
    if what == What::Names {
        return super::names::json(&names::find(state, &Paths::default()));
    }
    let mut rows = Vec::new();
    for (name, node) in in_order(state) {
        match what {
            What::Nodes => rows.push(json!({
                "node": name,
                "kind": node.kind,
                "links": node.links.keys().filter(|link| link.as_str() != "lo").collect::<Vec<_>>(),
                "addresses": own_addresses(node),
            })),
            What::Links => rows
                .extend(node.links.iter().map(|(link_name, link)| link_json(name, link_name.as_str(), link))),
            What::Addresses => {
                for (link_name, link) in &node.links {
                    rows.extend(link.addresses.iter().map(|addr| {
                        json!({ "node": name, "link": link_name, "address": addr.addr, "length": addr.len, "origin": addr.origin })
                    }));
                }
            }
            What::Routes => rows.extend(node.routes.iter().map(|route| with_node(name, route))),
            What::Neighbours => {
                rows.extend(node.neighbours.iter().map(|neighbour| with_node(name, neighbour)))
            }
            What::Fdb => rows.extend(node.fdb.iter().map(|entry| with_node(name, entry))),
            What::Names => {}
        }
    }
    Value::Array(rows)
}

fn link_json(node: &NodeName, name: &str, link: &Link) -> Value {
    json!({
        "node": node,
        "link": name,
        "type": link.kind.as_str(),
        "up": link.up,
        "oper": link.oper,
        "mtu": link.mtu,
        "mac": link.mac,
        "peer": link.peer().map(|peer| json!({ "node": peer.node, "link": peer.link })),
        "master": link.master,
        "port_state": link.port_state,
        "bridge": match &link.kind { netyard_types::LinkKind::Bridge(bridge) => Some(bridge), _ => None },
        "origin": link.origin,
    })
}

fn with_node(node: &NodeName, value: &impl serde::Serialize) -> Value {
    let mut row = serde_json::Map::new();
    row.insert(String::from("node"), json!(node));
    if let Ok(Value::Object(fields)) = serde_json::to_value(value) {
        row.extend(fields);
    }
    Value::Object(row)
}
