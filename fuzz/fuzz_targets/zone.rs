//! Any bytes as a query, over both transports: no panic, no reply longer than it may be, and every reply, every message of a transfer
//! and everything relayed can be read.
#![no_main]

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use hickory_proto::op::Message;
use libfuzzer_sys::fuzz_target;
use netyard_types::{BadAnswer, DomainName, Names, NodeName, Record, RecordData, Trouble, Troubles, View};
use netyard_zone::{Outcome, Transport, Zones};

static ZONES: LazyLock<Zones> = LazyLock::new(|| Zones::new(Arc::new(names()), 7));
static NODE: LazyLock<NodeName> = LazyLock::new(|| NodeName::new("a").expect("a name"));

fn domain(text: &str) -> DomainName {
    DomainName::new(text).expect("a domain name")
}

/// The domain `t` with a record of every type, short so that they are found soon.
fn names() -> Names {
    let address = |last: u8| Record::from(RecordData::A([10, 0, 0, last].into()));
    let cname = |to: &str| vec![Record::from(RecordData::Cname(domain(to)))];
    let srv = RecordData::Srv { priority: 0, weight: 5, port: 80, target: domain("a.t") };
    let home = BTreeMap::from([
        (domain("t"), vec![RecordData::Mx { preference: 1, exchange: domain("A.t") }.into()]),
        (domain("a.t"), vec![address(1), RecordData::Aaaa([0xfd00, 0, 0, 0, 0, 0, 0, 1].into()).into()]),
        (domain("b.t"), (0..200).map(address).collect()),
        (domain("c.t"), cname("a.t")),
        (domain("d.t"), cname("d.t")),
        (domain("e.f.t"), vec![RecordData::Txt("x".repeat(1100)).into()]),
        (domain("*.g.t"), cname("h.g.t")),
        (domain("_s.t"), vec![srv.into()]),
    ]);
    let reverse =
        BTreeMap::from([(domain("1.0.0.10.in-addr.arpa"), vec![RecordData::Ptr(domain("a.t")).into()])]);
    let trouble = |answer| Trouble { slow_ms: 1, answer: Some(answer) };
    Names {
        domain: domain("t"),
        ttl: 60,
        name_servers: vec![domain("a.t"), domain("ns.elsewhere")],
        servers: BTreeMap::new(),
        zones: BTreeMap::from([(domain("t"), home), (domain("10.in-addr.arpa"), reverse)]),
        clients: BTreeMap::new(),
        views: vec![View {
            name: "v".to_owned(),
            nodes: [NODE.clone()].into(),
            records: BTreeMap::from([(domain("v.f.t"), vec![address(9)])]),
            troubles: Troubles::default(),
        }],
        troubles: Troubles {
            all: None,
            names: BTreeMap::from([
                (domain("x.t"), trouble(BadAnswer::Nxdomain)),
                (domain("y.t"), trouble(BadAnswer::Truncate)),
            ]),
        },
        forward: vec![([10, 0, 0, 99], 53).into()],
    }
}

fuzz_target!(|query: &[u8]| {
    let mut reply = Vec::new();
    let mut other = Vec::new();
    for (transport, limit) in [(Transport::Udp, 1232), (Transport::Tcp, 65_535)] {
        for asker in [None, Some(&*NODE)] {
            match ZONES.answer(query, asker, transport, 3, &mut reply) {
                Outcome::Reply { .. } => {
                    assert!(reply.len() <= limit);
                    assert_eq!(reply[..2], query[..2]);
                    Message::from_vec(&reply).expect("a reply is a message");
                    Zones::relay(query, &reply, transport, &mut other);
                    Message::from_vec(&other).expect("a relayed reply is a message");
                }
                Outcome::Transfer { zone } => {
                    let mut number = 0;
                    while ZONES.transfer(zone, query, asker, number, &mut reply) {
                        assert!(reply.len() <= 16 * 1024);
                        Message::from_vec(&reply).expect("a zone is sent in messages");
                        number += 1;
                    }
                    assert_ne!(number, 0);
                }
                Outcome::Silence | Outcome::Forward { .. } => {}
            }
        }
        Zones::relay(query, query, transport, &mut other);
        assert!(other.is_empty() || Message::from_vec(&other).is_ok());
    }
});
