//! Files and names that are made to do harm: whatever they are, there is an answer soon, and the terminal obeys none of them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::support::{Netyard, Outcome, has_programs};

const PAIR: &str = "name = \"pair\"\n[switch.lan]\nsubnet = \"10.0.0.0/24\"\n[host.a]\non = \"lan\"\n[host.b]\non = \"lan\"\n";

/// It ends with 1 and says that; neither a signal nor a panic ends it.
#[track_caller]
fn assert_told(outcome: Outcome, complaint: &str) {
    let outcome = outcome.expect_code(1).expect_complaint(complaint);
    assert!(!outcome.stderr.contains("panicked"), "{outcome}");
}

#[test]
fn a_huge_file_is_refused() {
    let yard = Netyard::without_kernel();
    let path = yard.folder().join("netyard.toml");
    File::create(&path).unwrap().set_len(100 << 20).unwrap();
    for line in ["up", "plan", "up netyard.toml", "graph netyard.toml", "import topology netyard.toml"] {
        assert_told(yard.run(line), "netyard.toml is larger than 16 MiB");
    }
    // As large as may be, and nothing but mistakes.
    fs::write(&path, "x = \n".repeat((1 << 20) / 5)).unwrap();
    assert_told(yard.run("plan"), "mistakes; nothing was changed");
}

#[test]
fn what_is_no_file_keeps_nobody_waiting() {
    let yard = Netyard::without_kernel();
    for (path, complaint) in [
        ("/dev/zero", "/dev/zero is larger than 16 MiB"),
        ("/dev/null", "the file is empty"),
        ("/", "cannot read /"),
    ] {
        assert_told(yard.run(&format!("plan {path}")), complaint);
    }
    assert_told(yard.run("import topology /dev/zero"), "/dev/zero is larger than 16 MiB");
    // A pipe that nobody writes to, where the file is looked for without being named.
    mkfifo(&yard.folder().join("netyard.toml"), Mode::from_bits_truncate(0o600)).unwrap();
    assert_told(yard.run("up"), "it is no regular file");
    for line in ["show nodes", "exec a -- true", "down"] {
        let outcome = yard.run(line);
        assert!(
            outcome.stdout.contains("no lab is running") || outcome.stderr.contains("no lab is running"),
            "{outcome}"
        );
    }
    // One that is named is read, as `netyard plan <(make-lab)` has it.
    let mut plan = yard.command(["graph", "/dev/stdin"]);
    let mut plan = plan.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    plan.stdin.take().unwrap().write_all(PAIR.as_bytes()).unwrap();
    assert!(plan.wait_with_output().unwrap().status.success());
}

#[test]
fn a_deep_file_is_refused() {
    let yard = Netyard::without_kernel();
    let deep = 100_000;
    for text in [
        format!("x = {}{}\n", "[".repeat(deep), "]".repeat(deep)),
        format!("x = {}1{}\n", "{a=".repeat(deep), "}".repeat(deep)),
        format!("{}b = 1\n", "a.".repeat(deep)),
        format!("[{}b]\n", "a.".repeat(deep)),
        format!("[host.a]\nsysctl = {{ {}b = 1 }}\n", "net.".repeat(deep)),
    ] {
        yard.write("netyard.toml", text);
        assert_told(yard.run("plan"), "nothing was changed");
    }
}

#[test]
fn garbage_is_no_file() {
    let yard = Netyard::without_kernel();
    let random: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in
        [random.as_slice(), b"\x7fELF\x02\x01\x01\0", b"\xff\xfe[\0", b"\xc3\x28", b"\0", b"\xef\xbb\xbf"]
    {
        yard.write("netyard.toml", bytes);
        assert_told(yard.run("plan"), "nothing was changed");
    }
}

/// However many mistakes there are: the first are shown, the rest are counted.
#[test]
fn countless_mistakes_are_counted() {
    let yard = Netyard::without_kernel();
    let unknown: String = (0..1000)
        .map(|n| format!("[host.h{n}]\non = \"switch-nomber-{n}\"\n[switch.switch-number-{n}]\n"))
        .collect();
    for text in ["garbage\n".repeat(20_000), unknown] {
        yard.write("netyard.toml", text);
        let outcome =
            yard.run("plan").expect_code(1).expect_complaint(" more\n").expect_complaint("000 mistakes");
        assert_eq!(outcome.stderr.matches("error[").count(), 100);
    }
}

#[test]
fn counts_do_not_fill_the_memory() {
    let yard = Netyard::without_kernel();
    let hosts = |count: &str| {
        let hosts: String =
            (0..20).map(|n| format!("[host.h{n}x]\ncount = {count}\non = \"lan\"\n")).collect();
        format!("[switch.lan]\nsubnet = \"10.0.0.0/8\"\n{hosts}")
    };
    for (count, complaint) in [
        ("65535", "a lab can have 100000 in all"),
        ("4294967295", "65535"),
        ("99999999999999999999999", "nothing was changed"),
        ("-1", "nothing was changed"),
    ] {
        yard.write("netyard.toml", hosts(count));
        assert_told(yard.run("plan"), complaint);
    }
}

