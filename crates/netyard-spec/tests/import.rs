//! Topologies of other tools become files that are read without a finding, and the examples are what the importer writes today.
//!
//! `NETYARD_BLESS=1 cargo test -p netyard-spec --test import` writes the examples.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use netyard_spec::import::{ImportError, TopologyOptions, topology};
use netyard_spec::{NodeBody, Spec, parse};
use netyard_types::{LabName, Prefix};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn import(json: &str) -> Result<String, ImportError> {
    topology(json, &TopologyOptions::default())
}

/// Reads what an import gives, which must be without mistakes.
fn read(text: &str) -> Spec {
    let (spec, found) = parse(text);
    assert!(found.is_empty(), "{found:#?}\n{text}");
    spec
}

#[test]
fn real_networks_are_imported_whole() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for (file, nodes, edges) in [
        (data.join("abilene.json"), 12, 15),
        (data.join("geant.json"), 22, 36),
        (data.join("germany50.json"), 50, 88),
        (root().join("examples/tata-nld/topology.json"), 143, 181),
    ] {
        let json = std::fs::read_to_string(&file).unwrap();
        let text = import(&json).unwrap();
        assert_eq!(text, import(&json).unwrap(), "the same text each time");
        let spec = read(&text);
        let hosts = spec.nodes.iter().filter(|node| matches!(node.body, NodeBody::Host(_))).count();
        let routers = spec.nodes.iter().filter(|node| matches!(node.body, NodeBody::Router(_))).count();
        assert_eq!((hosts, routers, spec.cables.len()), (nodes, nodes, nodes + edges), "{}", file.display());

        let subnets: Vec<Prefix> = spec.cables.iter().map(|cable| cable.subnet[0].value).collect();
        for (i, a) in subnets.iter().enumerate() {
            assert!(subnets[..i].iter().all(|b| !a.overlaps(b)), "{a} overlaps another");
        }
        let names: BTreeSet<_> = spec.nodes.iter().map(|node| &node.name.value).collect();
        for end in spec.cables.iter().flat_map(|cable| &cable.between) {
            assert!(names.contains(&end.value.node), "{} is a node", end.value.node);
        }
    }
}

#[test]
fn the_examples_are_what_the_importer_writes() {
    for name in ["geant", "tata-nld"] {
        let folder = root().join("examples").join(name);
        let json = std::fs::read_to_string(folder.join("topology.json")).unwrap();
        let options = TopologyOptions::default().with_name(LabName::new(name).unwrap());
        let text = topology(&json, &options).unwrap();
        let file = folder.join("netyard.toml");
        if std::env::var_os("NETYARD_BLESS").is_some() {
            std::fs::write(&file, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), text, "{}", file.display());
        assert_eq!(read(&text).name.unwrap().value.as_str(), name);
    }
}

#[test]
fn a_small_topology_reads_well() {
    let json = r#"{"name": "My net", "source": "me\nname = \"x\"", "nodes": [
        {"id": 1, "name": "A \"quoted\"\u0007 place", "pos": [-73.94, 40.67]},
        {"id": "b"}, {"id": 3, "name": "B", "pos": [999, 0]}],
        "edges": [{"source": 1, "target": "b", "dist_km": 1079.45}, {"source": 3, "target": 3}, {"source": "b", "target": 3, "dist_km": -1}]}"#;
    let text = import(json).unwrap();
    let spec = read(&text);
    assert_eq!(spec.name.unwrap().value.as_str(), "my-net");
    let names: Vec<&str> = spec.nodes.iter().map(|node| node.name.value.as_str()).collect();
    assert_eq!(names, ["a-quoted-place", "b", "b-2", "h-a-quoted-place", "h-b", "h-b-2"]);
    assert_eq!(spec.nodes[0].comment.as_deref(), Some("A \"quoted\"  place, 40.67° N 73.94° W"));
    assert_eq!(spec.nodes[2].comment.as_deref(), Some("B"));
    assert_eq!(spec.cables.len(), 3 + 2, "an edge to itself is left out");
    let first = &spec.cables[3];
    assert_eq!(first.between[0].value.node.as_str(), "a-quoted-place");
    assert_eq!(first.subnet[0].value, "10.128.1.0/30".parse().unwrap());
    assert_eq!(first.comment.as_deref(), Some("1079 km"));
    assert_eq!(spec.cables[4].comment, None);
}

#[test]
fn what_is_no_topology_is_refused() {
    let node = r#"{"id": 0}"#;
    for (json, message) in [
        ("", "the file is no topology in JSON"),
        ("[]", "the file is no topology in JSON"),
        (r#"{"nodes": [{"id": 1.5}]}"#, "the file is no topology in JSON"),
        (r#"{"nodes": []}"#, "the topology has no nodes"),
        (&format!(r#"{{"nodes": [{node}, {node}]}}"#), "two nodes have the id 0"),
        (
            &format!(r#"{{"nodes": [{node}], "edges": [{{"source": 0, "target": "x"}}]}}"#),
            "edge 1 ends at the node \"x\", which is not there",
        ),
    ] {
        assert_eq!(import(json).unwrap_err().to_string(), message, "{json}");
    }
    let many: Vec<String> = (0..1 << 15).map(|id| format!(r#"{{"id": {id}}}"#)).collect();
    let error = import(&format!(r#"{{"nodes": [{}]}}"#, many.join(","))).unwrap_err();
    assert!(matches!(error, ImportError::TooLarge { what: "nodes", found: 32768, max: 32767 }), "{error}");
}

#[test]
fn as_many_nodes_as_there_are_subnets_are_imported() {
    let nodes: Vec<String> = (1..1 << 15).map(|id| format!(r#"{{"id": {id}, "name": ""}}"#)).collect();
    let text = import(&format!(r#"{{"nodes": [{}]}}"#, nodes.join(","))).unwrap();
    assert!(text.contains("between = [\"n-32767\", \"h-n-32767\"]\nsubnet = \"10.127.255.0/24\""));
    assert_eq!(read(&text).cables.len(), 32_767);
}
