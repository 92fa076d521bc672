//! Text of others on a terminal. Names from a file, from the kernel or from a path can hold escape sequences, and a terminal obeys
//! them: it can be made to hide or to forge what is shown.

use std::borrow::Cow;

/// Whether a terminal takes the character for an order: control characters (ECMA-48), and those that turn the direction of the text
/// around them (UAX #9), by which a line can be made to read otherwise.
fn is_order(c: char) -> bool {
    let turns =
        matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() && c != '\n' || turns
}

/// `text` with all that a terminal would obey written out, as `\u{1b}`. Only the ends of lines stay.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    if !text.contains(is_order) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_order(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    Cow::Owned(shown)
}

/// The same for text that has our own colours in it: they stay.
pub(crate) fn plain_but_colours(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        shown.push_str(&plain(&rest[..at]));
        let len = colour(&rest[at..]);
        shown.push_str(if len == 0 { "\\u{1b}" } else { &rest[at..at + len] });
        rest = &rest[at + len.max(1)..];
    }
    shown.push_str(&plain(rest));
    shown
}

/// The length of the sequence that `text` begins with, if all it does is to set a colour (SGR: `ESC [ numbers m`).
fn colour(text: &str) -> usize {
    let Some(numbers) = text.strip_prefix("\u{1b}[") else { return 0 };
    let end = numbers.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap_or(numbers.len());
    if numbers[end..].starts_with('m') { end + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(plain("lan\nthe second line"), "lan\nthe second line");
        assert_eq!(plain("a\u{1b}[2Jb\r\u{7}\u{9b}31m"), "a\\u{1b}[2Jb\\r\\u{7}\\u{9b}31m");
        assert_eq!(plain("user\u{202e}toor"), "user\\u{202e}toor");
        assert_eq!(plain("사무실 é"), "사무실 é");
    }

    #[test]
    fn our_colours_stay() {
        assert_eq!(plain_but_colours("\u{1b}[1;31mred\u{1b}[0m\n"), "\u{1b}[1;31mred\u{1b}[0m\n");
        assert_eq!(plain_but_colours("\u{1b}[2J\u{1b}]0;title\u{7}"), "\\u{1b}[2J\\u{1b}]0;title\\u{7}");
        assert_eq!(plain_but_colours("end\u{1b}"), "end\\u{1b}");
        assert_eq!(plain_but_colours("\u{1b}[31"), "\\u{1b}[31");
    }
}
