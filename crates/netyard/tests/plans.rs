//! Golden cases of the planner: each folder of `tests/plans` holds what ran (`before.toml`, if anything did), what is wanted
//! (`after.toml`), and the steps from the one to the other with their reasons (`plan.txt`). A new case is a new folder.
//!
//! `NETYARD_BLESS=1` writes the plans anew.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use netyard_plan::{Plan, diff, simulate};
use netyard_types::{Features, LabName, NetState};

fn state(file: &Path) -> NetState {
    let Ok(text) = fs::read_to_string(file) else { return NetState::default() };
    let (spec, findings) = netyard_spec::parse(&text);
    assert!(findings.is_empty(), "{}: {findings:?}", file.display());
    let resolution = netyard_model::resolve(&spec, &LabName::new("case").expect("a word is a name"));
    assert!(resolution.errors.is_empty(), "{}: {:?}", file.display(), resolution.errors);
    let network = resolution.network.expect("there are no errors");
    netyard_model::compile(&network, &Features::all()).expect("a kernel with everything builds it")
}

fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.steps {
        writeln!(text, "{}  ({})", planned.step, planned.reason).expect("a string takes everything");
    }
    for moved in plan.moves() {
        let list = |addresses: &[netyard_types::IfAddr]| {
            addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        };
        writeln!(text, "moves: {} from {} to {}", moved.at, list(&moved.from), list(&moved.to))
            .expect("a string takes everything");
    }
    if text.is_empty() { String::from("nothing to do\n") } else { text }
}

#[test]
fn plans_are_as_written() {
    let cases = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/plans"));
    let mut seen = 0;
    for case in fs::read_dir(cases).expect("the cases are there") {
        let case = case.expect("the cases can be read").path();
        let (before, after) = (state(&case.join("before.toml")), state(&case.join("after.toml")));
        let plan = diff(&before, &after);
        assert!(plan.conflicts.is_empty(), "{}: {:?}", case.display(), plan.conflicts);
        let (file, text) = (case.join("plan.txt"), text(&plan));
        if std::env::var_os("NETYARD_BLESS").is_some() {
            fs::write(&file, &text).expect("the plan can be written");
        }
        let written = fs::read_to_string(&file).unwrap_or_default();
        assert!(text == written, "{} is now\n{text}", file.display());
        // A golden file says what is done, the simulation that it is enough.
        let mut reached = before;
        for planned in &plan.steps {
            simulate(&mut reached, &planned.step)
                .unwrap_or_else(|error| panic!("{}: {error}", case.display()));
        }
        assert!(reached == after, "{} does not lead to what is wanted", case.display());
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} cases were found");
}
