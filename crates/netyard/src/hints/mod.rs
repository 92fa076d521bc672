//! The one place that knows what to do about each error. Libraries state facts; this turns them into advice.

mod file;
mod names;
mod system;

use std::path::Path;

use netyard_kernel::KernelError;
use netyard_kernel::netlink::Refusal;
use netyard_kernel::sandbox::{SandboxError, SandboxStep};
use netyard_lab::{LabError, NotOwn};
use netyard_plan::{ApplyError, Conflict, RolledBack};
use netyard_probe::{NameServer, ResolveError, ServerFault};
use netyard_types::{DomainName, NodeName};
use nix::errno::Errno;

use crate::error::CommandError;

pub(crate) use file::{of_model_problem, of_spec_problem};

/// What to do about an error, in as many sentences as there are ways, and in what state it has left the lab.
pub(crate) fn of(error: &CommandError) -> Vec<String> {
    let mut hints = of_cause(error);
    hints.extend(match error {
        CommandError::Apply(error) => of_outcome(error),
        CommandError::TakenBack { rolled_back, .. } => vec![of_rolled_back(rolled_back)],
        CommandError::Unborn(_) => {
            vec![String::from("the lab was not there before, and nothing is left of it")]
        }
        _ => Vec::new(),
    });
    hints
}

/// What to do about an error.
fn of_cause(error: &CommandError) -> Vec<String> {
    let one = |text: &str| vec![String::from(text)];
    match error {
        // There is nothing left to look at.
        CommandError::Unborn(source) if matches!(**source, CommandError::Settle(_)) => Vec::new(),
        CommandError::TakenBack { source, .. } | CommandError::Unborn(source) => of_cause(source),
        CommandError::NoFile => {
            one("name the file, as in `netyard up office.toml`, or see a network without any: `netyard demo`")
        }
        CommandError::OtherVersion { .. } => {
            one("use the version that made it, or the lab from outside of it")
        }
        CommandError::Compile(_) => one(
            "take IPv6 out of the file, or start a kernel that has it (`ipv6.disable=1` on its command line switches it off)",
        ),
        CommandError::TooLarge { .. } => {
            one("`count` makes many hosts of one; is this the file that was meant?")
        }
        CommandError::NoLab => one("bring one up first: `netyard up`"),
        CommandError::SeveralLabs { names } => vec![format!("say which one: `netyard -l {} …`", names[0])],
        CommandError::NoNode { near: Some(near), .. } => vec![format!("did you mean `{near}`?")],
        CommandError::NoNode { near: None, .. } => one("`netyard show nodes` lists them"),
        CommandError::Resolve { near: Some(near), .. } => vec![format!("did you mean `{near}`?")],
        CommandError::Resolve { from, near: None, source } => of_resolve(from, source),
        CommandError::NoLesson { .. } => one("`netyard demo --list` lists them"),
        CommandError::Lab(error) => of_lab(error),
        CommandError::Sandbox(error) => of_sandbox(error),
        CommandError::Names(error) => names::of(error),
        CommandError::Settle(_) => {
            one("`netyard show links` shows the state of every link; `netyard down` takes all of it away")
        }
        CommandError::Observe(_) | CommandError::Apply(ApplyError::Observe(_)) => {
            vec![of_kernel(error).unwrap_or_else(of_machine)]
        }
        CommandError::Apply(error) => of_kernel(error).into_iter().collect(),
        // What a person's own file or program lacks, its name tells.
        error if matches!(errno_behind(error), Some(Errno::EPERM | Errno::EACCES)) => Vec::new(),
        error => of_kernel(error).into_iter().collect(),
    }
}

/// What is worth a look where nothing else is known.
fn of_machine() -> String {
    String::from("`netyard doctor` checks what this machine lacks")
}

