//! When `up` returns the network works: the first packet of every pair is answered.

use std::collections::BTreeMap;
use std::fs::File;

use nix::fcntl::{Flock, FlockArg};
use serde_json::Value;

use crate::support::{Netyard, example, has_programs};

/// The size of the kernel's neighbour table: one for the whole machine, of 1,024 learned entries by default (arp(7)), which an
/// ordinary user cannot change.
const TABLE_SIZE: &str = "/proc/sys/net/ipv4/neigh/default/gc_thresh3";

/// Tests in which hundreds of hosts talk to each other take turns, so that the table does not overflow: those of this program,
/// and of any other that runs the same tests.
fn neighbour_table() -> Flock<File> {
    Flock::lock(File::open(TABLE_SIZE).unwrap(), FlockArg::LockExclusive).unwrap()
}

/// How many pairs may talk before the nodes forget each other: each takes two entries.
const PAIRS_AT_ONCE: usize = 130;

/// The addresses of every host and router, as the kernel has them.
fn addresses(yard: &Netyard) -> BTreeMap<String, Vec<String>> {
    let answer = yard.json("show nodes --json");
    let nodes = answer["nodes"].as_array().unwrap().iter().filter(|node| node["kind"] != "switch");
    let addresses = |node: &Value| -> Vec<String> {
        let list = node["addresses"].as_array().unwrap().iter();
        list.map(|addr| addr.as_str().unwrap().split('/').next().unwrap().to_owned()).collect()
    };
    nodes.map(|node| (node["node"].as_str().unwrap().to_owned(), addresses(node))).collect()
}

/// The office of the examples, as it stands.
#[test]
fn everybody_in_the_office_reaches_everybody() {
    let _turn = neighbour_table();
    if !has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(&example("office")) else { return };
    let addresses = addresses(&yard);
    assert_eq!(addresses.len(), 106);
    let apart = ["red", "blue"];
    let others: Vec<&String> = addresses.keys().filter(|name| !apart.contains(&name.as_str())).collect();
    let ipv4 = |names: &[&String]| -> Vec<String> {
        names.iter().flat_map(|name| &addresses[*name]).filter(|addr| !addr.contains(':')).cloned().collect()
    };
    let mut pairs = 0;
    for (number, from) in others.iter().enumerate() {
        // The answer shows the way back, so each pair needs one direction.
        let to = &others[number..];
        yard.assert_reaches(from, to);
        pairs += to.len();
        if pairs > PAIRS_AT_ONCE {
            forget_neighbours(&yard);
            pairs = 0;
        }
    }
    yard.assert_reaches("c", ipv4(&others));
    forget_neighbours(&yard);
    yard.assert_reaches("c", ["fd00:2::1", "gw", "db"]);
    yard.assert_reaches("gw", addresses["c"].iter());
    // Nothing carries the questions of these two to the name server.
    yard.assert_reaches("red", ["192.168.15.2"]);
    yard.assert_reaches("blue", ["192.168.15.1"]);
    yard.run("ping red blue").expect_code(1).expect_complaint("192.168.1.1");
    yard.assert_cut_off("red", &["192.168.1.11"]);
    yard.assert_cut_off("a", &["red"]);
    assert!(yard.ok("up").contains("nothing to do"));
}

/// Makes room in the kernel's table.
fn forget_neighbours(yard: &Netyard) {
    yard.run_args(["enter", "--", "ip", "-all", "netns", "exec", "ip", "neigh", "flush", "all"])
        .expect_code(0);
}

/// With permanent entries the table does not matter, however many talk at once.
#[test]
fn a_large_segment_needs_no_neighbour_table() {
    let file = "name = \"hall\"\n[switch.hall]\nsubnet = [\"10.0.0.0/16\", \"fd00::/64\"]\nneighbours = \"static\"\n[host.h]\ncount = 60\non = \"hall\"\n";
    let Some(yard) = Netyard::with_lab(file) else { return };
    let addresses = addresses(&yard);
    for from in addresses.keys() {
        yard.assert_reaches(from, addresses.values().flatten());
    }
}

#[test]
fn every_city_of_geant_reaches_every_other() {
    let _turn = neighbour_table();
    let Some(yard) = Netyard::with_lab(&example("geant")) else { return };
    let addresses = addresses(&yard);
    let hosts: Vec<&String> = addresses.keys().filter(|name| name.starts_with("h-")).collect();
    assert_eq!(hosts.len(), 22);
    for from in &hosts {
        yard.assert_reaches(from, &hosts);
    }
    // Every address of every router too.
    yard.assert_reaches(hosts[0], addresses.values().flatten());
}

