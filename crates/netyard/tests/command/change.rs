//! The running network follows the file: each kind of change, one at a time.
//!
//! After a change the lab is the same as one that is made from the changed file at once, and hosts that the change does not
//! concern have lost no packet meanwhile.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Netyard, assert_same};

const FILE: &str = r#"
name = "change"

[switch.lan]
subnet = "10.0.0.0/24"

[switch.dmz]
subnet = ["10.1.0.0/24", "fd00:1::/64"]

[router.gw]
ports.lan0 = { on = "lan", address = "10.0.0.1" }
ports.dmz0 = { on = "dmz", address = ["10.1.0.1", "fd00:1::1"] }

[host.u]
on = "lan"
address = "10.0.0.101"

[host.v]
on = "dmz"
address = ["10.1.0.101", "fd00:1::101"]

[host.a]
on = "lan"
address = "10.0.0.11"

[host.b]
on = "lan"
address = "10.0.0.12"

[host.c]
on = "dmz"
address = ["10.1.0.13", "fd00:1::13"]

[host.web]
count = 2
on = "dmz"
"#;

/// A change of [`FILE`].
struct Change {
    /// What is written in place of what.
    edits: &'static [(&'static str, &'static str)],
    /// What `plan` says of it.
    plan: &'static [&'static str],
    /// Who reaches whom afterwards.
    reach: &'static [(&'static str, &'static [&'static str])],
    /// Two hosts that the change does not concern.
    untouched: (&'static str, &'static str),
}

const PLAIN: Change = Change {
    edits: &[],
    plan: &[],
    reach: &[("a", &["b", "c", "u", "v", "web1", "web2"]), ("c", &["a", "b", "fd00:1::101"])],
    untouched: ("u", "v"),
};

impl Change {
    fn apply(&self) -> String {
        self.edits.iter().fold(FILE.to_owned(), |text, (from, to)| {
            assert!(text.contains(from), "the file has no {from}");
            text.replacen(from, to, 1)
        })
    }

    /// Makes the change in a running lab, and takes it back.
    fn check(&self) {
        let Some(yard) = Netyard::with_lab(FILE) else { return };
        let first = yard.state();
        self.assert_reaches(&yard, &PLAIN);
        yard.write("netyard.toml", self.apply());
        let plan = yard.run("plan --check").expect_code(3).stdout;
        for line in self.plan {
            assert!(plan.contains(line), "`plan` does not say `{line}`:\n{plan}");
        }
        self.up_without_loss(&yard);
        yard.run("plan --check").expect_code(0);
        self.assert_reaches(&yard, self);
        let fresh = Netyard::with_lab(&self.apply()).expect("the first lab could be made too");
        assert_same(&yard.state(), &fresh.state(), "a lab made of this file at once is another");
        // And back.
        yard.write("netyard.toml", FILE);
        self.up_without_loss(&yard);
        assert!(yard.ok("up").contains("nothing to do"));
        assert_same(&yard.state(), &first, "the way back leads elsewhere");
        self.assert_reaches(&yard, &PLAIN);
    }

    fn assert_reaches(&self, yard: &Netyard, what: &Self) {
        for (from, to) in what.reach {
            yard.assert_reaches(from, *to);
        }
    }

    fn up_without_loss(&self, yard: &Netyard) {
        let stream = Stream::start(yard, self.untouched.0, self.untouched.1);
        let said = yard.ok("up");
        assert!(said.contains("is up in"), "{said}");
        let lines = stream.stop();
        for (number, line) in lines.iter().enumerate() {
            assert!(
                line.contains(&format!("seq={} 64 bytes", number + 1)),
                "lost during the change: {lines:#?}"
            );
        }
    }
}

/// A ping that goes on until it is told to end.
struct Stream {
    child: Child,
    output: BufReader<ChildStdout>,
    first: String,
}

