//! The name server, as its keeper sees it: a process at the other end of a socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use netyard_kernel::descriptors;
use netyard_kernel::fault::{self, Site};
use netyard_names::{NAMES_ARGUMENT, Order, Report};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::{KeeperError, program};

/// How long the server may take to start.
const READY_WITHIN: Duration = Duration::from_secs(10);

pub(super) struct Server(OwnedFd);

impl Server {
    /// Starts a server, which serves nothing yet. It ends when this value is dropped.
    pub(super) fn start() -> Result<Self, KeeperError> {
        let failed = |source: std::io::Error| KeeperError::StartServer { source: source.into() };
        let (near, far) = descriptors::socket_pair().map_err(failed)?;
        let mut command = Command::new(program());
        command
            .arg0("netyard")
            .arg(NAMES_ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(far))
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        fault::tell(&mut command);
        let spawned = fault::at_file(Site::SpawnServer).and_then(|()| command.spawn());
        // The other end is the server's alone: its end must be seen here.
        drop(command);
        let mut child = spawned.map_err(failed)?;
        let server = Self(near);
        // What was started leaves the server behind in a world of its own, and ends.
        let report = server.report(Instant::now() + READY_WITHIN);
        if report.is_err() {
            let _ = child.kill();
        }
        let _ = child.wait();
        match report? {
            Report::Ready => Ok(server),
            Report::Failed { step, errno } => {
                Err(KeeperError::ConfineServer { step, source: Errno::from_raw(errno).into() })
            }
            _ => Err(KeeperError::ServerEnded),
        }
    }

    /// Sends an order.
    pub(super) fn order(&self, order: &Order, descriptors: &[BorrowedFd<'_>]) -> Result<(), KeeperError> {
        let text = serde_json::to_vec(order).map_err(|_| KeeperError::ServerEnded)?;
        fault::at_file(Site::OrderServer)
            .and_then(|()| descriptors::send(self.0.as_fd(), &text, descriptors))
            .map_err(|_| KeeperError::ServerEnded)
    }

    /// The next report. An error if there is none before `deadline`, or never will be one.
    pub(super) fn report(&self, deadline: Instant) -> Result<Report, KeeperError> {
        if !self.wait(deadline) {
            return Err(KeeperError::ServerEnded);
        }
        let mut text = Vec::new();
        let received =
            fault::at_file(Site::HearServer).and_then(|()| descriptors::receive(self.0.as_fd(), &mut text));
        match received {
            Ok(Some(_)) => serde_json::from_slice(&text).map_err(|_| KeeperError::ServerEnded),
            Ok(None) | Err(_) => Err(KeeperError::ServerEnded),
        }
    }

    fn wait(&self, deadline: Instant) -> bool {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            match poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], timeout) {
                Err(Errno::EINTR) => {}
                result => return result == Ok(1),
            }
        }
    }
}

impl AsFd for Server {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
