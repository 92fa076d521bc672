//! From text to [`Spec`]. Every mistake is noted and what is good is kept, so that one run shows them all.
//!
//! It must not ask for keys that the table of keys does not have, nor resolve anything: a name that no node has is no
//! mistake here.

mod cable;
mod domain;
mod duration;
mod fields;
mod file;
mod item;
mod name;
mod names;
mod node;
mod port;
mod records;
mod route;
mod switch;
mod sysctl;
mod trouble;
mod value;

use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use toml::de::DeTable;

pub(crate) use name::is_reserved;

use crate::{Finding, NotText, Problem, Span, Spec};

/// The mistakes found so far.
type Findings = Vec<Finding<Problem>>;

/// Notes a mistake.
fn note(found: &mut Findings, problem: Problem, span: Span) {
    found.push(Finding::new(problem, span));
}

/// Reads a file. Gives all that is good of it, and its mistakes in the order in which they stand there.
///
/// A text that is no TOML gives the mistakes that the TOML parser finds, and of the others those that are mistakes even if the
/// lines around them were misread. What is good of such a text is a guess: look at the [`Spec`] only if no finding has
/// [`Code::Syntax`](crate::Code::Syntax).
#[must_use]
pub fn parse(text: &str) -> (Spec, Vec<Finding<Problem>>) {
    if let Some(at) = text.bytes().position(|byte| byte == 0) {
        return (Spec::default(), vec![Finding::new(Problem::NotText(NotText::Zero { at }), at..at + 1)]);
    }
    let (root, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() && root.get_ref().is_empty() {
        return (Spec::default(), vec![Finding::new(Problem::EmptyFile, 0..0)]);
    }
    let mut found = Findings::new();
    let spec = file::file(root.get_ref(), &mut found);
    if !errors.is_empty() {
        let syntax = syntax_mistakes(text, &errors);
        let newlines: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
        let line = |finding: &Finding<Problem>| newlines.partition_point(|&at| at < finding.span.start);
        let misread: BTreeSet<usize> = syntax.iter().map(line).collect();
        found.retain(|finding| is_in_a_value(&finding.problem) && !misread.contains(&line(finding)));
        found.extend(syntax);
    }
    found.sort_by_key(|finding| (finding.span.start, finding.span.end));
    // The TOML parser says some things twice.
    found.dedup();
    (spec, found)
}

/// Reads a file that may be no text at all.
#[must_use]
pub fn parse_bytes(bytes: &[u8]) -> (Spec, Vec<Finding<Problem>>) {
    let reason = match core::str::from_utf8(bytes) {
        Ok(text) => return parse(text),
        Err(_) if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) => NotText::Utf16,
        Err(error) => NotText::NotUtf8 { at: error.valid_up_to() },
    };
    let at = match reason {
        NotText::NotUtf8 { at } => at,
        _ => 0,
    };
    (Spec::default(), vec![Finding::new(Problem::NotText(reason), at..at)])
}

/// What the TOML parser says.
fn syntax_mistakes(text: &str, errors: &[toml::de::Error]) -> Findings {
    let mistake = |error: &toml::de::Error| {
        let problem = Problem::Syntax { message: String::from(error.message()) };
        Finding::new(problem, within(text, error.span().unwrap_or(text.len()..text.len())))
    };
    errors.iter().map(mistake).collect()
}

/// Whether a mistake is in a value, and not in what belongs to what: it is one even if lines before it were misread.
fn is_in_a_value(problem: &Problem) -> bool {
    !matches!(
        problem,
        Problem::UnknownKey { .. }
            | Problem::MissingKey { .. }
            | Problem::ConflictingKeys { .. }
            | Problem::WrongType { .. }
            | Problem::DuplicateName { .. }
    )
}

/// The same place, moved to lie in the text and to cut no character.
fn within(text: &str, span: Span) -> Span {
    let boundary = |at: &usize| text.is_char_boundary(*at);
    // The text's own ends are boundaries.
    let end = (span.end..text.len()).find(boundary).unwrap_or(text.len());
    let start = (0..=span.start.min(end)).rfind(boundary).unwrap_or(0);
    start..end
}
