//! Any bytes: the parser of the file does not panic, and every place it speaks of lies in the text and cuts no character.
#![no_main]

use libfuzzer_sys::fuzz_target;
use netyard_spec::{Position, parse, parse_bytes};

fuzz_target!(|bytes: &[u8]| {
    let (_, found) = parse_bytes(bytes);
    assert!(found.iter().all(|finding| finding.span.end <= bytes.len()));

    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (spec, found) = parse(text);
    for finding in &found {
        for place in std::iter::once(&finding.span).chain(&finding.also) {
            assert!(text.get(place.clone()).is_some(), "{place:?} of {finding:?}");
            let _ = Position::of(text, place.start);
        }
        assert!(!finding.problem.to_string().is_empty());
    }
    for node in &spec.nodes {
        assert!(text.get(node.name.span.clone()).is_some(), "{:?}", node.name);
    }
    for cable in &spec.cables {
        assert!(text.get(cable.span.clone()).is_some(), "{:?}", cable.span);
    }
});
