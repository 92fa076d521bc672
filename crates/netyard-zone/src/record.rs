//! Records ready to be written: everything that follows the owner's name, encoded once.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use hickory_proto::rr::rdata::{A, AAAA, CNAME, MX, NS, PTR, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData};
use hickory_proto::serialize::binary::{BinEncodable, BinEncoder, NameEncoding};
use netyard_types::{DomainName, RecordData};

use crate::header::{FRAME_LEN, MAX_NAME_LEN, class, rtype};

/// Where the data begins: after type, class, time to live and length.
pub(crate) const DATA_AT: usize = 10;

/// The most data of a record that fits into a message with any question and any owner, in bytes.
const MOST_DATA: usize = 0xffff - FRAME_LEN - MAX_NAME_LEN - DATA_AT;

/// A record without its owner.
#[derive(Debug)]
pub(crate) struct ReadyRecord {
    /// Type, class, time to live, length and data, as they stand in a message. No name in them is compressed.
    pub(crate) bytes: Box<[u8]>,
    /// Where in `bytes` the zone's apex, in the zone's own letters, ends a name: there a pointer can take its place.
    pub(crate) apexes: Vec<u16>,
    /// Where in `bytes` the name stands that the data leads to; 0 if it leads nowhere.
    pub(crate) target: usize,
}

/// The records of one name and type (RFC 2181 §5).
#[derive(Debug)]
pub(crate) struct RecordSet {
    /// The type.
    pub(crate) rtype: u16,
    /// The records, at least one.
    pub(crate) records: Vec<ReadyRecord>,
}

impl RecordSet {
    /// Whether its records are addresses, which take turns.
    pub(crate) fn is_addresses(&self) -> bool {
        matches!(self.rtype, rtype::A | rtype::AAAA)
    }
}

impl ReadyRecord {
    /// Encodes what a record says; `None` if that is too long for any message. `apex` is the zone's, as it stands in a message.
    pub(crate) fn new(data: &RData, ttl: u32, apex: &[u8]) -> Option<Self> {
        let mut encoded = Vec::new();
        let mut encoder = BinEncoder::new(&mut encoded);
        encoder.set_name_encoding(NameEncoding::Uncompressed);
        data.emit(&mut encoder).ok()?;

        let rtype = u16::from(data.record_type());
        let mut bytes = Vec::with_capacity(DATA_AT + encoded.len());
        bytes.extend(rtype.to_be_bytes());
        bytes.extend(class::IN.to_be_bytes());
        // RFC 2181 §8: the first bit is never set.
        bytes.extend(ttl.min(i32::MAX as u32).to_be_bytes());
        let len = u16::try_from(encoded.len()).ok().filter(|len| usize::from(*len) <= MOST_DATA)?;
        bytes.extend(len.to_be_bytes());
        bytes.extend(encoded);

        let names = names_in(data, &bytes);
        // Only names in data that RFC 1035 defines are compressed (RFC 3597 §4).
        let apexes = match data {
            RData::SRV(_) => Vec::new(),
            _ => names.iter().filter_map(|name| apex_in(&bytes, *name, apex)).collect(),
        };
        let target = match data {
            RData::SOA(_) => 0,
            _ => names.first().copied().unwrap_or_default(),
        };
        Some(Self { bytes: bytes.into(), apexes, target })
    }

    /// The data.
    pub(crate) fn data(&self) -> &[u8] {
        &self.bytes[DATA_AT..]
    }
}

/// Where the names begin in an encoded record.
fn names_in(data: &RData, bytes: &[u8]) -> Vec<usize> {
    match data {
        RData::CNAME(_) | RData::PTR(_) | RData::NS(_) => vec![DATA_AT],
        RData::MX(_) => vec![DATA_AT + 2],
        RData::SRV(_) => vec![DATA_AT + 6],
        RData::SOA(_) => vec![DATA_AT, name_end(bytes, DATA_AT)],
        _ => Vec::new(),
    }
}

fn name_end(bytes: &[u8], mut at: usize) -> usize {
    while bytes[at] != 0 {
        at += 1 + usize::from(bytes[at]);
    }
    at + 1
}

/// Where the apex begins in the name at `at`, if the name ends with it.
fn apex_in(bytes: &[u8], mut at: usize, apex: &[u8]) -> Option<u16> {
    let end = name_end(bytes, at);
    while &bytes[at..end] != apex {
        if bytes[at] == 0 {
            return None;
        }
        at += 1 + usize::from(bytes[at]);
    }
    u16::try_from(at).ok()
}

