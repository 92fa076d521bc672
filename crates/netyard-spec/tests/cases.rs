//! Files with mistakes, each a folder of `cases`: `netyard.toml` and the findings it must give, in `findings.txt`.
//!
//! `NETYARD_BLESS=1 cargo test -p netyard-spec --test cases` writes what is found, to be read before it is kept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::error::Error;
use std::fmt::Write;
use std::path::Path;

use netyard_spec::{Finding, Position, Problem, parse_bytes};

fn describe(text: &str, finding: &Finding<Problem>) -> String {
    let mut line =
        format!("{} {} {}", Position::of(text, finding.span.start), finding.code(), finding.problem);
    let mut cause = finding.problem.source();
    while let Some(error) = cause {
        write!(line, ": {error}").unwrap();
        cause = error.source();
    }
    for also in &finding.also {
        write!(line, " (see {})", Position::of(text, also.start)).unwrap();
    }
    line
}

fn findings(case: &Path) -> String {
    let bytes = std::fs::read(case.join("netyard.toml")).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    let mut out = String::new();
    for finding in parse_bytes(&bytes).1 {
        writeln!(out, "{}", describe(&text, &finding)).unwrap();
    }
    out
}

#[test]
fn every_case_gives_its_findings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let rewrite = std::env::var_os("NETYARD_BLESS").is_some();
    let mut cases: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() >= 20, "the folder of cases is whole");
    let mut differ = Vec::new();
    for case in &cases {
        let found = findings(case);
        let file = case.join("findings.txt");
        if rewrite {
            std::fs::write(&file, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        if found != expected {
            differ.push(format!("{}\n--- expected\n{expected}--- found\n{found}", case.display()));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
