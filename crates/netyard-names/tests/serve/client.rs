//! A client that asks by hand.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{RData, RecordType};

/// How long anything at all may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A query for `name`, with EDNS so that 1,232 bytes fit.
pub(crate) fn query(id: u16, name: &str, rtype: RecordType) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend_from_slice(&u16::from(rtype).to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    bytes.extend_from_slice(&[0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]);
    bytes
}

pub(crate) fn parse(bytes: &[u8]) -> Message {
    Message::from_vec(bytes).unwrap()
}

/// The IPv4 addresses in an answer.
pub(crate) fn addresses(message: &Message) -> Vec<String> {
    let address = |data: &RData| match data {
        RData::A(addr) => Some(addr.to_string()),
        _ => None,
    };
    message.answers.iter().filter_map(|record| address(&record.data)).collect()
}

/// A socket that asks one server.
pub(crate) fn datagrams(server: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

pub(crate) fn receive(socket: &UdpSocket) -> Message {
    let mut buffer = [0; 65_535];
    let len = socket.recv(&mut buffer).unwrap();
    parse(&buffer[..len])
}

/// Asks over UDP for the addresses of a name.
pub(crate) fn ask(server: SocketAddr, name: &str) -> Message {
    let socket = datagrams(server);
    socket.send(&query(0x1234, name, RecordType::A)).unwrap();
    let message = receive(&socket);
    assert_eq!(message.metadata.id, 0x1234);
    message
}

pub(crate) fn rcode(message: &Message) -> ResponseCode {
    message.metadata.response_code
}

/// A connection to one server.
pub(crate) fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

pub(crate) fn framed(message: &[u8]) -> Vec<u8> {
    [&u16::try_from(message.len()).unwrap().to_be_bytes(), message].concat()
}

/// Reads one message from a connection.
pub(crate) fn read(stream: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut len = [0; 2];
    stream.read_exact(&mut len)?;
    let mut bytes = vec![0; usize::from(u16::from_be_bytes(len))];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Asks over a connection.
pub(crate) fn ask_over(stream: &mut TcpStream, query: &[u8]) -> io::Result<Message> {
    stream.write_all(&framed(query))?;
    Ok(parse(&read(stream)?))
}

/// Whether the server has closed a connection, in whatever way, before this client lost its patience.
pub(crate) fn is_closed(stream: &mut TcpStream) -> bool {
    match io::copy(stream, &mut io::sink()) {
        Ok(_) => true,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}
