//! The commands, a file each.

pub(crate) mod demo;
pub(crate) mod doctor;
mod down;
mod enter;
mod exec;
mod graph;
mod import;
mod ls;
mod manual;
pub(crate) mod names;
mod ping;
mod plan;
mod show;
mod up;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};

use crate::args::{Args, Command};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::plain::plain_but_colours;

/// Does what the arguments ask for.
pub(crate) fn run(args: Args) -> Result<Exit, CommandError> {
    let lab = args.lab.as_ref();
    match args.command {
        Command::Up(up) => up::run(lab, &up),
        Command::Plan(plan) => plan::run(lab, &plan),
        Command::Down(down) => down::run(lab, &down),
        Command::Ls(json) => ls::run(json),
        Command::Show(show) => show::run(lab, &show),
        Command::Exec(exec) => exec::run(lab, &exec.node, &exec.command),
        Command::Shell(shell) => exec::run_shell(lab, &shell.node),
        Command::Enter(enter) => enter::run(lab, &enter),
        Command::Ping(ping) => ping::run(lab, &ping),
        Command::Graph(graph) => graph::run(lab, &graph),
        Command::Demo(demo) => demo::run(&demo),
        Command::Doctor(json) => doctor::run(json),
        Command::Schema => print(&netyard_spec::schema()),
        Command::Import(import) => import::run(&import),
        Command::Completions { shell } => manual::print_completions(shell),
        Command::Man { dir } => manual::write_man_pages(&dir),
    }
}

/// Prints an answer.
fn print(text: &str) -> Result<Exit, CommandError> {
    let mut stdout = anstream::stdout().lock();
    let shown = if std::io::stdout().is_terminal() {
        Cow::Owned(plain_but_colours(text))
    } else {
        // Whoever reads a pipe gets what there is.
        Cow::Borrowed(text)
    };
    stdout.write_all(shown.as_bytes()).map_err(CommandError::Output)?;
    Ok(Exit::Done)
}

/// Prints an answer in JSON. Each has the member `schema_version`; members are only ever added.
fn print_json(value: &serde_json::Value) -> Result<Exit, CommandError> {
    print(&format!("{value:#}\n"))
}
