//! A mistake and its place. What the mistakes are, each room says for itself.

use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use crate::{Code, Span};

/// What can be wrong with a file, in the eyes of one room.
pub trait Mistake: Error {
    /// The short, lasting name of the mistake.
    fn code(&self) -> Code;
}

/// A mistake and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding<P> {
    /// What is wrong.
    pub problem: P,
    /// Where, in bytes.
    pub span: Span,
    /// Other places concerned, such as the first of two equal names.
    pub also: Vec<Span>,
}

impl<P> Finding<P> {
    /// A mistake that concerns one place.
    pub fn new(problem: P, span: Span) -> Self {
        Self { problem, span, also: Vec::new() }
    }

    /// The same mistake, concerning another place too.
    #[must_use]
    pub fn with(mut self, also: Span) -> Self {
        self.also.push(also);
        self
    }
}

impl<P: Mistake> Finding<P> {
    /// The short, lasting name of the mistake.
    pub fn code(&self) -> Code {
        self.problem.code()
    }
}

/// A place as editors count it: lines and characters from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in the line, not the byte.
    pub column: usize,
}

impl Position {
    /// The place of the byte `offset` of `text`; of its end, if the text is shorter.
    #[must_use]
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text.as_bytes()[..offset.min(text.len())];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |newline| newline + 1);
        // Every byte of UTF-8 that does not continue a character begins one.
        let begins_character = |byte: &&u8| **byte & 0b1100_0000 != 0b1000_0000;
        Self {
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: before[line_start..].iter().filter(begins_character).count() + 1,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters() {
        let text = "a = \"é\"\nb";
        let of = |offset| {
            let Position { line, column } = Position::of(text, offset);
            (line, column)
        };
        assert_eq!(of(0), (1, 1));
        assert_eq!(of(text.find("\"\n").unwrap()), (1, 7));
        assert_eq!(of(text.len() - 1), (2, 1));
        assert_eq!(of(1000), (2, 2));
        assert_eq!(Position::of("", 0), Position { line: 1, column: 1 });
    }
}
