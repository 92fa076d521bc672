//! The mistakes of a file, ready to be shown.

use std::path::PathBuf;

use netyard_spec::{Code, Mistake, Span};

/// The mistakes of a file, in the order of the file.
#[derive(Debug, thiserror::Error)]
#[error("{} has {}", path.display(), count(list.len()))]
pub(crate) struct Mistakes {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) list: Vec<Note>,
}

fn count(mistakes: usize) -> String {
    if mistakes == 1 { String::from("a mistake") } else { format!("{mistakes} mistakes") }
}

/// A mistake, ready to be shown.
#[derive(Debug)]
pub(crate) struct Note {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) span: Span,
    pub(crate) also: Vec<Span>,
    pub(crate) hint: Option<String>,
}

impl Note {
    /// A finding with its causes in one sentence.
    pub(crate) fn new<P: Mistake>(finding: &netyard_spec::Finding<P>, hint: Option<String>) -> Self {
        let mut message = finding.problem.to_string();
        let mut cause = finding.problem.source();
        while let Some(error) = cause {
            message = format!("{message}: {error}");
            cause = error.source();
        }
        Self { code: finding.code(), message, span: finding.span.clone(), also: finding.also.clone(), hint }
    }
}
