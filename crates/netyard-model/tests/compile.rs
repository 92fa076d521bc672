//! Networks on kernels that lack something, and how to find one's way in a network.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use netyard_model::{CompileError, Problem, SubnetOwner, compile};
use netyard_spec::{Code, Span};
use netyard_types::{Features, IfName, SysctlKey};

const LAN: &str =
    "[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[router.gw]\non = \"lan\"\n";
const BARE: Features = Features { ipv6: false, bridge_netfilter: false };

/// The keys that Netyard sets anywhere in `text` on a kernel with `features`.
fn keys(text: &str, features: &Features) -> Vec<String> {
    let state = compile(&common::network(text), features).unwrap();
    state.nodes.values().flat_map(|node| node.sysctls.keys().map(|key| key.as_path().to_owned())).collect()
}

#[test]
fn a_kernel_without_ipv6_gets_no_settings_of_it() {
    assert!(keys(LAN, &Features::all()).iter().any(|key| key.starts_with("net/ipv6/")));
    assert!(keys(LAN, &Features::all()).iter().any(|key| key.starts_with("net/bridge/")));
    let bare = keys(LAN, &BARE);
    assert!(bare.iter().all(|key| key.starts_with("net/ipv4/")), "{bare:?}");
    assert!(bare.iter().any(|key| key == "net/ipv4/ip_forward"));
}

/// The error of a file on a kernel without IPv6, and what stands at the place it names.
fn refused(text: &str) -> (CompileError, Option<&str>) {
    let error = compile(&common::network(text), &BARE).unwrap_err();
    let span: Option<Span> = match &error {
        CompileError::Ipv6Address { span, .. } | CompileError::Ipv6Route { span, .. } => span.clone(),
        CompileError::Ipv6Setting { span, .. } => Some(span.clone()),
        other => panic!("{other}"),
    };
    (error, span.map(|span| &text[span]))
}

#[test]
fn a_kernel_without_ipv6_refuses_addresses_of_it() {
    let (error, at) =
        refused("[switch.lan]\nsubnet = [\"10.0.0.0/24\", \"fd00::/64\"]\n[host.a]\non = \"lan\"\n");
    assert!(matches!(&error, CompileError::Ipv6Address { at, .. } if at.to_string() == "a.eth0"), "{error}");
    assert_eq!(at, Some("\"fd00::/64\""));
    let text = format!("{LAN}[host.b]\non = \"lan\"\naddress = \"fd00::1/64\"\n");
    let (_, at) = refused(&text);
    assert_eq!(at, Some("\"fd00::1/64\""));
}

#[test]
fn a_kernel_without_ipv6_refuses_routes_and_settings_of_it() {
    let route =
        "[switch.lan]\n[host.a]\non = \"lan\"\nroutes = [{ to = \"fd00::/64\", type = \"blackhole\" }]\n";
    assert!(matches!(refused(route).0, CompileError::Ipv6Route { .. }));
    let setting = "[switch.lan]\n[host.a]\non = \"lan\"\nsysctl = { \"net.ipv6.conf.all.forwarding\" = 1 }\n";
    let (error, at) = refused(setting);
    let key = SysctlKey::new("net.ipv6.conf.all.forwarding").unwrap();
    assert!(matches!(error, CompileError::Ipv6Setting { key: found, .. } if found == key));
    assert_eq!(at, Some("\"net.ipv6.conf.all.forwarding\""));
}

#[test]
fn parts_are_found_by_name_and_address() {
    let text = format!("{LAN}[host.db]\non = \"lan\"\naliases = [\"store\"]\n");
    let network = common::network(&text);
    let db = network.node("db").unwrap();
    assert_eq!(network.node("store"), None);
    assert_eq!(network.node_or_alias("store"), Some(db));
    let eth0 = network.port(db, &IfName::new("eth0").unwrap()).unwrap();
    assert_eq!(network.port_with_address("10.0.0.3".parse().unwrap()), Some(eth0));
    assert_eq!(network.endpoint(network.peer(eth0).unwrap()).to_string(), "lan.db");
    assert_eq!(&text[network[db].span.clone()], "db");
    assert_eq!(&text[network[eth0].span.clone()], "\"lan\"");
    let [subnet] = network.subnets_of(eth0)[..] else { panic!("one subnet") };
    assert_eq!(network[subnet].owner, SubnetOwner::Switch(network.node("lan").unwrap()));
    assert_eq!(network[network[eth0].segment].routers, [network.node("gw").unwrap()]);
}

#[test]
fn subnets_of_a_port_are_the_nearest_ones() {
    let network = common::network(concat!(
        "[switch.a]\nsubnet = \"10.1.0.0/24\"\n[switch.b]\n[switch.c]\nsubnet = \"10.3.0.0/24\"\n",
        "[host.x]\non = [\"a\", \"b\", \"c\"]\n[host.y]\n",
        "[[cable]]\nbetween = [\"a\", \"b\"]\n[[cable]]\nbetween = [\"b\", \"c\"]\n",
        "[[cable]]\nbetween = [\"y\", \"a\"]\nsubnet = \"10.4.0.0/24\"\n",
    ));
    let address = |node: &str, i: usize| {
        let port = network[network.node(node).unwrap()].ports[i];
        network[port].addresses[0].ip.to_string()
    };
    assert_eq!([0, 1, 2].map(|i| address("x", i)), ["10.1.0.1/24", "10.1.0.2/24", "10.3.0.1/24"]);
    assert_eq!(address("y", 0), "10.4.0.1/24");
    assert_eq!(network.segments().len(), 1);
}

#[test]
fn too_many_nodes_are_refused_before_they_are_made() {
    let text = "[switch.lan]\n[host.h]\non = \"lan\"\ncount = 5\n";
    let (mut spec, findings) = netyard_spec::parse(text);
    assert!(findings.is_empty(), "{findings:?}");
    let netyard_spec::NodeBody::Host(host) = &mut spec.nodes[1].body else { panic!("a host") };
    host.count.as_mut().unwrap().value = u32::MAX;
    let resolution = netyard_model::resolve(&spec, &"lab".parse().unwrap());
    assert_eq!(resolution.errors.len(), 1, "{:?}", resolution.errors);
    let problem = &resolution.errors[0].problem;
    assert!(matches!(problem, Problem::CountTooLarge { count: u32::MAX, .. }), "{problem}");
    assert_eq!(problem.code(), Code::CountTooLarge);
}
