//! What came of running the program.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

/// What a program printed, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The words that were typed.
    pub(crate) typed: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// The exit code; none if a signal ended it.
    pub(crate) code: Option<i32>,
    /// The signal that ended it.
    pub(crate) signal: Option<i32>,
}

impl Outcome {
    /// Runs `command` to its end. Where it speaks of `place`, the test's own directory, that is `[place]` in the outcome.
    pub(crate) fn of(mut command: Command, place: &Path) -> Self {
        let output = command.output().unwrap();
        let place = place.to_str().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace(place, "[place]");
        let args = command.get_args().map(|arg| arg.to_string_lossy().replace(place, "[place]"));
        Self {
            typed: ["netyard".to_owned()].into_iter().chain(args).collect::<Vec<_>>().join(" "),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code(),
            signal: output.status.signal(),
        }
    }

    /// Fails the test unless the program ended with this code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{self}");
        self
    }

    /// Fails the test unless the program said this on its standard error.
    #[track_caller]
    pub(crate) fn expect_complaint(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "it does not say `{text}`:\n{self}");
        self
    }
}

impl fmt::Display for Outcome {
    /// As a terminal would show it; each stream under a heading if there is anything in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.typed)?;
        f.write_str(&self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "--- stderr\n{}", self.stderr)?;
        }
        match (self.code, self.signal) {
            (Some(code), _) => writeln!(f, "--- exit {code}"),
            (None, signal) => writeln!(f, "--- signal {}", signal.unwrap_or_default()),
        }
    }
}
