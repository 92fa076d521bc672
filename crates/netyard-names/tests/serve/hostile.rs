//! Bytes that nobody should send.

use std::cell::RefCell;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::client::{addresses, ask, ask_over, connect, datagrams, framed, parse, query, rcode, read};
use crate::server::{Lab, Wanted};

fn start() -> (Lab, SocketAddr) {
    Lab::with(Wanted::new().a("db", "10.0.0.7").a("*", "10.0.0.9"))
}

fn check(addr: SocketAddr) {
    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.7"]);
}

/// A message that claims `count` questions, and has as many as fit into 64 KB.
fn questions(count: u16) -> Vec<u8> {
    let mut bytes = query(1, "", RecordType::A)[..12].to_vec();
    bytes[4..6].copy_from_slice(&count.to_be_bytes());
    bytes[10..12].copy_from_slice(&[0, 0]);
    let question = &query(1, "db.office.test", RecordType::A)[12..12 + 20];
    while bytes.len() + question.len() <= 65_507 {
        bytes.extend_from_slice(question);
    }
    bytes
}

#[test]
fn sixty_four_kilobytes_of_questions() {
    let (_lab, addr) = start();
    let socket = datagrams(addr);
    for count in [1, 2, 3275, 0xffff] {
        let message = questions(count);
        assert!(message.len() > 65_000);
        for _ in 0..50 {
            socket.send(&message).unwrap();
        }
        check(addr);
        let mut stream = connect(addr);
        for _ in 0..5 {
            let reply = ask_over(&mut stream, &message).unwrap();
            assert!(reply.answers.is_empty());
            assert_ne!(rcode(&reply), hickory_proto::op::ResponseCode::NoError);
        }
        // The connection is still in step.
        let reply = ask_over(&mut stream, &query(5, "db.office.test", RecordType::A)).unwrap();
        assert_eq!(addresses(&reply), ["10.0.0.7"]);
    }
}

#[test]
fn names_that_point_at_themselves() {
    let (_lab, addr) = start();
    let head = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    let tail = [0, 1, 0, 1];
    let mut messages: Vec<Vec<u8>> = Vec::new();
    for pointer in [[0xc0, 12], [0xc0, 13], [0xc0, 14], [0xff, 0xff], [0xc0, 0]] {
        messages.push([&head[..], &pointer, &tail].concat());
        messages.push([&head[..], &[1, b'x'], &pointer, &tail].concat());
    }
    // Two that point at each other.
    messages.push([&head[..], &[0xc0, 14, 0xc0, 12], &tail].concat());
    // Labels of unknown kinds, and one that ends outside.
    for label in [0x40, 0x80, 0x3f] {
        messages.push([&head[..], &[label, 1, 2], &tail].concat());
    }
    let socket = datagrams(addr);
    let mut stream = connect(addr);
    for message in messages {
        socket.send(&message).unwrap();
        let reply = ask_over(&mut stream, &message).unwrap();
        assert!(reply.answers.is_empty());
        check(addr);
    }
}

#[test]
fn a_flood_of_garbage_keeps_nobody_from_being_served() {
    let mut lab = Lab::start(netyard_names::Limits::default());
    let (addr, other) = (lab.listen("a"), lab.listen("b"));
    lab.names(Wanted::new().a("db", "10.0.0.7"));
    assert_eq!(lab.commit(), netyard_names::Report::Committed);
    let end = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in 0..2_u32 {
            let end = &end;
            scope.spawn(move || {
                let (socket, mut state) = (datagrams(addr), seed + 1);
                let mut bytes = vec![0_u8; 1400];
                while !end.load(Ordering::Relaxed) {
                    for byte in &mut bytes {
                        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                        *byte = (state >> 24) as u8;
                    }
                    // Mostly what looks like a query.
                    bytes[2] &= 0x81;
                    let _ = socket.send(&bytes[..(state >> 8) as usize % 1400]);
                }
            });
        }
        for _ in 0..200 {
            let start = Instant::now();
            check(other);
            assert!(start.elapsed() < Duration::from_secs(2));
        }
        end.store(true, Ordering::Relaxed);
    });
    check(addr);
}

#[test]
fn a_socket_that_gives_only_errors_keeps_nobody_from_being_served() {
    let mut lab = Lab::start(netyard_names::Limits::default());
    let addr = lab.listen("a");
    lab.names(Wanted::new().a("db", "10.0.0.7"));
    // Neither connected nor listening: it is always ready, and there is never anything but an error.
    let (family, kind) = (nix::sys::socket::AddressFamily::Inet, nix::sys::socket::SockType::Stream);
    let socket = nix::sys::socket::socket(family, kind, nix::sys::socket::SockFlag::empty(), None).unwrap();
    for (id, protocol) in [(77, netyard_names::Protocol::Udp), (78, netyard_names::Protocol::Tcp)] {
        let listener = netyard_names::Listener { id, node: crate::server::node("broken"), protocol };
        let order = netyard_names::Order::Listen { listeners: vec![listener] };
        lab.order(&order, &[std::os::fd::AsFd::as_fd(&socket.try_clone().unwrap())]);
    }
    assert_eq!(lab.commit(), netyard_names::Report::Committed);
    let start = Instant::now();
    // Long enough for the sockets to be taken up again.
    while start.elapsed() < Duration::from_millis(500) {
        check(addr);
    }
    lab.order(&netyard_names::Order::Close { ids: vec![77, 78] }, &[]);
    assert_eq!(lab.commit(), netyard_names::Report::Committed);
    check(addr);
}

/// A query with some of it changed, or anything at all.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let anything = proptest::collection::vec(any::<u8>(), 0..600);
    let name = "([a-z0-9*_-]{0,12}\\.){0,4}(office\\.test|arpa|com)?";
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let changed = (any::<u16>(), name, any::<u16>(), changes, any::<prop::sample::Index>(), any::<bool>());
    let changed = changed.prop_map(|(id, name, rtype, changes, end, whole)| {
        let mut bytes = query(id, &name, RecordType::from(rtype));
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if !whole {
            bytes.truncate(end.index(bytes.len()));
        }
        bytes
    });
    prop_oneof![1 => anything, 4 => changed]
}

#[test]
fn whatever_is_sent_the_next_question_is_answered() {
    let (_lab, addr) = start();
    let socket = datagrams(addr);
    let stream = RefCell::new(connect(addr));
    let mut runner = TestRunner::new(Config { cases: 400, ..Config::default() });
    runner
        .run(&proptest::collection::vec(message(), 1..20), |messages| {
            let mut stream = stream.borrow_mut();
            let mut all = Vec::new();
            for message in &messages {
                let _ = socket.send(message);
                all.extend(framed(message));
            }
            all.extend(framed(&query(0xabcd, "db.office.test", RecordType::A)));
            stream.write_all(&all).unwrap();
            // The replies to what could be replied to come before, and are messages.
            loop {
                let bytes = read(&mut *stream).unwrap();
                prop_assert!(bytes.len() >= 12 && bytes[2] & 0x80 != 0);
                if bytes[..2] == [0xab, 0xcd] && addresses(&parse(&bytes)) == ["10.0.0.7"] {
                    break;
                }
            }
            check(addr);
            Ok(())
        })
        .unwrap();
}
