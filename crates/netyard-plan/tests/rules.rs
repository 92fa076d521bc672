//! The rules of the difference, one by one.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod office;

use netyard_plan::{Conflict, LinkChange, Phase, Plan, Reason, Step, diff, simulate};
use netyard_types::{IfAddr, Link, LinkKind, NeighbourState, NetState, NodeKind, Origin, Route, RouteKind};
use office::{Edit, addr, dev, end, hop, ip, key, mac, node, office, permanent, prefix, via};

/// The plan in words, after a check that it leads there and back.
fn plan(observed: &NetState, desired: &NetState) -> Plan {
    let plan = diff(observed, desired);
    assert_eq!(plan.conflicts, []);
    let mut state = observed.clone();
    for step in plan.bare_steps().iter().chain(&plan.undo()) {
        simulate(&mut state, step).unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    assert_eq!(netyard_plan::owned(&state), netyard_plan::owned(observed));
    plan
}

fn words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|planned| format!("{}: {}", planned.step, planned.reason)).collect()
}

/// The words of the plan from the office to the office after `edit`.
fn after(edit: impl FnOnce(&mut NetState)) -> Vec<String> {
    let mut desired = office();
    edit(&mut desired);
    words(&plan(&office(), &desired))
}

/// The plan for the office, where it was changed by `edit` behind Netyard's back.
fn drifted(edit: impl FnOnce(&mut NetState)) -> Plan {
    let mut observed = office();
    edit(&mut observed);
    diff(&observed, &office())
}

#[test]
fn a_node_that_goes_takes_its_cables_along() {
    let steps = after(|net| {
        net.cut("dmz.c");
        net.nodes.remove("c");
    });
    assert_eq!(steps, ["delete node c: no longer in the file"]);
}

#[test]
fn the_inverse_of_a_node_that_goes_is_all_that_was_in_it() {
    let mut desired = office();
    desired.cut("dmz.c");
    desired.nodes.remove("c");
    let undo: Vec<_> = plan(&office(), &desired).undo().iter().map(ToString::to_string).collect();
    assert_eq!(
        undo,
        [
            "add host c",
            "add cable dmz.c -- c.eth0",
            "add address 192.168.2.9/24 to c.eth0",
            "add address fd00:2::9/64 to c.eth0",
            "add route default via 192.168.2.1 dev eth0 on c",
            "add route default via fd00:2::1 dev eth0 on c",
            "write the names into the hosts file of c",
        ]
    );
}

#[test]
fn a_node_of_another_kind_is_made_anew() {
    let mut desired = office();
    desired.node("c").kind = NodeKind::Router;
    let plan = plan(&office(), &desired);
    let words = words(&plan);
    assert_eq!(words[0], "delete node c: the file makes it a router, it is a host");
    assert_eq!(words[1], "add router c: the file makes it a router, it is a host");
    assert_eq!(words[2], "add cable dmz.c -- c.eth0: its node is made anew");
    assert!(plan.steps[3..].iter().all(|planned| planned.reason == Reason::NodeRemade), "{words:#?}");
}

#[test]
fn a_cable_that_moves_is_made_anew_with_all_on_it() {
    let steps = after(|net| {
        let link = net.link("b.eth0").clone();
        net.cut("b.eth0");
        net.add_cable("dmz.b", "b.eth0", 0x22);
        net.link("b.eth0").addresses = link.addresses;
    });
    assert_eq!(
        steps,
        [
            "delete link b.eth0: the file cables it to dmz.b, it is cabled to lan.b",
            "add cable dmz.b -- b.eth0: not there yet",
            "add address 192.168.1.11/24 to b.eth0: its link is made anew",
            "add route default via 192.168.1.1 dev eth0 on b: its link is made anew",
        ]
    );
}

#[test]
fn the_end_with_a_master_comes_first_and_a_second_master_later() {
    let mut desired = office();
    desired.add_cable("gw.x", "lan.x", 0x40);
    desired.add_cable("lan.up", "dmz.up", 0x42);
    let plan = plan(&office(), &desired);
    let cables = plan.steps.iter().filter_map(|planned| match &planned.step {
        Step::AddCable { ends } => Some(ends.clone()),
        _ => None,
    });
    for ends in cables {
        assert!(ends[0].master.is_some() && ends[1].master.is_none(), "{ends:?}");
    }
    assert_eq!(
        words(&plan).last().unwrap(),
        "set lan.up master lan: the file says master lan, the link has no master"
    );
}

#[test]
fn a_link_that_is_to_be_down_is_switched_off_when_made() {
    let steps = after(|net| {
        net.add_cable("lan.x", "c.x", 0x40);
        net.link("c.x").up = false;
    });
    assert_eq!(
        steps,
        ["add cable lan.x -- c.x: not there yet", "set c.x down: the file says down, the link is up"]
    );
}

