//! Asking the servers, one after another, from the namespace of the calling thread.
//!
//! Every server has a socket of its own, which stays open: an answer that comes late, while the next server is being asked, is
//! an answer all the same.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::fd::AsFd;
use std::time::Instant;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::time::TimeSpec;

use crate::question::{Question, Verdict};
use crate::{NameServer, Resolv, ServerFault, stream};

/// The port of a name server.
const PORT: u16 = 53;

/// The largest message (RFC 1035 §4.2.2).
const LARGEST_MESSAGE: usize = u16::MAX as usize;

/// What the servers said.
pub(crate) enum Exchange {
    /// One of them answered: addresses, no data, or no such name.
    Answered(Verdict, NameServer),
    /// None did.
    Failed(Vec<(NameServer, ServerFault)>),
}

/// Asks every server as often as `resolv` says until one answers.
pub(crate) fn ask(resolv: &Resolv, question: &Question) -> Exchange {
    let fault = ServerFault::Silent { asked: resolv.attempts, timeout: resolv.timeout };
    let lines = resolv.servers.iter().map(|server| Line { server, socket: None, fault: fault.clone() });
    let mut asking = Asking { resolv, question, lines: lines.collect(), buffer: vec![0; LARGEST_MESSAGE] };
    let message = question.to_bytes();
    for _ in 0..resolv.attempts {
        for at in 0..asking.lines.len() {
            if !asking.lines[at].send(&message) {
                continue;
            }
            if let Some((verdict, from)) = asking.wait(at) {
                return Exchange::Answered(verdict, asking.lines[from].server.clone());
            }
        }
    }
    Exchange::Failed(asking.lines.into_iter().map(|line| (line.server.clone(), line.fault)).collect())
}

/// A server and what is known of it.
struct Line<'a> {
    server: &'a NameServer,
    socket: Option<UdpSocket>,
    /// Why it is of no use, as it was last.
    fault: ServerFault,
}

struct Asking<'a> {
    resolv: &'a Resolv,
    question: &'a Question,
    lines: Vec<Line<'a>>,
    buffer: Vec<u8>,
}

impl Line<'_> {
    /// Sends the question; says whether there is something to wait for.
    fn send(&mut self, message: &[u8]) -> bool {
        let sent = match &self.socket {
            Some(socket) => socket.send(message).map(drop),
            None => open(self.server).and_then(|socket| {
                socket.send(message)?;
                self.socket = Some(socket);
                Ok(())
            }),
        };
        match sent {
            Ok(()) => true,
            Err(error) => {
                self.fail(fault_of(&error));
                false
            }
        }
    }

    /// The socket goes: what its error queue still holds would end every wait at once.
    fn fail(&mut self, fault: ServerFault) {
        self.socket = None;
        self.fault = fault;
    }
}

impl Asking<'_> {
    /// Waits for an answer by any server, until the one at `at`, which was asked last, has said something or its time is over.
    /// Returns what was said, and the place of who said it.
    fn wait(&mut self, at: usize) -> Option<(Verdict, usize)> {
        let deadline = Instant::now() + self.resolv.timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                self.lines[at].fault =
                    ServerFault::Silent { asked: self.resolv.attempts, timeout: self.resolv.timeout };
                return None;
            }
            let ready = match self.poll(TimeSpec::from(left)) {
                Ok(ready) => ready,
                Err(errno) => {
                    self.lines[at].fail(ServerFault::Unreachable { errno });
                    return None;
                }
            };
            let mut is_over = false;
            for from in ready {
                match self.receive(from) {
                    None => {}
                    Some(Ok(verdict)) => return Some((verdict, from)),
                    Some(Err(fault)) => {
                        self.lines[from].fail(fault);
                        is_over |= from == at;
                    }
                }
            }
            if is_over {
                return None;
            }
        }
    }

    /// The places of those whose sockets have something.
    fn poll(&self, time: TimeSpec) -> Result<Vec<usize>, Errno> {
        let open =
            || self.lines.iter().enumerate().filter_map(|(at, line)| Some((at, line.socket.as_ref()?)));
        let mut fds: Vec<PollFd<'_>> =
            open().map(|(_, socket)| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        match ppoll(&mut fds, Some(time), None) {
            Ok(_) => {}
            Err(Errno::EINTR) => return Ok(Vec::new()),
            Err(errno) => return Err(errno),
        }
        let ready = open().zip(&fds).filter(|(_, fd)| fd.any().unwrap_or(true));
        Ok(ready.map(|((at, _), _)| at).collect())
    }

    /// Takes one message from a server: an answer, why it is of no use, or `None` if it is not its reply to the question.
    fn receive(&mut self, from: usize) -> Option<Result<Verdict, ServerFault>> {
        let line = &self.lines[from];
        let len = match line.socket.as_ref()?.recv(&mut self.buffer) {
            Ok(len) => len,
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
                return None;
            }
            Err(error) => return Some(Err(fault_of(&error))),
        };
        match self.question.read_reply(&self.buffer[..len])? {
            Verdict::Truncated => Some(self.ask_by_tcp(line.server)),
            verdict => Some(judge(verdict)),
        }
    }

    fn ask_by_tcp(&self, server: &NameServer) -> Result<Verdict, ServerFault> {
        let timeout = self.resolv.timeout;
        let reply = address(server)
            .and_then(|address| stream::ask(address, &self.question.to_bytes(), timeout))
            .map_err(|error| match error.kind() {
                io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                    ServerFault::Silent { asked: 1, timeout }
                }
                // It hung up in the middle.
                io::ErrorKind::UnexpectedEof => ServerFault::Garbled,
                _ => fault_of(&error),
            })?;
        judge(self.question.read_reply(&reply).ok_or(ServerFault::Garbled)?)
    }
}

/// Tells answers from what is none.
fn judge(verdict: Verdict) -> Result<Verdict, ServerFault> {
    match verdict {
        Verdict::Found(_) | Verdict::NoData | Verdict::NoName => Ok(verdict),
        Verdict::Referral => Err(ServerFault::Referral),
        Verdict::Failed(code) => Err(ServerFault::of_code(code)),
        // By TCP nothing is cut.
        Verdict::Truncated => Err(ServerFault::Garbled),
    }
}

fn fault_of(error: &io::Error) -> ServerFault {
    match error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw) {
        Errno::ECONNREFUSED => ServerFault::NobodyListens,
        errno => ServerFault::Unreachable { errno },
    }
}

/// A socket that takes what this server sends, and nothing else, and hears what routers say about the way there.
fn open(server: &NameServer) -> io::Result<UdpSocket> {
    let address = address(server)?;
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Without it a connected socket is told of closed ports only (__udp4_lib_err in net/ipv4/udp.c).
    match address {
        SocketAddr::V4(_) => setsockopt(&socket, Ipv4RecvErr, &true)?,
        SocketAddr::V6(_) => setsockopt(&socket, Ipv6RecvErr, &true)?,
    }
    socket.set_nonblocking(true)?;
    socket.connect(address)?;
    Ok(socket)
}

/// The address of a server as sockets take it, with the index that its zone has in this namespace.
fn address(server: &NameServer) -> io::Result<SocketAddr> {
    let scope = match &server.zone {
        None => 0,
        Some(zone) => if_nametoindex(zone.as_str())?,
    };
    Ok(match server.addr {
        IpAddr::V4(addr) => (addr, PORT).into(),
        IpAddr::V6(addr) => SocketAddrV6::new(addr, PORT, 0, scope).into(),
    })
}
