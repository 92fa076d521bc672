//! Comparing long texts that should be the same, and telling only where they are not.

use std::fmt::Write;

/// Fails the test unless the two are the same, and tells the lines that differ, each with the few before it.
#[track_caller]
pub(crate) fn assert_same(one: &str, other: &str, what: &str) {
    if one == other {
        return;
    }
    let [one, other] = [one, other].map(|text| text.lines().collect::<Vec<_>>());
    let mut told = String::new();
    for number in 0..one.len().max(other.len()) {
        let lines = (one.get(number).unwrap_or(&""), other.get(number).unwrap_or(&""));
        if lines.0 != lines.1 {
            for line in &one[number.saturating_sub(CONTEXT).min(one.len())..number.min(one.len())] {
                let _ = writeln!(told, "  {line}");
            }
            let _ = writeln!(told, "- {}\n+ {}", lines.0, lines.1);
        }
        if told.len() > LONG_ENOUGH {
            break;
        }
    }
    panic!("{what}; {} lines and {} lines:\n{told}", one.len(), other.len());
}

/// How many lines before a difference are told.
const CONTEXT: usize = 10;

/// When the text says enough to begin with.
const LONG_ENOUGH: usize = 3000;
