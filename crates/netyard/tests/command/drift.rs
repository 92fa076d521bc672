//! A person changes a running lab behind Netyard's back: `plan` shows exactly that, `up` mends what is Netyard's and keeps what is
//! not, and `up --strict` removes the rest.

use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Netyard, Traces, assert_same, has_programs, wait_for, wait_until};

const FILE: &str = r#"
name = "drift"

[switch.lan]
subnet = ["10.0.0.0/24", "fd00::/64"]
mac = "02:00:00:00:00:10"

[switch.dmz]
subnet = "10.1.0.0/24"
neighbours = "static"

[router.gw]
ports.lan0 = { on = "lan" }
ports.dmz0 = { on = "dmz", mac = "02:00:00:00:00:11" }

[host.a]
on = "lan"
mac = "02:00:00:00:00:0a"
sysctl = { "net.ipv4.ip_default_ttl" = 99 }

[host.b]
on = "lan"

[host.c]
on = "dmz"
mac = "02:00:00:00:00:0c"

[names]
by = "hosts"
"#;

/// What a person types on a node, and what `plan` says of it then.
type Drift = (&'static str, &'static str, &'static [&'static str]);

/// Routes, addresses and neighbours.
const ADDRESSING: [Drift; 9] = [
    ("a", "ip -4 route delete default", &["add route default via 10.0.0.1 dev eth0 on a: not there yet"]),
    (
        "a",
        "ip route replace default via 10.0.0.3 proto 121",
        &["replace route default via 10.0.0.1 dev eth0 on a: the node has default via 10.0.0.3 dev eth0"],
    ),
    (
        "b",
        "ip route flush proto 121; ip -6 route flush proto 121",
        &[
            "add route default via 10.0.0.1 dev eth0 on b: not there yet",
            "add route default via fd00::1 dev eth0 on b: not there yet",
        ],
    ),
    (
        "a",
        "ip route add 10.6.0.0/16 via 10.0.0.3 proto 121",
        &["delete route 10.6.0.0/16 via 10.0.0.3 dev eth0 on a: no longer in the file"],
    ),
    (
        "a",
        "ip address delete 10.0.0.2/24 dev eth0",
        &[
            "add address 10.0.0.2/24 to a.eth0: not there yet",
            "add route default via 10.0.0.1 dev eth0 on a: not there yet",
        ],
    ),
    (
        "b",
        "ip -4 address flush dev eth0; ip address delete fd00::3/64 dev eth0",
        &[
            "add address 10.0.0.3/24 to b.eth0: not there yet",
            "add address fd00::3/64 to b.eth0: not there yet",
            "add route default via 10.0.0.1 dev eth0 on b: not there yet",
        ],
    ),
    (
        "gw",
        "ip neighbour delete 10.1.0.2 dev dmz0",
        &["add neighbour 10.1.0.2 lladdr 02:00:00:00:00:0c dev dmz0 on gw: not there yet"],
    ),
    (
        "gw",
        "ip neighbour replace 10.1.0.2 lladdr 02:00:00:00:00:99 dev dmz0 nud permanent",
        &["add neighbour 10.1.0.2 lladdr 02:00:00:00:00:0c dev dmz0 on gw: the node has 02:00:00:00:00:99"],
    ),
    (
        "c",
        "ip neighbour replace 10.1.0.1 lladdr 02:00:00:00:00:99 dev eth0 nud permanent protocol 121",
        &["add neighbour 10.1.0.1 lladdr 02:00:00:00:00:11 dev eth0 on c: the node has 02:00:00:00:00:99"],
    ),
];

