//! One connection of a client (RFC 7766).

use std::io;
use std::net::{IpAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use netyard_types::NodeName;
use netyard_zone::Zones;
use nix::sys::socket::{setsockopt, sockopt};

use crate::Limits;
use crate::asker::Source;
use crate::frame::{Input, Output};
use crate::poll::Interest;
use crate::slab::Key;
use crate::timers::TimerId;

/// The most bytes of a zone that are written ahead of the client.
const TRANSFER_AHEAD: usize = 32 << 10;
/// What the kernel is to keep of a connection, in bytes: what has come and was not read, and what was written and not acknowledged.
/// Left alone it lets both grow to megabytes (tcp(7): tcp_rmem, tcp_wmem), a thousand times. It keeps the double (socket(7)).
const IN_KERNEL: (usize, usize) = (16 << 10, 64 << 10);

/// One connection of a client.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    /// The socket that it came by.
    pub(crate) listener: Key,
    /// The address at the other end.
    pub(crate) peer: IpAddr,
    /// Whom it counts for.
    pub(crate) source: Source,
    pub(crate) input: Input,
    pub(crate) output: Output,
    /// The zone that is being sent. The next question waits until it is.
    pub(crate) transfer: Option<Transfer>,
    /// How many answers are still to come: delayed, or from another server.
    pub(crate) pending: usize,
    /// The client sends no more.
    pub(crate) ended: bool,
    /// When the message that is not whole yet began.
    pub(crate) message_since: Option<Instant>,
    /// When something was last done with it.
    pub(crate) active: Instant,
    /// When its deadline is looked at again. Never later than the deadline.
    pub(crate) timer: Option<TimerId>,
    /// What is waited for.
    pub(crate) interest: Interest,
}

/// A zone that is being sent (RFC 5936): all of it as it was when it was asked for.
#[derive(Debug)]
pub(crate) struct Transfer {
    pub(crate) zones: Arc<Zones>,
    pub(crate) zone: usize,
    pub(crate) query: Vec<u8>,
    pub(crate) asker: Option<NodeName>,
    /// The next message.
    pub(crate) number: usize,
    pub(crate) since: Instant,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream, listener: Key, peer: IpAddr, source: Source, now: Instant) -> Self {
        Self {
            stream,
            listener,
            peer,
            source,
            input: Input::default(),
            output: Output::default(),
            transfer: None,
            pending: 0,
            ended: false,
            message_since: None,
            active: now,
            timer: None,
            interest: Interest::READ,
        }
    }

    /// Makes the kernel hold no more for a client, and for no longer, than this server does.
    pub(crate) fn set_up(stream: &TcpStream, limits: &Limits) -> io::Result<()> {
        let (unread, unacknowledged) = IN_KERNEL;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        setsockopt(stream, sockopt::RcvBuf, &unread)?;
        setsockopt(stream, sockopt::SndBuf, &unacknowledged)?;
        // What was sent last stays in the kernel when the connection is closed, and a client that takes nothing keeps it there.
        let idle = u32::try_from(limits.idle.as_millis()).unwrap_or(u32::MAX);
        setsockopt(stream, sockopt::TcpUserTimeout, &idle)?;
        Ok(())
    }

    /// Reads what there is, once.
    pub(crate) fn read(&mut self) -> io::Result<()> {
        match self.input.read_from(&mut self.stream) {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) if is_for_later(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Sends what can be sent now.
    pub(crate) fn write(&mut self, now: Instant) -> io::Result<()> {
        if self.output.write_to(&mut self.stream)? > 0 {
            self.active = now;
        }
        Ok(())
    }

    /// Whether there is room for one more answer.
    pub(crate) fn may_answer(&self, limits: &Limits) -> bool {
        self.transfer.is_none() && self.pending < limits.pending && self.output.len() < limits.unsent
    }

    /// Writes the next messages of the zone that is being sent, as far as the client follows.
    pub(crate) fn continue_transfer(&mut self, reply: &mut Vec<u8>) {
        while self.output.len() < TRANSFER_AHEAD
            && let Some(transfer) = &mut self.transfer
        {
            let Transfer { zones, zone, query, asker, number, .. } = transfer;
            if zones.transfer(*zone, query, asker.as_ref(), *number, reply) {
                *number += 1;
                self.output.push(reply);
            } else {
                self.transfer = None;
            }
        }
    }

    /// Whether nothing will come of it any more.
    pub(crate) fn is_done(&self) -> bool {
        self.ended && self.output.len() == 0 && self.pending == 0 && self.transfer.is_none()
    }

    /// What is to be waited for.
    pub(crate) fn wanted(&self, limits: &Limits) -> Interest {
        Interest {
            read: !self.ended && self.may_answer(limits),
            write: self.output.len() > 0 || self.transfer.is_some(),
        }
    }

    /// Notes since when a message has not been whole. One that the client cannot send on, because nothing is read, does not count.
    pub(crate) fn note_message(&mut self, limits: &Limits, now: Instant) {
        if self.input.is_within_message() && self.may_answer(limits) {
            self.message_since.get_or_insert(now);
        } else {
            self.message_since = None;
        }
    }

    /// When it is to be closed if nothing happens. While answers are still to come, it stays.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        let waits = self.pending > 0 && self.output.len() == 0;
        let idle = (!waits).then(|| self.active + limits.idle);
        let message = self.message_since.map(|since| since + limits.message);
        let transfer = self.transfer.as_ref().map(|transfer| transfer.since + limits.transfer);
        [idle, message, transfer].into_iter().flatten().min()
    }
}

/// Whether an error means only that there is nothing to be done now.
pub(crate) fn is_for_later(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::getsockopt;
    use std::net::TcpListener;

    #[test]
    fn the_kernel_keeps_little_and_not_for_ever() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().unwrap();
        Connection::set_up(&stream, &Limits::default()).unwrap();
        assert_eq!(getsockopt(&stream, sockopt::RcvBuf).unwrap(), 2 * IN_KERNEL.0);
        assert_eq!(getsockopt(&stream, sockopt::SndBuf).unwrap(), 2 * IN_KERNEL.1);
        assert_eq!(getsockopt(&stream, sockopt::TcpUserTimeout).unwrap(), 10_000);
    }
}
