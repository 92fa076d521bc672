//! A small writer of JSON (RFC 8259): keys stay in the order in which they are given, so the text is the same every time.
//! It writes what this crate makes itself; reading JSON is `serde_json`'s.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

impl Json {
    pub(crate) fn text(text: &str) -> Self {
        Self::Text(String::from(text))
    }

    pub(crate) fn texts<'w>(texts: impl IntoIterator<Item = &'w str>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    /// The value as indented text, with a newline at its end.
    pub(crate) fn pretty(&self) -> String {
        let mut out = String::new();
        self.write(&mut out, 0);
        out.push('\n');
        out
    }

    fn write(&self, out: &mut String, depth: usize) {
        match self {
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Number(value) => {
                // A `String` takes everything.
                let _ = write!(out, "{value}");
            }
            Self::Text(text) => quote(out, text),
            Self::List(items) => {
                block(out, ('[', ']'), depth, items, |out, item| item.write(out, depth + 1));
            }
            Self::Object(entries) => block(out, ('{', '}'), depth, entries, |out, (key, value)| {
                quote(out, key);
                out.push_str(": ");
                value.write(out, depth + 1);
            }),
        }
    }
}

fn block<T>(
    out: &mut String,
    brackets: (char, char),
    depth: usize,
    items: &[T],
    mut write: impl FnMut(&mut String, &T),
) {
    out.push(brackets.0);
    for (i, item) in items.iter().enumerate() {
        out.push_str(if i == 0 { "\n" } else { ",\n" });
        indent(out, depth + 1);
        write(out, item);
    }
    if !items.is_empty() {
        out.push('\n');
        indent(out, depth);
    }
    out.push(brackets.1);
}

fn indent(out: &mut String, depth: usize) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

/// Writes a string of JSON, which a basic string of TOML reads alike: both take `\"`, `\\` and `\u` with four digits, and TOML
/// does not allow the control character 127 unescaped.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\0'..='\x1f' | '\x7f' => {
                // A `String` takes everything.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn writes_what_serde_json_reads() {
        let json = Json::Object(vec![
            ("b", Json::List(vec![Json::Number(-1), Json::Bool(true), Json::List(vec![])])),
            ("a", Json::text("\"\\\n\u{7f}é")),
            ("o", Json::Object(vec![])),
        ]);
        let text = json.pretty();
        assert!(text.starts_with("{\n  \"b\": [\n    -1,\n    true,\n    []\n  ],\n"), "{text}");
        let read: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["a"], "\"\\\n\u{7f}é");
        assert_eq!(read["b"][0], -1);
        assert!(read["o"].as_object().unwrap().is_empty());
    }
}
