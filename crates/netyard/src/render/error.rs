//! Errors as people see them: what, the chain of causes, and a hint.

use std::error::Error;
use std::io::{self, Write};

use super::findings;
use super::style::{ERROR, HINT};
use crate::error::CommandError;
use crate::hints;

/// Writes the error.
pub(crate) fn write(out: &mut impl Write, error: &CommandError) -> io::Result<()> {
    if let CommandError::Mistakes(mistakes) = error {
        return findings::write(out, mistakes);
    }
    writeln!(out, "{ERROR}error{ERROR:#}: {error}")?;
    let mut cause = error.source();
    let mut last = error.to_string();
    while let Some(error) = cause {
        let text = error.to_string();
        // A transparent wrapper says what its source says.
        if text != last {
            writeln!(out, "  caused by: {text}")?;
        }
        last = text;
        cause = error.source();
    }
    for line in hints::details(error) {
        writeln!(out, "  {line}")?;
    }
    for hint in hints::of(error) {
        writeln!(out, "{HINT}hint{HINT:#}: {hint}")?;
    }
    Ok(())
}
