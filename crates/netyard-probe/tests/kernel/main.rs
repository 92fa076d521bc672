//! Pings and lookups of names on the real kernel, in a user, mount and network namespace of their own; the machine's network is never touched. Where
//! such namespaces are not permitted, the cases are skipped and the reason is printed.
//!
//! No test harness: a process with several threads cannot enter a user namespace, so this one enters it first and then runs its
//! cases one after another. A case runs if its name contains one of the arguments, or if there are none.
#![expect(clippy::unwrap_used, reason = "all of it is tests, which clippy does not see without the harness")]

mod cases;
mod names;
mod sandbox;
mod server;

use std::panic::catch_unwind;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cases: Vec<(&str, fn())> = cases::ALL.iter().chain(names::ALL).copied().collect();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument == "--list") {
        cases.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    if let Err(reason) = sandbox::enter() {
        println!("skipped {} cases: {reason}", cases.len());
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let mut failed = 0;
    for (name, case) in cases {
        if !filters.is_empty() && !filters.iter().any(|filter| name.contains(filter.as_str())) {
            continue;
        }
        let passed = catch_unwind(case).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