/// What to do about a name that means nothing on the node `from`.
fn of_resolve(from: &NodeName, error: &ResolveError) -> Vec<String> {
    let listed = || format!("`netyard show names {from}` lists the names it knows; addresses always work");
    match error {
        ResolveError::UnknownName { .. }
        | ResolveError::NoName { .. }
        | ResolveError::NoAddress { .. }
        | ResolveError::BadName { .. } => vec![listed()],
        ResolveError::NoAnswer { asked, faults, .. } => {
            let mut hints: Vec<String> = Vec::new();
            for (server, fault) in faults {
                let hint = of_server_fault(from, asked, server, fault);
                hints.extend(hint.filter(|hint| !hints.contains(hint)));
            }
            hints
        }
        _ => Vec::new(),
    }
}

fn of_server_fault(
    from: &NodeName,
    asked: &DomainName,
    server: &NameServer,
    fault: &ServerFault,
) -> Option<String> {
    match fault {
        // Its own address needs no network.
        ServerFault::Silent { .. } | ServerFault::Unreachable { .. } if !server.addr.is_loopback() => Some(
            format!("the network carries the queries: `netyard ping {from} {server}` shows whether it does"),
        ),
        ServerFault::Unreachable { .. } => {
            Some(format!("`netyard show links {from}` shows whether its interface lo is on"))
        }
        ServerFault::NobodyListens => Some(format!(
            "`netyard exec {from} -- cat /etc/resolv.conf` shows which servers it asks; `netyard up` mends that file"
        )),
        ServerFault::Declined => Some(format!(
            "it answers for the lab's own names alone, unless `[names]` has `forward`; `{asked}` is none of them"
        )),
        _ => None,
    }
}

fn of_lab(error: &LabError) -> Vec<String> {
    match error {
        LabError::NotRunning { .. } => {
            vec![String::from("`netyard up` brings it up, `netyard ls` lists the labs that run")]
        }
        LabError::Version { name, is_removable: true, .. } => vec![format!(
            "use the version that made it; or take the lab away, which any version can (`netyard down {name}`), and bring it up anew"
        )],
        LabError::Version { name, is_removable: false, .. } => {
            vec![format!("take it away with `netyard down {name}` of the version that made it")]
        }
        LabError::NotOwn { path, why } => of_not_own(path, *why),
        LabError::File { path, source, .. } => {
            let errno = source.raw_os_error().map(Errno::from_raw);
            vec![errno.and_then(|errno| system::of_run_dir_file(errno, path)).unwrap_or_else(of_machine)]
        }
        LabError::StartHolder(source) => {
            let errno = source.raw_os_error().map(Errno::from_raw);
            vec![errno.and_then(system::of_errno).map_or_else(of_machine, String::from)]
        }
        LabError::HolderEnded => vec![of_machine()],
        LabError::Record { path, .. } => vec![format!("if no lab runs there, remove {}", path.display())],
        LabError::Sandbox(error) => of_sandbox(error),
        _ => Vec::new(),
    }
}

fn of_not_own(path: &Path, why: NotOwn) -> Vec<String> {
    let elsewhere = String::from("set XDG_RUNTIME_DIR or NETYARD_RUN_DIR to a directory of your own");
    match why {
        NotOwn::Writable(_) => {
            vec![
                format!("if nobody has tampered with it, close it: `chmod go-w {}`", path.display()),
                elsewhere,
            ]
        }
        _ => vec![format!("look who put it there: `ls -ld {}`", path.display()), elsewhere],
    }
}

/// Whether AppArmor keeps user namespaces from programs without a profile, as Ubuntu does since 23.10.
pub(crate) fn is_apparmor_restricted() -> bool {
    has_value("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1")
}

