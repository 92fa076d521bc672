//! Changing a running network, and changing it back.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

use netyard_plan::{HOSTS_BASE, Kernel, Scope, Step, owned};
use netyard_types::{Bridge, NodeKind, Route, RouteKind};

use crate::network::{Wanted, exchange, key, link, mac, name, office, prefix};
use crate::sandbox::{kernel, paths};

/// What a step is called, to see that none was forgotten.
fn kind(step: &Step) -> String {
    let text = format!("{step:?}");
    text.split([' ', '{']).next().unwrap_or_default().to_owned()
}

/// One change of each sort there is.
fn changes() -> Vec<(&'static str, Wanted)> {
    let mut changes = Vec::new();
    let mut change = |what, edit: &dyn Fn(&mut Wanted)| {
        let mut wanted = office();
        edit(&mut wanted);
        changes.push((what, wanted));
    };
    change("addresses", &|w| {
        w.link("a.eth0").addresses = netyard_types::AddressSet::default();
        w.address("a.eth0", "192.168.1.77/24");
        w.address("a.eth0", "192.168.1.78/25");
        w.address("a.eth0", "fd00:1::77/64");
    });
    change("interfaces", &|w| {
        w.link("b.eth0").mtu = 1400;
        w.link("lan.b").mtu = 1400;
        w.link("b.eth0").mac = Some(mac("another"));
        w.link("lan.gw").up = false;
        w.link("lan.a").master = None;
    });
    change("a bridge", &|w| {
        let bridge =
            Bridge { stp: true, ageing_cs: 1000, forward_delay_cs: 300, hello_cs: 100, priority: 4096 };
        w.link("lan.br0").kind = netyard_types::LinkKind::Bridge(bridge);
    });
    change("routes", &change_routes);
    change("neighbours", &|w| {
        w.neighbour("a.eth0", "192.168.1.11", mac("b.eth0"));
        w.neighbour("a.eth0", "fd00:1::11", mac("b.eth0"));
    });
    change("settings", &|w| {
        w.state("a").sysctls.insert(key("net/ipv4/conf/all/rp_filter"), "2".into());
        w.state("a").sysctls.insert(key("net/ipv4/conf/eth0/rp_filter"), "1".into());
        w.state("a").sysctls.insert(key("net/ipv4/tcp_rmem"), "4096\t65536\t131072".into());
        w.state("gw").sysctls.remove(&key("net/ipv4/ip_forward"));
    });
    change("names", &|w| {
        for node in ["a", "b"] {
            w.state(node).hosts = Some(Arc::from("192.168.1.10 a\n192.168.1.11 b db\n"));
            w.state(node).resolv = Some(crate::names::resolver("127.0.0.53"));
        }
        w.0.names = Some(Arc::new(crate::names::names()));
    });
    change("nodes", &|w| {
        w.0.nodes.remove(&name("c"));
        w.state("gw").links.remove("dmz0");
        w.node("d", NodeKind::Router);
        w.cable("lan.d", "d.eth7");
        w.address("d.eth7", "192.168.1.200/24");
    });
    change("a cable", &|w| {
        w.0.nodes.remove(&name("b"));
        w.state("lan").links.remove("b");
        w.host("b");
        w.cable("gw.b0", "b.eth0");
        w.address("b.eth0", "192.168.3.2/24");
    });
    change("all", &|w| w.0.nodes.clear());
    changes
}

