//! A network for Mermaid, which many readers of Markdown draw.

use std::fmt::Write;

use netyard_types::{LabName, NetState, NodeKind};

use super::topology::Topology;

/// The network as a Mermaid flowchart.
///
/// Nodes have numbers for names, because words such as `end` break the chart.
pub(crate) fn mermaid(state: &NetState, lab: &LabName) -> String {
    let topology = Topology::of(state);
    let mut out = format!("---\ntitle: {}\n---\ngraph LR\n", title(lab));
    for (at, node) in topology.nodes.iter().enumerate() {
        let (open, close) = match node.kind {
            NodeKind::Host => ("[", "]"),
            NodeKind::Router => ("([", "])"),
            NodeKind::Switch => ("[[", "]]"),
        };
        let lines: Vec<String> = topology.box_lines(at).iter().map(|line| escape(line)).collect();
        let _ = writeln!(out, "    n{at}{open}\"{}\"{close}", lines.join("<br/>"));
    }
    for (at, cable) in topology.cables.iter().enumerate() {
        let (near, far) = (cable.near(), cable.ends[1]);
        let far_id = match &far {
            Some(far) => format!("n{}", far.node),
            None => {
                let _ = writeln!(out, "    outside{at}((\"outside\"))");
                format!("outside{at}")
            }
        };
        let ports = [
            topology.port_text(&near, far.as_ref()),
            far.map(|far| topology.port_text(&far, Some(&near))).unwrap_or_default(),
        ];
        let ports: Vec<String> =
            ports.iter().filter(|port| !port.is_empty()).map(|port| escape(port)).collect();
        let label = if ports.is_empty() { String::new() } else { format!("|\"{}\"|", ports.join(" – ")) };
        let line = if cable.is_down() { "-.-" } else { "---" };
        let _ = writeln!(out, "    n{} {line}{label} {far_id}", near.node);
    }
    out
}

/// The title stands in YAML: quoted, because `yes` and `null` are names too. No name of a lab holds a quote.
fn title(lab: &LabName) -> String {
    format!("\"{lab}\"")
}

/// A text in which no character has a meaning of its own: all but letters, digits and what addresses are written with becomes
/// its number, `#35;`.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_alphanumeric() || " ./:-_".contains(c) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cable, lab, office, state};
    use super::*;

    #[test]
    fn an_office_for_mermaid() {
        let expected = r#"---
title: "office"
---
graph LR
    n0["a<br/>eth0 192.168.1.2/24"]
    n1["c<br/>eth0 192.168.2.9/24<br/>eth0 fd00:2::9/64"]
    n2[["dmz"]]
    n3(["gw<br/>dmz0 192.168.2.1/24<br/>dmz0 fd00:2::1/64<br/>lan0 192.168.1.1/24"])
    n4[["lan"]]
    n5["web2<br/>eth0 192.168.1.3/24"]
    n6["web10<br/>eth0 192.168.1.11/24"]
    n0 ---|"eth0"| n4
    n1 ---|"eth0"| n2
    n2 ---|"dmz0"| n3
    n3 ---|"lan0"| n4
    n4 ---|"eth0"| n5
    n4 ---|"eth0"| n6
"#;
        assert_eq!(mermaid(&office(), &lab()), expected);
    }

    #[test]
    fn names_from_the_kernel_cannot_break_out() {
        let mut state = state(&["end host", "b host"]);
        cable(&mut state, r#"end.x"]`#<b>"#, "b.|--|");
        let text = mermaid(&state, &lab());
        let label = "#124;--#124; – x#34;#93;#96;#35;#60;b#62;";
        assert!(text.ends_with(&format!("n0 ---|\"{label}\"| n1\n")), "{text}");
        assert!(text.contains("n1[\"end\"]"), "{text}");
    }

    #[test]
    fn a_cable_to_the_outside_and_one_that_is_down() {
        let mut state = state(&["a host", "b host"]);
        cable(&mut state, "a.eth0", "b.eth0");
        state.nodes.get_mut("b").unwrap().links.get_mut("eth0").unwrap().up = false;
        assert!(mermaid(&state, &lab()).ends_with("n0 -.-|\"eth0 – eth0\"| n1\n"));
        state.nodes.remove("b");
        let text = mermaid(&state, &lab());
        assert!(text.ends_with("    outside0((\"outside\"))\n    n0 ---|\"eth0\"| outside0\n"), "{text}");
    }
}
