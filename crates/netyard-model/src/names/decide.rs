//! From `[names]` to a [`NameService`], with every mistake found.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use netyard_spec::{HostNamesBy, NamesSpec, NodeOrAddress, Span, ViewSpec};
use netyard_types::{DomainName, LOOPBACK_SERVER, LabName, RecordData, Records};

use super::owners::Owners;
use super::records::{self, Given, by_owner, note_too_long};
use super::scope::Scope;
use super::{NameProblem, NameService, NameView, cnames, targets, troubles, zone};
use crate::draft::Draft;
use crate::network::NodeId;
use crate::problem::Wanted;

/// The time to live of records that say nothing of their own, in seconds: an exercise does not wait longer for a cache.
const DEFAULT_TTL: u32 = 60;

/// Who is responsible for the zones (RNAME of the SOA record, RFC 2142 §7): the longest name that every lab has.
const RESPONSIBLE: &str = "hostmaster";

/// Decides what the name server says, where names are by one. Addresses have been decided before.
pub(crate) fn decide(draft: &mut Draft<'_>) {
    let file = draft.spec;
    if file.names_by() != HostNamesBy::Dns {
        return;
    }
    let nothing = NamesSpec::default();
    let spec = file.names.as_ref().unwrap_or(&nothing);
    let domain = match &spec.domain {
        Some(domain) => domain.value.clone(),
        None => default_domain(draft.network.lab()),
    };
    if let (Err(source), Some(given)) = (domain.with_labels(RESPONSIBLE), &spec.domain) {
        note_too_long(draft, RESPONSIBLE, &domain, source, &given.span);
        return;
    }
    check_lengths(draft, &domain);
    draft.network.names = Some(service(draft, spec, domain));
}

fn service(draft: &mut Draft<'_>, spec: &NamesSpec, domain: DomainName) -> NameService {
    let servers = servers(draft, spec);
    let wildcard = wildcard(draft, spec);
    let mut beside = zone::of_nodes(&draft.network, &domain);
    if !wildcard.is_empty() {
        let addresses = wildcard.iter().map(|&addr| RecordData::address(addr).into()).collect();
        beside.insert(zone::of_all(&domain), addresses);
    }
    let given = by_owner(draft, &domain, &spec.records);
    let of_views: Vec<Given<'_>> =
        spec.views.iter().map(|view| by_owner(draft, &domain, &view.records)).collect();
    let name_servers = name_servers(draft, &domain, &servers, &beside, &|name| {
        given.contains_key(name) || of_views.iter().any(|given| given.contains_key(name))
    });
    let mut owners = Owners::new(&domain, None);
    beside.keys().chain(given.keys()).chain(&name_servers).for_each(|name| owners.insert(name.clone()));
    let all = Scope { domain: &domain, owners: &owners, given: &given, beside: Some(&beside), below: None };
    check(draft, &all);
    let records = records::read(draft, &domain, &given);
    let views = views(draft, &spec.views, &of_views, &all);
    let troubles = troubles::read(draft, &domain, &owners, &spec.troubles);
    let ttl = spec.ttl.as_ref().map_or(DEFAULT_TTL, |ttl| ttl.value);
    let forward = forward(draft, spec, &servers);
    NameService { ttl, servers, name_servers, forward, wildcard, records, views, troubles, domain }
}

fn check(draft: &mut Draft<'_>, scope: &Scope<'_>) {
    cnames::check_alone(draft, scope);
    cnames::check_loops(draft, scope);
    targets::check(draft, scope);
}

/// `<lab>.test`: a domain that nobody has outside (RFC 2606 §2).
fn default_domain(lab: &LabName) -> DomainName {
    DomainName::new(format!("{lab}.test")).expect("a lab's name is one label")
}

/// The names of all nodes fit into a message. Those of a `count` are longest at the end.
fn check_lengths(draft: &mut Draft<'_>, domain: &DomainName) {
    for node in draft.node_ids() {
        let Some(station) = draft.station(node) else { continue };
        let (name, span) = (draft.network[node].name.clone(), draft.network[node].span.clone());
        let names = core::iter::once((&name, &span));
        for (name, span) in names.chain(station.aliases.iter().map(|alias| (&alias.value, &alias.span))) {
            if let Err(source) = domain.with_labels(name.as_str()) {
                note_too_long(draft, name.as_str(), domain, source, span);
            }
        }
    }
}

