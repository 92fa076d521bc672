//! Comparing long texts that should be the same, and telling only where they are not.

use std::collections::BTreeSet;
use std::fmt::Write;

/// Fails the test unless the two are the same, and tells the lines that only one of them has.
#[track_caller]
pub(crate) fn assert_same(one: &str, other: &str, what: &str) {
    if one == other {
        return;
    }
    let [ones, others] = [one, other].map(|text| text.lines().collect::<BTreeSet<_>>());
    let mut told = String::new();
    for (sign, lines) in [('-', ones.difference(&others)), ('+', others.difference(&ones))] {
        for line in lines.take(12) {
            let _ = writeln!(told, "{sign} {line}");
        }
    }
    panic!("{what}:\n{told}");
}