/// A domain name as the encoder has it.
pub(crate) fn name(domain: &DomainName) -> Name {
    Name::from_labels(domain.labels().map(str::as_bytes)).expect("a domain name is well formed")
}

/// What a record says, as the encoder has it.
pub(crate) fn rdata(data: &RecordData) -> RData {
    match data {
        RecordData::A(addr) => RData::A(A(*addr)),
        RecordData::Aaaa(addr) => RData::AAAA(AAAA(*addr)),
        RecordData::Cname(to) => RData::CNAME(CNAME(name(to))),
        RecordData::Ptr(to) => RData::PTR(PTR(name(to))),
        RecordData::Txt(text) if text.is_empty() => RData::TXT(TXT::from_bytes(vec![&[]])),
        RecordData::Txt(text) => RData::TXT(TXT::from_bytes(text.as_bytes().chunks(255).collect())),
        RecordData::Srv { priority, weight, port, target } => {
            RData::SRV(SRV::new(*priority, *weight, *port, name(target)))
        }
        RecordData::Mx { preference, exchange } => RData::MX(MX::new(*preference, name(exchange))),
    }
}

/// The record that says that `server` answers for a zone.
pub(crate) fn ns(server: &DomainName) -> RData {
    RData::NS(NS(name(server)))
}

/// The record that heads a zone (RFC 1035 §3.3.13). A secondary of a lab asks again soon: nothing tells it of a change.
pub(crate) fn soa(primary: &DomainName, domain: &DomainName, serial: u32, minimum: u32) -> RData {
    const REFRESH: i32 = 30;
    const RETRY: i32 = 10;
    const EXPIRE: i32 = 86_400;
    let person = domain.with_labels("hostmaster").unwrap_or_else(|_| domain.clone());
    RData::SOA(SOA::new(name(primary), name(&person), serial, REFRESH, RETRY, EXPIRE, minimum))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn domain(text: &str) -> DomainName {
        DomainName::new(text).unwrap()
    }

    fn ready(data: &RecordData) -> ReadyRecord {
        ReadyRecord::new(&rdata(data), 60, b"\x06office\x04test\0").unwrap()
    }

    #[test]
    fn a_record_is_ready_to_be_written() {
        let record = ready(&RecordData::A([10, 0, 0, 1].into()));
        assert_eq!(&*record.bytes, b"\0\x01\0\x01\0\0\0\x3c\0\x04\x0a\0\0\x01");
        assert_eq!((record.target, record.apexes.len()), (0, 0));
    }

    #[test]
    fn the_apex_is_found_in_names_of_old_types() {
        let cname = ready(&RecordData::Cname(domain("Web1.office.test")));
        assert_eq!(cname.data(), b"\x04Web1\x06office\x04test\0");
        assert_eq!((cname.target, &cname.apexes[..]), (10, &[15][..]));
        // Other letters than the zone's own would not come back as they are in the file.
        assert!(ready(&RecordData::Cname(domain("web1.Office.test"))).apexes.is_empty());
        assert!(ready(&RecordData::Cname(domain("web1.elsewhere"))).apexes.is_empty());

        let mx = ready(&RecordData::Mx { preference: 10, exchange: domain("mail.office.test") });
        assert_eq!((mx.target, &mx.apexes[..]), (12, &[17][..]));
        let srv = RecordData::Srv { priority: 0, weight: 5, port: 80, target: domain("web.office.test") };
        assert_eq!((ready(&srv).target, ready(&srv).apexes.len()), (16, 0));
        let primary = domain("ns1.office.test");
        let soa =
            ReadyRecord::new(&soa(&primary, &domain("office.test"), 7, 60), 60, b"\x06office\x04test\0");
        assert_eq!(soa.unwrap().apexes, [14, 38]);
    }

    #[test]
    fn a_text_is_sent_in_pieces() {
        assert_eq!(ready(&RecordData::Txt(String::new())).data(), b"\0");
        let text = ready(&RecordData::Txt("x".repeat(300)));
        assert_eq!((text.data().len(), text.data()[0], text.data()[256]), (302, 255, 45));
        for (len, fits) in [(64_734, true), (64_735, false), (65_536, false)] {
            let text = rdata(&RecordData::Txt("x".repeat(len)));
            assert_eq!(ReadyRecord::new(&text, 60, b"\0").is_some(), fits, "{len}");
        }
    }
}
