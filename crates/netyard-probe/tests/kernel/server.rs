//! A name server that does what a case tells it to.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use hickory_proto::op::{Message, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use netyard_kernel::netns;

use crate::sandbox::namespace;

/// How often a server looks whether its case is over.
const LOOK: Duration = Duration::from_millis(20);

/// How long a server waits for a client that has connected.
const PATIENCE: Duration = Duration::from_secs(20);

/// Opens something in a node.
pub(crate) fn open_in<T: Send>(node: &str, open: impl FnOnce() -> T + Send) -> T {
    let inside = || {
        netns::enter(&namespace(node)).unwrap();
        open()
    };
    std::thread::scope(|scope| scope.spawn(inside).join().unwrap())
}

/// Answers until it is dropped.
pub(crate) struct Server {
    asked: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Answers every datagram to port 53 of `addr` with those that `script` makes of it.
    pub(crate) fn new(
        node: &str,
        addr: &str,
        mut script: impl FnMut(&Message) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Self {
        Self::on(socket(node, addr), move |socket, message, from| {
            for reply in script(message) {
                socket.send_to(&reply, from).unwrap();
            }
        })
    }

    /// Does `script` with every datagram that comes to a socket.
    pub(crate) fn on(
        socket: UdpSocket,
        mut script: impl FnMut(&UdpSocket, &Message, SocketAddr) + Send + 'static,
    ) -> Self {
        socket.set_read_timeout(Some(LOOK)).unwrap();
        Self::run(move |asked| {
            let mut buffer = [0; 1024];
            match socket.recv_from(&mut buffer) {
                Ok((len, from)) => {
                    asked.fetch_add(1, Ordering::Relaxed);
                    script(&socket, &Message::from_vec(&buffer[..len]).unwrap(), from);
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
        })
    }

    /// Answers one question on every connection with the bytes, length and all, that `script` makes of it.
    pub(crate) fn by_tcp(
        node: &str,
        addr: &str,
        mut script: impl FnMut(&Message) -> Vec<u8> + Send + 'static,
    ) -> Self {
        let addr: IpAddr = addr.parse().unwrap();
        let listener = open_in(node, || TcpListener::bind((addr, 53)).unwrap());
        listener.set_nonblocking(true).unwrap();
        Self::run(move |asked| {
            let Ok((mut stream, _)) = listener.accept() else { return std::thread::yield_now() };
            stream.set_nonblocking(false).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut bytes).unwrap();
            asked.fetch_add(1, Ordering::Relaxed);
            stream.write_all(&script(&Message::from_vec(&bytes).unwrap())).unwrap();
        })
    }

    fn run(mut step: impl FnMut(&AtomicUsize) + Send + 'static) -> Self {
        let (asked, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (count, end) = (Arc::clone(&asked), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            while !end.load(Ordering::Relaxed) {
                step(&count);
            }
        });
        Self { asked, is_over, thread: Some(thread) }
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(matches!(ended, Some(Ok(()))) || std::thread::panicking(), "a server failed");
    }
}

/// A socket on port 53 of an address of a node.
pub(crate) fn socket(node: &str, addr: &str) -> UdpSocket {
    let addr: IpAddr = addr.parse().unwrap();
    open_in(node, || UdpSocket::bind((addr, 53)).unwrap())
}

/// The name that is asked for, as text with its last dot, and the type.
pub(crate) fn asked_for(query: &Message) -> (String, RecordType) {
    (query.queries[0].name().to_ascii(), query.queries[0].query_type())
}

/// The reply with a code and without records.
pub(crate) fn empty(query: &Message, code: ResponseCode) -> Message {
    let mut reply = Message::error_msg(query.metadata.id, OpCode::Query, code);
    reply.metadata.authoritative = true;
    reply.add_query(query.queries[0].clone());
    reply
}

/// The reply with an address; without one if it is not of the family that is asked for.
pub(crate) fn answer(query: &Message, addr: &str) -> Message {
    let mut reply = empty(query, ResponseCode::NoError);
    let (asked, kind) = (query.queries[0].name().clone(), query.queries[0].query_type());
    let data = match (kind, addr.parse().unwrap()) {
        (RecordType::A, IpAddr::V4(addr)) => RData::A(A(addr)),
        (RecordType::AAAA, IpAddr::V6(addr)) => RData::AAAA(AAAA(addr)),
        _ => return reply,
    };
    reply.add_answer(Record::from_rdata(asked, 60, data));
    reply
}

/// A message as it is sent by TCP.
pub(crate) fn framed(message: &Message) -> Vec<u8> {
    let bytes = message.to_vec().unwrap();
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes(), &bytes[..]].concat()
}
