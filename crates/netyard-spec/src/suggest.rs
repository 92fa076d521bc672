//! Did you mean: the known word closest to an unknown one.

/// Words longer than this are no misspelling of any key.
const LONGEST: usize = 64;

/// How alike two words must be, from 0 (nothing in common) to 1 (equal).
const ALIKE: f64 = 0.8;

/// How alike two words are at least that differ in one letter.
const ONE_OFF: f64 = 0.81;

/// The word of `words` that looks most like `text`; none if none looks like it. Of equally close ones, the first.
///
/// ```
/// assert_eq!(netyard_spec::closest("adress", ["mac", "address"]), Some("address"));
/// assert_eq!(netyard_spec::closest("gv", ["dmz", "gw"]), Some("gw"));
/// assert_eq!(netyard_spec::closest("colour", ["mac", "address"]), None);
/// ```
pub fn closest<'w>(text: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    if text.len() > LONGEST {
        return None;
    }
    let mut best = None;
    let mut best_score = ALIKE;
    for word in words {
        // The shorter the words, the less alike one wrong letter leaves them, though it is the likeliest mistake.
        let one_off = word.len() > 1 && strsim::osa_distance(text, word) == 1;
        let score = strsim::jaro_winkler(text, word).max(if one_off { ONE_OFF } else { 0.0 });
        if score > best_score {
            best = Some(word);
            best_score = score;
        }
    }
    best
}
