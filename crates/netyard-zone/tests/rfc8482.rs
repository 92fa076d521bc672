//! RFC 8482: questions for any type (ANY) get little.

mod support;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;

use support::{Dig, SOA, lab};

/// §4.1: one set of the name's records, the same every time.
#[test]
fn one_set_is_answered() {
    for dig in
        [Dig::new("gw.office.test", RecordType::ANY), Dig::new("gw.office.test", RecordType::ANY).tcp()]
    {
        assert_eq!(dig.at(&lab()).answers(), ["gw.office.test. 60 IN A 10.0.0.1"]);
    }
    let answer = Dig::new("office.test", RecordType::ANY).at(&lab());
    assert_eq!(answer.answers(), ["office.test. 60 IN MX 10 mail.office.test."]);
    let answer = Dig::new("0.0.10.in-addr.arpa", RecordType::ANY).at(&lab());
    assert_eq!(answer.message().answers[0].record_type(), RecordType::SOA);
}

/// An alias is what the name has (RFC 1034 §3.6.2), and is not followed.
#[test]
fn an_alias_is_a_record_as_any() {
    let answer = Dig::new("www.office.test", RecordType::ANY).at(&lab());
    assert_eq!(answer.answers(), ["www.office.test. 60 IN CNAME web1.office.test."]);
    let answer = Dig::new("x.alias.office.test", RecordType::ANY).at(&lab());
    assert_eq!(answer.answers(), ["x.alias.office.test. 60 IN CNAME web2.office.test."]);
}

#[test]
fn where_there_is_nothing_there_is_not_any() {
    let answer = Dig::new("none.office.test", RecordType::ANY).at(&lab());
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NXDomain, vec![SOA.to_owned()]));
    let answer = Dig::new("er.office.test", RecordType::ANY).at(&lab());
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NoError, vec![SOA.to_owned()]));
}
