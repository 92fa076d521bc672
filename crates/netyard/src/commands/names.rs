//! What each node gets for each name, and from where: `netyard show names`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::sync::Arc;

use netyard_kernel::Paths;
use netyard_types::{
    DomainName, NetState, NodeKind, NodeName, NodeState, RecordData, Records, Route, RouteKind, Trouble,
};
use netyard_zone::{Standing, Zones};

use crate::natural;

/// What some nodes get for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    /// As a person on the node would type it.
    pub(crate) name: String,
    /// What they get.
    pub(crate) answer: Answer,
    /// The nodes, in their natural order.
    pub(crate) nodes: Vec<NodeName>,
    /// The other nodes that were looked at.
    pub(crate) others: Vec<NodeName>,
}

/// What a node gets for a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Answer {
    /// From where.
    pub(crate) from: Source,
    /// The names that it leads to, if it is an alias.
    pub(crate) aliases: Vec<DomainName>,
    /// The addresses.
    pub(crate) addresses: Vec<IpAddr>,
    /// What there is besides addresses: the type and the data of each record.
    pub(crate) records: Vec<(&'static str, String)>,
    /// What goes wrong with the question.
    pub(crate) trouble: Option<(u32, Option<&'static str>)>,
}

/// Where a name is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// The node's own hosts file.
    HostsFile,
    /// The lab's name server, over the node's own `lo`.
    Keeper,
    /// The lab's name server, on this node.
    Server(NodeName),
}

/// What a node has to find names with. Nodes that have the same find the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Means {
    hosts: String,
    server: Option<Source>,
    searches: bool,
    view: Option<String>,
}

/// What each host and router gets for each name that any of them can find. A switch is no place that names are asked for at,
/// unless it is all that is looked at.
pub(crate) fn find(state: &NetState, paths: &Paths) -> Vec<Row> {
    let is_station = |node: &NodeState| node.kind != NodeKind::Switch;
    let any = state.nodes.values().any(is_station);
    let mut nodes: Vec<&NodeName> =
        state.nodes.iter().filter(|(_, node)| !any || is_station(node)).map(|(name, _)| name).collect();
    nodes.sort_by(|a, b| natural::compare(a.as_str(), b.as_str()));
    let zones = state.names.as_ref().map(|names| Zones::new(Arc::clone(names), 0));
    let mut alike: BTreeMap<Means, Vec<NodeName>> = BTreeMap::new();
    for &node in &nodes {
        alike.entry(means(node, &state.nodes[node], zones.as_ref(), paths)).or_default().push(node.clone());
    }
    let mut found: BTreeMap<String, BTreeMap<Answer, Vec<NodeName>>> = BTreeMap::new();
    for (means, nodes) in alike {
        let Some(first) = nodes.first() else { continue };
        for (name, answer) in answers(&means, first, zones.as_ref()) {
            found.entry(name).or_default().entry(answer).or_default().extend(nodes.iter().cloned());
        }
    }
    let mut rows: Vec<Row> = Vec::new();
    for (name, answers) in found {
        for (answer, mut of) in answers {
            of.sort_by(|a, b| natural::compare(a.as_str(), b.as_str()));
            let others: Vec<NodeName> = if of.len() == nodes.len() {
                Vec::new()
            } else {
                let of: BTreeSet<&NodeName> = of.iter().collect();
                nodes.iter().filter(|node| !of.contains(**node)).map(|node| (*node).clone()).collect()
            };
            rows.push(Row { name: name.clone(), answer, nodes: of, others });
        }
    }
    rows.sort_by(|a, b| natural::compare(&a.name, &b.name));
    rows
}

fn means(node: &NodeName, state: &NodeState, zones: Option<&Zones>, paths: &Paths) -> Means {
    let resolv = fs::read_to_string(paths.resolv(node)).unwrap_or_default();
    let words = |key: &'static str| {
        let lines = resolv.lines().map(str::split_whitespace);
        lines.filter_map(move |mut words| (words.next() == Some(key)).then_some(words)).flatten()
    };
    let names = zones.map(Zones::names);
    let server_at = |addr: IpAddr| {
        let servers = &names?.servers;
        if addr.is_loopback() {
            return servers.get(node)?.contains(&addr).then_some(Source::Keeper);
        }
        servers.iter().find(|(_, addrs)| addrs.contains(&addr)).map(|(node, _)| Source::Server(node.clone()))
    };
    Means {
        hosts: fs::read_to_string(paths.hosts(node)).unwrap_or_default(),
        server: words("nameserver")
            .filter_map(|addr| addr.parse().ok())
            .filter(|addr| has_way(state, *addr))
            .find_map(server_at),
        searches: names.is_some_and(|names| {
            words("search")
                .any(|domain| domain.parse().is_ok_and(|domain: DomainName| domain == names.domain))
        }),
        view: names.and_then(|names| names.view_of(node)).map(|view| view.name.clone()),
    }
}

