//! Network namespaces with names, as ip-netns(8) keeps them: a file in `/run/netns` that the namespace is bound to.
//!
//! Only the calling thread is ever moved between namespaces (setns(2)), and always back.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};
use nix::sys::statfs::{FsType, fstatfs, statfs};

use crate::fault::{self, Site};

/// The namespace that the calling thread is in. `/proc/self` would be that of the process's first thread.
const OWN: &str = "/proc/thread-self/ns/net";

/// The type of the file system that namespaces are files of (`NSFS_MAGIC`, linux/magic.h).
const NSFS: FsType = FsType(0x6e73_6673);

/// What was tried with a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamespaceAction {
    /// Making the file it gets bound to.
    MakeFile,
    /// Opening it.
    Open,
    /// Making it (unshare(2)).
    Unshare,
    /// Binding it to its file (mount(2)).
    Bind,
    /// Entering it (setns(2)).
    Enter,
    /// Taking the file away.
    Remove,
    /// Making the directory of the namespaces a mount point.
    Prepare,
}

impl fmt::Display for NamespaceAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MakeFile => "make the file",
            Self::Open => "open the namespace",
            Self::Unshare => "make a network namespace",
            Self::Bind => "bind the namespace to the file",
            Self::Enter => "enter the namespace",
            Self::Remove => "remove",
            Self::Prepare => "make a shared mount point of",
        })
    }
}

/// A namespace that could not be made, entered or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {action} {}", path.display())]
pub struct NamespaceError {
    /// What was tried.
    pub action: NamespaceAction,
    /// The file or directory.
    pub path: PathBuf,
    /// What the kernel answered.
    #[source]
    pub errno: Errno,
}

impl NamespaceError {
    fn new(action: NamespaceAction, path: &Path) -> impl FnOnce(Errno) -> Self {
        let path = path.to_path_buf();
        move |errno| Self { action, path, errno }
    }
}

fn errno_of(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}

/// Opens the namespace bound to `path`.
///
/// # Errors
/// When there is none, or it cannot be opened.
pub fn open(path: &Path) -> Result<OwnedFd, NamespaceError> {
    let file = fault::at_file(Site::OpenNamespace)
        .and_then(|()| File::open(path))
        .map_err(|error| NamespaceError::new(NamespaceAction::Open, path)(errno_of(&error)))?;
    Ok(OwnedFd::from(file))
}

/// Opens the namespace bound to `path`; `None` if there is none.
///
/// # Errors
/// When it cannot be opened.
pub(crate) fn open_bound(path: &Path) -> Result<Option<OwnedFd>, NamespaceError> {
    match open(path) {
        Ok(file) => {
            Ok(Some(file).filter(|file| fstatfs(file).is_ok_and(|found| found.filesystem_type() == NSFS)))
        }
        Err(error) if error.errno == Errno::ENOENT => Ok(None),
        Err(error) => Err(error),
    }
}

/// Opens the namespace of the calling thread.
///
/// # Errors
/// When `/proc` is not there, or not that of this PID namespace.
pub fn open_own() -> Result<OwnedFd, NamespaceError> {
    open(Path::new(OWN))
}

/// Whether a namespace is bound to `path`; a file that was made and never bound to is none.
#[must_use]
pub fn is_bound(path: &Path) -> bool {
    statfs(path).is_ok_and(|found| found.filesystem_type() == NSFS)
}

/// Moves the calling thread into the namespace bound to `path`, for good.
///
/// # Errors
/// When there is no such namespace or no right to enter it.
pub fn enter(path: &Path) -> Result<(), NamespaceError> {
    let namespace = open(path)?;
    join(&namespace).map_err(NamespaceError::new(NamespaceAction::Enter, path))
}

/// What the kernel answered to who wanted to enter the namespace bound to `path`.
pub(crate) fn not_entered(path: &Path) -> impl FnOnce(Errno) -> NamespaceError {
    NamespaceError::new(NamespaceAction::Enter, path)
}

/// Moves the calling thread into `namespace`.
fn join(namespace: &impl AsFd) -> Result<(), Errno> {
    fault::at(Site::EnterNamespace)?;
    setns(namespace, CloneFlags::CLONE_NEWNET)
}

/// Puts the thread back where it came from.
struct Return(OwnedFd);

impl Drop for Return {
    fn drop(&mut self) {
        // A thread that stayed in a node by mistake would do to that node what is meant for another.
        setns(&self.0, CloneFlags::CLONE_NEWNET)
            .expect("a thread may always go back to the namespace it came from");
    }
}

/// Does `work` with the calling thread in `namespace`. A socket opened there stays there.
///
/// # Errors
/// When there is no right to enter the namespace; then `work` is not done.
pub fn with_namespace<T>(namespace: BorrowedFd<'_>, work: impl FnOnce() -> T) -> Result<T, NamespaceError> {
    let back = Return(open_own()?);
    join(&namespace).map_err(NamespaceError::new(NamespaceAction::Enter, Path::new("the namespace")))?;
    let done = work();
    drop(back);
    Ok(done)
}

