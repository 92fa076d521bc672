//! Whatever bytes come: no panic, no reply longer than allowed, and every reply is a message that repeats the question.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::sync::{Arc, LazyLock};

use hickory_proto::op::{Message, MessageType, ResponseCode};
use netyard_types::{BadAnswer, Trouble};
use netyard_zone::{Outcome, Transport, Zones};
use proptest::collection::vec;
use proptest::prelude::*;

use support::{Dig, a, domain, names, node, records, troubles, view};

/// The lab with everything in it: a view, troubles, a server to forward to.
fn zones() -> &'static Zones {
    static ZONES: LazyLock<Zones> = LazyLock::new(everything);
    &ZONES
}

fn everything() -> Zones {
    let mut names = names();
    names.forward.push("10.0.0.99:53".parse().unwrap());
    let mut own = view(&["a"], records([("web1.office.test", vec![a("192.168.0.1")])]));
    let bad = |answer| Trouble { slow_ms: 0, answer: Some(answer) };
    own.troubles = troubles(
        None,
        [("web2.office.test", bad(BadAnswer::Nxdomain)), ("gw.office.test", bad(BadAnswer::Truncate))],
    );
    names.views.push(own);
    Zones::new(Arc::new(names), 7)
}

/// Names of the lab, names below and beside them, and anything.
fn wire_name() -> impl Strategy<Value = Vec<u8>> {
    let owners: Vec<String> =
        names().zones.into_values().flatten().map(|(owner, _)| owner.as_str().to_owned()).collect();
    let known = proptest::sample::select(owners);
    let spelled = (known, "([a-z*]{0,3}\\.)?", any::<u64>()).prop_map(|(name, prefix, cases)| {
        let swap = |(at, letter): (usize, char)| match cases >> (at % 64) & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        Dig::new(&format!("{prefix}{name}").chars().enumerate().map(swap).collect::<String>(), 1_u16).name
    });
    let labels = vec(vec(any::<u8>(), 1..8), 0..6).prop_map(|labels| {
        let mut wire: Vec<u8> = labels
            .iter()
            .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], &label[..]].concat())
            .collect();
        wire.push(0);
        wire
    });
    prop_oneof![6 => spelled, 1 => labels]
}

fn dig() -> impl Strategy<Value = Dig> {
    let rtype = prop_oneof![
        6 => proptest::sample::select(vec![1_u16, 2, 5, 6, 12, 15, 16, 28, 33, 255]),
        1 => proptest::sample::select(vec![251_u16, 252]),
        1 => any::<u16>(),
    ];
    let edns = proptest::option::of((any::<u16>(), 0..2_u8, any::<u16>(), vec(any::<u8>(), 0..12)));
    let class = prop_oneof![8 => Just(1_u16), 1 => Just(255_u16), 1 => any::<u16>()];
    let asker = proptest::option::of(proptest::sample::select(vec!["a", "b"]));
    let how = (any::<bool>(), asker, any::<u32>(), proptest::bits::u16::masked(0x07f0));
    (wire_name(), rtype, class, edns, how).prop_map(
        |(name, rtype, class, edns, (tcp, asker, turn, flags))| Dig {
            name,
            rtype,
            class,
            flags,
            edns,
            transport: if tcp { Transport::Tcp } else { Transport::Udp },
            asker: asker.map(node),
            turn,
        },
    )
}

