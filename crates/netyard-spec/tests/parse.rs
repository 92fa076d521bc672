//! What the parser makes of a file without mistakes, what it keeps of one with mistakes, and what it has ready for hints.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use netyard_spec::{
    AddressSpec, Code, Conflict, DurationError, GatewaySpec, HostNamesBy, NameSpec, NodeBody, NodeOrAddress,
    NodeSpec, Problem, RecordSpec, RouteTarget, RouteTo, Spec, StationSpec, SubnetError, SwitchSpec, Table,
    ValueError, parse,
};
use netyard_types::{BadAnswer, NodeKind, ParsePrefixError, Trouble};

fn read(text: &str) -> Spec {
    let (spec, found) = parse(text);
    assert_eq!(found, [], "{text}");
    spec
}

fn problems(text: &str) -> Vec<Problem> {
    parse(text).1.into_iter().map(|finding| finding.problem).collect()
}

fn node<'s>(spec: &'s Spec, name: &str) -> &'s NodeSpec {
    spec.nodes.iter().find(|node| node.name.value.as_str() == name).unwrap()
}

fn station<'s>(spec: &'s Spec, name: &str) -> &'s StationSpec {
    match &node(spec, name).body {
        NodeBody::Host(station) | NodeBody::Router(station) => station,
        NodeBody::Switch(_) => panic!("{name} is a switch"),
    }
}

fn switch<'s>(spec: &'s Spec, name: &str) -> &'s SwitchSpec {
    match &node(spec, name).body {
        NodeBody::Switch(switch) => switch,
        _ => panic!("{name} is no switch"),
    }
}

fn address(text: &str, len: Option<u8>) -> AddressSpec {
    AddressSpec { addr: text.parse().unwrap(), len }
}

#[test]
fn the_office_is_read_as_it_is_written() {
    let spec = read(include_str!("../../../examples/office/netyard.toml"));
    let names: Vec<(NodeKind, &str)> =
        spec.nodes.iter().map(|node| (node.kind(), node.name.value.as_str())).collect();
    let (host, router, a_switch) = (NodeKind::Host, NodeKind::Router, NodeKind::Switch);
    assert_eq!(
        names,
        [
            (a_switch, "lan"),
            (a_switch, "dmz"),
            (host, "a"),
            (host, "b"),
            (host, "c"),
            (router, "gw"),
            (host, "web"),
            (host, "red"),
            (host, "blue")
        ]
    );
    assert_eq!(spec.name.as_ref().unwrap().value.as_str(), "office");
    assert_eq!(switch(&spec, "dmz").subnet[1].value, "fd00:2::/64".parse().unwrap());
    let b = station(&spec, "b");
    assert_eq!(b.on[0].value.as_str(), "lan");
    assert_eq!(b.first_port.address.as_ref().unwrap().value[0].value, address("192.168.1.11", None));
    assert_eq!(b.aliases[0].value.as_str(), "db");
    let c = &station(&spec, "c").ports[0];
    assert_eq!((c.name.value.as_str(), c.on.as_ref().unwrap().value.as_str()), ("eth0", "dmz"));
    assert_eq!(c.settings.mac.as_ref().unwrap().value.to_string(), "02:00:00:00:00:09");
    assert_eq!(c.settings.mtu.as_ref().unwrap().value, 1400);
    let ports: Vec<&str> = station(&spec, "gw").ports.iter().map(|port| port.name.value.as_str()).collect();
    assert_eq!(ports, ["lan0", "dmz0"]);
    assert_eq!(station(&spec, "web").count.as_ref().unwrap().value, 100);
    let between = &spec.cables[0].between;
    assert_eq!(between[1].value.node.as_str(), "blue");
    assert_eq!(between[1].value.port.as_ref().unwrap().as_str(), "veth-blue");
}

