//! A process that is shut in: what it can still do, and what it looks like from outside.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use netyard_kernel::descriptors::{receive, send, socket_pair};
use netyard_kernel::sandbox::{SandboxError, SandboxStep, confine};
use nix::errno::Errno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, fork, getpid, getuid};

/// What came of trying things, by what was tried: 0, or the number of the error.
type Tried = BTreeMap<String, i32>;

fn errno<T>(result: io::Result<T>) -> i32 {
    result.err().map_or(0, |error| error.raw_os_error().unwrap_or(-1))
}

/// Everything that a process which is shut in might try.
fn try_everything(stranger: Pid, inherited: i32) -> String {
    let mut tried = Vec::new();
    let mut note = |what: &str, errno: i32| tried.push(format!("{what}={errno}"));
    for path in ["/etc/passwd", "/proc/self/status", "/proc", "/dev/null", "../../etc/passwd"] {
        note(path, errno(File::open(path)));
    }
    note("list", fs::read_dir("/").map_or(-1, |entries| i32::try_from(entries.count()).unwrap()));
    note("write", errno(File::create("/file")));
    note("mkdir", errno(fs::create_dir("/dir")));
    note("inherited", errno(nix::sys::stat::fstat(maybe_open(inherited)).map_err(io::Error::from)));
    note("stream", errno(TcpStream::connect("127.0.0.1:53")));
    note("datagram", errno(UdpSocket::bind("0.0.0.0:0").and_then(|socket| socket.connect("127.0.0.1:53"))));
    // SAFETY: the buffer is as long as an interface's name can be.
    let interface = |index| unsafe { libc::if_indextoname(index, [0; libc::IF_NAMESIZE].as_mut_ptr()) };
    note(
        "interfaces",
        i32::try_from((1..1000).filter(|index| !interface(*index).is_null()).count()).unwrap(),
    );
    let kill_errno = |pid| kill(pid, Signal::SIGKILL).err().map_or(0, |errno| errno as i32);
    note("kill", kill_errno(stranger));
    note("kill all", kill_errno(Pid::from_raw(-1)));
    note("pid", getpid().as_raw());
    let unshared = nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET);
    note("unshare", unshared.err().map_or(0, |errno| errno as i32));
    let again = confine(c"again").unwrap_err();
    note("again", if again.step == SandboxStep::Namespaces { again.errno as i32 } else { -1 });
    tried.join("\n")
}

fn maybe_open(number: i32) -> std::os::fd::BorrowedFd<'static> {
    // SAFETY: only asked for; whether it is open is the question.
    unsafe { std::os::fd::BorrowedFd::borrow_raw(number) }
}

/// Starts a process that shuts itself in, tries everything, tells, and waits for the end of its socket.
fn start() -> (OwnedFd, Tried) {
    set_child_subreaper(true).unwrap();
    let (ours, theirs) = socket_pair().unwrap();
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let stranger = getpid();
    // SAFETY: nothing here takes a lock that the test's other thread, which only waits, could hold.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => {
            assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0)));
        }
        ForkResult::Child => {
            let inherited = std::os::fd::AsRawFd::as_raw_fd(&null);
            dup2_stdin(&theirs).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null)).unwrap();
            let told = match confine(c"netyard-shut-in") {
                Ok(()) => try_everything(stranger, inherited),
                Err(SandboxError { step, errno }) => format!("{step:?}={}", errno as i32),
            };
            let control = io::stdin();
            let _ = send(control.as_fd(), told.as_bytes(), &[]);
            let _ = receive(control.as_fd(), &mut Vec::new());
            std::process::exit(7);
        }
    }
    drop(theirs);
    let wait = nix::sys::time::TimeVal::new(20, 0);
    setsockopt(&ours, sockopt::ReceiveTimeout, &wait).unwrap();
    let mut told = Vec::new();
    receive(ours.as_fd(), &mut told).unwrap().expect("it tells before it ends");
    let told = String::from_utf8(told).unwrap();
    let tried = told.lines().map(|line| line.split_once('=').unwrap());
    (ours, tried.map(|(what, errno)| (what.to_owned(), errno.parse().unwrap())).collect())
}

