//! Golden cases: each folder of `tests/cases` holds a file and what comes of it, the network (`network.txt`) or the mistakes
//! (`findings.txt`); of a file with allowed mistakes both. `NETYARD_BLESS=1` writes what comes of it now.

#![allow(clippy::unwrap_used, reason = "a test")]

mod common;

use std::path::Path;
use std::{env, fs};

#[test]
fn every_case_comes_out_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut folders: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(!folders.is_empty());
    let wrong: Vec<String> = folders.iter().flat_map(|folder| check(folder)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Compares what comes of one case with what is written there; gives the differences.
fn check(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("netyard.toml")).unwrap();
    let resolution = common::read(&text);
    assert_eq!(resolution.network.is_some(), resolution.errors.is_empty(), "{}", folder.display());
    let network = resolution.network.as_ref().map(common::describe).unwrap_or_default();
    let findings = common::describe_findings(&text, &resolution);
    let files = [("network.txt", network), ("findings.txt", findings)];
    files.into_iter().filter_map(|(name, actual)| compare(&folder.join(name), &actual)).collect()
}

fn compare(file: &Path, actual: &str) -> Option<String> {
    if env::var_os("NETYARD_BLESS").is_some() {
        match actual {
            "" => drop(fs::remove_file(file)),
            _ => fs::write(file, actual).unwrap(),
        }
        return None;
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    (expected != actual).then(|| format!("{}:\n--- expected\n{expected}--- actual\n{actual}", file.display()))
}
