//! Which nodes a list of steps has to do with.

use alloc::collections::BTreeSet;

use netyard_types::{NetState, NodeName};

use crate::step::Step;

/// The nodes in which `steps`, carried out on `before`, can change anything: their own, and those at the other end of a cable that
/// goes, comes, or is switched on or off.
pub(crate) fn touched<'a>(
    before: &NetState,
    steps: impl IntoIterator<Item = &'a Step>,
) -> BTreeSet<NodeName> {
    let mut nodes = BTreeSet::new();
    for step in steps {
        nodes.extend(step.node().cloned());
        match step {
            Step::AddCable { ends } => nodes.extend(ends.iter().map(|end| end.at.node.clone())),
            Step::DeleteLink { node, link }
            | Step::DiscardLink { node, link }
            | Step::SetLink { node, link, .. } => {
                let link = before.nodes.get(node).and_then(|node| node.links.get(link));
                nodes.extend(link.and_then(|link| link.peer()).map(|far| far.node.clone()));
            }
            Step::DeleteNode { node } | Step::DiscardNode { node } => {
                let links = before.nodes.get(node).into_iter().flat_map(|node| node.links.values());
                nodes.extend(links.filter_map(|link| link.peer()).map(|far| far.node.clone()));
            }
            _ => {}
        }
    }
    nodes
}
