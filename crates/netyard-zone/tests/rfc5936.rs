//! RFC 5936: whole zones (AXFR). RFC 1995: what has changed in them (IXFR).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Record as Rr, RecordType};
use netyard_types::RecordData;
use netyard_zone::{Outcome, Zones};

use support::{AA, Dig, QR, SOA, a, domain, lab, lines, names, node, records, txt, view};

fn axfr() -> Dig {
    Dig::new("office.test", RecordType::AXFR).tcp().from("web1")
}

/// All messages of a transfer, and the records of all.
fn transfer(zones: &Zones, dig: &Dig) -> (Vec<Vec<u8>>, Vec<Rr>) {
    let Outcome::Transfer { zone } = dig.at(zones).outcome else { panic!("no transfer") };
    let mut messages = Vec::new();
    let mut records = Vec::new();
    let mut raw = Vec::new();
    while zones.transfer(zone, &dig.bytes(), dig.asker.as_ref(), messages.len(), &mut raw) {
        records.extend(Message::from_vec(&raw).unwrap().answers);
        messages.push(raw.clone());
    }
    (messages, records)
}

/// §2.2: the first record and the last are the head of the zone, and everything else is between them once.
#[test]
fn a_zone_is_sent_from_head_to_head() {
    let (messages, sent) = transfer(&lab(), &axfr());
    let sent = lines(&sent);
    assert_eq!((sent.first().unwrap(), sent.last().unwrap()), (&SOA.to_owned(), &SOA.to_owned()));
    assert_eq!(sent[1..sent.len() - 1].iter().filter(|line| line.contains(" SOA ")).count(), 0);

    let written: usize = names().zones[&domain("office.test")].values().map(Vec::len).sum();
    // The NS record is one more, the head comes twice.
    assert_eq!(sent.len(), written + 3);
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), written + 2);
    for line in [
        "office.test. 60 IN NS gw.office.test.",
        "Printer.office.test. 60 IN A 10.0.0.12",
        "*.apps.office.test. 60 IN A 10.0.0.80",
        "_http._tcp.office.test. 60 IN SRV 0 5 80 web1.office.test.",
    ] {
        assert!(sent.iter().any(|other| other == line), "{line}");
    }
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0][..2], [0xab, 0xcd]);
}

/// §2.2.1: flags, and the question in the first message.
#[test]
fn the_first_message_repeats_the_question() {
    let (messages, _) = transfer(&big_lab(), &axfr());
    assert!(messages.len() > 3);
    for (number, message) in messages.iter().enumerate() {
        assert_eq!(u16::from_be_bytes([message[2], message[3]]), QR | AA);
        assert_eq!(Message::from_vec(message).unwrap().queries.len(), usize::from(number == 0));
    }
}

fn big_lab() -> Zones {
    let mut names = names();
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    for number in 0..3000_u32 {
        let owner = domain(&format!("host{number}.office.test"));
        office.insert(owner, vec![RecordData::A((0x0a01_0000 + number).into()).into()]);
    }
    office.insert(domain("long.office.test"), vec![txt(&"x".repeat(60_000))]);
    Zones::new(Arc::new(names), 7)
}

#[test]
fn a_big_zone_takes_many_messages_of_a_bounded_size() {
    let dig = axfr().edns(4096);
    let (messages, sent) = transfer(&big_lab(), &dig);
    let over: Vec<_> = messages.iter().filter(|message| message.len() > 16 * 1024).collect();
    assert_eq!(over.len(), 1, "but for the one long record");
    assert_eq!(Message::from_vec(over[0]).unwrap().answers.len(), 1);
    assert!(messages.iter().all(|message| Message::from_vec(message).unwrap().edns.is_some()));
    assert_eq!(sent.iter().filter(|record| record.name.to_string().starts_with("host")).count(), 3000);
    assert_eq!(lines(&sent[sent.len() - 1..]), [SOA]);
}

