//! What the commands print about a lab that runs.

use serde_json::Value;

use crate::support::{Netyard, Outcome, assert_page};

/// Two networks, both families on one of them, and something of everything that tables show.
const SMALL: &str = r#"
name = "small"

[switch.lan]
subnet = ["10.0.0.0/24", "fd00::/64"]
mac = "02:00:00:00:00:aa"

[switch.attic]
subnet = "10.1.0.0/24"
neighbours = "static"

[router.gw]
on = ["lan", "attic"]

[host.a]
on = "lan"
mtu = 1400

[host.b]
on = "attic"
aliases = ["db"]
routes = [{ to = "10.9.0.0/16", type = "blackhole" }, { to = "10.8.0.0/16", via = "gw", metric = 7 }]
"#;

/// Each line that is typed has a page in `tests/snapshots` of what comes of it while the lab [`SMALL`] runs.
macro_rules! pages {
    ($($name:ident: $line:literal;)*) => {
        $(#[test]
        fn $name() {
            let Some(yard) = Netyard::with_lab(SMALL) else { return };
            assert_page("snapshots", stringify!($name), &yard.run($line).to_string());
        })*
    };
}

pages! {
    up_again: "up";
    up_again_json: "up --json";
    plan_of_nothing: "plan";
    plan_of_nothing_check: "plan --check";
    plan_of_nothing_json: "plan --json";
    plan_of_nothing_script: "plan --script";
    show_nodes: "show nodes";
    show_nodes_json: "show nodes --json";
    show_links: "show links";
    show_links_json: "show links --json";
    show_addresses: "show addresses";
    show_addresses_json: "show addresses --json";
    show_routes: "show routes";
    show_routes_json: "show routes --json";
    show_names: "show names";
    show_names_json: "show names --json";
    show_one_node: "show addresses gw";
    show_two_nodes: "show nodes b a";
    show_unknown_node: "show links gv";
    show_nothing_like_it: "show links elephant";
    exec_unknown_node: "exec gv -- true";
    exec_unknown_command: "exec a -- no-such-program";
    exec_not_executable: "exec a -- /etc/hosts";
    ping_by_name: "ping a db -c 2";
    ping_by_address: "ping a fd00::1 -c 1";
    ping_several: "ping a gw b 10.1.0.1 -c 1";
    ping_link_local_without_zone: "ping a fe80::1 -c 1 -W 0.2";
    ping_unknown_name: "ping a dv";
    ping_unknown_from: "ping aa b";
    ping_blackhole: "ping b 10.9.0.1 -c 1 -W 0.2";
    ping_without_route: "ping gw 172.16.0.1 -c 1 -W 0.2";
    ping_other_family: "ping a b -6 -c 1";
    ping_nobody_there: "ping b 10.1.0.77 -c 1 -W 0.2";
    graph_text: "graph";
    graph_dot: "graph --format dot";
    graph_mermaid: "graph --format mermaid";
    graph_json: "graph --format json";
    down: "down";
}

#[test]
fn up_says_what_it_did() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", SMALL);
    assert_page("snapshots", "up", &yard.run("up").to_string());
    assert_page("snapshots", "down_named", &yard.run("down small").to_string());
}

#[test]
fn up_says_what_it_did_to_programs() {
    let Some(yard) = Netyard::new() else { return };
    yard.write(
        "netyard.toml",
        "name = \"pair\"\nhost.a = {}\nhost.b = {}\ncable = [{ between = [\"a\", \"b\"] }]\n",
    );
    let mut answer = yard.json("up --json");
    let seconds = answer["seconds"].take();
    assert!(seconds.as_f64().is_some_and(|seconds| seconds < 20.0), "{seconds}");
    assert_page("snapshots", "up_json", &format!("{answer:#}"));
}

#[test]
fn plan_of_a_change() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    // A host in front of the others moves them.
    let changed = SMALL
        .replace("[host.a]", "[host.first]\non = \"lan\"\n\n[host.a]")
        .replace("mtu = 1400", "mtu = 1300");
    yard.write("netyard.toml", changed);
    assert_page("snapshots", "plan_of_a_change", &yard.run("plan").to_string());
    assert_page("snapshots", "plan_of_a_change_check", &yard.run("plan --check").to_string());
    assert_page("snapshots", "plan_of_a_change_script", &yard.run("plan --script").to_string());
    assert_page("snapshots", "plan_of_a_change_json", &yard.run("plan --json").to_string());
    assert_page("snapshots", "up_of_a_change", &yard.run("up").to_string());
}

