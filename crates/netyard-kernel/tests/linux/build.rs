//! Building networks, and using them at once.

use std::time::Instant;

use netyard_plan::{Kernel, Scope, diff, owned, simulate};
use netyard_types::{Bridge, FdbState, NetState, OperState, Origin, PortState};
use nix::sys::resource::{Resource, setrlimit};

use crate::network::{Wanted, at, exchange, link, mac, name, office, prefix};
use crate::sandbox::kernel;

sandboxed! {
    fn an_office_is_built_as_described_and_works_at_once() {
        let mut kernel = kernel();
        let office = office();
        let applied = office.apply(&mut kernel);
        assert_eq!(applied.rounds, 1, "one round must do: {:?}", applied.plan);
        office.settle(&mut kernel);
        for (from, to, v4, v6) in [
            ("a", "b", "192.168.1.11", "fd00:1::11"),
            ("c", "a", "192.168.1.10", "fd00:1::10"),
            ("b", "c", "192.168.2.9", "fd00:2::9"),
        ] {
            exchange(&mut kernel, from, to, v6).unwrap();
            exchange(&mut kernel, from, to, v4).unwrap();
        }
        let state = kernel.observe(&Scope::default()).unwrap();
        assert!(diff(&state, &office.0).is_empty());
        let lan = &state.nodes[&name("lan")];
        assert_eq!(lan.links[&link("a")].port_state, Some(PortState::Forwarding));
        assert_eq!(lan.links[&link("br0")].oper, Some(OperState::Up));
        let learned = lan.fdb.iter().find(|entry| entry.mac == mac("a.eth0")).unwrap();
        assert_eq!((learned.dev.as_str(), learned.bridge.as_str(), learned.state), ("a", "br0", FdbState::Learned));
        let a = &state.nodes[&name("a")];
        let asked = a.neighbours.iter().find(|n| n.addr.to_string() == "192.168.1.11").unwrap();
        assert_eq!((asked.mac, asked.origin), (Some(mac("b.eth0")), Origin::Kernel));
        let connected = a.routes.iter().find(|route| route.to == prefix("192.168.1.0/24")).unwrap();
        assert_eq!(connected.origin, Origin::Kernel);
        let local: Vec<_> = a.links[&link("lo")].addresses.iter().map(|addr| (addr.addr.to_string(), addr.origin)).collect();
        assert_eq!(local, [("127.0.0.1".into(), Origin::Kernel), ("::1".into(), Origin::Kernel)]);
        let linklocal = a.links[&link("eth0")].addresses.iter().filter(|addr| addr.origin == Origin::Kernel);
        assert_eq!(linklocal.count(), 1);
    }

    fn what_the_simulation_says_is_what_the_kernel_does() {
        let mut kernel = kernel();
        let office = office();
        let plan = diff(&NetState::default(), &office.0);
        let steps: Vec<_> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
        let mut simulated = NetState::default();
        for step in &steps {
            simulate(&mut simulated, step).unwrap();
        }
        let mut told = Vec::new();
        kernel.execute(&steps, &mut |done| told.push(done)).unwrap();
        assert_eq!(owned(&kernel.observe(&Scope::default()).unwrap()), owned(&simulated));
        assert!(told.is_sorted(), "{told:?}");
        assert_eq!(told.last(), Some(&steps.len()));
    }

    fn two_hundred_hosts_on_a_switch() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.switch("lan", Bridge::default());
        for i in 1..=200 {
            wanted.host(&format!("h{i}"));
            wanted.cable(&format!("lan.h{i}"), &format!("h{i}.eth0"));
            wanted.address(&format!("h{i}.eth0"), &format!("10.0.0.{i}/24"));
            wanted.route(&format!("h{i}"), "0.0.0.0/0", &["10.0.0.254 eth0"]);
        }
        let start = Instant::now();
        wanted.build(&mut kernel);
        let built = start.elapsed();
        wanted.settle(&mut kernel);
        println!("built in {built:?}, ready after {:?}", start.elapsed());
        for (from, to) in [(1, 200), (200, 100), (57, 58)] {
            exchange(&mut kernel, &format!("h{from}"), &format!("h{to}"), &format!("10.0.0.{to}")).unwrap();
        }
        let start = Instant::now();
        Wanted::default().build(&mut kernel);
        println!("gone in {:?}", start.elapsed());
    }

    fn more_nodes_than_open_files() {
        setrlimit(Resource::RLIMIT_NOFILE, 120, 120).unwrap();
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.switch("lan", Bridge::default());
        for i in 1..=150 {
            wanted.host(&format!("h{i}"));
            wanted.cable(&format!("lan.h{i}"), &format!("h{i}.eth0"));
            wanted.address(&format!("h{i}.eth0"), &format!("10.0.0.{i}/24"));
        }
        wanted.build(&mut kernel);
        wanted.settle(&mut kernel);
        exchange(&mut kernel, "h1", "h150", "10.0.0.150").unwrap();
    }

    fn cables_are_told_apart_where_all_indexes_are_the_same() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        // Every switch has the same indexes, and every host has: the index of the far end says nothing.
        for i in 0..8 {
            wanted.switch(&format!("s{i}"), Bridge::default());
            for j in 0..4 {
                wanted.host(&format!("h{i}x{j}"));
                wanted.cable(&format!("s{i}.p{j}"), &format!("h{i}x{j}.eth0"));
            }
        }
        wanted.build(&mut kernel);
        let state = kernel.observe(&Scope::default()).unwrap();
        assert_eq!(state.nodes[&name("s5")].links[&link("p2")].peer(), Some(&at("h5x2.eth0")));
    }

    fn a_cable_can_have_both_ends_in_one_node() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.cable("a.left", "a.right");
        wanted.build(&mut kernel);
        let state = kernel.observe(&Scope::default()).unwrap();
        assert_eq!(state.nodes[&name("a")].links[&link("left")].peer(), Some(&at("a.right")));
    }
}
