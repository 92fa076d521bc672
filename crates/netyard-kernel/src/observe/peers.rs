//! The two ends of each cable.
//!
//! Of the far end of a veth the kernel says the interface index, and a number for its namespace that only means something in the
//! near one. Indexes repeat between namespaces, so they only give candidates; which of them it is, the kernel has to be asked.

use std::collections::{BTreeMap, BTreeSet};

use netyard_types::{Endpoint, MacAddr, NodeName};
use nix::errno::Errno;

use crate::error::KernelError;
use crate::namespaces::Namespaces;
use crate::netlink::{self, NetlinkError, u32_of};
use crate::netns;

use super::link::RawLink;
use super::{End, Seen};

/// The far ends, by node and interface index.
#[derive(Debug, Default)]
pub(crate) struct Peers(BTreeMap<NodeName, BTreeMap<u32, Far>>);

/// A far end, and what the kernel says of it at the near one.
#[derive(Debug, PartialEq, Eq)]
struct Far {
    at: Endpoint,
    tied: Option<u32>,
    tied_nsid: Option<i32>,
}

/// With more candidates it is quicker to ask for the name and address of the far end first.
const FEW: usize = 4;

impl Peers {
    /// The far end of the cable at the interface `index` of `node`; none if it is no cable or ends outside of the lab.
    pub(super) fn of(&self, node: &NodeName, index: u32) -> Option<&Endpoint> {
        self.0.get(node)?.get(&index).map(|far| &far.at)
    }

    /// Takes over what is known of the nodes in `newer`, which are all that was looked at.
    pub(crate) fn update(&mut self, newer: Self, looked_at: &BTreeSet<NodeName>) {
        self.0.retain(|node, _| !looked_at.contains(node));
        self.0.extend(newer.0);
    }

    /// Where the cable at `near` led before, if it is still the same one.
    fn same(&self, near: End<'_>) -> Option<&Endpoint> {
        let far = self.0.get(near.node)?.get(&near.link.index)?;
        ((far.tied, far.tied_nsid) == (near.link.tied, near.link.tied_nsid)).then_some(&far.at)
    }

    fn join(&mut self, a: End<'_>, b: End<'_>) {
        self.lead(a, b.endpoint());
        self.lead(b, a.endpoint());
    }

    fn lead(&mut self, near: End<'_>, at: Endpoint) {
        let far = Far { at, tied: near.link.tied, tied_nsid: near.link.tied_nsid };
        self.0.entry(near.node.clone()).or_default().insert(near.link.index, far);
    }

    /// Finds the ends that belong together. What is `known` of cables that lead out of what was seen still holds.
    pub(super) fn resolve(
        namespaces: &mut Namespaces,
        seen: &BTreeMap<NodeName, Seen>,
        known: &Self,
    ) -> Result<Self, KernelError> {
        let mut peers = Self::default();
        let mut candidates: BTreeMap<(u32, u32), Vec<End<'_>>> = BTreeMap::new();
        let mut nodes: Vec<(usize, &NodeName, Vec<End<'_>>)> = Vec::new();
        for (node, found) in seen {
            let ends: Vec<_> = veths(node, found).collect();
            for end in &ends {
                if let Some(far) = known.same(*end).filter(|far| !seen.contains_key(&far.node)) {
                    peers.lead(*end, far.clone());
                    continue;
                }
                match (end.link.tied, end.link.tied_nsid) {
                    (Some(tied), Some(_)) => candidates.entry((end.link.index, tied)).or_default().push(*end),
                    (Some(tied), None) => {
                        // Both ends in one namespace.
                        if let Some(far) = ends.iter().find(|far| far.link.index == tied) {
                            peers.join(*end, *far);
                        }
                    }
                    (None, _) => {}
                }
            }
            nodes.push((ends.len(), node, ends));
        }
        // The ends of switches first: that takes one socket for all cables of the switch.
        nodes.sort_by_key(|(count, node, _)| (usize::MAX - count, *node));
        for (_, node, ends) in &nodes {
            let mut ids = KnownIds::default();
            for end in ends {
                if let (Some(tied), Some(nsid)) = (end.link.tied, end.link.tied_nsid)
                    && nsid >= 0
                    && peers.of(node, end.link.index).is_none()
                    && let Some(crosswise) = candidates.get(&(tied, end.link.index))
                {
                    let free: Vec<_> = crosswise
                        .iter()
                        .copied()
                        .filter(|far| far.node != *node && peers.of(far.node, far.link.index).is_none())
                        .collect();
                    if let Some(far) = ids.find(namespaces, *end, nsid, free)? {
                        peers.join(*end, far);
                    }
                }
            }
        }
        Ok(peers)
    }
}

fn veths<'a>(node: &'a NodeName, seen: &'a Seen) -> impl Iterator<Item = End<'a>> {
    seen.links.iter().filter(|link| link.kind == "veth").map(move |link| End { node, link })
}

/// The numbers by which one namespace knows the others, as far as they were asked for.
#[derive(Default)]
struct KnownIds<'a>(BTreeMap<&'a NodeName, Option<i32>>);