/// The status (proc_pid_status(5)) of the one child that this process has.
fn status_of_child() -> (Pid, BTreeMap<String, String>) {
    let children = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let pid: i32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let fields = status.lines().filter_map(|line| line.split_once(":\t"));
        let fields: BTreeMap<_, _> =
            fields.map(|(key, value)| (key.to_owned(), value.trim().to_owned())).collect();
        (fields["PPid"] == getpid().to_string()).then_some((Pid::from_raw(pid), fields))
    });
    let mut children: Vec<_> = children.collect();
    assert_eq!(children.len(), 1, "{children:?}");
    children.pop().unwrap()
}

fn check(tried: &Tried) {
    let got = |what: &str| *tried.get(what).unwrap_or_else(|| panic!("{what} was not tried: {tried:?}"));
    for path in ["/etc/passwd", "/proc/self/status", "/proc", "/dev/null", "../../etc/passwd"] {
        assert_eq!(got(path), libc::ENOENT, "{path}");
    }
    assert_eq!(got("list"), 0);
    for what in ["write", "mkdir"] {
        assert!([libc::EROFS, libc::EACCES].contains(&got(what)), "{what}: {}", got(what));
    }
    assert_eq!(got("inherited"), libc::EBADF);
    assert_eq!(got("interfaces"), 1);
    // The one interface, `lo`, is down.
    assert_eq!(got("stream"), libc::ENETUNREACH);
    assert_eq!(got("datagram"), libc::ENETUNREACH);
    assert_eq!(got("kill"), libc::ESRCH);
    assert_eq!(got("kill all"), libc::ESRCH);
    assert_eq!(got("pid"), 1);
    assert_eq!(got("unshare"), libc::EPERM);
    assert_eq!(got("again"), libc::EPERM);
}

fn check_from_outside(control: OwnedFd, user: &str) {
    let (pid, status) = status_of_child();
    for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
        assert_eq!(status[set], "0000000000000000", "{set}");
    }
    assert_eq!(status["NoNewPrivs"], "1");
    assert_eq!(status["Name"], "netyard-shut-in");
    assert_eq!(status["Uid"], [user; 4].join("\t"));
    assert_eq!(status["Gid"], [user; 4].join("\t"));
    let namespaces = ["net", "mnt", "ipc", "uts", "pid"];
    for kind in namespaces {
        let of = |who: &str| fs::read_link(format!("/proc/{who}/ns/{kind}"));
        // Where the process may not be looked at, it is because it is not dumpable.
        if let Ok(theirs) = of(&pid.to_string()) {
            assert_ne!(theirs, of("self").unwrap(), "{kind}");
        }
    }
    // It ends by itself when nobody is at the other end any more.
    drop(control);
    let deadline = Instant::now() + Duration::from_secs(20);
    let ended = loop {
        match waitpid(pid, Some(nix::sys::wait::WaitPidFlag::WNOHANG)).unwrap() {
            WaitStatus::StillAlive => assert!(Instant::now() < deadline, "it does not end"),
            ended => break ended,
        }
        std::thread::yield_now();
    };
    assert_eq!(ended, WaitStatus::Exited(pid, 7));
}

sandboxed! {
    fn a_process_that_is_shut_in_reaches_nothing() {
        let (control, tried) = start();
        check(&tried);
        check_from_outside(control, &getuid_outside());
    }

    fn a_process_with_several_threads_stays_as_it_is() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || receiver.recv());
        let before = fs::read_link("/proc/self/ns/net").unwrap();
        let error = confine(c"several").unwrap_err();
        assert_eq!(error, SandboxError { step: SandboxStep::SingleThread, errno: Errno::EUSERS });
        assert_eq!(fs::read_link("/proc/self/ns/net").unwrap(), before);
        drop(sender);
        assert!(other.join().unwrap().is_err());
    }
}

/// The user as `/proc` shows it here: in a user namespace, root.
fn getuid_outside() -> String {
    getuid().to_string()
}

#[test]
fn root_becomes_nobody() {
    let name = concat!(module_path!(), "::root_becomes_nobody");
    crate::sandbox::run_as_root(name, || {
        let id_map = fs::read_to_string("/proc/self/uid_map").unwrap();
        let ids: Vec<u64> = id_map.split_whitespace().map(|word| word.parse().unwrap()).collect();
        if ids.len() != 3 || ids[0] + ids[2] <= 65534 {
            return println!("skipped {name}: there is no such user here");
        }
        let (control, tried) = start();
        check(&tried);
        check_from_outside(control, "65534");
    });
}
