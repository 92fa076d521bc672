//! Netlink by hand: messages written straight into one buffer, many of them in one datagram, the last one acknowledged
//! (netlink(7), rtnetlink(7)).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};

use crate::{Context, Result};

/// Kinds of messages (linux/rtnetlink.h).
pub(crate) mod kind {
    pub(crate) const NEW_LINK: u16 = 16;
    pub(crate) const DEL_LINK: u16 = 17;
    pub(crate) const GET_LINK: u16 = 18;
    pub(crate) const SET_LINK: u16 = 19;
    pub(crate) const NEW_ADDRESS: u16 = 20;
    pub(crate) const NEW_ROUTE: u16 = 24;
}

/// Flags of messages (linux/netlink.h).
pub(crate) mod flag {
    pub(crate) const REQUEST: u16 = 0x1;
    pub(crate) const ACK: u16 = 0x4;
    /// `NLM_F_CREATE | NLM_F_EXCL`
    pub(crate) const NEW: u16 = 0x600;
    /// `NLM_F_ROOT | NLM_F_MATCH`
    pub(crate) const DUMP: u16 = 0x300;
}

const ERROR: u16 = 2;
const DONE: u16 = 3;
const HEADER: usize = 16;
/// The kernel sends at most 32 KiB of a dump at once.
const RECEIVED: usize = 64 * 1024;

/// Requests on their way to one namespace.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    bytes: Vec<u8>,
    /// Where the last message begins.
    last: usize,
    count: usize,
}

impl Batch {
    /// As many as may fail and still have their errors fit into the receive buffer.
    pub(crate) const MOST: usize = 128;

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.count = 0;
    }

    /// Adds a message of `kind`; `body` writes its fixed part and its attributes.
    pub(crate) fn message(&mut self, kind: u16, flags: u16, body: impl FnOnce(&mut Self)) {
        self.last = self.bytes.len();
        self.count += 1;
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | flag::REQUEST).to_ne_bytes());
        self.bytes.extend([0; 8]);
        let start = self.last;
        body(self);
        let len = u32::try_from(self.bytes.len() - start).expect("messages are short");
        self.bytes[start..start + 4].copy_from_slice(&len.to_ne_bytes());
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// Adds an attribute with the value that `body` writes.
    pub(crate) fn nest(&mut self, kind: u16, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.bytes.extend([0; 2]);
        self.bytes.extend(kind.to_ne_bytes());
        body(self);
        let len = u16::try_from(self.bytes.len() - start).expect("attributes are short");
        self.bytes[start..start + 2].copy_from_slice(&len.to_ne_bytes());
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }

    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.nest(kind, |batch| batch.raw(value));
    }

    pub(crate) fn number(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_ne_bytes());
    }

    pub(crate) fn text(&mut self, kind: u16, value: &str) {
        self.nest(kind, |batch| {
            batch.raw(value.as_bytes());
            batch.raw(&[0]);
        });
    }
}

/// A blocking socket in the namespace that the thread was in when it was opened.
#[derive(Debug)]
pub(crate) struct Socket(OwnedFd);

impl Socket {
    pub(crate) fn open() -> Result<Self> {
        Self::open_to(0)
    }

    /// A socket that also gets the notifications of `groups`, a mask.
    pub(crate) fn open_to(groups: u32) -> Result<Self> {
        let fd =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
                .context(|| "open a netlink socket")?;
        // An unbound socket is bound by its first message; only one that listens needs to be bound.
        if groups != 0 {
            bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups)).context(|| "listen to links")?;
        }
        Ok(Self(fd))
    }

    /// Sends all requests of `batch`, and empties it. The kernel has carried them out then.
    pub(crate) fn send(&self, batch: &mut Batch) -> Result<()> {
        if batch.count == 0 {
            return Ok(());
        }
        let at = batch.last + 6;
        let flags = u16::from_ne_bytes([batch.bytes[at], batch.bytes[at + 1]]) | flag::ACK;
        batch.bytes[at..at + 2].copy_from_slice(&flags.to_ne_bytes());
        self.transmit(batch)?;
        let mut answer = [0; 4096];
        // Errors come before the acknowledgement of the last request, whether that is one or not.
        let mut failed = 0;
        let len = self.receive(&mut answer)?;
        if let Some((ERROR, body)) = messages(&answer[..len]).next() {
            failed = i32::from_ne_bytes(word(body));
        }
        if failed == 0 {
            return Ok(());
        }
        Err(io::Error::from_raw_os_error(-failed)).context(|| "a request was refused")
    }

    /// Sends without waiting for an answer; errors wait for the next [`Self::send`].
    pub(crate) fn push(&self, batch: &mut Batch) -> Result<()> {
        if batch.count == 0 { Ok(()) } else { self.transmit(batch) }
    }

    fn transmit(&self, batch: &mut Batch) -> Result<()> {
        send(self.0.as_raw_fd(), &batch.bytes, MsgFlags::empty()).context(|| "send requests")?;
        batch.clear();
        Ok(())
    }

    fn receive(&self, buffer: &mut [u8]) -> Result<usize> {
        recv(self.0.as_raw_fd(), buffer, MsgFlags::empty()).context(|| "receive an answer")
    }

    /// Asks, and hands each part of the answer to `read`.
    pub(crate) fn ask(&self, batch: &mut Batch, dump: bool, mut read: impl FnMut(u16, &[u8])) -> Result<()> {
        self.transmit(batch)?;
        let mut buffer = vec![0; if dump { RECEIVED } else { 8192 }];
        loop {
            let len = self.receive(&mut buffer)?;
            for (kind, body) in messages(&buffer[..len]) {
                match kind {
                    DONE => return Ok(()),
                    ERROR => {
                        let error = io::Error::from_raw_os_error(-i32::from_ne_bytes(word(body)));
                        return Err(error).context(|| "a question was refused");
                    }
                    _ => read(kind, body),
                }
            }
            if !dump {
                return Ok(());
            }
        }
    }

    /// Waits for notifications until `last` says that it has seen the one it waits for.
    pub(crate) fn listen(&self, mut last: impl FnMut(u16, &[u8]) -> bool) -> Result<()> {
        let mut buffer = vec![0; RECEIVED];
        loop {
            let len = self.receive(&mut buffer)?;
            if messages(&buffer[..len]).any(|(kind, body)| last(kind, body)) {
                return Ok(());
            }
        }
    }
}

fn word(bytes: &[u8]) -> [u8; 4] {
    bytes.get(..4).and_then(|word| word.try_into().ok()).unwrap_or_default()
}

fn messages(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = u32::from_ne_bytes(word(bytes)) as usize;
        if len < HEADER || len > bytes.len() {
            return None;
        }
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        let body = &bytes[HEADER..len];
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, body))
    })
}

/// The attributes behind a fixed part.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?);
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}
