//! The sockets that are answered on.

use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use netyard_types::NodeName;

use crate::{Listener, Protocol};

/// After so many errors one after the other, and nothing between, a socket is left alone for a while.
const MOST_FAILURES: u32 = 16;

/// A socket that is answered on.
#[derive(Debug)]
pub(crate) struct Listening {
    /// The keeper's number for it.
    pub(crate) id: u32,
    /// The node it is on.
    pub(crate) node: NodeName,
    pub(crate) socket: Socket,
    /// How many errors came one after the other.
    failures: u32,
}

#[derive(Debug)]
pub(crate) enum Socket {
    Udp(UdpSocket),
    Tcp(TcpListener),
}

impl Listening {
    pub(crate) fn new(listener: Listener, socket: OwnedFd) -> std::io::Result<Self> {
        let Listener { id, node, protocol } = listener;
        let socket = match protocol {
            Protocol::Udp => Socket::Udp(UdpSocket::from(socket)),
            Protocol::Tcp => Socket::Tcp(TcpListener::from(socket)),
        };
        match &socket {
            Socket::Udp(socket) => socket.set_nonblocking(true)?,
            Socket::Tcp(socket) => socket.set_nonblocking(true)?,
        }
        Ok(Self { id, node, socket, failures: 0 })
    }

    pub(crate) fn worked(&mut self) {
        self.failures = 0;
    }

    /// Notes an error; says whether the socket is to be left alone for a while, lest it keeps the server from all others.
    #[must_use]
    pub(crate) fn failed(&mut self) -> bool {
        self.failures += 1;
        let enough = self.failures >= MOST_FAILURES;
        if enough {
            self.failures = 0;
        }
        enough
    }
}

impl AsFd for Listening {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            Socket::Udp(socket) => socket.as_fd(),
            Socket::Tcp(socket) => socket.as_fd(),
        }
    }
}