#[test]
fn every_key_arrives() {
    let spec = read(include_str!("cases/good/netyard.toml"));
    assert_eq!(spec.names_by(), HostNamesBy::Dns);
    assert_eq!(spec.comment.as_deref(), Some("all keys in their places"));
    let allowed: Vec<Code> = spec.allow.iter().map(|code| code.value).collect();
    assert_eq!(allowed, [Code::DuplicateAddress, Code::WrongPrefix]);

    let lan = switch(&spec, "lan");
    assert_eq!((lan.stp.as_ref().unwrap().value, lan.priority.as_ref().unwrap().value), (true, 4096));
    assert_eq!(lan.ageing_cs.as_ref().unwrap().value, 30_000);
    assert!(lan.static_neighbours && lan.mac.is_some() && lan.mtu.as_ref().unwrap().value == 9000);
    let (key, value) = &node(&spec, "lan").sysctl[0];
    assert_eq!((key.value.as_path(), value.value.as_str()), ("net/ipv4/neigh/default/gc_thresh3", "4096"));
    assert_eq!(node(&spec, "lan").comment.as_deref(), Some("the shop floor"));

    let a = station(&spec, "a");
    assert_eq!(a.on.len(), 2);
    let addresses = &a.first_port.address.as_ref().unwrap().value;
    assert_eq!(addresses[0].value, address("192.168.1.9", Some(25)));
    assert_eq!(addresses[1].value, address("fd00:1::9", None));
    let name = |text: &str| GatewaySpec::Node(text.parse().unwrap());
    assert_eq!(a.gateway[0].value, name("gw"));
    let RouteTarget::Via { via, dev } = &a.routes[0].target else { panic!("{:?}", a.routes[0]) };
    assert_eq!(via[0].value, name("gw"));
    assert_eq!(via[1].value, GatewaySpec::Address("192.168.1.3".parse().unwrap()));
    assert_eq!(dev.as_ref().unwrap().value.as_str(), "eth0");
    assert_eq!(a.routes[0].metric.as_ref().unwrap().value, 5);
    assert_eq!(a.routes[1].to.value, RouteTo::Default);
    assert!(matches!(&a.routes[1].target, RouteTarget::Dev(dev) if dev.value.as_str() == "eth1"));
    assert_eq!(a.routes[2].target, RouteTarget::Blackhole);
    assert_eq!(
        station(&spec, "web").first_port.address.as_ref().unwrap().value,
        [],
        "none shall be assigned"
    );
}

#[test]
fn names_are_read_as_they_are_written() {
    let spec = read(include_str!("cases/good/netyard.toml"));
    let names = spec.names.as_ref().unwrap();
    assert_eq!(names.domain.as_ref().unwrap().value.as_str(), "Office.test");
    assert_eq!(names.ttl.as_ref().unwrap().value, 300);
    let servers: Vec<&str> = names.server.iter().map(|server| server.value.as_str()).collect();
    assert_eq!(servers, ["gw", "a"]);
    let forward: Vec<String> = names.forward.iter().map(|upstream| upstream.value.to_string()).collect();
    assert_eq!(forward, ["10.0.0.1:53", "10.0.0.2:5353", "[fd00::1]:54"]);
    assert_eq!(names.wildcard[0].value, NodeOrAddress::Node("web".parse().unwrap()));
    assert_eq!(names.wildcard[1].value, NodeOrAddress::Address("192.168.1.9".parse().unwrap()));
    let owners: Vec<String> = names.records.iter().map(|entry| entry.owner.value.to_string()).collect();
    assert_eq!(owners, ["@", "mail", "www", "_http._tcp", "*.apps", "db"]);
    let [domain, mail, www, http, _, db] = &names.records[..] else { panic!("{owners:?}") };
    let types: Vec<&str> = domain.records.iter().map(|record| record.value.type_name()).collect();
    assert_eq!(types, ["TXT", "TXT", "MX"]);
    assert_eq!((mail.records.len(), mail.ttl.as_ref().unwrap().value), (3, 5));
    assert_eq!(www.records[0].value.target().unwrap().to_string(), "web1");
    let web2 = NameSpec::Absolute("web2.office.test".parse().unwrap());
    let expected = RecordSpec::Srv { priority: 1, weight: 0, port: 80, target: web2 };
    assert_eq!(http.records[1].value, expected);
    assert!(!db.has_records && db.ttl.as_ref().unwrap().value == 0);
    let troubles: Vec<_> = names.troubles.iter().map(|entry| (&entry.name.value, entry.trouble)).collect();
    let [db, all, www] = &troubles[..] else { panic!("{troubles:?}") };
    assert_eq!((all.0, all.1), (&None, Trouble { slow_ms: 800, answer: None }));
    assert_eq!(db.1, Trouble { slow_ms: 0, answer: Some(BadAnswer::Servfail) });
    assert_eq!(www.0.as_ref().unwrap().to_string(), "www.example.");
    assert_eq!(www.1, Trouble { slow_ms: 1000, answer: Some(BadAnswer::Truncate) });
    let inside = &names.views[0];
    assert_eq!((inside.name.value.as_str(), inside.nodes.len(), inside.records.len()), ("inside", 2, 1));
    assert_eq!(inside.troubles[0].name.value, Some(NameSpec::Domain));
}

