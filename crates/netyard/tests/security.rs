//! Each sentence of `SECURITY.md` is held by tests that exist.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;

const PAGE: &str = include_str!("../../../SECURITY.md");

/// The sentences that no test can hold, each with its reason in the page.
const UNHELD: usize = 3;

/// A claim of the page, and the comment behind it.
fn claims() -> Vec<(&'static str, &'static str)> {
    let (_, rest) = PAGE.split_once("<!-- begin -->").unwrap();
    let (claims, _) = rest.split_once("<!-- end -->").unwrap();
    let lines = claims.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("## "));
    let claim = |line: &'static str| {
        let text = line.strip_prefix("- ").unwrap_or_else(|| panic!("not an item: {line}"));
        let (claim, comment) =
            text.split_once(" <!-- ").unwrap_or_else(|| panic!("no test is named: {line}"));
        (claim, comment.strip_suffix(" -->").unwrap_or_else(|| panic!("more behind the test: {line}")))
    };
    lines.map(claim).collect()
}

/// The sources of all crates, each with the words of its path that name it.
fn sources() -> Vec<(Vec<String>, String)> {
    let mut sources = Vec::new();
    let mut dirs = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("..")];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                dirs.push(entry);
            } else if entry.extension().is_some_and(|ending| ending == "rs") {
                let words = entry.with_extension("");
                let words = words.iter().map(|word| word.to_string_lossy().into_owned());
                let named =
                    words.filter(|word| !["tests", "src", "mod", "main", "lib"].contains(&word.as_str()));
                sources.push((named.collect(), fs::read_to_string(&entry).unwrap()));
            }
        }
    }
    sources
}

/// Whether the text has a test of that name: marked as one, or in a macro that makes tests of functions.
fn has_test(text: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().enumerate().any(|(at, line)| {
        let made = || {
            let above = lines[..at].iter().rev();
            above.take_while(|line| !line.trim().is_empty()).any(|line| line.trim() == "#[test]")
        };
        let by_macro = || ["sandboxed! {", "proptest! {"].iter().any(|begin| text.contains(begin));
        line.trim_start().starts_with(&head) && (made() || line.starts_with(' ') && by_macro())
    })
}

#[test]
fn each_sentence_is_held_by_tests_that_exist() {
    let sources = sources();
    assert!(sources.len() > 200, "the sources were not found");
    let mut wrong = Vec::new();
    let claims = claims();
    assert!(claims.len() > 30, "the page was not read");
    for (claim, comment) in &claims {
        let Some(tests) = comment.strip_prefix("test: ") else { continue };
        for test in tests.split(", ") {
            let mut place: Vec<&str> = test.split("::").collect();
            let name = place.pop().unwrap();
            let is_there = |(words, text): &(Vec<String>, String)| {
                let tail = words.len().checked_sub(place.len()).map(|at| &words[at..]);
                !place.is_empty() && tail.is_some_and(|tail| tail == place) && has_test(text, name)
            };
            if !sources.iter().any(is_there) {
                wrong.push(format!("there is no test {test}: {claim}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One sentence each, so that none hides behind the tests of another.
#[test]
fn each_item_is_one_sentence() {
    for (claim, _) in claims() {
        assert!(claim.ends_with('.'), "no sentence: {claim}");
        assert!(!claim.trim_end_matches('.').contains(". "), "more than one sentence: {claim}");
    }
}

#[test]
fn what_no_test_holds_says_why() {
    let unheld: Vec<_> = claims().into_iter().filter(|(_, comment)| !comment.starts_with("test: ")).collect();
    assert_eq!(unheld.len(), UNHELD, "{unheld:?}");
    for (claim, comment) in unheld {
        let reason = comment.strip_prefix("no test: ").unwrap_or_else(|| panic!("{claim}: {comment}"));
        assert!(reason.len() > 20, "{claim}: {reason}");
    }
}

/// What stands outside of the checked part is about the page itself, and about reporting.
#[test]
fn nothing_is_claimed_elsewhere() {
    let (before, rest) = PAGE.split_once("<!-- begin -->").unwrap();
    let (_, after) = rest.split_once("<!-- end -->").unwrap();
    assert!(before.split_whitespace().count() < 40, "{before}");
    assert!(after.trim_start().starts_with("## Reporting\n") && after.matches("## ").count() == 1, "{after}");
    assert!(after.split_whitespace().count() < 50, "{after}");
}
