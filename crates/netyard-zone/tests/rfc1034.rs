//! RFC 1034: what is answered to plain questions. RFC 2181: sets of records. RFC 6761: names of special use.

mod support;

use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_types::{DomainName, Record, RecordData};
use netyard_zone::{Outcome, Zones};

use support::{AA, Dig, QR, RA, RD, SOA, a, cname, domain, lab, names, records};

#[test]
fn addresses_are_answered_with_authority() {
    let answer = Dig::new("gw.office.test", RecordType::A).at(&lab());
    assert_eq!(answer.answers(), ["gw.office.test. 60 IN A 10.0.0.1"]);
    assert_eq!((answer.flags(), answer.counts()), (QR | AA, [1, 1, 0, 0]));
    let answer = Dig::new("gw.office.test", RecordType::AAAA).flags(RD).at(&lab());
    assert_eq!(answer.answers(), ["gw.office.test. 60 IN AAAA fd00::1"]);
    assert_eq!(answer.flags(), QR | AA | RD);
}

#[test]
fn the_names_of_addresses_are_in_the_reverse_zones() {
    let answer = Dig::new("10.0.0.10.in-addr.arpa", RecordType::PTR).at(&lab());
    assert_eq!(answer.answers(), ["10.0.0.10.in-addr.arpa. 60 IN PTR web1.office.test."]);
    let name = DomainName::of_address("fd00::10".parse().unwrap());
    let answer = Dig::new(name.as_str(), RecordType::PTR).at(&lab());
    assert_eq!(answer.message().answers[0].data.to_string(), "web1.office.test.");
}

#[test]
fn every_zone_has_a_head() {
    let answer = Dig::soa().at(&lab());
    assert_eq!((answer.answers(), answer.flags()), (vec![SOA.to_owned()], QR | AA));
    let answer = Dig::new("0.0.10.in-addr.arpa", RecordType::SOA).at(&lab());
    assert_eq!(
        answer.answers(),
        ["0.0.10.in-addr.arpa. 60 IN SOA gw.office.test. hostmaster.office.test. 7 30 10 86400 60"]
    );
    let answer = Dig::new("office.test", RecordType::NS).at(&lab());
    assert_eq!(answer.answers(), ["office.test. 60 IN NS gw.office.test."]);
    assert_eq!(
        answer.additionals(),
        ["gw.office.test. 60 IN A 10.0.0.1", "gw.office.test. 60 IN AAAA fd00::1"]
    );
}

#[test]
fn aliases_are_followed_inside_the_zones() {
    let answer = Dig::new("www.office.test", RecordType::A).at(&lab());
    let alias = "www.office.test. 60 IN CNAME web1.office.test.";
    assert_eq!(answer.answers(), [alias, "web1.office.test. 60 IN A 10.0.0.10"]);
    let answer = Dig::new("www.office.test", RecordType::CNAME).at(&lab());
    assert_eq!(answer.answers(), [alias]);
    let answer = Dig::new("www.office.test", RecordType::TXT).at(&lab());
    assert_eq!((answer.answers(), answer.authorities()), (vec![alias.to_owned()], vec![SOA.to_owned()]));
    let answer = Dig::new("out.office.test", RecordType::A).at(&lab());
    assert_eq!(answer.answers(), ["out.office.test. 60 IN CNAME www.example.com."]);
    assert_eq!((answer.rcode(), answer.authorities().len()), (ResponseCode::NoError, 0));
}

#[test]
fn a_loop_of_aliases_ends() {
    let answer = Dig::new("loop1.office.test", RecordType::A).at(&lab());
    let [first, second] = &answer.answers()[..] else { panic!("{:?}", answer.answers()) };
    assert_eq!(first, "loop1.office.test. 60 IN CNAME loop2.office.test.");
    assert_eq!(second, "loop2.office.test. 60 IN CNAME loop1.office.test.");

    let mut names = names();
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    for number in 0..100 {
        let (owner, to) = (format!("n{number}.office.test"), format!("n{}.office.test", number + 1));
        office.insert(domain(&owner), vec![cname(&to)]);
    }
    let zones = Zones::new(Arc::new(names), 1);
    let answer = Dig::new("n0.office.test", RecordType::A).edns(1232).at(&zones);
    assert_eq!(answer.answers().len(), 16);
    assert_eq!(zones.lookup(None, &domain("n0.office.test")).aliases.len(), 16);
}

#[test]
fn an_alias_leads_from_zone_to_zone() {
    let mut names = names();
    let reverse = names.zones.get_mut(&domain("0.0.10.in-addr.arpa")).unwrap();
    reverse.insert(domain("99.0.0.10.in-addr.arpa"), vec![cname("web2.office.test")]);
    reverse.insert(domain("98.0.0.10.in-addr.arpa"), vec![cname("none.office.test")]);
    let zones = Zones::new(Arc::new(names), 7);
    let answer = Dig::new("99.0.0.10.in-addr.arpa", RecordType::A).at(&zones);
    assert_eq!(answer.answers()[1], "web2.office.test. 60 IN A 10.0.0.11");
    let answer = Dig::new("98.0.0.10.in-addr.arpa", RecordType::A).at(&zones);
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NXDomain, vec![SOA.to_owned()]));
}

#[test]
fn names_in_data_bring_their_addresses() {
    let answer = Dig::new("office.test", RecordType::MX).at(&lab());
    assert_eq!(answer.answers(), ["office.test. 60 IN MX 10 mail.office.test."]);
    let addresses = ["mail.office.test. 60 IN A 10.0.0.25", "mail.office.test. 60 IN AAAA fd00::25"];
    assert_eq!(answer.additionals(), addresses);
    let answer = Dig::new("_http._tcp.office.test", RecordType::SRV).at(&lab());
    assert_eq!(answer.answers()[1], "_http._tcp.office.test. 60 IN SRV 0 5 80 web2.office.test.");
    assert_eq!(answer.additionals().len(), 3);
}

