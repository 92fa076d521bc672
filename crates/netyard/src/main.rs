//! Build real networks on one Linux machine from one file.
//!
//! The roof of the house: arguments, rendering, hints and exit codes. What is decided is decided below.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod error;
mod exit;
mod graph;
mod hints;
mod lesson;
mod mistakes;
mod natural;
mod render;
mod source;
mod world;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Colors};
use crate::error::CommandError;
use crate::exit::Exit;

fn main() -> ExitCode {
    match std::env::args_os().nth(1) {
        Some(word) if word == netyard_lab::HOLDER_ARGUMENT => return netyard_lab::run_holder(),
        Some(word) if word == netyard_lab::keeper::KEEPER_ARGUMENT => {
            return netyard_lab::keeper::run_keeper();
        }
        Some(word) if word == netyard_names::NAMES_ARGUMENT => return netyard_names::run_names(),
        Some(word) if word == commands::doctor::PROBE_ARGUMENT => return commands::doctor::run_probe(),
        _ => {}
    }
    let args = Args::parse();
    match args.color {
        None | Some(Colors::Auto) => {}
        Some(Colors::Always) => anstream::ColorChoice::Always.write_global(),
        Some(Colors::Never) => anstream::ColorChoice::Never.write_global(),
    }
    finish(commands::run(args)).leave()
}

/// Tells the person what went wrong, if anything did, and gives the exit code.
fn finish(result: Result<Exit, CommandError>) -> Exit {
    let exit = match result {
        Ok(exit) => exit,
        // Whoever read our output has gone, as `head` does. That is no mistake of anybody's.
        Err(CommandError::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            let mut stderr = anstream::stderr().lock();
            let _ = render::error::write(&mut stderr, &error);
            error.exit()
        }
    };
    let _ = std::io::stdout().flush();
    exit
}
