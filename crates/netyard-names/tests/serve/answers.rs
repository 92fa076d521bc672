//! Answers, over UDP and TCP.

use std::io::Write;
use std::time::{Duration, Instant};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_names::{Limits, Report};

use crate::client::{
    addresses, ask, ask_over, connect, datagrams, framed, is_closed, parse, query, rcode, read, receive,
};
use crate::server::{Lab, Wanted};

#[test]
fn both_transports_answer() {
    let (_lab, addr) = Lab::with(Wanted::new().a("db", "10.0.0.7"));
    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.7"]);
    assert_eq!(rcode(&ask(addr, "nobody.office.test")), ResponseCode::NXDomain);
    assert_eq!(rcode(&ask(addr, "example.com")), ResponseCode::Refused);
    let mut stream = connect(addr);
    for _ in 0..3 {
        let message = ask_over(&mut stream, &query(7, "db.office.test", RecordType::A)).unwrap();
        assert_eq!(addresses(&message), ["10.0.0.7"]);
        assert_eq!(message.metadata.id, 7);
    }
}

#[test]
fn a_message_may_come_in_pieces() {
    let (_lab, addr) = Lab::with(Wanted::new().a("db", "10.0.0.7"));
    let mut stream = connect(addr);
    stream.set_nodelay(true).unwrap();
    for byte in framed(&query(7, "db.office.test", RecordType::A)) {
        stream.write_all(&[byte]).unwrap();
    }
    assert_eq!(addresses(&parse(&read(&mut stream).unwrap())), ["10.0.0.7"]);
}

#[test]
fn many_questions_at_once_are_answered_as_the_answers_are_ready() {
    let names = Wanted::new().a("db", "10.0.0.7").a("slow", "10.0.0.8").slow("slow", 300);
    let (_lab, addr) = Lab::with(names);
    let mut stream = connect(addr);
    let mut bytes = framed(&query(0, "slow.office.test", RecordType::A));
    for id in 1..=500 {
        bytes.extend(framed(&query(id, "db.office.test", RecordType::A)));
    }
    let start = Instant::now();
    stream.write_all(&bytes).unwrap();
    let ids: Vec<u16> = (0..=500).map(|_| parse(&read(&mut stream).unwrap()).metadata.id).collect();
    assert_eq!(ids, (1..=500).chain([0]).collect::<Vec<_>>());
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn one_who_asks_no_more_still_gets_his_answers() {
    let names = Wanted::new().a("db", "10.0.0.7").a("slow", "10.0.0.8").slow("slow", 200);
    let (_lab, addr) = Lab::with(names);
    let mut stream = connect(addr);
    let both = ["slow.office.test", "db.office.test"];
    stream.write_all(&both.map(|name| framed(&query(1, name, RecordType::A))).concat()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    for expected in ["10.0.0.7", "10.0.0.8"] {
        assert_eq!(addresses(&parse(&read(&mut stream).unwrap())), [expected]);
    }
    assert!(is_closed(&mut stream));
}

#[test]
fn what_does_not_fit_is_cut_and_whole_over_a_connection() {
    let mut names = Wanted::new();
    for number in 1..=200 {
        names = names.a("many", &format!("10.0.0.{number}"));
    }
    let (_lab, addr) = Lab::with(names);
    let message = ask(addr, "many.office.test");
    assert!(message.metadata.truncation);
    let mut stream = connect(addr);
    let message = ask_over(&mut stream, &query(1, "many.office.test", RecordType::A)).unwrap();
    assert!(!message.metadata.truncation);
    assert_eq!(addresses(&message).len(), 200);
}

#[test]
fn a_slow_name_keeps_no_other_back() {
    let names = Wanted::new().a("db", "10.0.0.7").a("slow", "10.0.0.8").slow("slow", 400);
    let (_lab, addr) = Lab::with(names);
    let socket = datagrams(addr);
    let start = Instant::now();
    for (id, name) in [(1, "slow.office.test"), (2, "db.office.test")] {
        socket.send(&query(id, name, RecordType::A)).unwrap();
    }
    assert_eq!(receive(&socket).metadata.id, 2);
    assert_eq!(addresses(&receive(&socket)), ["10.0.0.8"]);
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
}

#[test]
fn of_slow_replies_no_more_are_kept_than_there_is_room_for() {
    let names = Wanted::new().a("db", "10.0.0.7").a("slow", "10.0.0.8").slow("slow", 200);
    let mut lab = Lab::start(Limits { delayed: 3, ..Limits::default() });
    let addr = lab.listen("a");
    lab.names(names);
    assert_eq!(lab.commit(), Report::Committed);
    let mut stream = connect(addr);
    let mut bytes = Vec::new();
    for id in 0..8 {
        bytes.extend(framed(&query(id, "slow.office.test", RecordType::A)));
    }
    stream.write_all(&bytes).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    // The connection ends, so none of those that were lost is waited for.
    let answered: Vec<u16> =
        std::iter::from_fn(|| read(&mut stream).ok()).map(|bytes| parse(&bytes).metadata.id).collect();
    assert_eq!(answered, [0, 1, 2]);
    // And there is room again.
    assert_eq!(addresses(&ask(addr, "slow.office.test")), ["10.0.0.8"]);
}

#[test]
fn a_zone_is_sent_whole_as_it_was_when_it_was_asked_for() {
    let zone =
        |addr: &str| (0..3000).fold(Wanted::new(), |names, number| names.a(&format!("host-{number}"), addr));
    let (mut lab, addr) = Lab::with(zone("10.0.0.1"));
    let mut stream = connect(addr);
    // Both are asked for before anything is read, so that the first one does not fit into the buffers of the kernel.
    let transfer = framed(&query(9, "office.test", RecordType::AXFR));
    let last = framed(&query(10, "host-1.office.test", RecordType::A));
    stream.write_all(&[transfer, last].concat()).unwrap();
    let first = parse(&read(&mut stream).unwrap());
    lab.names(zone("10.0.0.2"));
    assert_eq!(lab.commit(), Report::Committed);
    let (mut starts, mut found, mut messages) = (0, Vec::new(), 0);
    let mut message = first;
    loop {
        assert_eq!(message.metadata.id, 9);
        starts += message.answers.iter().filter(|record| record.record_type() == RecordType::SOA).count();
        found.extend(addresses(&message));
        messages += 1;
        if starts == 2 {
            break;
        }
        message = parse(&read(&mut stream).unwrap());
    }
    assert!(messages > 2);
    assert_eq!(found.len(), 3000);
    assert!(found.iter().all(|addr| addr == "10.0.0.1"));
    // What was asked behind it is answered after it.
    let message = parse(&read(&mut stream).unwrap());
    assert_eq!(message.metadata.id, 10);
    assert_eq!(addresses(&ask(addr, "host-1.office.test")), ["10.0.0.2"]);
}
