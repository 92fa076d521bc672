//! A question that another server is asked in place of this one.

use std::io::{self, Read};
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Instant;

use netyard_kernel::fill_random;
use netyard_types::NodeName;
use netyard_zone::{Alias, Transport, Zones};

use crate::Protocol;
use crate::asker::Source;
use crate::connection::is_for_later;
use crate::frame::Output;
use crate::poll::Interest;
use crate::reply::ReplyTo;
use crate::timers::TimerId;

/// The bit of the third byte of a message that says that it was cut (TC, RFC 1035 §4.1.1).
const TRUNCATED: u8 = 0x02;

/// The length of a header (RFC 1035 §4.1.1).
const HEADER_LEN: usize = 12;

/// Who asked what.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) to: ReplyTo,
    /// Whom it counts for.
    pub(crate) source: Source,
    pub(crate) query: Vec<u8>,
    /// The aliases that lead to the name that is to be asked for, if it is another one.
    pub(crate) alias: Option<Box<Alias>>,
    /// How much later than it could the answer is to come, in milliseconds.
    pub(crate) delay_ms: u32,
    /// The node that asks the other server.
    pub(crate) node: NodeName,
}

impl Question {
    /// What the other server is asked.
    pub(crate) fn to_send(&self) -> &[u8] {
        self.alias.as_ref().map_or(&self.query, |alias| alias.query())
    }

    /// Fits what the other server answered for the one who asked.
    pub(crate) fn relay(&self, upstream: &[u8]) -> Vec<u8> {
        let mut reply = Vec::new();
        match &self.alias {
            Some(alias) => alias.relay(&self.query, upstream, self.transport(), &mut reply),
            None => Zones::relay(&self.query, upstream, self.transport(), &mut reply),
        }
        reply
    }

    /// The answer when there is none.
    pub(crate) fn fail(&self) -> Vec<u8> {
        let mut reply = Vec::new();
        Zones::fail(&self.query, &mut reply);
        reply
    }

    /// How the client's reply is to be cut.
    pub(crate) fn transport(&self) -> Transport {
        match self.to {
            ReplyTo::Datagram { .. } => Transport::Udp,
            ReplyTo::Connection(_) => Transport::Tcp,
        }
    }
}

/// A question on its way.
#[derive(Debug)]
pub(crate) struct Forward {
    pub(crate) question: Question,
    /// Which of the other servers is being asked.
    pub(crate) upstream: usize,
    pub(crate) protocol: Protocol,
    /// The request for a socket.
    pub(crate) token: u64,
    pub(crate) socket: Option<Upstream>,
    /// When it is given up.
    pub(crate) deadline: Instant,
    /// When the next server is asked, or it is given up.
    pub(crate) timer: Option<TimerId>,
    /// The last refusal of a server before it, for when nobody answers at all.
    pub(crate) refusal: Option<Refusal>,
}

/// A refusal, of which the header is kept and nothing else: that is short, whatever was sent.
#[derive(Debug)]
pub(crate) struct Refusal([u8; HEADER_LEN]);

impl Refusal {
    /// The refusal in a message, if it is one.
    pub(crate) fn read(message: &[u8]) -> Option<Self> {
        let mut header = *message.first_chunk::<HEADER_LEN>().filter(|_| Zones::is_refusal(message))?;
        // Without question and records.
        header[4..].fill(0);
        Some(Self(header))
    }

    /// As a message.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// What came of looking at a socket.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The answer is in the buffer, this many bytes.
    Answer(usize),
    /// Nothing yet.
    Wait,
    /// Nothing will come of it.
    Failed,
}

/// A socket to another server.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// The question with an id that only the server that is asked knows (RFC 5452 §9.2).
    query: Vec<u8>,
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    Tcp(TcpStream, Output, Vec<u8>),
}

impl Upstream {
    /// Asks by a connected socket.
    pub(crate) fn new(query: &[u8], protocol: Protocol, socket: OwnedFd) -> io::Result<Self> {
        let mut query = query.to_vec();
        if let Some(id) = query.first_chunk_mut::<2>() {
            fill_random(id)?;
        }
        let socket = match protocol {
            Protocol::Udp => {
                let socket = UdpSocket::from(socket);
                socket.set_nonblocking(true)?;
                socket.send(&query)?;
                Socket::Udp(socket)
            }
            Protocol::Tcp => {
                let stream = TcpStream::from(socket);
                stream.set_nonblocking(true)?;
                let mut output = Output::default();
                output.push(&query);
                Socket::Tcp(stream, output, Vec::new())
            }
        };
        Ok(Self { query, socket })
    }

    /// What is to be waited for.
    pub(crate) fn wanted(&self) -> Interest {
        match &self.socket {
            Socket::Tcp(_, output, _) if output.len() > 0 => Interest::BOTH,
            _ => Interest::READ,
        }
    }

    /// Writes and reads what can be, with `buffer` for the answer.
    pub(crate) fn advance(&mut self, buffer: &mut [u8]) -> Progress {
        let progress = match &mut self.socket {
            Socket::Udp(socket) => read_datagrams(socket, &self.query, buffer),
            Socket::Tcp(stream, output, input) => {
                // Not connected yet: there is no room, or the error of the attempt.
                output.write_to(stream).and_then(|_| read_message(stream, input, &self.query, buffer))
            }
        };
        progress.unwrap_or(Progress::Failed)
    }
}

impl AsFd for Upstream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Udp(socket) => socket.as_fd(),
            Socket::Tcp(stream, ..) => stream.as_fd(),
        }
    }
}

/// Whether a reply was cut.
pub(crate) fn is_truncated(reply: &[u8]) -> bool {
    reply.get(2).is_some_and(|flags| flags & TRUNCATED != 0)
}

/// Reads until the answer is there. What is none, somebody else sent.
fn read_datagrams(socket: &UdpSocket, query: &[u8], buffer: &mut [u8]) -> io::Result<Progress> {
    // Not for ever: others wait too.
    for _ in 0..16 {
        match socket.recv(buffer) {
            Ok(len) if Zones::is_reply_to(&buffer[..len], query) => return Ok(Progress::Answer(len)),
            Ok(_) => {}
            Err(error) if is_for_later(&error) => return Ok(Progress::Wait),
            Err(error) => return Err(error),
        }
    }
    Ok(Progress::Wait)
}

/// Reads on in the one message that is to come.
fn read_message(
    stream: &mut impl Read,
    input: &mut Vec<u8>,
    query: &[u8],
    buffer: &mut [u8],
) -> io::Result<Progress> {
    match stream.read(buffer) {
        Ok(0) => return Ok(Progress::Failed),
        Ok(count) => input.extend_from_slice(&buffer[..count]),
        Err(error) if is_for_later(&error) => return Ok(Progress::Wait),
        Err(error) => return Err(error),
    }
    let Some((length, message)) = input.split_first_chunk() else { return Ok(Progress::Wait) };
    let len = usize::from(u16::from_be_bytes(*length));
    let Some(message) = message.get(..len) else { return Ok(Progress::Wait) };
    if !Zones::is_reply_to(message, query) {
        return Ok(Progress::Failed);
    }
    buffer[..len].copy_from_slice(message);
    Ok(Progress::Answer(len))
}
