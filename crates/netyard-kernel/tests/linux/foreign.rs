//! What a person does beside Netyard.

use std::process::Command;

use netyard_plan::{
    ApplyError, Conflict, Foreign, Kernel, Scope, Step, Which, apply, diff, diff_with, owned,
};
use netyard_types::{LinkKind, NextHop, NodeKind, Origin, Route, RouteKind};

use crate::network::{Wanted, at, key, link, name, office, prefix};
use crate::sandbox::{kernel, paths};

/// Runs ip(8); says false, and why, where there is none.
fn ip(line: &str) -> bool {
    match Command::new("ip").args(line.split(' ')).output() {
        Ok(output) => {
            assert!(output.status.success(), "ip {line}: {}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(error) => {
            println!("skipped: no ip command ({error})");
            false
        }
    }
}

sandboxed! {
    fn what_a_person_adds_stays() {
        let mut kernel = kernel();
        let office = office();
        office.build(&mut kernel);
        for line in [
            "-n a address add 10.5.5.5/24 dev eth0",
            "-n a route add 10.6.0.0/16 via 192.168.1.1",
            "-n a route add blackhole 10.7.0.0/16 proto static",
            "-n a neigh add 192.168.1.99 lladdr 02:00:00:00:00:99 dev eth0 nud permanent",
            "-n a link add br9 type bridge",
            "netns add mine",
            "-n mine link add to-a type veth peer name from-mine netns a",
        ] {
            if !ip(line) {
                return;
            }
        }
        let state = kernel.observe(&Scope::default()).unwrap();
        assert!(diff(&state, &office.0).is_empty());
        assert!(!state.nodes.contains_key(&name("mine")));
        let a = &state.nodes[&name("a")];
        let added = a.links[&link("eth0")].addresses.iter().find(|addr| addr.len == 24 && addr.origin != Origin::Netyard);
        assert_eq!(added.map(|addr| (addr.addr.to_string(), addr.origin)), Some(("10.5.5.5".into(), Origin::Other(0))));
        let origin = |to: &str| a.routes.iter().find(|route| route.to == prefix(to)).map(|route| route.origin);
        assert_eq!(origin("10.6.0.0/16"), Some(Origin::Other(3)));
        assert_eq!(origin("10.7.0.0/16"), Some(Origin::Other(4)));
        assert_eq!(a.links[&link("br9")].origin, Origin::Other(0));
        assert!(matches!(a.links[&link("br9")].kind, LinkKind::Bridge(_)));
        assert_eq!(a.links[&link("from-mine")].peer(), Some(&at("mine.to-a")));
        let neighbour = a.neighbours.iter().find(|n| n.addr.to_string() == "192.168.1.99").unwrap();
        assert_eq!(neighbour.origin, Origin::Other(0));

        let scope = Scope { nodes: Which::All, sysctls: [(name("mine"), key("net/ipv4/ip_forward"))].into() };
        let all = kernel.observe(&scope).unwrap();
        assert_eq!(all.nodes[&name("mine")].kind, NodeKind::Host);
        assert_eq!(all.nodes[&name("mine")].sysctls[&key("net/ipv4/ip_forward")], "0");
        assert_eq!(all.nodes[&name("mine")].links[&link("to-a")].peer(), Some(&at("a.from-mine")));

        // Taking the lab down leaves what is not Netyard's.
        Wanted::default().build(&mut kernel);
        let left = kernel.observe(&Scope { nodes: Which::All, ..Scope::default() }).unwrap();
        assert_eq!(left.nodes.keys().map(ToString::to_string).collect::<Vec<_>>(), ["mine"]);
    }

    fn a_namespace_of_that_name_is_not_taken_over() {
        let mut kernel = kernel();
        if !ip("netns add a") {
            return;
        }
        let mut wanted = Wanted::default();
        wanted.host("a");
        match apply(&mut kernel, &wanted.0, &mut |_| {}) {
            Err(ApplyError::Conflicts(conflicts)) => assert_eq!(conflicts, [Conflict::Node { node: name("a") }]),
            other => panic!("{other:?}"),
        }
        assert!(ip("netns exec a true"));
        assert!(ip("netns delete a"));
        assert!(!paths().mark(&name("a")).exists());
        wanted.build(&mut kernel);
    }

    fn a_link_of_that_name_is_a_conflict() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.host("b");
        wanted.build(&mut kernel);
        if !ip("-n a link add eth0 type bridge") {
            return;
        }
        wanted.cable("a.eth0", "b.eth0");
        match apply(&mut kernel, &wanted.0, &mut |_| {}) {
            Err(ApplyError::Conflicts(conflicts)) => assert!(matches!(conflicts[0], Conflict::Link { .. })),
            other => panic!("{other:?}"),
        }
    }

    fn what_cannot_be_put_back_stays_where_a_step_before_it_failed() {
        let mut kernel = kernel();
        let office = office();
        office.build(&mut kernel);
        if !ip("-n a link add mine type bridge") {
            return;
        }
        let unreachable = NextHop::new("10.99.0.1".parse().ok(), link("eth0"));
        let route = Route::netyard(prefix("10.98.0.0/16"), RouteKind::Unicast(vec![unreachable]));
        let steps = [
            Step::AddRoute { node: name("a"), route },
            Step::DiscardLink { node: name("a"), link: link("mine") },
        ];
        let error = kernel.execute(&steps, &mut |_| {}).unwrap_err();
        assert_eq!((error.step, error.done), (0, vec![false, false]));
        assert!(kernel.observe(&Scope::default()).unwrap().nodes[&name("a")].links.contains_key(&link("mine")));
        kernel.execute(&steps[1..], &mut |_| {}).unwrap();
        assert!(diff_with(&kernel.observe(&Scope::default()).unwrap(), &office.0, Foreign::Remove).is_empty());
    }

    fn ip_netns_and_netyard_share_the_directory() {
        let mut kernel = kernel();
        let office = office();
        office.build(&mut kernel);
        if !ip("netns add mine") {
            return;
        }
        assert!(ip("netns delete mine"));
        assert!(ip("netns delete c"), "a person may remove a node by hand");
        let state = kernel.observe(&Scope::default()).unwrap();
        assert!(!state.nodes.contains_key(&name("c")));
        office.build(&mut kernel);
        Wanted::default().build(&mut kernel);
        assert_eq!(std::fs::read_dir(paths().namespaces).unwrap().count(), 0);
        assert_eq!(owned(&kernel.observe(&Scope::default()).unwrap()).nodes.len(), 0);
    }
}
