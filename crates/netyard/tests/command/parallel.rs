//! Several commands on one lab at the same moment, and many labs at the same moment: whatever comes first, the end is whole, and
//! nothing is left of what was taken away.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Output, Stdio};

use nix::sys::signal::Signal;

use crate::support::{Netyard, Traces, assert_same, end_holders, holders_named, own_name, wait_until};

fn file(name: &str, count: u32) -> String {
    format!(
        "name = \"{name}\"\n[switch.lan]\nsubnet = [\"10.0.0.0/24\", \"fd00::/64\"]\n[router.gw]\non = \"lan\"\n\
        [host.a]\non = \"lan\"\n[host.web]\non = \"lan\"\ncount = {count}\n"
    )
}

fn start(yard: &Netyard, line: &str) -> Child {
    let mut command = yard.command(line.split_whitespace());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Runs the commands at the same time.
fn at_once(yard: &Netyard, lines: &[&str]) -> Vec<Output> {
    let started: Vec<_> = lines.iter().map(|line| start(yard, line)).collect();
    started.into_iter().map(|child| child.wait_with_output().unwrap()).collect()
}

fn assert_success(outputs: &[Output]) {
    for output in outputs {
        assert!(output.status.success(), "{output:?}");
    }
}

/// Nothing is left of the labs of this place, nor of the one with this name.
fn assert_nothing_left(yard: &Netyard, name: &str) {
    let left: Vec<_> = fs::read_dir(yard.run_dir()).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let holders = end_holders(name);
    assert!(holders.is_empty(), "{holders:?} hold a lab that is nowhere written down");
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(!mounts.contains(yard.run_dir().to_str().unwrap()), "{mounts}");
}

#[test]
fn two_ups_of_one_file() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("ups");
    yard.write("netyard.toml", file(&name, 3));
    yard.ok("up");
    let expected = yard.state();
    for _ in 0..4 {
        yard.ok("down");
        assert_success(&at_once(&yard, &["up", "up"]));
        assert_eq!(holders_named(&name).len(), 1);
        assert_same(&yard.state(), &expected, "two at once have made something else");
        assert!(yard.ok("up --strict").contains("nothing to do"));
    }
    yard.assert_reaches("a", ["web1", "web3", "gw"]);
    yard.ok("down");
    assert_nothing_left(&yard, &name);
}

/// The end is one of the two files, whole.
#[test]
fn two_ups_of_two_files() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("files");
    yard.write("one.toml", file(&name, 2));
    yard.write(
        "two.toml",
        file(&name, 4).replace("10.0.0.0/24", "10.7.0.0/24").replace("[router.gw]", "[router.out]"),
    );
    let mut ends = BTreeSet::new();
    for round in 0..6 {
        if round % 2 == 0 {
            yard.ok(&format!("down {name}"));
        }
        assert_success(&at_once(&yard, &["up one.toml", "up two.toml"]));
        assert_eq!(holders_named(&name).len(), 1);
        let codes = ["one", "two"].map(|file| yard.run(&format!("plan {file}.toml --strict --check")).code);
        assert!(codes == [Some(0), Some(3)] || codes == [Some(3), Some(0)], "{codes:?}");
        ends.insert(codes);
        let router = if codes[0] == Some(0) { "gw" } else { "out" };
        yard.assert_reaches("a", ["web1", "web2", router]);
    }
    yard.ok(&format!("down {name}"));
    assert_nothing_left(&yard, &name);
}

/// Whichever comes first: the lab is there and whole, or it is gone.
#[test]
fn up_against_down() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("updown");
    yard.write("netyard.toml", file(&name, 2));
    let down = format!("down {name}");
    for round in 0..8 {
        if round % 4 < 2 {
            yard.ok("up");
        }
        let lines = if round % 2 == 0 { ["up", &down] } else { [&*down, "up"] };
        assert_success(&at_once(&yard, &lines));
        let labs = yard.json("ls --json")["labs"].as_array().unwrap().len();
        assert_eq!(holders_named(&name).len(), labs);
        if labs == 1 {
            yard.run("plan --strict --check").expect_code(0);
            yard.assert_reaches("a", ["web1", "web2"]);
        } else {
            assert_nothing_left(&yard, &name);
        }
        yard.ok("up");
        yard.run("plan --strict --check").expect_code(0);
        yard.ok(&down);
        assert_nothing_left(&yard, &name);
    }
}

