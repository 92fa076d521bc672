//! What a lab sees in place of the machine's `/run`, `/etc` and `/sys`.

use std::ffi::{CString, OsString};
use std::fs;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

use crate::fault::{self, Site};

use super::{SandboxError, SandboxStep};

/// The lab's own `/run`, with the machine's entries but for those that Netyard has a meaning for.
pub(super) fn lay_run() -> Result<(), SandboxError> {
    let failed = || SandboxStep::Run.failed();
    shadow(Path::new("/run"), &["netns", "netyard"]).map_err(failed())?;
    for dir in ["/run/netns", "/run/netyard", "/run/netyard/nodes"] {
        fs::create_dir_all(dir).map_err(SandboxStep::Run.failed_io())?;
    }
    fs::write(super::INSIDE_MARK, format!("{}\n", super::STATE_VERSION)).map_err(SandboxStep::Run.failed_io())
}

/// The lab's own `/etc`: an overlay, so that a file can be written that belongs to somebody the lab does not know. Where the
/// kernel has no overlay for this user (before 5.11, or compiled out), the entries are bound one by one.
pub(super) fn lay_etc() -> Result<(), SandboxError> {
    // Read now: a container's are bound over its `/etc`, where the overlay does not see them, and the resolver file is mostly a
    // link into `/run/systemd/resolve`.
    let files = NODE_FILES.map(|name| {
        let path = Path::new("/etc").join(name);
        (fs::read(&path).unwrap_or_default(), path)
    });
    let (upper, work) = ("/run/netyard/etc", "/run/netyard/etc-work");
    for dir in [upper, work] {
        fs::create_dir_all(dir).map_err(SandboxStep::Etc.failed_io())?;
    }
    let options = format!("lowerdir=/etc,upperdir={upper},workdir={work},userxattr");
    let etc = Path::new("/etc");
    if mount(Some("overlay"), etc, Some("overlay"), MsFlags::empty(), Some(options.as_str())).is_err() {
        let left_out: Vec<&str> = NODE_FILES.into_iter().chain(["netns"]).collect();
        shadow(etc, &left_out).map_err(SandboxStep::Etc.failed())?;
    }
    for (text, path) in files {
        let _ = fs::remove_file(&path);
        fault::at_file(Site::WriteEtc)
            .and_then(|()| fs::write(path, text))
            .map_err(SandboxStep::Etc.failed_io())?;
    }
    // In memory by itself: the nodes have thousands of files, and making one costs less here than in an overlay. And what the machine
    // has there is for namespaces of the machine that happen to have the same names.
    fs::create_dir_all("/etc/netns").map_err(SandboxStep::Etc.failed_io())?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("netyard"), "/etc/netns", Some("tmpfs"), flags, Some("mode=755"))
        .map_err(SandboxStep::Etc.failed())
}

/// The files of `/etc` that a node's own are bound over, so they must be there, and be the lab's own regular files.
const NODE_FILES: [&str; 3] = ["hosts", "hostname", "resolv.conf"];

/// Where programs of the machine answer questions for names, each a directory with a socket in it: the name service caches of
/// nscd(8), Avahi's (nss-mdns), and systemd-resolved's (nss-resolve(8)). A socket with a path is reached from every network
/// namespace, so a program of a node would be told the machine's names. Where `/var/run` is a link to `/run`, as on all current
/// systems, the two are one.
const ANSWERING: [&str; 5] =
    ["/run/nscd", "/run/avahi-daemon", "/run/systemd/resolve", "/var/run/nscd", "/var/run/avahi-daemon"];

/// Hides the machine's own answers for names. The C library's modules then find nobody (`UNAVAIL`, nsswitch.conf(5)), and the
/// usual `hosts: files resolve [!UNAVAIL=return] dns` goes on to `dns`, which is the node's resolver file. To be called behind
/// [`lay_etc`], which may read that of the lab from here.
pub(super) fn hide_answering() -> Result<(), SandboxError> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    for dir in ANSWERING.into_iter().filter(|dir| Path::new(dir).is_dir()) {
        mount(Some("netyard"), dir, Some("tmpfs"), flags, Some("mode=755"))
            .map_err(SandboxStep::Run.failed())?;
    }
    Ok(())
}

