//! What a step does to a network, without a kernel: the same changes, the same refusals, the same side effects.
//!
//! What the kernel *adds* by itself (connected routes, link-local addresses, learned entries) is not modelled: no plan depends
//! on it.

mod error;
mod routes;

use alloc::collections::BTreeSet;

use netyard_types::{
    AddressSet, Bridge, Endpoint, FdbEntry, IfAddr, IfName, Link, LinkKind, MacAddr, Neighbour, NetState,
    NodeKind, NodeName, NodeState, Origin, SysctlKey,
};

pub use self::error::SimulateError;
pub(crate) use self::routes::check_route;
use self::routes::{add_route, delete_route, replace_route};
use crate::effects;
use crate::step::{CableEnd, LinkChange, Step};

/// Does to `state` what the kernel would do. A step that is refused changes nothing.
///
/// # Errors
/// What the kernel would refuse.
pub fn simulate(state: &mut NetState, step: &Step) -> Result<(), SimulateError> {
    match step {
        Step::AddNode { node, kind } => add_node(state, node, *kind),
        Step::DeleteNode { node } | Step::DiscardNode { node } => delete_node(state, node),
        Step::SetSysctl { node, key, value } => {
            let found = node_mut(state, node)?;
            check_setting(found, node, key)?;
            found.sysctls.insert(key.clone(), value.clone());
            Ok(())
        }
        Step::ResetSysctl { node, key } => match node_mut(state, node)?.sysctls.remove(key) {
            Some(_) => Ok(()),
            None => Err(SimulateError::NoSuchSetting { node: node.clone(), key: key.clone() }),
        },
        Step::AddBridge { node, link, mac, mtu, bridge } => {
            add_bridge(state, node, link, (*mac, *mtu, *bridge))
        }
        Step::AddCable { ends } => add_cable(state, ends),
        Step::DeleteLink { node, link } | Step::DiscardLink { node, link } => {
            delete_link(state, Endpoint::new(node.clone(), link.clone()))
        }
        Step::SetLink { node, link, change } => set_link(node_mut(state, node)?, node, link, change),
        Step::AddAddress { node, link, addr } => add_address(node_mut(state, node)?, node, link, addr),
        Step::DeleteAddress { node, link, addr } => delete_address(node_mut(state, node)?, node, link, addr),
        Step::AddRoute { node, route } => add_route(node_mut(state, node)?, node, route),
        Step::ReplaceRoute { node, new, .. } => replace_route(node_mut(state, node)?, node, new),
        Step::DeleteRoute { node, route } => delete_route(node_mut(state, node)?, node, route),
        Step::AddNeighbour { node, neighbour } => add_neighbour(node_mut(state, node)?, node, neighbour),
        Step::DeleteNeighbour { node, neighbour } => {
            delete_neighbour(node_mut(state, node)?, node, neighbour)
        }
        Step::AddFdb { node, entry } => add_fdb(node_mut(state, node)?, node, entry),
        Step::DeleteFdb { node, entry } => delete_fdb(node_mut(state, node)?, node, entry),
        Step::DiscardStranger { name } => match state.strangers.remove(name) {
            true => Ok(()),
            false => Err(SimulateError::NoSuchStranger { name: name.clone() }),
        },
        Step::WriteHosts { node, lines } => {
            node_mut(state, node)?.hosts.clone_from(lines);
            Ok(())
        }
        Step::WriteResolv { node, text } => {
            node_mut(state, node)?.resolv.clone_from(text);
            Ok(())
        }
        Step::WriteNames { names } => {
            state.names.clone_from(names);
            Ok(())
        }
    }
}

fn node_mut<'a>(state: &'a mut NetState, node: &NodeName) -> Result<&'a mut NodeState, SimulateError> {
    state.nodes.get_mut(node).ok_or_else(|| SimulateError::NoSuchNode { node: node.clone() })
}

fn at(node: &NodeName, link: &IfName) -> Endpoint {
    Endpoint::new(node.clone(), link.clone())
}

fn link_mut<'a>(
    found: &'a mut NodeState,
    node: &NodeName,
    link: &IfName,
) -> Result<&'a mut Link, SimulateError> {
    found.links.get_mut(link).ok_or_else(|| SimulateError::NoSuchLink { at: at(node, link) })
}

