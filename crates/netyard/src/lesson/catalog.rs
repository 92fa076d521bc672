//! The lessons, built into the program, so that playing them needs no file.

use std::env;

/// A lesson: its pages and the files that its commands use.
#[derive(Debug)]
pub(crate) struct Lesson {
    /// Its folder's name, which begins with its number.
    pub(crate) name: &'static str,
    english: &'static str,
    korean: &'static str,
    /// Names and contents.
    pub(crate) files: &'static [(&'static str, &'static str)],
}

/// The languages of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Korean,
}

macro_rules! lesson {
    ($folder:literal, $name:literal, [$($file:literal),*]) => {
        Lesson {
            name: $name,
            english: include_str!(concat!("../../../../examples/", $folder, "/README.md")),
            korean: include_str!(concat!("../../../../examples/", $folder, "/README.ko.md")),
            files: &[$(($file, include_str!(concat!("../../../../examples/", $folder, "/", $file)))),*],
        }
    };
}

/// What `netyard demo` plays without a lesson.
static DEMO: Lesson = lesson!("demo", "demo", ["netyard.toml"]);

static LESSONS: [Lesson; 7] = [
    lesson!("lessons/1-switch", "1-switch", ["netyard.toml"]),
    lesson!("lessons/2-gateway", "2-gateway", ["netyard.toml"]),
    lesson!(
        "lessons/3-names",
        "3-names",
        ["netyard.toml", "moved.toml", "hosts.toml", "dns.toml", "again.toml"]
    ),
    lesson!("lessons/4-namespaces", "4-namespaces", []),
    lesson!("lessons/5-cable", "5-cable", []),
    lesson!("lessons/6-bridge", "6-bridge", ["netyard.toml"]),
    lesson!("lessons/7-way-out", "7-way-out", []),
];

impl Language {
    /// That of the environment (locale(7)): Korean where it says so, else English.
    pub(crate) fn of_environment() -> Self {
        let set = |name: &&str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let first = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find(set).and_then(env::var_os);
        let is_korean = first.is_some_and(|value| value.to_string_lossy().starts_with("ko"));
        if is_korean { Self::Korean } else { Self::English }
    }
}

impl Lesson {
    /// The lesson with this number or name; without one, the demonstration.
    pub(crate) fn find(name: Option<&str>) -> Option<&'static Self> {
        let Some(name) = name else { return Some(&DEMO) };
        LESSONS.iter().find(|lesson| {
            lesson.name == name
                || lesson.name.split_once('-').is_some_and(|(n, word)| n == name || word == name)
        })
    }

    /// All lessons, in order.
    pub(crate) fn all() -> &'static [Self] {
        &LESSONS
    }

    /// The page.
    pub(crate) fn page(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Korean => self.korean,
        }
    }

    /// The page's heading.
    pub(crate) fn title(&self, language: Language) -> &'static str {
        self.page(language).lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::page::{Part, parse};
    use super::*;

    #[test]
    fn both_languages_type_the_same() {
        let commands = |page| {
            parse(page).into_iter().filter_map(|part| match part {
                Part::Command(command) => Some((command.text, command.expected)),
                Part::Prose(_) => None,
            })
        };
        for lesson in LESSONS.iter().chain([&DEMO]) {
            let english: Vec<_> = commands(lesson.english).collect();
            let korean: Vec<_> = commands(lesson.korean).collect();
            assert!(!english.is_empty(), "{} types nothing", lesson.name);
            assert_eq!(english, korean, "{}", lesson.name);
        }
    }

    #[test]
    fn lessons_are_found_by_number_and_by_name() {
        for name in ["2", "gateway", "2-gateway"] {
            assert_eq!(Lesson::find(Some(name)).unwrap().name, "2-gateway");
        }
        assert!(Lesson::find(Some("8")).is_none());
    }
}
