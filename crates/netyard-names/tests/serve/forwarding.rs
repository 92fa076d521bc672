//! Questions that other servers answer.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_names::{Limits, Report};

use crate::client::{
    PATIENCE, addresses, ask, ask_over, connect, datagrams, framed, is_closed, parse, query, rcode, read,
    receive,
};
use crate::server::{Lab, Wanted};

/// What another server sends for a query, datagram by datagram.
pub(crate) type Answers = fn(&[u8]) -> Vec<Vec<u8>>;

/// The answer to a query: one address, and nothing of the query but its question.
pub(crate) fn answer(query: &[u8], addr: [u8; 4], flags: u8) -> Vec<u8> {
    let question = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let mut bytes = query[..question].to_vec();
    bytes[2..12].copy_from_slice(&[0x80 | flags, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]);
    bytes.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4]);
    bytes.extend_from_slice(&addr);
    bytes
}

/// The same, cut.
fn cut(query: &[u8]) -> Vec<u8> {
    let question = 12 + query[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let mut bytes = query[..question].to_vec();
    bytes[2..12].copy_from_slice(&[0x82, 0x80, 0, 1, 0, 0, 0, 0, 0, 0]);
    bytes
}

/// Another server; tells the length of each query that it got.
pub(crate) fn upstream(answers: Answers) -> (SocketAddr, Receiver<Vec<u8>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    let (sender, queries) = channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            for reply in answers(&buffer[..len]) {
                socket.send_to(&reply, from).unwrap();
            }
            if sender.send(buffer[..len].to_vec()).is_err() {
                return;
            }
        }
    });
    (addr, queries)
}

pub(crate) fn silent(_: &[u8]) -> Vec<Vec<u8>> {
    Vec::new()
}

pub(crate) fn right(query: &[u8]) -> Vec<Vec<u8>> {
    vec![answer(query, [192, 0, 2, 1], 0)]
}

/// A server that asks others.
fn lab(upstreams: &[SocketAddr], limits: Limits) -> (Lab, SocketAddr) {
    let mut lab = Lab::start(limits);
    let addr = lab.listen("a");
    lab.names(Wanted::new().a("db", "10.0.0.7").forward(upstreams));
    assert_eq!(lab.commit(), Report::Committed);
    (lab, addr)
}

pub(crate) fn impatient(milliseconds: u64) -> Limits {
    let upstream = Duration::from_millis(milliseconds);
    Limits { upstream, forward: upstream * 5 / 2, ..Limits::default() }
}

#[test]
fn another_server_is_asked_for_other_names() {
    let (other, queries) = upstream(right);
    let (_lab, addr) = lab(&[other], Limits::default());
    assert_eq!(addresses(&ask(addr, "example.com")), ["192.0.2.1"]);
    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.7"]);
    let mut stream = connect(addr);
    let message = ask_over(&mut stream, &query(9, "example.com", RecordType::A)).unwrap();
    assert_eq!((message.metadata.id, addresses(&message)), (9, vec!["192.0.2.1".to_owned()]));
    // Each time by another id, that nobody can guess.
    let asked: Vec<Vec<u8>> = (0..2).map(|_| queries.recv_timeout(PATIENCE).unwrap()).collect();
    assert!(asked[0][..2] != asked[1][..2] || asked[0][..2] != [0x12, 0x34]);
    assert!(queries.try_recv().is_err(), "the lab's own names are not asked for");
}

#[test]
fn the_next_server_is_asked_when_one_is_silent_or_not_there() {
    let (silent, _queries) = upstream(silent);
    let (other, _others) = upstream(right);
    // Nobody listens at the second, and the keeper cannot even make a socket for the third.
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nowhere = "127.0.0.1:0".parse().unwrap();
    let limits = Limits { forward: PATIENCE, ..impatient(100) };
    let (_lab, addr) = lab(&[silent, closed, nowhere, other], limits);
    let start = Instant::now();
    assert_eq!(addresses(&ask(addr, "example.com")), ["192.0.2.1"]);
    assert!(start.elapsed() >= Duration::from_millis(100));
    let mut stream = connect(addr);
    let message = ask_over(&mut stream, &query(9, "example.com", RecordType::A)).unwrap();
    assert_eq!(addresses(&message), ["192.0.2.1"]);
}

#[test]
fn where_nobody_answers_the_server_says_that_it_failed() {
    let (first, first_asked) = upstream(silent);
    let (second, second_asked) = upstream(silent);
    let (_lab, addr) = lab(&[first, second, first, second, first, second], impatient(100));
    let start = Instant::now();
    let message = ask(addr, "example.com");
    assert_eq!(rcode(&message), ResponseCode::ServFail);
    assert!(start.elapsed() >= Duration::from_millis(250));
    // After the third one there was no time left.
    let asked = first_asked.try_iter().count() + second_asked.try_iter().count();
    assert!((1..=3).contains(&asked), "{asked}");
}

