//! Subnets against each other.

use alloc::vec::Vec;

use crate::draft::Draft;
use crate::network::SubnetId;
use crate::problem::Problem;

/// No two subnets have an address in common: a router could not tell where to send it.
pub(crate) fn check_overlaps(draft: &mut Draft<'_>) {
    let network = &draft.network;
    let mut order: Vec<SubnetId> = network.subnets().map(|(id, _)| id).collect();
    // Sorted like this, a range stands behind all ranges that hold it, and only they can hold it: ranges overlap only where
    // one holds the other.
    order.sort_by_key(|&id| (network[id].prefix.network(), network[id].prefix.len(), id));
    let mut around: Vec<SubnetId> = Vec::new();
    for id in order {
        let prefix = network[id].prefix;
        while around.last().is_some_and(|&outer| !network[outer].prefix.overlaps(&prefix)) {
            around.pop();
        }
        if let Some(&outer) = around.last() {
            let (first, second) = (&network[outer.min(id)], &network[outer.max(id)]);
            let problem = Problem::OverlappingSubnets { subnet: second.prefix, other: first.prefix };
            draft.report.add(problem, second.span.clone(), [first.span.clone()]);
        }
        around.push(id);
    }
}