/// Routes of every kind, and one replaced.
fn change_routes(w: &mut Wanted) {
    w.state("a").routes.clear();
    w.route("a", "0.0.0.0/0", &["192.168.1.11 eth0"]);
    w.route("a", "192.168.2.0/24", &["192.168.1.1 eth0", "192.168.1.11 eth0"]);
    w.route("a", "fd00:2::/64", &["fd00:1::1 eth0", "fd00:1::11 eth0"]);
    for (to, kind) in [
        ("10.1.0.0/16", RouteKind::Blackhole),
        ("10.2.0.0/16", RouteKind::Unreachable),
        ("10.3.0.0/16", RouteKind::Prohibit),
        ("fd00:b::/64", RouteKind::Blackhole),
        ("fd00:c::/64", RouteKind::Unreachable),
        ("fd00:d::/64", RouteKind::Prohibit),
    ] {
        w.state("a").routes.insert(Route::netyard(prefix(to), kind));
    }
    let onlink = netyard_types::NextHop { onlink: true, ..hop("172.16.0.1") };
    for (to, table, metric, hops) in [
        ("10.4.0.0/16", 254, 77, vec![onlink]),
        ("10.5.0.0/16", 1000, 0, vec![hop("192.168.1.1")]),
        ("fd00:e::/64", 1000, 9, vec![hop("fd00:1::1")]),
        ("10.6.0.0/16", 254, 0, vec![netyard_types::NextHop::new(None, link("eth0"))]),
        ("fd00:f::/64", 254, 1024, vec![netyard_types::NextHop::new(None, link("eth0"))]),
    ] {
        let route = Route { table, metric, ..Route::netyard(prefix(to), RouteKind::Unicast(hops)) };
        w.state("a").routes.insert(route);
    }
    let src = Some("192.168.1.10".parse().unwrap());
    let with_src =
        Route { src, ..Route::netyard(prefix("10.7.0.0/16"), RouteKind::Unicast(vec![hop("192.168.1.1")])) };
    w.state("a").routes.insert(with_src);
    let weighed = vec![
        netyard_types::NextHop { weight: 3, ..hop("192.168.1.1") },
        netyard_types::NextHop { weight: 256, ..hop("192.168.1.11") },
    ];
    w.state("a").routes.insert(Route::netyard(prefix("10.8.0.0/16"), RouteKind::Unicast(weighed)));
}

fn hop(via: &str) -> netyard_types::NextHop {
    netyard_types::NextHop::new(via.parse().ok(), link("eth0"))
}

