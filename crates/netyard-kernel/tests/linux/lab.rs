//! What a lab sees of the machine's files, and a node of the lab's. The machine is made up: an `/etc` and a `/run` as systemd
//! leaves them.

use std::fs;
use std::io::{self, BufRead, BufReader, Lines, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};

use netyard_kernel::sandbox::{self, Ended, Fork, enter_node};
use netyard_kernel::{LinuxKernel, Paths};
use nix::mount::{MsFlags, mount};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork};

use crate::names::resolver;
use crate::network::{Wanted, name};

const MACHINE: &str = "nameserver 127.0.0.53\noptions edns0 trust-ad\nsearch machine.example\n";

/// Sockets at which the machine answers for names.
const ANSWERING: [&str; 4] = [
    "/run/nscd/socket",
    "/run/avahi-daemon/socket",
    "/run/systemd/resolve/io.systemd.Resolve",
    "/run/systemd/resolve/io.systemd.Resolve.Monitor",
];

/// Others of the machine, which a lab may reach.
const OTHER: &str = "/run/systemd/journal.socket";

/// Makes the machine's files in the mount namespace of this test.
fn furnish_machine() -> Vec<UnixListener> {
    mount(Some("tmpfs"), "/etc", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    for dir in ["/run/nscd", "/run/avahi-daemon", "/run/systemd/resolve"] {
        fs::create_dir_all(dir).unwrap();
    }
    fs::write("/run/systemd/resolve/stub-resolv.conf", MACHINE).unwrap();
    symlink("../run/systemd/resolve/stub-resolv.conf", "/etc/resolv.conf").unwrap();
    fs::write("/etc/hosts", "127.0.0.1 localhost\n").unwrap();
    ANSWERING.iter().chain([&OTHER]).map(|path| UnixListener::bind(path).unwrap()).collect()
}

/// Does `work` as the first process of a lab.
fn in_a_lab(work: fn()) {
    // SAFETY: nothing the child does takes a lock that the test's other thread, which only waits, could hold.
    match unsafe { fork() }.unwrap() {
        ForkResult::Parent { child } => assert_eq!(waitpid(child, None), Ok(WaitStatus::Exited(child, 0))),
        ForkResult::Child => {
            let code = match sandbox::create() {
                Ok(Fork::Outside(child)) => match child.wait() {
                    Ok(Ended::Code(code)) => code,
                    other => panic!("{other:?}"),
                },
                Ok(Fork::Inside) => {
                    let furnished = sandbox::furnish().map(|()| catch_unwind(AssertUnwindSafe(work)).is_ok());
                    i32::from(!furnished.unwrap_or_else(|error| panic!("{error}")))
                }
                Err(error) => panic!("{error}"),
            };
            std::process::exit(code);
        }
    }
}

fn look_at_the_lab() {
    let file = Path::new("/etc/resolv.conf");
    assert!(fs::symlink_metadata(file).unwrap().is_file(), "a node's own can be bound over it");
    assert_eq!(fs::read_to_string(file).unwrap(), MACHINE);
    for path in ANSWERING {
        let error = UnixStream::connect(path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{path}");
    }
    UnixStream::connect(OTHER).unwrap();
    fs::write(file, "nameserver 192.0.2.7\n").unwrap();
}

fn look_at_a_node() {
    let mut kernel = LinuxKernel::open(Paths::default()).unwrap();
    let mut plain = Wanted::default();
    plain.host("a");
    plain.build(&mut kernel);
    let mut served = plain.clone();
    served.state("a").resolv = Some(resolver("127.0.0.53"));
    if let Some(mut reader) = Reader::start() {
        let copy = format!("{}\n{MACHINE}", netyard_plan::RESOLV_COPY);
        let copy: String = copy.split_inclusive('\n').take(3).collect();
        assert_eq!(reader.look(), copy);
        for _ in 0..2 {
            served.build(&mut kernel);
            assert_eq!(reader.look(), *resolver("127.0.0.53"), "a command that ran already sees it");
            plain.build(&mut kernel);
            assert_eq!(reader.look(), copy);
        }
    }
    served.build(&mut kernel);
    drop(kernel);
    enter_node(&name("a")).unwrap();
    assert_eq!(fs::read_to_string("/etc/resolv.conf").unwrap(), *resolver("127.0.0.53"));
    assert_eq!(fs::read_to_string("/etc/hostname").unwrap(), "a\n");
}

/// A command in the node, by ip-netns(8), that shows three lines of its resolver file for each line it is sent. It ends when it
/// is sent no more.
struct Reader {
    asked: ChildStdin,
    shown: Lines<BufReader<ChildStdout>>,
}

impl Reader {
    fn start() -> Option<Self> {
        let script = "while read -r _; do head -n 3 /etc/resolv.conf; done";
        let mut command = Command::new("ip");
        command.args(["netns", "exec", "a", "sh", "-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
        match command.spawn() {
            Ok(mut child) => {
                let (asked, shown) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
                Some(Self { asked, shown: BufReader::new(shown).lines() })
            }
            Err(error) => {
                println!("skipped a part: no ip command ({error})");
                None
            }
        }
    }

    fn look(&mut self) -> String {
        self.asked.write_all(b"\n").unwrap();
        self.shown.by_ref().take(3).map(|line| line.unwrap() + "\n").collect()
    }
}

fn check() {
    let _answering = furnish_machine();
    in_a_lab(look_at_the_lab);
    // Nothing of that reached the machine.
    assert_eq!(fs::read_to_string("/run/systemd/resolve/stub-resolv.conf").unwrap(), MACHINE);
    assert!(fs::symlink_metadata("/etc/resolv.conf").unwrap().is_symlink());
    ANSWERING.iter().for_each(|path| drop(UnixStream::connect(path).unwrap()));
    in_a_lab(look_at_a_node);
}

sandboxed! {
    fn the_machine_does_not_answer_for_names() {
        check();
    }
}

#[test]
fn nor_does_it_in_a_lab_of_roots() {
    crate::sandbox::run_as_root(concat!(module_path!(), "::nor_does_it_in_a_lab_of_roots"), check);
}
