//! RFC 2308: names that do not exist (NXDOMAIN) and names without what was asked for (NODATA). RFC 8020: names above others.

mod support;

use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_zone::Zones;

use support::{AA, Dig, QR, SOA, lab, names};

/// §2.1.
#[test]
fn a_name_that_is_not_there_is_denied_with_the_head_of_the_zone() {
    for (name, rtype) in [
        ("none.office.test", RecordType::A),
        ("a.b.c.none.office.test", RecordType::A),
        ("x.gw.office.test", RecordType::A),
        ("none.office.test", RecordType::SOA),
        ("none.office.test", RecordType::ANY),
        ("deep.er.office.test.office.test", RecordType::TXT),
    ] {
        let answer = Dig::new(name, rtype).at(&lab());
        assert_eq!(answer.rcode(), ResponseCode::NXDomain, "{name}");
        assert_eq!((answer.flags(), answer.counts()), (QR | AA, [1, 0, 1, 0]), "{name}");
        assert_eq!(answer.authorities(), [SOA], "{name}");
    }
    let answer = Dig::new("99.0.0.10.in-addr.arpa", RecordType::PTR).at(&lab());
    assert_eq!(answer.rcode(), ResponseCode::NXDomain);
    assert_eq!(answer.message().authorities[0].name.to_string(), "0.0.10.in-addr.arpa.");
}

/// §2.1: the code is that of the last name of a chain (RFC 6604 §3).
#[test]
fn an_alias_of_nothing_is_denied() {
    let answer = Dig::new("dangling.office.test", RecordType::A).at(&lab());
    assert_eq!(answer.answers(), ["dangling.office.test. 60 IN CNAME nothing.office.test."]);
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NXDomain, vec![SOA.to_owned()]));
}

/// §2.2.
#[test]
fn a_name_without_such_records_is_not_denied() {
    for (name, rtype) in [
        ("web2.office.test", RecordType::AAAA),
        ("office.test", RecordType::A),
        ("gw.office.test", RecordType::SOA),
    ] {
        let answer = Dig::new(name, rtype).at(&lab());
        assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::NoError, [1, 0, 1, 0]), "{name}");
        assert_eq!((answer.flags(), answer.authorities()), (QR | AA, vec![SOA.to_owned()]), "{name}");
    }
}

/// RFC 8020 §2: what has names below it exists.
#[test]
fn a_name_above_others_is_there() {
    for name in ["deep.er.office.test", "er.office.test", "_tcp.office.test", "apps.office.test"] {
        let answer = Dig::new(name, RecordType::A).at(&lab());
        assert_eq!((answer.rcode(), answer.authorities().len()), (ResponseCode::NoError, 1), "{name}");
    }
    let nibbles = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";
    assert_eq!(Dig::new(nibbles, RecordType::PTR).at(&lab()).rcode(), ResponseCode::NoError);
    let nibbles = nibbles.replacen('0', "1", 1);
    assert_eq!(Dig::new(&nibbles, RecordType::PTR).at(&lab()).rcode(), ResponseCode::NXDomain);
}

/// §3 and §5: what is not there is remembered as long as the head of the zone may be, and as its MINIMUM says.
#[test]
fn it_is_known_how_long_there_is_nothing() {
    let zones = Zones::new(Arc::new(netyard_types::Names { ttl: 3, ..names() }), 9);
    let answer = Dig::new("none.office.test", RecordType::A).at(&zones);
    let head = "office.test. 3 IN SOA gw.office.test. hostmaster.office.test. 9 30 10 86400 3";
    assert_eq!(answer.authorities(), [head]);
}