impl Stream {
    fn start(yard: &Netyard, from: &str, to: &str) -> Self {
        let mut child = yard
            .command(["ping", from, to, "-i", "0.01", "-c", "60000"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        output.read_line(&mut first).unwrap();
        Self { child, output, first }
    }

    /// The answers, line by line.
    fn stop(mut self) -> Vec<String> {
        // A few more, to see the time just after the change too.
        let mut text = self.first;
        for _ in 0..20 {
            self.output.read_line(&mut text).unwrap();
        }
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT).unwrap();
        self.output.read_to_string(&mut text).unwrap();
        assert!(self.child.wait().unwrap().success(), "{text}");
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let sums = lines.pop().unwrap();
        assert!(sums.contains(" sent, "), "{sums}");
        lines
    }
}

macro_rules! changes {
    ($($name:ident: $($field:ident = $value:expr),*;)*) => {
        $(#[test]
        #[allow(clippy::needless_update, reason = "some changes say all there is to say")]
        fn $name() {
            Change { $($field: $value,)* ..PLAIN }.check();
        })*
    };
}

changes! {
    an_address:
        edits = &[("\"10.0.0.11\"", "\"10.0.0.77\"")],
        plan = &["add address 10.0.0.77/24 to a.eth0", "delete address 10.0.0.11/24 from a.eth0", "moves: a.eth0 goes from 10.0.0.11/24 to 10.0.0.77/24"],
        reach = &[("u", &["a", "10.0.0.77"]), ("c", &["a"]), ("a", &["c"])];
    an_ipv6_address:
        edits = &[("fd00:1::13", "fd00:1::77")],
        plan = &["add address fd00:1::77/64 to c.eth0", "delete address fd00:1::13/64 from c.eth0"],
        reach = &[("v", &["fd00:1::77"]), ("gw", &["fd00:1::77", "c"])];
    a_second_address:
        edits = &[("address = \"10.0.0.11\"", "address = [\"10.0.0.11\", \"10.0.0.78\"]")],
        plan = &["add address 10.0.0.78/24 to a.eth0"],
        reach = &[("u", &["10.0.0.11", "10.0.0.78"]), ("v", &["10.0.0.78"])];
    the_subnet:
        edits = &[("10.0.0.0/24", "10.0.0.0/20")],
        plan = &["address 10.0.0.11/20 to a.eth0"],
        untouched = ("c", "v");
    a_second_family:
        edits = &[("subnet = \"10.0.0.0/24\"", "subnet = [\"10.0.0.0/24\", \"fd00::/64\"]"),
            ("address = \"10.0.0.1\"", "address = [\"10.0.0.1\", \"fd00::1\"]"),
            ("address = \"10.0.0.11\"", "address = [\"10.0.0.11\", \"fd00::11\"]")],
        plan = &["add address fd00::11/64 to a.eth0", "route default via fd00::1"],
        reach = &[("a", &["fd00:1::13", "fd00::1", "c"]), ("c", &["fd00::11"])];
    the_mtu_of_a_host:
        edits = &[("address = \"10.0.0.11\"", "address = \"10.0.0.11\"\nmtu = 1400")],
        plan = &["set a.eth0 mtu 1400"];
    the_mtu_of_a_switch:
        edits = &[("[switch.lan]", "[switch.lan]\nmtu = 9000")],
        plan = &["set a.eth0 mtu 9000", "set gw.lan0 mtu 9000"];
    the_mac_of_a_host:
        edits = &[("address = \"10.0.0.11\"", "address = \"10.0.0.11\"\nmac = \"02:00:00:00:00:0a\"")],
        plan = &["set a.eth0 address 02:00:00:00:00:0a"],
        reach = &[("u", &["a"]), ("b", &["a"]), ("c", &["a"]), ("a", &["b", "c"])];
    the_mac_of_a_switch:
        edits = &[("[switch.lan]", "[switch.lan]\nmac = \"02:00:00:00:00:0b\"")],
        plan = &["set lan.lan address 02:00:00:00:00:0b"];
    a_new_host:
        edits = &[("[host.web]", "[host.new]\non = \"lan\"\n\n[host.web]")],
        plan = &["add host new", "add cable lan.new -- new.eth0"],
        reach = &[("a", &["new", "c"]), ("new", &["a", "c", "web2"]), ("v", &["new"])];
    a_host_gone:
        edits = &[("[host.b]\non = \"lan\"\naddress = \"10.0.0.12\"", "")],
        plan = &["delete node b"],
        reach = &[("a", &["c", "u", "web1"])];
    a_host_on_another_switch:
        edits = &[("on = \"lan\"\naddress = \"10.0.0.11\"", "on = \"dmz\"\naddress = [\"10.1.0.11\", \"fd00:1::11\"]")],
        plan = &["delete link a.eth0 ", "add cable dmz.a -- a.eth0"],
        reach = &[("u", &["a"]), ("v", &["a", "fd00:1::11"]), ("a", &["b", "c", "fd00:1::101"])];
    a_host_with_another_name:
        edits = &[("[host.b]", "[host.bb]")],
        plan = &["delete node b", "add host bb"],
        reach = &[("a", &["bb", "10.0.0.12"]), ("bb", &["a", "c"])];
    a_new_router:
        edits = &[("[host.u]", "[switch.far]\nsubnet = \"10.2.0.0/24\"\n\n[router.gw2]\nports.dmz1 = { on = \"dmz\", address = [\"10.1.0.200\", \"fd00:1::200\"] }\nports.far0 = { on = \"far\", address = \"10.2.0.1\" }\n\n[host.z]\non = \"far\"\n\n[host.u]"),
            ("\"fd00:1::101\"]", "\"fd00:1::101\"]\ngateway = \"gw\""),
            ("\"fd00:1::13\"]", "\"fd00:1::13\"]\ngateway = \"gw\""),
            ("count = 2", "count = 2\ngateway = \"gw\"")],
        plan = &["add router gw2", "add route 10.2.0.0/24 via 10.1.0.200 dev dmz0 on gw"],
        reach = &[("z", &["a", "c", "u", "v"]), ("a", &["z"]), ("c", &["z"])];
    the_router_gone:
        edits = &[("[router.gw]\nports.lan0 = { on = \"lan\", address = \"10.0.0.1\" }\nports.dmz0 = { on = \"dmz\", address = [\"10.1.0.1\", \"fd00:1::1\"] }", "")],
        plan = &["delete node gw", "delete route default via 10.0.0.1 dev eth0 on a"],
        reach = &[("a", &["b", "u"]), ("c", &["v", "web1"])],
        untouched = ("c", "v");
    a_route:
        edits = &[("address = \"10.0.0.11\"", "address = \"10.0.0.11\"\nroutes = [{ to = \"10.1.0.13/32\", via = \"10.0.0.1\", metric = 5 }, { to = \"10.66.0.0/16\", type = \"unreachable\" }]")],
        plan = &["add route 10.1.0.13/32 via 10.0.0.1 dev eth0 metric 5 on a", "add route unreachable 10.66.0.0/16 on a"];
    no_gateway:
        edits = &[("address = \"10.0.0.11\"", "address = \"10.0.0.11\"\ngateway = \"none\"")],
        plan = &["delete route default via 10.0.0.1 dev eth0 on a"],
        reach = &[("a", &["b", "u"])];
    another_gateway:
        edits = &[("address = \"10.0.0.11\"", "address = \"10.0.0.11\"\ngateway = \"10.0.0.12\"")],
        plan = &["replace route default via 10.0.0.12 dev eth0 on a"],
        reach = &[("a", &["b", "u"])];
    an_alias:
        edits = &[("address = \"10.0.0.12\"", "address = \"10.0.0.12\"\naliases = [\"db\", \"cache\"]")],
        plan = &["serve the names of change.test", "db: none -> CNAME b"],
        reach = &[("a", &["db", "cache"]), ("c", &["db"])];
    a_setting:
        edits = &[("address = \"10.0.0.11\"", "address = \"10.0.0.11\"\nsysctl = { \"net.ipv4.conf.all.rp_filter\" = 2, \"net.ipv4.ip_default_ttl\" = 99 }")],
        plan = &["net.ipv4.conf.all.rp_filter", "net.ipv4.ip_default_ttl"];
    a_setting_of_a_port:
        edits = &[("address = \"10.0.0.1\" }", "address = \"10.0.0.1\", sysctl = { \"ipv4.rp_filter\" = 2 } }")],
        plan = &["net.ipv4.conf.lan0.rp_filter"];
    a_spanning_tree:
        edits = &[("[switch.lan]", "[switch.lan]\nstp = true\npriority = 4096")],
        plan = &["set lan.lan ", "stp_state 1", "priority 4096"],
        untouched = ("c", "v");
    the_ageing_of_a_switch:
        edits = &[("[switch.lan]", "[switch.lan]\nageing = \"10s\"")],
        plan = &["set lan.lan ", "ageing_time 1000"];
    more_of_them:
        edits = &[("count = 2", "count = 5")],
        plan = &["add host web5"],
        reach = &[("a", &["web1", "web2", "web3", "web4", "web5"]), ("web5", &["u", "web1"])];
    fewer_of_them:
        edits = &[("count = 2", "count = 1")],
        plan = &["delete node web2"],
        reach = &[("a", &["web1", "c"])];
    a_cable:
        edits = &[("[host.u]", "[[cable]]\nbetween = [\"a.eth1\", \"b.eth1\"]\nsubnet = \"10.5.0.0/30\"\n\n[host.u]")],
        plan = &["add cable a.eth1 -- b.eth1"],
        reach = &[("a", &["10.5.0.2", "b", "c"])];
    names_by_nobody:
        edits = &[("[switch.lan]", "[names]\nby = \"none\"\n\n[switch.lan]")],
        plan = &["give a the resolver file of the lab", "serve no names"],
        reach = &[("a", &["10.0.0.12", "10.1.0.13"])],
        untouched = ("u", "10.1.0.101");
    names_by_hosts:
        edits = &[("[switch.lan]", "[names]\nby = \"hosts\"\n\n[switch.lan]")],
        plan = &["write the names into the hosts file of a", "serve no names"],
        reach = &[("a", &["b", "c"])],
        untouched = ("u", "10.1.0.101");
    names_by_a_router:
        edits = &[("[switch.lan]", "[names]\nserver = \"gw\"\n\n[switch.lan]")],
        plan = &["write the resolver file of a", "another server"],
        reach = &[("a", &["b", "c"]), ("c", &["a"])],
        untouched = ("u", "10.1.0.101");
    a_new_name_of_a_switch:
        edits = &[("[switch.lan]", "[switch.floor]"), ("on = \"lan\", address = \"10.0.0.1\"", "on = \"floor\", address = \"10.0.0.1\""),
            ("[host.u]\non = \"lan\"", "[host.u]\non = \"floor\""), ("[host.a]\non = \"lan\"", "[host.a]\non = \"floor\""),
            ("[host.b]\non = \"lan\"", "[host.b]\non = \"floor\"")],
        plan = &["delete node lan", "add switch floor"],
        untouched = ("c", "v");
}

#[test]
fn a_changed_comment_is_no_change() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    yard.write(
        "netyard.toml",
        FILE.replace("[host.a]", "[host.a]\ncomment = \"the boss\" # to be seen nowhere"),
    );
    yard.run("plan --check").expect_code(0);
    assert!(yard.ok("up").contains("nothing to do"));
}

