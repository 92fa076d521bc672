//! Zones of any shape against a slow and simple reading of RFC 1034 §4.3.2 and RFC 4592.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;

use hickory_proto::op::ResponseCode;
use netyard_types::{DomainName, Names, Records};
use netyard_zone::Zones;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use support::{Dig, a, domain, names, node, view};

/// What is expected of a question for an address: the last byte of the address, or how it is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Address(u8),
    NoData,
    NoName,
}

/// A name below the domain, of few labels and letters, so that names meet.
fn owner() -> impl Strategy<Value = String> {
    ("(\\*\\.)?", vec("[ab]", 0..4)).prop_map(|(asterisk, labels)| {
        format!("{asterisk}{}", labels.iter().map(|label| format!("{label}.")).collect::<String>()) + "z.test"
    })
}

fn owners() -> impl Strategy<Value = BTreeMap<String, u8>> {
    btree_map(owner(), any::<u8>(), 0..8)
}

/// What a question for `name` gets: every rule is applied to all names there are.
fn expected(all: &BTreeMap<String, u8>, name: &str) -> Expected {
    let exists = |name: &str| {
        all.keys().any(|owner| owner == name || owner.ends_with(&format!(".{name}"))) || name == "z.test"
    };
    let has = |name: &str| all.get(name).map_or(Expected::NoData, |last| Expected::Address(*last));
    if exists(name) {
        return has(name);
    }
    let above = |name: &str| name.split_once('.').map(|(_, above)| above.to_owned());
    let mut encloser = above(name).unwrap();
    while !exists(&encloser) {
        encloser = above(&encloser).unwrap();
    }
    let wildcard = format!("*.{encloser}");
    if all.contains_key(&wildcard) { has(&wildcard) } else { Expected::NoName }
}

fn records(owners: &BTreeMap<String, u8>) -> Records {
    owners.iter().map(|(owner, last)| (domain(owner), vec![a(&format!("10.0.0.{last}"))])).collect()
}

fn answered(zones: &Zones, asker: &str, name: &str) -> Expected {
    let message = Dig::new(name, 1_u16).from(asker).at(zones).message();
    match (message.metadata.response_code, &message.answers[..]) {
        (ResponseCode::NoError, [record]) => {
            assert_eq!(record.name.to_string(), format!("{name}."));
            Expected::Address(record.data.to_string().rsplit('.').next().unwrap().parse().unwrap())
        }
        (ResponseCode::NoError, []) => Expected::NoData,
        (ResponseCode::NXDomain, []) => Expected::NoName,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_question_is_answered_as_the_model_says(base in owners(), own in owners(), asked in vec(owner(), 1..20)) {
        let mut names = Names { domain: domain("z.test"), ..names() };
        names.zones = BTreeMap::from([(domain("z.test"), records(&base))]);
        names.views = vec![view(&["inside"], records(&own))];
        let zones = Zones::new(Arc::new(names), 1);
        let mut inside = base.clone();
        inside.extend(own);
        for name in asked {
            prop_assert_eq!(answered(&zones, "inside", &name), expected(&inside, &name), "{} inside", name);
            prop_assert_eq!(answered(&zones, "outside", &name), expected(&base, &name), "{} outside", name);
            let found = zones.lookup(Some(&node("inside")), &name.parse::<DomainName>().unwrap());
            prop_assert_eq!(found.addresses.len(), usize::from(matches!(expected(&inside, &name), Expected::Address(_))));
        }
    }
}
