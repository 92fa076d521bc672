//! The socket to the keeper.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use netyard_kernel::descriptors::{receive, send};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::{Order, Report};

/// The most reports that wait for the keeper to read them before no more sockets are asked for.
const MOST_WAITING: usize = 1024;

/// What came from the keeper.
#[derive(Debug)]
pub(crate) enum Received {
    /// An order, with the descriptors beside it.
    Order(Order, Vec<OwnedFd>),
    /// An order whose descriptors could not be opened here, because too many files are open.
    WithoutDescriptors(Order),
    /// Something that is no order.
    NotUnderstood,
    /// Nothing for now.
    Nothing,
    /// The keeper is gone, and nobody will ever order anything again.
    End,
}

/// The socket to the keeper. It never makes the server wait.
#[derive(Debug)]
pub(crate) struct Control {
    socket: OwnedFd,
    buffer: Vec<u8>,
    waiting: VecDeque<Vec<u8>>,
}

impl Control {
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        fcntl(&socket, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        Ok(Self { socket, buffer: Vec::new(), waiting: VecDeque::new() })
    }

    /// Takes the next order.
    pub(crate) fn receive(&mut self) -> Received {
        let received = receive(self.socket.as_fd(), &mut self.buffer);
        let order = || serde_json::from_slice(&self.buffer);
        match received {
            Ok(Some(descriptors)) => match order() {
                Ok(order) => Received::Order(order, descriptors),
                Err(_) => Received::NotUnderstood,
            },
            Ok(None) => Received::End,
            Err(error) => match error.raw_os_error().map(Errno::from_raw) {
                Some(Errno::EAGAIN) => Received::Nothing,
                Some(Errno::EMFILE) => order().map_or(Received::NotUnderstood, Received::WithoutDescriptors),
                Some(Errno::EMSGSIZE) => Received::NotUnderstood,
                _ => Received::End,
            },
        }
    }

    /// Tells the keeper something, as soon as there is room.
    pub(crate) fn report(&mut self, report: &Report) {
        let text = serde_json::to_vec(report).expect("a report has no keys but strings");
        self.waiting.push_back(text);
        self.flush();
    }

    /// Whether there is room for a request that can as well be given up.
    pub(crate) fn has_room(&self) -> bool {
        self.waiting.len() < MOST_WAITING
    }

    /// Sends what waits, as far as there is room. An end is found when the next order is to be received.
    pub(crate) fn flush(&mut self) {
        while let Some(text) = self.waiting.front() {
            match send(self.socket.as_fd(), text, &[]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                _ => self.waiting.pop_front(),
            };
        }
    }

    /// Whether something waits for room.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
