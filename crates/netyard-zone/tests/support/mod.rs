//! A lab with names, and somebody who asks it. Replies are read by `hickory-proto`, not by the code under test.

#![allow(dead_code, reason = "every test file is a program of its own and uses its part of this")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::{Record as Rr, RecordType};
use netyard_types::{DomainName, Names, NodeName, Record, RecordData, Records, Trouble, Troubles, View};
use netyard_zone::{Outcome, Transport, Zones};

pub(crate) const QR: u16 = 1 << 15;
pub(crate) const AA: u16 = 1 << 10;
pub(crate) const TC: u16 = 1 << 9;
pub(crate) const RD: u16 = 1 << 8;
pub(crate) const RA: u16 = 1 << 7;
pub(crate) const Z: u16 = 1 << 6;
pub(crate) const AD: u16 = 1 << 5;
pub(crate) const CD: u16 = 1 << 4;

/// The code 16 is BADVERS with EDNS and BADSIG with TSIG (RFC 6895 §2.3); `hickory-proto` reads it as the latter.
pub(crate) const BADVERS: ResponseCode = ResponseCode::BADSIG;

pub(crate) fn domain(text: &str) -> DomainName {
    DomainName::new(text).unwrap()
}

pub(crate) fn node(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

pub(crate) fn a(addr: &str) -> Record {
    RecordData::address(addr.parse().unwrap()).into()
}

pub(crate) fn cname(to: &str) -> Record {
    RecordData::Cname(domain(to)).into()
}

pub(crate) fn txt(text: &str) -> Record {
    RecordData::Txt(text.to_owned()).into()
}

pub(crate) fn mx(preference: u16, exchange: &str) -> Record {
    RecordData::Mx { preference, exchange: domain(exchange) }.into()
}

pub(crate) fn records<const N: usize>(records: [(&str, Vec<Record>); N]) -> Records {
    records.into_iter().map(|(owner, records)| (domain(owner), records)).collect()
}

/// The domain `office.test` with two reverse zones.
pub(crate) fn names() -> Names {
    let office = records([
        ("office.test", vec![mx(10, "mail.office.test"), txt("v=lab")]),
        ("gw.office.test", vec![a("10.0.0.1"), a("fd00::1")]),
        ("web1.office.test", vec![a("10.0.0.10"), a("fd00::10")]),
        ("web2.office.test", vec![a("10.0.0.11")]),
        ("Printer.office.test", vec![a("10.0.0.12")]),
        ("mail.office.test", vec![a("10.0.0.25"), a("fd00::25")]),
        ("www.office.test", vec![cname("web1.office.test")]),
        ("pool.office.test", vec![a("10.0.0.31"), a("10.0.0.32"), a("10.0.0.33")]),
        ("short.office.test", vec![Record { ttl: Some(5), data: RecordData::Txt("x".into()) }]),
        ("_http._tcp.office.test", vec![srv("web1.office.test"), srv("web2.office.test")]),
        ("x.deep.er.office.test", vec![a("10.0.0.40")]),
        ("*.apps.office.test", vec![a("10.0.0.80"), mx(5, "mail.office.test")]),
        ("one.apps.office.test", vec![txt("not wild")]),
        ("a.two.apps.office.test", vec![a("10.0.0.82")]),
        ("*.alias.office.test", vec![cname("web2.office.test")]),
        ("out.office.test", vec![cname("www.example.com")]),
        ("dangling.office.test", vec![cname("nothing.office.test")]),
        ("loop1.office.test", vec![cname("loop2.office.test")]),
        ("loop2.office.test", vec![cname("loop1.office.test")]),
        ("big.office.test", vec![txt(&"x".repeat(900))]),
        ("huge.office.test", vec![txt(&"x".repeat(4000))]),
    ]);
    let v4 = records([
        ("10.0.0.10.in-addr.arpa", vec![RecordData::Ptr(domain("web1.office.test")).into()]),
        ("12.0.0.10.in-addr.arpa", vec![RecordData::Ptr(domain("Printer.office.test")).into()]),
    ]);
    let web6 = DomainName::of_address("fd00::10".parse().unwrap());
    let v6 = BTreeMap::from([(web6, vec![RecordData::Ptr(domain("web1.office.test")).into()])]);
    Names {
        domain: domain("office.test"),
        ttl: 60,
        name_servers: vec![domain("gw.office.test")],
        servers: BTreeMap::from([(node("gw"), BTreeSet::from(["10.0.0.1".parse().unwrap()]))]),
        zones: BTreeMap::from([
            (domain("office.test"), office),
            (domain("0.0.10.in-addr.arpa"), v4),
            (domain("0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa"), v6),
        ]),
        clients: BTreeMap::from([("10.0.0.10".parse().unwrap(), node("web1"))]),
        views: vec![],
        troubles: Troubles::default(),
        forward: vec![],
    }
}

fn srv(target: &str) -> Record {
    RecordData::Srv { priority: 0, weight: 5, port: 80, target: domain(target) }.into()
}

pub(crate) fn view(nodes: &[&str], records: Records) -> View {
    View {
        name: "inside".to_owned(),
        nodes: nodes.iter().map(|name| node(name)).collect(),
        records,
        troubles: Troubles::default(),
    }
}

pub(crate) fn troubles<const N: usize>(all: Option<Trouble>, names: [(&str, Trouble); N]) -> Troubles {
    Troubles { all, names: names.into_iter().map(|(name, trouble)| (domain(name), trouble)).collect() }
}

pub(crate) fn lab() -> Zones {
    Zones::new(Arc::new(names()), 7)
}

/// A query, as `dig` makes it with all its defaults switched off.
#[derive(Debug, Clone)]
pub(crate) struct Dig {
    pub(crate) name: Vec<u8>,
    pub(crate) rtype: u16,
    pub(crate) class: u16,
    pub(crate) flags: u16,
    /// Payload, version, flags, options.
    pub(crate) edns: Option<(u16, u8, u16, Vec<u8>)>,
    pub(crate) transport: Transport,
    pub(crate) asker: Option<NodeName>,
    pub(crate) turn: u32,
}

impl Dig {
    pub(crate) fn new(name: &str, rtype: impl Into<u16>) -> Self {
        let mut wire = Vec::new();
        for label in name.split('.').filter(|label| !label.is_empty()) {
            wire.push(u8::try_from(label.len()).unwrap());
            wire.extend(label.as_bytes());
        }
        wire.push(0);
        Self {
            name: wire,
            rtype: rtype.into(),
            class: 1,
            flags: 0,
            edns: None,
            transport: Transport::Udp,
            asker: None,
            turn: 0,
        }
    }

    pub(crate) fn soa() -> Self {
        Self::new("office.test", RecordType::SOA)
    }

    pub(crate) fn flags(mut self, flags: u16) -> Self {
        self.flags = flags;
        self
    }

    pub(crate) fn tcp(mut self) -> Self {
        self.transport = Transport::Tcp;
        self
    }

    pub(crate) fn from(mut self, asker: &str) -> Self {
        self.asker = Some(node(asker));
        self
    }

    pub(crate) fn edns(mut self, payload: u16) -> Self {
        self.edns = Some((payload, 0, 0, Vec::new()));
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0xab, 0xcd];
        for word in [self.flags, 1, 0, 0, u16::from(self.edns.is_some())] {
            bytes.extend(word.to_be_bytes());
        }
        bytes.extend(&self.name);
        bytes.extend(self.rtype.to_be_bytes());
        bytes.extend(self.class.to_be_bytes());
        bytes.extend(self.opt());
        bytes
    }

    pub(crate) fn opt(&self) -> Vec<u8> {
        let Some((payload, version, flags, options)) = &self.edns else { return Vec::new() };
        let mut bytes = vec![0, 0, 41];
        bytes.extend(payload.to_be_bytes());
        bytes.extend([0, *version]);
        bytes.extend(flags.to_be_bytes());
        bytes.extend(u16::try_from(options.len()).unwrap().to_be_bytes());
        bytes.extend(options);
        bytes
    }

    pub(crate) fn at(&self, zones: &Zones) -> Answer {
        ask(zones, &self.bytes(), self)
    }
}

