//! Files that are wrong: what is said about them, and that nothing is built.
//!
//! `tests/mistakes` has a file for every code, named after it, and beside each what `up` prints about it.

use std::collections::BTreeSet;
use std::fs;

use netyard_spec::Code;

use crate::support::{Netyard, assert_page, assert_same, repository};

fn mistake(name: &str) -> Vec<u8> {
    fs::read(repository("crates/netyard/tests/mistakes").join(name).with_extension("toml")).unwrap()
}

/// Each file has a page of what `up` says about it.
macro_rules! mistakes {
    ($($test:ident: $file:literal;)*) => {
        const FILES: &[&str] = &[$($file),*];

        $(#[test]
        fn $test() {
            let yard = Netyard::without_kernel();
            yard.write("netyard.toml", mistake($file));
            let outcome = yard.run("up").expect_code(1);
            assert!(outcome.stdout.is_empty(), "{outcome}");
            assert!(!yard.run_dir().exists(), "something was begun");
            assert_page("mistakes", $file, &outcome.to_string());
            // `plan` says the same.
            assert_eq!(yard.run("plan --check").expect_code(1).stderr, outcome.stderr);
        })*
    };
}

mistakes! {
    empty_file: "empty-file";
    not_text: "not-text";
    syntax: "syntax";
    unknown_key: "unknown-key";
    missing_key: "missing-key";
    conflicting_keys: "conflicting-keys";
    wrong_type: "wrong-type";
    invalid_value: "invalid-value";
    invalid_name: "invalid-name";
    invalid_interface_name: "invalid-interface-name";
    interface_name_too_long: "interface-name-too-long";
    invalid_address: "invalid-address";
    invalid_subnet: "invalid-subnet";
    invalid_mac: "invalid-mac";
    invalid_domain_name: "invalid-domain-name";
    invalid_sysctl: "invalid-sysctl";
    count_zero: "count-zero";
    not_allowable: "not-allowable";
    unknown_node: "unknown-node";
    unknown_port: "unknown-port";
    count_too_large: "count-too-large";
    wrong_kind: "wrong-kind";
    duplicate_name: "duplicate-name";
    duplicate_port: "duplicate-port";
    duplicate_address: "duplicate-address";
    duplicate_mac: "duplicate-mac";
    outside_subnet: "outside-subnet";
    wrong_prefix: "wrong-prefix";
    no_prefix_length: "no-prefix-length";
    network_address: "network-address";
    broadcast_address: "broadcast-address";
    overlapping_subnets: "overlapping-subnets";
    subnet_too_small: "subnet-too-small";
    ambiguous_gateway: "ambiguous-gateway";
    unreachable_gateway: "unreachable-gateway";
    duplicate_route: "duplicate-route";
    unconnected_port: "unconnected-port";
    self_cable: "self-cable";
    switch_loop: "switch-loop";
    too_many_ports: "too-many-ports";
    invalid_mtu: "invalid-mtu";
    unknown_name: "unknown-name";
    outside_domain: "outside-domain";
    name_too_long: "name-too-long";
    duplicate_entry: "duplicate-entry";
    cname_not_alone: "cname-not-alone";
    cname_loop: "cname-loop";
    no_address: "no-address";
    two_views: "two-views";
    names_by_hosts: "names-by-hosts";
    names_values: "names-values";
    only_comments: "only-comments";
    utf_16: "utf-16";
    latin_1: "latin-1";
    several_at_once: "several-at-once";
    korean: "korean";
}

#[test]
fn every_code_has_a_file_and_every_file_a_test() {
    let tested: BTreeSet<String> = FILES.iter().map(|file| String::from(*file)).collect();
    for code in Code::ALL {
        assert!(tested.contains(code.as_str()), "no file shows {code}");
        let yard = Netyard::without_kernel();
        yard.write("netyard.toml", mistake(code.as_str()));
        yard.run("plan").expect_complaint(&format!("error[{code}]"));
    }
    let entries = fs::read_dir(repository("crates/netyard/tests/mistakes"))
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    let files = entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    let files: BTreeSet<String> =
        files.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
    assert_eq!(tested, files);
}

/// What the kernel would accept can be let through, and is built then.
#[test]
fn what_is_wrong_on_purpose_is_built() {
    for code in Code::ALL.iter().filter(|code| code.is_allowable()) {
        let Some(yard) = Netyard::new() else { return };
        let text = String::from_utf8(mistake(code.as_str())).unwrap();
        yard.write("netyard.toml", format!("allow = [\"{code}\"]\n{text}"));
        // A loop of switches carries its first frame for ever. It is planned here, and built by nobody.
        let verb = if *code == Code::SwitchLoop { "plan" } else { "up" };
        let outcome = yard.run(verb).expect_code(0);
        if verb == "up" {
            outcome.expect_complaint(&format!("({code})")).expect_complaint("allowed: ");
            yard.run("plan --check").expect_code(0);
        }
    }
}

#[test]
fn a_huge_file_is_refused_in_no_time() {
    let yard = Netyard::without_kernel();
    let mut text = String::from("[switch.lan]\nsubnet = \"10.0.0.0/8\"\n");
    for number in 0..1_000 {
        text.push_str(&format!("[host.h{number}]\non = \"lam\"\n"));
    }
    yard.write("netyard.toml", text);
    let outcome = yard.run("plan").expect_code(1);
    assert!(outcome.stderr.contains("netyard.toml has 1000 mistakes"), "{}", &outcome.stderr[..2000]);
}

#[test]
fn a_mistake_leaves_the_running_lab_as_it_is() {
    let Some(yard) = Netyard::with_lab(
        "[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n",
    ) else {
        return;
    };
    let before = yard.state();
    for file in FILES {
        yard.write("wrong.toml", mistake(file));
        yard.run("up wrong.toml -l work").expect_code(1).expect_complaint("nothing was changed");
    }
    assert_same(&before, &yard.state(), "something was changed");
}
