//! RFC 4592: wildcards.

mod support;

use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_zone::Zones;

use support::{AA, Dig, QR, SOA, a, domain, lab, names, records, txt, view};

fn code(name: &str) -> (ResponseCode, usize) {
    let answer = Dig::new(name, RecordType::A).at(&lab());
    (answer.rcode(), answer.answers().len())
}

/// §2.1.3 and §3.3.1: it stands for any number of labels below the closest encloser, with the asker's name as owner.
#[test]
fn a_wildcard_stands_for_names_that_are_not_there() {
    for name in ["any.apps.office.test", "ANY.Apps.office.test", "a.b.c.apps.office.test"] {
        let answer = Dig::new(name, RecordType::A).at(&lab());
        assert_eq!(answer.answers(), [format!("{name}. 60 IN A 10.0.0.80")]);
        assert_eq!(answer.flags(), QR | AA);
    }
    let answer = Dig::new("any.apps.office.test", RecordType::MX).at(&lab());
    assert_eq!((answer.answers().len(), answer.additionals().len()), (1, 2));
}

/// §2.2.1: a name that exists is not stood for, whatever it has.
#[test]
fn a_name_that_is_there_blocks_it() {
    assert_eq!(code("one.apps.office.test"), (ResponseCode::NoError, 0));
}

/// §2.2.2: neither is one that exists because of names below it, nor are names below those.
#[test]
fn a_name_above_others_blocks_it() {
    assert_eq!(code("two.apps.office.test"), (ResponseCode::NoError, 0));
    assert_eq!(code("b.two.apps.office.test"), (ResponseCode::NXDomain, 0));
    assert_eq!(code("x.one.apps.office.test"), (ResponseCode::NXDomain, 0));
}

/// §2.2.1: the wildcard's name itself can be asked for.
#[test]
fn the_asterisk_is_a_name_too() {
    let answer = Dig::new("*.apps.office.test", RecordType::A).at(&lab());
    assert_eq!(answer.answers(), ["*.apps.office.test. 60 IN A 10.0.0.80"]);
    assert_eq!(code("x.*.apps.office.test"), (ResponseCode::NXDomain, 0));
}

#[test]
fn a_wildcard_without_such_records_is_no_denial() {
    let answer = Dig::new("any.apps.office.test", RecordType::TXT).at(&lab());
    assert_eq!((answer.rcode(), answer.authorities()), (ResponseCode::NoError, vec![SOA.to_owned()]));
}

/// §4.3.
#[test]
fn a_wildcard_can_be_an_alias() {
    let answer = Dig::new("x.alias.office.test", RecordType::A).at(&lab());
    let alias = "x.alias.office.test. 60 IN CNAME web2.office.test.";
    assert_eq!(answer.answers(), [alias, "web2.office.test. 60 IN A 10.0.0.11"]);
}

#[test]
fn a_wildcard_of_the_domain_leaves_what_is_there() {
    let mut names = names();
    let office = names.zones.get_mut(&domain("office.test")).unwrap();
    office.insert(domain("*.office.test"), vec![a("10.0.0.99")]);
    let zones = Zones::new(Arc::new(names), 7);
    let answer = |name| Dig::new(name, RecordType::A).at(&zones);
    assert_eq!(answer("none.office.test").answers(), ["none.office.test. 60 IN A 10.0.0.99"]);
    assert_eq!(answer("a.b.office.test").answers().len(), 1);
    assert_eq!(answer("office.test").answers().len(), 0);
    assert_eq!(answer("er.office.test").answers().len(), 0);
    assert_eq!(answer("x.er.office.test").rcode(), ResponseCode::NXDomain);
    assert_eq!(answer("x.gw.office.test").rcode(), ResponseCode::NXDomain);
}

#[test]
fn a_view_has_wildcards_of_its_own() {
    let mut names = names();
    let own = records([
        ("*.apps.office.test", vec![a("192.168.0.80")]),
        ("*.lab.office.test", vec![a("192.168.0.81")]),
        ("new.apps.office.test", vec![txt("only here")]),
    ]);
    names.views.push(view(&["a"], own));
    let zones = Zones::new(Arc::new(names), 7);
    let answer = |name, asker| Dig::new(name, RecordType::A).from(asker).at(&zones);
    assert_eq!(answer("x.apps.office.test", "a").answers(), ["x.apps.office.test. 60 IN A 192.168.0.80"]);
    assert_eq!(answer("x.apps.office.test", "b").answers(), ["x.apps.office.test. 60 IN A 10.0.0.80"]);
    assert_eq!(answer("x.lab.office.test", "a").answers().len(), 1);
    assert_eq!(answer("x.lab.office.test", "b").rcode(), ResponseCode::NXDomain);
    assert_eq!(answer("new.apps.office.test", "a").answers().len(), 0);
    assert_eq!(answer("new.apps.office.test", "b").answers().len(), 1);
}