#[test]
fn what_a_person_added_by_hand_stays() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !crate::support::has_programs(&["ip"]) {
        return;
    }
    for line in [
        "ip address add 10.77.0.1/24 dev eth0",
        "ip route add 10.88.0.0/16 via 10.0.0.12",
        "ip link add dangling type veth peer name other",
    ] {
        yard.sh("a", line).expect_code(0);
    }
    assert!(yard.ok("up").contains("nothing to do"));
    yard.change(&FILE.replace("10.0.0.11", "10.0.0.99"));
    let seen = yard.sh("a", "ip -o address; ip route; ip -o link").expect_code(0).stdout;
    for word in ["10.77.0.1/24", "10.88.0.0/16 via 10.0.0.12", "dangling", "10.0.0.99"] {
        assert!(seen.contains(word), "{word} is gone:\n{seen}");
    }
}

#[test]
fn what_a_person_broke_is_mended() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    if !crate::support::has_programs(&["ip"]) {
        return;
    }
    let before = yard.state();
    for (node, line) in [
        ("a", "ip link delete eth0"),
        ("b", "ip address flush dev eth0"),
        ("c", "ip link set eth0 down"),
        ("gw", "ip route flush proto 121; sysctl -q -w net.ipv4.ip_forward=0"),
        ("dmz", "ip link set c nomaster"),
        ("lan", "ip link set lan down"),
        ("web1", "ip link set eth0 mtu 1300 address 02:00:00:00:00:99"),
    ] {
        yard.sh(node, line).expect_code(0);
    }
    yard.run("plan --check").expect_code(3);
    yard.ok("up");
    assert_same(&before, &yard.state(), "it is not mended");
    yard.assert_reaches("a", ["b", "c", "u", "v", "web1"]);
}
