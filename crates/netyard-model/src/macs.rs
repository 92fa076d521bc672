//! The Ethernet address of every interface.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use netyard_spec::Span;
use netyard_types::{Endpoint, IfName, MacAddr};

use crate::draft::Draft;
use crate::hash;
use crate::network::{NodeId, PortId};
use crate::problem::Problem;

/// An interface that has an Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Interface {
    Bridge(NodeId),
    Port(PortId),
}

/// Takes the given addresses, then makes the others from hashes.
pub(crate) fn decide(draft: &mut Draft<'_>) {
    take_given(draft);
    let mut used: BTreeSet<MacAddr> = interfaces(draft).into_iter().filter_map(|i| given(draft, i)).collect();
    for interface in interfaces(draft) {
        if given(draft, interface).is_some() {
            continue;
        }
        let Endpoint { node, link } = endpoint(draft, interface);
        let mac = (0..)
            .map(|salt| hash::mac(&draft.network.lab, &node, &link, salt))
            .find(|mac| used.insert(*mac))
            .expect("a lab has fewer interfaces than there are Ethernet addresses");
        match interface {
            Interface::Port(port) => draft.network[port].mac = mac,
            Interface::Bridge(node) => {
                if let Some(bridge) = &mut draft.network[node].bridge {
                    bridge.mac = mac;
                }
            }
        }
    }
}

/// Every interface, in the order of the later of the two nodes that its cable joins: if two hashes are the same, a node
/// added at the end of the file is the one to step aside.
fn interfaces(draft: &Draft<'_>) -> Vec<Interface> {
    let network = &draft.network;
    let bridges = network.nodes().filter(|(_, node)| node.bridge.is_some());
    let bridges = bridges.map(|(id, _)| (id, id, Interface::Bridge(id)));
    let ports = network.ports().map(|(id, port)| {
        let far = network.peer(id).map_or(port.node, |peer| network[peer].node);
        (port.node.max(far), port.node, Interface::Port(id))
    });
    let mut all: Vec<_> = bridges.chain(ports).collect();
    all.sort_unstable();
    all.into_iter().map(|(.., interface)| interface).collect()
}

fn endpoint(draft: &Draft<'_>, interface: Interface) -> Endpoint {
    match interface {
        Interface::Port(port) => draft.network.endpoint(port),
        Interface::Bridge(id) => {
            let node = &draft.network[id];
            let link = node.bridge.as_ref().map_or_else(IfName::loopback, |bridge| bridge.name.clone());
            Endpoint::new(node.name.clone(), link)
        }
    }
}

fn given(draft: &Draft<'_>, interface: Interface) -> Option<MacAddr> {
    match interface {
        Interface::Port(port) => draft.network[port].mac_span.as_ref().map(|_| draft.network[port].mac),
        Interface::Bridge(node) => {
            let bridge = draft.network[node].bridge.as_ref()?;
            bridge.mac_span.as_ref().map(|_| bridge.mac)
        }
    }
}

/// Takes the addresses that the file gives; each is there once.
fn take_given(draft: &mut Draft<'_>) {
    for (i, settings) in draft.settings.iter().enumerate() {
        if let Some(mac) = settings.and_then(|settings| settings.mac.as_ref()) {
            draft.network.ports[i].mac = mac.value;
            draft.network.ports[i].mac_span = Some(mac.span.clone());
        }
    }
    let mut all: Vec<(Span, MacAddr, Interface)> = Vec::new();
    for interface in interfaces(draft) {
        let span = match interface {
            Interface::Port(port) => draft.network[port].mac_span.clone(),
            Interface::Bridge(node) => {
                draft.network[node].bridge.as_ref().and_then(|bridge| bridge.mac_span.clone())
            }
        };
        if let (Some(span), Some(mac)) = (span, given(draft, interface)) {
            all.push((span, mac, interface));
        }
    }
    all.sort_by_key(|(span, _, interface)| (span.start, *interface));
    let mut first_with: BTreeMap<MacAddr, (Span, Interface)> = BTreeMap::new();
    for (span, mac, interface) in all {
        if let Some((also, first)) = first_with.get(&mac) {
            let (first, second) = (endpoint(draft, *first), endpoint(draft, interface));
            draft.report.add(Problem::DuplicateMac { mac, first, second }, span, [also.clone()]);
        } else {
            first_with.insert(mac, (span, interface));
        }
    }
}