impl<'a> KnownIds<'a> {
    /// The candidate that is in the namespace which `near`'s knows as `nsid`.
    fn find(
        &mut self,
        namespaces: &mut Namespaces,
        near: End<'_>,
        nsid: i32,
        mut candidates: Vec<End<'a>>,
    ) -> Result<Option<End<'a>>, KernelError> {
        if candidates.len() > FEW {
            let Some((name, mac)) = look_of_peer(namespaces, near, nsid)? else { return Ok(None) };
            candidates.retain(|far| far.link.name.as_str() == name && far.link.mac == mac);
        }
        for far in candidates {
            let id = match self.0.get(far.node) {
                Some(id) => *id,
                None => {
                    let id = ask_for_id(namespaces, near.node, far.node)?;
                    self.0.insert(far.node, id);
                    id
                }
            };
            if id == Some(nsid) {
                return Ok(Some(far));
            }
        }
        Ok(None)
    }
}

/// What cannot be found out because the namespace has just gone.
fn unless_gone<T>(node: &NodeName, asked: Result<Option<T>, NetlinkError>) -> Result<Option<T>, KernelError> {
    match asked {
        // EINVAL: the number of the namespace means nothing any more.
        Err(NetlinkError::Refused(refusal))
            if matches!(refusal.errno, Errno::EINVAL | Errno::ENODEV | Errno::ENOENT) =>
        {
            Ok(None)
        }
        asked => asked.map_err(KernelError::netlink(node)),
    }
}

fn ask_for_id(
    namespaces: &mut Namespaces,
    node: &NodeName,
    other: &NodeName,
) -> Result<Option<i32>, KernelError> {
    const RTM_NEWNSID: u16 = 88;
    const NETNSA_NSID: u16 = 1;
    let namespace = match namespaces.namespace(other) {
        Err(KernelError::NoSuchNode { .. }) => return Ok(None),
        namespace => namespace?,
    };
    let request = netlink::get_nsid(netns::borrow(&namespace));
    let asked = namespaces.socket(node)?.ask(request, |answer| {
        let mut attributes = netlink::Attributes::behind(answer.payload, 4);
        let id = attributes.find(|(kind, _)| *kind == NETNSA_NSID).and_then(|(_, value)| u32_of(value));
        id.filter(|_| answer.kind == RTM_NEWNSID).map(u32::cast_signed)
    });
    unless_gone(node, asked)
}

/// The name and the Ethernet address of the far end.
fn look_of_peer(
    namespaces: &mut Namespaces,
    near: End<'_>,
    nsid: i32,
) -> Result<Option<(String, Option<MacAddr>)>, KernelError> {
    let request = netlink::get_peer(nsid, near.link.tied.unwrap_or(0));
    let asked = namespaces
        .socket(near.node)?
        .ask(request, |answer| RawLink::read(answer).map(|link| (link.name.to_string(), link.mac)));
    unless_gone(near.node, asked)
}
