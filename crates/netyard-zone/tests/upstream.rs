//! What other servers answer: what counts as a reply, and how it is handed on.

mod support;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RecordType;
use netyard_zone::{Transport, Zones};

use support::{AA, Dig, QR, RA, RD, TC, lab};

/// A query, and what the lab's server answers to the same with another id and other letters.
fn pair(name: &str) -> (Vec<u8>, Vec<u8>) {
    let dig = Dig::new(name, RecordType::TXT).flags(RD);
    let shouted =
        Dig { transport: Transport::Tcp, ..Dig::new(&name.to_uppercase(), RecordType::TXT).flags(RD) };
    let mut reply = shouted.at(&lab()).raw;
    reply[..2].copy_from_slice(&[9, 9]);
    (dig.bytes(), reply)
}

fn relay(query: &[u8], upstream: &[u8], transport: Transport) -> Vec<u8> {
    let mut reply = vec![7];
    Zones::relay(query, upstream, transport, &mut reply);
    reply
}

#[test]
fn a_reply_has_the_id_and_the_question() {
    let (mut query, reply) = pair("short.office.test");
    assert!(!Zones::is_reply_to(&reply, &query));
    query[..2].copy_from_slice(&[9, 9]);
    assert!(Zones::is_reply_to(&reply, &query));
    let wrong = |at: usize, change: u8| {
        let mut reply = reply.clone();
        reply[at] ^= change;
        assert!(!Zones::is_reply_to(&reply, &query), "{at}");
    };
    // Id; reply or query; opcode; number of questions; name, type and class.
    for (at, change) in [(0, 1), (2, 0x80), (2, 0x08), (4, 1), (5, 1), (13, 1), (31, 1), (33, 1)] {
        wrong(at, change);
    }
    for len in 0..reply.len() {
        assert!(!Zones::is_reply_to(&reply[..len], &query), "{len}");
    }
    assert!(!Zones::is_reply_to(&reply, &reply));
}

#[test]
fn a_reply_is_handed_on_with_the_askers_id_and_letters() {
    let (query, upstream) = pair("short.office.test");
    for transport in [Transport::Udp, Transport::Tcp] {
        let reply = relay(&query, &upstream, transport);
        let message = Message::from_vec(&reply).unwrap();
        assert_eq!(reply[..2], query[..2]);
        assert_eq!(reply[12..query.len()], query[12..]);
        assert_eq!(message.answers[0].to_string(), "short.office.test. 5 IN TXT x");
        assert_eq!(u16::from_be_bytes([reply[2], reply[3]]), QR | AA | RD | RA);
    }
}

/// RFC 8906: some servers refuse without saying what.
#[test]
fn a_refusal_needs_no_question() {
    let (query, _) = pair("short.office.test");
    let bare = |rcode: u8| [0xab, 0xcd, 0x80, rcode, 0, 0, 0, 0, 0, 0, 0, 0];
    for rcode in 0..16 {
        let refuses = matches!(rcode, 1 | 2 | 4 | 5);
        let (bare, rcode) = (bare(rcode), if refuses { rcode } else { 2 });
        assert_eq!((Zones::is_reply_to(&bare, &query), Zones::is_refusal(&bare)), (refuses, refuses));
        // The asker gets his question with it.
        let reply = relay(&query, &bare, Transport::Udp);
        assert_eq!(
            (&reply[2..4], &reply[4..6], &reply[12..]),
            (&[0x81, 0x80 | rcode][..], &[0, 1][..], &query[12..])
        );
    }
    let good = bare(5);
    // Id; reply or query; opcode; a record that is not there; more than there should be.
    for (at, change) in [(0, 1), (2, 0x80), (2, 0x08), (7, 1), (9, 1), (11, 1)] {
        let mut reply = good;
        reply[at] ^= change;
        assert!(!Zones::is_reply_to(&reply, &query), "{at}");
    }
    assert!(!Zones::is_reply_to(&[&good[..], b"\0"].concat(), &query));
    assert!(!Zones::is_reply_to(&good[..11], &query));
    let with_edns = [&good[..11], b"\x01\0\0\x29\x10\0\0\0\0\0\0\0"].concat();
    assert!(Zones::is_reply_to(&with_edns, &query));
}

#[test]
fn a_server_that_fails_or_refuses_says_nothing_of_the_name() {
    let (_, mut reply) = pair("short.office.test");
    for rcode in 0..16 {
        reply[3] = 0x80 | rcode;
        assert_eq!(Zones::is_refusal(&reply), matches!(rcode, 2 | 5), "{rcode}");
    }
    assert!(!Zones::is_refusal(b""));
}

#[test]
fn a_reply_too_long_for_the_asker_is_cut() {
    let (query, upstream) = pair("huge.office.test");
    assert_eq!(relay(&query, &upstream, Transport::Tcp).len(), upstream.len());
    let reply = relay(&query, &upstream, Transport::Udp);
    assert_eq!(u16::from_be_bytes([reply[2], reply[3]]), QR | RD | RA | TC);
    assert_eq!((&reply[12..], reply.len()), (&query[12..], query.len()));
}

#[test]
fn what_is_no_reply_is_a_failure() {
    let (query, upstream) = pair("short.office.test");
    let failure = {
        let mut reply = Vec::new();
        Zones::fail(&query, &mut reply);
        reply
    };
    let message = Message::from_vec(&failure).unwrap();
    assert_eq!((message.metadata.response_code, message.queries.len()), (ResponseCode::ServFail, 1));
    assert_eq!(failure[..2], query[..2]);
    for bad in [&b""[..], &query, &upstream[..40], &[&upstream[..], b"x"].concat()] {
        assert_eq!(relay(&query, bad, Transport::Udp), failure);
    }
}

#[test]
fn a_failure_needs_a_query() {
    let mut reply = vec![7];
    Zones::fail(b"short", &mut reply);
    assert_eq!(reply, b"");
    Zones::fail(&pair("short.office.test").1, &mut reply);
    assert_eq!(reply, b"");
    Zones::fail(&Dig::soa().bytes()[..14], &mut reply);
    assert_eq!(reply, b"\xab\xcd\x80\x02\0\0\0\0\0\0\0\0");
    let dig = Dig::soa().edns(1232);
    Zones::fail(&dig.bytes(), &mut reply);
    assert!(Message::from_vec(&reply).unwrap().edns.is_some());
}
