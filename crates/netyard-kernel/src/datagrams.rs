//! Many datagrams with one system call (recvmmsg(2), sendmmsg(2)), in memory that is asked for once.

use std::fmt;
use std::io;
use std::mem;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::errno::Errno;

/// Datagrams that have been received from one socket, and where they came from.
pub struct Datagrams {
    /// [`Self::MOST`] times [`Self::LONGEST`] bytes.
    bytes: Box<[u8]>,
    lens: [usize; Self::MOST],
    sources: Box<[libc::sockaddr_storage; Self::MOST]>,
    source_lens: [libc::socklen_t; Self::MOST],
}

impl Datagrams {
    /// The most that are received at once.
    pub const MOST: usize = 32;

    /// The longest datagram that is kept whole, in bytes. Of a longer one the rest is lost.
    pub const LONGEST: usize = 4096;

    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        // SAFETY: an all-zero sockaddr_storage is a valid value of that plain C structure.
        let source: libc::sockaddr_storage = unsafe { mem::zeroed() };
        Self {
            bytes: vec![0; Self::MOST * Self::LONGEST].into_boxed_slice(),
            lens: [0; Self::MOST],
            sources: Box::new([source; Self::MOST]),
            source_lens: [0; Self::MOST],
        }
    }

    /// Receives what `socket` has, over what was received before, and without waiting; says how many there are.
    ///
    /// # Errors
    /// `WouldBlock` when there are none, or an error that the socket remembered (and then forgot).
    pub fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<usize> {
        let mut pieces = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: Self::LONGEST }; Self::MOST];
        // SAFETY: an all-zero mmsghdr is a valid value of that plain C structure.
        let mut headers: [libc::mmsghdr; Self::MOST] = unsafe { mem::zeroed() };
        let buffers = self.bytes.chunks_exact_mut(Self::LONGEST);
        for (((header, piece), buffer), source) in
            headers.iter_mut().zip(&mut pieces).zip(buffers).zip(self.sources.iter_mut())
        {
            piece.iov_base = buffer.as_mut_ptr().cast();
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = (&raw mut *source).cast();
            header.msg_hdr.msg_namelen = len_of::<libc::sockaddr_storage>();
        }
        // The types of length and flags differ between C libraries.
        let (most, flags) = (Self::MOST as _, libc::MSG_DONTWAIT as _);
        let count = loop {
            // SAFETY: there are `MOST` headers, and each points to one piece, that to a buffer of the length it says, and to a
            // source; all of them live until the call returns, and nothing else uses them meanwhile.
            let count = unsafe {
                libc::recvmmsg(socket.as_raw_fd(), headers.as_mut_ptr(), most, flags, std::ptr::null_mut())
            };
            match Errno::result(count) {
                Ok(count) => break usize::try_from(count).expect("a count is not negative"),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        };
        for (index, header) in headers.iter().enumerate().take(count) {
            self.lens[index] = (header.msg_len as usize).min(Self::LONGEST);
            self.source_lens[index] = header.msg_hdr.msg_namelen;
        }
        Ok(count)
    }

    /// The datagram at `index` among those that were received last.
    ///
    /// # Panics
    /// When `index` is not below [`Self::MOST`].
    #[must_use]
    pub fn bytes(&self, index: usize) -> &[u8] {
        &self.bytes[index * Self::LONGEST..][..self.lens[index]]
    }

    /// Where the datagram at `index` came from; `None` if that is not an address of the internet protocols.
    ///
    /// # Panics
    /// When `index` is not below [`Self::MOST`].
    #[must_use]
    pub fn source(&self, index: usize) -> Option<SocketAddr> {
        let (source, len) = (&raw const self.sources[index], self.source_lens[index]);
        match i32::from(self.sources[index].ss_family) {
            libc::AF_INET if len >= len_of::<libc::sockaddr_in>() => {
                // SAFETY: the kernel wrote an address of this kind there, whole, and a sockaddr_storage is aligned for any.
                let source = unsafe { *source.cast::<libc::sockaddr_in>() };
                let addr = Ipv4Addr::from(source.sin_addr.s_addr.to_ne_bytes());
                Some(SocketAddrV4::new(addr, u16::from_be(source.sin_port)).into())
            }
            libc::AF_INET6 if len >= len_of::<libc::sockaddr_in6>() => {
                // SAFETY: the same.
                let source = unsafe { *source.cast::<libc::sockaddr_in6>() };
                let addr = Ipv6Addr::from(source.sin6_addr.s6_addr);
                let port = u16::from_be(source.sin6_port);
                Some(SocketAddrV6::new(addr, port, source.sin6_flowinfo, source.sin6_scope_id).into())
            }
            _ => None,
        }
    }

    /// Sends `replies` back: to each index of a received datagram, bytes. At most [`Self::MOST`]; what is more is not sent. What
    /// the socket has no room for, and what cannot be delivered, is lost, as datagrams are. Says how many went.
    pub fn reply<'a>(
        &self,
        socket: BorrowedFd<'_>,
        replies: impl Iterator<Item = (usize, &'a [u8])>,
    ) -> usize {
        let mut pieces = [libc::iovec { iov_base: std::ptr::null_mut(), iov_len: 0 }; Self::MOST];
        // SAFETY: an all-zero mmsghdr is a valid value of that plain C structure.
        let mut headers: [libc::mmsghdr; Self::MOST] = unsafe { mem::zeroed() };
        let mut count = 0;
        for (((index, bytes), header), piece) in replies.zip(&mut headers).zip(&mut pieces) {
            // Nothing is written through either pointer.
            *piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
            header.msg_hdr.msg_iov = piece;
            header.msg_hdr.msg_iovlen = 1;
            header.msg_hdr.msg_name = (&raw const self.sources[index]).cast_mut().cast();
            header.msg_hdr.msg_namelen = self.source_lens[index];
            count += 1;
        }
        let flags = (libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL) as _;
        let (mut next, mut sent) = (0, 0);
        while next < count {
            let left = &mut headers[next..count];
            // SAFETY: each of the headers that are left points to one piece, that to the bytes of one reply, and to a source; all
            // of them live until the call returns.
            let done =
                unsafe { libc::sendmmsg(socket.as_raw_fd(), left.as_mut_ptr(), left.len() as _, flags) };
            match Errno::result(done) {
                Ok(done) => {
                    let done = usize::try_from(done).expect("a count is not negative");
                    next += done.max(1);
                    sent += done;
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::ENOMEM) => break,
                // The first one's own fault.
                Err(_) => next += 1,
            }
        }
        sent
    }
}

