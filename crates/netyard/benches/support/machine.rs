//! The programs under measurement, and whom they are run as.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::unistd::{Gid, Uid, chown, geteuid};
use tempfile::TempDir;

/// nobody, as in `scripts/as-user`.
const USER: u32 = 65534;

/// A directory with copies of the programs, so that a build meanwhile changes nothing, and everything that they write.
#[derive(Debug)]
pub(crate) struct Machine {
    dir: TempDir,
    as_user: bool,
}

impl Machine {
    /// Copies the programs. The one of the floor is another package's, so it is built first.
    pub(crate) fn new(as_user: bool) -> Self {
        let as_user = as_user && geteuid().is_root();
        let built = Command::new(env!("CARGO"))
            .args(["build", "--release", "--quiet", "-p", "netyard-floor"])
            .status()
            .expect("cargo runs, as it runs this");
        assert!(built.success(), "the floor program cannot be built");
        let dir = tempfile::Builder::new().prefix("netyard-bench-").tempdir().expect("there is a /tmp");
        let machine = Self { dir, as_user };
        let netyard = Path::new(env!("CARGO_BIN_EXE_netyard"));
        for program in [netyard.to_owned(), netyard.with_file_name("floor")] {
            let name = program.file_name().expect("it is a file");
            fs::copy(&program, machine.path().join(name)).unwrap_or_else(|error| {
                panic!("{} cannot be copied: {error}", program.display());
            });
        }
        fs::set_permissions(machine.path(), fs::Permissions::from_mode(0o755))
            .expect("the directory is ours");
        if as_user {
            chown(machine.path(), Some(Uid::from_raw(USER)), Some(Gid::from_raw(USER)))
                .expect("root may give a directory away");
        }
        machine
    }

    /// The directory; the user may write there.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Whom the programs are run as, in words.
    pub(crate) fn who(&self) -> &'static str {
        if self.as_user || !geteuid().is_root() { "as an ordinary user" } else { "as root" }
    }

    pub(crate) fn is_root(&self) -> bool {
        !self.as_user && geteuid().is_root()
    }

    /// A command run as the user that is asked for.
    pub(crate) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = if self.as_user {
            let mut command = Command::new("setpriv");
            let id = [format!("--reuid={USER}"), format!("--regid={USER}")];
            command.args(id).args(["--clear-groups", "--inh-caps=-all", "--"]).arg(program.as_ref());
            command
        } else {
            Command::new(program.as_ref())
        };
        command.current_dir(self.path()).env_remove("NETYARD_RUN_DIR");
        for name in ["HOME", "TMPDIR", "XDG_RUNTIME_DIR"] {
            command.env(name, self.path());
        }
        // Root's labs are elsewhere, where those of other runs may be.
        command.env("NETYARD_RUN_DIR", self.run_dir());
        command
    }

    pub(crate) fn run_dir(&self) -> PathBuf {
        self.path().join("run")
    }

    /// `netyard ARGUMENTS`, without its output.
    pub(crate) fn netyard(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(self.path().join("netyard"));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        command
    }

    /// Runs `netyard ARGUMENTS`, which must succeed.
    pub(crate) fn run(&self, arguments: &[&str]) {
        let output = self.netyard(arguments).stderr(Stdio::piped()).output().expect("the program is there");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "netyard {arguments:?}: {errors}");
    }

    /// Writes a file into the directory.
    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("the directory is ours");
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // A measurement that failed leaves its lab.
        let _ = self.netyard(&["down", "--all"]).stderr(Stdio::null()).status();
    }
}

/// Whether a program is here.
pub(crate) fn is_here(program: &str) -> bool {
    program.contains('/') && Path::new(program).exists()
        || env::var_os("PATH")
            .is_some_and(|path| env::split_paths(&path).any(|dir| dir.join(program).exists()))
}
