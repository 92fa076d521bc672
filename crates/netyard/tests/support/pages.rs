//! Comparing what was printed with a page that is kept in the repository, with what varies masked.

use std::path::Path;

/// Compares `text` with the kept page `name` of the directory `tests/DIR`. What is a time, a process or a version is masked.
///
/// New and changed pages are written with `INSTA_UPDATE=always`.
#[track_caller]
pub(crate) fn assert_page(dir: &str, name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(dir));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, mask(text)));
}

/// `text` without what differs between two runs.
fn mask(text: &str) -> String {
    let text = text.replace(concat!("netyard ", env!("CARGO_PKG_VERSION")), "netyard [version]");
    let mut masked = String::new();
    for line in text.lines() {
        masked.push_str(&mask_line(line));
        masked.push('\n');
    }
    masked
}

/// Numbers with three decimals are milliseconds, those with two before ` s` are seconds.
fn mask_line(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let mut masked = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let is_followed_by = |unit: &str| words.get(at + 1).is_some_and(|next| next.starts_with(unit));
        // In JSON a number has no zeros at its end.
        let is_seconds = at > 0 && words[at - 1] == "\"seconds\":";
        let is_time = is_followed_by("s:") || is_followed_by("ms") || is_seconds;
        masked.push(if is_time || has_decimals(word, 3) { mask_decimals(word) } else { (*word).to_owned() });
    }
    masked.join(" ")
}

/// Whether the word is a number with that many decimals.
fn has_decimals(word: &str, count: usize) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.')
        .is_some_and(|(whole, part)| is_number(whole) && is_number(part) && part.len() == count)
}

/// The word with every number that has a decimal point masked: `time=0.123` is `time=[..]`.
fn mask_decimals(word: &str) -> String {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let mut masked = String::new();
    let mut rest = word;
    while let Some(start) = rest.find(is_part) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|c| !is_part(c)).unwrap_or(number.len());
        masked.push_str(before);
        masked.push_str(if number[..end].contains('.') { "[..]" } else { &number[..end] });
        rest = &number[end..];
    }
    masked + rest
}
