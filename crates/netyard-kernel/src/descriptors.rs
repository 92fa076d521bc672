//! Passing open files to another process beside a message (unix(7), SCM_RIGHTS), and files in memory to pass (memfd_create(2)).

use std::fs::File;
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, UnixAddr, sendmsg, socketpair,
};

/// The longest message, in bytes.
pub const LONGEST_MESSAGE: usize = 64 * 1024;

/// The most descriptors that go with one message (`SCM_MAX_FD`, include/net/scm.h).
pub const MOST_DESCRIPTORS: usize = 253;

/// The largest file in memory that [`read_memory_file`] reads, in bytes.
pub const LARGEST_MEMORY_FILE: usize = 64 << 20;

/// The room for the descriptors of one message, in words of 64 bits, which have the alignment that a `cmsghdr` needs.
const CONTROL_WORDS: usize = 160;

/// Two sockets that are connected to each other and keep the bounds of messages (SOCK_SEQPACKET).
///
/// # Errors
/// When the process or the machine has too many files open.
pub fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC)?)
}

/// Sends one message with descriptors beside it. The descriptors stay open here; the other side gets its own.
///
/// # Errors
/// `EMSGSIZE` for an empty or too long message or too many descriptors, `WouldBlock` on a socket that does not block and is full,
/// `EPIPE` when nobody is on the other side any more.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    // An empty message could not be told from the end.
    if bytes.is_empty() || bytes.len() > LONGEST_MESSAGE || descriptors.len() > MOST_DESCRIPTORS {
        return Err(Errno::EMSGSIZE.into());
    }
    let numbers: Vec<RawFd> = descriptors.iter().map(AsRawFd::as_raw_fd).collect();
    let rights = [ControlMessage::ScmRights(&numbers)];
    let control = if numbers.is_empty() { &[][..] } else { &rights[..] };
    let pieces = [IoSlice::new(bytes)];
    loop {
        match sendmsg::<UnixAddr>(socket.as_raw_fd(), &pieces, control, MsgFlags::MSG_NOSIGNAL, None) {
            Err(Errno::EINTR) => {}
            // A packet is sent whole or not at all.
            sent => return Ok(sent.map(drop)?),
        }
    }
}

/// Receives one message into `buffer`, over what that held, and the descriptors beside it; `None` when the other side is closed.
///
/// # Errors
/// `EMSGSIZE` for a message longer than [`LONGEST_MESSAGE`], `EMFILE` when not all of its descriptors could be opened here; no
/// descriptor stays open then. `WouldBlock` on a socket that does not block and has nothing.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut Vec<u8>) -> io::Result<Option<Vec<OwnedFd>>> {
    buffer.resize(LONGEST_MESSAGE, 0);
    let mut control = [0_u64; CONTROL_WORDS];
    let mut piece = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    // SAFETY: an all-zero msghdr is a valid value of that plain C structure.
    let mut header: libc::msghdr = unsafe { std::mem::zeroed() };
    header.msg_iov = &raw mut piece;
    header.msg_iovlen = 1;
    header.msg_control = control.as_mut_ptr().cast();
    // The types differ between C libraries.
    header.msg_controllen = size_of_val(&control) as _;
    let len = loop {
        // SAFETY: the header points to one piece, that to the whole of `buffer`, and to the whole of `control`; all live longer.
        let len = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut header, libc::MSG_CMSG_CLOEXEC) };
        match Errno::result(len) {
            Ok(len) => break usize::try_from(len).expect("a length is not negative"),
            Err(Errno::EINTR) => {}
            Err(errno) => {
                buffer.clear();
                return Err(errno.into());
            }
        }
    };
    buffer.truncate(len);
    // First of all, so that they are closed again whatever is wrong with the message.
    let descriptors = take_descriptors(&header);
    if header.msg_flags & libc::MSG_CTRUNC != 0 {
        return Err(Errno::EMFILE.into());
    }
    if header.msg_flags & libc::MSG_TRUNC != 0 {
        return Err(Errno::EMSGSIZE.into());
    }
    Ok((len > 0).then_some(descriptors))
}

/// Takes the descriptors out of the control data that recvmsg(2) has just written.
fn take_descriptors(header: &libc::msghdr) -> Vec<OwnedFd> {
    let mut descriptors = Vec::new();
    // SAFETY: `header` is as recvmsg(2) left it, and the control data it points to lives.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(header) };
    while !next.is_null() {
        // SAFETY: the macros of cmsg(3) give only headers that lie whole within the control data, aligned.
        let control = unsafe { *next };
        if control.cmsg_level == libc::SOL_SOCKET && control.cmsg_type == libc::SCM_RIGHTS {
            // SAFETY: the same; this is but arithmetic on the address.
            let data = unsafe { libc::CMSG_DATA(next) }.cast::<RawFd>();
            // SAFETY: CMSG_LEN only counts.
            let bytes = (control.cmsg_len as usize).saturating_sub(unsafe { libc::CMSG_LEN(0) } as usize);
            for index in 0..bytes / size_of::<RawFd>() {
                // SAFETY: the header says that so many descriptors follow it. The kernel has just opened them for us, and
                // nobody else knows them.
                descriptors.push(unsafe { OwnedFd::from_raw_fd(data.add(index).read_unaligned()) });
            }
        }
        // SAFETY: as for the first.
        next = unsafe { libc::CMSG_NXTHDR(header, next) };
    }
    descriptors
}