impl Default for Datagrams {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Datagrams").finish_non_exhaustive()
    }
}

fn len_of<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).expect("addresses are short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::UdpSocket;
    use std::os::fd::AsFd;
    use std::time::Duration;

    fn socket(addr: &str) -> UdpSocket {
        let socket = UdpSocket::bind(addr).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        socket
    }

    #[test]
    fn every_datagram_gets_its_reply() {
        let server = socket("127.0.0.1:0");
        let clients: Vec<_> = (0..40).map(|_| socket("127.0.0.1:0")).collect();
        for (number, client) in (0_u8..).zip(&clients) {
            client.send_to(&[number], server.local_addr().unwrap()).unwrap();
        }
        let mut datagrams = Datagrams::new();
        for expected in [Datagrams::MOST, clients.len() - Datagrams::MOST] {
            let count = datagrams.receive(server.as_fd()).unwrap();
            assert_eq!(count, expected);
            let replies: Vec<Vec<u8>> =
                (0..count).map(|index| [datagrams.bytes(index), b"!"].concat()).collect();
            assert!((0..count).all(|index| datagrams.source(index).is_some()));
            let sent = datagrams.reply(server.as_fd(), replies.iter().map(Vec::as_slice).enumerate());
            assert_eq!(sent, count);
        }
        for (number, client) in (0_u8..).zip(&clients) {
            let mut buffer = [0; 8];
            assert_eq!(client.recv(&mut buffer).unwrap(), 2);
            assert_eq!(buffer[..2], [number, b'!']);
        }
        let error = datagrams.receive(server.as_fd()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn sources_are_told_and_long_datagrams_cut() {
        for any in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(server) = UdpSocket::bind(any) else {
                println!("skipped {any}: not here");
                continue;
            };
            let client = socket(any);
            client.send_to(&[1; 60_000], server.local_addr().unwrap()).unwrap();
            client.send_to(&[], server.local_addr().unwrap()).unwrap();
            let mut datagrams = Datagrams::new();
            assert_eq!(datagrams.receive(server.as_fd()).unwrap(), 2);
            assert_eq!(datagrams.bytes(0), [1; Datagrams::LONGEST]);
            assert!(datagrams.bytes(1).is_empty());
            assert_eq!(datagrams.source(1), Some(client.local_addr().unwrap()));
        }
    }

    #[test]
    fn one_reply_that_cannot_go_keeps_no_other_back() {
        let (server, client) = (socket("127.0.0.1:0"), socket("127.0.0.1:0"));
        for number in 0..3 {
            client.send_to(&[number], server.local_addr().unwrap()).unwrap();
        }
        let mut datagrams = Datagrams::new();
        assert_eq!(datagrams.receive(server.as_fd()).unwrap(), 3);
        let long = vec![0; 70_000];
        let replies = [&b"first"[..], &long, b"last"];
        assert_eq!(datagrams.reply(server.as_fd(), replies.into_iter().enumerate()), 2);
        let mut buffer = [0; 16];
        for expected in [&b"first"[..], b"last"] {
            let len = client.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], expected);
        }
    }
}
