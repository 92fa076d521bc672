//! Shutting a process in, so that whoever takes it over has taken over nothing.

use std::ffi::CStr;

use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{ForkResult, Gid, Uid, chdir, pivot_root, setgroups, setresgid, setresuid};

use super::process::check_single_thread;
use super::{SandboxError, SandboxStep, close_inherited_files};

/// Everything that a process shares with the rest of the lab.
const KINDS: CloneFlags = CloneFlags::CLONE_NEWNS
    .union(CloneFlags::CLONE_NEWPID)
    .union(CloneFlags::CLONE_NEWNET)
    .union(CloneFlags::CLONE_NEWIPC)
    .union(CloneFlags::CLONE_NEWUTS);

/// Where the empty root is mounted before it becomes the root: a directory that is always there.
const MOUNT_POINT: &str = "/proc";

/// The user and group that nobody is, which own nothing.
const NOBODY: u32 = 65534;

/// Shuts this process in for good, and names it `name` (15 bytes at most). It needs the rights of the lab to do so
/// (CAP_SYS_ADMIN in the lab's user namespace), and must have been executed just now, with a single thread.
///
/// Afterwards it is another process: the caller goes on in a child, and the process that called ends at once, with the exit code
/// 0. The child lives on when whoever started it ends, so it has to end by itself. It has
///
/// - the standard streams that were open, and no other open file;
/// - an empty directory that cannot be written to as its whole file system: no file can be opened, made or executed;
/// - network, PID (where it is the first process), IPC and UTS namespaces of its own, so that nobody else is there to be reached;
/// - no capabilities and no way to any: empty bounding set, locked securebits, no_new_privs. Where that user exists, which he does
///   not in the lab of an ordinary user, it is `nobody`;
/// - no right to fork or to write a file, and nothing of it is ever dumped or traced by others of its user.
///
/// # Errors
/// The step that failed. The process, which may be either of the two, is to end then.
pub fn confine(name: &CStr) -> Result<(), SandboxError> {
    check_single_thread()?;
    close_inherited_files();
    unshare(KINDS).map_err(SandboxStep::Namespaces.failed())?;
    empty_root().map_err(SandboxStep::EmptyRoot.failed())?;
    // Not with the `fork` of this room, whose child is killed when its parent ends.
    // SAFETY: the process has one thread (checked above), so the child may do whatever the parent may.
    match unsafe { nix::unistd::fork() }.map_err(SandboxStep::Fork.failed())? {
        ForkResult::Parent { .. } => std::process::exit(0),
        ForkResult::Child => {}
    }
    // Each step takes a right away that an earlier one needs; the order is from user_namespaces(7) and capabilities(7).
    lock_out_capabilities().map_err(SandboxStep::Capabilities.failed())?;
    become_nobody().map_err(SandboxStep::Identity.failed())?;
    drop_capabilities().map_err(SandboxStep::Capabilities.failed())?;
    prctl::set_no_new_privs().map_err(SandboxStep::NoNewPrivileges.failed())?;
    set_limits().map_err(SandboxStep::Limits.failed())?;
    // Last: the kernel resets it with every change of user or capabilities. Neither can fail: there are no other values.
    let _ = prctl::set_dumpable(false);
    let _ = prctl::set_name(name);
    Ok(())
}

/// Makes an empty, read-only directory in memory the root of this mount namespace and detaches all else.
fn empty_root() -> Result<(), Errno> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    mount(Some("tmpfs"), MOUNT_POINT, Some("tmpfs"), flags, Some("size=4k,nr_inodes=1,mode=0555"))?;
    chdir(MOUNT_POINT)?;
    // The old root is put on top of the new one (pivot_root(2), NOTES), and taken away from there with everything below it.
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    let remount = flags | MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    mount(None::<&str>, "/", None::<&str>, remount, None::<&str>)
}

/// Takes away every way in which a process gets capabilities again: as root, by executing a file, by inheritance.
fn lock_out_capabilities() -> Result<(), Errno> {
    // Each with the bit that makes it final. The second keeps the capabilities for the steps after the change of user.
    let securebits = libc::SECBIT_NOROOT
        | libc::SECBIT_NOROOT_LOCKED
        | libc::SECBIT_NO_SETUID_FIXUP
        | libc::SECBIT_NO_SETUID_FIXUP_LOCKED
        | libc::SECBIT_KEEP_CAPS_LOCKED
        | libc::SECBIT_NO_CAP_AMBIENT_RAISE
        | libc::SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;
    control(libc::PR_SET_SECUREBITS, securebits)?;
    control(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL)?;
    // Until the kernel knows of no more (EINVAL).
    for capability in 0..64 {
        match control(libc::PR_CAPBSET_DROP, capability) {
            Ok(()) => {}
            Err(Errno::EINVAL) if capability > 0 => break,
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

/// One prctl(2) that takes numbers only.
fn control(option: libc::c_int, value: libc::c_int) -> Result<(), Errno> {
    let value = libc::c_ulong::try_from(value).map_err(|_| Errno::EINVAL)?;
    // SAFETY: all arguments are numbers; none of the options used here takes an address.
    Errno::result(unsafe { libc::prctl(option, value, 0, 0, 0) }).map(drop)
}

/// Becomes `nobody`, without any groups. In the lab of an ordinary user nobody but root exists (EINVAL); there the process stays
/// what the user is, which is no more than what nobody is to whoever has no files and no other processes.
fn become_nobody() -> Result<(), Errno> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    match setresgid(gid, gid, gid) {
        Err(Errno::EINVAL) => return Ok(()),
        done => done?,
    }
    setgroups(&[])?;
    setresuid(uid, uid, uid)
}

/// `__user_cap_header_struct` (linux/capability.h).
#[repr(C)]
struct CapabilityHeader {
    version: u32,
    pid: i32,
}

/// Empties the effective, permitted and inheritable sets (capset(2)).
fn drop_capabilities() -> Result<(), Errno> {
    const LINUX_CAPABILITY_VERSION_3: u32 = 0x2008_0522;
    let header = CapabilityHeader { version: LINUX_CAPABILITY_VERSION_3, pid: 0 };
    // Two `__user_cap_data_struct`: 64 capabilities, three sets.
    let none = [0_u32; 6];
    // SAFETY: the structures have the shape that the version in the header announces; both live until the call returns.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) };
    Errno::result(result).map(drop)
}

fn set_limits() -> Result<(), Errno> {
    for resource in [Resource::RLIMIT_FSIZE, Resource::RLIMIT_NPROC, Resource::RLIMIT_CORE] {
        setrlimit(resource, 0, 0)?;
    }
    Ok(())
}
