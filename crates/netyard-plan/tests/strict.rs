//! What goes, and how, where things of others are to go.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod office;

use netyard_plan::{
    ApplyError, Conflict, Foreign, Plan, RolledBack, SimulatedKernel, Step, apply, apply_with, diff,
    diff_with, script, simulate,
};
use netyard_types::{
    FdbEntry, FdbState, IfAddr, Link, LinkKind, MAIN_TABLE, NetState, NodeKind, NodeState, Origin, Route,
    RouteKind,
};
use office::{Edit, addr, dev, end, mac, node, office, permanent, prefix, via};

const BY_HAND: Origin = Origin::Other(0);

/// The plan for the office, where it was changed by `edit` behind Netyard's back, after a check that it leads there and back.
fn strict(edit: impl FnOnce(&mut NetState)) -> Plan {
    let mut observed = office();
    edit(&mut observed);
    assert!(diff(&observed, &observed).is_empty());
    let plan = diff_with(&observed, &office(), Foreign::Remove);
    assert_eq!(plan.conflicts, []);
    let mut state = observed.clone();
    for step in plan.bare_steps() {
        simulate(&mut state, &step).unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    assert_eq!(state, office());
    for step in plan.undo() {
        simulate(&mut state, &step).unwrap_or_else(|error| panic!("{step}: {error}"));
    }
    if !plan.steps.iter().any(|planned| planned.reason.is_for_good()) {
        assert_eq!(state, observed);
    }
    plan
}

fn words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(|planned| format!("{}: {}", planned.step, planned.reason)).collect()
}

fn tun(up: bool) -> Link {
    let kind = LinkKind::Other { name: "tun".into() };
    Link { kind, origin: BY_HAND, up, ..Link::loopback() }
}

#[test]
fn what_was_added_to_a_node_goes() {
    let plan = strict(|net| {
        net.link("a.eth0").addresses.insert(IfAddr { origin: BY_HAND, ..addr("10.9.0.1/24") });
        net.link("a.eth0").addresses.insert(IfAddr { origin: BY_HAND, ..addr("fd99::1/64") });
        for (to, origin) in [("10.20.0.0/16", 3), ("10.21.0.0/16", 12)] {
            let route = via(to, "192.168.1.11", "eth0");
            net.node("a").routes.insert(Route { origin: Origin::Other(origin), ..route });
        }
        let mut theirs = permanent("192.168.1.99", "eth0", 0x66);
        theirs.origin = BY_HAND;
        net.node("a").neighbours.insert(theirs);
        let (bridge, dev, state, origin) = (dev("lan"), dev("a"), FdbState::Static, BY_HAND);
        net.node("lan").fdb.insert(FdbEntry { bridge, mac: mac(0x67), dev, state, origin });
        net.node("a").resolv = Some("nameserver 10.0.0.9\n".into());
    });
    assert_eq!(
        words(&plan),
        [
            "delete route 10.20.0.0/16 via 192.168.1.11 dev eth0 on a: added by hand, not in the file",
            "delete route 10.21.0.0/16 via 192.168.1.11 dev eth0 on a: added by a program (protocol 12), not in the file",
            "delete neighbour 192.168.1.99 lladdr 02:00:00:00:00:66 dev eth0 on a: added by hand, not in the file",
            "delete address fd99::1/64 from a.eth0: added by hand, not in the file",
            "delete forwarding entry 02:00:00:00:00:67 dev a master on lan: added by hand, not in the file",
            "delete address 10.9.0.1/24 from a.eth0: added by hand, not in the file",
            "give a the resolver file of the lab: added by hand, not in the file",
        ]
    );
    assert_eq!(
        plan.summary().to_string(),
        "2 addresses removed, 2 routes removed, 1 neighbour removed, 1 forwarding entry removed, 1 resolver file removed"
    );
}

/// Cables and bridges of a person's are put back as a person's.
#[test]
fn what_can_be_made_goes_first_and_comes_back() {
    let plan = strict(|net| {
        net.add_cable("a.mine", "c.mine", 0x60);
        net.add_bridge("b.br9", 0x62);
        for at in ["a.mine", "c.mine", "b.br9"] {
            net.link(at).origin = BY_HAND;
        }
        net.link("a.mine").addresses.insert(IfAddr { origin: BY_HAND, ..addr("10.9.0.1/24") });
        let route = via("10.20.0.0/16", "10.9.0.2", "mine");
        net.node("a").routes.insert(Route { origin: Origin::Other(3), ..route });
    });
    assert_eq!(
        words(&plan),
        [
            "delete link a.mine: added by hand, not in the file",
            "delete link b.br9: added by hand, not in the file"
        ]
    );
    assert_eq!(plan.summary().to_string(), "1 bridge removed, 1 cable removed");
    let undo: Vec<_> = plan.undo().iter().map(ToString::to_string).collect();
    assert_eq!(
        undo,
        [
            "add bridge b.br9",
            "set b.br9 group 0",
            "add cable a.mine -- c.mine",
            "set a.mine group 0",
            "set c.mine group 0",
            "add address 10.9.0.1/24 to a.mine",
            "add route 10.20.0.0/16 via 10.9.0.2 dev mine on a",
        ]
    );
}