#[test]
fn properties_change_in_place() {
    let steps = after(|net| {
        net.link("a.eth0").mtu = 1400;
        net.link("b.eth0").mac = Some(mac(0x77));
        net.link("lan.gw").master = None;
        let LinkKind::Bridge(bridge) = &mut net.link("dmz.dmz").kind else { unreachable!() };
        bridge.stp = true;
    });
    assert_eq!(
        steps,
        [
            "set a.eth0 mtu 1400: the file says mtu 1400, the link has mtu 1500",
            "set b.eth0 address 02:00:00:00:00:77: the file says address 02:00:00:00:00:77, \
             the link has address 02:00:00:00:00:23",
            "set dmz.dmz stp_state 1 ageing_time 30000 forward_delay 200 hello_time 200 priority 32768: \
             the file says stp_state 1, the bridge has stp_state 0",
            "set lan.gw nomaster: the file says no master, the link has master lan",
        ]
    );
}

#[test]
fn a_name_that_is_needed_is_freed_first() {
    let steps = after(|net| {
        net.cut("dmz.c");
        net.add_bridge("c.eth0", 0x50);
        net.node("c").routes.clear();
    });
    assert_eq!(
        steps,
        [
            "delete link c.eth0: its name is needed for a bridge, it is a veth",
            "add bridge c.eth0: not there yet"
        ]
    );
}

#[test]
fn ports_of_a_bridge_that_is_made_anew_get_their_master_back() {
    let mut observed = office();
    observed.node("lan").links.remove("lan");
    for port in ["lan.a", "lan.b", "lan.gw"] {
        observed.link(port).master = None;
    }
    let steps = words(&plan(&observed, &office()));
    assert_eq!(steps.len(), 4, "{steps:#?}");
    assert_eq!(steps[0], "add bridge lan.lan: not there yet");
}

#[test]
fn an_address_is_exchanged_without_a_gap_and_said_to_move() {
    let mut desired = office();
    desired.link("a.eth0").addresses = [addr("192.168.1.12/24")].into_iter().collect();
    desired.link("b.eth0").addresses.insert(addr("192.168.1.13/24"));
    let plan = plan(&office(), &desired);
    assert_eq!(
        words(&plan),
        [
            "add address 192.168.1.12/24 to a.eth0: not there yet",
            "add address 192.168.1.13/24 to b.eth0: not there yet",
            "delete address 192.168.1.10/24 from a.eth0: no longer in the file",
        ]
    );
    let moves = plan.moves();
    assert_eq!(moves.len(), 1, "who only gains an address does not move");
    assert_eq!(
        (&moves[0].at, &moves[0].from, &moves[0].to),
        (&end("a.eth0"), &vec![addr("192.168.1.10/24")], &vec![addr("192.168.1.12/24")])
    );
}

#[test]
fn an_ipv6_address_of_another_length_goes_before_it_comes() {
    let mut desired = office();
    desired.link("c.eth0").addresses = [addr("192.168.2.9/24"), addr("fd00:2::9/80")].into_iter().collect();
    let plan = plan(&office(), &desired);
    let phases: Vec<_> = plan.steps.iter().map(|planned| planned.step.phase()).collect();
    assert_eq!(phases, [Phase::Remove, Phase::AddAddresses], "{:#?}", words(&plan));
}

#[test]
fn a_route_changes_without_a_gap_unless_it_could_not_be_put_back() {
    let steps = after(|net| {
        net.node("a").routes = [via("0.0.0.0/0", "192.168.1.11", "eth0")].into();
    });
    assert_eq!(
        steps,
        [
            "replace route default via 192.168.1.11 dev eth0 on a: the node has default via 192.168.1.1 dev eth0"
        ]
    );
    let steps = after(|net| {
        net.link("a.eth0").addresses = [addr("10.0.0.2/24")].into_iter().collect();
        net.node("a").routes = [via("0.0.0.0/0", "10.0.0.1", "eth0")].into();
    });
    assert_eq!(
        steps,
        [
            "delete route default via 192.168.1.1 dev eth0 on a: the file has another in its place",
            "add address 10.0.0.2/24 to a.eth0: not there yet",
            "delete address 192.168.1.10/24 from a.eth0: no longer in the file",
            "add route default via 10.0.0.1 dev eth0 on a: the node has default via 192.168.1.1 dev eth0",
        ]
    );
}

#[test]
fn a_route_that_reaches_a_router_comes_before_the_route_through_it() {
    let steps = after(|net| {
        let straight = RouteKind::Unicast(vec![netyard_types::NextHop::new(None, dev("eth0"))]);
        net.node("a").routes.insert(Route::netyard(prefix("172.16.0.0/24"), straight));
        net.node("a").routes.insert(via("10.0.0.0/8", "172.16.0.1", "eth0"));
    });
    assert_eq!(
        steps,
        [
            "add route 172.16.0.0/24 dev eth0 on a: not there yet",
            "add route 10.0.0.0/8 via 172.16.0.1 dev eth0 on a: not there yet"
        ]
    );
}

