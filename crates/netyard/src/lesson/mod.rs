//! Lessons: pages of prose and commands that can be played, and checked against what they say comes of each command.

mod catalog;
mod page;
mod player;

pub(crate) use catalog::{Language, Lesson};
pub(crate) use player::{PlayError, has_program, play};
