//! What to do when the machine, or what the user may take of it, is used up.

use std::path::Path;

use nix::errno::Errno;

/// What helps against what the kernel refuses, where its words do not say.
pub(super) fn of_errno(errno: Errno) -> Option<&'static str> {
    Some(match errno {
        Errno::EMFILE => "raise the limit on open files: `ulimit -n 4096`",
        Errno::EAGAIN => {
            "the limit on processes is reached: `ulimit -u` shows the user's, `pids.max` is that of the control group"
        }
        Errno::ENFILE | Errno::ENOMEM | Errno::ENOBUFS => {
            "the machine has no room for more; take other labs away: `netyard ls`"
        }
        Errno::EOPNOTSUPP | Errno::ENODEV | Errno::EAFNOSUPPORT => {
            "the kernel may lack what this needs: `netyard doctor` tries it"
        }
        Errno::EPERM | Errno::EACCES => {
            "something on this machine forbids it, as a security module or the rules of a container do: `netyard doctor` tries what netyard needs"
        }
        _ => return None,
    })
}

/// What helps when a limit on namespaces (namespaces(7)) is reached.
pub(super) fn of_namespaces(limits: &[&str]) -> String {
    let names: Vec<String> = limits.iter().map(|kind| format!("user.max_{kind}_namespaces")).collect();
    format!(
        "the limit on namespaces is reached: take other labs away (`netyard ls`), or let root raise it (`sysctl {}` shows it)",
        names.join(" ")
    )
}

/// What helps when a file of the run directory cannot be used.
pub(super) fn of_run_dir_file(errno: Errno, path: &Path) -> Option<String> {
    let dir = path.parent().unwrap_or(path).display();
    Some(match errno {
        Errno::ENOSPC | Errno::EDQUOT => {
            format!(
                "make room there (`df -h {dir}; df -i {dir}`), or set NETYARD_RUN_DIR to a directory elsewhere"
            )
        }
        Errno::EROFS => {
            format!(
                "`findmnt -T {dir}` shows how it is mounted; NETYARD_RUN_DIR can be set to a directory elsewhere"
            )
        }
        Errno::EACCES | Errno::EPERM | Errno::ENOENT | Errno::ENOTDIR => {
            String::from("set XDG_RUNTIME_DIR or NETYARD_RUN_DIR to a directory of your own")
        }
        errno => return of_errno(errno).map(String::from),
    })
}

/// What helps when a file in the lab cannot be written.
pub(super) fn of_lab_file(errno: Errno, path: &Path) -> Option<String> {
    let dir = path.parent().unwrap_or(path).display();
    match errno {
        Errno::ENOSPC | Errno::EDQUOT => Some(format!(
            "the lab's own files are in memory, and that is full: `netyard enter -- df -h {dir}` shows it; remove what fills it"
        )),
        errno => of_errno(errno).map(String::from),
    }
}