fn servers(draft: &mut Draft<'_>, spec: &NamesSpec) -> Vec<NodeId> {
    let mut servers = Vec::new();
    for name in &spec.server {
        let Some(node) = draft.find_spanned(name, Wanted::Station) else { continue };
        if draft.network.global_addresses(node).next().is_none() {
            targets::note_no_address(draft, node, &name.span);
        }
        servers.push(node);
    }
    servers
}

/// The names of the servers. The one that every node has on its own loopback is named `ns`, or `ns-1`, `ns-2`, … if somebody has
/// that name.
fn name_servers(
    draft: &Draft<'_>,
    domain: &DomainName,
    servers: &[NodeId],
    beside: &Records,
    is_given: &dyn Fn(&DomainName) -> bool,
) -> Vec<DomainName> {
    if servers.is_empty() {
        let labels = core::iter::once(String::from("ns")).chain((1_u32..).map(|n| format!("ns-{n}")));
        let mut names = labels.filter_map(|label| domain.with_labels(&label).ok());
        let free = names.find(|name| !beside.contains_key(name) && !is_given(name));
        return free.into_iter().collect();
    }
    servers.iter().filter_map(|&id| domain.with_labels(draft.network[id].name.as_str()).ok()).collect()
}

/// The addresses that `wildcard` stands for, each once.
fn wildcard(draft: &mut Draft<'_>, spec: &NamesSpec) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for to in &spec.wildcard {
        match &to.value {
            NodeOrAddress::Address(addr) => addresses.push(*addr),
            NodeOrAddress::Node(name) => {
                for node in draft.find_all(name, &to.span, Wanted::Station) {
                    let before = addresses.len();
                    addresses.extend(draft.network.global_addresses(node));
                    if addresses.len() == before {
                        targets::note_no_address(draft, node, &to.span);
                    }
                }
            }
        }
    }
    let mut seen = BTreeSet::new();
    addresses.retain(|addr| seen.insert(*addr));
    addresses
}

/// Who is asked for other names: anybody but the lab's own server, which would ask itself for ever.
fn forward(draft: &mut Draft<'_>, spec: &NamesSpec, servers: &[NodeId]) -> Vec<SocketAddr> {
    let mut forward = Vec::new();
    for upstream in &spec.forward {
        let listens = if servers.is_empty() {
            upstream.value.ip() == LOOPBACK_SERVER
        } else {
            let mut own = servers.iter().flat_map(|&id| draft.network.global_addresses(id));
            own.any(|addr| addr == upstream.value.ip())
        };
        if listens && upstream.value.port() == 53 {
            let problem = NameProblem::ForwardLoop { upstream: upstream.value };
            draft.report.add(problem.into(), upstream.span.clone(), []);
        }
        forward.push(upstream.value);
    }
    forward
}

fn views(draft: &mut Draft<'_>, specs: &[ViewSpec], given: &[Given<'_>], all: &Scope<'_>) -> Vec<NameView> {
    let mut views: Vec<NameView> = Vec::new();
    let mut taken: BTreeMap<NodeId, (usize, Span)> = BTreeMap::new();
    for (i, (spec, given)) in specs.iter().zip(given).enumerate() {
        let mut nodes = BTreeSet::new();
        for name in &spec.nodes {
            for node in draft.find_all(&name.value, &name.span, Wanted::Station) {
                nodes.insert(node);
                let (first, also) = taken.entry(node).or_insert((i, name.span.clone()));
                if *first != i {
                    let problem = NameProblem::TwoViews {
                        node: draft.network[node].name.clone(),
                        first: specs[*first].name.value.clone(),
                        second: spec.name.value.clone(),
                    };
                    draft.report.add(problem.into(), name.span.clone(), [also.clone()]);
                }
            }
        }
        let mut owners = Owners::new(all.domain, Some(all.owners));
        given.keys().for_each(|name| owners.insert(name.clone()));
        let scope =
            Scope { domain: all.domain, owners: &owners, given, beside: None, below: Some(all.given) };
        check(draft, &scope);
        let records = records::read(draft, all.domain, given);
        let troubles = troubles::read(draft, all.domain, &owners, &spec.troubles);
        let (name, span) = (spec.name.value.clone(), spec.name.span.clone());
        views.push(NameView { name, span, nodes, records, troubles });
    }
    views
}