fn add_node(state: &mut NetState, node: &NodeName, kind: NodeKind) -> Result<(), SimulateError> {
    if state.nodes.contains_key(node) {
        return Err(SimulateError::NodeExists { node: node.clone() });
    }
    state.nodes.insert(node.clone(), NodeState::new(kind));
    Ok(())
}

fn delete_node(state: &mut NetState, node: &NodeName) -> Result<(), SimulateError> {
    let far: BTreeSet<_> =
        effects::links_gone_with_node(state, node).into_iter().filter(|at| at.node != *node).collect();
    if state.nodes.remove(node).is_none() {
        return Err(SimulateError::NoSuchNode { node: node.clone() });
    }
    effects::remove_links(state, &far);
    Ok(())
}

/// A setting of an interface exists only while the interface does.
fn check_setting(found: &NodeState, node: &NodeName, key: &SysctlKey) -> Result<(), SimulateError> {
    match key.interface() {
        Some(name) if !found.links.contains_key(name) => {
            Err(SimulateError::NoSuchSetting { node: node.clone(), key: key.clone() })
        }
        _ => Ok(()),
    }
}

fn add_bridge(
    state: &mut NetState,
    node: &NodeName,
    link: &IfName,
    (mac, mtu, bridge): (MacAddr, u32, Bridge),
) -> Result<(), SimulateError> {
    let found = node_mut(state, node)?;
    if found.links.contains_key(link) {
        return Err(SimulateError::LinkExists { at: at(node, link) });
    }
    found.links.insert(link.clone(), Link::bridge(mac, mtu, bridge));
    Ok(())
}

fn add_cable(state: &mut NetState, ends: &[CableEnd; 2]) -> Result<(), SimulateError> {
    let [first, second] = ends;
    for end in ends {
        let found = node_mut(state, &end.at.node)?;
        if found.links.contains_key(&end.at.link) {
            return Err(SimulateError::LinkExists { at: end.at.clone() });
        }
    }
    if first.at == second.at {
        return Err(SimulateError::LinkExists { at: first.at.clone() });
    }
    // The kernel ignores a master of the second end silently; a plan that counts on it is wrong.
    if let Some(master) = &second.master {
        return Err(SimulateError::BadMaster { at: second.at.clone(), master: master.clone() });
    }
    if let Some(master) = &first.master {
        check_master(node_mut(state, &first.at.node)?, &first.at, master)?;
    }
    for (end, far) in [(first, second), (second, first)] {
        let mut link = Link::veth(end.mac, end.mtu, far.at.clone());
        link.master.clone_from(&end.master);
        node_mut(state, &end.at.node)?.links.insert(end.at.link.clone(), link);
    }
    Ok(())
}

fn check_master(found: &NodeState, port: &Endpoint, master: &IfName) -> Result<(), SimulateError> {
    let is_bridge =
        |name: &IfName| matches!(found.links.get(name), Some(l) if matches!(l.kind, LinkKind::Bridge(_)));
    let is_loopback = matches!(found.links.get(&port.link), Some(l) if matches!(l.kind, LinkKind::Loopback));
    if is_bridge(master) && !is_bridge(&port.link) && !is_loopback {
        Ok(())
    } else {
        Err(SimulateError::BadMaster { at: port.clone(), master: master.clone() })
    }
}

fn delete_link(state: &mut NetState, at: Endpoint) -> Result<(), SimulateError> {
    match effects::link_at(state, &at).map(|link| &link.kind) {
        None if !state.nodes.contains_key(&at.node) => Err(SimulateError::NoSuchNode { node: at.node }),
        None => Err(SimulateError::NoSuchLink { at }),
        Some(LinkKind::Loopback) => Err(SimulateError::NotRemovable { at }),
        Some(_) => {
            let gone = effects::links_gone_with(state, &at);
            effects::remove_links(state, &gone);
            Ok(())
        }
    }
}

