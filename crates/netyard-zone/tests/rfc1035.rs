//! RFC 1035: messages, whole, cut and malformed. RFC 2181: what does not fit. RFC 4343: case.

mod support;

use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_types::RecordData;
use netyard_zone::{Outcome, Zones};

use support::{AA, Dig, QR, SOA, TC, a, ask, domain, lab, names};

#[test]
fn texts_come_in_pieces() {
    let answer = Dig::new("big.office.test", RecordType::TXT).tcp().at(&lab());
    let text = answer.message().answers[0].data.to_string();
    assert_eq!(text.matches('x').count(), 900);
    assert_eq!(answer.raw.len(), 12 + 21 + 12 + 900 + 4);
}

/// RFC 4343 §4.1: the question is repeated as it was asked, names in data are as they are in the file.
#[test]
fn case_is_kept() {
    let answer = Dig::new("PRINTER.Office.tesT", RecordType::A).at(&lab());
    assert_eq!(answer.answers(), ["PRINTER.Office.tesT. 60 IN A 10.0.0.12"]);
    assert_eq!(answer.message().queries[0].name.to_string(), "PRINTER.Office.tesT.");
    let answer = Dig::new("12.0.0.10.IN-ADDR.arpa", RecordType::PTR).at(&lab());
    assert_eq!(answer.answers(), ["12.0.0.10.IN-ADDR.arpa. 60 IN PTR Printer.office.test."]);
    let answer = Dig::new("WWW.OFFICE.TEST", RecordType::A).at(&lab());
    assert_eq!(answer.answers()[0], "WWW.OFFICE.TEST. 60 IN CNAME web1.office.test.");
}

#[test]
fn what_does_not_fit_is_cut_and_comes_over_tcp() {
    let dig = Dig::new("big.office.test", RecordType::TXT);
    let answer = dig.at(&lab());
    assert_eq!((answer.flags(), answer.counts()), (QR | AA | TC, [1, 0, 0, 0]));
    assert_eq!(dig.tcp().at(&lab()).counts(), [1, 1, 0, 0]);
}

/// RFC 2181 §9: what nobody asked for is left out before anything is cut.
#[test]
fn additions_that_do_not_fit_are_left_out() {
    let mut names = names();
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    let many = (0..100).map(|number| a(&format!("10.0.1.{number}"))).collect();
    office.insert(domain("mail.office.test"), many);
    let zones = Zones::new(Arc::new(names), 1);
    let answer = Dig::new("office.test", RecordType::MX).at(&zones);
    assert_eq!((answer.flags(), answer.counts()), (QR | AA, [1, 1, 0, 0]));
    let answer = Dig::new("office.test", RecordType::MX).tcp().at(&zones);
    assert_eq!(answer.counts(), [1, 1, 0, 100]);
}

#[test]
fn a_set_too_big_for_any_message_is_cut_everywhere() {
    let mut names = names();
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    let many = (0..8000_u32).map(|number| RecordData::A((0x0a00_0000 + number).into()).into()).collect();
    office.insert(domain("crowd.office.test"), many);
    let zones = Zones::new(Arc::new(names), 1);
    let answer = Dig::new("crowd.office.test", RecordType::A).tcp().at(&zones);
    assert_eq!((answer.flags(), answer.counts()), (QR | AA | TC, [1, 0, 0, 0]));
}

/// RFC 1035 §3.2.5: of other classes there is nothing; of all classes this is the authority for one (§6.2).
#[test]
fn classes() {
    for class in [3, 4, 254, 1000] {
        let answer = Dig { class, ..Dig::new("version.bind", RecordType::TXT) }.at(&lab());
        assert_eq!(answer.rcode(), ResponseCode::Refused, "{class}");
        assert_eq!(Dig { class, ..Dig::soa() }.at(&lab()).rcode(), ResponseCode::Refused, "{class}");
    }
    let answer = Dig { class: 255, ..Dig::soa() }.at(&lab());
    assert_eq!((answer.answers(), answer.flags()), (vec![SOA.to_owned()], QR));
}

#[test]
fn what_is_no_query_is_not_answered() {
    let query = Dig::soa().bytes();
    for len in 0..12 {
        assert_eq!(ask(&lab(), &query[..len], &Dig::soa()).outcome, Outcome::Silence, "{len}");
    }
    assert_eq!(Dig::soa().flags(QR).at(&lab()).outcome, Outcome::Silence);
}

#[test]
fn what_is_malformed_is_a_format_error() {
    let query = Dig::soa().bytes();
    let header_only = |query: &[u8]| {
        let answer = ask(&lab(), query, &Dig::soa());
        assert_eq!((answer.rcode(), answer.raw.len()), (ResponseCode::FormErr, 12), "{query:?}");
        assert_eq!((&answer.raw[..2], answer.counts()), (&query[..2], [0; 4]));
    };
    // Cut anywhere in the question.
    for len in 12..query.len() {
        header_only(&query[..len]);
    }
    // Another number of questions.
    for count in [0, 2, 0xff] {
        let mut query = query.clone();
        query[5] = count;
        header_only(&query);
    }
    // Pointers at themselves, forward and into the header; labels of kinds that are no more.
    for (high, low) in [(0xc0, 12), (0xc0, 20), (0xc0, 0), (0xff, 0xff), (0x40, 1), (0x80, 1)] {
        let mut query = query.clone();
        (query[12], query[13]) = (high, low);
        header_only(&query);
    }
    // A name longer than 255 bytes.
    let long = vec!["x".repeat(63); 4].join(".");
    header_only(&Dig::new(&long, RecordType::A).bytes());
}

#[test]
fn what_follows_the_question_is_well_formed_too() {
    let refused = |query: &[u8]| {
        let answer = ask(&lab(), query, &Dig::soa());
        assert_eq!((answer.rcode(), answer.counts()[..3].to_vec()), (ResponseCode::FormErr, vec![1, 0, 0]));
    };
    let mut query = Dig::soa().bytes();
    query.push(0);
    refused(&query);
    query.pop();
    for section in [7, 9, 11] {
        let mut query = query.clone();
        query[section] = 1;
        refused(&query);
        // A record whose owner points forward, or at itself.
        let at = u8::try_from(query.len()).unwrap();
        query.extend([0xc0, at, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
        refused(&query);
        // One that points back is a record, and means nothing.
        query[usize::from(at) + 1] = 12;
        assert_eq!(ask(&lab(), &query, &Dig::soa()).answers(), [SOA]);
        query.pop();
        refused(&query);
    }
}