#[test]
fn what_cannot_be_put_back_goes_last_and_takes_along_what_is_on_it() {
    let mut strange = NodeState::new(NodeKind::Host);
    strange.origin = BY_HAND;
    let plan = strict(|net| {
        net.nodes.insert(node("mine"), strange);
        net.strangers.insert(String::from("Not_a node"));
        net.add_cable("a.x", "mine.x", 0x60);
        for at in ["a.x", "mine.x"] {
            net.link(at).origin = BY_HAND;
        }
        net.node("b").links.insert(dev("tun0"), tun(true));
        net.link("b.tun0").addresses.insert(IfAddr { origin: BY_HAND, ..addr("10.9.0.1/24") });
        let route = via("10.20.0.0/16", "10.9.0.2", "tun0");
        net.node("b").routes.insert(Route { origin: Origin::Other(3), ..route });
        let (kind, table, origin) = (RouteKind::Other(2), MAIN_TABLE + 1, Origin::Other(3));
        net.node("c").routes.insert(Route { table, origin, ..Route::netyard(prefix("10.30.0.0/16"), kind) });
        net.link("a.eth0").mtu = 1400;
    });
    assert_eq!(
        words(&plan),
        [
            "set a.eth0 mtu 1500: the file says mtu 1500, the link has mtu 1400",
            "delete route local 10.30.0.0/16 table 255 on c: added by hand, not in the file; cannot be put back",
            "discard namespace mine: added by hand, not in the file; cannot be put back",
            "discard namespace 'Not_a node': added by hand, not in the file; cannot be put back",
            "discard link b.tun0: added by hand, not in the file; cannot be put back",
        ]
    );
    assert_eq!(
        plan.summary().to_string(),
        "2 nodes removed, 1 link removed, 1 link changed, 1 route removed"
    );
    let text = script(&plan.bare_steps());
    let (_, last) = text.split_once("# what goes and cannot be put back\n").unwrap();
    assert_eq!(
        last,
        "ip -n c route delete local 10.30.0.0/16 table 255 proto 3\n\
         ip netns delete mine\n\
         rm -rf /etc/netns/mine\n\
         ip netns delete 'Not_a node'\n\
         ip -n b link delete dev tun0\n"
    );
}

#[test]
fn what_is_in_the_way_is_replaced() {
    let plan = strict(|net| {
        net.cut("a.eth0");
        net.node("a").links.insert(dev("eth0"), tun(true));
        net.node("a").routes.clear();
        let theirs = Route { origin: Origin::Other(3), ..via("0.0.0.0/0", "192.168.1.99", "eth0") };
        net.node("b").routes = [theirs].into();
        net.link("c.eth0").addresses.remove(&addr("fd00:2::9/64"));
        net.link("c.eth0").addresses.insert(IfAddr { origin: BY_HAND, ..addr("fd00:2::9/80") });
    });
    assert_eq!(
        words(&plan),
        [
            "delete link a.eth0: added by hand, the file has another in its place; cannot be put back",
            "delete address fd00:2::9/80 from c.eth0: added by hand, not in the file",
            "add cable lan.a -- a.eth0: not there yet",
            "add address 192.168.1.10/24 to a.eth0: not there yet",
            "add address fd00:2::9/64 to c.eth0: not there yet",
            "add route default via 192.168.1.1 dev eth0 on a: not there yet",
            "replace route default via 192.168.1.1 dev eth0 on b: the node has default via 192.168.1.99 dev eth0",
        ]
    );
}

#[test]
fn a_namespace_in_the_place_of_a_node_is_replaced() {
    let plan = strict(|net| {
        net.cut("c.eth0");
        let mut strange = NodeState::new(NodeKind::Host);
        strange.origin = BY_HAND;
        net.nodes.insert(node("c"), strange);
    });
    let words = words(&plan);
    assert_eq!(
        words[0],
        "delete node c: added by hand, the file has another in its place; cannot be put back"
    );
    assert_eq!(words[1], "add host c: not there yet");
}