#[test]
fn names_are_by_dns_unless_the_file_says_otherwise() {
    for (text, by) in [
        ("[switch.a]", HostNamesBy::Dns),
        ("[names]\nttl = \"1s\"", HostNamesBy::Dns),
        ("names.by = \"hosts\"", HostNamesBy::Hosts),
        ("names.by = \"none\"", HostNamesBy::None),
    ] {
        assert_eq!(read(text).names_by(), by, "{text}");
    }
}

#[test]
fn ports_are_read_in_all_three_ways_of_writing_tables() {
    let spec = read(include_str!("cases/good/netyard.toml"));
    let gw = station(&spec, "gw");
    assert!(gw.no_routing);
    let ports: Vec<&str> = gw.ports.iter().map(|port| port.name.value.as_str()).collect();
    assert_eq!(ports, ["lan0", "wan.5", "dmz0"]);
    let settings = |port: usize| -> Vec<(&str, &str)> {
        let sysctl = &gw.ports[port].settings.sysctl;
        sysctl.iter().map(|(key, value)| (key.value.as_path(), value.value.as_str())).collect()
    };
    assert_eq!(settings(0), [("net/ipv4/conf/lan0/rp_filter", "2"), ("net/ipv6/conf/lan0/accept_ra", "1")]);
    assert_eq!(settings(2), [("net/ipv4/conf/dmz0/forwarding", "1")]);
    let end = &spec.cables[0].between[0].value;
    assert_eq!(end.port.as_ref().unwrap().as_str(), "wan.5", "names of interfaces may have dots");
}

#[test]
fn values_stand_where_the_file_has_them() {
    let text = "host.a.on = [\"lan\", \"dmz\"]\n";
    let spec = read(text);
    let a = station(&spec, "a");
    assert_eq!(&text[node(&spec, "a").name.span.clone()], "a");
    assert_eq!(&text[a.on[1].span.clone()], "\"dmz\"");
}

#[test]
fn a_mistake_costs_no_more_than_its_value() {
    let text = "[switch.lan]\nsubnet = [\"10.0.0.0/8\", \"x\"]\nstp = 1\n\
                [host.a]\non = \"lan\"\nmtu = 1\naddress = [\"10.0.0.9\", \"10.0.0.999\"]\n\
                [host.b]\non = \"lan\"\naddress = \"10.0.0.999\"\n\
                [host.c]\ncount = 2\non = \"lan\"\naddress = \"10.0.0.3\"\n\
                [[cable]]\nbetween = [\"a\", \"B\"]\n[[cable]]\nbetween = [\"a\", \"b\"]\nmtu = 1\n";
    let (spec, found) = parse(text);
    assert_eq!(found.len(), 8, "{found:#?}");
    assert_eq!(switch(&spec, "lan").subnet.len(), 1);
    let a = station(&spec, "a");
    assert_eq!((a.on.len(), &a.first_port.mtu), (1, &None));
    assert_eq!(a.first_port.address.as_ref().unwrap().value.len(), 1);
    assert_eq!(station(&spec, "b").first_port.address, None, "a wrong address is not the wish to have none");
    let c = station(&spec, "c");
    assert_eq!((c.count.as_ref().unwrap().value, &c.first_port.address), (2, &None));
    assert_eq!(spec.cables.len(), 1);
}