/// The `/sys` of the network namespace this process is in. It shows the machine's interfaces otherwise. Where the kernel
/// refuses it, the machine's stays: only what reads `/sys/class/net` sees the difference.
pub(super) fn lay_sys() {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let _ = mount(Some("sysfs"), "/sys", Some("sysfs"), flags, None::<&str>);
}

/// Lays a file system in memory over `dir` and binds the entries of `dir` into it, except for those in `leave_out`.
fn shadow(dir: &Path, leave_out: &[&str]) -> Result<(), Errno> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(dir).map_err(to_errno)? {
        let name = entry.map_err(to_errno)?.file_name();
        if leave_out.iter().any(|out| name == **out) {
            continue;
        }
        // What cannot be bound (another user's FUSE mount, an entry that just went) is not there in the lab.
        if let Ok(entry) = Entry::of(dir, name) {
            entries.push(entry);
        }
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("netyard"), dir, Some("tmpfs"), flags, Some("mode=755"))?;
    for entry in entries {
        entry.put_into(dir)?;
    }
    Ok(())
}

/// An entry of a directory that is about to be covered.
struct Entry {
    name: OsString,
    kind: EntryKind,
}

enum EntryKind {
    Link(PathBuf),
    Dir(OwnedFd),
    File(OwnedFd),
}

impl Entry {
    fn of(dir: &Path, name: OsString) -> Result<Self, Errno> {
        let path = dir.join(&name);
        let kind = fs::symlink_metadata(&path).map_err(to_errno)?.file_type();
        let kind = if kind.is_symlink() {
            EntryKind::Link(fs::read_link(&path).map_err(to_errno)?)
        } else if kind.is_dir() {
            EntryKind::Dir(clone_tree(&path)?)
        } else {
            EntryKind::File(clone_tree(&path)?)
        };
        Ok(Self { name, kind })
    }

    fn put_into(self, dir: &Path) -> Result<(), Errno> {
        let path = dir.join(&self.name);
        match self.kind {
            EntryKind::Link(target) => std::os::unix::fs::symlink(target, &path).map_err(to_errno),
            EntryKind::Dir(tree) => {
                fs::create_dir(&path).map_err(to_errno)?;
                attach_tree(&tree, &path)
            }
            EntryKind::File(tree) => {
                fs::write(&path, "").map_err(to_errno)?;
                attach_tree(&tree, &path)
            }
        }
    }
}

/// A copy of the mounts at `path`, attached nowhere yet (open_tree(2), Linux 5.2).
fn clone_tree(path: &Path) -> Result<OwnedFd, Errno> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    let flags = libc::OPEN_TREE_CLONE
        | libc::OPEN_TREE_CLOEXEC
        | libc::AT_RECURSIVE.cast_unsigned()
        | libc::AT_SYMLINK_NOFOLLOW.cast_unsigned();
    // SAFETY: the path is a live C string; the other arguments are numbers.
    let fd = unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, path.as_ptr(), flags) };
    let fd = i32::try_from(Errno::result(fd)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just given this descriptor to us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Attaches a copied tree at `path` (move_mount(2)).
fn attach_tree(tree: &OwnedFd, path: &Path) -> Result<(), Errno> {
    let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::EINVAL)?;
    // SAFETY: both paths are live C strings; the other arguments are numbers.
    let result = unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            tree.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::MOVE_MOUNT_F_EMPTY_PATH,
        )
    };
    Errno::result(result).map(drop)
}

/// Binds the file `source` over the file `target`.
pub(super) fn bind(source: &Path, target: &Path) -> Result<(), Errno> {
    mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>)
}

/// Takes away the machine's or the lab's `/sys`, so that another can be mounted in its place.
pub(super) fn replace_sys() {
    // The mounts that came with a user namespace are locked (mount_namespaces(7)); a new one is laid over them then.
    let _ = umount2("/sys", MntFlags::MNT_DETACH);
    lay_sys();
}

fn to_errno(error: std::io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}
