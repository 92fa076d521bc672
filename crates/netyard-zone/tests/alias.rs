//! Aliases that lead out of the zones, and what other servers answer about the names at their ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use netyard_zone::{Alias, Outcome, Transport, Zones};

use support::{AA, Dig, QR, RA, RD, TC, cname, domain, lab, lines, names, records, txt, view};

/// The lab with another server, a chain out of it, and a view with a way out of its own.
fn zones() -> Zones {
    let mut names = names();
    names.forward.push("10.0.0.99:53".parse().unwrap());
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    office.insert(domain("cdn.office.test"), vec![cname("out.office.test")]);
    office.insert(domain("self.office.test"), vec![cname("db.localhost")]);
    office.insert(domain("never.office.test"), vec![cname("a.invalid")]);
    names.views.push(view(&["a"], records([("web1.office.test", vec![cname("Inside.example.net")])])));
    Zones::new(Arc::new(names), 7)
}

fn alias(dig: &Dig) -> Alias {
    match dig.at(&zones()).outcome {
        Outcome::Forward { alias: Some(alias), .. } => *alias,
        other => panic!("{other:?}"),
    }
}

/// Begins another server's answer to the query of an alias: with flags and code, and so many records in each section.
fn upstream(alias: &Alias, low: u16, counts: [u16; 3]) -> Vec<u8> {
    let question = 12 + alias.query()[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    let mut reply = alias.query()[..question].to_vec();
    let words = [QR | RD | RA | low, 1, counts[0], counts[1], counts[2]];
    reply[2..12].copy_from_slice(&words.map(u16::to_be_bytes).concat());
    reply
}

/// A record whose owner is the name at `owner`.
fn record(owner: u8, rtype: u8, data: &[u8]) -> Vec<u8> {
    let len = u8::try_from(data.len()).unwrap();
    [&[0xc0, owner, 0, rtype, 0, 1, 0, 0, 0, 30, 0, len], data].concat()
}

fn relay(dig: &Dig, upstream: &[u8]) -> Vec<u8> {
    let mut reply = vec![7];
    alias(dig).relay(&dig.bytes(), upstream, dig.transport, &mut reply);
    reply
}

fn failure(dig: &Dig) -> Vec<u8> {
    let mut reply = Vec::new();
    Zones::fail(&dig.bytes(), &mut reply);
    reply
}

fn cdn() -> Dig {
    Dig::new("CDN.office.test", RecordType::A).flags(RD)
}

const CHAIN: [&str; 2] =
    ["CDN.office.test. 60 IN CNAME out.office.test.", "out.office.test. 60 IN CNAME www.example.com."];

#[test]
fn the_name_at_the_end_is_asked_for() {
    let query = Message::from_vec(alias(&cdn()).query()).unwrap();
    assert_eq!(query.queries[0].to_string(), "www.example.com. IN A");
    assert!(query.metadata.recursion_desired && query.edns.is_none());
    assert_eq!(query.metadata.id, 0xabcd);
    // EDNS says what this server takes, and options are not for the next one.
    let mut dig = cdn();
    dig.edns = Some((4096, 0, 0x8000, vec![0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]));
    let edns = Message::from_vec(alias(&dig).query()).unwrap().edns.unwrap();
    assert_eq!((edns.max_payload(), edns.flags().dnssec_ok, edns.options().as_ref().len()), (1232, true, 0));
    let inside = Dig::new("www.office.test", RecordType::AAAA).flags(RD).from("a");
    let query = Message::from_vec(alias(&inside).query()).unwrap();
    assert_eq!(query.queries[0].to_string(), "Inside.example.net. IN AAAA");
}

#[test]
fn an_alias_is_enough_for_who_wants_no_more() {
    let zones = zones();
    let chain = &CHAIN[1..];
    assert_eq!(Dig::new("out.office.test", RecordType::A).at(&zones).answers(), chain);
    for rtype in [RecordType::CNAME, RecordType::ANY] {
        assert_eq!(Dig::new("out.office.test", rtype).flags(RD).at(&zones).answers(), chain);
    }
    let answer = cdn().at(&lab());
    assert_eq!(answer.rcode(), ResponseCode::NXDomain);
    let answer = Dig::new("out.office.test", RecordType::A).flags(RD).at(&lab());
    assert_eq!((answer.rcode(), answer.answers()), (ResponseCode::NoError, vec![chain[0].to_owned()]));
    // What is the same everywhere is known here.
    let answer = Dig::new("self.office.test", RecordType::A).flags(RD).at(&zones);
    assert_eq!(answer.answers()[1], "db.localhost. 86400 IN A 127.0.0.1");
    let answer = Dig::new("never.office.test", RecordType::A).flags(RD).at(&zones);
    assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::NXDomain, [1, 1, 0, 0]));
}

#[test]
fn the_answer_comes_behind_the_chain() {
    let dig = cdn();
    let mut other = upstream(&alias(&dig), 0, [3, 0, 0]);
    // www.example.com is an alias of lb.example.com, which has two addresses; the names point into the question and each other.
    other.extend(record(12, 5, b"\x02lb\xc0\x10"));
    let at = u8::try_from(other.len() - 5).unwrap();
    other.extend(record(at, 1, &[192, 0, 2, 1]));
    other.extend(record(at, 1, &[192, 0, 2, 2]));
    let reply = relay(&dig, &other);
    let message = Message::from_vec(&reply).unwrap();
    assert_eq!(lines(&message.answers)[..2], CHAIN);
    assert_eq!(
        lines(&message.answers)[2..],
        [
            "www.example.com. 30 IN CNAME lb.example.com.",
            "lb.example.com. 30 IN A 192.0.2.1",
            "lb.example.com. 30 IN A 192.0.2.2"
        ]
    );
    // The server is the authority for the first name; id and letters are the asker's.
    assert_eq!(u16::from_be_bytes([reply[2], reply[3]]), QR | AA | RD | RA);
    assert_eq!((&reply[..2], &reply[12..28]), (&dig.bytes()[..2], &dig.bytes()[12..28]));
    assert!(Zones::is_reply_to(&reply, &dig.bytes()));
}

