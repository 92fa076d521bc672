//! `netyard demo`.

use super::print;
use crate::args::Demo;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::lesson::{Language, Lesson, PlayError, play};
use crate::render::table::Table;

/// Plays the demonstration or a lesson.
pub(super) fn run(demo: &Demo) -> Result<Exit, CommandError> {
    let language = Language::of_environment();
    if demo.list {
        let mut table = Table::new(&["lesson", "title"]);
        for lesson in Lesson::all() {
            table.row([lesson.name.to_owned(), lesson.title(language).to_owned()]);
        }
        return print(&table.render());
    }
    let name = demo.lesson.as_deref();
    let lesson = Lesson::find(name)
        .ok_or_else(|| CommandError::NoLesson { name: name.unwrap_or_default().to_owned() })?;
    match play(lesson, lesson.page(language), demo.check) {
        Ok(()) => Ok(Exit::Done),
        Err(PlayError::Output(error)) => Err(CommandError::Output(error)),
        Err(error) => Err(error.into()),
    }
}
