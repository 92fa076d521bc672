//! Those who talk to the keeper. They are processes of the lab, and the lab's processes may be anything: whoever says nothing, or
//! says it slowly, keeps nobody else waiting, and however many come, only so many are listened to.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::geteuid;

/// How long one who has connected may take to say what he wants.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many are listened to at a time. When there are more, the one who has been connected longest goes.
const MOST: usize = 32;
/// So many are taken before those who are connected are listened to again, so that one who speaks at once is heard.
const AT_ONCE: usize = MOST / 2;
/// More than any request has, in bytes.
const LONGEST: u64 = 1024;

#[derive(Debug)]
struct Client {
    stream: UnixStream,
    said: Vec<u8>,
    until: Instant,
}

#[derive(Debug)]
pub(super) struct Clients {
    list: VecDeque<Client>,
    /// Closed to have a free descriptor with which one too many is taken and sent away: he would be announced for ever otherwise.
    spare: Option<File>,
}

/// What became of listening to one.
enum Heard {
    All,
    NotAll,
    Nonsense,
}

impl Clients {
    pub(super) fn new() -> Self {
        Self { list: VecDeque::new(), spare: File::open("/dev/null").ok() }
    }

    pub(super) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.list.iter().map(|client| client.stream.as_fd())
    }

    /// When the patience with one of them is at its end.
    pub(super) fn wait_at_most(&self) -> Option<Duration> {
        let first = self.list.iter().map(|client| client.until).min()?;
        // Rounded up: poll(2) counts in milliseconds.
        Some(first.saturating_duration_since(Instant::now()) + Duration::from_millis(1))
    }

    /// Takes those who wait at the socket, which must not block.
    pub(super) fn accept(&mut self, socket: &UnixListener) {
        for _ in 0..AT_ONCE {
            match socket.accept() {
                Ok((stream, _)) => self.take(stream),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => return self.send_one_away(socket),
            }
        }
    }

    fn take(&mut self, stream: UnixStream) {
        let peer = getsockopt(&stream, PeerCredentials);
        let is_own = peer.is_ok_and(|peer| peer.uid() == geteuid().as_raw());
        if !is_own || stream.set_nonblocking(true).is_err() {
            return;
        }
        if self.list.len() >= MOST {
            self.list.pop_front();
        }
        self.list.push_back(Client { stream, said: Vec::new(), until: Instant::now() + PATIENCE });
    }

    /// Without a free descriptor: the oldest goes, or the new one.
    fn send_one_away(&mut self, socket: &UnixListener) {
        if self.list.pop_front().is_none() && self.spare.take().is_some() {
            drop(socket.accept());
            self.spare = File::open("/dev/null").ok();
        }
    }

    /// Listens to all who are connected, and gives those who have said what they want, with that. Whoever talks too much, or
    /// for too long, is sent away.
    pub(super) fn hear(&mut self) -> Vec<(UnixStream, Vec<u8>)> {
        let mut ready = Vec::new();
        for mut client in std::mem::take(&mut self.list) {
            match client.listen() {
                Heard::All => ready.push((client.stream, client.said)),
                Heard::NotAll if Instant::now() < client.until => self.list.push_back(client),
                Heard::NotAll | Heard::Nonsense => {}
            }
        }
        ready
    }
}

impl Client {
    fn listen(&mut self) -> Heard {
        let room = (LONGEST + 1).saturating_sub(self.said.len() as u64);
        // Keeps what it has read when it would have to wait.
        match Read::by_ref(&mut self.stream).take(room).read_to_end(&mut self.said) {
            _ if self.said.len() as u64 > LONGEST => Heard::Nonsense,
            Ok(_) => Heard::All,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Heard::NotAll,
            Err(_) => Heard::Nonsense,
        }
    }
}

/// The process at the other end of a socket, which is that of the keeper, if it is one of this user's.
pub(super) fn process_behind(stream: &UnixStream) -> io::Result<i32> {
    let peer = getsockopt(stream, PeerCredentials)?;
    if peer.uid() == geteuid().as_raw() { Ok(peer.pid()) } else { Err(ErrorKind::PermissionDenied.into()) }
}
