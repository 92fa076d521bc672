//! Loops of switches. A frame in a loop of bridges without a spanning tree goes round for ever (IEEE 802.1D §1.2).

use alloc::collections::VecDeque;
use alloc::collections::btree_map::{BTreeMap, Entry};
use alloc::vec::Vec;

use crate::draft::Draft;
use crate::network::{CableId, NodeId};
use crate::problem::Problem;
use crate::union::DisjointSets;

/// The cables between switches without a spanning tree, as far as they form no loop.
type Forest = BTreeMap<NodeId, Vec<(NodeId, CableId)>>;

/// Every loop of switches has one that runs the spanning tree protocol; that one cuts the loop, because the others pass its
/// messages on (`br_handle_frame()`).
pub(crate) fn check_loops(draft: &mut Draft<'_>) {
    let network = &draft.network;
    let loops_frames = |id: NodeId| network[id].bridge.as_ref().is_some_and(|bridge| !bridge.settings.stp);
    let mut sets = DisjointSets::new(network.nodes.len());
    let mut forest = Forest::new();
    for (id, cable) in network.cables() {
        let [a, b] = cable.ends.map(|end| network[end].node);
        if !loops_frames(a) || !loops_frames(b) {
            continue;
        }
        if sets.join(a.0, b.0) {
            forest.entry(a).or_default().push((b, id));
            forest.entry(b).or_default().push((a, id));
            continue;
        }
        let (switches, cables) = path(&forest, a, b);
        let switches = switches.into_iter().map(|id| network[id].name.clone()).collect();
        let also: Vec<_> = cables.into_iter().map(|id| network[id].span.clone()).collect();
        draft.report.add(Problem::SwitchLoop { switches }, cable.span.clone(), also);
    }
}

/// The switches and cables from `a` to `b`, both included.
fn path(forest: &Forest, a: NodeId, b: NodeId) -> (Vec<NodeId>, Vec<CableId>) {
    let mut from = BTreeMap::from([(a, None)]);
    let mut queue = VecDeque::from([a]);
    while let Some(node) = queue.pop_front() {
        for &(next, cable) in forest.get(&node).into_iter().flatten() {
            if let Entry::Vacant(new) = from.entry(next) {
                new.insert(Some((node, cable)));
                queue.push_back(next);
            }
        }
    }
    let (mut switches, mut cables) = (Vec::from([b]), Vec::new());
    let mut at = b;
    while let Some(Some((back, cable))) = from.get(&at) {
        switches.push(*back);
        cables.push(*cable);
        at = *back;
    }
    switches.reverse();
    cables.reverse();
    (switches, cables)
}
