//! Nodes and their names: `count` written out, each name once.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::vec::Vec;

use netyard_spec::{NodeBody, NodeSpec, Span, SwitchSpec};
use netyard_types::{Bridge, MacAddr, NodeName};

use crate::draft::{Draft, station};
use crate::hash;
use crate::network::{BridgePort, Node, NodeId};
use crate::problem::Problem;

/// The most nodes that one file can ask for. The machine gives up far earlier; this keeps a slip of the finger (`count =
/// 1000000000`) from filling the memory.
const MAX_NODES: u32 = 100_000;

/// Makes the nodes, in the order of the file.
pub(crate) fn expand(draft: &mut Draft<'_>) {
    for block in &draft.spec.nodes {
        let count = station(block).and_then(|station| station.count.as_ref());
        let Some(count) = count else {
            add_node(draft, block, block.name.value.clone());
            continue;
        };
        let mut numbers = count.value;
        if numbers as usize + draft.network.nodes.len() > MAX_NODES as usize {
            let problem = Problem::CountTooLarge { count: count.value, max: MAX_NODES };
            draft.report.add(problem, count.span.clone(), []);
            // One, so that the rest of what the file says of it is checked.
            numbers = 1;
        }
        for number in 1..=numbers {
            let name = format!("{}{number}", block.name.value);
            match NodeName::new(name.clone()) {
                Ok(name) => add_node(draft, block, name),
                Err(source) => {
                    draft.report.add(Problem::InvalidName { name, source }, block.name.span.clone(), []);
                    break;
                }
            }
        }
    }
}

fn add_node<'a>(draft: &mut Draft<'a>, block: &'a NodeSpec, name: NodeName) {
    let id = NodeId(draft.network.nodes.len());
    let bridge = match &block.body {
        NodeBody::Switch(switch) => Some(bridge(&name, switch)),
        _ => None,
    };
    draft.network.nodes.push(Node {
        name,
        kind: block.kind(),
        span: block.name.span.clone(),
        comment: block.comment.clone(),
        aliases: station(block)
            .map(|s| s.aliases.iter().map(|alias| alias.value.clone()).collect())
            .unwrap_or_default(),
        ports: Vec::new(),
        bridge,
        sysctls: Vec::new(),
        routes: Vec::new(),
    });
    draft.blocks.push(block);
    draft.suspect.push(false);
    let name = draft.network[id].name.clone();
    draft.network.node_by_name.entry(name).or_insert(id);
}

/// The bridge of a switch, its Ethernet address and MTU left open.
fn bridge(name: &NodeName, switch: &SwitchSpec) -> BridgePort {
    let defaults = Bridge::default();
    let stp = switch.stp.as_ref().is_some_and(|stp| stp.value);
    BridgePort {
        name: hash::interface_name(name.as_str(), [name.as_str(), "bridge"], |_| false),
        mac: switch.mac.as_ref().map_or(MacAddr([0; 6]), |mac| mac.value),
        mac_span: switch.mac.as_ref().map(|mac| mac.span.clone()),
        mtu: netyard_types::Link::DEFAULT_MTU,
        settings: Bridge {
            stp,
            ageing_cs: switch.ageing_cs.as_ref().map_or(defaults.ageing_cs, |ageing| ageing.value),
            priority: switch.priority.as_ref().map_or(defaults.priority, |priority| priority.value),
            // The shortest times the kernel allows (BR_MIN_HELLO_TIME, BR_MIN_FORWARD_DELAY): a loop is opened in seconds.
            forward_delay_cs: 200,
            hello_cs: if stp { 100 } else { defaults.hello_cs },
        },
        static_neighbours: switch.static_neighbours,
    }
}

/// Every name and alias is there once: they all stand in one hosts file.
pub(crate) fn check_names(draft: &mut Draft<'_>) {
    let mut taken: BTreeMap<&NodeName, (NodeId, Span)> = BTreeMap::new();
    let nodes = &draft.network.nodes;
    let names = nodes.iter().enumerate().map(|(i, node)| (NodeId(i), &node.name, node.span.clone()));
    let spec_aliases =
        |i: usize| station(draft.blocks[i]).map(|own| own.aliases.as_slice()).unwrap_or_default();
    let aliases = (0..nodes.len())
        .flat_map(|i| spec_aliases(i).iter().map(move |alias| (NodeId(i), &alias.value, alias.span.clone())));
    for (id, name, span) in names.chain(aliases) {
        if let Some((_, first)) = taken.get(name) {
            let also = first.clone();
            draft.report.add(Problem::DuplicateName { name: name.clone() }, span, [also]);
        } else {
            taken.insert(name, (id, span));
        }
    }
}