#[test]
fn what_is_no_answer_to_the_question_is_not_believed() {
    let (other, _queries) = upstream(|query| {
        let mut wrong_id = answer(query, [203, 0, 113, 1], 0);
        wrong_id[0] ^= 1;
        let mut wrong_name = answer(query, [203, 0, 113, 2], 0);
        wrong_name[13] ^= 1;
        let half = answer(query, [203, 0, 113, 3], 0)[..20].to_vec();
        let mut replies = vec![wrong_id; 40];
        replies.extend([wrong_name, half, Vec::new(), query.to_vec()]);
        replies.push(answer(query, [192, 0, 2, 1], 0));
        replies
    });
    let (_lab, addr) = lab(&[other], Limits::default());
    assert_eq!(addresses(&ask(addr, "example.com")), ["192.0.2.1"]);
}

#[test]
fn what_was_cut_is_asked_for_again_over_a_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(addr).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            socket.send_to(&cut(&buffer[..len]), from).unwrap();
        }
    });
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let query = read(&mut stream).unwrap();
            // In two pieces.
            let reply = framed(&answer(&query, [192, 0, 2, 2], 0));
            stream.set_nodelay(true).unwrap();
            stream.write_all(&reply[..20]).unwrap();
            stream.write_all(&reply[20..]).unwrap();
        }
    });
    let (_lab, server) = lab(&[addr], Limits::default());
    // One who asked by datagram is told, and asks again himself.
    let message = ask(server, "example.com");
    assert!(message.metadata.truncation && message.answers.is_empty());
    let mut stream = connect(server);
    let message = ask_over(&mut stream, &query(9, "example.com", RecordType::A)).unwrap();
    assert_eq!(addresses(&message), ["192.0.2.2"]);
}

#[test]
fn a_connection_that_breaks_gives_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let socket = UdpSocket::bind(addr).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            socket.send_to(&cut(&buffer[..len]), from).unwrap();
        }
    });
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 100]);
            let _ = stream.write_all(&[1, 0, 5]);
        }
    });
    let (_lab, server) = lab(&[addr], Limits::default());
    let mut stream = connect(server);
    let message = ask_over(&mut stream, &query(9, "example.com", RecordType::A)).unwrap();
    assert_eq!(rcode(&message), ResponseCode::ServFail);
}

#[test]
fn no_more_questions_are_on_their_way_than_there_is_room_for() {
    let (other, _queries) = upstream(silent);
    let (_lab, addr) = lab(&[other], Limits { forwards: 3, ..impatient(400) });
    let socket = datagrams(addr);
    let start = Instant::now();
    for id in 0..5 {
        socket.send(&query(id, "example.com", RecordType::A)).unwrap();
    }
    // The two for which there is no room fail at once.
    let failed: Vec<u16> = (0..5).map(|_| receive(&socket).metadata.id).collect();
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(failed, [3, 4, 0, 1, 2]);
}

#[test]
fn answers_come_as_they_are_ready_and_late_where_they_are_to() {
    let (other, _queries) = upstream(right);
    let mut lab = Lab::start(Limits::default());
    let addr = lab.listen("a");
    let mut names = Wanted::new().a("db", "10.0.0.7").forward(&[other]);
    let late = netyard_types::Trouble { slow_ms: 300, answer: None };
    names.0.troubles.names.insert(crate::server::domain("example.com"), late);
    lab.names(names);
    assert_eq!(lab.commit(), Report::Committed);
    let mut stream = connect(addr);
    let start = Instant::now();
    let names = ["example.com", "example.org", "db.office.test"];
    let queries = (1..).zip(names).map(|(id, name)| framed(&query(id, name, RecordType::A)));
    stream.write_all(&queries.collect::<Vec<_>>().concat()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let ids: Vec<u16> = (0..3).map(|_| parse(&read(&mut stream).unwrap()).metadata.id).collect();
    assert_eq!(ids, [3, 2, 1]);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert!(is_closed(&mut stream));
}

#[test]
fn who_is_gone_keeps_nothing_busy() {
    let (other, _queries) = upstream(silent);
    let (_lab, addr) = lab(&[other], Limits { forwards: 20, ..impatient(100) });
    for _ in 0..20 {
        let mut stream = connect(addr);
        stream.write_all(&framed(&query(1, "example.com", RecordType::A))).unwrap();
    }
    assert_eq!(rcode(&ask(addr, "example.com")), ResponseCode::ServFail);
}

#[test]
fn a_socket_that_is_closed_takes_its_questions_with_it() {
    let (never, queries) = upstream(silent);
    let (other, _others) = upstream(right);
    let patient = Limits { forwards: 1, upstream: PATIENCE, forward: PATIENCE, ..Limits::default() };
    let (mut lab, addr) = lab(&[never], patient);
    let first = lab.last_ids();
    let socket = datagrams(addr);
    socket.send(&query(1, "example.com", RecordType::A)).unwrap();
    queries.recv_timeout(PATIENCE).unwrap();
    lab.order(&netyard_names::Order::Close { ids: first }, &[]);
    let fresh = lab.listen("b");
    lab.names(Wanted::new().forward(&[other]));
    assert_eq!(lab.commit(), Report::Committed);
    // There is room for one, and it is free again.
    assert_eq!(addresses(&ask(fresh, "example.com")), ["192.0.2.1"]);
}