/// Whether a node has a way to an address: its own, or a route that sends packets there. What becomes of them is not asked.
fn has_way(node: &NodeState, addr: IpAddr) -> bool {
    let is_own = || node.links.values().flat_map(|link| &link.addresses).any(|own| own.addr == addr);
    let leads = |route: &Route| matches!(route.kind, RouteKind::Unicast(_)) && route.to.contains(addr);
    addr.is_loopback() || is_own() || node.routes.iter().any(leads)
}

/// The answers to all names that a node with these means can find, the hosts file first (nsswitch.conf(5): `files dns`).
fn answers(means: &Means, node: &NodeName, zones: Option<&Zones>) -> BTreeMap<String, Answer> {
    let mut answers = BTreeMap::new();
    if let (Some(zones), Some(from)) = (zones, &means.server) {
        let names = zones.names();
        let view = names.view_of(node).map(|view| &view.records);
        let owners: BTreeSet<&DomainName> = names
            .zones
            .get(&names.domain)
            .into_iter()
            .chain(view)
            .flat_map(Records::keys)
            .chain(names.troubles.names.keys().filter(|name| name.is_in(&names.domain)))
            .collect();
        for owner in owners {
            let name = if means.searches { in_short(owner, &names.domain) } else { owner.to_string() };
            answers.insert(name, ask(zones, node, owner, from.clone()));
        }
    }
    for name in netyard_probe::names(&means.hosts) {
        // What every hosts file begins with.
        if name == "localhost" || name.starts_with("ip6-") {
            continue;
        }
        let addresses = netyard_probe::lookup(&means.hosts, &name);
        let (aliases, records, trouble) = (Vec::new(), Vec::new(), None);
        answers.insert(name, Answer { from: Source::HostsFile, aliases, addresses, records, trouble });
    }
    answers
}

fn ask(zones: &Zones, node: &NodeName, owner: &DomainName, from: Source) -> Answer {
    let lookup = zones.lookup(Some(node), owner);
    let names = zones.names();
    let of_view = names.view_of(node).and_then(|view| view.records.get(owner));
    let of_zone = || names.zones.get(&names.domain).and_then(|records| records.get(owner));
    let records = of_view.or_else(of_zone).filter(|_| lookup.standing == Standing::Exists);
    Answer {
        from,
        aliases: lookup.aliases,
        addresses: lookup.addresses,
        records: records.into_iter().flatten().filter_map(|record| other_data(&record.data)).collect(),
        trouble: lookup
            .trouble
            .map(|Trouble { slow_ms, answer }| (slow_ms, answer.map(netyard_types::BadAnswer::as_str))),
    }
}

/// What a record says that is neither an address nor an alias.
fn other_data(data: &RecordData) -> Option<(&'static str, String)> {
    let text = match data {
        RecordData::A(_) | RecordData::Aaaa(_) | RecordData::Cname(_) => return None,
        RecordData::Ptr(name) => name.to_string(),
        RecordData::Txt(text) => text.clone(),
        RecordData::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        RecordData::Mx { preference, exchange } => format!("{preference} {exchange}"),
    };
    Some((data.type_name(), text))
}

/// The name as it is found through `search`.
fn in_short(owner: &DomainName, domain: &DomainName) -> String {
    let owner = owner.as_str();
    match owner.len().checked_sub(domain.as_str().len() + 1) {
        Some(len) => owner[..len].to_owned(),
        None => owner.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_where_they_can_be() {
        let name = |text: &str| DomainName::new(text).unwrap();
        assert_eq!(in_short(&name("db.office.test"), &name("office.test")), "db");
        assert_eq!(in_short(&name("office.test"), &name("office.test")), "office.test");
    }
}
