//! Waiting for sockets (epoll(7), level-triggered).

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::slab::Key;

/// The most sockets that are looked after in one turn, before the clock is looked at again.
const MOST_EVENTS: usize = 64;

/// Whose socket something happened on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The keeper's.
    Control,
    /// One that is answered on.
    Listener(Key),
    /// A client's connection.
    Connection(Key),
    /// One to another server.
    Forward(Key),
}

impl Owner {
    fn to_bits(self) -> u64 {
        let (kind, key) = match self {
            Self::Control => (0, 0),
            Self::Listener(key) => (1, key.to_bits()),
            Self::Connection(key) => (2, key.to_bits()),
            Self::Forward(key) => (3, key.to_bits()),
        };
        kind << Key::BITS | key
    }

    fn from_bits(bits: u64) -> Self {
        let key = Key::from_bits(bits);
        match bits >> Key::BITS {
            0 => Self::Control,
            1 => Self::Listener(key),
            2 => Self::Connection(key),
            _ => Self::Forward(key),
        }
    }
}

/// What can happen on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Interest {
    /// There is something to read, or a connection to take, or an end.
    pub(crate) read: bool,
    /// There is room to write.
    pub(crate) write: bool,
}

impl Interest {
    pub(crate) const READ: Self = Self { read: true, write: false };
    pub(crate) const BOTH: Self = Self { read: true, write: true };

    fn flags(self) -> EpollFlags {
        let mut flags = EpollFlags::empty();
        flags.set(EpollFlags::EPOLLIN, self.read);
        flags.set(EpollFlags::EPOLLOUT, self.write);
        flags
    }
}

/// The sockets that are waited for.
#[derive(Debug)]
pub(crate) struct Poll(Epoll);

impl Poll {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?))
    }

    pub(crate) fn add(&self, socket: impl AsFd, owner: Owner, interest: Interest) -> Result<(), Errno> {
        self.0.add(socket, EpollEvent::new(interest.flags(), owner.to_bits()))
    }

    /// Changes what a socket is waited for. It was added, so this does not fail.
    pub(crate) fn modify(&self, socket: impl AsFd, owner: Owner, interest: Interest) {
        let _ = self.0.modify(socket, &mut EpollEvent::new(interest.flags(), owner.to_bits()));
    }

    /// To be called before a socket is closed that another process may have too: the kernel goes on telling of it otherwise.
    pub(crate) fn remove(&self, socket: impl AsFd) {
        let _ = self.0.delete(socket);
    }

    /// Waits until something happens or `until` has come.
    pub(crate) fn wait<'a>(
        &self,
        events: &'a mut Events,
        until: Option<Instant>,
    ) -> io::Result<&'a [EpollEvent]> {
        loop {
            match self.0.wait(&mut events.0, timeout(until)) {
                Ok(count) => return Ok(&events.0[..count]),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }
}

/// Never too short: in whole milliseconds, rounded up.
fn timeout(until: Option<Instant>) -> EpollTimeout {
    let Some(until) = until else { return EpollTimeout::NONE };
    let left = until.saturating_duration_since(Instant::now()) + Duration::from_nanos(999_999);
    u32::try_from(left.as_millis())
        .ok()
        .and_then(|left| EpollTimeout::try_from(left).ok())
        .unwrap_or(EpollTimeout::MAX)
}

/// The memory for what happened.
#[derive(Debug)]
pub(crate) struct Events([EpollEvent; MOST_EVENTS]);

impl Events {
    pub(crate) fn new() -> Self {
        Self([EpollEvent::empty(); MOST_EVENTS])
    }
}

/// What happened on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ready {
    /// There is something to read, or an error to be found by reading.
    pub(crate) read: bool,
    /// There is room to write.
    pub(crate) write: bool,
    /// The socket is of no use any more, but for what there is still to read. This is told whether it was waited for or not.
    pub(crate) broken: bool,
}

/// Whose socket an event is about, and what happened there.
pub(crate) fn decode(event: &EpollEvent) -> (Owner, Ready) {
    let flags = event.events();
    let broken = flags.intersects(EpollFlags::EPOLLERR | EpollFlags::EPOLLHUP);
    let read = broken || flags.contains(EpollFlags::EPOLLIN);
    let write = flags.contains(EpollFlags::EPOLLOUT);
    (Owner::from_bits(event.data()), Ready { read, write, broken })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slab::Slab;

    #[test]
    fn owners_are_numbers() {
        let mut slab = Slab::new();
        let first = slab.insert(());
        slab.remove(first);
        let key = slab.insert(());
        for owner in [Owner::Control, Owner::Listener(key), Owner::Connection(key), Owner::Forward(key)] {
            assert_eq!(Owner::from_bits(owner.to_bits()), owner);
        }
    }

    #[test]
    fn waiting_is_never_too_short() {
        let now = Instant::now();
        assert_eq!(timeout(None), EpollTimeout::NONE);
        assert_eq!(timeout(Some(now)), EpollTimeout::ZERO);
        assert_ne!(timeout(Some(now + Duration::from_secs(1))), EpollTimeout::ZERO);
        assert_eq!(timeout(Some(now + Duration::from_secs(1 << 40))), EpollTimeout::MAX);
    }
}
