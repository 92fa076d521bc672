//! `exec`, `shell` and `enter`: the command's streams, its signals and its end are those of the program.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Netyard, has_programs, is_ignored, wait_until};

const FILE: &str = "name = \"pair\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.red]\non = \"lan\"\n[host.blue]\non = \"lan\"\naliases = [\"db\"]\n";

/// The three ways in, each with a shell that runs a line.
const WAYS: [&[&str]; 3] = [&["exec", "red"], &["enter"], &["enter", "--empty"]];

fn way(words: &[&str], script: &str) -> Vec<String> {
    words.iter().copied().chain(["--", "sh", "-c", script]).map(String::from).collect()
}

#[test]
fn every_exit_code_is_passed_on() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for code in 0..=255 {
        yard.sh("red", &format!("exit {code}")).expect_code(code);
    }
    for words in WAYS {
        for code in [0, 1, 2, 3, 42, 126, 127, 128, 143, 255] {
            yard.run_args(way(words, &format!("exit {code}"))).expect_code(code);
        }
    }
}

#[test]
fn the_end_by_a_signal_is_passed_on() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for words in [WAYS[0], WAYS[1]] {
        assert_signals_end(&yard, words);
    }
}

#[test]
fn the_end_by_a_signal_in_a_sandbox_is_passed_on() {
    let Some(yard) = Netyard::new() else { return };
    assert_signals_end(&yard, WAYS[2]);
}

/// A command that ends by a signal makes the program end by it: whoever waits sees no difference.
fn assert_signals_end(yard: &Netyard, words: &[&str]) {
    for signal in
        [Signal::SIGTERM, Signal::SIGKILL, Signal::SIGHUP, Signal::SIGINT, Signal::SIGUSR1, Signal::SIGABRT]
    {
        if is_ignored(signal) {
            continue;
        }
        let outcome = yard.run_args(way(words, &format!("ulimit -c 0; kill -{} $$", signal as i32)));
        assert_eq!(outcome.signal, Some(signal as i32), "{words:?}: {outcome}");
    }
}

/// A child that says that it is ready, and how it ends.
fn start(yard: &Netyard, words: &[&str], script: &str) -> (Child, BufReader<impl Read + use<>>) {
    let mut child = yard.command(way(words, script)).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, output)
}

#[test]
fn signals_are_passed_to_the_command() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for words in WAYS {
        for (signal, name) in [
            (Signal::SIGTERM, "TERM"),
            (Signal::SIGINT, "INT"),
            (Signal::SIGHUP, "HUP"),
            (Signal::SIGUSR2, "USR2"),
        ] {
            if is_ignored(signal) {
                continue;
            }
            let script =
                format!("trap 'echo got {name}; exit 7' {name}; echo ready; while :; do sleep 0.01; done");
            let (mut child, mut output) = start(&yard, words, &script);
            kill(Pid::from_raw(child.id().cast_signed()), signal).unwrap();
            let mut rest = String::new();
            output.read_to_string(&mut rest).unwrap();
            assert_eq!((rest, child.wait().unwrap().code()), (format!("got {name}\n"), Some(7)), "{words:?}");
        }
    }
}

#[test]
fn a_command_that_minds_no_signal_ends_by_it() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for words in WAYS {
        let (mut child, _output) = start(&yard, words, "echo ready; exec sleep 1000");
        kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM).unwrap();
        let status = child.wait().unwrap();
        let shown = status.code().or(status.signal().map(|signal| 128 + signal));
        assert_eq!(shown, Some(128 + Signal::SIGTERM as i32), "{words:?}");
    }
}

/// `kill -9` of the program leaves no command of it behind.
#[test]
fn the_command_ends_with_the_program() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for words in WAYS {
        let mark =
            format!("1000.{}", yard.folder().display().to_string().bytes().map(u32::from).sum::<u32>());
        let (mut child, mut output) = start(&yard, words, &format!("echo ready; exec sleep {mark}"));
        child.kill().unwrap();
        child.wait().unwrap();
        // The end of the pipe: nobody has it open any more.
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        wait_until("the command is gone", || !is_running(&format!("sleep\0{mark}\0")));
    }
}

fn is_running(command_line: &str) -> bool {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let mut lines = entries.filter_map(|entry| fs::read_to_string(entry.path().join("cmdline")).ok());
    lines.any(|line| line == command_line)
}

#[test]
fn streams_are_passed_through() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for words in WAYS {
        let mut command = yard.command(way(words, "tr a-z A-Z; echo trouble >&2"));
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all("some text\n".repeat(5000).as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "SOME TEXT\n".repeat(5000));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "trouble\n");
    }
}

