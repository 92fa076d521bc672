//! `plan --script` does by hand what `up` does: run in an empty sandbox, it leaves the kernel in the same state.

use serde_json::Value;

use crate::support::{Netyard, PROGRAM, assert_same, example, has_programs, settled_rows};

/// What is compared, table by table.
const TABLES: [&str; 4] = ["links", "addresses", "routes", "neighbours"];

/// Builds the file both ways and compares.
fn assert_script_does_the_same(file: &str) {
    if !has_programs(&["ip", "sysctl"]) {
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", file);
    yard.write("build.sh", yard.ok("plan --script"));
    let typed = look(&yard, &["enter", "--empty", "--", "sh", "-c"], &format!("sh build.sh && {}", survey()));
    yard.ok("up");
    assert_same_surveys(&typed, &survey_of(&yard));
}

fn survey_of(yard: &Netyard) -> Survey {
    look(yard, &["enter", "--", "sh", "-c"], &survey())
}

fn assert_same_surveys(typed: &Survey, built: &Survey) {
    assert_eq!(typed.keys, built.keys);
    for (key, (typed, built)) in typed.keys.iter().zip(typed.values.iter().zip(&built.values)) {
        assert_same(typed, built, &format!("{key} by the script differ from those by `up`"));
    }
}

/// Prints everything that is to be compared, each under a heading.
fn survey() -> String {
    let mut script = String::from("set -e\n");
    for table in TABLES {
        script.push_str(&format!("echo '== {table}'; {PROGRAM} show {table} --json\n"));
    }
    script.push_str(
        "for node in $(ls /run/netns); do
            echo \"== hosts $node\"; cat /etc/netns/$node/hosts; cat /etc/netns/$node/hostname
            echo \"== settings $node\"; ip netns exec $node sysctl -a 2>/dev/null | grep '^net'
        done\n",
    );
    script
}

/// What was printed, heading by heading.
struct Survey {
    keys: Vec<String>,
    values: Vec<String>,
}

fn look(yard: &Netyard, how: &[&str], script: &str) -> Survey {
    let outcome = yard.run_args(how.iter().copied().chain([script])).expect_code(0);
    let mut survey = Survey { keys: Vec::new(), values: Vec::new() };
    for part in outcome.stdout.split("== ").skip(1) {
        let (key, text) = part.split_once('\n').unwrap();
        let is_table = TABLES.contains(&key);
        survey.keys.push(key.to_owned());
        survey.values.push(if is_table { normalise(key, text) } else { text.to_owned() });
    }
    assert!(survey.keys.len() > TABLES.len(), "{outcome}");
    survey
}

/// A table without the marks of who made what, and without what the kernel does by itself.
fn normalise(table: &str, text: &str) -> String {
    let mut answer: Value = serde_json::from_str(text).unwrap();
    for row in answer[table].as_array_mut().unwrap() {
        // The script does not wait until links carry and the spanning tree has settled.
        for key in ["origin", "oper", "port_state"] {
            row.as_object_mut().unwrap().shift_remove(key);
        }
    }
    settled_rows(table, &answer).join("\n")
}

macro_rules! scripts {
    ($($name:ident: $file:expr;)*) => {
        $(#[test]
        fn $name() {
            assert_script_does_the_same(&$file);
        })*
    };
}

scripts! {
    the_demo: example("demo");
    a_smaller_office: example("office").replace("count = 100", "count = 3");
    a_ring_of_switches: r#"
        name = "ring"
        switch.s1 = { subnet = ["10.0.0.0/24", "fd00::/64"], stp = true, priority = 4096, ageing = "20s", mac = "02:00:00:00:00:01" }
        switch.s2 = { stp = true }
        switch.s3 = { stp = true }
        host.a = { on = "s1" }
        host.b = { on = "s2" }
        cable = [{ between = ["s1", "s2"] }, { between = ["s2", "s3"] }, { between = ["s3", "s1"] }]
    "#;
    two_ways: r#"
        name = "square"
        switch.east.subnet = ["10.1.0.0/24", "fd00:1::/64"]
        switch.west.subnet = ["10.2.0.0/24", "fd00:2::/64"]
        host.e = { on = "east" }
        host.w = { on = "west" }
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
    dead_ends: r#"
        name = "ends"
        switch.lan.subnet = ["10.0.0.0/24", "fd00::/64"]
        router.gw = { on = "lan" }
        [host.a]
        on = "lan"
        routes = [
            { to = "10.1.0.0/16", type = "blackhole" },
            { to = "10.2.0.0/16", type = "unreachable" },
            { to = "10.3.0.0/16", type = "prohibit", metric = 9 },
            { to = "10.4.0.0/16", dev = "eth0" },
            { to = "10.5.0.0/16", via = ["gw", "10.0.0.77"] },
            { to = "fd01::/64", type = "blackhole" },
            { to = "fd02::/64", type = "unreachable", metric = 7 },
            { to = "fd03::/64", via = "fd00::77" },
        ]
    "#;
    mtus_and_names: r#"
        name = "mixed"
        switch.lan = { subnet = "10.0.0.0/24", mtu = 9000, neighbours = "static" }
        [host.a]
        on = "lan"
        aliases = ["db", "cache"]
        mac = "02:00:00:00:00:0a"
        sysctl = { "net.ipv4.ip_default_ttl" = 99 }
        [host.dev]
        on = "lan"
        mtu = 1400
        address = ["10.0.0.9", "10.0.0.10/25"]
        [host.via]
        ports.type = { on = "lan", sysctl = { "ipv4.rp_filter" = 2 } }
    "#.replace("name = \"mixed\"", "name = \"mixed\"\nallow = [\"wrong-prefix\"]");
    no_names: example("demo").replace("name = \"demo\"", "name = \"demo\"\nnames.by = \"none\"");
    a_wide_area_network: example("geant");
}

/// The script of a change, typed into the running lab, does what `up` does.
#[test]
fn the_script_of_a_change() {
    if !has_programs(&["ip", "sysctl"]) {
        return;
    }
    let before = example("demo");
    let after = before
        .replace("count = 2", "count = 3\ngateway = \"none\"")
        .replace("aliases = [\"db\"]", "mtu = 1400\nsysctl = { \"net.ipv4.ip_default_ttl\" = 9 }")
        .replace("[host.a]\non = \"lan\"", "[host.a]\non = \"dmz\"");
    for (from, to) in [(&before, &after), (&after, &before)] {
        let Some(typed) = Netyard::with_lab(from) else { return };
        typed.write("netyard.toml", to);
        typed.write("change.sh", typed.ok("plan --script"));
        typed.run_args(["enter", "--", "sh", "change.sh"]).expect_code(0);
        let built = Netyard::with_lab(from).unwrap();
        built.change(to);
        assert_same_surveys(&survey_of(&typed), &survey_of(&built));
        typed.assert_reaches("b", ["gw", "192.168.1.1"]);
    }
}