/// Interfaces in place.
const LINKS: [Drift; 9] = [
    (
        "a",
        "ip link set eth0 down",
        &[
            "set a.eth0 up: the file says up, the link is down",
            "add address fd00::2/64 to a.eth0: not there yet",
            "add route default via 10.0.0.1 dev eth0 on a: not there yet",
            "add route default via fd00::1 dev eth0 on a: not there yet",
        ],
    ),
    ("lan", "ip link set dev b down", &["set lan.b up: the file says up, the link is down"]),
    ("dmz", "ip link set dmz down", &["set dmz.dmz up: the file says up, the link is down"]),
    ("c", "ip link set lo down", &["set c.lo up: the file says up, the link is down"]),
    (
        "a",
        "ip link set eth0 mtu 1300",
        &["set a.eth0 mtu 1500: the file says mtu 1500, the link has mtu 1300"],
    ),
    (
        "a",
        "ip link set eth0 address 02:00:00:00:00:99",
        &[
            "set a.eth0 address 02:00:00:00:00:0a: the file says address 02:00:00:00:00:0a, the link has address 02:00:00:00:00:99",
        ],
    ),
    (
        "lan",
        "ip link set dev a nomaster",
        &["set lan.a master lan: the file says master lan, the link has no master"],
    ),
    (
        "lan",
        "ip link set lan address 02:00:00:00:00:99",
        &[
            "set lan.lan address 02:00:00:00:00:10: the file says address 02:00:00:00:00:10, the link has address 02:00:00:00:00:99",
        ],
    ),
    (
        "dmz",
        "ip link set dmz type bridge ageing_time 100",
        &["set dmz.dmz stp_state 0 ageing_time 30000 forward_delay 200 hello_time 200 priority 32768: \
            the file says ageing_time 30000, the bridge has ageing_time 100"],
    ),
];

/// Interfaces that go.
const GONE: [Drift; 5] = [
    (
        "lan",
        "ip link delete lan",
        &[
            "add bridge lan.lan: not there yet",
            "set lan.a master lan: the file says master lan, the link has no master",
            "set lan.b master lan: the file says master lan, the link has no master",
            "set lan.gw master lan: the file says master lan, the link has no master",
        ],
    ),
    (
        "c",
        "ip link delete eth0",
        &[
            "add cable dmz.c -- c.eth0: not there yet",
            "add address 10.1.0.2/24 to c.eth0: not there yet",
            "add route default via 10.1.0.1 dev eth0 on c: not there yet",
            "add neighbour 10.1.0.1 lladdr 02:00:00:00:00:11 dev eth0 on c: not there yet",
        ],
    ),
    (
        "dmz",
        "ip link delete gw",
        &[
            "add cable dmz.gw -- gw.dmz0: not there yet",
            "add address 10.1.0.1/24 to gw.dmz0: not there yet",
            "add neighbour 10.1.0.2 lladdr 02:00:00:00:00:0c dev dmz0 on gw: not there yet",
        ],
    ),
    (
        "c",
        "ip link set eth0 down && ip link set eth0 name wan",
        &[
            "delete link dmz.c: the file cables it to c.eth0, it is cabled to c.wan",
            "add cable dmz.c -- c.eth0: not there yet",
            "add address 10.1.0.2/24 to c.eth0: not there yet",
            "add route default via 10.1.0.1 dev eth0 on c: not there yet",
            "add neighbour 10.1.0.1 lladdr 02:00:00:00:00:11 dev eth0 on c: not there yet",
        ],
    ),
    (
        "dmz",
        "ip link set dmz name yard && ip link set yard up",
        &[
            "delete link dmz.yard: no longer in the file",
            "add bridge dmz.dmz: not there yet",
            "set dmz.c master dmz: the file says master dmz, the link has no master",
            "set dmz.gw master dmz: the file says master dmz, the link has no master",
        ],
    ),
];

/// Settings and files.
const FILES: [Drift; 4] = [
    (
        "a",
        "sysctl -q -w net.ipv4.ip_default_ttl=5",
        &["set net.ipv4.ip_default_ttl = 99 on a: the file says 99, the node has 5"],
    ),
    (
        "gw",
        "sysctl -q -w net.ipv4.ip_forward=0",
        &["set net.ipv4.ip_forward = 1 on gw: the file says 1, the node has 0"],
    ),
    (
        "b",
        "text=$(sed '/^# netyard: begin/,/^# netyard: end/d' /etc/hosts); echo \"$text\" >/etc/hosts",
        &["write the names into the hosts file of b: not there yet"],
    ),
    (
        "b",
        "sed -i s/10.0.0.2/10.0.0.22/ /etc/netns/b/hosts",
        &["write the names into the hosts file of b: the names have changed"],
    ),
];

