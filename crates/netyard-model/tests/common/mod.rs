//! What the tests share: reading a file, and writing a network down as text.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fmt::Write;

use netyard_model::{Network, Problem, Resolution, compile, resolve};
use netyard_types::{Features, Link, LinkKind, Route, RouteKind};

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
    out.push_str("hosts\n");
    network.hosts_file().lines().for_each(|line| writeln!(out, "  {line}").unwrap());
    out
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
            writeln!(out, "{title} {at} {}: {}", finding.problem.code(), finding.problem).unwrap();
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
        Problem::SubnetTooSmall { enough, .. } => enough.map(|len| format!("/{len}")),
        _ => None,
    }
}

fn words<T: ToString>(things: &[T]) -> String {
    things.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
