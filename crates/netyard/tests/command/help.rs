//! What the program says about itself. None of it needs a lab.

use std::fs;

use serde_json::Value;

use crate::support::{Netyard, assert_page, example, repository};

/// Each line that is typed has a page in `tests/snapshots` of what comes of it.
macro_rules! pages {
    ($($name:ident: $line:literal;)*) => {
        $(#[test]
        fn $name() {
            let yard = Netyard::without_kernel();
            assert_page("snapshots", stringify!($name), &yard.run($line).to_string());
        })*
    };
}

pages! {
    no_arguments: "";
    version: "--version";
    help: "--help";
    help_in_short: "-h";
    help_up: "up --help";
    help_plan: "plan --help";
    help_down: "down --help";
    help_ls: "ls --help";
    help_show: "show --help";
    help_exec: "exec --help";
    help_shell: "shell --help";
    help_enter: "enter --help";
    help_ping: "ping --help";
    help_graph: "graph --help";
    help_demo: "demo --help";
    help_doctor: "doctor --help";
    help_schema: "schema --help";
    help_import: "import --help";
    help_import_topology: "import topology --help";
    help_completions: "completions --help";
    help_man: "man --help";
    usage_unknown_command: "upp";
    usage_unknown_option: "up --forse";
    usage_unknown_table: "show cables";
    usage_no_node: "exec";
    usage_no_command: "exec a";
    usage_bad_lab_name: "ls -l Bad_Name";
    usage_ping_nobody: "ping a";
    usage_ping_no_packet: "ping a b -c 0";
    usage_ping_no_seconds: "ping a b -i soon";
    usage_negative_seconds: "ping a b -W -1";
    usage_script_or_json: "plan --script --json";
    usage_empty_or_lab: "enter --empty -l x";
    no_file: "up";
    no_file_to_plan: "plan";
    file_is_not_there: "up nowhere.toml";
    file_is_a_folder: "up .";
    no_lab: "show nodes";
    no_lab_to_take_away: "down";
    no_such_lab: "show nodes -l office";
    no_such_lab_to_take_away: "down office";
    no_labs_to_take_away: "down --all";
    no_labs: "ls";
    no_labs_json: "ls --json";
    no_such_lesson: "demo 8";
    demo_list: "demo --list";
    import_of_nothing: "import topology nowhere.json";
}

#[test]
fn demo_list_in_korean() {
    let yard = Netyard::without_kernel();
    let mut command = yard.command(["demo", "--list"]);
    command.env_remove("LC_ALL").env("LANG", "ko_KR.UTF-8");
    let output = command.output().unwrap();
    assert_page("snapshots", "demo_list_in_korean", &String::from_utf8(output.stdout).unwrap());
}

#[test]
fn doctor_tells_people_and_programs_the_same() {
    let yard = Netyard::without_kernel();
    let outcome = yard.run("doctor --json");
    let answer: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(answer["schema_version"], 1);
    assert_eq!(outcome.code, Some(i32::from(answer["able"] == false)));
    let text = yard.run("doctor");
    assert_eq!(text.code, outcome.code);
    let lines: Vec<&str> = text.stdout.lines().collect();
    let checks = answer["checks"].as_array().unwrap();
    for check in checks {
        let (name, verdict) = (check["name"].as_str().unwrap(), check["verdict"].as_str().unwrap());
        let is_line =
            |line: &&str| line.strip_prefix(verdict).is_some_and(|rest| rest.trim_start().starts_with(name));
        assert!(lines.iter().any(is_line), "no line says that {name} is {verdict}:\n{text}");
        let needs_remedy = verdict != "ok";
        assert_eq!(needs_remedy, !check["remedy"].as_array().unwrap().is_empty(), "{check}");
    }
    for name in ["kernel", "namespaces", "run directory", "neighbour table", "ip", "ping"] {
        assert!(checks.iter().any(|check| check["name"] == name), "nobody looked at {name}");
    }
    // Looking leaves nothing behind but the directory it looked at.
    assert!(fs::read_dir(yard.run_dir()).unwrap().next().is_none());
}

#[test]
fn doctor_knows_a_run_directory_that_cannot_be_used() {
    let yard = Netyard::without_kernel();
    let mut command = yard.command(["doctor", "--json"]);
    let file = yard.write("file", "");
    let output = command.env("NETYARD_RUN_DIR", file.join("run")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = answer["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == "run directory").unwrap();
    assert_eq!(check["verdict"], "missing");
}

#[test]
fn the_schema_is_of_this_file_format() {
    let yard = Netyard::without_kernel();
    let schema = yard.json("schema");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    for key in ["name", "switch", "host", "router", "cable", "names", "allow", "comment"] {
        assert!(keys.iter().any(|known| *known == key), "{key} is not in {keys:?}");
    }
}

#[test]
fn an_imported_topology_is_a_file_that_can_be_planned() {
    let yard = Netyard::without_kernel();
    let topology = repository("examples/geant/topology.json");
    let made = yard.ok(&format!("import topology {}", topology.display()));
    assert_eq!(made, example("geant"));
    yard.write("geant.toml", &made);
    assert!(yard.ok("plan geant.toml").contains("+ add host h-uk1-uk"));
    // From a pipe, the same.
    let input = fs::File::open(topology).unwrap();
    let output = yard.command(["import", "topology", "-"]).stdin(input).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), made);
}

#[test]
fn what_is_no_topology_is_refused() {
    for (name, text) in [("no_json", "{"), ("no_graph", "[]"), ("no_node", r#"{"nodes": [], "edges": []}"#)] {
        let yard = Netyard::without_kernel();
        yard.write("graph.json", text);
        let outcome = yard.run("import topology graph.json").expect_code(1);
        assert_page("snapshots", &format!("import_of_{name}"), &outcome.to_string());
    }
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Netyard::without_kernel().ok(&format!("completions {shell}"));
        for command in ["up", "plan", "topology", "--script"] {
            let word = command.trim_start_matches("--");
            assert!(script.contains(word), "{shell} does not complete {command}");
        }
        assert!(!script.contains("--hold-lab"), "{shell} completes what is not for people");
    }
}

#[test]
fn man_pages_are_written() {
    let yard = Netyard::without_kernel();
    assert_page("snapshots", "man", &yard.run("man pages/man1").to_string());
    let entries = fs::read_dir(yard.folder().join("pages/man1")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_page("snapshots", "man_files", &names.join("\n"));
    let page = fs::read_to_string(yard.folder().join("pages/man1/netyard-up.1")).unwrap();
    assert!(page.contains(".SH DESCRIPTION"), "{page}");
}

#[test]
fn a_file_is_planned_without_a_kernel() {
    let yard = Netyard::without_kernel();
    yard.write("netyard.toml", example("demo"));
    assert_page("snapshots", "plan_of_a_new_lab", &yard.run("plan --check").to_string());
    assert_page("snapshots", "script_of_a_new_lab", &yard.run("plan --script").to_string());
}