/// What `plan` says, line by line, with the summary counted.
fn plan(yard: &Netyard, line: &str) -> Vec<String> {
    let answer = yard.json(line);
    assert_eq!(answer["conflicts"].as_array().unwrap().len(), 0, "{answer}");
    let steps = answer["steps"].as_array().unwrap();
    assert_eq!(answer["changes"], !steps.is_empty());
    steps
        .iter()
        .map(|step| format!("{}: {}", step["what"].as_str().unwrap(), step["why"].as_str().unwrap()))
        .collect()
}

/// Makes each of the changes, one after the other, each in a lab that is as the file says.
fn check(drifts: &[Drift]) {
    if !has_programs(&["ip", "bridge", "sysctl"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.state();
    for (node, typed, expected) in drifts {
        yard.sh(node, typed).expect_code(0);
        assert_eq!(plan(&yard, "plan --json"), *expected, "after `{typed}` on {node}");
        // What is Netyard's is mended, whoever else is to go.
        assert_eq!(plan(&yard, "plan --json --strict"), *expected, "after `{typed}` on {node}");
        yard.ok("up");
        assert_same(&yard.state(), &before, &format!("`{typed}` on {node} is not mended"));
        assert_eq!(plan(&yard, "plan --json --strict"), [""; 0], "after `{typed}` on {node}");
    }
    yard.assert_reaches("a", ["b", "c", "gw", "fd00::3"]);
}

#[test]
fn routes_addresses_and_neighbours() {
    check(&ADDRESSING);
}

#[test]
fn links_that_were_changed() {
    check(&LINKS);
}

#[test]
fn links_that_went() {
    check(&GONE);
}

#[test]
fn settings_and_files() {
    check(&FILES);
}

#[test]
fn a_namespace_that_went() {
    if !has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.state();
    yard.run("enter -- ip netns delete c").expect_code(0);
    let is_cut = || yard.sh("dmz", "ip link show dev c").code != Some(0);
    wait_until("the kernel has taken the namespace apart", is_cut);
    let expected = [
        "add host c: not there yet",
        "set net.ipv6.conf.all.addr_gen_mode = 1 on c: not there yet",
        "set net.ipv6.conf.default.accept_dad = 0 on c: not there yet",
        "add cable dmz.c -- c.eth0: not there yet",
        "add address 10.1.0.2/24 to c.eth0: not there yet",
        "add route default via 10.1.0.1 dev eth0 on c: not there yet",
        "add neighbour 10.1.0.1 lladdr 02:00:00:00:00:11 dev eth0 on c: not there yet",
        "write the names into the hosts file of c: not there yet",
    ];
    assert_eq!(plan(&yard, "plan --json"), expected);
    yard.ok("up");
    assert_same(&yard.state(), &before, "it is not mended");
}

/// Ends the process of the lab that has this name.
fn end(yard: &Netyard, name: &str) {
    let [holder] = yard.holders().into_iter().collect::<Vec<_>>()[..] else {
        panic!("one lab has one holder")
    };
    let found = wait_for("the process is there", || {
        Traces::of(holder).processes().into_iter().find(|(_, found)| found == name)
    });
    let pid = Pid::from_raw(found.0.try_into().unwrap());
    kill(pid, Signal::SIGKILL).unwrap();
}

/// Without a keeper nothing is served, and that is what `plan` says.
#[test]
fn a_keeper_that_was_killed() {
    let Some(yard) = Netyard::with_lab(&FILE.replace("[names]\nby = \"hosts\"\n", "")) else { return };
    let before = yard.state();
    let lost = ["serve the names of drift.test: not there yet"];
    for _ in 0..3 {
        end(&yard, "netyard-keeper");
        wait_until("`plan` says so", || plan(&yard, "plan --json") == lost);
        let said = yard.ok("up");
        assert!(said.contains("1 name server added"), "{said}");
        assert_eq!(plan(&yard, "plan --json --strict"), [""; 0]);
        assert!(yard.ok("up").contains("nothing to do"));
        assert_same(&yard.state(), &before, "something else has changed");
        yard.assert_reaches("a", ["b", "c"]);
    }
}

/// A name server that ends is started again by the keeper: there is nothing to do.
#[test]
fn a_name_server_that_was_killed() {
    let Some(yard) = Netyard::with_lab(&FILE.replace("[names]\nby = \"hosts\"\n", "")) else { return };
    end(&yard, "netyard-names");
    wait_until("names are served again", || yard.run("ping a b -c 1").code == Some(0));
    assert_eq!(plan(&yard, "plan --json --strict"), [""; 0]);
    assert!(yard.ok("up").contains("nothing to do"));
}

/// What a person adds, each with what `plan --strict` says of it.
const ADDED: [Drift; 9] = [
    (
        "a",
        "ip address add 10.9.0.1/24 dev eth0; ip address add fd99::1/64 dev eth0; ip address add 127.0.0.2/8 dev lo",
        &[
            "delete address fd99::1/64 from a.eth0: added by hand, not in the file",
            "delete address 10.9.0.1/24 from a.eth0: added by hand, not in the file",
            "delete address 127.0.0.2/8 from a.lo: added by hand, not in the file",
        ],
    ),
    (
        "b",
        "ip route add 10.12.0.0/16 via 10.0.0.1 proto bird; ip route add 10.13.0.0/16 dev eth0 table 77; \
         ip route add throw 10.15.0.0/16; ip route add blackhole fd66::/16; ip route add 10.16.0.0/16 via 10.0.0.1 metric 9",
        &[
            "delete route 10.12.0.0/16 via 10.0.0.1 dev eth0 on b: added by a program (protocol 12), not in the file",
            "delete route 10.13.0.0/16 dev eth0 table 77 on b: added by hand, not in the file",
            "delete route throw 10.15.0.0/16 on b: added by hand, not in the file",
            "delete route 10.16.0.0/16 via 10.0.0.1 dev eth0 metric 9 on b: added by hand, not in the file",
            "delete route blackhole fd66::/16 on b: added by hand, not in the file",
        ],
    ),
    (
        "a",
        "ip route add local 10.14.0.0/16 dev lo",
        &[
            "delete route local 10.14.0.0/16 table 255 on a: added by hand, not in the file; cannot be put back",
        ],
    ),
    (
        "b",
        "ip neighbour add 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0 nud permanent",
        &[
            "delete neighbour 10.0.0.77 lladdr 02:00:00:00:00:77 dev eth0 on b: added by hand, not in the file",
        ],
    ),
    (
        "lan",
        "bridge fdb add 02:00:00:00:00:88 dev a master static; bridge fdb add 02:00:00:00:00:89 dev b master permanent; \
         bridge fdb add 02:00:00:00:00:90 dev lan self permanent",
        &[
            "delete forwarding entry 02:00:00:00:00:88 dev a master on lan: added by hand, not in the file",
            "delete forwarding entry 02:00:00:00:00:89 dev b master on lan: added by hand, not in the file",
            "delete forwarding entry 02:00:00:00:00:90 dev lan self on lan: added by hand, not in the file",
        ],
    ),
    (
        "a",
        "ip link add mine0 type veth peer name mine1; ip address add 10.9.0.1/24 dev mine0; ip link set mine0 up; \
         ip link set mine1 up; ip route add 10.10.0.0/16 via 10.9.0.2",
        &["delete link a.mine0: added by hand, not in the file"],
    ),
    (
        "b",
        "ip link add to-c type veth peer name to-b netns c",
        &["delete link b.to-c: added by hand, not in the file"],
    ),
    ("dmz", "ip link add br9 type bridge", &["delete link dmz.br9: added by hand, not in the file"]),
    (
        "b",
        "ip link add link eth0 name mac5 type macvlan && ip link set mac5 up",
        &["discard link b.mac5: added by hand, not in the file; cannot be put back"],
    ),
];

/// `up` keeps all that was added, `up --strict` removes all of it, in one go.
#[test]
fn what_was_added_goes_where_it_is_to_go() {
    if !has_programs(&["ip", "bridge"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.state();
    for (node, typed, expected) in ADDED {
        let inside = format!("ip netns exec {node} sh -c '{typed}'");
        let outcome = yard.run_args(["enter", "--", "sh", "-c", &inside]);
        if outcome.stderr.contains("Unknown device type") {
            eprintln!("skipped: this kernel has no {typed}");
            continue;
        }
        outcome.expect_code(0);
        assert_eq!(plan(&yard, "plan --json"), [""; 0], "after `{typed}` on {node}");
        assert_eq!(plan(&yard, "plan --json --strict"), expected, "after `{typed}` on {node}");
        let added = yard.state();
        assert!(yard.ok("up").contains("nothing to do"));
        assert_same(&yard.state(), &added, "something was touched");
        yard.run("plan --strict --check").expect_code(3);
        yard.ok("up --strict");
        assert_same(&yard.state(), &before, &format!("{typed} on {node} is still there"));
        yard.run("plan --strict --check").expect_code(0);
    }
    assert!(yard.ok("up --strict").contains("nothing to do"));
    yard.assert_reaches("a", ["b", "c", "gw", "fd00::3"]);
}

/// A person's namespaces go, with what leads there. What runs in one of them goes on, and no longer reaches the lab.
#[test]
fn namespaces_that_were_added_go() {
    if !has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.state();
    let script = "set -e
        ip netns add mine
        ip netns add other
        ip netns add Not_a_node
        ip -n mine link add to-a type veth peer name from-mine netns a
        ip -n a link set from-mine up
        ip -n mine link set to-a up
        ip -n mine address add 10.9.0.1/24 dev to-a
        ip -n a address add 10.9.0.2/24 dev from-mine";
    yard.run_args(["enter", "--", "sh", "-c", script]).expect_code(0);
    let mut inside = yard.command([
        "enter",
        "--",
        "ip",
        "netns",
        "exec",
        "mine",
        "sh",
        "-c",
        "read line; cat /proc/net/dev",
    ]);
    let inside = inside.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let named = || yard.run("enter -- ip netns").expect_code(0).stdout;
    let is_inside = || yard.run("enter -- ip netns pids mine").expect_code(0).stdout.lines().count() >= 1;
    wait_until("something runs in the namespace", is_inside);
    let expected = ["mine", "other", "Not_a_node"]
        .map(|name| format!("discard namespace {name}: added by hand, not in the file; cannot be put back"));
    assert_eq!(plan(&yard, "plan --json --strict"), expected);
    assert!(yard.ok("up").contains("nothing to do"));
    assert!(named().contains("mine"));
    assert!(yard.ok("up --strict").contains("3 nodes removed"));
    let left = named();
    assert!(["mine", "other", "Not_a_node"].iter().all(|name| !left.contains(name)), "{left}");
    assert_same(&yard.state(), &before, "something of it is left");
    // It still runs, and its cable is gone.
    let output = inside.wait_with_output().unwrap();
    let devices = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && devices.contains("lo:") && !devices.contains("to-a"), "{devices}");
}

/// What a person put in the place of what the file has is told, and replaced only if that is asked for.
#[test]
fn what_is_in_the_way_is_replaced_where_it_is_asked_for() {
    if !has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(&FILE.replace("[names]\nby = \"hosts\"\n", "")) else { return };
    let before = yard.state();
    for (node, typed, complaint) in [
        (
            "a",
            "ip link delete eth0; ip link add eth0 type bridge",
            "a.eth0 is a bridge that netyard did not make",
        ),
        ("b", "ip route replace default via 10.0.0.2", "b has the route default via 10.0.0.2 dev eth0"),
        (
            "b",
            "ip address delete fd00::3/64 dev eth0; ip address add fd00::3/80 dev eth0",
            "b.eth0 has fd00::3/80, which netyard did not add",
        ),
        ("c", "echo nameserver 10.0.0.9 >/etc/resolv.conf", "c has a resolv.conf that netyard did not write"),
    ] {
        yard.sh(node, typed).expect_code(0);
        assert!(yard.ok("plan").contains(&format!("in the way: {complaint}")));
        let refused = yard.run("up").expect_code(1).expect_complaint(complaint);
        assert!(refused.stderr.contains("--strict"), "{refused}");
        yard.ok("up --strict");
        assert_same(&yard.state(), &before, typed);
    }
    // A namespace in the place of a node that is new.
    yard.run("enter -- ip netns add z").expect_code(0);
    yard.write(
        "netyard.toml",
        format!("{FILE}[host.z]\non = \"lan\"\n").replace("[names]\nby = \"hosts\"\n", ""),
    );
    yard.run("up").expect_code(1).expect_complaint("there is a namespace z that netyard did not make");
    yard.ok("up --strict");
    yard.assert_reaches("z", ["a", "c"]);
}

/// A step fails after others have removed what a person made: what can be put back is, and what cannot is not gone yet.
#[test]
fn a_strict_up_that_fails_gives_all_back() {
    if !has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let script = "ip address add 10.9.0.1/24 dev eth0; ip route add 10.10.0.0/16 via 10.9.0.2; \
        ip link add mine0 type veth peer name mine1; ip link set mine0 up; ip address add 10.8.0.1/24 dev mine0; \
        ip link add link eth0 name mac5 type macvlan 2>/dev/null || true";
    yard.sh("a", script).expect_code(0);
    yard.run("enter -- ip netns add mine").expect_code(0);
    // The kernel chooses an Ethernet address for its link-local ones anew.
    let lasting = |state: String| {
        let lines = state
            .lines()
            .filter(|line| !line.contains("fe80") && !line.contains("\"oper\""))
            .map(String::from);
        lines.collect::<Vec<_>>().join("\n")
    };
    let before = lasting(yard.state());
    let refused = "[host.z]\non = \"lan\"\nsysctl = { \"net.ipv4.ip_default_ttl\" = 4711 }\n";
    yard.write("netyard.toml", format!("{FILE}{refused}"));
    yard.run("up --strict").expect_code(1).expect_complaint("all is as it was");
    assert_same(&lasting(yard.state()), &before, "not all is back");
    assert!(yard.run("enter -- ip netns").stdout.contains("mine"));
    let links = yard.sh("a", "ip -o link show group 28281").expect_code(0).stdout;
    assert!(!links.contains("mine"), "a person's link is marked as netyard's: {links}");
    yard.write("netyard.toml", FILE);
    yard.ok("up --strict");
    yard.run("plan --strict --check").expect_code(0);
}

/// What `plan --strict --script` prints does the same.
#[test]
fn the_script_of_a_strict_plan() {
    if !has_programs(&["ip", "bridge", "sysctl"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.state();
    for (node, typed, _) in ADDED {
        let inside = format!("ip netns exec {node} sh -c '{typed}'");
        yard.run_args(["enter", "--", "sh", "-c", &inside]);
    }
    yard.run("enter -- ip netns add mine").expect_code(0);
    yard.write("strict.sh", yard.ok("plan --strict --script"));
    yard.run_args(["enter", "--", "sh", "strict.sh"]).expect_code(0);
    assert_same(&yard.state(), &before, "the script leaves something");
    yard.run("plan --strict --check").expect_code(0);
}
