//! An `up` that fails leaves the lab as it was: none if there was none.

use crate::support::{Netyard, assert_page, assert_same, end_holders, own_name};

const FILE: &str = r#"
name = "fails"

[switch.lan]
subnet = ["10.0.0.0/24", "fd00::/64"]

[host.a]
on = "lan"

[host.b]
on = "lan"

[host.web]
count = 3
on = "lan"
"#;

/// Further lines of the file that the kernel refuses, each with what the error has to name.
const REFUSED: [(&str, &str, &[&str]); 4] = [
    (
        "a_setting_out_of_range",
        "sysctl = { \"net.ipv4.ip_default_ttl\" = 4711 }",
        &["z", "net.ipv4.ip_default_ttl"],
    ),
    (
        "a_setting_of_words",
        "sysctl = { \"net.ipv4.ip_forward\" = \"perhaps\" }",
        &["z", "net.ipv4.ip_forward"],
    ),
    (
        "a_setting_that_is_not_there",
        "sysctl = { \"net.ipv4.no_such_setting\" = 1 }",
        &["z", "net.ipv4.no_such_setting"],
    ),
    (
        "a_setting_that_is_read_only",
        "sysctl = { \"net.ipv4.tcp_available_congestion_control\" = \"x\" }",
        &["z", "tcp_available_congestion_control"],
    ),
];

fn refused(line: &str) -> String {
    format!("{FILE}[host.z]\non = \"lan\"\n{line}\n").replace("count = 3", "count = 5")
}

#[test]
fn nothing_is_left_of_a_new_lab() {
    for (name, line, words) in REFUSED {
        let Some(yard) = Netyard::new() else { return };
        let lab = own_name("refused");
        yard.write("netyard.toml", refused(line).replace("\"fails\"", &format!("\"{lab}\"")));
        let outcome = yard.run("up").expect_code(1);
        end_holders(&lab);
        for word in words {
            assert!(outcome.stderr.contains(word), "the error does not name {word}: {outcome}");
        }
        assert_eq!(yard.ok("ls"), "no lab is running\n");
        assert!(std::fs::read_dir(yard.run_dir()).unwrap().next().is_none(), "a directory is left");
        assert_page("snapshots", &format!("up_fails_on_{name}"), &outcome.to_string());
        // The file mended, it comes up.
        yard.change(FILE);
    }
}

/// Not even a process that nobody knows of.
#[test]
fn no_holder_is_left_of_a_new_lab() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("unborn");
    yard.write("netyard.toml", refused(REFUSED[0].1).replace("\"fails\"", &format!("\"{name}\"")));
    yard.run("up").expect_code(1);
    let left = end_holders(&name);
    assert!(left.is_empty(), "{left:?} hold a lab that is nowhere written down");
}

#[test]
fn a_running_lab_stays_as_it_was() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let before = yard.state();
    for (name, line, _) in REFUSED {
        let text = refused(line).replace(
            "[host.b]\non = \"lan\"",
            "[host.b]\non = \"lan\"\nmtu = 1400\naddress = [\"10.0.0.77\", \"fd00::77\"]",
        );
        yard.write(
            "netyard.toml",
            text.replace("[host.a]", "[switch.new]\nsubnet = \"10.9.0.0/24\"\n\n[host.a]"),
        );
        let outcome = yard.run("up").expect_code(1);
        assert!(outcome.stderr.contains("all is as it was"), "{outcome}");
        assert_same(&yard.state(), &before, name);
        yard.assert_reaches("a", ["b", "web1", "web2", "web3", "fd00::2"]);
        yard.write("netyard.toml", FILE);
        yard.run("plan --check").expect_code(0);
    }
}

/// What a person made stands in the way: told, and nothing touched.
#[test]
fn things_of_others_are_not_overrun() {
    if !crate::support::has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    yard.sh("a", "ip link add eth1 type veth peer name other").expect_code(0);
    let before = yard.state();
    yard.write(
        "netyard.toml",
        format!("{FILE}[[cable]]\nbetween = [\"a.eth1\", \"b.eth1\"]\nsubnet = \"10.5.0.0/30\"\n"),
    );
    let outcome = yard.run("up").expect_code(1);
    assert_page("snapshots", "up_finds_something_in_the_way", &outcome.to_string());
    assert!(yard.ok("plan").contains("in the way"));
    assert_same(&yard.state(), &before, "something was touched");
}

/// A namespace that a person made under the name of a new host, as the script of `plan` does.
#[test]
fn namespaces_of_others_are_not_overrun() {
    if !crate::support::has_programs(&["ip", "sysctl"]) {
        return;
    }
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    yard.write("netyard.toml", format!("{FILE}[host.z]\non = \"lan\"\n"));
    yard.write("change.sh", yard.ok("plan --script"));
    yard.run_args(["enter", "--", "sh", "change.sh"]).expect_code(0);
    let before = yard.state();
    yard.run("up").expect_code(1).expect_complaint("z");
    assert_same(&yard.state(), &before, "what a person made was touched");
    yard.sh("z", "cat /sys/class/net/eth0/operstate").expect_code(0);
}
