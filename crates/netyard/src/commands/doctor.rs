//! `netyard doctor`: whether this machine can run labs, tried for real.

use std::process::{Command, ExitCode, Stdio};

use netyard_kernel::Probe;
use netyard_kernel::sandbox::{self, Ended, Fork, SandboxError};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{print, print_json};
use crate::args::Json;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::hints;
use crate::render::style::{ADDED, REMOVED, WARNING};
use crate::world;

/// The first argument of the program when it is to try what the kernel can in a sandbox. Not for people.
pub(crate) const PROBE_ARGUMENT: &str = "--probe-kernel";

/// One thing that was looked at.
#[derive(Debug, Serialize, Deserialize)]
struct Check {
    name: String,
    verdict: Verdict,
    detail: String,
    remedy: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// As it should be.
    Ok,
    /// Labs work, but not everything does.
    Limited,
    /// No lab works.
    Missing,
}

impl Check {
    fn ok(name: &str, detail: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, detail: detail.into(), remedy: Vec::new() }
    }

    fn of(name: &str, verdict: Verdict, detail: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.into(), verdict, detail: detail.into(), remedy: vec![remedy.into()] }
    }
}

/// Looks at everything and says what to do about what is missing.
pub(super) fn run(json: Json) -> Result<Exit, CommandError> {
    let mut checks = vec![kernel_version()];
    checks.extend(probe_in_sandbox()?);
    checks.extend(limits());
    checks.push(run_directory());
    checks.extend(programs());
    let able = checks.iter().all(|check| check.verdict != Verdict::Missing);
    if json.json {
        print_json(&json!({ "schema_version": 1, "able": able, "checks": checks }))?;
    } else {
        print(&render(&checks, able))?;
    }
    Ok(if able { Exit::Done } else { Exit::Failed })
}

fn render(checks: &[Check], able: bool) -> String {
    let mut text = String::new();
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    for check in checks {
        let (word, style) = match check.verdict {
            Verdict::Ok => ("ok     ", ADDED),
            Verdict::Limited => ("limited", WARNING),
            Verdict::Missing => ("missing", REMOVED),
        };
        let line = format!("{style}{word}{style:#}  {:width$}  {}", check.name, check.detail);
        text.push_str(line.trim_end());
        text.push('\n');
        for remedy in &check.remedy {
            text.push_str(&format!("         {:width$}  {}\n", "", remedy.replace('\n', "\n           ")));
        }
    }
    text.push_str(if able {
        "\nthis machine can run labs\n"
    } else {
        "\nthis machine cannot run labs yet\n"
    });
    text
}

/// The oldest kernel with all that is used: overlays in user namespaces.
const OLDEST_KERNEL: (u32, u32) = (5, 11);

fn kernel_version() -> Check {
    let release = nix::sys::utsname::uname().map(|name| name.release().to_string_lossy().into_owned());
    let release = release.unwrap_or_default();
    let mut numbers =
        release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= OLDEST_KERNEL {
        Check::ok("kernel", format!("Linux {release}"))
    } else {
        let (major, minor) = OLDEST_KERNEL;
        let remedy = format!("labs are made for Linux {major}.{minor} and newer");
        Check::of("kernel", Verdict::Limited, format!("Linux {release}"), remedy)
    }
}

/// Makes a sandbox in another process, which tells what it found there line by line.
fn probe_in_sandbox() -> Result<Vec<Check>, CommandError> {
    let program = std::env::current_exe()
        .map_err(|source| CommandError::Start { command: "netyard".into(), source })?;
    let output = Command::new(program)
        .arg(PROBE_ARGUMENT)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|source| CommandError::Start { command: String::from("netyard"), source })?;
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

/// The life of the process that [`PROBE_ARGUMENT`] starts.
#[must_use]
pub(crate) fn run_probe() -> ExitCode {
    match sandbox::create() {
        Err(error) => tell(&[refused(&error)]),
        Ok(Fork::Outside(child)) => match child.wait() {
            Ok(Ended::Code(0)) => {}
            _ => return ExitCode::FAILURE,
        },
        Ok(Fork::Inside) => {
            match sandbox::furnish() {
                Err(error) => tell(&[refused(&error)]),
                Ok(()) => tell(&probe_kernel()),
            }
            std::process::exit(0);
        }
    }
    ExitCode::SUCCESS
}