#[test]
fn the_kernel_drops_a_whole_ipv4_multipath_route_and_one_hop_of_an_ipv6_one() {
    let mut observed = office();
    observed.add_cable("dmz.b", "b.eth1", 0x60);
    observed.link("b.eth1").addresses = [addr("192.168.2.11/24"), addr("fd00:2::b/64")].into_iter().collect();
    observed.link("b.eth0").addresses.insert(addr("fd00:1::b/64"));
    let both = |to: &str, one: &str, other: &str| {
        Route::netyard(prefix(to), RouteKind::Unicast(vec![hop(one, "eth0"), hop(other, "eth1")]))
    };
    observed.node("b").routes.insert(both("10.0.0.0/8", "192.168.1.1", "192.168.2.1"));
    observed.node("b").routes.insert(both("fd10::/16", "fd00:1::1", "fd00:2::1"));
    let mut state = observed.clone();
    simulate(&mut state, &Step::DeleteLink { node: node("b"), link: dev("eth1") }).unwrap();
    let left: Vec<_> = state.node("b").routes.iter().cloned().collect();
    assert_eq!(left, [via("0.0.0.0/0", "192.168.1.1", "eth0"), via("fd10::/16", "fd00:1::1", "eth0")]);
    assert!(!state.node("dmz").links.contains_key("b"), "the other end goes too");
    let _ = plan(&observed, &office());
    let _ = plan(&office(), &observed);
}

#[test]
fn settings_are_written_and_reset() {
    let steps = after(|net| {
        let gw = net.node("gw");
        gw.sysctls.clear();
        gw.sysctls.insert(key("net.ipv4.conf.lan0.rp_filter"), "2".into());
        gw.sysctls.insert(key("net.ipv6.conf.all.forwarding"), "1".into());
    });
    assert_eq!(
        steps,
        [
            "set net.ipv6.conf.all.forwarding = 1 on gw: not there yet",
            "reset net.ipv4.ip_forward on gw: no longer in the file",
            "set net.ipv4.conf.lan0.rp_filter = 2 on gw: not there yet",
        ]
    );
}

#[test]
fn a_link_that_somebody_switched_off_gets_back_what_it_lost() {
    let mut observed = office();
    simulate(
        &mut observed,
        &Step::SetLink { node: node("c"), link: dev("eth0"), change: LinkChange::Up(false) },
    )
    .unwrap();
    assert_eq!(
        words(&plan(&observed, &office())),
        [
            "set c.eth0 up: the file says up, the link is down",
            "add address fd00:2::9/64 to c.eth0: not there yet",
            "add route default via 192.168.2.1 dev eth0 on c: not there yet",
            "add route default via fd00:2::1 dev eth0 on c: not there yet",
        ]
    );
}

#[test]
fn neighbours_lost_with_an_ethernet_address_are_set_again() {
    let mut observed = office();
    observed.node("a").neighbours.insert(permanent("192.168.1.1", "eth0", 0x25));
    let mut desired = observed.clone();
    desired.link("a.eth0").mac = Some(mac(0x77));
    let steps = words(&plan(&observed, &desired));
    assert_eq!(
        steps[1],
        "add neighbour 192.168.1.1 lladdr 02:00:00:00:00:25 dev eth0 on a: the kernel drops it with an earlier step"
    );
}

#[test]
fn lo_is_switched_on_and_nothing_else_of_it_is_touched() {
    let plan = drifted(|net| {
        net.link("a.lo").up = false;
        net.link("a.lo").mtu = 1000;
    });
    assert_eq!(words(&plan), ["set a.lo up: the file says up, the link is down"]);
}

#[test]
fn what_the_kernel_learned_is_no_difference_and_gives_way() {
    let learned = |net: &mut NetState| {
        let mut found = permanent("192.168.1.1", "eth0", 0x25);
        (found.state, found.origin) = (NeighbourState::Stale, Origin::Kernel);
        net.node("a").neighbours.insert(found);
        let connected = RouteKind::Unicast(vec![netyard_types::NextHop::new(None, dev("eth0"))]);
        let origin = Origin::Kernel;
        let src = Some(ip("192.168.1.10"));
        net.node("a").routes.insert(Route {
            origin,
            src,
            ..Route::netyard(prefix("192.168.1.0/24"), connected)
        });
    };
    assert!(drifted(learned).is_empty());
    let (mut observed, mut desired) = (office(), office());
    learned(&mut observed);
    desired.node("a").neighbours.insert(permanent("192.168.1.1", "eth0", 0x25));
    assert_eq!(plan(&observed, &desired).steps.len(), 1);
}

