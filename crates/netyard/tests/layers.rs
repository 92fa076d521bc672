//! Imports point down only. Each rule says why it is there.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// What each crate may import of the house, and why no more.
const RULES: &[(&str, &[&str], &str)] = &[
    ("netyard-types", &[], "it is the vocabulary: everything stands on it"),
    ("netyard-spec", &["netyard-types"], "it says what a file says, and nothing is resolved there"),
    (
        "netyard-model",
        &["netyard-types", "netyard-spec"],
        "it decides from the file alone, never from a kernel or a plan",
    ),
    ("netyard-plan", &["netyard-types"], "it compares two states, wherever they come from"),
    (
        "netyard-zone",
        &["netyard-types"],
        "it answers from the names it is given, on whatever socket they came",
    ),
    (
        "netyard-kernel",
        &["netyard-types", "netyard-plan"],
        "it carries out steps and never decides, so it knows no file and no model",
    ),
    (
        "netyard-names",
        &["netyard-types", "netyard-zone", "netyard-kernel"],
        "it serves on the sockets it is given, and knows nothing of labs",
    ),
    (
        "netyard-lab",
        &["netyard-types", "netyard-plan", "netyard-kernel", "netyard-names"],
        "a running lab never parses a file",
    ),
    ("netyard-probe", &["netyard-types", "netyard-kernel"], "it measures what is, whatever was described"),
];

/// Crates below the wall: no operating system, clock, environment or thread.
const BELOW_THE_WALL: &[&str] =
    &["netyard-types", "netyard-spec", "netyard-model", "netyard-plan", "netyard-zone"];

/// The only crate that may hold `unsafe`.
const UNSAFE_ROOM: &str = "netyard-kernel";

fn crates_dir() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The names of the crates in the workspace with their own imports of the house; what tests import is left out.
fn imports() -> BTreeMap<String, BTreeSet<String>> {
    let mut imports = BTreeMap::new();
    for entry in fs::read_dir(crates_dir()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let text = fs::read_to_string(crates_dir().join(&name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let empty = toml::Table::new();
        let dependencies = manifest.get("dependencies").map_or(&empty, |table| table.as_table().unwrap());
        let house = dependencies.keys().filter(|name| name.starts_with("netyard")).cloned().collect();
        imports.insert(name, house);
    }
    imports
}

#[test]
fn imports_point_down() {
    let imports = imports();
    for (name, allowed, reason) in RULES {
        for import in &imports[*name] {
            assert!(allowed.contains(&import.as_str()), "{name} must not import {import}: {reason}");
        }
    }
    let known: BTreeSet<&str> = RULES.iter().map(|(name, ..)| *name).chain(["netyard"]).collect();
    for name in imports.keys() {
        assert!(
            known.contains(name.as_str()),
            "{name} has no rule: say in this test what it may import, and why"
        );
    }
}

#[test]
fn the_wall_is_kept_by_the_compiler() {
    for name in BELOW_THE_WALL {
        let text = fs::read_to_string(crates_dir().join(name).join("src/lib.rs")).unwrap();
        assert!(
            text.contains("#![no_std]"),
            "{name} must be no_std: below the wall there is no operating system"
        );
    }
}

/// What tests can have refused or killed, nobody else can: only dev-dependencies switch it on.
#[test]
fn faults_are_for_tests_alone() {
    let mut switched_on = Vec::new();
    for name in imports().keys().map(String::as_str).chain(["../"]) {
        let text = fs::read_to_string(crates_dir().join(name).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        for (section, value) in manifest {
            if value.to_string().contains("\"faults\"") {
                switched_on.push(format!("{name} [{section}]"));
            }
        }
    }
    assert_eq!(switched_on, ["netyard [dev-dependencies]"]);
}

#[test]
fn unsafe_has_one_room() {
    for name in imports().keys().filter(|name| *name != UNSAFE_ROOM) {
        let root = ["src/lib.rs", "src/main.rs"].map(|file| crates_dir().join(name).join(file));
        let text = root.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap();
        assert!(
            text.contains("#![forbid(unsafe_code)]"),
            "{name} must forbid unsafe code: it belongs into {UNSAFE_ROOM}"
        );
    }
}

#[test]
fn the_floor_stands_alone() {
    let text = fs::read_to_string(crates_dir().join("../benches/floor/Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let imports: Vec<&String> = ["dependencies", "dev-dependencies", "build-dependencies"]
        .iter()
        .filter_map(|table| manifest.get(*table)?.as_table())
        .flat_map(toml::Table::keys)
        .collect();
    assert_eq!(
        imports,
        ["nix"],
        "what Netyard is compared with must not be made of it, nor of what it is made of"
    );
}
