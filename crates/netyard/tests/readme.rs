//! What the pages for new users show is so: the files they print have no mistakes, and both languages show the same.

const ENGLISH: &str = include_str!("../../../README.md");
const KOREAN: &str = include_str!("../../../README.ko.md");

/// The contents of the blocks of a page with this info string.
fn blocks<'a>(page: &'a str, info: &str) -> Vec<&'a str> {
    let opening = format!("```{info}\n");
    let rest = page.split(opening.as_str()).skip(1);
    rest.map(|rest| rest.split("```").next().expect("a split has a first part")).collect()
}

#[test]
fn both_languages_show_the_same() {
    for info in ["console", "sh", "toml", "text"] {
        let english = blocks(ENGLISH, info);
        assert!(!english.is_empty(), "the page has no {info}");
        assert_eq!(english, blocks(KOREAN, info));
    }
}

#[test]
fn the_file_in_the_page_describes_a_network() {
    for text in blocks(ENGLISH, "toml") {
        let (spec, findings) = netyard_spec::parse(text);
        assert!(findings.is_empty(), "{findings:?}");
        let name = spec.name.clone().expect("the file has a name").value;
        let resolution = netyard_model::resolve(&spec, &name);
        assert!(resolution.errors.is_empty(), "{:?}", resolution.errors);
    }
}

#[test]
fn the_file_of_the_session_is_the_demonstration() {
    let session = blocks(ENGLISH, "console")[0];
    let shown =
        session.split("$ ").nth(1).and_then(|first| first.split_once('\n')).expect("a first command").1;
    let demo = include_str!("../../../examples/demo/netyard.toml");
    let demo = demo.split_once("\n\n").expect("the name stands apart").1;
    assert_eq!(shown.trim(), demo.trim());
}

/// Every command that there is stands in the page, so that none is forgotten.
#[test]
fn every_command_is_named() {
    for word in [
        "up",
        "plan",
        "down",
        "ls",
        "show",
        "exec",
        "shell",
        "enter",
        "ping",
        "graph",
        "demo",
        "doctor",
        "import",
        "schema",
        "completions",
        "man",
    ] {
        assert!(
            ENGLISH.contains(&format!("`netyard {word}")) || ENGLISH.contains(&format!("`{word} ")),
            "{word}"
        );
    }
}
