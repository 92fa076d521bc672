//! Observing: what the kernel has, as a [`NetState`]. Reads, and changes nothing.

mod link;
mod namespace;
mod neighbour;
mod network;
mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::net::{IpAddr, Ipv4Addr};

use netyard_plan::{Scope, Which};
use netyard_types::{Endpoint, IfAddr, IfName, LinkKind, NetState, NodeKind, NodeName, NodeState, Origin};

pub(crate) use link::RawLink;
pub(crate) use namespace::{Job, Look, Readiness, read_all};

use namespace::{Details, Seen};

use crate::error::{Access, KernelError};
use crate::inventory::{Devices, Inventory, Known};
use crate::names_file;
use crate::namespaces::Namespaces;
use crate::netns;
use crate::paths::Paths;

use network::RawAddress;
pub(crate) use peers::Peers;

/// What an observation gives: the state, and the numbers that requests need.
pub(crate) struct Observation {
    pub(crate) state: NetState,
    pub(crate) inventory: Inventory,
    pub(crate) readiness: BTreeMap<NodeName, Readiness>,
    pub(crate) peers: Peers,
}

/// Observes the nodes in `scope`. Unless it names them, the interfaces of the other nodes are looked at too: cables may lead there.
/// `known` is where they led before.
pub(crate) fn observe(
    paths: &Paths,
    namespaces: &mut Namespaces,
    scope: &Scope,
    known: &Peers,
) -> Result<Observation, KernelError> {
    let (nodes, strangers) = match &scope.nodes {
        Which::These(nodes) => (nodes.iter().cloned().collect(), BTreeSet::new()),
        Which::Owned => (named(paths)?.0, BTreeSet::new()),
        Which::All => named(paths)?,
    };
    let jobs = nodes.into_iter().map(|node| Job { node, look: Look::Everything(scope) }).collect();
    let seen = read_all(paths, jobs)?;
    let peers = Peers::resolve(namespaces, &seen, known)?;
    let inventory = take_inventory(&seen, &peers);
    let knows_makers = namespace::kernel_knows_address_makers();
    let mut state = NetState { names: names_file::read(paths)?, strangers, ..NetState::default() };
    let mut readiness = BTreeMap::new();
    for (node, mut seen) in seen {
        if let Some(details) = seen.details.take() {
            let links = Readiness::new(mem::take(&mut seen.links), &seen.addresses);
            let observed = assemble(&node, &links.links, seen.addresses, details, &peers, knows_makers);
            readiness.insert(node.clone(), links);
            state.nodes.insert(node, observed);
        }
    }
    Ok(Observation { state, inventory, readiness, peers })
}

/// Looks only at interfaces, of all nodes.
pub(crate) fn take_stock(paths: &Paths, namespaces: &mut Namespaces) -> Result<Inventory, KernelError> {
    let jobs = named(paths)?.0.into_iter().map(|node| Job { node, look: Look::Links }).collect();
    let seen = read_all(paths, jobs)?;
    let peers = Peers::resolve(namespaces, &seen, &Peers::default())?;
    Ok(take_inventory(&seen, &peers))
}

/// The interfaces of these nodes.
pub(crate) fn list_links(
    paths: &Paths,
    nodes: impl Iterator<Item = NodeName>,
) -> Result<BTreeMap<NodeName, Vec<RawLink>>, KernelError> {
    let seen = read_all(paths, nodes.map(|node| Job { node, look: Look::Links }).collect())?;
    Ok(seen.into_iter().map(|(node, seen)| (node, seen.links)).collect())
}

/// The namespaces whose names are names of nodes, and the other ones: those can only be a person's.
fn named(paths: &Paths) -> Result<(Vec<NodeName>, BTreeSet<String>), KernelError> {
    let names = netns::list(&paths.namespaces).map_err(KernelError::file(&paths.namespaces, Access::Read))?;
    let (mut nodes, mut strangers) = (Vec::new(), BTreeSet::new());
    for name in names {
        match NodeName::new(name.as_str()) {
            Ok(node) => nodes.push(node),
            Err(_) => drop(strangers.insert(name)),
        }
    }
    Ok((nodes, strangers))
}

fn take_inventory(seen: &BTreeMap<NodeName, Seen>, peers: &Peers) -> Inventory {
    let mut inventory = Inventory::default();
    for (node, seen) in seen {
        let known = |link: &RawLink| Known { index: link.index, peer: peers.of(node, link.index).cloned() };
        let links = seen.links.iter().map(|link| (link.name.clone(), known(link))).collect();
        inventory.insert(node.clone(), Devices::new(node.clone(), links));
    }
    inventory
}

/// Puts together what was read of one namespace.
fn assemble(
    node: &NodeName,
    links: &[RawLink],
    addresses: Vec<RawAddress>,
    mut details: Details,
    peers: &Peers,
    knows_makers: bool,
) -> NodeState {
    let names: BTreeMap<u32, IfName> = links.iter().map(|link| (link.index, link.name.clone())).collect();
    let (kind, origin) =
        details.own.mark.map_or((NodeKind::Host, Origin::Other(0)), |mark| (mark.kind, Origin::Netyard));
    let mut state = NodeState::new(kind);
    state.origin = origin;
    state.hosts = details.own.files.hosts;
    state.resolv = details.own.files.resolv;
    state.links.clear();
    for raw in links {
        let mut link = raw.to_link(raw.master.and_then(|index| names.get(&index).cloned()));
        if let LinkKind::Veth { peer } = &mut link.kind {
            *peer = peers.of(node, raw.index).cloned();
        }
        state.links.insert(raw.name.clone(), link);
    }
    for mut address in addresses {
        let Some(link) = names.get(&address.index).and_then(|name| state.links.get_mut(name)) else {
            continue;
        };
        if !knows_makers {
            address.guess_origin(link.origin);
        } else if !address.has_protocol && link.kind == LinkKind::Loopback && is_made_by_kernel(&address.addr)
        {
            // The kernel signs ::1, but not 127.0.0.1.
            address.addr.origin = Origin::Kernel;
        }
        link.addresses.insert(address.addr);
    }
    state.routes = details.routes.into_iter().collect();
    state.neighbours = details.neighbours.into_iter().collect();
    neighbour::sign_fdb(&mut details.fdb, &state.links);
    state.fdb = details.fdb.into_iter().collect();
    state.sysctls = details.own.sysctls;
    state
}

/// Whether it is the IPv4 address that `lo` has by itself (`inetdev_event()`, net/ipv4/devinet.c).
fn is_made_by_kernel(addr: &IfAddr) -> bool {
    addr.addr == IpAddr::from(Ipv4Addr::LOCALHOST) && addr.len == 8
}

/// An interface of a node, found by what the kernel says of it.
#[derive(Debug, Clone, Copy)]
struct End<'a> {
    node: &'a NodeName,
    link: &'a RawLink,
}

impl End<'_> {
    fn endpoint(&self) -> Endpoint {
        Endpoint::new(self.node.clone(), self.link.name.clone())
    }
}