#[test]
fn arguments_are_passed_as_they_are() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let odd = ["exec", "red", "--", "printf", "%s|", "a b", "", "$HOME", "-l", "--json", "--", "*", "\n"];
    assert_eq!(yard.run_args(odd).expect_code(0).stdout, "a b||$HOME|-l|--json|--|*|\n|");
    // Without `--` too, and what follows the command is the command's.
    let odd = ["exec", "red", "printf", "%s|", "-l", "--json", "x"];
    assert_eq!(yard.run_args(odd).expect_code(0).stdout, "-l|--json|x|");
}

#[test]
fn a_node_has_its_own_name_and_names() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    assert_eq!(
        yard.sh("red", "hostname; cat /etc/hostname; cat /proc/sys/kernel/hostname").stdout,
        "red\nred\nred\n"
    );
    assert_eq!(
        yard.sh("red", "getent hosts db").stdout.split_whitespace().collect::<Vec<_>>(),
        ["10.0.0.2", "blue.pair.test", "db.pair.test"]
    );
    assert_eq!(yard.sh("lan", "hostname").stdout, "lan\n");
    if has_programs(&["ip"]) {
        let inside = yard.run_args([
            "enter",
            "--",
            "sh",
            "-c",
            "ip netns; ip netns exec red getent hosts db; ip -n red -br address show eth0",
        ]);
        let text = inside.expect_code(0).stdout;
        for word in ["blue\n", "lan\n", "red\n", "10.0.0.2", "10.0.0.1/24"] {
            assert!(text.contains(word), "{word:?} is not in:\n{text}");
        }
    }
}

#[test]
fn the_folder_and_the_environment_are_kept() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for words in WAYS {
        let mut command = yard.command(way(words, "pwd; cat file; echo $OF_THE_PERSON"));
        yard.write("file", "text\n");
        let output = command.env("OF_THE_PERSON", "kept").output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            text,
            format!("{}\ntext\nkept\n", fs::canonicalize(yard.folder()).unwrap().display()),
            "{words:?}"
        );
        // What a node writes there is the person's file.
        yard.run_args(way(words, "echo new >written")).expect_code(0);
        assert_eq!(fs::read_to_string(yard.folder().join("written")).unwrap(), "new\n");
        fs::remove_file(yard.folder().join("written")).unwrap();
    }
}

#[test]
fn a_shell_is_the_persons_own() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    for (line, expected) in [("shell red", "red in 10.0.0.1"), ("enter", "")] {
        let mut command = yard.command(line.split(' '));
        command.env("SHELL", "/bin/sh").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let script =
            "echo $NETYARD_NODE in $(grep -o '10.0.0.1\\b' /proc/net/fib_trie | head -n 1)\nexit 5\n";
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(5));
        assert_eq!(
            String::from_utf8(output.stdout).unwrap().trim(),
            if expected.is_empty() { "in" } else { expected }
        );
    }
}

/// What is started in a lab and not waited for lives as long as the lab.
#[test]
fn a_command_in_the_background_lives_on() {
    let Some(yard) = Netyard::with_lab(FILE) else { return };
    let folder = yard.folder();
    yard.sh("red", "(trap '' HUP; while :; do echo x >>alive; sleep 0.01; done) >/dev/null 2>&1 &")
        .expect_code(0);
    let size = || fs::metadata(folder.join("alive")).map_or(0, |meta| meta.len());
    wait_until("it writes", || size() > 0);
    let before = size();
    wait_until("it goes on writing", || size() > before + 4);
    yard.ok("down");
    let after = size();
    for _ in 0..20 {
        yard.ok("ls");
    }
    assert_eq!(size(), after, "it outlives its lab");
}

/// An empty sandbox is as a fresh machine, and goes when it is left.
#[test]
fn an_empty_sandbox_takes_commands_as_typed() {
    if !has_programs(&["ip", "ping", "bridge"]) {
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    let script = "set -e
        ip netns add red; ip netns add blue
        ip link add v-net-0 type bridge
        ip link set v-net-0 up
        for name in red blue; do
            ip link add veth-$name type veth peer name veth-$name-br
            ip link set veth-$name netns $name
            ip link set veth-$name-br master v-net-0 up
            ip -n $name link set veth-$name up
        done
        ip -n red addr add 192.168.15.1/24 dev veth-red
        ip -n blue addr add 192.168.15.2/24 dev veth-blue
        ip addr add 192.168.15.5/24 dev v-net-0
        ip netns exec red ping -c 1 -W 2 192.168.15.2
        ping -c 1 -W 2 192.168.15.1
        bridge fdb show br v-net-0 | grep -q veth-red-br
        ip netns exec red hostname";
    let output = yard.run_args(["enter", "--empty", "--", "sh", "-c", script]).expect_code(0);
    assert_eq!(output.stdout.matches("1 received").count(), 2, "{output}");
    yard.run_args(["enter", "--empty", "--", "sh", "-c", "test -z \"$(ip netns)\""]).expect_code(0);
    assert_eq!(yard.ok("ls"), "no lab is running\n");
}