/// One of them takes the lab away, and the other one finds none.
#[test]
fn down_against_down() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("downs");
    yard.write("netyard.toml", file(&name, 1));
    for _ in 0..4 {
        yard.ok("up");
        let outputs = at_once(&yard, &["down", "down", "down --all"]);
        assert_success(&outputs);
        let said: String = outputs.iter().map(|output| String::from_utf8_lossy(&output.stdout)).collect();
        assert_eq!(said.matches("took the lab").count(), 1, "{said}");
        assert_nothing_left(&yard, &name);
    }
}

/// What is under way while the lab is taken away comes to an end, with a sentence, and leaves nothing.
#[test]
fn commands_through_a_down() {
    let Some(yard) = Netyard::new() else { return };
    let name = own_name("through");
    yard.write("netyard.toml", file(&name, 4));
    let lines = [
        "show routes",
        "show names",
        "exec a -- true",
        "plan",
        "ls",
        "ping a web1 -c 1",
        "enter -- true",
        "graph",
    ];
    for round in 0..5 {
        yard.ok("up");
        let [holder] = holders_named(&name)[..] else { panic!("one lab has one holder") };
        let traces = Traces::of(holder);
        let (before, after) = lines.split_at(round * lines.len() / 4);
        let mut commands: Vec<_> = before.iter().map(|line| (*line, start(&yard, line))).collect();
        let down = start(&yard, &format!("down {name}"));
        commands.extend(after.iter().map(|line| (*line, start(&yard, line))));
        let output = down.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        for (line, command) in commands {
            let output = command.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(!said.contains("panicked"), "{line}: {said}");
            // Killed with the lab, or told that there is none.
            let is_killed = output.status.signal() == Some(Signal::SIGKILL as i32);
            assert!(output.status.success() || is_killed || !said.is_empty(), "{line}: {output:?}");
        }
        assert_eq!(traces.left(), [0; 0], "they outlive the lab");
        assert_nothing_left(&yard, &name);
    }
}

/// How many labs come up at the same time.
const AT_ONCE: usize = 8;
/// How many labs there are then.
const LABS: usize = 50;

/// Fifty labs with the same names and addresses, each with traffic of its own: no packet gets into another one.
#[test]
fn fifty_labs_alike() {
    let Some(yard) = Netyard::new() else { return };
    let group = own_name("alike");
    let name = |n: usize| format!("{group}-{n}");
    yard.write(
        "netyard.toml",
        "[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n",
    );
    let packets = |n: usize| n % 3 + 1;
    let each = |lines: &dyn Fn(usize) -> String| {
        let mut answers = Vec::new();
        for batch in (0..LABS).collect::<Vec<_>>().chunks(AT_ONCE) {
            let started: Vec<_> = batch.iter().map(|n| start(&yard, &lines(*n))).collect();
            answers.extend(started.into_iter().map(|child| child.wait_with_output().unwrap()));
        }
        assert_success(&answers);
        answers
    };
    each(&|n| format!("up -l {}", name(n)));
    let traces: Vec<_> = yard.holders().into_iter().map(Traces::of).collect();
    assert_eq!(traces.len(), LABS);
    each(&|n| format!("ping a b -c {} -i 0.01 -l {}", packets(n), name(n)));
    let counted = each(&|n| format!("exec b -l {} -- cat /proc/net/snmp", name(n)));
    for (n, output) in counted.iter().enumerate() {
        assert_eq!(echoes(&String::from_utf8_lossy(&output.stdout)), packets(n), "in {}", name(n));
    }
    yard.ok("down --all");
    for traces in traces {
        assert_eq!(traces.left(), [0; 0], "they outlive their lab");
    }
    for n in 0..LABS {
        assert!(holders_named(&name(n)).is_empty(), "{} is still held", name(n));
    }
    wait_until("all is gone", || yard.ok("ls") == "no lab is running\n");
    assert_nothing_left(&yard, &group);
}

/// How many echo requests the node got, of `/proc/net/snmp`.
fn echoes(text: &str) -> usize {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Icmp: "));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let at = names.split(' ').position(|name| name == "InEchos").unwrap();
    values.split(' ').nth(at).unwrap().parse().unwrap()
}
