//! `netyard completions` and `netyard man`, both from the one definition of the arguments.

use std::fs;
use std::path::Path;

use clap::CommandFactory;

use super::print;
use crate::args::Args;
use crate::error::CommandError;
use crate::exit::Exit;

/// Prints the completions for a shell.
pub(super) fn print_completions(shell: clap_complete::Shell) -> Result<Exit, CommandError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "netyard", &mut script);
    print(&String::from_utf8_lossy(&script))
}

/// Writes `netyard.1` and a page for every command.
pub(super) fn write_man_pages(dir: &Path) -> Result<Exit, CommandError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| CommandError::Write { path, source }
    };
    fs::create_dir_all(dir).map_err(failed(dir))?;
    clap_mangen::generate_to(Args::command(), dir).map_err(failed(dir))?;
    print(&format!("wrote the man pages to {}\n", dir.display()))
}