#[test]
fn every_city_of_tata_nld_is_reached() {
    let _turn = neighbour_table();
    let Some(yard) = Netyard::with_lab(&example("tata-nld")) else { return };
    let addresses = addresses(&yard);
    let hosts: Vec<&String> = addresses.keys().filter(|name| name.starts_with("h-")).collect();
    assert_eq!(hosts.len(), 143);
    for from in hosts.iter().step_by(15) {
        yard.assert_reaches(from, &hosts);
    }
}

/// Three switches in a ring, one cable of which the spanning tree blocks.
#[test]
fn a_loop_of_switches_with_a_spanning_tree() {
    let Some(yard) = Netyard::with_lab(RING) else { return };
    for from in ["a", "b", "c"] {
        yard.assert_reaches(from, ["a", "b", "c"]);
        yard.assert_reaches(from, ["fd00::a", "fd00::b", "fd00::c"]);
    }
    let links = yard.json("show links --json");
    let blocked =
        links["links"].as_array().unwrap().iter().filter(|link| link["port_state"] == "blocking").count();
    assert_eq!(blocked, 1);
    assert!(yard.ok("up").contains("nothing to do"));
}

const RING: &str = r#"
name = "ring"

[switch.s1]
subnet = ["10.0.0.0/24", "fd00::/64"]
stp = true
priority = 4096

[switch.s2]
stp = true

[switch.s3]
stp = true

[host.a]
on = "s1"
address = ["10.0.0.1", "fd00::a"]

[host.b]
on = "s2"
address = ["10.0.0.2", "fd00::b"]

[host.c]
on = "s3"
address = ["10.0.0.3", "fd00::c"]

[[cable]]
between = ["s1", "s2"]

[[cable]]
between = ["s2", "s3"]

[[cable]]
between = ["s3", "s1"]
"#;

/// Two ways of the same length: flows are shared between them, and every first packet arrives.
#[test]
fn two_ways_of_equal_cost() {
    let file = r#"
        name = "square"
        switch.east.subnet = ["10.1.0.0/24", "fd00:1::/64"]
        switch.west.subnet = ["10.2.0.0/24", "fd00:2::/64"]
        host.e = { on = "east", count = 4 }
        host.w = { on = "west", count = 4 }
        router.in = { on = "east" }
        router.out = { on = "west" }
        router.north = {}
        router.south = {}
        cable = [
            { between = ["in", "north"], subnet = ["10.9.1.0/30", "fd00:91::/64"] },
            { between = ["in", "south"], subnet = ["10.9.2.0/30", "fd00:92::/64"] },
            { between = ["out", "north"], subnet = ["10.9.3.0/30", "fd00:93::/64"] },
            { between = ["out", "south"], subnet = ["10.9.4.0/30", "fd00:94::/64"] },
        ]
    "#;
    let Some(yard) = Netyard::with_lab(file) else { return };
    let addresses = addresses(&yard);
    for from in addresses.keys() {
        yard.assert_reaches(from, addresses.values().flatten());
    }
    let routes = yard.json("show routes in --json");
    let is_shared = |route: &&Value| route["kind"]["nexthops"].as_array().is_some_and(|hops| hops.len() == 2);
    let shared: Vec<&Value> =
        routes["routes"].as_array().unwrap().iter().filter(is_shared).map(|route| &route["to"]).collect();
    assert_eq!(shared, ["10.2.0.0/24", "fd00:2::/64"]);
}

/// A large packet goes where the MTU lets it and comes back whole.
#[test]
fn jumbo_frames_pass_where_the_file_says_so() {
    let file = r#"
        name = "jumbo"
        switch.big = { subnet = "10.0.0.0/24", mtu = 9000 }
        host.a = { on = "big" }
        host.b = { on = "big" }
    "#;
    let Some(yard) = Netyard::with_lab(file) else { return };
    yard.run("ping a b -c 1 -s 8972").expect_code(0);
    for node in ["a", "b"] {
        assert_eq!(yard.sh(node, "cat /sys/class/net/eth0/mtu").stdout, "9000\n");
    }
}
