//! Reading a query (RFC 1035 §4.1): header, question and what EDNS says (RFC 6891). All else is walked over.

use crate::Transport;
use crate::header::{HEADER_LEN, OPCODE, QR, RD, Rcode, rtype, u16_at, u32_at};
use crate::section::{RawRecord, skip_name};
use crate::wire_name::WireName;

/// A query whose question is readable.
pub(crate) struct Query<'a> {
    /// All of it.
    pub(crate) message: &'a [u8],
    /// The flags of the header.
    pub(crate) flags: u16,
    /// The name that is asked for.
    pub(crate) name: WireName,
    /// The type that is asked for.
    pub(crate) rtype: u16,
    /// The class that is asked for.
    pub(crate) class: u16,
    /// Where the question ends.
    pub(crate) question_end: usize,
    /// What the OPT record says; none if there is none.
    pub(crate) edns: Option<Edns>,
    /// Whether what follows the question is not well formed.
    pub(crate) is_broken: bool,
}

/// What an OPT record says (RFC 6891 §6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edns {
    /// The largest datagram that the asker takes, in bytes, as it says it.
    pub(crate) payload: u16,
    /// The version.
    pub(crate) version: u8,
    /// Whether the asker wants signatures (RFC 3225).
    pub(crate) dnssec_ok: bool,
}

/// Why a query cannot be answered but by a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Not even by one: it is too short, or itself a reply, and two servers would answer each other for ever.
    Nothing,
    /// By a header with this code.
    Header(Rcode),
}

impl<'a> Query<'a> {
    /// The largest datagram that is sent, in bytes: it passes nearly every path whole (RFC 9715 §3.2).
    pub(crate) const MOST_UDP: u16 = 1232;
    /// The largest datagram for one who says nothing (RFC 1035 §4.2.1).
    pub(crate) const LEAST_UDP: u16 = 512;

    /// Reads `message`.
    pub(crate) fn read(message: &'a [u8]) -> Result<Self, Unreadable> {
        let Some((header, _)) = message.split_first_chunk::<HEADER_LEN>() else {
            return Err(Unreadable::Nothing);
        };
        let flags = u16::from_be_bytes([header[2], header[3]]);
        if flags & QR != 0 {
            return Err(Unreadable::Nothing);
        }
        // What follows the header of another opcode is known only to those who know the opcode (RFC 8906 §8.1.4).
        if flags & OPCODE != 0 {
            return Err(Unreadable::Header(Rcode::NotImp));
        }
        // One question, neither more (RFC 9619 §4) nor none.
        if [header[4], header[5]] != [0, 1] {
            return Err(Unreadable::Header(Rcode::FormErr));
        }
        Self::with_question(message, flags).ok_or(Unreadable::Header(Rcode::FormErr))
    }

    fn with_question(message: &'a [u8], flags: u16) -> Option<Self> {
        let name = WireName::read(message, HEADER_LEN)?;
        let at = HEADER_LEN + name.as_bytes().len();
        let mut query = Self {
            message,
            flags,
            rtype: u16_at(message, at)?,
            class: u16_at(message, at + 2)?,
            name,
            question_end: at + 4,
            edns: None,
            is_broken: false,
        };
        query.is_broken = query.read_records().is_none();
        Some(query)
    }

    /// The OPT record is one at most, in the additional section, owned by the root (RFC 6891 §6.1.1), and nothing follows the last
    /// record.
    fn read_records(&mut self) -> Option<()> {
        let before = usize::from(u16_at(self.message, 6)?) + usize::from(u16_at(self.message, 8)?);
        let count = before + usize::from(u16_at(self.message, 10)?);
        let mut at = self.question_end;
        for number in 0..count {
            let (record, next) = RawRecord::read(self.message, at)?;
            if record.rtype == rtype::OPT {
                if number < before || self.edns.is_some() || !record.of_root {
                    return None;
                }
                let [_, version, flags, _] = record.ttl.to_be_bytes();
                self.edns = Some(Edns { payload: record.class, version, dnssec_ok: flags & 0x80 != 0 });
                are_options(&self.message[record.data])?;
            }
            at = next;
        }
        (at == self.message.len()).then_some(())
    }

    /// The question as it was asked.
    pub(crate) fn question(&self) -> &'a [u8] {
        &self.message[HEADER_LEN..self.question_end]
    }

    /// Whether recursion is desired.
    pub(crate) fn wants_recursion(&self) -> bool {
        self.flags & RD != 0
    }

    /// The largest reply, in bytes.
    pub(crate) fn limit(&self, transport: Transport) -> usize {
        match (transport, self.edns) {
            (Transport::Tcp, _) => usize::from(u16::MAX),
            (Transport::Udp, None) => Self::LEAST_UDP.into(),
            (Transport::Udp, Some(edns)) => edns.payload.clamp(Self::LEAST_UDP, Self::MOST_UDP).into(),
        }
    }

    /// The serial number of the zone that the asker has, of a query for what has changed since (IXFR, RFC 1995 §3).
    pub(crate) fn known_serial(&self) -> Option<u32> {
        if u16_at(self.message, 6)? != 0 || u16_at(self.message, 8)? == 0 {
            return None;
        }
        let (record, end) = RawRecord::read(self.message, self.question_end)?;
        if record.rtype != rtype::SOA {
            return None;
        }
        let names_end = skip_name(self.message, skip_name(self.message, record.data.start)?)?;
        (names_end + 20 == end).then(|| u32_at(self.message, names_end))?
    }
}

/// Whether the data of an OPT record is options from end to end (RFC 6891 §6.1.2). What they say is nothing to this server.
fn are_options(mut data: &[u8]) -> Option<()> {
    while !data.is_empty() {
        let len = usize::from(u16_at(data, 2)?);
        data = data.get(4 + len..)?;
    }
    Some(())
}
