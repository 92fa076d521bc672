//! The raw sockets of a ping (raw(7), icmp(7)), opened in a node's namespace and used from outside of it: a socket stays in the
//! namespace it was opened in.
//!
//! Raw and not `SOCK_DGRAM` sockets: those need the namespace's `net.ipv4.ping_group_range`. A raw socket gets a copy of every
//! ICMP message that reaches its namespace, errors about our requests with the routers that sent them included, so the error
//! queue (`IP_RECVERR`) is not needed. What the node's kernel itself has to say about a request that it took (nobody answered
//! ARP) also comes as such a message, from the node's own address.

use std::fs::File;
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::thread;

use nix::errno::Errno;
use nix::net::if_::if_nametoindex;
use nix::sched::{CloneFlags, setns};
use nix::sys::socket::sockopt::{Ipv4Ttl, Ipv6RecvHopLimit, Ipv6Ttl, RcvBuf};
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, recvmsg,
    sendto, setsockopt, socket,
};

use crate::{Family, Options, PingError, Target};

/// The receive buffer asked for, in bytes, so that answers from hundreds of targets at once find room. The kernel gives what
/// `net.core.rmem_max` allows.
const RECEIVE_BUFFER: usize = 1 << 21;

/// What the kernel did with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// It took it.
    Taken,
    /// It has no room at the moment.
    Full,
    /// It refused it.
    Refused(Errno),
}

/// What came in: its length, who sent it, and what was left of its hop limit where the message does not tell itself.
pub(crate) struct Received {
    pub(crate) len: usize,
    pub(crate) from: IpAddr,
    pub(crate) hop_limit: Option<u8>,
}

/// The socket of one family.
pub(crate) struct Socket {
    pub(crate) family: Family,
    fd: OwnedFd,
    control: Vec<u8>,
}

/// The sockets of a ping, and its targets' addresses as sockets take them.
pub(crate) struct Sockets {
    /// At most one for each family.
    pub(crate) open: Vec<Socket>,
    addresses: Vec<SockaddrStorage>,
}

impl Sockets {
    /// Opens what `targets` need in `namespace`. The calling thread stays where it is: another one enters the namespace, opens
    /// the sockets, and ends.
    pub(crate) fn open(namespace: &Path, targets: &[Target], options: &Options) -> Result<Self, PingError> {
        let file = File::open(namespace)
            .map_err(|source| PingError::OpenNamespace { path: namespace.to_owned(), source })?;
        let inside = || {
            setns(&file, CloneFlags::CLONE_NEWNET)
                .map_err(|source| PingError::EnterNamespace { path: namespace.to_owned(), source })?;
            Self::open_here(targets, options)
        };
        thread::scope(|scope| {
            let thread = thread::Builder::new().name(String::from("netns")).spawn_scoped(scope, inside);
            match thread.map_err(|source| PingError::Thread { source })?.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn open_here(targets: &[Target], options: &Options) -> Result<Self, PingError> {
        let mut open = Vec::new();
        for family in [Family::V4, Family::V6] {
            if targets.iter().any(|target| Family::of(target.addr) == family) {
                let made = Socket::open_here(family, options);
                open.push(made.map_err(|source| PingError::Socket { family, source })?);
            }
        }
        let addresses = targets.iter().map(address_here).collect::<Result<_, _>>()?;
        Ok(Self { open, addresses })
    }

    /// Sends a message to the target at that place in the list.
    pub(crate) fn send(&self, target: usize, message: &[u8]) -> Sent {
        let address = &self.addresses[target];
        let family = if address.as_sockaddr_in().is_some() { Family::V4 } else { Family::V6 };
        let socket = self.open.iter().find(|socket| socket.family == family);
        let socket = socket.expect("a socket was opened for the family of every target");
        loop {
            return match sendto(socket.fd.as_raw_fd(), message, address, MsgFlags::MSG_DONTWAIT) {
                Ok(_) => Sent::Taken,
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM) => Sent::Full,
                Err(errno) => Sent::Refused(errno),
            };
        }
    }
}

impl Socket {
    fn open_here(family: Family, options: &Options) -> Result<Self, Errno> {
        let (domain, protocol) = match family {
            Family::V4 => (AddressFamily::Inet, SockProtocol::Icmp),
            Family::V6 => (AddressFamily::Inet6, SockProtocol::IcmpV6),
        };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let fd = socket(domain, SockType::Raw, flags, protocol)?;
        setsockopt(&fd, RcvBuf, &RECEIVE_BUFFER)?;
        match (family, options.ttl.map(|ttl| i32::from(ttl.get()))) {
            (Family::V4, Some(ttl)) => setsockopt(&fd, Ipv4Ttl, &ttl)?,
            (Family::V6, Some(ttl)) => setsockopt(&fd, Ipv6Ttl, &ttl)?,
            (_, None) => {}
        }
        if family == Family::V6 {
            setsockopt(&fd, Ipv6RecvHopLimit, &true)?;
        }
        Ok(Self { family, fd, control: nix::cmsg_space!(std::ffi::c_int) })
    }

    /// Takes one packet, cut to `buffer`; `None` if there is none.
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Result<Option<Received>, PingError> {
        let mut parts = [IoSliceMut::new(buffer)];
        let control = Some(&mut self.control[..]);
        let packet =
            recvmsg::<SockaddrStorage>(self.fd.as_raw_fd(), &mut parts, control, MsgFlags::MSG_DONTWAIT);
        let packet = match packet {
            Ok(packet) => packet,
            Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
            Err(source) => return Err(PingError::Receive { family: self.family, source }),
        };
        let hop_limit = packet.cmsgs().ok().and_then(|mut messages| {
            messages.find_map(|message| match message {
                ControlMessageOwned::Ipv6HopLimit(limit) => u8::try_from(limit).ok(),
                _ => None,
            })
        });
        let from = packet.address.as_ref().and_then(ip_of);
        Ok(from.map(|from| Received { len: packet.bytes, from, hop_limit }))
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::from(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::from(address.ip())))
}

/// The address of a target as a socket takes it, with the index that its zone has in this namespace. The port of a raw socket's
/// address must be 0.
fn address_here(target: &Target) -> Result<SockaddrStorage, PingError> {
    let scope = match &target.zone {
        None => 0,
        Some(zone) => if_nametoindex(zone.as_str()).or_else(|source| {
            let unknown = || PingError::UnknownZone { zone: zone.clone(), addr: target.addr, source };
            zone.as_str().parse().map_err(|_| unknown())
        })?,
    };
    Ok(match target.addr {
        IpAddr::V4(addr) => SocketAddrV4::new(addr, 0).into(),
        IpAddr::V6(addr) => SocketAddrV6::new(addr, 0, 0, scope).into(),
    })
}