#[test]
fn how_it_went_is_how_the_last_name_went() {
    let dig = cdn().edns(1232);
    let soa = [&b"\x02ns\xc0\x10\x04host\xc0\x10"[..], &[0; 20]].concat();
    for (low, code) in [(0, ResponseCode::NoError), (3, ResponseCode::NXDomain)] {
        let mut other = upstream(&alias(&dig), low, [0, 1, 1]);
        other.extend(record(16, 6, &soa));
        other.extend(b"\0\0\x29\x10\0\0\0\0\0\0\0");
        let message = Message::from_vec(&relay(&dig, &other)).unwrap();
        assert_eq!(
            (message.metadata.response_code, lines(&message.answers)),
            (code, CHAIN.map(str::to_owned).into())
        );
        assert_eq!(
            lines(&message.authorities),
            ["example.com. 30 IN SOA ns.example.com. host.example.com. 0 0 0 0 0"]
        );
        assert_eq!(message.edns.unwrap().max_payload(), 1232);
    }
    for low in [1, 2, 4, 5, 9] {
        assert_eq!(relay(&dig, &upstream(&alias(&dig), low, [0; 3])), failure(&dig), "{low}");
    }
}

#[test]
fn an_alias_back_into_the_zones_is_left_as_it_is() {
    let dig = cdn();
    let mut other = upstream(&alias(&dig), 0, [1, 0, 0]);
    other.extend(record(12, 5, b"\x03cdn\x06office\x04test\0"));
    let message = Message::from_vec(&relay(&dig, &other)).unwrap();
    assert_eq!(lines(&message.answers)[2..], ["www.example.com. 30 IN CNAME cdn.office.test."]);
    assert_eq!(message.answers.len(), 3);
}

#[test]
fn what_does_not_fit_behind_the_chain_is_cut() {
    let udp = cdn();
    let mut other = upstream(&alias(&udp), 0, [40, 0, 0]);
    other.extend(record(12, 1, &[192, 0, 2, 1]).repeat(40));
    let reply = relay(&udp, &other);
    assert_eq!(u16::from_be_bytes([reply[2], reply[3]]), QR | AA | RD | RA | TC);
    assert_eq!(reply[12..], udp.bytes()[12..]);
    assert_eq!(Message::from_vec(&relay(&udp.clone().tcp(), &other)).unwrap().answers.len(), 42);
    assert_eq!(Message::from_vec(&relay(&udp.clone().edns(1232), &other)).unwrap().answers.len(), 42);
    // What was cut on the way here stays so.
    let message = Message::from_vec(&relay(&udp, &upstream(&alias(&udp), TC, [0; 3]))).unwrap();
    assert!(message.metadata.truncation && message.answers.is_empty());
    // What is not asked for is left out.
    let mut other = upstream(&alias(&udp), 0, [0, 40, 0]);
    other.extend(record(16, 2, b"\x02ns\xc0\x10").repeat(40));
    let message = Message::from_vec(&relay(&udp, &other)).unwrap();
    assert!(!message.metadata.truncation);
    assert_eq!((message.answers.len(), message.authorities.len()), (2, 0));
}

#[test]
fn what_is_no_answer_about_the_last_name_is_a_failure() {
    let dig = cdn();
    let alias = alias(&dig);
    let mut other = upstream(&alias, 0, [1, 0, 0]);
    other.extend(record(12, 5, b"\x01x\xc0\x10"));
    assert_ne!(relay(&dig, &other), failure(&dig));
    for len in 0..other.len() {
        assert_eq!(relay(&dig, &other[..len]), failure(&dig), "{len}");
    }
    // Another name; and an alias that leads to itself, to its own middle, out of its record and out of the message.
    let end = other.len();
    let own = u8::try_from(end - 4).unwrap();
    for (at, byte) in [(13, b'x'), (end - 1, own), (end - 1, own + 2), (end - 5, 3), (end - 4, 9)] {
        let mut other = other.clone();
        other[at] = byte;
        assert_eq!(relay(&dig, &other), failure(&dig), "{at}");
    }
    let mut reply = vec![7];
    alias.relay(b"short", &other, Transport::Udp, &mut reply);
    assert_eq!(reply, b"");
}

#[test]
fn a_chain_too_long_to_send_is_cut_and_nobody_is_asked() {
    let mut names = names();
    names.forward.push("10.0.0.99:53".parse().unwrap());
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    let label = "x".repeat(60);
    let link = |number| format!("{label}.{label}.{label}.{number}.office.test");
    for number in 0..4 {
        office.insert(domain(&link(number)), vec![cname(&link(number + 1))]);
    }
    office.insert(domain(&link(4)), vec![cname("www.example.com")]);
    office.insert(domain("text.office.test"), vec![txt("x")]);
    let zones = Zones::new(Arc::new(names), 7);
    let dig = Dig::new(&link(0), RecordType::A).flags(RD);
    assert_eq!(dig.at(&zones).flags() & TC, TC);
    assert!(matches!(dig.tcp().at(&zones).outcome, Outcome::Forward { alias: Some(_), .. }));
}
