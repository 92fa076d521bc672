//! Small networks and how they are drawn.

use super::super::testing::{address, cable, lab, office, state};
use super::*;

fn drawn(state: &NetState) -> String {
    text(state, &lab())
}

#[test]
fn an_office_hangs_on_its_router() {
    let expected = "\
office: 1 router, 2 switches, 4 hosts, 6 cables

gw (router)
├─ dmz0 192.168.2.1/24 fd00:2::1/64 ── dmz (switch)
│  └─ c.eth0 192.168.2.9/24 fd00:2::9/64
└─ lan0 192.168.1.1/24              ── lan (switch)
   ├─ a.eth0     192.168.1.2/24
   ├─ web2.eth0  192.168.1.3/24
   └─ web10.eth0 192.168.1.11/24
";
    assert_eq!(drawn(&office()), expected);
}

#[test]
fn a_ring_is_cut_once_and_says_so() {
    let mut state = state(&["r1 router", "r2 router", "r3 router"]);
    cable(&mut state, "r1.eth0 10.0.1.1/30", "r2.eth0 10.0.1.2/30");
    cable(&mut state, "r2.eth1 10.0.2.1/30", "r3.eth0 10.0.2.2/30");
    cable(&mut state, "r3.eth1 10.0.3.1/30", "r1.eth1 10.0.3.2/30");
    let expected = "\
office: 3 routers, 3 cables

r1 (router)
├─ eth0 10.0.1.1/30 ── r2.eth0 10.0.1.2/30 (router)
│  └─ eth1 10.0.2.1/30 ── r3.eth0 10.0.2.2/30 (router) *
└─ eth1 10.0.3.2/30 ── r3.eth1 10.0.3.1/30 (router)

* drawn at another place too
";
    assert_eq!(drawn(&state), expected);
}

#[test]
fn two_cables_between_two_switches_are_both_drawn() {
    let mut state = state(&["s1 switch", "s2 switch"]);
    cable(&mut state, "s1.s2", "s2.s1");
    cable(&mut state, "s1.s2-2", "s2.s1-2");
    let expected = "\
office: 2 switches, 2 cables

s1 (switch)
├─         s2      (switch)
└─ s2-2 ── s2.s1-2 (switch) *

* drawn at another place too
";
    assert_eq!(drawn(&state), expected);
}

#[test]
fn a_bridge_shows_its_own_address() {
    let mut state = state(&["v-net-0 switch", "red host", "blue host"]);
    cable(&mut state, "red.veth-red 192.168.15.1/24", "v-net-0.veth-red-br");
    cable(&mut state, "blue.veth-blue 192.168.15.2/24", "v-net-0.veth-blue-br");
    let bridge = state.nodes.get_mut("v-net-0").unwrap().links.get_mut("v-net-0").unwrap();
    bridge.addresses.insert(address("192.168.15.5/24"));
    let expected = "\
office: 1 switch, 2 hosts, 2 cables

v-net-0 (switch)  v-net-0 192.168.15.5/24
├─ veth-blue-br ── blue.veth-blue 192.168.15.2/24
└─ veth-red-br  ── red.veth-red   192.168.15.1/24
";
    assert_eq!(drawn(&state), expected);
}

#[test]
fn what_is_alone_is_listed_last() {
    let mut state = state(&["blue host", "gw router", "lan switch", "red host", "z1 host", "z2 host"]);
    cable(&mut state, "red.eth0 10.0.0.1/24", "z2.eth0 10.0.0.2/24");
    cable(&mut state, "z1.eth0 10.0.1.1/24", "lan.z1");
    let expected = "\
office: 1 router, 1 switch, 4 hosts, 2 cables

lan (switch)
└─ z1.eth0 10.0.1.1/24

red
└─ eth0 10.0.0.1/24 ── z2.eth0 10.0.0.2/24

gw (router)
blue
";
    assert_eq!(drawn(&state), expected);
}

#[test]
fn ends_that_are_down_outside_or_on_the_same_node() {
    let mut state = state(&["a host", "b host"]);
    cable(&mut state, "a.eth0 10.0.0.1/24", "a.eth0-open");
    cable(&mut state, "a.eth1 10.0.1.1/24", "b.eth0");
    let links = &mut state.nodes.get_mut("a").unwrap().links;
    links.get_mut("eth0-open").unwrap().up = false;
    state.nodes.remove("b");
    let expected = "\
office: 1 host, 2 cables

a
├─ eth0 10.0.0.1/24 ── a.eth0-open down *
└─ eth1 10.0.1.1/24 ── (outside)

* drawn at another place too
";
    assert_eq!(drawn(&state), expected);
}

#[test]
fn addresses_that_every_interface_has_are_left_out() {
    let mut state = state(&["a host", "b host"]);
    cable(&mut state, "a.eth0 10.0.0.1/24 fe80::7/64", "b.eth0 10.0.0.2/24");
    let b = state.nodes.get_mut("b").unwrap();
    let lo = &mut b.links.get_mut("lo").unwrap().addresses;
    lo.insert(address("127.0.0.1/8"));
    lo.insert(address("10.255.0.1/32"));
    let from_kernel =
        netyard_types::IfAddr { origin: netyard_types::Origin::Kernel, ..address("fe80::8/64") };
    b.links.get_mut("eth0").unwrap().addresses.insert(from_kernel);
    let expected = "\
office: 2 hosts, 1 cable

a
└─ eth0 10.0.0.1/24 fe80::7/64 ── b.eth0 10.0.0.2/24  lo 10.255.0.1/32
";
    assert_eq!(drawn(&state), expected);
}

#[test]
fn nothing_is_said_to_be_nothing() {
    assert_eq!(drawn(&NetState::default()), "office: no nodes\n");
}

#[test]
fn a_long_chain_is_no_trouble() {
    let names: Vec<String> = (0..2000).map(|at| format!("r{at} router")).collect();
    let mut state = state(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for at in 1..2000 {
        cable(&mut state, &format!("r{}.right", at - 1), &format!("r{at}.left"));
    }
    let text = drawn(&state);
    assert_eq!(text.lines().count(), 2002);
    assert!(!text.contains('*'));
}
