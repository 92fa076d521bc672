//! A network for programs.

use netyard_types::{LabName, Link, NetState};
use serde_json::{Value, json};

use super::topology::{Cable, Topology, addresses};

/// The version of the form. Fields are only ever added to one version.
const SCHEMA_VERSION: u32 = 1;

/// The network as JSON: `nodes`, each with the interfaces that are no end of a cable, and `links`, each with two `ends`, of which
/// the second is null if it lies outside.
pub(crate) fn json(state: &NetState, lab: &LabName) -> String {
    let topology = Topology::of(state);
    let nodes = topology.nodes.iter().map(|node| {
        let interfaces = node.others.iter().map(|(name, link)| {
            json!({ "name": name, "kind": link.kind.as_str(), "up": link.up, "addresses": address_list(link) })
        });
        json!({ "name": node.name, "kind": node.kind, "interfaces": interfaces.collect::<Vec<_>>() })
    });
    let value = json!({
        "schema_version": SCHEMA_VERSION,
        "lab": lab,
        "nodes": nodes.collect::<Vec<_>>(),
        "links": topology.cables.iter().map(|cable| cable_value(&topology, cable)).collect::<Vec<_>>(),
    });
    format!("{value:#}\n")
}

fn cable_value(topology: &Topology<'_>, cable: &Cable<'_>) -> Value {
    let ends = cable.ends.map(|end| {
        end.map(|end| {
            json!({
                "node": topology.nodes[end.node].name,
                "port": end.port,
                "mac": end.link.mac,
                "mtu": end.link.mtu,
                "up": end.link.up,
                "addresses": address_list(end.link),
            })
        })
    });
    json!({ "ends": ends })
}

fn address_list(link: &Link) -> Vec<String> {
    addresses(link).map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{address, cable, lab, state};
    use super::*;

    #[test]
    fn a_bridge_for_programs() {
        let mut state = state(&["red host", "br0 switch"]);
        cable(&mut state, "red.veth-red 192.168.15.1/24 fd00::1/64", "br0.veth-red-br");
        let bridge = state.nodes.get_mut("br0").unwrap().links.get_mut("br0").unwrap();
        bridge.addresses.insert(address("192.168.15.5/24"));
        let expected = json!({
            "schema_version": 1,
            "lab": "office",
            "nodes": [
                { "name": "br0", "kind": "switch", "interfaces": [
                    { "name": "br0", "kind": "bridge", "up": true, "addresses": ["192.168.15.5/24"] },
                    { "name": "lo", "kind": "loopback", "up": true, "addresses": [] },
                ] },
                { "name": "red", "kind": "host", "interfaces": [
                    { "name": "lo", "kind": "loopback", "up": true, "addresses": [] },
                ] },
            ],
            "links": [{ "ends": [
                {
                    "node": "br0", "port": "veth-red-br", "mac": "02:00:00:00:00:01", "mtu": 1500, "up": true,
                    "addresses": [],
                },
                {
                    "node": "red", "port": "veth-red", "mac": "02:00:00:00:00:01", "mtu": 1500, "up": true,
                    "addresses": ["192.168.15.1/24", "fd00::1/64"],
                },
            ] }],
        });
        let text = json(&state, &lab());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
        assert!(text.starts_with("{\n  \"schema_version\": 1,\n") && text.ends_with("}\n"));
    }

    #[test]
    fn an_end_outside_is_null() {
        let mut state = state(&["a host", "b host"]);
        cable(&mut state, "a.x\"y", "b.eth0");
        state.nodes.remove("b");
        let value: Value = serde_json::from_str(&json(&state, &lab())).unwrap();
        assert_eq!(value["links"][0]["ends"][0]["port"], "x\"y");
        assert!(value["links"][0]["ends"][1].is_null());
    }
}
