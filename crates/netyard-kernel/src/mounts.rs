//! Mounts that are attached nowhere, for which the C library has no functions yet.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;

use nix::errno::Errno;

// linux/mount.h
const FSOPEN_CLOEXEC: libc::c_uint = 1;
const FSCONFIG_CMD_CREATE: libc::c_uint = 6;
const FSMOUNT_CLOEXEC: libc::c_uint = 1;

/// A mount of proc(5) that only its descriptor leads to; it goes with the descriptor (fsopen(2), Linux 5.2). It shows the PID
/// namespace of the calling thread.
///
/// # Errors
/// With `EPERM` where `/proc` is covered in parts, as containers have it: a user namespace must not see more of it.
pub(crate) fn detached_proc() -> Result<OwnedFd, Errno> {
    const PROC: &CStr = c"proc";
    // SAFETY: the name is a C string that lives for ever; the other argument is a number.
    let context = unsafe { libc::syscall(libc::SYS_fsopen, PROC.as_ptr(), FSOPEN_CLOEXEC) };
    let context = own(context)?;
    let nothing = ptr::null::<libc::c_char>();
    // SAFETY: the command takes no key and no value, which are null.
    let created = unsafe {
        libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), FSCONFIG_CMD_CREATE, nothing, nothing, 0)
    };
    Errno::result(created)?;
    let attributes = libc::MOUNT_ATTR_NOSUID | libc::MOUNT_ATTR_NODEV | libc::MOUNT_ATTR_NOEXEC;
    // SAFETY: all arguments are numbers.
    own(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), FSMOUNT_CLOEXEC, attributes) })
}

/// The descriptor that a system call gave.
fn own(result: libc::c_long) -> Result<OwnedFd, Errno> {
    let fd = i32::try_from(Errno::result(result)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel has just given this descriptor to us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
