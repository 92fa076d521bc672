//! Sockets in the namespaces of nodes.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use netyard_names::Protocol;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, bind, connect, listen, setsockopt, socket,
    sockopt,
};

/// The port of DNS (RFC 1035 §4.2).
const PORT: u16 = 53;
/// Connections that wait to be taken.
const BACKLOG: i32 = 256;

/// A socket to be asked on, in the namespace that the calling thread is in. The address need not be there yet: it may come, go
/// and come back, and the socket stays.
pub(super) fn open_listener(addr: IpAddr, protocol: Protocol) -> Result<OwnedFd, Errno> {
    let fd = open(addr, protocol)?;
    setsockopt(&fd, sockopt::IpFreebind, &true)?;
    if addr.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
    }
    if protocol == Protocol::Tcp {
        // Connections of a server that has just ended may linger.
        setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(SocketAddr::new(addr, PORT)))?;
    if protocol == Protocol::Tcp {
        listen(&fd, Backlog::new(BACKLOG)?)?;
    }
    Ok(fd)
}

/// Whether the namespace that the calling thread is in has this address at the moment.
pub(super) fn is_local(addr: IpAddr) -> bool {
    let own = SockaddrStorage::from(SocketAddr::new(addr, 0));
    // In a namespace without any address every bind succeeds, but nothing can be reached.
    let there = SockaddrStorage::from(SocketAddr::new(addr, PORT));
    let bound = open(addr, Protocol::Udp).and_then(|fd| {
        bind(fd.as_raw_fd(), &own)?;
        connect(fd.as_raw_fd(), &there)
    });
    bound.is_ok()
}

/// A socket that asks another server, in the namespace that the calling thread is in; over TCP it may still be connecting.
pub(super) fn open_connection(upstream: SocketAddr, protocol: Protocol) -> Result<OwnedFd, Errno> {
    let fd = open(upstream.ip(), protocol)?;
    match connect(fd.as_raw_fd(), &SockaddrStorage::from(upstream)) {
        Ok(()) | Err(Errno::EINPROGRESS) => Ok(fd),
        Err(errno) => Err(errno),
    }
}

fn open(addr: IpAddr, protocol: Protocol) -> Result<OwnedFd, Errno> {
    let family = if addr.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let kind = match protocol {
        Protocol::Udp => SockType::Datagram,
        Protocol::Tcp => SockType::Stream,
    };
    socket(family, kind, SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK, None)
}
