//! What a network says of its names, and names at the edge of what fits.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use netyard_model::{NameProblem, NodeId, Problem, compile};
use netyard_spec::HostNamesBy;
use netyard_types::{Features, NodeName};

const LAN: &str = "[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.web]\non = \"lan\"\ncount = 2\n[host.a]\non = \"lan\"\naliases = \"db\"\n";

fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

#[test]
fn a_network_knows_what_its_names_are_by() {
    for (by, kept) in [("dns", [true, true, false]), ("hosts", [false, false, true]), ("none", [false; 3])] {
        let network = common::network(&format!("{LAN}[names]\nby = \"{by}\"\n"));
        let state = compile(&network, &Features::all()).unwrap();
        assert_eq!(network.names().is_some(), network.names_by() == HostNamesBy::Dns);
        for node in state.nodes.values() {
            let has = [state.names.is_some(), node.resolv.is_some(), node.hosts.is_some()];
            assert_eq!(has, kept, "{by}");
        }
    }
}

#[test]
fn a_network_knows_its_servers_and_views() {
    let text = format!(
        "{LAN}[names]\nserver = [\"web2\", \"a\"]\nttl = \"1h\"\nrecords.www.CNAME = \"db\"\n\
         [names.view.inside]\nnodes = [\"web\", \"web1\"]\nrecords.www.A = \"10.9.9.9\"\n"
    );
    let network = common::network(&text);
    let names = network.names().unwrap();
    assert_eq!((names.domain.as_str(), names.ttl), ("lab.test", 3600));
    let of = |id: &NodeId| network[*id].name.clone();
    assert_eq!(names.servers.iter().map(of).collect::<Vec<_>>(), [name("web2"), name("a")]);
    assert_eq!(names.views[0].nodes.iter().map(of).collect::<Vec<_>>(), [name("web1"), name("web2")]);
    assert_eq!(&text[names.views[0].span.clone()], "inside");
    assert_eq!(names.records.values().map(|entry| &text[entry.span.clone()]).collect::<Vec<_>>(), ["www"]);
    let state = compile(&network, &Features::all()).unwrap();
    let served = state.names.unwrap();
    assert_eq!(served.view_of(&name("web1")).map(|view| view.name.as_str()), Some("inside"));
    assert_eq!(served.view_of(&name("a")), None);
}

#[test]
fn nodes_that_have_the_same_file_share_it() {
    let state = compile(&common::network(LAN), &Features::all()).unwrap();
    let mut files = state.nodes.values().map(|node| node.resolv.clone().unwrap());
    let first = files.next().unwrap();
    assert!(files.all(|file| std::sync::Arc::ptr_eq(&first, &file)));
}

/// Whatever the length of the domain, a name is served or said to be too long.
#[test]
fn a_long_domain_leaves_room_or_says_that_it_does_not() {
    let mut lengths = [0, 0];
    for len in 180..=253 {
        // A dot after every 50 letters, and none at the end.
        let domain: String = (1..=len).map(|at| if at % 51 == 0 && at < len { '.' } else { 'x' }).collect();
        let resolution = common::read(&format!("{LAN}[names]\ndomain = \"{domain}\"\nwildcard = \"a\"\n"));
        match resolution.network {
            Some(network) => {
                let names = compile(&network, &Features::all()).unwrap().names.unwrap();
                assert_eq!(names.domain.as_str(), domain);
                assert_eq!(names.name_servers.len(), 1);
                lengths[0] += 1;
            }
            None => {
                let too_long =
                    |problem: &Problem| matches!(problem, Problem::Names(NameProblem::NameTooLong { .. }));
                assert!(resolution.errors.iter().all(|finding| too_long(&finding.problem)), "{domain}");
                lengths[1] += 1;
            }
        }
    }
    assert!(lengths.iter().all(|count| *count > 5), "{lengths:?}");
}
