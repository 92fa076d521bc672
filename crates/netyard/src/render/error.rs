//! Errors as people see them: what, the chain of causes, and a hint.

use std::error::Error;
use std::io::{self, Write};

use super::findings;
use super::plain::plain;
use super::style::{ERROR, HINT};
use crate::error::CommandError;
use crate::hints;

/// Writes the error.
pub(crate) fn write(out: &mut impl Write, error: &CommandError) -> io::Result<()> {
    if let CommandError::Mistakes(mistakes) = error {
        return findings::write(out, mistakes);
    }
    writeln!(out, "{ERROR}error{ERROR:#}: {}", plain(&error.to_string()))?;
    for text in texts(error).iter().skip(1) {
        writeln!(out, "  caused by: {}", plain(text))?;
    }
    for line in hints::details(error) {
        writeln!(out, "  {}", plain(&line))?;
    }
    for hint in hints::of(error) {
        writeln!(out, "{HINT}hint{HINT:#}: {}", plain(&hint))?;
    }
    Ok(())
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    plain(&texts(error).join(": ")).into_owned()
}

/// What an error and its causes say, the error first.
fn texts(error: &dyn Error) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        texts.push(error.to_string());
        cause = error.source();
    }
    // A transparent wrapper says what its source says.
    texts.dedup();
    texts
}