/// The profile that lets this very program make user namespaces, and how to install it.
pub(crate) fn apparmor_profile() -> String {
    let program =
        std::env::current_exe().map_or_else(|_| "/usr/bin/netyard".into(), |path| path.display().to_string());
    format!(
        "as root, write this to /etc/apparmor.d/netyard and run `apparmor_parser -r /etc/apparmor.d/netyard`:\n\
         abi <abi/4.0>,\ninclude <tunables/global>\n\
         profile netyard \"{program}\" flags=(unconfined) {{\n  userns,\n  include if exists <local/netyard>\n}}"
    )
}

fn has_value(path: &str, value: &str) -> bool {
    std::fs::read_to_string(path).is_ok_and(|text| text.trim() == value)
}

/// Why a namespace is refused, read from where the kernel and the distributions keep their switches.
pub(crate) fn of_sandbox(error: &SandboxError) -> Vec<String> {
    let mut hints = Vec::new();
    if matches!(error.step, SandboxStep::User | SandboxStep::Namespaces | SandboxStep::IdMap) {
        if is_apparmor_restricted() {
            hints.push(String::from(
                "AppArmor keeps user namespaces from programs it has no profile for; `netyard doctor` prints the profile to install",
            ));
        }
        if has_value("/proc/sys/kernel/unprivileged_userns_clone", "0") {
            hints.push(String::from("user namespaces are off; root can allow them: `sysctl -w kernel.unprivileged_userns_clone=1`"));
        }
        if has_value("/proc/sys/user/max_user_namespaces", "0") {
            hints.push(String::from(
                "user namespaces are off; root can allow them: `sysctl -w user.max_user_namespaces=10000`",
            ));
        }
    }
    match (error.step, error.errno) {
        (SandboxStep::User, Errno::ENOSPC) => hints.push(system::of_namespaces(&["user"])),
        (SandboxStep::Namespaces | SandboxStep::Node, Errno::ENOSPC) => {
            hints.push(system::of_namespaces(&["net", "mnt", "pid", "uts"]));
        }
        (SandboxStep::NodeFiles | SandboxStep::Run | SandboxStep::Etc, Errno::ENOSPC) => {
            hints.push(String::from(
                "the space in memory, or the number of mounts (fs.mount-max), is used up",
            ));
        }
        (_, errno) => hints.extend(system::of_errno(errno).map(String::from)),
    }
    if hints.is_empty() {
        hints.push(of_machine());
    }
    hints
}

/// What helps against what the kernel answered at the root of an error.
fn of_kernel(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let errno = errno_behind(error)?;
    match kernel_error_behind(error) {
        Some(KernelError::File { path, .. }) => system::of_lab_file(errno, path),
        Some(KernelError::Sysctl { .. }) if matches!(errno, Errno::EACCES | Errno::EPERM) => {
            Some(String::from(
                "the kernel lets nobody write this setting, or the machine's root alone: take it out of the file",
            ))
        }
        Some(KernelError::Namespace { .. }) if errno == Errno::ENOSPC => {
            Some(system::of_namespaces(&["net"]))
        }
        _ if errno == Errno::ENOSPC => {
            Some(String::from("the space in memory, or the number of mounts (fs.mount-max), is used up"))
        }
        _ => system::of_errno(errno).map(String::from),
    }
}