/// §3.4: names keep the letters of the file, whatever the letters of the question.
#[test]
fn case_is_kept() {
    let dig = Dig::new("OFFICE.test", RecordType::AXFR).tcp().from("web1");
    let (_, sent) = transfer(&lab(), &dig);
    assert!(sent.iter().all(|record| record.name.to_string().ends_with("office.test.")));
}

#[test]
fn every_zone_can_be_sent() {
    for (apex, count) in [("0.0.10.in-addr.arpa", 5), ("0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa", 4)] {
        let (_, sent) = transfer(&lab(), &Dig::new(apex, RecordType::AXFR).tcp().from("web1"));
        assert_eq!(sent.len(), count, "{apex}");
    }
}

#[test]
fn only_nodes_are_sent_a_zone() {
    let stranger = Dig { asker: None, ..axfr() };
    assert_eq!(stranger.at(&lab()).rcode(), ResponseCode::Refused);
    assert!(!lab().transfer(2, &stranger.bytes(), None, 0, &mut Vec::new()));
    let asker = Some(&node("web1"));
    assert!(!lab().transfer(3, &axfr().bytes(), asker, 0, &mut Vec::new()));
    assert!(!lab().transfer(2, b"junk", asker, 0, &mut Vec::new()));
}

/// §2.2.1: what is no apex is not a zone.
#[test]
fn only_a_zone_is_sent() {
    for name in ["gw.office.test", "test", "example.com", "none.office.test"] {
        let dig = Dig::new(name, RecordType::AXFR).tcp().from("web1");
        assert_eq!(dig.at(&lab()).rcode(), ResponseCode::NotAuth, "{name}");
    }
}

/// §4.2: there is no transfer in datagrams.
#[test]
fn a_datagram_is_too_small() {
    let answer = Dig::new("office.test", RecordType::AXFR).from("web1").at(&lab());
    assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::FormErr, [1, 0, 0, 0]));
}

#[test]
fn a_view_is_not_sent() {
    let mut names = names();
    names.views.push(view(&["web1"], records([("gw.office.test", vec![a("192.168.0.1")])])));
    let (_, sent) = transfer(&Zones::new(Arc::new(names), 7), &axfr());
    assert_eq!(lines(&sent), lines(&transfer(&lab(), &axfr()).1));
}

/// A query for what has changed since `serial`.
fn ixfr(serial: u32) -> Vec<u8> {
    let mut query = Dig::new("office.test", RecordType::IXFR).bytes();
    query[9] = 1;
    query.extend(b"\xc0\x0c\0\x06\0\x01\0\0\0\0\0\x18\xc0\x0c\xc0\x0c");
    query.extend(serial.to_be_bytes());
    query.extend([0; 16]);
    query
}

/// RFC 1995 §2 and §4: who has an old version gets the whole zone, who has the newest its head.
#[test]
fn what_has_changed_is_everything_or_nothing() {
    let ask = |serial, how: &Dig| support::ask(&lab(), &ixfr(serial), how);
    for old in [6, 0, 7_u32.wrapping_sub(1 << 30)] {
        assert_eq!(ask(old, &axfr()).outcome, Outcome::Transfer { zone: 2 }, "{old}");
    }
    for new in [7, 8] {
        assert_eq!(ask(new, &axfr()).answers(), [SOA]);
    }
    assert_eq!(
        Dig::new("office.test", RecordType::IXFR).tcp().from("a").at(&lab()).outcome,
        Outcome::Transfer { zone: 2 }
    );
    // RFC 1995 §2: in a datagram the head says that there is something to fetch.
    let answer = ask(3, &Dig::soa());
    assert_eq!((answer.answers(), answer.flags()), (vec![SOA.to_owned()], QR | AA));
    let (messages, _) = transfer(&lab(), &Dig { rtype: 251, ..axfr() });
    assert_eq!(messages.len(), 1);
}
