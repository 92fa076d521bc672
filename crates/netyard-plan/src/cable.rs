//! How a cable is made: which end first, and what is left to do for the other.

use netyard_types::{Endpoint, Link, LinkKind, NetState};

use crate::effects::link_at;
use crate::step::{CableEnd, LinkChange, Step};

/// The steps that make the cable between `a` and `b` as `state` has it: the cable, and the second end's master, if both ends
/// have one: the kernel accepts a master only of the end that is made outright and ignores it on the peer. `None` if `state`
/// does not say all that is needed.
pub(crate) fn make_cable(state: &NetState, a: &Endpoint, b: &Endpoint) -> Option<(Step, Option<Step>)> {
    let (first, second) = match (link_at(state, a)?.master.is_some(), link_at(state, b)?.master.is_some()) {
        (false, true) => (b, a),
        (true, false) => (a, b),
        _ if a <= b => (a, b),
        _ => (b, a),
    };
    let end = |at: &Endpoint| {
        let link = link_at(state, at)?;
        Some(CableEnd { at: at.clone(), mac: link.mac?, mtu: link.mtu, master: link.master.clone() })
    };
    let (first, mut second) = (end(first)?, end(second)?);
    let later = second.master.take().map(|master| Step::SetLink {
        node: second.at.node.clone(),
        link: second.at.link.clone(),
        change: LinkChange::Master(Some(master)),
    });
    Some((Step::AddCable { ends: [first, second] }, later))
}

/// The step that makes the bridge at `at` as `link` is; `None` if that is no bridge or has no Ethernet address.
pub(crate) fn make_bridge(at: &Endpoint, link: &Link) -> Option<Step> {
    match (&link.kind, link.mac) {
        (LinkKind::Bridge(bridge), Some(mac)) => Some(Step::AddBridge {
            node: at.node.clone(),
            link: at.link.clone(),
            mac,
            mtu: link.mtu,
            bridge: *bridge,
        }),
        _ => None,
    }
}
