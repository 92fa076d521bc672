//! A page: Markdown whose `console` blocks hold commands and what comes of them.
//!
//! A line beginning with `$ ` is typed in the machine's shell, one beginning with `# ` in the shell that the last `netyard enter`
//! or `netyard shell` opened, one beginning with `> ` goes on with the command before it. Everything else is output. There, a
//! line `...` stands for any number of lines, `[..]` for any text in a line, and runs of white space count as one blank.

/// A part of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Lines to read.
    Prose(String),
    /// A command and what the page says comes of it.
    Command(Command),
}

/// A command of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// In which shell it is typed.
    pub(super) shell: Shell,
    /// The command, with newlines where it goes on.
    pub(super) text: String,
    /// The output as the page has it.
    pub(super) expected: Vec<String>,
    /// The line of the page, from 1.
    pub(super) line: usize,
}

/// A shell of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shell {
    /// The machine's.
    Outer,
    /// The one opened last.
    Inner,
}

impl Shell {
    /// Its prompt.
    pub(super) fn prompt(self) -> char {
        match self {
            Self::Outer => '$',
            Self::Inner => '#',
        }
    }
}

/// Reads a page.
pub(super) fn parse(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut in_block = false;
    for (number, line) in text.lines().enumerate() {
        match (in_block, line.trim_end()) {
            (false, "```console") => in_block = true,
            (true, "```") => in_block = false,
            (true, line) => read_block_line(&mut parts, line, number + 1),
            (false, line) => push_prose(&mut parts, line),
        }
    }
    parts
}

fn read_block_line(parts: &mut Vec<Part>, line: &str, number: usize) {
    let typed = |shell| line.strip_prefix(shell_prefix(shell)).map(|text| (shell, text));
    if let Some((shell, text)) = typed(Shell::Outer).or_else(|| typed(Shell::Inner)) {
        let command = Command { shell, text: text.to_owned(), expected: Vec::new(), line: number };
        parts.push(Part::Command(command));
        return;
    }
    let Some(Part::Command(command)) = parts.last_mut() else { return push_prose(parts, line) };
    match line.strip_prefix("> ") {
        Some(more) if command.expected.is_empty() => {
            command.text.push('\n');
            command.text.push_str(more);
        }
        _ => command.expected.push(line.to_owned()),
    }
}

fn shell_prefix(shell: Shell) -> &'static str {
    match shell {
        Shell::Outer => "$ ",
        Shell::Inner => "# ",
    }
}

fn push_prose(parts: &mut Vec<Part>, line: &str) {
    match parts.last_mut() {
        Some(Part::Prose(text)) => {
            text.push('\n');
            text.push_str(line);
        }
        _ => parts.push(Part::Prose(line.to_owned())),
    }
}

/// Whether `actual` is what the page says.
pub(super) fn matches(expected: &[String], actual: &[String]) -> bool {
    let Some((first, rest)) = expected.split_first() else { return actual.is_empty() };
    if first.trim() == "..." {
        return (0..=actual.len()).any(|skipped| matches(rest, &actual[skipped..]));
    }
    match actual.split_first() {
        Some((line, more)) => line_matches(&squeeze(first), &squeeze(line)) && matches(rest, more),
        None => false,
    }
}

fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn line_matches(expected: &str, actual: &str) -> bool {
    let Some((before, after)) = expected.split_once("[..]") else { return expected == actual };
    let Some(rest) = actual.strip_prefix(before) else { return false };
    let starts = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    starts.into_iter().any(|at| line_matches(after, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_page_is_prose_and_commands() {
        let page =
            "# Title\n\nText.\n```console\n$ netyard enter --empty\n# echo a \\\n> b\na b\n```\nMore.\n";
        let parts = parse(page);
        let Part::Command(inner) = &parts[2] else { panic!("{parts:?}") };
        assert_eq!((inner.shell, inner.text.as_str(), inner.line), (Shell::Inner, "echo a \\\nb", 6));
        assert_eq!(inner.expected, ["a b"]);
        assert_eq!(parts[3], Part::Prose("More.".into()));
    }

    #[test]
    fn dots_stand_for_what_varies() {
        assert!(matches(&lines("a [..] ms\n...\nend"), &lines("a   0.3  ms\nx\ny\nend")));
        assert!(matches(&lines("..."), &[]));
        assert!(!matches(&lines("a"), &lines("a\nb")));
        assert!(!matches(&lines("a\nb"), &lines("a")));
        assert!(!matches(&lines("a [..] b"), &lines("a c")));
    }
}
