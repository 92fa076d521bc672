//! A process of its own in namespaces of its own, for one test.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

use netyard_kernel::{LinuxKernel, Paths};
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

const INSIDE: &str = "NETYARD_TEST_INSIDE";

/// Makes each function a test that runs in a sandbox.
macro_rules! sandboxed {
    ($(fn $name:ident() $body:block)*) => {$(
        #[test]
        fn $name() {
            crate::sandbox::run(concat!(module_path!(), "::", stringify!($name)), || $body);
        }
    )*};
}

/// Runs `test` in a sandbox: this same program is started again for this one test, in new namespaces, which a process can only
/// get before it has threads. Skipped, with a word why, where the kernel does not allow it.
pub(crate) fn run(name: &str, test: impl FnOnce()) {
    run_isolated(name, true, test);
}

/// The same without a user namespace: as the machine's root, where that is who runs the tests, but in other namespaces.
pub(crate) fn run_as_root(name: &str, test: impl FnOnce()) {
    if geteuid().is_root() {
        run_isolated(name, false, test);
    } else {
        println!("skipped {name}: not root");
    }
}

fn run_isolated(name: &str, new_user: bool, test: impl FnOnce()) {
    if env::var_os(INSIDE).is_some() {
        furnish();
        return test();
    }
    let name = name.split_once("::").map_or(name, |(_, rest)| rest);
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([name, "--exact", "--nocapture", "--test-threads=1"]).env(INSIDE, "1");
    let (uid, gid) = (format!("0 {} 1", geteuid()), format!("0 {} 1", getegid()));
    // SAFETY: between fork and exec only system calls are made; the texts were made before.
    unsafe { command.pre_exec(move || isolate(new_user, &uid, &gid)) };
    match command.output() {
        Ok(output) => {
            let (out, err) =
                (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
            assert!(output.status.success(), "{name} failed in its sandbox\n{out}{err}");
            assert!(out.contains("1 passed"), "{name} was not found in its sandbox\n{out}{err}");
            println!("{out}");
        }
        Err(error) => println!("skipped {name}: no namespaces here ({error})"),
    }
}

fn isolate(new_user: bool, uid: &str, gid: &str) -> io::Result<()> {
    if new_user {
        unshare(CloneFlags::CLONE_NEWUSER)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", uid)?;
        fs::write("/proc/self/gid_map", gid)?;
    }
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWNET)?;
    Ok(())
}

fn furnish() {
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>).unwrap();
    mount(Some("tmpfs"), "/run", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    for dir in ["/run/netns", "/run/netyard/nodes", "/run/etc-netns"] {
        fs::create_dir_all(dir).unwrap();
    }
}

/// The directories of the sandbox: those of a lab, but for `/etc`, which is the machine's.
pub(crate) fn paths() -> Paths {
    Paths { etc: PathBuf::from("/run/etc-netns"), ..Paths::below(Path::new("/")) }
}

pub(crate) fn kernel() -> LinuxKernel {
    LinuxKernel::open(paths()).unwrap()
}