fn set_link(
    found: &mut NodeState,
    node: &NodeName,
    name: &IfName,
    change: &LinkChange,
) -> Result<(), SimulateError> {
    if let LinkChange::Master(Some(master)) = change {
        link_mut(found, node, name)?;
        check_master(found, &at(node, name), master)?;
    }
    let link = link_mut(found, node, name)?;
    match change {
        LinkChange::Mtu(mtu) => link.mtu = *mtu,
        LinkChange::Master(master) => link.master.clone_from(master),
        LinkChange::Bridge(settings) => match &mut link.kind {
            LinkKind::Bridge(bridge) => *bridge = *settings,
            _ => return Err(SimulateError::NotBridge { at: at(node, name) }),
        },
        LinkChange::Mac(mac) => {
            link.mac = Some(*mac);
            effects::flush_neighbours(found, name);
        }
        LinkChange::Group(Origin::LINK_GROUP) => link.origin = Origin::Netyard,
        LinkChange::Group(_) => link.origin = Origin::Other(0),
        LinkChange::Up(true) => link.up = true,
        LinkChange::Up(false) => {
            link.up = false;
            effects::switch_off(found, name);
        }
    }
    Ok(())
}

/// Whether the kernel takes the two for one address: of IPv6 the length does not matter.
pub(crate) fn is_same_address(a: &IfAddr, b: &IfAddr) -> bool {
    a.addr == b.addr && (a.len == b.len || a.addr.is_ipv6())
}

fn add_address(
    found: &mut NodeState,
    node: &NodeName,
    link: &IfName,
    addr: &IfAddr,
) -> Result<(), SimulateError> {
    let addresses: &mut AddressSet = &mut link_mut(found, node, link)?.addresses;
    if addresses.iter().any(|a| is_same_address(a, addr)) {
        return Err(SimulateError::AddressExists { at: at(node, link), addr: *addr });
    }
    addresses.insert(*addr);
    Ok(())
}

fn delete_address(
    found: &mut NodeState,
    node: &NodeName,
    link: &IfName,
    addr: &IfAddr,
) -> Result<(), SimulateError> {
    let addresses = &link_mut(found, node, link)?.addresses;
    if !addresses.iter().any(|a| (a.addr, a.len) == (addr.addr, addr.len)) {
        return Err(SimulateError::NoSuchAddress { at: at(node, link), addr: *addr });
    }
    effects::change_routes(found, |before, route| effects::route_without_address(before, link, addr, route));
    link_mut(found, node, link)?.addresses.remove(addr);
    Ok(())
}

/// Whether the two entries are for one address, so that one replaces the other.
pub(crate) fn is_same_neighbour(a: &Neighbour, b: &Neighbour) -> bool {
    (&a.dev, a.addr) == (&b.dev, b.addr)
}

fn add_neighbour(found: &mut NodeState, node: &NodeName, neighbour: &Neighbour) -> Result<(), SimulateError> {
    link_mut(found, node, &neighbour.dev)?;
    if let Some(old) = neighbour_like(found, neighbour).cloned() {
        found.neighbours.remove(&old);
    }
    found.neighbours.insert(neighbour.clone());
    Ok(())
}

fn delete_neighbour(
    found: &mut NodeState,
    node: &NodeName,
    neighbour: &Neighbour,
) -> Result<(), SimulateError> {
    match neighbour_like(found, neighbour).cloned() {
        Some(old) => {
            found.neighbours.remove(&old);
            Ok(())
        }
        None => Err(SimulateError::NoSuchNeighbour { at: at(node, &neighbour.dev), addr: neighbour.addr }),
    }
}

fn add_fdb(found: &mut NodeState, node: &NodeName, entry: &FdbEntry) -> Result<(), SimulateError> {
    for name in [&entry.dev, &entry.bridge] {
        link_mut(found, node, name)?;
    }
    found.fdb.insert(entry.clone());
    Ok(())
}

fn delete_fdb(found: &mut NodeState, node: &NodeName, entry: &FdbEntry) -> Result<(), SimulateError> {
    if found.fdb.remove(entry) {
        return Ok(());
    }
    Err(SimulateError::NoSuchEntry { at: at(node, &entry.dev), mac: entry.mac })
}

/// The entry for the same address. Entries are ordered by interface and address first, so it is found without a search.
pub(crate) fn neighbour_like<'a>(found: &'a NodeState, neighbour: &Neighbour) -> Option<&'a Neighbour> {
    let lowest = Neighbour {
        mac: None,
        state: netyard_types::NeighbourState::Permanent,
        origin: Origin::Netyard,
        ..neighbour.clone()
    };
    found.neighbours.range(lowest..).next().filter(|n| is_same_neighbour(n, neighbour))
}
