//! What the tests share: reading a file, and writing a network down as text.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;

use netyard_model::{NameProblem, Network, Problem, Resolution, compile, resolve};
use netyard_types::{
    DomainName, Features, Link, LinkKind, Names, NetState, NodeName, Record, RecordData, Records, Route,
    RouteKind, Troubles,
};

/// Reads and resolves a file that must be well formed; the lab is named as the file says, else `lab`.
pub(crate) fn read(text: &str) -> Resolution {
    let (spec, findings) = netyard_spec::parse(text);
    assert!(findings.is_empty(), "{findings:#?}\n{text}");
    let name = spec.name.as_ref().map_or_else(|| "lab".parse().unwrap(), |name| name.value.clone());
    resolve(&spec, &name)
}

/// The network of a file without mistakes.
pub(crate) fn network(text: &str) -> Network {
    let resolution = read(text);
    assert!(resolution.errors.is_empty(), "{:#?}\n{text}", resolution.errors);
    resolution.network.expect("there are no errors")
}

/// All that is decided, as text: the state of the kernel, node by node, and the hosts file.
pub(crate) fn describe(network: &Network) -> String {
    let state = compile(network, &Features::all()).unwrap();
    let mut out = String::new();
    for (_, node) in network.nodes() {
        let made = &state.nodes[&node.name];
        writeln!(out, "{} {}", made.kind, node.name).unwrap();
        for (name, link) in made.links.iter().filter(|(_, link)| link.kind != LinkKind::Loopback) {
            writeln!(out, "  link {name} {}", describe_link(link)).unwrap();
            for address in &link.addresses {
                writeln!(out, "    address {address}").unwrap();
            }
        }
        for (key, value) in &made.sysctls {
            writeln!(out, "  sysctl {key} = {value}").unwrap();
        }
        for route in &made.routes {
            writeln!(out, "  route {}", describe_route(route)).unwrap();
        }
        for neighbour in &made.neighbours {
            let mac = neighbour.mac.unwrap();
            writeln!(out, "  neighbour {} dev {} lladdr {mac}", neighbour.addr, neighbour.dev).unwrap();
        }
    }
    match &state.names {
        Some(names) => describe_names(&mut out, names, &state),
        None => {
            out.push_str("hosts\n");
            network.hosts_file().lines().for_each(|line| writeln!(out, "  {line}").unwrap());
        }
    }
    out
}

/// What the name server answers, and how the nodes find it.
fn describe_names(out: &mut String, names: &Names, state: &NetState) {
    writeln!(out, "names {} ttl {}", names.domain, names.ttl).unwrap();
    for (node, addresses) in &names.servers {
        writeln!(out, "  server {node} {}", words(&addresses.iter().collect::<Vec<_>>())).unwrap();
    }
    let of = |name: &DomainName| names.domain.labels().count() < name.labels().count();
    assert!(names.name_servers.iter().all(|name| of(name) && name.is_in(&names.domain)));
    writeln!(out, "  ns {}", words(&names.name_servers)).unwrap();
    for (apex, records) in &names.zones {
        writeln!(out, "  zone {apex}").unwrap();
        describe_records(out, records);
    }
    for view in &names.views {
        writeln!(out, "  view {} of {}", view.name, words(&view.nodes.iter().collect::<Vec<_>>())).unwrap();
        describe_records(out, &view.records);
        describe_troubles(out, &view.troubles);
    }
    describe_troubles(out, &names.troubles);
    names.forward.iter().for_each(|upstream| writeln!(out, "  forward {upstream}").unwrap());
    let mut files: BTreeMap<&str, Vec<&NodeName>> = BTreeMap::new();
    for (name, node) in &state.nodes {
        files.entry(node.resolv.as_deref().unwrap()).or_default().push(name);
    }
    for (file, nodes) in files {
        writeln!(out, "  resolv.conf of {}", words(&nodes)).unwrap();
        file.lines().for_each(|line| writeln!(out, "    {line}").unwrap());
    }
}

fn describe_records(out: &mut String, records: &Records) {
    for (owner, records) in records {
        for Record { ttl, data } in records {
            let ttl = ttl.map(|ttl| format!(" {ttl}")).unwrap_or_default();
            writeln!(out, "    {owner}{ttl} {} {}", data.type_name(), describe_data(data)).unwrap();
        }
    }
}

