//! What only some nodes are answered, what goes wrong on purpose, and what a lookup without a message says of both.

mod support;

use std::net::IpAddr;
use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_types::{BadAnswer, Trouble};
use netyard_zone::{Outcome, Standing, Zones};

use support::{Dig, RD, SOA, TC, a, domain, names, node, records, troubles, txt, view};

#[test]
fn a_view_replaces_all_records_of_its_names() {
    let mut names = names();
    let own = records([
        ("web1.office.test", vec![a("192.168.0.1")]),
        ("only.in.office.test", vec![a("192.168.0.2")]),
        ("office.test", vec![txt("inside")]),
        ("gone.office.test", vec![]),
        ("apps.office.test", vec![a("192.168.0.3")]),
    ]);
    names.views.push(view(&["a", "b"], own));
    let zones = Zones::new(Arc::new(names), 7);
    let inside = |name, rtype: RecordType| Dig::new(name, rtype).from("a").at(&zones);
    let outside = |name, rtype: RecordType| Dig::new(name, rtype).from("c").at(&zones);

    assert_eq!(
        inside("web1.office.test", RecordType::A).answers(),
        ["web1.office.test. 60 IN A 192.168.0.1"]
    );
    assert_eq!(inside("web1.office.test", RecordType::AAAA).authorities(), [SOA]);
    assert_eq!(
        inside("www.office.test", RecordType::A).answers()[1],
        "web1.office.test. 60 IN A 192.168.0.1"
    );
    assert_eq!(outside("web1.office.test", RecordType::A).answers(), ["web1.office.test. 60 IN A 10.0.0.10"]);
    assert_eq!(outside("only.in.office.test", RecordType::A).rcode(), ResponseCode::NXDomain);
    assert_eq!(inside("only.in.office.test", RecordType::A).answers().len(), 1);
    assert_eq!(inside("in.office.test", RecordType::A).rcode(), ResponseCode::NoError);
    assert_eq!(inside("gone.office.test", RecordType::A).rcode(), ResponseCode::NoError);
    assert_eq!(inside("office.test", RecordType::SOA).answers(), [SOA]);
    assert_eq!(inside("office.test", RecordType::MX).answers().len(), 0);
    assert_eq!(inside("office.test", RecordType::TXT).message().answers[0].data.to_string(), "inside");
    // A name that the view gives records keeps the wildcard below it.
    assert_eq!(
        inside("x.apps.office.test", RecordType::A).answers(),
        ["x.apps.office.test. 60 IN A 10.0.0.80"]
    );
}

#[test]
fn troubles_come_before_answers() {
    let mut names = names();
    let bad = |answer| Trouble { slow_ms: 0, answer: Some(answer) };
    let slow = Trouble { slow_ms: 800, answer: None };
    names.troubles = troubles(
        Some(slow),
        [
            ("gw.office.test", bad(BadAnswer::Servfail)),
            ("web1.office.test", bad(BadAnswer::Nxdomain)),
            ("web2.office.test", bad(BadAnswer::Drop)),
            ("mail.office.test", bad(BadAnswer::Truncate)),
            ("www.example.com", bad(BadAnswer::Nxdomain)),
        ],
    );
    let mut own = view(&["a"], records([]));
    own.troubles = troubles(None, [("web1.office.test", bad(BadAnswer::Servfail))]);
    names.views.push(own);
    names.forward.push("10.0.0.99:53".parse().unwrap());
    let zones = Zones::new(Arc::new(names), 7);
    let of = |name| Dig::new(name, RecordType::A);

    let answer = of("GW.office.test").at(&zones);
    assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::ServFail, [1, 0, 0, 0]));
    let answer = of("web1.office.test").at(&zones);
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NXDomain, vec![SOA.to_owned()]));
    assert_eq!(of("web1.office.test").from("a").at(&zones).rcode(), ResponseCode::ServFail);
    assert_eq!(of("web1.office.test").from("b").at(&zones).rcode(), ResponseCode::NXDomain);
    assert_eq!(of("web2.office.test").at(&zones).outcome, Outcome::Silence);
    let answer = of("mail.office.test").at(&zones);
    assert_eq!((answer.flags() & TC, answer.counts()), (TC, [1, 0, 0, 0]));
    assert_eq!(of("mail.office.test").tcp().at(&zones).answers().len(), 1);
    let answer = of("www.example.com").at(&zones);
    assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::NXDomain, [1, 0, 0, 0]));

    assert_eq!(of("pool.office.test").at(&zones).outcome, Outcome::Reply { delay_ms: 800 });
    assert_eq!(
        of("other.example").flags(RD).at(&zones).outcome,
        Outcome::Forward { delay_ms: 800, alias: None }
    );
    // A question for an alias is not one for its target.
    assert_eq!(of("www.office.test").at(&zones).answers().len(), 2);
}

#[test]
fn a_lookup_says_what_a_node_gets() {
    let mut names = names();
    names.views.push(view(&["a"], records([("web1.office.test", vec![a("192.168.0.1")])])));
    let trouble = Trouble { slow_ms: 5, answer: None };
    names.troubles = troubles(None, [("www.office.test", trouble)]);
    let zones = Zones::new(Arc::new(names), 7);

    let found = zones.lookup(Some(&node("a")), &domain("WWW.office.test"));
    assert_eq!(found.aliases, [domain("web1.office.test")]);
    assert_eq!(found.addresses, ["192.168.0.1".parse::<IpAddr>().unwrap()]);
    assert_eq!((found.standing, found.trouble), (Standing::Exists, Some(trouble)));
    let found = zones.lookup(None, &domain("web1.office.test"));
    assert_eq!(found.addresses, ["10.0.0.10", "fd00::10"].map(|addr| addr.parse::<IpAddr>().unwrap()));

    let standing = |name| zones.lookup(None, &domain(name)).standing;
    assert_eq!(standing("office.test"), Standing::Exists);
    assert_eq!(standing("any.apps.office.test"), Standing::Exists);
    assert_eq!(standing("none.office.test"), Standing::Nothing);
    assert_eq!(standing("dangling.office.test"), Standing::Nothing);
    assert_eq!(standing("www.example.com"), Standing::Refused);
    assert_eq!(standing("loop1.office.test"), Standing::Exists);
    assert_eq!(zones.lookup(None, &domain("localhost")).addresses.len(), 2);
}