/// What is true of every reply.
fn check(zones: &Zones, query: &[u8], how: &Dig) -> Result<Option<Message>, TestCaseError> {
    let answer = support::ask(zones, query, how);
    let limit = if how.transport == Transport::Udp { 1232 } else { 65_535 };
    match answer.outcome {
        Outcome::Reply { .. } => {}
        Outcome::Transfer { zone } => {
            let mut raw = Vec::new();
            prop_assert!(zones.transfer(zone, query, how.asker.as_ref(), 0, &mut raw));
            prop_assert!(Message::from_vec(&raw).is_ok());
            return Ok(None);
        }
        Outcome::Silence | Outcome::Forward { .. } => return Ok(None),
    }
    prop_assert!(answer.raw.len() <= limit, "{}", answer.raw.len());
    prop_assert_eq!(&answer.raw[..2], &query[..2]);
    let message = Message::from_vec(&answer.raw).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(message.metadata.message_type, MessageType::Response);
    // Nothing stands behind the last record.
    let mut longer = answer.raw.clone();
    longer.push(0);
    prop_assert!(message.queries.is_empty() || Zones::is_reply_to(&answer.raw, query));
    prop_assert!(!Zones::is_reply_to(&longer, query));
    Ok(Some(message))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_bytes_are_a_query(query in vec(any::<u8>(), 0..200), how in dig()) {
        check(zones(), &query, &how)?;
    }

    #[test]
    fn a_query_is_answered_with_its_question(dig in dig()) {
        let query = dig.bytes();
        if let Some(message) = check(zones(), &query, &dig)? {
            let raw = support::ask(zones(), &query, &dig).raw;
            let end = 12 + dig.name.len() + 4;
            prop_assert_eq!(&raw[12..end], &query[12..end]);
            prop_assert_eq!(message.edns.is_some(), dig.edns.is_some());
            if dig.edns.is_none() {
                prop_assert!(message.edns.is_none());
                prop_assert!(dig.transport == Transport::Tcp || raw.len() <= 512);
            }
        }
    }

    #[test]
    fn a_query_with_changed_bytes_is_still_a_query(dig in dig(), changes in vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut query = dig.bytes();
        for (at, byte) in changes {
            let at = usize::from(at) % query.len();
            query[at] = byte;
        }
        check(zones(), &query, &dig)?;
    }

    /// Over TCP and UDP the answers are the same, as far as they are not cut.
    #[test]
    fn the_transport_changes_nothing_but_the_length(dig in dig()) {
        let udp = support::ask(zones(), &dig.bytes(), &Dig { transport: Transport::Udp, ..dig.clone() });
        let tcp = support::ask(zones(), &dig.bytes(), &Dig { transport: Transport::Tcp, ..dig.clone() });
        let is_cut = |raw: &[u8]| raw[2] & 2 != 0;
        if matches!((udp.outcome, tcp.outcome), (Outcome::Reply { .. }, Outcome::Reply { .. }))
            && !is_cut(&udp.raw) && udp.raw[6..8] == tcp.raw[6..8]
        {
            // What was left out was not asked for.
            let (udp, tcp) = (Message::from_vec(&udp.raw).unwrap(), Message::from_vec(&tcp.raw).unwrap());
            prop_assert_eq!((udp.answers, udp.authorities), (tcp.answers, tcp.authorities));
        }
    }

    #[test]
    fn a_relayed_reply_is_one_to_the_query(dig in dig(), upstream in vec(any::<u8>(), 0..80), is_tcp in any::<bool>()) {
        let query = dig.bytes();
        let transport = if is_tcp { Transport::Tcp } else { Transport::Udp };
        let mut other = Vec::new();
        zones().answer(&query, None, Transport::Tcp, 0, &mut other);
        let mut reply = Vec::new();
        for upstream in [&other, &upstream, &[&other[..], &upstream].concat()] {
            Zones::relay(&query, upstream, transport, &mut reply);
            prop_assert!(Message::from_vec(&reply).is_ok());
            prop_assert!(Zones::is_reply_to(&reply, &query) || reply.len() == 12);
            prop_assert!(is_tcp || reply.len() <= 1232);
        }
    }
}