fn describe_data(data: &RecordData) -> String {
    match data {
        RecordData::A(addr) => addr.to_string(),
        RecordData::Aaaa(addr) => addr.to_string(),
        RecordData::Cname(name) | RecordData::Ptr(name) => name.to_string(),
        RecordData::Txt(text) => format!("{text:?}"),
        RecordData::Srv { priority, weight, port, target } => format!("{priority} {weight} {port} {target}"),
        RecordData::Mx { preference, exchange } => format!("{preference} {exchange}"),
    }
}

fn describe_troubles(out: &mut String, troubles: &Troubles) {
    let names = troubles.names.iter().map(|(name, trouble)| (name.as_str(), trouble));
    for (name, trouble) in troubles.all.iter().map(|trouble| ("*", trouble)).chain(names) {
        let answer = trouble.answer.map_or("", netyard_types::BadAnswer::as_str);
        writeln!(out, "    trouble {name} slow {}ms {answer}", trouble.slow_ms).unwrap();
    }
}

fn describe_link(link: &Link) -> String {
    let mut out = String::from(link.kind.as_str());
    match &link.kind {
        LinkKind::Veth { peer: Some(peer) } => write!(out, " peer {peer}").unwrap(),
        LinkKind::Bridge(bridge) => {
            write!(out, " stp {} ageing {}cs", bridge.stp, bridge.ageing_cs).unwrap();
            write!(out, " delay {}cs hello {}cs", bridge.forward_delay_cs, bridge.hello_cs).unwrap();
            write!(out, " priority {}", bridge.priority).unwrap();
        }
        _ => {}
    }
    write!(out, " mac {} mtu {}", link.mac.unwrap(), link.mtu).unwrap();
    if let Some(master) = &link.master {
        write!(out, " master {master}").unwrap();
    }
    if !link.up {
        out.push_str(" down");
    }
    out
}

fn describe_route(route: &Route) -> String {
    let mut out = route.to.to_string();
    match &route.kind {
        RouteKind::Unicast(hops) => {
            for hop in hops {
                match hop.via {
                    Some(via) => write!(out, " via {via} dev {}", hop.dev).unwrap(),
                    None => write!(out, " dev {}", hop.dev).unwrap(),
                }
                if hop.onlink {
                    out.push_str(" onlink");
                }
            }
        }
        other => write!(out, " {other:?}").unwrap(),
    }
    if route.metric != Route::default_metric(&route.to) {
        write!(out, " metric {}", route.metric).unwrap();
    }
    out
}

/// The mistakes of a file as text: place, code, message, and what stands there.
pub(crate) fn describe_findings(text: &str, resolution: &Resolution) -> String {
    let mut out = String::new();
    for (title, findings) in [("errors", &resolution.errors), ("allowed", &resolution.allowed)] {
        for finding in findings {
            let at = netyard_spec::Position::of(text, finding.span.start);
            write!(out, "{title} {at} {}: {}", finding.problem.code(), finding.problem).unwrap();
            let mut cause = finding.problem.source();
            while let Some(error) = cause {
                write!(out, ": {error}").unwrap();
                cause = error.source();
            }
            out.push('\n');
            writeln!(out, "  at   {}", first_line(&text[finding.span.clone()])).unwrap();
            if let Some(data) = hint_data(&finding.problem) {
                writeln!(out, "  hint {data}").unwrap();
            }
            for also in &finding.also {
                let place = netyard_spec::Position::of(text, also.start);
                writeln!(out, "  also {place} {}", first_line(&text[also.clone()])).unwrap();
            }
        }
    }
    out
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// What a problem holds for a hint, beyond what its message says.
fn hint_data(problem: &Problem) -> Option<String> {
    match problem {
        Problem::UnknownNode { suggestion, .. } => suggestion.as_ref().map(ToString::to_string),
        Problem::UnknownPort { candidates, .. } => Some(words(candidates)),
        Problem::AmbiguousGateway { candidates, .. } => Some(words(candidates)),
        Problem::UnreachableGateway { candidates, .. } => Some(words(candidates)),
        Problem::Names(NameProblem::UnknownName { suggestion, .. }) => {
            suggestion.as_ref().map(ToString::to_string)
        }
        Problem::SubnetTooSmall { enough, .. } => enough.map(|len| format!("/{len}")),
        _ => None,
    }
}

fn words<T: ToString>(things: &[T]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