/// A file in memory that holds `bytes` and can never be changed again, not even by its maker (file seals, fcntl(2)).
///
/// # Errors
/// When there is no memory, or too many files are open.
pub fn memory_file(bytes: &[u8]) -> io::Result<OwnedFd> {
    let file = File::from(memfd_create(c"netyard", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?);
    file.write_all_at(bytes, 0)?;
    let seals =
        SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals))?;
    Ok(OwnedFd::from(file))
}

/// Reads all of a file that [`memory_file`] made, wherever its position is.
///
/// # Errors
/// `FileTooLarge` for one of more than [`LARGEST_MEMORY_FILE`] bytes; else what the kernel answered.
pub fn read_memory_file(file: OwnedFd) -> io::Result<Vec<u8>> {
    let file = File::from(file);
    let len = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    if len > LARGEST_MEMORY_FILE {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsFd;

    fn open_files() -> usize {
        std::fs::read_dir("/proc/self/fd").unwrap().count()
    }

    #[test]
    fn messages_and_descriptors_arrive() {
        let (here, there) = socket_pair().unwrap();
        let file = memory_file(b"names").unwrap();
        send(here.as_fd(), b"one", &[file.as_fd(), file.as_fd()]).unwrap();
        send(here.as_fd(), b"two", &[]).unwrap();
        drop((here, file));
        let mut buffer = Vec::new();
        let got = receive(there.as_fd(), &mut buffer).unwrap().unwrap();
        assert_eq!((buffer.as_slice(), got.len()), (&b"one"[..], 2));
        for file in got {
            assert_eq!(read_memory_file(file).unwrap(), b"names");
        }
        let got = receive(there.as_fd(), &mut buffer).unwrap().unwrap();
        assert_eq!((buffer.as_slice(), got.len()), (&b"two"[..], 0));
        assert!(receive(there.as_fd(), &mut buffer).unwrap().is_none());
    }

    #[test]
    fn the_most_of_everything_arrives() {
        let (here, there) = socket_pair().unwrap();
        let file = memory_file(&[7; 100_000]).unwrap();
        let long = vec![9; LONGEST_MESSAGE];
        send(here.as_fd(), &long, &[file.as_fd(); MOST_DESCRIPTORS]).unwrap();
        let mut buffer = Vec::new();
        let got = receive(there.as_fd(), &mut buffer).unwrap().unwrap();
        assert_eq!(buffer, long);
        assert_eq!(got.len(), MOST_DESCRIPTORS);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let (here, there) = socket_pair().unwrap();
        let refused = |sent: io::Result<()>| {
            assert_eq!(sent.unwrap_err().raw_os_error(), Some(libc::EMSGSIZE));
        };
        refused(send(here.as_fd(), b"", &[]));
        refused(send(here.as_fd(), &vec![0; LONGEST_MESSAGE + 1], &[]));
        refused(send(here.as_fd(), b"x", &vec![here.as_fd(); MOST_DESCRIPTORS + 1]));
        // A longer one from somebody who does not use `send`.
        nix::unistd::write(&here, &vec![0; LONGEST_MESSAGE + 1]).unwrap();
        let error = receive(there.as_fd(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
        send(here.as_fd(), b"still", &[]).unwrap();
        assert!(receive(there.as_fd(), &mut Vec::new()).unwrap().is_some());
    }

    #[test]
    fn descriptors_that_could_not_all_be_opened_do_not_stay_open() {
        // In a process of its own: the limit is one of the process, and other tests open files at the same time.
        const INSIDE: &str = "NETYARD_TEST_DESCRIPTORS";
        if std::env::var_os(INSIDE).is_none() {
            let name = "descriptors::tests::descriptors_that_could_not_all_be_opened_do_not_stay_open";
            let mut child = std::process::Command::new(std::env::current_exe().unwrap())
                .args([name, "--exact", "--nocapture", "--test-threads=1"])
                .env(INSIDE, "1")
                .stdout(std::process::Stdio::piped())
                .spawn()
                .unwrap();
            let mut out = String::new();
            child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
            assert!(child.wait().unwrap().success() && out.contains("1 passed"), "{out}");
            return;
        }
        let (here, there) = socket_pair().unwrap();
        send(here.as_fd(), b"many", &[here.as_fd(); 40]).unwrap();
        let before = open_files();
        let few = before as u64 + 10;
        nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_NOFILE, few, few).unwrap();
        let error = receive(there.as_fd(), &mut Vec::new()).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EMFILE));
        assert_eq!(open_files(), before);
    }

    #[test]
    fn a_memory_file_never_changes() {
        let file = File::from(memory_file(b"abc").unwrap());
        assert!(file.write_all_at(b"x", 0).is_err());
        assert!(file.set_len(0).is_err());
        assert_eq!(read_memory_file(OwnedFd::from(file)).unwrap(), b"abc");
    }
}