/// Moves the calling thread into `namespace`, does `work`, and moves it to `back`, which must be where it came from: two system
/// calls less than [`with_namespace`].
pub(crate) fn visit<T>(
    namespace: BorrowedFd<'_>,
    back: BorrowedFd<'_>,
    path: &Path,
    work: impl FnOnce() -> T,
) -> Result<T, NamespaceError> {
    join(&namespace).map_err(NamespaceError::new(NamespaceAction::Enter, path))?;
    let done = work();
    setns(back, CloneFlags::CLONE_NEWNET).expect("a thread may always go back to the namespace it came from");
    Ok(done)
}

/// Makes a namespace, does `work` in it, and binds it to `path`. The calling thread comes from the namespace `back` and is there
/// again afterwards.
///
/// # Errors
/// With `EEXIST` when a namespace is bound to `path` already; else what the kernel answered. Nothing is left behind then.
pub(crate) fn create<T>(
    path: &Path,
    back: BorrowedFd<'_>,
    work: impl FnOnce() -> T,
) -> Result<(OwnedFd, T), NamespaceError> {
    // The mode of iproute2's files: nobody writes to a namespace.
    let make = || OpenOptions::new().write(true).create_new(true).mode(0o444).open(path);
    match fault::at_file(Site::MakeNamespaceFile).and_then(|()| make()) {
        Ok(_) => {}
        // Left by a process that was killed between making the file and binding to it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && !is_bound(path) => {}
        Err(error) => return Err(NamespaceError::new(NamespaceAction::MakeFile, path)(errno_of(&error))),
    }
    fault::at(Site::MakeNamespace).and_then(|()| unshare(CloneFlags::CLONE_NEWNET)).map_err(|errno| {
        let _ = fs::remove_file(path);
        NamespaceError::new(NamespaceAction::Unshare, path)(errno)
    })?;
    let made = open_own().and_then(|own| {
        fault::at(Site::BindNamespace)
            .and_then(|()| mount(Some(OWN), path, None::<&str>, MsFlags::MS_BIND, None::<&str>))
            .map_err(NamespaceError::new(NamespaceAction::Bind, path))?;
        Ok((own, work()))
    });
    setns(back, CloneFlags::CLONE_NEWNET).expect("a thread may always go back to the namespace it came from");
    if made.is_err() {
        let _ = fs::remove_file(path);
    }
    made
}

/// Takes the name of a namespace away. The namespace itself goes when nobody is in it any more and nothing holds it.
///
/// # Errors
/// When there is no such file, or it cannot be removed.
pub(crate) fn remove(path: &Path) -> Result<(), NamespaceError> {
    // Lazily, because a process in another mount namespace may look at it.
    match fault::at(Site::UnbindNamespace).and_then(|()| umount2(path, MntFlags::MNT_DETACH)) {
        // EINVAL: nothing is bound to it.
        Ok(()) | Err(Errno::EINVAL) => {}
        Err(errno) => return Err(NamespaceError::new(NamespaceAction::Remove, path)(errno)),
    }
    fault::at_file(Site::RemoveNamespaceFile)
        .and_then(|()| fs::remove_file(path))
        .map_err(|error| NamespaceError::new(NamespaceAction::Remove, path)(errno_of(&error)))
}

/// Makes `dir` what `ip netns add` makes of `/run/netns`: a mount point of its own, shared, so that namespaces bound in it show in
/// the mount namespaces of running commands too. Done here first: iproute2 would bind the directory over itself with all that is
/// bound in it, and what was bound before could not be removed any more.
///
/// # Errors
/// When the directory cannot be made, or not be mounted on.
pub fn prepare_directory(dir: &Path) -> Result<(), NamespaceError> {
    let failed = || NamespaceError::new(NamespaceAction::Prepare, dir);
    fault::at_file(Site::PrepareDir)
        .and_then(|()| fs::create_dir_all(dir))
        .map_err(|error| failed()(errno_of(&error)))?;
    let share = || {
        fault::at(Site::ShareDir)?;
        mount(None::<&str>, dir, None::<&str>, MsFlags::MS_SHARED | MsFlags::MS_REC, None::<&str>)
    };
    match share() {
        // It is no mount point yet.
        Err(Errno::EINVAL) => {
            mount(Some(dir), dir, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
                .map_err(failed())?;
            share().map_err(failed())
        }
        done => done.map_err(failed()),
    }
}

/// The names in `dir` that a namespace is bound to.
///
/// # Errors
/// When the directory cannot be read; one that is not there holds nothing.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fault::at_file(Site::ListNamespaces).and_then(|()| fs::read_dir(dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string()
            && is_bound(&entry.path())
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Borrows a descriptor out of its owner.
pub(crate) fn borrow(fd: &impl AsFd) -> BorrowedFd<'_> {
    fd.as_fd()
}