/// Orders to a terminal: erase the screen, set the title, a C1 control, turn the text around.
const ORDERS: [&str; 4] = ["\u{1b}[2J", "\u{1b}]0;owned\u{7}", "\u{9b}2J", "\u{202e}"];

/// Nothing but our own colours is there for a terminal to obey.
#[track_caller]
fn assert_harmless(outcome: &Outcome) {
    let text = format!("{}{}", outcome.stdout, outcome.stderr);
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n' || c == '\u{202e}') {
        let colour = rest[at..]
            .strip_prefix("\u{1b}[")
            .map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        assert!(colour.is_some_and(|rest| rest.starts_with('m')), "{:?}", &rest[at..]);
        rest = &rest[at + 2..];
    }
}

#[test]
fn the_terminal_obeys_no_file() {
    let yard = Netyard::without_kernel();
    for order in ORDERS {
        let escaped: String = order.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        for text in [
            format!("name = \"{escaped}\"\n"),
            format!("name = \"{order}\"\n"),
            format!("\"{escaped}\" = 1\n"),
            format!("[host.\"{escaped}\"]\n"),
            format!("[switch.lan]\n[host.a]\non = \"{escaped}\"\n"),
            format!("[switch.lan]\n[host.a]\non = \"lan\"\naddress = \"{escaped}\"\n"),
            format!("[switch.lan]\n[host.a]\non = \"lam\"\ncomment = \"{escaped}\" # {order}\n"),
            format!("# {order}\nallow = [\"{escaped}\"]\n"),
            format!("[host.a]\nsysctl = {{ \"net.{escaped}\" = \"{escaped}\" }}\n"),
            format!(
                "[host.a]\nports.\"{escaped}\" = {{}}\n[names.records]\n\"{escaped}\" = {{ A = \"{escaped}\" }}\n"
            ),
            format!("{order}\n"),
        ] {
            yard.write("netyard.toml", &text);
            assert_harmless(&yard.run("plan --color always").expect_code(1));
        }
    }
}

#[test]
fn the_terminal_obeys_no_path() {
    let yard = Netyard::without_kernel();
    for order in ORDERS {
        let name = format!("{order}.toml");
        for file in [name.as_str(), "a/"] {
            assert_harmless(&yard.run_args(["plan", "--color", "always", file, "-l", "x"]).expect_code(1));
        }
        yard.write(&name, "x = \n");
        assert_harmless(&yard.run_args(["plan", "--color", "always", &name]).expect_code(1));
        assert_harmless(
            &yard.run_args(["exec", "a", "--color", "always", "-l", "x", "--", &name]).expect_code(1),
        );
    }
    let bytes = OsStr::from_bytes(b"\xff\x1b[2J");
    assert_harmless(&yard.run_args([OsStr::new("plan"), OsStr::new("--color=always"), bytes]).expect_code(1));
}

/// A program on a node can give its interfaces any name that the kernel takes.
#[test]
fn the_terminal_obeys_no_node() {
    if !has_programs(&["ip"]) {
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    // The path of the file is in the table of labs.
    let file = yard.write("\u{1b}[2J.toml", PAIR);
    yard.run_args([OsStr::new("up"), file.as_os_str()]).expect_code(0);
    let named =
        yard.sh("a", "ip link add \"$(printf 'x\\033[2J')\" type veth peer name \"$(printf 'y\\033c')\"");
    if named.code != Some(0) {
        eprintln!("skipped: this `ip` refuses the name itself");
    }
    for line in ["ls", "show links", "show addresses", "show routes", "show fdb", "show neighbours", "graph"]
    {
        assert_harmless(&yard.run(&format!("{line} --color always")).expect_code(0));
    }
    if named.code == Some(0) {
        assert!(yard.ok("show links").contains("x\\u{1b}[2J"));
    }
}

/// No name leads out of the directories in which names become paths.
#[test]
fn names_lead_nowhere() {
    let yard = Netyard::without_kernel();
    let long = "a".repeat(300);
    for name in [
        "..",
        ".",
        "../../etc",
        "a/b",
        "/etc",
        ".hidden",
        "",
        "a b",
        "-rf",
        "Ä",
        "a\u{200b}",
        "a\n",
        "~",
        "$HOME",
        &long,
    ] {
        for args in [
            ["down", name].as_slice(),
            &["show", "nodes", "-l", name],
            &["exec", "-l", name, "a", "--", "true"],
            &["exec", "-l", "pair", name, "--", "true"],
            &["ping", "-l", "pair", name, "a"],
        ] {
            let outcome = yard.run_args(args);
            assert_eq!(outcome.code, Some(2), "{outcome}");
        }
        let escaped: String = name.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect();
        for text in [
            format!("name = \"{escaped}\"\n"),
            format!("[host.\"{escaped}\"]\n"),
            format!("[host.a]\naliases = [\"{escaped}\"]\n"),
        ] {
            yard.write("netyard.toml", text);
            assert_told(yard.run("up"), "nothing was changed");
        }
    }
    assert!(!yard.run_dir().exists());
}