/// The answer of another server about a name that an alias leads to: records of types with and without names, most of which point
/// to other names, and some to anywhere.
fn upstream() -> impl Strategy<Value = Vec<u8>> {
    let question = b"\x03www\x07example\x03com\0\0\x01\0\x01";
    let pointer = prop_oneof![60 => proptest::sample::select(vec![12_u8, 16, 24]), 1 => any::<u8>()];
    let end = prop_oneof![1 => Just(vec![0]), 2 => pointer.prop_map(|to| vec![0xc0, to])];
    let label =
        "[awW]{1,3}".prop_map(|label| [&[u8::try_from(label.len()).unwrap()], label.as_bytes()].concat());
    let name = (vec(label, 0..3), end).prop_map(|(labels, end)| [labels.concat(), end].concat());
    // Type, bytes before the names, names, bytes after them.
    let kinds = vec![
        (1_u8, 4, 0, 0),
        (2, 0, 1, 0),
        (5, 0, 1, 0),
        (6, 0, 2, 20),
        (12, 0, 1, 0),
        (15, 2, 1, 0),
        (33, 6, 1, 0),
        (99, 9, 0, 0),
    ];
    let kind = prop_oneof![30 => proptest::sample::select(kinds), 1 => (proptest::sample::select(vec![1_u8, 2, 5, 6, 12, 15, 33, 99]), 0..3_usize, 0..3_usize, 0..3_usize)];
    let record =
        (name.clone(), kind, vec(name, 2..3)).prop_map(|(owner, (rtype, before, names, after), name)| {
            let names = name.iter().take(names).flatten().copied();
            let data: Vec<u8> =
                std::iter::repeat_n(1, before).chain(names).chain(std::iter::repeat_n(2, after)).collect();
            [&owner[..], &[0, rtype, 0, 1, 0, 0, 0, 9, 0, u8::try_from(data.len()).unwrap()], &data].concat()
        });
    (vec(record, 0..30), 0..30_u8).prop_map(|(records, answers)| {
        let count = u8::try_from(records.len()).unwrap();
        let answers = answers.min(count);
        let head = [0xab, 0xcd, 0x81, 0x80, 0, 1, 0, answers, 0, count - answers, 0, 0];
        [&head[..], question, &records.concat()].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn what_comes_behind_an_alias_is_readable(upstream in upstream(), is_tcp in any::<bool>()) {
        let transport = if is_tcp { Transport::Tcp } else { Transport::Udp };
        let query = Dig { transport, ..Dig::new("out.office.test", 1_u16).flags(0x0100) }.bytes();
        let mut reply = Vec::new();
        let outcome = zones().answer(&query, None, transport, 0, &mut reply);
        let Outcome::Forward { alias: Some(alias), .. } = outcome else { panic!("{outcome:?}") };
        alias.relay(&query, &upstream, transport, &mut reply);
        prop_assert!(is_tcp || reply.len() <= 512);
        prop_assert!(Zones::is_reply_to(&reply, &query));
        // What can be read there can be read here, and says the same.
        let Ok(message) = Message::from_vec(&upstream) else { return Ok(()) };
        let handed_on = Message::from_vec(&reply).map_err(|error| TestCaseError::fail(error.to_string()))?;
        if handed_on.metadata.response_code == ResponseCode::NoError && !handed_on.metadata.truncation {
            prop_assert_eq!(&handed_on.answers[1..], &message.answers[..]);
            prop_assert!(handed_on.authorities.is_empty() || handed_on.authorities == message.authorities);
            prop_assert!(!is_tcp || handed_on.authorities.len() == message.authorities.len());
        }
    }
}

/// What a lookup says is what is answered.
#[test]
fn lookups_and_answers_agree() {
    let zones = zones();
    let owners = names().zones.into_values().flatten().map(|(owner, _)| owner);
    let below = ["x.apps.office.test", "none.office.test", "x.alias.office.test"].map(domain);
    for owner in owners.chain(below) {
        for asker in ["a", "b"] {
            let found = zones.lookup(Some(&node(asker)), &owner);
            let answered: Vec<String> = [1_u16, 28]
                .iter()
                .flat_map(|rtype| {
                    Dig::new(owner.as_str(), *rtype).tcp().from(asker).at(zones).message().answers
                })
                .filter(|record| !record.data.to_string().ends_with('.'))
                .map(|record| record.data.to_string())
                .collect();
            let looked_up: Vec<String> = found.addresses.iter().map(ToString::to_string).collect();
            if found.trouble.is_none() {
                assert_eq!(looked_up, answered, "{owner} for {asker}");
            }
        }
    }
}
