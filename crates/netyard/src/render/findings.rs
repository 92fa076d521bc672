//! The mistakes of a file, each at its place.

use std::borrow::Cow;
use std::io::{self, Write};

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::plain::plain;
use super::style::ERROR;
use crate::mistakes::{Mistakes, Note};

/// So many are shown: nobody reads more, and each takes a look at the whole file.
const MOST: usize = 100;

/// Writes the first of them, and how many there are.
pub(crate) fn write(out: &mut impl Write, mistakes: &Mistakes) -> io::Result<()> {
    let renderer = Renderer::styled().decor_style(DecorStyle::Ascii);
    let path = mistakes.path.display().to_string();
    let path = plain(&path);
    let text = without_c1(&mistakes.text);
    for note in mistakes.list.iter().take(MOST) {
        let group = group(note, &text, &path);
        writeln!(out, "{}\n", renderer.render(&[group]))?;
    }
    if let Some(more) = mistakes.list.len().checked_sub(MOST).filter(|more| *more > 0) {
        writeln!(out, "and {more} more\n")?;
    }
    writeln!(out, "{ERROR}error{ERROR:#}: {}; nothing was changed", plain(&mistakes.to_string()))
}

/// The text with a dot for each control character that the renderer lets through (C1, ECMA-48 §5.3), of the same length, so that
/// every place in it stays.
fn without_c1(text: &str) -> Cow<'_, str> {
    let is_c1 = |c: char| matches!(c, '\u{80}'..='\u{9f}');
    if text.contains(is_c1) { Cow::Owned(text.replace(is_c1, "\u{b7}")) } else { Cow::Borrowed(text) }
}

fn group<'a>(note: &'a Note, text: &'a str, path: &'a str) -> Group<'a> {
    let title = Level::ERROR.primary_title(plain(&note.message)).id(note.code.as_str());
    let mut snippet =
        Snippet::source(text).path(path).annotation(AnnotationKind::Primary.span(fit(&note.span, text)));
    for also in &note.also {
        snippet = snippet.annotation(AnnotationKind::Context.span(fit(also, text)).label("the other place"));
    }
    let group = Group::with_title(title);
    // An empty or unreadable text has no place to point at.
    let has_place = !text.trim().is_empty() && !text.contains('\u{fffd}') && !text.contains('\0');
    let group =
        if has_place { group.element(snippet) } else { group.element(annotate_snippets::Origin::path(path)) };
    match &note.hint {
        Some(hint) => group.element(Level::HELP.with_name("hint").message(plain(hint))),
        None => group,
    }
}

/// A place within the text: a text that was no UTF-8 is shown with marks of another length.
fn fit(span: &std::ops::Range<usize>, text: &str) -> std::ops::Range<usize> {
    let mut start = span.start.min(text.len());
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}
