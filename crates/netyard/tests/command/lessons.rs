//! The lessons come out as their pages say, in both languages.

use std::process::Command;

use crate::support::{Netyard, has_programs};

fn check(lesson: Option<&str>, language: Option<&str>) {
    if !has_programs(&["ip", "bridge", "ping", "arp"]) {
        return;
    }
    let Some(yard) = Netyard::new() else { return };
    let mut command: Command = yard.command(["demo", "--check"]);
    command.args(lesson);
    if let Some(language) = language {
        command.env_remove("LC_ALL").env("LANG", language);
    }
    let output = command.output().unwrap();
    let [stdout, stderr] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{stdout}\n{stderr}");
    let is_korean = stdout.chars().any(|c| ('가'..='힣').contains(&c));
    assert_eq!(is_korean, language.is_some(), "{stdout}");
    assert!(!stdout.contains("```"), "{stdout}");
}

macro_rules! lessons {
    ($($english:ident, $korean:ident: $lesson:expr;)*) => {
        $(#[test]
        fn $english() {
            check($lesson, None);
        }

        #[test]
        fn $korean() {
            check($lesson, Some("ko_KR.UTF-8"));
        })*
    };
}

lessons! {
    the_demo, the_demo_in_korean: None;
    a_switch, a_switch_in_korean: Some("1");
    a_gateway, a_gateway_in_korean: Some("2");
    names, names_in_korean: Some("3");
    namespaces, namespaces_in_korean: Some("4");
    a_cable, a_cable_in_korean: Some("5");
    a_bridge, a_bridge_in_korean: Some("6");
    a_way_out, a_way_out_in_korean: Some("7");
}

/// The demonstration needs none of the programs that the lessons type.
#[test]
fn the_demo_needs_no_program_but_this_one() {
    let Some(yard) = Netyard::new() else { return };
    let outcome = yard.run("demo").expect_code(0);
    assert!(outcome.stdout.contains("took the lab `demo` away"), "{outcome}");
    assert!(outcome.stdout.contains("0.0 % lost"), "{outcome}");
    assert_eq!(yard.ok("ls"), "no lab is running\n");
}

/// A lesson that needs what is not installed says so before it begins.
#[test]
fn a_lesson_says_what_is_missing() {
    let yard = Netyard::without_kernel();
    let outcome = yard.run("demo 4");
    if ["/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip"].iter().any(|path| std::path::Path::new(path).exists()) {
        return;
    }
    outcome.expect_code(1).expect_complaint("which is not installed");
}
