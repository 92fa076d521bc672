//! The MTU of every interface.

use netyard_spec::Spanned;
use netyard_types::Link;

use crate::draft::Draft;
use crate::network::PortId;

/// Decides the MTU of every port and bridge.
pub(crate) fn decide(draft: &mut Draft<'_>) {
    for i in 0..draft.network.ports.len() {
        if let Some(mtu) = asked_for(draft, PortId(i)) {
            draft.network.ports[i].mtu = mtu.value;
            draft.network.ports[i].mtu_span = Some(mtu.span.clone());
        }
    }
    for node in draft.node_ids() {
        let Some(switch) = draft.switch(node) else { continue };
        let given = switch.mtu.as_ref().map_or(Link::DEFAULT_MTU, |mtu| mtu.value);
        // A bridge takes the smallest MTU of its ports by itself (br_mtu_auto_adjust()).
        let of_ports = draft.network[node].ports.iter().map(|&port| draft.network[port].mtu).min();
        if let Some(bridge) = &mut draft.network[node].bridge {
            bridge.mtu = of_ports.unwrap_or(given);
        }
    }
}

/// What the file asks for: at the port, else at its cable, else at its switch, else at the switch at the other end.
fn asked_for<'a>(draft: &Draft<'a>, port: PortId) -> Option<&'a Spanned<u32>> {
    let network = &draft.network;
    let own = draft.settings[port.0].and_then(|settings| settings.mtu.as_ref());
    let cable =
        || network[port].cable.and_then(|id| draft.cable_specs[id.0]).and_then(|spec| spec.mtu.as_ref());
    let at = |port: PortId| draft.switch(network[port].node).and_then(|switch| switch.mtu.as_ref());
    own.or_else(cable).or_else(|| at(port)).or_else(|| network.peer(port).and_then(at))
}