/// The kernel's number at the root of an error.
fn errno_behind(error: &(dyn std::error::Error + 'static)) -> Option<Errno> {
    let here = error.downcast_ref::<Errno>().copied().or_else(|| {
        error.downcast_ref::<std::io::Error>().and_then(std::io::Error::raw_os_error).map(Errno::from_raw)
    });
    let here = here.or_else(|| Some(error.downcast_ref::<Refusal>()?.errno));
    here.or_else(|| errno_behind(error.source()?))
}

fn kernel_error_behind<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a KernelError> {
    error.downcast_ref::<KernelError>().or_else(|| kernel_error_behind(error.source()?))
}

/// How what stands in the way is moved out of it.
fn of_conflicts(conflicts: &[Conflict]) -> Vec<String> {
    let mut hints = Vec::new();
    let is_named = |conflict: &Conflict| {
        !matches!(conflict, Conflict::Resolver { .. } | Conflict::Device { .. } | Conflict::Incomplete { .. })
    };
    if conflicts.iter().any(is_named) {
        hints.push(String::from(
            "rename one of the two, or let `netyard up --strict` remove what netyard did not make; `netyard plan --strict` \
             shows all that would go",
        ));
    }
    hints.extend(conflicts.iter().find_map(|conflict| match conflict {
        Conflict::Device { at } => Some(format!(
            "move it out of the lab, as root: `netyard enter -- ip -n {} link set dev {} netns 1` gives it to the lab's first namespace",
            at.node, at.link
        )),
        Conflict::Resolver { node } => Some(format!(
            "`netyard enter -- rm /etc/netns/{node}/resolv.conf` removes it, `by = \"none\"` in `[names]` leaves it alone, `netyard up --strict` replaces it"
        )),
        _ => None,
    }));
    hints
}

/// In what state the lab is now.
fn of_outcome<E: std::error::Error + 'static>(error: &ApplyError<E>) -> Vec<String> {
    match error {
        ApplyError::Conflicts(conflicts) => of_conflicts(conflicts),
        ApplyError::Step { rolled_back, .. } | ApplyError::Verify { rolled_back, .. } => {
            vec![of_rolled_back(rolled_back)]
        }
        ApplyError::NotVerified { .. } => {
            vec![String::from("another program may be changing the lab; run `netyard up` again")]
        }
        _ => Vec::new(),
    }
}

fn of_rolled_back<E>(rolled_back: &RolledBack<E>) -> String {
    String::from(match rolled_back {
        RolledBack::Restored => "the steps before it were taken back, so all is as it was",
        RolledBack::Lost { .. } => {
            "the steps before it were taken back, but what others had made is not all there any more"
        }
        RolledBack::Incomplete { .. } | RolledBack::Unknown { .. } => {
            "not all could be taken back: `netyard plan` shows what differs, `netyard down` takes the lab away"
        }
    })
}

/// What an error concerns, where that is more than fits into its sentence.
pub(crate) fn details(error: &CommandError) -> Vec<String> {
    let error = match error {
        CommandError::Apply(error) => error,
        CommandError::TakenBack { rolled_back, .. } => return of_way_back(rolled_back),
        // Of a lab that is gone as a whole, nothing is left to do.
        CommandError::Unborn(source) => match &**source {
            CommandError::Apply(ApplyError::Step { .. } | ApplyError::Verify { .. })
            | CommandError::TakenBack { .. } => return Vec::new(),
            source => return details(source),
        },
        _ => return Vec::new(),
    };
    match error {
        ApplyError::Conflicts(conflicts) => conflicts.iter().map(ToString::to_string).collect(),
        ApplyError::NotVerified { remaining } => {
            let steps =
                remaining.steps.iter().map(|planned| format!("{} ({})", planned.step, planned.reason));
            steps.chain(remaining.conflicts.iter().map(ToString::to_string)).collect()
        }
        ApplyError::Step { rolled_back, .. } | ApplyError::Verify { rolled_back, .. } => {
            of_way_back(rolled_back)
        }
        _ => Vec::new(),
    }
}

/// What is left of a change that could not be taken back, and why.
fn of_way_back(rolled_back: &RolledBack<KernelError>) -> Vec<String> {
    let why = |error: &KernelError| format!("undoing failed: {}", crate::render::error::chain(error));
    match rolled_back {
        RolledBack::Restored => Vec::new(),
        RolledBack::Incomplete { left, source } => {
            let steps = left.steps.iter().map(|planned| format!("left to do: {}", planned.step));
            source.iter().map(why).chain(steps).collect()
        }
        RolledBack::Lost { steps } => {
            steps.iter().map(|step| format!("cannot be put back after: {step}")).collect()
        }
        RolledBack::Unknown { source } => vec![why(source)],
    }
}