#[test]
fn of_two_nodes_with_one_name_the_first_is_kept() {
    let (spec, found) = parse("[router.a]\n[host.a]\non = \"lan\"\n");
    assert_eq!(spec.nodes.len(), 1);
    assert_eq!(spec.nodes[0].kind(), NodeKind::Router);
    assert_eq!(found[0].also.first(), Some(&(8..9)));
    assert!(matches!(&found[0].problem, Problem::DuplicateName { first: NodeKind::Router, .. }));
}

#[test]
fn mistakes_carry_what_a_hint_needs() {
    let unknown = |text: &str| match problems(text).remove(0) {
        Problem::UnknownKey { table, elsewhere, suggestion, .. } => (table, elsewhere, suggestion),
        other => panic!("{other:?}"),
    };
    assert_eq!(unknown("hosts.a.on = 1"), (Table::File, None, Some("host")));
    assert_eq!(unknown("host.a.adress = 1"), (Table::Host, None, Some("address")));
    assert_eq!(unknown("host.a.subnet = 1"), (Table::Host, Some(Table::Switch), None));
    assert_eq!(unknown("router.a.count = 1"), (Table::Router, Some(Table::Host), None));
    assert_eq!(unknown("colour = 1"), (Table::File, None, None));
    assert_eq!(unknown("names.records.a.cname = \"b\""), (Table::Records, None, Some("CNAME")));

    let invalid = |text: &str| match problems(text).remove(0) {
        Problem::InvalidValue { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    let no_unit = ValueError::Duration(DurationError::NoUnit { number: 300 });
    assert_eq!(invalid("switch.lan.ageing = 300"), no_unit);
    assert_eq!(invalid("switch.lan.ageing = \"300\""), no_unit);
    let text = |len: usize| format!("names.records.a.TXT = \"{}\"", "x".repeat(len));
    assert_eq!(problems(&text(4000)), []);
    assert_eq!(invalid(&text(4001)), ValueError::TooLong { len: 4001, max: 4000 });
    let not_there = |found: &str, suggestion| ValueError::NotOneOf {
        found: found.into(),
        allowed: &["dns", "hosts", "none"],
        suggestion,
    };
    assert_eq!(invalid("names.by = \"resolved\""), not_there("resolved", None));
    assert_eq!(invalid("names.by = \"host\""), not_there("host", Some("hosts")));

    let subnet = problems("switch.lan.subnet = \"192.168.1.5/24\"").remove(0);
    let range = "192.168.1.0/24".parse().unwrap();
    assert!(
        matches!(&subnet, Problem::InvalidSubnet { source: SubnetError::Prefix(ParsePrefixError::HostBits(prefix)), .. } if *prefix == range),
        "{subnet:?}"
    );
    assert_eq!(
        problems("allow = [\"duplicate-adress\", \"syntax\"]"),
        [
            Problem::UnknownCode { text: "duplicate-adress".into(), suggestion: Some("duplicate-address") },
            Problem::NotAllowable { code: Code::Syntax }
        ]
    );
    let conflict = problems("[host.a]\ncount = 2\naliases = \"x\"").remove(0);
    assert!(matches!(conflict, Problem::ConflictingKeys { reason: Conflict::UsedTwice, .. }), "{conflict:?}");
}

#[test]
fn messages_have_no_control_characters() {
    for text in [
        "\"\\u001b[31m\" = 1",
        "host.\"\\u001b\" = 1",
        "host.a.on = \"\\u001b\"",
        "host.a.sysctl.\"\\u001b\" = 1.0",
        "names.records.\"\\u001b\".A = \"\\u001b\"",
        "names.records.a = { CNAME = \"\\u001b\", TXT = \"\\u001b\", MX = \"\\u001b a\" }",
        "names = { domain = \"\\u001b\", server = \"\\u001b\", view.\"\\u001b\" = 1, trouble.\"\\u001b\" = \"\\u001b\" }",
    ] {
        for problem in problems(text) {
            assert!(!problem.to_string().contains(char::is_control), "{problem:?}");
        }
    }
}

#[test]
fn an_empty_table_of_nodes_is_no_empty_file() {
    assert_eq!(read("[host]\n").nodes, []);
    assert!(matches!(problems("\n# nothing\n")[..], [Problem::EmptyFile]));
}
