//! A network for Graphviz.

use std::fmt::Write;

use netyard_types::{LabName, NetState, NodeKind};

use super::topology::{Cable, Topology};

/// The network in the language of `dot` (graphviz.org/doc/info/lang.html).
pub(crate) fn dot(state: &NetState, lab: &LabName) -> String {
    let topology = Topology::of(state);
    let mut out = format!("graph {} {{\n", quoted(lab.as_str()));
    out.push_str(
        "    rankdir=LR\n    node [fontname=monospace]\n    edge [fontname=monospace, fontsize=10]\n",
    );
    for (at, node) in topology.nodes.iter().enumerate() {
        let shape = match node.kind {
            NodeKind::Host => "shape=box",
            NodeKind::Router => "shape=ellipse",
            NodeKind::Switch => "shape=box, style=rounded",
        };
        let lines: Vec<String> = topology.box_lines(at).iter().map(|line| escape(line)).collect();
        let _ =
            writeln!(out, "    {} [{shape}, label=\"{}\"]", quoted(node.name.as_str()), lines.join("\\n"));
    }
    for (at, cable) in topology.cables.iter().enumerate() {
        write_cable(&mut out, &topology, at, cable);
    }
    out.push_str("}\n");
    out
}

fn write_cable(out: &mut String, topology: &Topology<'_>, at: usize, cable: &Cable<'_>) {
    let near = cable.near();
    let far = cable.ends[1];
    let far_id = match &far {
        Some(far) => quoted(topology.nodes[far.node].name.as_str()),
        None => {
            // No node has a name with a space.
            let id = quoted(&format!("outside {at}"));
            let _ = writeln!(out, "    {id} [shape=point, xlabel=outside]");
            id
        }
    };
    let tail = topology.port_text(&near, far.as_ref());
    let head = far.map(|far| topology.port_text(&far, Some(&near))).unwrap_or_default();
    let mut attributes = Vec::new();
    for (key, port) in [("taillabel", tail), ("headlabel", head)] {
        if !port.is_empty() {
            attributes.push(format!("{key}={}", quoted(&port)));
        }
    }
    if cable.is_down() {
        attributes.push(String::from("style=dashed"));
    }
    let attributes =
        if attributes.is_empty() { String::new() } else { format!(" [{}]", attributes.join(", ")) };
    let _ = writeln!(out, "    {} -- {far_id}{attributes}", quoted(topology.nodes[near.node].name.as_str()));
}

/// A quoted text of the language, in which no character has a meaning of its own.
fn quoted(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

/// Labels read `\n`, `\N` and their like, and `&lt;` as in HTML (graphviz.org/docs/attr-types/escString).
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cable, lab, office, state};
    use super::*;

    #[test]
    fn an_office_for_graphviz() {
        let expected = r#"graph "office" {
    rankdir=LR
    node [fontname=monospace]
    edge [fontname=monospace, fontsize=10]
    "a" [shape=box, label="a\neth0 192.168.1.2/24"]
    "c" [shape=box, label="c\neth0 192.168.2.9/24\neth0 fd00:2::9/64"]
    "dmz" [shape=box, style=rounded, label="dmz"]
    "gw" [shape=ellipse, label="gw\ndmz0 192.168.2.1/24\ndmz0 fd00:2::1/64\nlan0 192.168.1.1/24"]
    "lan" [shape=box, style=rounded, label="lan"]
    "web2" [shape=box, label="web2\neth0 192.168.1.3/24"]
    "web10" [shape=box, label="web10\neth0 192.168.1.11/24"]
    "a" -- "lan" [taillabel="eth0"]
    "c" -- "dmz" [taillabel="eth0"]
    "dmz" -- "gw" [headlabel="dmz0"]
    "gw" -- "lan" [taillabel="lan0"]
    "lan" -- "web2" [headlabel="eth0"]
    "lan" -- "web10" [headlabel="eth0"]
}
"#;
        assert_eq!(dot(&office(), &lab()), expected);
    }

    #[test]
    fn names_from_the_kernel_cannot_break_out() {
        let mut state = state(&["a host", "b host"]);
        cable(&mut state, r#"a.x"];\N 10.0.0.1/24"#, r"b.&lt;<b>\");
        let text = dot(&state, &lab());
        assert!(text.contains(r#"label="a\nx\"];\\N 10.0.0.1/24""#), "{text}");
        assert!(text.contains(r#"[taillabel="x\"];\\N", headlabel="&amp;lt;<b>\\"]"#), "{text}");
    }

    #[test]
    fn a_cable_to_the_outside_and_one_that_is_down() {
        let mut state = state(&["a host", "b host"]);
        cable(&mut state, "a.eth0", "b.eth0");
        state.nodes.get_mut("a").unwrap().links.get_mut("eth0").unwrap().up = false;
        let text = dot(&state, &lab());
        assert!(text.contains(r#""a" -- "b" [taillabel="eth0", headlabel="eth0", style=dashed]"#), "{text}");
        state.nodes.remove("b");
        let text = dot(&state, &lab());
        assert!(
            text.contains("\"outside 0\" [shape=point, xlabel=outside]\n    \"a\" -- \"outside 0\""),
            "{text}"
        );
    }
}