sandboxed! {
    fn every_step_is_done_and_undone() {
        let mut kernel = kernel();
        let office = office();
        let mut kinds = BTreeSet::new();
        office.build(&mut kernel);
        for (what, wanted) in changes() {
            println!("{what}");
            for state in [&wanted, &office] {
                let applied = state.apply(&mut kernel);
                assert_eq!(applied.rounds, 1, "{what}: {:?}", applied.plan);
                kinds.extend(applied.plan.steps.iter().map(|planned| kind(&planned.step)));
            }
        }
        let all = [
            "AddAddress", "AddBridge", "AddCable", "AddNeighbour", "AddNode", "AddRoute", "DeleteAddress", "DeleteLink",
            "DeleteNeighbour", "DeleteNode", "DeleteRoute", "ReplaceRoute", "ResetSysctl", "SetLink", "SetSysctl", "WriteHosts",
            "WriteNames", "WriteResolv",
        ];
        assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), all);
        office.settle(&mut kernel);
        exchange(&mut kernel, "a", "c", "192.168.2.9").unwrap();
        exchange(&mut kernel, "a", "c", "fd00:2::9").unwrap();
    }

    fn the_undo_of_every_step_leads_back() {
        let mut kernel = kernel();
        office().build(&mut kernel);
        let scope = Scope::default();
        for (what, wanted) in changes() {
            let before = kernel.observe(&scope).unwrap();
            let plan = netyard_plan::diff(&before, &wanted.0);
            let steps: Vec<_> = plan.steps.iter().map(|planned| planned.step.clone()).collect();
            kernel.execute(&steps, &mut |_| {}).unwrap();
            let undo: Vec<_> = plan.steps.iter().rev().flat_map(|planned| planned.undo.clone()).collect();
            kernel.execute(&undo, &mut |_| {}).unwrap_or_else(|e| panic!("{what}: {e:?}: {:?}", undo[e.step]));
            let after = kernel.observe(&scope).unwrap();
            assert_eq!(owned(&after), owned(&before), "{what}");
        }
    }

    fn a_setting_goes_back_to_what_it_was_before_netyard() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.build(&mut kernel);
        let setting = key("net/ipv4/tcp_rmem");
        let read = |kernel: &mut netyard_kernel::LinuxKernel| {
            let path = format!("/proc/sys/{}", setting.as_path());
            kernel.with_node(&name("a"), || fs::read_to_string(path).unwrap()).unwrap()
        };
        let before = read(&mut kernel);
        for value in ["4096\t5000\t6000", "4096\t7000\t8000"] {
            wanted.state("a").sysctls.insert(setting.clone(), value.into());
            wanted.build(&mut kernel);
            assert_eq!(read(&mut kernel).trim(), value);
        }
        wanted.state("a").sysctls.remove(&setting);
        wanted.build(&mut kernel);
        assert_eq!(read(&mut kernel), before);
    }

    fn a_hosts_file_is_changed_in_place() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        wanted.build(&mut kernel);
        let path = paths().hosts(&name("a"));
        assert_eq!(fs::read_to_string(&path).unwrap(), HOSTS_BASE);
        assert_eq!(fs::read_to_string(paths().hostname(&name("a"))).unwrap(), "a\n");
        let before = fs::metadata(&path).unwrap();
        assert_eq!(before.mode() & 0o777, 0o644);
        fs::write(&path, format!("{HOSTS_BASE}10.9.9.9 mine\n")).unwrap();
        for lines in ["10.0.0.1 a\n10.0.0.2 a-long-name-that-makes-the-file-longer\n", "10.0.0.1 a\n"] {
            wanted.state("a").hosts = Some(Arc::from(lines));
            wanted.build(&mut kernel);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(lines) && text.contains("10.9.9.9 mine\n") && text.starts_with(HOSTS_BASE), "{text}");
        }
        wanted.state("a").hosts = None;
        wanted.build(&mut kernel);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{HOSTS_BASE}10.9.9.9 mine\n"));
        assert_eq!(fs::metadata(&path).unwrap().ino(), before.ino());
    }

    fn equal_cost_routes_share_the_flows() {
        let mut kernel = kernel();
        let mut wanted = Wanted::default();
        wanted.host("a");
        for i in 1..=2 {
            wanted.host(&format!("r{i}"));
            wanted.cable(&format!("a.eth{i}"), &format!("r{i}.eth0"));
            wanted.address(&format!("a.eth{i}"), &format!("10.0.{i}.1/24"));
            wanted.address(&format!("r{i}.eth0"), &format!("10.0.{i}.2/24"));
            wanted.address(&format!("r{i}.lo"), "10.9.9.9/32");
        }
        wanted.state("a").sysctls.insert(key("net/ipv4/fib_multipath_hash_policy"), "1".into());
        wanted.route("a", "10.9.9.9/32", &["10.0.1.2 eth1", "10.0.2.2 eth2"]);
        wanted.build(&mut kernel);
        wanted.settle(&mut kernel);
        let far = |node: &str, kernel: &mut netyard_kernel::LinuxKernel| {
            let socket = kernel.with_node(&name(node), || std::net::UdpSocket::bind("10.9.9.9:7000")).unwrap().unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        let sockets = [far("r1", &mut kernel), far("r2", &mut kernel)];
        let clients: Vec<_> = (0..64)
            .map(|_| kernel.with_node(&name("a"), || std::net::UdpSocket::bind("0.0.0.0:0")).unwrap().unwrap())
            .collect();
        for client in &clients {
            client.send_to(b"x", "10.9.9.9:7000").unwrap();
        }
        let mut counts = [0; 2];
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(5);
        while counts.iter().sum::<i32>() < 64 && std::time::Instant::now() < deadline {
            for (socket, count) in sockets.iter().zip(&mut counts) {
                while socket.recv(&mut [0; 4]).is_ok() {
                    *count += 1;
                }
            }
        }
        assert_eq!(counts.iter().sum::<i32>(), 64, "{counts:?}");
        assert!(counts[0] > 0 && counts[1] > 0, "{counts:?}");
    }
}
