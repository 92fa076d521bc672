//! The floor: the kernel objects of a lab, made with as little as the kernel needs for it, and nothing of Netyard.
//!
//! ```text
//! floor up N [--bare] [--hold] [--phased] [--threads T] [--per-proc K] [--bridges-last]
//!            [--address-first] [--no-settings] [--no-wait]
//! floor drain
//! ```
//!
//! `up` makes N hosts on two switches (more above 2,000 hosts) with one router, in a sandbox that goes with it, as root or as an
//! ordinary user, and prints the seconds of each part, of the processor, and
//! of all, the last line `total`. `--bare` leaves out the nodes' files and
//! sockets. `--hold` keeps it all until standard input ends. `drain` says how long the kernel still works at what was let go.

#![forbid(unsafe_code)]

mod drain;
mod links;
mod netlink;
mod options;
mod phases;
mod sandbox;
mod settings;
mod shape;
mod up;

use std::env;
use std::error::Error;
use std::fmt::Display;
use std::io::{Read, Write, stdin, stdout};
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

use options::Options;
use phases::Phases;

/// What kept the network from being made. Only people read it.
type Failure = Box<dyn Error + Send + Sync>;
type Result<T> = std::result::Result<T, Failure>;

/// Says of an error what was tried.
trait Context<T> {
    fn context<W: Display>(self, what: impl FnOnce() -> W) -> Result<T>;
}

impl<T, E: Display> Context<T> for std::result::Result<T, E> {
    fn context<W: Display>(self, what: impl FnOnce() -> W) -> Result<T> {
        self.map_err(|error| format!("cannot {}: {error}", what()).into())
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.split_first() {
        Some((first, rest)) if first == "inside" => inside(rest).map(|()| 0),
        Some(_) => now().and_then(|now| sandbox::run_inside(now, &arguments)),
        None => Err("nothing to do: `up N` or `drain`".into()),
    };
    match done {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(error) => {
            eprintln!("floor: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A clock that two processes read alike.
fn now() -> Result<Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).context(|| "read the clock")
}

/// Does what was asked for, in the sandbox. The first argument is when the program was started, in microseconds.
fn inside(arguments: &[String]) -> Result<()> {
    let (start, arguments) = arguments.split_first().ok_or("no time is given")?;
    let start = Duration::from_micros(start.parse().context(|| "read the time")?);
    sandbox::furnish()?;
    match arguments.split_first() {
        Some((first, rest)) if first == "up" => up_and_hold(&Options::parse(rest)?, start),
        Some((first, _)) if first == "drain" => drain::drain(),
        _ => Err("it is `up N` or `drain`".into()),
    }
}

fn up_and_hold(options: &Options, start: Duration) -> Result<()> {
    let mut phases = Phases::default();
    phases.set(phases::Phase::Sandbox, now()?.saturating_sub(start));
    let network = up::up(options, &mut phases)?;
    let total = now()?.saturating_sub(start);
    print!("{phases}");
    let used = getrusage(UsageWho::RUSAGE_SELF).context(|| "read the processor time")?;
    println!("cpu {:.6}", seconds(used.user_time()) + seconds(used.system_time()));
    println!("total {:.6}", total.as_secs_f64());
    stdout().flush().context(|| "print")?;
    let names = network.into_names();
    if options.hold {
        stdin().read_to_end(&mut Vec::new()).context(|| "wait")?;
    }
    drop(names);
    Ok(())
}

fn seconds(time: TimeVal) -> f64 {
    (time.tv_sec() as f64) + (time.tv_usec() as f64) / 1e6
}