fn tell(checks: &[Check]) {
    for check in checks {
        if let Ok(line) = serde_json::to_string(check) {
            println!("{line}");
        }
    }
}

fn refused(error: &SandboxError) -> Check {
    let detail = format!("{error}: {}", error.errno.desc());
    let mut remedy = hints::of_sandbox(error);
    remedy.retain(|hint| !hint.contains("netyard doctor`"));
    if hints::is_apparmor_restricted() {
        remedy.push(hints::apparmor_profile());
    }
    Check { name: "namespaces".into(), verdict: Verdict::Missing, detail, remedy }
}

fn probe_kernel() -> Vec<Check> {
    let root = nix::unistd::Uid::from_raw(real_uid()).is_root();
    let how = if root { "as root" } else { "without root, in a user namespace" };
    let mut checks = vec![Check::ok("namespaces", how)];
    match netyard_kernel::probe() {
        Ok(probes) => checks.extend(probes.iter().map(feature)),
        Err(error) => checks.push(Check::of(
            "netlink",
            Verdict::Missing,
            error.to_string(),
            "the kernel needs CONFIG_NET_NS",
        )),
    }
    checks
}

fn feature(probe: &Probe) -> Check {
    match probe.result {
        Ok(()) => Check::ok(probe.name, ""),
        Err(errno) => {
            let (verdict, effect) = if probe.needed {
                (Verdict::Missing, "no lab works without it")
            } else {
                (Verdict::Limited, "labs do without it, only what you set up in them by hand may need it")
            };
            Check::of(
                probe.name,
                verdict,
                errno.desc(),
                format!("the kernel lacks {}; {effect}", probe.option),
            )
        }
    }
}

/// The user's id outside of the sandbox (uid_map of user_namespaces(7)).
fn real_uid() -> u32 {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().nth(1).and_then(|uid| uid.parse().ok()).unwrap_or(0)
}

fn limits() -> Vec<Check> {
    let read =
        |path: &str| std::fs::read_to_string(path).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let mut checks = Vec::new();
    for kind in ["user", "mnt", "pid", "net"] {
        let path = format!("/proc/sys/user/max_{kind}_namespaces");
        let name = format!("{kind} namespaces");
        match read(&path) {
            Some(0) => {
                let remedy = format!("root can allow them: `sysctl -w user.max_{kind}_namespaces=10000`");
                checks.push(Check::of(&name, Verdict::Missing, "none allowed", remedy));
            }
            Some(most) => checks.push(Check::ok(&name, format!("{most} at most"))),
            None => {}
        }
    }
    if let Some(most) = read("/proc/sys/net/ipv4/neigh/default/gc_thresh3") {
        let detail = format!("{most} learned entries for the whole machine");
        checks.push(if most >= 4096 {
            Check::ok("neighbour table", detail)
        } else {
            let remedy =
                "where hundreds of hosts all talk to each other, give the switch `neighbours = \"static\"`";
            Check::of("neighbour table", Verdict::Limited, detail, remedy)
        });
    }
    if let Ok((_, hard)) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE) {
        checks.push(Check::ok("open files", format!("{hard} at most")));
    }
    checks
}

fn run_directory() -> Check {
    let run_dir = world::chosen_run_dir();
    let path = run_dir.path().display().to_string();
    match run_dir.ensure() {
        Ok(()) => Check::ok("run directory", path),
        Err(error) => Check::of(
            "run directory",
            Verdict::Missing,
            crate::render::error::chain(&error),
            "set NETYARD_RUN_DIR to a directory of your own",
        ),
    }
}

/// Nothing needs them, but the lessons type them.
fn programs() -> Vec<Check> {
    let remedy =
        |package: &str| format!("only the lessons type it; Debian and Ubuntu have it in `{package}`");
    let check = |(program, package): (&str, &str)| {
        if crate::lesson::has_program(program) {
            Check::ok(program, "installed")
        } else {
            Check::of(program, Verdict::Limited, "not installed", remedy(package))
        }
    };
    [("ip", "iproute2"), ("bridge", "iproute2"), ("ping", "iputils-ping"), ("arp", "net-tools")]
        .map(check)
        .into()
}