#[test]
fn the_same_thing_made_by_a_person_is_present() {
    let plan = drifted(|net| {
        let mine = |addr: &IfAddr| IfAddr { origin: Origin::Other(0), ..*addr };
        net.link("a.eth0").addresses = net.link("a.eth0").addresses.iter().map(mine).collect();
        let route = net.node("a").routes.pop_first().unwrap();
        net.node("a").routes.insert(Route { origin: Origin::Other(3), ..route });
    });
    assert!(plan.is_empty(), "{plan:#?}");
}

#[test]
fn another_thing_of_a_person_in_its_place_is_a_conflict() {
    let mut desired = office();
    desired.node("b").neighbours.insert(permanent("192.168.1.1", "eth0", 0x25));
    desired.add_cable("lan.x", "b.x", 0x70);
    let mut observed = office();
    let mut theirs = permanent("192.168.1.1", "eth0", 0x66);
    theirs.origin = Origin::Other(4);
    observed.node("b").neighbours.insert(theirs.clone());
    let tun = LinkKind::Other { name: "tun".into() };
    observed
        .node("b")
        .links
        .insert(dev("x"), Link { kind: tun, origin: Origin::Other(0), ..Link::loopback() });
    let their_route = Route { origin: Origin::Other(3), ..via("0.0.0.0/0", "192.168.1.99", "eth0") };
    observed.node("a").routes = [their_route.clone()].into();
    let their_address = IfAddr { origin: Origin::Other(0), ..addr("fd00:2::9/80") };
    observed.link("c.eth0").addresses.remove(&addr("fd00:2::9/64"));
    observed.link("c.eth0").addresses.insert(their_address);
    let plan = diff(&observed, &desired);
    assert_eq!(
        plan.conflicts,
        [
            Conflict::Link { at: end("b.x"), kind: "tun".into() },
            Conflict::Address { at: end("c.eth0"), wanted: addr("fd00:2::9/64"), found: their_address },
            Conflict::Route {
                node: node("a"),
                wanted: via("0.0.0.0/0", "192.168.1.1", "eth0"),
                found: their_route
            },
            Conflict::Neighbour {
                node: node("b"),
                wanted: permanent("192.168.1.1", "eth0", 0x25),
                found: theirs
            },
        ]
    );
    assert_eq!(plan.steps, []);
    assert!(!plan.is_empty());
    assert_eq!(plan.conflicts[0].to_string(), "b.x is a tun that netyard did not make");
}

#[test]
fn a_cable_with_one_end_is_a_conflict() {
    let mut desired = office();
    desired.add_cable("lan.x", "b.x", 0x70);
    desired.node("b").links.remove("x");
    assert_eq!(diff(&office(), &desired).conflicts, [Conflict::Incomplete { at: end("lan.x") }]);
}

#[test]
fn a_namespace_of_a_person_is_a_conflict_and_nothing_else_is_planned() {
    let plan = drifted(|net| {
        net.nodes.get_mut("c").unwrap().origin = Origin::Other(0);
        net.link("a.eth0").mtu = 1400;
    });
    assert_eq!(plan.conflicts, [Conflict::Node { node: node("c") }]);
    assert_eq!(plan.steps, []);
}

#[test]
fn a_namespace_of_a_person_under_another_name_is_left_alone() {
    let mut theirs = netyard_types::NodeState::new(NodeKind::Host);
    theirs.origin = Origin::Other(0);
    let plan = drifted(|net| drop(net.nodes.insert(node("theirs"), theirs)));
    assert!(plan.is_empty());
}

#[test]
fn the_ageing_time_of_a_spanning_tree_that_changes_is_not_looked_at() {
    let drift = |topology_change| {
        drifted(|net| {
            let lan = net.link("lan.lan");
            lan.topology_change = topology_change;
            let LinkKind::Bridge(bridge) = &mut lan.kind else { panic!("lan is a bridge") };
            bridge.ageing_cs = 400;
        })
    };
    assert!(drift(true).is_empty());
    assert_eq!(drift(false).steps.len(), 1);
}

#[test]
fn link_local_addresses_from_before_go_where_none_are_to_be() {
    let link_local = IfAddr { origin: Origin::Kernel, ..addr("fe80::1/64") };
    let mut desired = office();
    let mode = key(netyard_types::NodeState::ADDR_GEN_MODE);
    desired.nodes.get_mut("a").unwrap().sysctls.insert(mode, "1".into());
    let mut observed = office();
    for at in ["a.eth0", "b.eth0"] {
        observed.link(at).addresses.insert(link_local);
    }
    assert_eq!(
        words(&plan(&observed, &desired)),
        [
            "delete address fe80::1/64 from a.eth0: no longer in the file",
            "set net.ipv6.conf.all.addr_gen_mode = 1 on a: not there yet",
        ]
    );
}
