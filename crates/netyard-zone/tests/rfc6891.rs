//! RFC 6891: EDNS. RFC 9715: how large a datagram may be.

mod support;

use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_zone::Zones;

use support::{AA, Answer, BADVERS, Dig, QR, SOA, TC, ask, domain, lab, names, txt};

/// §6.1.1: an OPT record for an OPT record, and only then; §6.2.3: with what this server takes.
#[test]
fn who_speaks_edns_is_answered_so() {
    let answer = Dig::soa().edns(4096).at(&lab());
    let edns = answer.message().edns.unwrap();
    assert_eq!((edns.version(), edns.max_payload(), edns.flags().dnssec_ok), (0, 1232, false));
    assert_eq!((edns.options().as_ref().len(), answer.answers()), (0, vec![SOA.to_owned()]));
    assert_eq!(Dig::soa().at(&lab()).message().edns, None);
}

#[test]
fn errors_have_it_too() {
    for (name, code) in [("example.com", ResponseCode::Refused), ("none.office.test", ResponseCode::NXDomain)]
    {
        let answer = Dig::new(name, RecordType::A).edns(1232).at(&lab());
        assert_eq!((answer.rcode(), answer.message().edns.is_some()), (code, true));
    }
}

/// §6.1.3.
#[test]
fn another_version_is_not_understood() {
    let mut dig = Dig::soa().edns(1232);
    for version in [1, 2, 255] {
        dig.edns.as_mut().unwrap().1 = version;
        let answer = dig.at(&lab());
        assert_eq!((answer.rcode(), answer.counts()), (BADVERS, [1, 0, 0, 1]));
        assert_eq!(answer.message().edns.unwrap().version(), 0);
    }
}

fn refused(query: &[u8]) -> Answer {
    let answer = ask(&lab(), query, &Dig::soa());
    assert_eq!(answer.rcode(), ResponseCode::FormErr);
    answer
}

/// §6.1.1.
#[test]
fn one_record_is_enough() {
    let dig = Dig::soa().edns(1232);
    let mut query = dig.bytes();
    query.extend(dig.opt());
    query[11] = 2;
    assert!(refused(&query).message().edns.is_some());
}

/// §6.1.2: its owner is the root.
#[test]
fn it_has_no_name() {
    let dig = Dig::soa().edns(1232);
    let plain = Dig::soa().bytes();
    let query = [&plain[..], b"\x01x", &dig.opt()].concat();
    let counted = |mut query: Vec<u8>| {
        query[11] = 1;
        query
    };
    refused(&counted(query));
    let query = [&plain[..], b"\xc0\x0c", &dig.opt()[1..]].concat();
    refused(&counted(query));
}

/// §6.1.1: it stands in the additional section.
#[test]
fn it_has_its_place() {
    for section in [7, 9] {
        let mut query = Dig::soa().edns(1232).bytes();
        query[11] = 0;
        query[section] = 1;
        refused(&query);
    }
    // Among other records it may stand anywhere.
    let mut query = Dig::soa().bytes();
    query[11] = 3;
    for number in 0..3 {
        match number {
            1 => query.extend(Dig::soa().edns(1232).opt()),
            _ => query.extend(b"\xc0\x0c\xff\xfe\0\x01\0\0\0\0\0\0"),
        }
    }
    assert!(ask(&lab(), &query, &Dig::soa()).message().edns.is_some());
}

/// §6.1.2: options that are cut off are none.
#[test]
fn options_are_whole() {
    let mut dig = Dig::soa().edns(1232);
    for (options, is_right) in [(&b"\0\x64\0\0"[..], true), (b"\0\x64\0\x01", false), (b"\0\x64\0", false)] {
        dig.edns.as_mut().unwrap().3 = options.to_vec();
        let expected = if is_right { ResponseCode::NoError } else { ResponseCode::FormErr };
        assert_eq!(dig.at(&lab()).rcode(), expected);
    }
}

/// §6.2.3: less than 512 means 512; RFC 9715 §3.2: more than 1232 means 1232.
#[test]
fn a_reply_is_as_long_as_it_may_be() {
    // The frame is header, question (20 bytes and a label), owner, type to length; a piece of text has its length before it.
    let text_of = |total: usize| {
        let data = total - 12 - 20 - 12 - 11;
        "x".repeat(data - data.div_ceil(256))
    };
    let sized = |text: String| {
        let mut names = names();
        names
            .zones
            .get_mut(&domain("office.test"))
            .unwrap()
            .insert(domain("t.office.test"), vec![txt(&text)]);
        Zones::new(Arc::new(names), 1)
    };
    let dig = |payload| Dig::new("t.office.test", RecordType::TXT).edns(payload);
    for (payload, limit) in
        [(0, 512), (511, 512), (512, 512), (900, 900), (1232, 1232), (1233, 1232), (65535, 1232)]
    {
        let whole = dig(payload).at(&sized(text_of(limit + 1)));
        assert_eq!((whole.raw.len(), whole.flags()), (limit, QR | AA), "{payload}");
        let cut = dig(payload).at(&sized(text_of(limit + 2)));
        assert_eq!((cut.flags(), cut.counts()), (QR | AA | TC, [1, 0, 0, 1]), "{payload}");
    }
}
