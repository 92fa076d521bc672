//! Did you mean: the known word closest to an unknown one.

/// Words longer than this are no misspelling of any key.
const LONGEST: usize = 64;

/// How alike two words must be, from 0 (nothing in common) to 1 (equal).
const ALIKE: f64 = 0.8;

/// The word of `words` that looks most like `text`; none if none looks like it. Of equally close ones, the first.
///
/// ```
/// assert_eq!(netyard_spec::closest("adress", ["mac", "address"]), Some("address"));
/// assert_eq!(netyard_spec::closest("colour", ["mac", "address"]), None);
/// ```
pub fn closest<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    if text.len() > LONGEST {
        return None;
    }
    let mut best = None;
    let mut best_score = ALIKE;
    for word in words {
        let score = strsim::jaro_winkler(text, word);
        if score > best_score {
            best = Some(word);
            best_score = score;
        }
    }
    best
}
