//! A network as a tree of text.
//!
//! A network is no tree, so one is chosen: from the router with the most cables, every node hangs on the shortest way to it. The
//! cables that are left are drawn where the first of their ends is, and the node at the other end, which has its own place, is
//! marked.

use std::collections::{BTreeSet, VecDeque};

use netyard_types::{LabName, Link, NetState, NodeKind};

use super::topology::{Topology, addresses, printable};

/// The mark of a node that is drawn at another place too.
const AGAIN: &str = " *";

/// The network as text for a terminal.
pub(crate) fn text(state: &NetState, lab: &LabName) -> String {
    let topology = Topology::of(state);
    let mut drawing = Drawing {
        hangs_on: vec![None; topology.nodes.len()],
        drawn: BTreeSet::new(),
        again: false,
        out: headline(&topology, lab),
        topology: &topology,
    };
    let roots = drawing.choose_roots();
    let mut was_alone = false;
    for root in roots {
        // Nodes without a cable are a list, not a drawing each.
        let is_alone = topology.nodes[root].ends.is_empty();
        if !(is_alone && was_alone) {
            drawing.out.push('\n');
        }
        was_alone = is_alone;
        drawing.draw_from(root);
    }
    if drawing.again {
        drawing.out.push_str("\n* drawn at another place too\n");
    }
    drawing.out
}

/// The name of the lab and what is in it.
fn headline(topology: &Topology<'_>, lab: &LabName) -> String {
    let of_kind = |kind: NodeKind| topology.nodes.iter().filter(|node| node.kind == kind).count();
    let counts = [
        (of_kind(NodeKind::Router), "router", "routers"),
        (of_kind(NodeKind::Switch), "switch", "switches"),
        (of_kind(NodeKind::Host), "host", "hosts"),
        (topology.cables.len(), "cable", "cables"),
    ];
    let some = counts.iter().filter(|(count, ..)| *count > 0);
    let words: Vec<String> =
        some.map(|(count, one, many)| format!("{count} {}", if *count == 1 { one } else { many })).collect();
    let words = if words.is_empty() { String::from("no nodes") } else { words.join(", ") };
    format!("{lab}: {words}\n")
}

struct Drawing<'t, 'a> {
    topology: &'t Topology<'a>,
    /// The cable by which each node hangs on another one.
    hangs_on: Vec<Option<usize>>,
    /// The cables that are drawn.
    drawn: BTreeSet<usize>,
    /// Whether a node was marked.
    again: bool,
    out: String,
}

/// A line to be drawn, and then what hangs on it.
struct Line {
    /// What stands before it, for all its siblings the same.
    indent: String,
    is_last: bool,
    text: String,
    /// The node whose place this is.
    node: Option<usize>,
}

/// The parts of a line.
struct Parts {
    /// The port on this side with its addresses.
    left: String,
    /// The port on the other side.
    right: String,
    /// Its addresses, and what is to be said of its node.
    notes: String,
    node: Option<usize>,
}

impl Drawing<'_, '_> {
    /// Chooses one node of every part of the network that hangs together, and hangs the others on it.
    fn choose_roots(&mut self) -> Vec<usize> {
        let nodes = &self.topology.nodes;
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        order.sort_by_key(|&at| {
            let rank = match nodes[at].kind {
                NodeKind::Router => 0,
                NodeKind::Switch => 1,
                NodeKind::Host => 2,
            };
            (nodes[at].ends.is_empty(), rank, std::cmp::Reverse(nodes[at].ends.len()), at)
        });
        let mut placed = vec![false; nodes.len()];
        let mut roots = Vec::new();
        for root in order {
            if placed[root] {
                continue;
            }
            placed[root] = true;
            roots.push(root);
            let mut reached = VecDeque::from([root]);
            while let Some(at) = reached.pop_front() {
                for &(cable, side) in &nodes[at].ends {
                    let Some(far) = self.topology.cables[cable].ends[1 - side] else { continue };
                    if !placed[far.node] {
                        placed[far.node] = true;
                        self.hangs_on[far.node] = Some(cable);
                        reached.push_back(far.node);
                    }
                }
            }
        }
        roots
    }

