//! A question to a name server and what its reply says (RFC 1035 §4), without any socket.

use std::net::IpAddr;

use hickory_proto::op::{Header, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use hickory_proto::serialize::binary::{BinDecodable, BinDecoder};
use netyard_types::DomainName;

use crate::Family;

/// The most names that one leads to before it is taken for a circle.
const MAX_CNAMES: usize = 16;

/// A question for the addresses of one family.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    id: u16,
    query: Query,
}

/// What a reply says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The addresses, in the order of the reply; at least one.
    Found(Vec<IpAddr>),
    /// The name is there, but has no such address.
    NoData,
    /// There is no such name.
    NoName,
    /// The reply was cut (TC): there is more by TCP.
    Truncated,
    /// The server only points to others (RFC 1034 §4.3.1), which nobody asks who wants an answer.
    Referral,
    /// The server gave no answer, with this code (RCODE).
    Failed(u16),
}

impl Question {
    /// The question that has `id`, which nobody who is not asked should know (RFC 5452 §4.3).
    pub(crate) fn new(id: u16, name: &DomainName, family: Family) -> Self {
        let mut name = Name::from_ascii(name.as_str()).expect("a domain name is a name to every resolver");
        name.set_fqdn(true);
        let kind = match family {
            Family::V4 => RecordType::A,
            Family::V6 => RecordType::AAAA,
        };
        Self { id, query: Query::query(name, kind) }
    }

    /// The message that asks it; recursion is desired, as programs do.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut message = Message::new(self.id, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(self.query.clone());
        message.to_vec().expect("a name of at most 255 bytes fits into a message")
    }

    /// What `bytes` say, if they are the reply to this question; anything else came from somebody else, or too late.
    pub(crate) fn read_reply(&self, bytes: &[u8]) -> Option<Verdict> {
        let mut decoder = BinDecoder::new(bytes);
        let header = Header::read(&mut decoder).ok()?;
        let asked = Message::read_queries(&mut decoder, usize::from(header.counts.queries)).ok()?;
        let flags = header.metadata;
        if flags.id != self.id
            || flags.message_type != MessageType::Response
            || flags.op_code != OpCode::Query
            || !self.is_repeated_in(&asked, flags.response_code)
        {
            return None;
        }
        if flags.truncation {
            // The rest can be cut anywhere, and is not looked at.
            return Some(Verdict::Truncated);
        }
        match flags.response_code {
            ResponseCode::NoError => self.read_answers(bytes),
            ResponseCode::NXDomain => Some(Verdict::NoName),
            code => Some(Verdict::Failed(code.into())),
        }
    }

    /// Whether the reply repeats the question. A server that could not read it can leave it out.
    fn is_repeated_in(&self, asked: &[Query], code: ResponseCode) -> bool {
        match asked {
            [] => matches!(code, ResponseCode::FormErr | ResponseCode::NotImp),
            [asked] => {
                asked.name() == self.query.name()
                    && asked.query_type() == self.query.query_type()
                    && asked.query_class() == DNSClass::IN
            }
            _ => false,
        }
    }

    fn read_answers(&self, bytes: &[u8]) -> Option<Verdict> {
        let message = Message::from_vec(bytes).ok()?;
        let mut name = self.query.name();
        for _ in 0..=MAX_CNAMES {
            let own = || message.answers.iter().filter(|record| is_of(record, name));
            let found: Vec<IpAddr> = own().filter_map(|record| self.address_in(&record.data)).collect();
            if !found.is_empty() {
                return Some(Verdict::Found(found));
            }
            let next = own().find_map(|record| match &record.data {
                RData::CNAME(target) => Some(&target.0),
                _ => None,
            });
            match next {
                Some(next) => name = next,
                None => break,
            }
        }
        let is_referral = message.answers.is_empty()
            && message.additionals.is_empty()
            && !message.metadata.authoritative
            && !message.metadata.recursion_available;
        Some(if is_referral { Verdict::Referral } else { Verdict::NoData })
    }

    fn address_in(&self, data: &RData) -> Option<IpAddr> {
        match (self.query.query_type(), data) {
            (RecordType::A, RData::A(addr)) => Some(IpAddr::V4(addr.0)),
            (RecordType::AAAA, RData::AAAA(addr)) => Some(IpAddr::V6(addr.0)),
            _ => None,
        }
    }
}

/// Whether the record is one of `name`; case makes no difference (RFC 4343).
fn is_of(record: &Record, name: &Name) -> bool {
    record.dns_class == DNSClass::IN && record.name == *name
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
