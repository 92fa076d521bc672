//! The keeper: the one process of a lab that works in the background.
//!
//! It has the lab's rights and uses them for one thing: to open sockets in the namespaces of nodes and hand them to the name
//! server, a process that has no rights at all ([`netyard_names`]). What is to be served it reads from the file that a plan
//! wrote ([`Paths::names`](netyard_kernel::Paths)), so it knows nothing that is not there: killed and started again, it is what
//! it was.
//!
//! Commands in the lab talk to it over a socket in the lab's own `/run/netyard`, which nobody else sees.

mod client;
mod clients;
mod control;
mod error;
mod listen;
mod names;
mod server;
mod watch;

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use netyard_kernel::Paths;
use netyard_kernel::fault::{self, Site};
use netyard_kernel::sandbox::{self, Fork, STATE_VERSION};
use nix::fcntl::{Flock, FlockArg};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, umask};
use nix::unistd::setsid;

pub use client::{is_there, refresh, start_if_needed};
pub use error::{KeeperError, SystemError};
pub use names::check_room;

use clients::Clients;
use control::{AnyRequest, Request, Response};
use names::Serving;
use watch::Watch;

/// The first argument of the program when it is to be a keeper. Not for people.
pub const KEEPER_ARGUMENT: &str = "--keep-names";

/// What the keeper calls itself, whichever version it is of.
const PROCESS: &CStr = c"netyard-keeper";
/// The socket that the keeper answers on, in the lab.
const SOCKET: &str = "/run/netyard/keeper";
/// Whoever holds a lock on this file is the keeper.
const LOCK: &str = "/run/netyard/keeper.lock";

/// The life of the process that [`KEEPER_ARGUMENT`] starts, in a lab: it leaves the keeper behind and ends, so that the keeper is
/// a child of the lab's first process and of no command. The keeper ends when there are no names to serve any more, and is ended
/// with the lab.
#[must_use]
pub fn run_keeper() -> ExitCode {
    sandbox::close_inherited_files();
    let _ = setsid();
    let Ok((mut from_child, to_parent)) = io::pipe() else { return ExitCode::FAILURE };
    match sandbox::fork() {
        Err(error) => {
            let error = KeeperError::Start { source: error.errno.into() };
            let _ = serde_json::to_writer(io::stdout().lock(), &Response::Failed { error });
            ExitCode::FAILURE
        }
        Ok(Fork::Outside(_)) => {
            drop(to_parent);
            // Its end means that the child does not end with this process any more.
            let _ = from_child.read(&mut [0]);
            ExitCode::SUCCESS
        }
        Ok(Fork::Inside) => {
            sandbox::outlive_parent();
            drop((from_child, to_parent));
            keep()
        }
    }
}

fn keep() -> ExitCode {
    let _ = nix::sys::prctl::set_name(PROCESS);
    umask(Mode::from_bits_truncate(0o077));
    let begun = begin();
    let word = match &begun {
        Ok(Some(_)) => Response::Done,
        // Another is the keeper; it answers.
        Ok(None) => Response::Busy,
        Err(error) => Response::Failed { error: error.clone() },
    };
    let told = serde_json::to_writer(io::stdout().lock(), &word).is_ok() && io::stdout().flush().is_ok();
    sandbox::silence();
    match begun {
        Ok(Some(mut keeper)) if told => {
            keeper.run();
            ExitCode::SUCCESS
        }
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// The keeper, once it serves; none if there is one already.
fn begin() -> Result<Option<Keeper>, KeeperError> {
    let own = |source: io::Error| KeeperError::Own { source: source.into() };
    let open = || OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(LOCK);
    let lock = fault::at_file(Site::LockKeeper).and_then(|()| open()).map_err(own)?;
    let Ok(lock) = Flock::lock(lock, FlockArg::LockExclusiveNonblock) else { return Ok(None) };
    // Of a keeper that was killed; a live one has the lock.
    let _ = fs::remove_file(SOCKET);
    let socket = fault::at_file(Site::BindKeeper).and_then(|()| UnixListener::bind(SOCKET)).map_err(own)?;
    socket.set_nonblocking(true).map_err(own)?;
    let paths = Paths::default();
    let watch = fault::at_file(Site::WatchNames).and_then(|()| Watch::new(&paths)).map_err(own)?;
    let mut serving = Serving::new(paths);
    serving.refresh()?;
    Ok(Some(Keeper { socket, clients: Clients::new(), serving, watch, _lock: lock }))
}

struct Keeper {
    socket: UnixListener,
    clients: Clients,
    serving: Serving,
    watch: Watch,
    _lock: Flock<File>,
}

/// What there is to do.
#[derive(Debug, Default, Clone, Copy)]
struct Ready {
    command: bool,
    server: bool,
    watch: bool,
}

impl Keeper {
    /// Works until there is nothing to serve any more.
    fn run(&mut self) {
        while self.serving.has_names() {
            let Ok(ready) = self.wait() else { return };
            if ready.watch {
                let events = self.watch.events();
                self.serving.leave(&events.removed);
                if events.names {
                    // Who has written the file asks for it too, and is told why it fails; he may also have been killed.
                    let _ = self.serving.follow();
                }
            }
            if ready.server {
                self.serving.hear();
            }
            if ready.command {
                self.clients.accept(&self.socket);
            }
            for (client, said) in self.clients.hear() {
                self.answer(client, &said);
            }
        }
        let _ = fs::remove_file(SOCKET);
    }

    fn wait(&self) -> io::Result<Ready> {
        let mut fds = vec![readable(self.socket.as_fd()), readable(self.watch.as_fd())];
        let server = self.serving.server().map(|server| {
            fds.push(readable(server));
            fds.len() - 1
        });
        fds.extend(self.clients.fds().map(readable));
        let restart = self.serving.restart_in();
        let timeout = match restart.into_iter().chain(self.clients.wait_at_most()).min() {
            None => PollTimeout::NONE,
            Some(wait) => PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX),
        };
        match poll(&mut fds, timeout) {
            Ok(0) => return Ok(Ready { server: restart.is_some(), ..Ready::default() }),
            Ok(_) => {}
            Err(nix::errno::Errno::EINTR) => return Ok(Ready::default()),
            Err(errno) => return Err(errno.into()),
        }
        let has = |at: usize| fds.get(at).and_then(PollFd::any).unwrap_or(false);
        Ok(Ready { command: has(0), watch: has(1), server: server.is_some_and(has) })
    }

    /// One command of one client. What he sends that makes no sense gets no answer.
    fn answer(&mut self, mut client: UnixStream, said: &[u8]) {
        let Ok(AnyRequest { version }) = serde_json::from_slice(said) else { return };
        let response = if version == STATE_VERSION {
            let Ok(Request::Refresh) = serde_json::from_slice(said) else { return };
            match self.serving.refresh() {
                Ok(()) => Response::Done,
                Err(error) => Response::Failed { error },
            }
        } else {
            Response::OtherVersion { known: STATE_VERSION }
        };
        // Has room in the socket, even if the client never reads it.
        let _ = control::write(&mut client, &response);
    }
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Whether the lab has names to serve.
fn has_names(paths: &Paths) -> bool {
    Path::new(&paths.names).exists()
}

/// This program itself.
fn program() -> PathBuf {
    PathBuf::from("/proc/self/exe")
}