    /// Draws a root and all that hangs on it. By a list and not by recursion: a chain of nodes may be long.
    fn draw_from(&mut self, root: usize) {
        self.out.push_str(self.topology.nodes[root].name.as_str());
        self.out.push_str(&self.about(root));
        self.out.push('\n');
        let mut waiting = self.lines_below(root, "");
        while let Some(line) = waiting.pop() {
            let (branch, below) = if line.is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.out.push_str(&line.indent);
            self.out.push_str(branch);
            self.out.push_str(line.text.trim_end());
            self.out.push('\n');
            if let Some(node) = line.node {
                waiting.extend(self.lines_below(node, &format!("{}{below}", line.indent)));
            }
        }
    }

    /// The lines of a node's cables that are not drawn yet, last one first.
    fn lines_below(&mut self, node: usize, indent: &str) -> Vec<Line> {
        let mut rows = Vec::new();
        for &(at, side) in &self.topology.nodes[node].ends {
            if self.drawn.insert(at) {
                rows.push(self.parts(at, side));
            }
        }
        let width =
            |part: fn(&Parts) -> &str| rows.iter().map(|row| part(row).chars().count()).max().unwrap_or(0);
        let (left, right) = (width(|row| &row.left), width(|row| &row.right));
        let last = rows.len();
        let lines = rows.into_iter().enumerate().map(|(i, row)| {
            let joint = match (left, row.left.is_empty()) {
                (0, _) => "",
                (_, true) => "   ",
                (_, false) => "── ",
            };
            let gap = if left == 0 { "" } else { " " };
            let text = format!("{:left$}{gap}{joint}{:right$}{}", row.left, row.right, row.notes);
            Line { indent: indent.to_owned(), is_last: i + 1 == last, text, node: row.node }
        });
        lines.rev().collect()
    }

    /// What is to be said of a cable, seen from one of its sides.
    fn parts(&mut self, at: usize, side: usize) -> Parts {
        let cable = &self.topology.cables[at];
        let (near, far) = (cable.ends[side], cable.ends[1 - side]);
        let near = near.as_ref().expect("a node has only ends that there are");
        let left = self.topology.port_text(near, far.as_ref()) + &about_link(near.link);
        let left = left.trim_start().to_owned();
        let Some(far) = far else {
            return Parts { left, right: String::from("(outside)"), notes: String::new(), node: None };
        };
        let port = self.topology.port_text(&far, Some(near));
        let name = self.topology.nodes[far.node].name;
        let right = if port.is_empty() { name.to_string() } else { format!("{name}.{port}") };
        let has_place_here = self.hangs_on[far.node] == Some(at);
        let mut notes = about_link(far.link);
        if has_place_here {
            notes.push_str(&self.about(far.node));
        } else {
            notes.push_str(kind_text(self.topology.nodes[far.node].kind));
            notes.push_str(AGAIN);
            self.again = true;
        }
        Parts { left, right, notes, node: has_place_here.then_some(far.node) }
    }

    /// The kind of a node, and the addresses of its interfaces without a cable.
    fn about(&self, node: usize) -> String {
        let node = &self.topology.nodes[node];
        let mut text = String::from(kind_text(node.kind));
        for (port, link) in &node.others {
            if addresses(link).next().is_some() {
                text.push_str(&format!("  {}{}", printable(port), about_link(link)));
            }
        }
        text
    }
}

/// The kind of a node; nothing for a host, as most are.
fn kind_text(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Host => "",
        NodeKind::Router => " (router)",
        NodeKind::Switch => " (switch)",
    }
}

/// The addresses of an interface, and whether it is switched off.
fn about_link(link: &Link) -> String {
    let mut text: String = addresses(link).map(|addr| format!(" {addr}")).collect();
    if !link.up {
        text.push_str(" down");
    }
    text
}

#[cfg(test)]
#[path = "terminal_tests.rs"]
mod tests;
