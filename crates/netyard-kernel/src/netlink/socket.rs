//! A blocking netlink socket. It belongs to the network namespace in which it was opened, for as long as it lives.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use netlink_packet_core::{NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::SocketAddr;
use netlink_sys::protocols::{NETLINK_NETFILTER, NETLINK_ROUTE};
use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv};

use crate::fault::{self, Site};

use super::batch::Batch;
use super::error::{NetlinkError, Refusal};
use super::message::{HEADER, Meaning, Message, Messages};
use super::request::Request;

/// A netlink socket.
#[derive(Debug)]
pub struct Socket {
    inner: netlink_sys::Socket,
    sequence: u32,
}

/// The kernel sends at most 32 KiB of a dump at once, and single messages of more only where a link has hundreds of virtual
/// functions.
const RECEIVE_BUFFER: usize = 64 * 1024;
/// How much the kernel is asked to hold for us. It grants no more than `net.core.rmem_max`.
const HELD: libc::c_int = 1024 * 1024;
/// How often a list that changes while it is read is read again.
const DUMP_TRIES: u32 = 64;

thread_local! {
    /// The receive buffer of all sockets of a thread: there may be thousands of them, and one is read at a time.
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Socket {
    /// Opens a socket in the network namespace of the calling thread.
    ///
    /// # Errors
    /// What the kernel says to socket(2) and setsockopt(2).
    pub fn open() -> Result<Self, NetlinkError> {
        Self::open_to(NETLINK_ROUTE)
    }

    /// Opens a socket to netfilter.
    ///
    /// # Errors
    /// What the kernel says to socket(2) and setsockopt(2).
    pub(crate) fn open_netfilter() -> Result<Self, NetlinkError> {
        Self::open_to(NETLINK_NETFILTER)
    }

    fn open_to(protocol: isize) -> Result<Self, NetlinkError> {
        fault::at(Site::OpenNetlink).map_err(NetlinkError::Socket)?;
        let mut inner = netlink_sys::Socket::new(protocol).map_err(failed)?;
        inner.set_ext_ack(true).map_err(failed)?;
        inner.set_cap_ack(true).map_err(failed)?;
        // Without it the kernel ignores filters in dump requests (Linux 4.20). Older ones send more than is asked for.
        let _ = inner.set_netlink_get_strict_chk(true);
        inner.set_rx_buf_sz(HELD).map_err(failed)?;
        inner.bind(&SocketAddr::new(0, 0)).map_err(failed)?;
        Ok(Self { inner, sequence: 0 })
    }

    /// Sends all requests of `batch` and gives back those that were refused, by their tags. A refusal does not keep the kernel from
    /// the requests behind it.
    ///
    /// # Errors
    /// When the exchange itself failed: it is not known then which requests took effect.
    pub fn send(&mut self, batch: &Batch) -> Result<Vec<(usize, Refusal)>, NetlinkError> {
        let mut refused = Vec::new();
        for chunk in batch.chunks(self.sequence.wrapping_add(1)) {
            let first = self.sequence.wrapping_add(1);
            let count = u32::try_from(chunk.tags.len()).map_err(|_| NetlinkError::Malformed)?;
            self.sequence = self.sequence.wrapping_add(count);
            #[cfg(feature = "faults")]
            let chunk = self.withhold(chunk, &mut refused);
            self.transmit(&chunk.bytes)?;
            let last = self.sequence;
            self.receive_until(|message| {
                let index = message.sequence.wrapping_sub(first);
                // An answer to an exchange that was given up earlier.
                let Some(tag) = usize::try_from(index).ok().and_then(|i| chunk.tags.get(i)) else {
                    return Ok(false);
                };
                match message.meaning() {
                    Meaning::Refused(refusal) => refused.push((*tag, refusal)),
                    Meaning::Overrun => return Err(NetlinkError::Overrun),
                    Meaning::Ack => {}
                    Meaning::Noop | Meaning::Part | Meaning::Done => return Ok(false),
                }
                Ok(message.sequence == last)
            })?;
        }
        Ok(refused)
    }

    /// Sends one request and gives back what `read` makes of the kernel's answer.
    ///
    /// # Errors
    /// When the kernel refuses it or the exchange fails.
    pub fn ask<T>(
        &mut self,
        request: Request,
        mut read: impl FnMut(&Message<'_>) -> Option<T>,
    ) -> Result<Option<T>, NetlinkError> {
        let sequence = self.transmit_one(request)?;
        self.receive_answer(sequence, &mut read)
    }

    /// Sends one request of another family than rtnetlink, and waits until it is acknowledged.
    pub(crate) fn ask_bare(&mut self, kind: u16, payload: &[u8]) -> Result<(), NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let len = u32::try_from(HEADER + payload.len()).map_err(|_| NetlinkError::Malformed)?;
        let flags = NLM_F_REQUEST | NLM_F_ACK;
        let mut bytes = [len.to_ne_bytes(), [0; 4], self.sequence.to_ne_bytes(), [0; 4]].concat();
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes[6..8].copy_from_slice(&flags.to_ne_bytes());
        bytes.extend(payload);
        self.transmit(&bytes)?;
        self.receive_answer(self.sequence, &mut |_| None::<()>).map(drop)
    }

    fn receive_answer<T>(
        &self,
        sequence: u32,
        read: &mut impl FnMut(&Message<'_>) -> Option<T>,
    ) -> Result<Option<T>, NetlinkError> {
        let mut answer = None;
        self.receive_until(|message| {
            if message.sequence != sequence {
                return Ok(false);
            }
            match message.meaning() {
                Meaning::Refused(refusal) => Err(NetlinkError::Refused(refusal)),
                Meaning::Overrun => Err(NetlinkError::Overrun),
                Meaning::Ack | Meaning::Done => Ok(true),
                Meaning::Noop => Ok(false),
                Meaning::Part => {
                    answer = answer.take().or_else(|| read(message));
                    Ok(false)
                }
            }
        })?;
        Ok(answer)
    }

    /// Lists what `request` asks for. A list that changed while it was read, or of which the kernel lost a part, is read again:
    /// it would show things twice or not at all.
    ///
    /// # Errors
    /// When the kernel refuses it, the exchange fails, or the list never holds still.
    pub fn dump<T>(
        &mut self,
        request: &Request,
        mut read: impl FnMut(&Message<'_>) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        for _ in 0..DUMP_TRIES {
            let request = Request { flags: request.flags | NLM_F_DUMP, ..request.clone() };
            let sequence = self.transmit_one(request)?;
            let mut list = Vec::new();
            let mut spoilt = false;
            let mut take = |message: &Message<'_>| {
                if message.sequence != sequence {
                    return Ok(false);
                }
                spoilt |= message.is_interrupted();
                match message.meaning() {
                    Meaning::Refused(refusal) if refusal.errno == Errno::EINTR => {
                        spoilt = true;
                        Ok(true)
                    }
                    Meaning::Refused(refusal) => Err(NetlinkError::Refused(refusal)),
                    Meaning::Overrun => Err(NetlinkError::Overrun),
                    Meaning::Ack | Meaning::Done => Ok(true),
                    Meaning::Noop => Ok(false),
                    Meaning::Part => {
                        list.extend(read(message));
                        Ok(false)
                    }
                }
            };
            let mut lost = false;
            // The kernel starts no second dump on a socket before the first is read to its end, so it is read to its end.
            while let Err(error) = self.receive_until(&mut take) {
                if error != NetlinkError::Overrun {
                    return Err(error);
                }
                lost = true;
            }
            if !spoilt && !lost {
                return Ok(list);
            }
        }
        Err(NetlinkError::Unstable { tries: DUMP_TRIES })
    }

    /// Keeps back what a test wants refused.
    #[cfg(feature = "faults")]
    fn withhold(
        &self,
        mut chunk: super::batch::Chunk,
        refused: &mut Vec<(usize, Refusal)>,
    ) -> super::batch::Chunk {
        super::withhold::withhold(&mut chunk, refused, |bytes| drop(self.transmit(bytes)));
        chunk
    }

    fn transmit_one(&mut self, request: Request) -> Result<u32, NetlinkError> {
        let kind = request.message.message_type();
        fault::at(site_of(kind)).map_err(|errno| NetlinkError::Refused(errno.into()))?;
        let mut batch = Batch::default();
        batch.push(request, 0);
        self.sequence = self.sequence.wrapping_add(1);
        for chunk in batch.chunks(self.sequence) {
            self.transmit(&chunk.bytes)?;
        }
        Ok(self.sequence)
    }

    fn transmit(&self, datagram: &[u8]) -> Result<(), NetlinkError> {
        fault::at(Site::Send).map_err(NetlinkError::Socket)?;
        loop {
            match self.inner.send(datagram, 0).map_err(failed) {
                Ok(_) => return Ok(()),
                Err(NetlinkError::Socket(Errno::EINTR)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Reads messages until `handle` says that it has seen the last one.
    fn receive_until(
        &self,
        mut handle: impl FnMut(&Message<'_>) -> Result<bool, NetlinkError>,
    ) -> Result<(), NetlinkError> {
        fault::at(Site::Receive).map_err(not_received)?;
        let mut buffer = BUFFER.take();
        buffer.resize(RECEIVE_BUFFER, 0);
        let ended = self.receive_into(&mut buffer, &mut handle);
        BUFFER.set(buffer);
        ended
    }

    fn receive_into(
        &self,
        buffer: &mut [u8],
        handle: &mut impl FnMut(&Message<'_>) -> Result<bool, NetlinkError>,
    ) -> Result<(), NetlinkError> {
        loop {
            let len = match recv(self.inner.as_raw_fd(), buffer, MsgFlags::MSG_TRUNC) {
                Ok(len) => len,
                Err(Errno::EINTR) => continue,
                Err(errno) => return Err(not_received(errno)),
            };
            let datagram = buffer.get(..len).ok_or(NetlinkError::Truncated { len })?;
            for message in Messages::new(datagram) {
                if handle(&message?)? {
                    return Ok(());
                }
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

/// What a request of this kind is to a test that wants it refused (`RTM_…`, linux/rtnetlink.h).
pub(super) fn site_of(kind: u16) -> Site {
    match kind {
        16 => Site::AddLink,
        17 => Site::DeleteLink,
        18 => Site::GetLink,
        19 => Site::SetLink,
        20 => Site::AddAddress,
        21 => Site::DeleteAddress,
        22 => Site::GetAddress,
        24 => Site::AddRoute,
        25 => Site::DeleteRoute,
        26 => Site::GetRoute,
        28 => Site::AddNeighbour,
        29 => Site::DeleteNeighbour,
        30 => Site::GetNeighbour,
        90 => Site::GetNamespaceId,
        _ => Site::Request,
    }
}

fn not_received(errno: Errno) -> NetlinkError {
    if errno == Errno::ENOBUFS { NetlinkError::Overrun } else { NetlinkError::Socket(errno) }
}

fn failed(error: io::Error) -> NetlinkError {
    NetlinkError::Socket(error.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw))
}