#[test]
fn a_graph_of_a_file_needs_no_lab() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    for format in ["text", "dot", "mermaid", "json"] {
        let of_kernel = yard.ok(&format!("graph --format {format}"));
        let of_file = yard.ok(&format!("graph netyard.toml --format {format}"));
        assert_eq!(of_kernel, of_file, "{format}");
    }
    yard.ok("down");
    assert_page("snapshots", "graph_of_a_file", &yard.run("graph netyard.toml").to_string());
}

#[test]
fn running_labs_are_listed() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    let answer = yard.json("ls --json");
    let lab = &answer["labs"][0];
    assert_eq!(lab["name"], "small");
    assert_eq!(
        lab["file"],
        Value::from(
            yard.folder()
                .join("netyard.toml")
                .to_str()
                .unwrap()
                .replace(yard.folder().parent().unwrap().to_str().unwrap(), "[place]",)
        )
    );
    let pid = lab["holder_pid"].as_i64().unwrap();
    assert!(crate::support::is_holder(pid));
    let table = yard.ok("ls");
    let words: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(words[0], "small");
    assert_eq!(words[2..], ["s", &pid.to_string(), "[place]/work/netyard.toml"]);
}

/// What the kernel learned by itself comes and goes; what was written stays.
fn only_permanent(outcome: &Outcome) -> String {
    let is_kept = |line: &&str| line.starts_with("NODE") || line.ends_with("permanent");
    outcome
        .stdout
        .lines()
        .filter(is_kept)
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join("  ") + "\n")
        .collect()
}

#[test]
fn neighbours_are_shown() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    assert_page("snapshots", "show_neighbours", &only_permanent(&yard.run("show neighbours")));
    yard.assert_reaches("a", ["gw"]);
    let rows = yard.json("show neighbours a --json");
    assert_eq!(rows["schema_version"], 1);
    let rows = rows["neighbours"].as_array().unwrap();
    let gateway = rows.iter().find(|row| row["addr"] == "10.0.0.1").expect("a has asked for its gateway");
    assert_eq!(
        (&gateway["node"], &gateway["dev"], &gateway["origin"]),
        (&"a".into(), &"eth0".into(), &"kernel".into())
    );
}

#[test]
fn forwarding_tables_are_shown() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    yard.assert_reaches("a", ["gw"]);
    let links = yard.json("show links --json");
    let links = links["links"].as_array().unwrap();
    let a = links.iter().find(|link| link["node"] == "a" && link["link"] == "eth0").unwrap();
    let table = yard.json("show fdb lan --json");
    let rows = table["fdb"].as_array().unwrap();
    let learned = rows.iter().find(|row| row["mac"] == a["mac"]).expect("the switch has seen a");
    assert_eq!(
        (&learned["bridge"], &learned["dev"], &learned["state"]),
        (&"lan".into(), &"a".into(), &"learned".into())
    );
    let text = yard.ok("show fdb lan");
    let line = text.lines().find(|line| line.contains(a["mac"].as_str().unwrap())).unwrap();
    assert_eq!(line.split_whitespace().collect::<Vec<_>>()[2..], ["a", "a.eth0", "learned"]);
}

#[test]
fn ping_answers_programs() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    let outcome = yard.run("ping a b 10.0.0.77 -c 1 -W 0.2 --json");
    assert_eq!(outcome.code, Some(1), "{outcome}");
    let mut answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let times = answer["targets"][0]["rtt_ns"].take();
    let [min, avg, max] = ["min", "avg", "max"].map(|name| times[name].as_u64().unwrap());
    assert!(0 < min && min <= avg && avg <= max && max < 10_000_000_000, "{times}");
    assert_page("snapshots", "ping_json", &format!("{answer:#}"));
}

#[test]
fn a_reader_that_goes_away_is_no_fault() {
    let Some(yard) = Netyard::with_lab(SMALL) else { return };
    let script = format!(
        "{{ {0} show links; echo $? >code; }} 2>errors | head -n 1; wait; cat code errors",
        crate::support::PROGRAM
    );
    for _ in 0..3 {
        let output = yard.program("sh", ["-c", &script]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("NODE"), "{text}");
        assert_eq!(lines[1..], ["0"], "{text}");
    }
    // Nobody reads from the beginning.
    let full =
        yard.program("sh", ["-c", &format!("{} show links >&-", crate::support::PROGRAM)]).output().unwrap();
    assert!(full.status.code().is_some_and(|code| code < 2), "{full:?}");
}