/// What the kernel makes by itself, and what the file has too, whoever added it.
#[test]
fn what_the_kernel_makes_stays_and_so_does_what_is_described() {
    let mut observed = office();
    let advertised = Route { origin: Origin::Other(9), metric: 1024, ..via("::/0", "fe80::1", "eth0") };
    observed.node("a").routes.insert(advertised);
    observed.link("a.eth0").addresses.insert(IfAddr { origin: Origin::Kernel, ..addr("fe80::5/64") });
    let tunnel = Link { origin: Origin::Kernel, ..tun(false) };
    observed.node("a").links.insert(dev("sit0"), tunnel);
    let mut learned = permanent("192.168.1.1", "eth0", 0x25);
    (learned.state, learned.origin) = (netyard_types::NeighbourState::Reachable, Origin::Kernel);
    observed.node("a").neighbours.insert(learned);
    let (bridge, dev, state, origin) = (dev("lan"), dev("a"), FdbState::Learned, Origin::Kernel);
    observed.node("lan").fdb.insert(FdbEntry { bridge, mac: mac(0x21), dev, state, origin });
    let mine = |addr: &IfAddr| IfAddr { origin: BY_HAND, ..*addr };
    observed.link("b.eth0").addresses = office().link("b.eth0").addresses.iter().map(mine).collect();
    observed.node("b").routes =
        [Route { origin: Origin::Other(3), ..via("0.0.0.0/0", "192.168.1.1", "eth0") }].into();
    let plan = diff_with(&observed, &office(), Foreign::Remove);
    assert!(plan.is_empty(), "{plan:#?}");
}

#[test]
fn hardware_is_no_more_removed_than_it_could_be() {
    let mut observed = office();
    let kind = LinkKind::Other { name: String::new() };
    observed.node("a").links.insert(dev("enp1"), Link { kind, ..tun(true) });
    assert!(diff(&observed, &office()).is_empty());
    let plan = diff_with(&observed, &office(), Foreign::Remove);
    assert_eq!((plan.steps, plan.conflicts), (vec![], vec![Conflict::Device { at: end("a.enp1") }]));
}

/// A step fails after one that cannot be undone: what is gone is told.
#[test]
fn what_could_not_be_put_back_is_told() {
    let mut observed = office();
    observed.cut("a.eth0");
    observed.node("a").routes.clear();
    observed.node("a").links.insert(dev("eth0"), tun(true));
    let mut kernel = SimulatedKernel::new(observed.clone()).failing_at(1);
    let error = apply_with(&mut kernel, &office(), Foreign::Remove, &mut |_| {}).unwrap_err();
    let ApplyError::Step { rolled_back, .. } = error else { panic!("{error:?}") };
    let gone = vec![Step::DiscardLink { node: node("a"), link: dev("eth0") }];
    assert_eq!(*rolled_back, RolledBack::Lost { steps: gone });
    observed.node("a").links.remove("eth0");
    assert_eq!(kernel.state, observed);
}

/// A namespace of a person's is no reason to think that something is left to do.
#[test]
fn a_failed_step_is_undone_beside_a_namespace_of_a_person() {
    /// Sees namespaces of others only where it is asked for them, as Linux does.
    struct ByScope(SimulatedKernel);
    impl netyard_plan::Kernel for ByScope {
        type Error = netyard_plan::SimulatedError;
        fn observe(&mut self, scope: &netyard_plan::Scope) -> Result<NetState, Self::Error> {
            let mut state = self.0.observe(scope)?;
            let all = scope.nodes == netyard_plan::Which::All;
            state.nodes.retain(|_, node| all || node.origin == Origin::Netyard);
            Ok(state)
        }
        fn execute(
            &mut self,
            steps: &[Step],
            progress: &mut dyn FnMut(usize),
        ) -> Result<(), netyard_plan::ExecuteError<Self::Error>> {
            self.0.execute(steps, progress)
        }
    }
    let mut observed = NetState::default();
    let strange = NodeState { origin: BY_HAND, ..NodeState::new(NodeKind::Host) };
    observed.nodes.insert(node("mine"), strange);
    let mut kernel = ByScope(SimulatedKernel::new(observed.clone()).failing_at(20));
    let error = apply(&mut kernel, &office(), &mut |_| {}).unwrap_err();
    let ApplyError::Step { rolled_back, .. } = error else { panic!("{error:?}") };
    assert_eq!(*rolled_back, RolledBack::Restored);
    assert_eq!(kernel.0.state, observed);
}