/// Sends any bytes the way that `how` says.
pub(crate) fn ask(zones: &Zones, query: &[u8], how: &Dig) -> Answer {
    let mut raw = vec![1, 2, 3];
    let outcome = zones.answer(query, how.asker.as_ref(), how.transport, how.turn, &mut raw);
    Answer { outcome, raw }
}

/// What came of a query.
pub(crate) struct Answer {
    pub(crate) outcome: Outcome,
    pub(crate) raw: Vec<u8>,
}

impl Answer {
    pub(crate) fn message(&self) -> Message {
        assert!(matches!(self.outcome, Outcome::Reply { .. }), "{:?}", self.outcome);
        Message::from_vec(&self.raw).unwrap()
    }

    /// The flags of the header, the code left out.
    pub(crate) fn flags(&self) -> u16 {
        u16::from_be_bytes([self.raw[2], self.raw[3]]) & !0xf
    }

    pub(crate) fn counts(&self) -> [u16; 4] {
        [4, 6, 8, 10].map(|at| u16::from_be_bytes([self.raw[at], self.raw[at + 1]]))
    }

    pub(crate) fn rcode(&self) -> ResponseCode {
        self.message().metadata.response_code
    }

    pub(crate) fn answers(&self) -> Vec<String> {
        lines(&self.message().answers)
    }

    pub(crate) fn authorities(&self) -> Vec<String> {
        lines(&self.message().authorities)
    }

    pub(crate) fn additionals(&self) -> Vec<String> {
        lines(&self.message().additionals)
    }
}

pub(crate) fn lines(records: &[Rr]) -> Vec<String> {
    records.iter().map(ToString::to_string).collect()
}

/// The SOA record of the lab's domain.
pub(crate) const SOA: &str =
    "office.test. 60 IN SOA gw.office.test. hostmaster.office.test. 7 30 10 86400 60";