#[test]
fn of_several_addresses_each_comes_first_in_its_turn() {
    let first = |turn| Dig { turn, ..Dig::new("pool.office.test", RecordType::A) }.at(&lab()).answers();
    for (turn, ends) in [(0, ["31", "32", "33"]), (1, ["32", "33", "31"]), (5, ["33", "31", "32"])] {
        assert_eq!(first(turn), ends.map(|end| format!("pool.office.test. 60 IN A 10.0.0.{end}")));
    }
    let texts =
        |turn| Dig { turn, ..Dig::new("_http._tcp.office.test", RecordType::SRV) }.at(&lab()).answers();
    assert_eq!(texts(0), texts(1));
}

#[test]
fn a_set_has_one_time_to_live_and_each_record_once() {
    let mut names = names();
    let mut twice = vec![a("10.0.0.2"), a("10.0.0.3"), a("10.0.0.2")];
    twice[1].ttl = Some(5);
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    office.insert(domain("twice.office.test"), twice);
    let long = Record { ttl: Some(u32::MAX), data: RecordData::Txt("x".into()) };
    office.insert(domain("long.office.test"), vec![long]);
    let zones = Zones::new(Arc::new(names), 1);
    let answer = Dig::new("twice.office.test", RecordType::A).at(&zones);
    assert_eq!(
        answer.answers(),
        ["twice.office.test. 5 IN A 10.0.0.2", "twice.office.test. 5 IN A 10.0.0.3"]
    );
    let answer = Dig::new("long.office.test", RecordType::TXT).at(&zones);
    assert_eq!(answer.message().answers[0].ttl, i32::MAX as u32);
}

#[test]
fn other_names_are_refused_or_forwarded() {
    let elsewhere = Dig::new("www.example.com", RecordType::A);
    let answer = elsewhere.at(&lab());
    assert_eq!((answer.rcode(), answer.flags()), (ResponseCode::Refused, QR));

    let mut names = names();
    names.forward.push("10.0.0.99:53".parse().unwrap());
    let zones = Zones::new(Arc::new(names), 1);
    assert_eq!(elsewhere.at(&zones).rcode(), ResponseCode::Refused);
    let forwarded = elsewhere.clone().flags(RD).at(&zones);
    assert_eq!(forwarded.outcome, Outcome::Forward { delay_ms: 0, alias: None });
    assert_eq!(
        Dig::new("test", RecordType::A).flags(RD).at(&zones).outcome,
        Outcome::Forward { delay_ms: 0, alias: None }
    );
    let answer = Dig::new("gw.office.test", RecordType::A).flags(RD).at(&zones);
    assert_eq!(answer.flags(), QR | AA | RD | RA);
}

/// A resolver asks for the bare name when its search domains have nothing, and has to be told that it is not there.
#[test]
fn no_host_is_called_by_one_label() {
    for asked in [RecordType::A, RecordType::AAAA] {
        assert_eq!(Dig::new("nobody", asked).flags(RD).at(&lab()).rcode(), ResponseCode::NXDomain);
    }
    assert_eq!(Dig::new("com", RecordType::NS).flags(RD).at(&lab()).rcode(), ResponseCode::Refused);
}

/// RFC 6761 §6.3 and §6.4, RFC 7686 §2, RFC 6762 §22.1: nobody else is asked for these.
#[test]
fn names_of_special_use_go_nowhere() {
    let mut names = names();
    names.forward.push("10.0.0.99:53".parse().unwrap());
    for zones in [lab(), Zones::new(Arc::new(names), 1)] {
        let answer = Dig::new("LocalHost", RecordType::A).flags(RD).at(&zones);
        assert_eq!(answer.answers(), ["LocalHost. 86400 IN A 127.0.0.1"]);
        let answer = Dig::new("db.localhost", RecordType::AAAA).flags(RD).at(&zones);
        assert_eq!(answer.answers(), ["db.localhost. 86400 IN AAAA ::1"]);
        let answer = Dig::new("localhost", RecordType::MX).flags(RD).at(&zones);
        assert_eq!((answer.rcode(), answer.counts()), (ResponseCode::NoError, [1, 0, 0, 0]));
        for name in ["invalid", "a.invalid", "printer.local", "x.onion"] {
            assert_eq!(
                Dig::new(name, RecordType::A).flags(RD).at(&zones).rcode(),
                ResponseCode::NXDomain,
                "{name}"
            );
        }
    }
    assert_eq!(Dig::new("", RecordType::NS).at(&lab()).rcode(), ResponseCode::Refused);
}

/// §4.2: what is below the apex of another zone is that zone's.
#[test]
fn the_nearest_zone_answers() {
    let mut names = names();
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    office.insert(domain("a.lab.office.test"), vec![a("10.0.0.50")]);
    office.insert(domain("elsewhere.test"), vec![a("10.0.0.51")]);
    names.zones.insert(domain("lab.office.test"), records([("b.lab.office.test", vec![a("10.0.0.52")])]));
    let zones = Zones::new(Arc::new(names), 7);
    assert_eq!(Dig::new("b.lab.office.test", RecordType::A).at(&zones).answers().len(), 1);
    let answer = Dig::new("a.lab.office.test", RecordType::A).at(&zones);
    assert_eq!(answer.rcode(), ResponseCode::NXDomain);
    assert_eq!(answer.message().authorities[0].name.to_string(), "lab.office.test.");
    assert_eq!(Dig::new("elsewhere.test", RecordType::A).at(&zones).rcode(), ResponseCode::Refused);
}
