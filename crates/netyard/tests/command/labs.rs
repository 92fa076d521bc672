//! Several labs at once, and which of them a command means.

use std::process::Stdio;

use crate::support::{Netyard, assert_page, end_holders, example, own_name};

const PAIR: &str = "name = \"pair\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n";

#[test]
fn one_file_is_up_several_times() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", PAIR);
    yard.ok("up -l one");
    yard.ok("-l two up");
    for lab in ["one", "two"] {
        yard.run(&format!("ping a b -c 1 -l {lab}")).expect_code(0);
    }
    // The same addresses, and still apart: what is broken in one works in the other.
    yard.run_args([
        "-l",
        "one",
        "exec",
        "b",
        "--",
        "sh",
        "-c",
        "echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all",
    ])
    .expect_code(0);
    yard.run("-l one ping a b -c 1 -W 0.2").expect_code(1);
    yard.run("-l two ping a b -c 1").expect_code(0);
    assert_eq!(yard.holders().len(), 2);
    yard.ok("down one");
    assert!(yard.ok("ls").contains("two"));
    yard.run("-l two ping a b -c 1").expect_code(0);
    yard.ok("down -l two");
    assert_eq!(yard.ok("ls"), "no lab is running\n");
}

#[test]
fn two_users_places_do_not_know_of_each_other() {
    let Some(here) = Netyard::with_lab(PAIR) else { return };
    let there = Netyard::with_lab(&PAIR.replace("10.0.0.0/24", "10.0.0.0/25")).unwrap();
    for yard in [&here, &there] {
        yard.assert_reaches("a", ["b"]);
        assert_eq!(yard.holders().len(), 1);
    }
    assert!(here.ok("show addresses b").contains("10.0.0.2/24"));
    assert!(there.ok("show addresses b").contains("10.0.0.2/25"));
    here.ok("down --all");
    there.assert_reaches("a", ["b"]);
}

/// Addresses and MACs are made of the lab's name, so two labs of one file differ in their MACs alone.
#[test]
fn a_lab_by_another_name_differs_in_its_macs_alone() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("netyard.toml", PAIR);
    yard.ok("up -l one");
    yard.ok("up -l two");
    let [one, two] = ["one", "two"].map(|lab| yard.json(&format!("show links a --json -l {lab}")));
    assert_ne!(one["links"][0]["mac"], two["links"][0]["mac"]);
    let [one, two] = ["one", "two"].map(|lab| yard.ok(&format!("show names -l {lab}")));
    assert_eq!(one, two);
}

#[test]
fn the_file_in_the_folder_says_which_lab_is_meant() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    yard.write("demo.toml", example("demo"));
    yard.ok("up demo.toml");
    assert!(yard.ok("show nodes").lines().count() == 4, "pair has three nodes");
    assert!(yard.ok("show nodes -l demo").contains("web2"));
    assert!(yard.ok("down").contains("`pair`"));
    // The file still says `pair`, whatever else runs.
    assert_page("snapshots", "the_lab_of_the_folder_is_down", &yard.run("show nodes").to_string());
}

#[test]
fn the_only_lab_that_runs_is_meant() {
    let Some(yard) = Netyard::new() else { return };
    yard.write("pair.toml", PAIR);
    yard.ok("up pair.toml");
    assert_eq!(yard.ok("show nodes").lines().count(), 4);
    yard.run("exec a -- true").expect_code(0);
    yard.ok("up pair.toml -l second");
    assert_page("snapshots", "several_labs", &yard.run("show nodes").to_string());
    for line in ["exec a -- true", "down", "ping a b", "graph", "enter -- true", "shell a"] {
        yard.run(line).expect_code(2).expect_complaint("several labs are running: pair, second");
    }
    yard.ok("down pair");
    assert!(yard.ok("down").contains("`second`"));
}

#[test]
fn a_lab_without_a_name_has_that_of_its_folder() {
    let Some(yard) = Netyard::with_lab(&PAIR.replace("name = \"pair\"\n", "")) else { return };
    assert_eq!(yard.json("ls --json")["labs"][0]["name"], "work");
    yard.assert_reaches("a", ["b"]);
}

/// A second command on a lab waits for the first; both are right in the end.
#[test]
fn many_commands_at_once_take_turns() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("turns");
    let pair = PAIR.replace("\"pair\"", &format!("\"{name}\""));
    let file = |count: u32| format!("{pair}[host.web]\ncount = {count}\non = \"lan\"\n");
    let ups: Vec<_> = (1..=6)
        .map(|count| {
            let path = yard.write(&format!("{count}.toml"), file(count));
            let mut command = yard.command(["up"]);
            command.arg(path).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for up in ups {
        let output = up.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let webs = yard.ok("show nodes").matches("web").count();
    assert!((1..=6).contains(&webs));
    yard.run(&format!("plan {webs}.toml --check")).expect_code(0);
    // Half of them build, the others take away.
    let mixed: Vec<_> = (0..8)
        .map(|number| {
            let line = if number % 2 == 0 { ["up", "3.toml"] } else { ["down", &name] };
            yard.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let outputs: Vec<_> = mixed.into_iter().map(|command| command.wait_with_output().unwrap()).collect();
    yard.ok("up 3.toml");
    yard.assert_reaches("a", ["web1", "web2", "web3"]);
    yard.ok("down");
    let left = end_holders(&name);
    assert!(left.is_empty(), "{left:?} hold a lab that is nowhere written down");
    for output in outputs {
        assert!(output.status.success(), "{output:?}");
    }
}

/// A command inside a lab means that lab.
#[test]
fn inside_a_lab_that_lab_is_meant() {
    let Some(yard) = Netyard::with_lab(PAIR) else { return };
    let inside = |line: &str| {
        let script = format!("cd / && {} {line}", crate::support::PROGRAM);
        yard.run_args(["enter", "--", "sh", "-c", &script])
    };
    assert!(inside("show addresses").expect_code(0).stdout.contains("10.0.0.1/24"));
    inside("ping a b -c 1").expect_code(0);
    assert_eq!(inside("exec b -- hostname").expect_code(0).stdout, "b\n");
    let environment = inside("exec b -- env").expect_code(0).stdout;
    assert!(environment.contains("NETYARD_NODE=b\n"), "{environment}");
    let environment = yard.run("exec a -- env").expect_code(0).stdout;
    assert!(
        environment.contains("NETYARD_LAB=pair\n") && environment.contains("NETYARD_NODE=a\n"),
        "{environment}"
    );
}
