//! Writing a reply: header, question, records, EDNS.

use alloc::vec::Vec;

use crate::Transport;
use crate::header::{AA, CD, HEADER_LEN, OPCODE, QR, RA, RD, Rcode, TC, rtype};
use crate::index::Zone;
use crate::query::{Edns, Query};
use crate::record::{DATA_AT, ReadyRecord, RecordSet};

/// The sections of records (RFC 1035 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Answer = 0,
    Authority = 1,
    Additional = 2,
}

/// The owner of a record: a name that stands in the message already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Owner<'a> {
    /// Where it stands.
    pub(crate) at: usize,
    /// The name itself, for where a pointer does not reach.
    pub(crate) wire: &'a [u8],
}

/// A reply that is being written.
pub(crate) struct Reply<'a> {
    out: &'a mut Vec<u8>,
    flags: u16,
    rcode: Rcode,
    edns: Option<Edns>,
    /// What all but the OPT record may take, in bytes.
    limit: usize,
    question_end: usize,
    counts: [u16; 3],
    home: Option<Home>,
    is_cut: bool,
}

/// The zone of the question: names of it can end in a pointer into the question.
#[derive(Debug, Clone, Copy)]
struct Home {
    zone: usize,
    apex_at: u16,
    /// Whether the question spells the apex as the file does, so that a pointer keeps the case of names in data.
    is_spelled_alike: bool,
}

/// How far into a message a pointer reaches, in bytes (RFC 1035 §4.1.4).
const POINTER_REACH: usize = 0x3fff;
/// The length of an OPT record without options.
const OPT_LEN: usize = 11;

impl<'a> Reply<'a> {
    /// Begins the reply to a query: with its id, its question, and the flags that are copied. `recursion` says whether there is a
    /// server to forward to.
    pub(crate) fn new(
        query: &Query<'_>,
        transport: Transport,
        recursion: bool,
        out: &'a mut Vec<u8>,
    ) -> Self {
        out.clear();
        out.extend_from_slice(&query.message[..query.question_end]);
        let limit = query.limit(transport) - if query.edns.is_some() { OPT_LEN } else { 0 };
        Self {
            flags: QR | (query.flags & (RD | CD)) | if recursion { RA } else { 0 },
            rcode: Rcode::NoError,
            edns: query.edns,
            limit,
            question_end: out.len(),
            counts: [0; 3],
            home: None,
            is_cut: false,
            out,
        }
    }

    /// Says that the server is the authority for the name that was asked for.
    pub(crate) fn set_authoritative(&mut self) {
        self.flags |= AA;
    }

    /// Whether the server is the authority for the name that was asked for.
    pub(crate) fn is_authoritative(&self) -> bool {
        self.flags & AA != 0
    }

    /// The records of the answer and how many there are, while there are no others.
    pub(crate) fn answers(&self) -> Option<(&[u8], u16)> {
        let count = self.counts[Section::Answer as usize];
        (count > 0).then(|| (&self.out[self.question_end..], count))
    }

    /// Begins the answer with records that [`Self::answers`] gave for the same query: where they stand is the same, so what points
    /// to it is right.
    pub(crate) fn push_answers(&mut self, records: &[u8], count: u16) {
        self.out.extend_from_slice(records);
        self.counts[Section::Answer as usize] = count;
        if self.out.len() > self.limit {
            self.is_cut = true;
        }
    }

    /// Says how the query went.
    pub(crate) fn set_rcode(&mut self, rcode: Rcode) {
        self.rcode = rcode;
    }

    /// Says that something did not fit.
    pub(crate) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// Says which zone the question's name is in.
    pub(crate) fn set_home(&mut self, number: usize, zone: &Zone) {
        // Type and class follow the name.
        let apex_at = self.question_end - 4 - zone.apex.len();
        let spelled = &self.out[apex_at..self.question_end - 4];
        let is_spelled_alike = spelled == zone.apex;
        self.home =
            u16::try_from(apex_at).ok().map(|apex_at| Home { zone: number, apex_at, is_spelled_alike });
    }

    /// The owner of the records that were asked for.
    pub(crate) fn asked(query: &Query<'a>) -> Owner<'a> {
        Owner { at: HEADER_LEN, wire: &query.message[HEADER_LEN..query.question_end - 4] }
    }

    /// The owner of the records at the top of a zone.
    pub(crate) fn apex<'z>(&self, number: usize, zone: &'z Zone) -> Owner<'z> {
        let at = self.home.filter(|home| home.zone == number).map_or(usize::MAX, |home| home.apex_at.into());
        Owner { at, wire: &zone.apex }
    }

    /// Writes the records of a set, the one that `turn` points to first; `each` learns where each begins, after its owner.
    pub(crate) fn push_set(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        set: &RecordSet,
        (zone, turn): (usize, u32),
        mut each: impl FnMut(usize),
    ) {
        let first = if set.is_addresses() { turn as usize % set.records.len() } else { 0 };
        let (last, leading) = set.records.split_at(first);
        for record in leading.iter().chain(last) {
            let Some(at) = self.push(section, owner, record, zone) else { return };
            each(at);
        }
    }

    /// Writes a record of a zone; gives where it begins, after its owner, or nothing if it did not fit.
    pub(crate) fn push(
        &mut self,
        section: Section,
        owner: Owner<'_>,
        record: &ReadyRecord,
        zone: usize,
    ) -> Option<usize> {
        let pointer = self.home.filter(|home| home.zone == zone && home.is_spelled_alike);
        match pointer {
            Some(home) if !record.apexes.is_empty() => {
                let at = self.push_owner(owner)?;
                self.push_compressed(record, home.apex_at);
                self.count(section)?;
                Some(at)
            }
            _ => self.push_bytes(section, owner, &record.bytes),
        }
    }

    /// Writes a record that is ready from its type on.
    pub(crate) fn push_bytes(&mut self, section: Section, owner: Owner<'_>, bytes: &[u8]) -> Option<usize> {
        let at = self.push_owner(owner)?;
        self.out.extend_from_slice(bytes);
        self.count(section)?;
        Some(at)
    }

    fn push_owner(&mut self, owner: Owner<'_>) -> Option<usize> {
        if self.is_cut {
            return None;
        }
        match u16::try_from(owner.at) {
            Ok(at) if owner.at <= POINTER_REACH => self.out.extend_from_slice(&(0xc000 | at).to_be_bytes()),
            _ => self.out.extend_from_slice(owner.wire),
        }
        Some(self.out.len())
    }

    /// Writes a record whose names end in the apex with a pointer to it instead.
    fn push_compressed(&mut self, record: &ReadyRecord, apex_at: u16) {
        let start = self.out.len();
        let mut done = 0;
        for at in &record.apexes {
            let at = usize::from(*at);
            self.out.extend_from_slice(&record.bytes[done..at]);
            self.out.extend_from_slice(&(0xc000 | apex_at).to_be_bytes());
            done = at;
            while record.bytes[done] != 0 {
                done += 1 + usize::from(record.bytes[done]);
            }
            done += 1;
        }
        self.out.extend_from_slice(&record.bytes[done..]);
        let len = u16::try_from(self.out.len() - start - DATA_AT).expect("shorter than without pointers");
        self.out[start + DATA_AT - 2..start + DATA_AT].copy_from_slice(&len.to_be_bytes());
    }

    fn count(&mut self, section: Section) -> Option<()> {
        if self.out.len() > self.limit {
            self.is_cut = true;
            return None;
        }
        self.counts[section as usize] += 1;
        Some(())
    }

    /// Writes what is good to know but not asked for, by `write`; leaves it out if it does not fit (RFC 2181 §9).
    pub(crate) fn push_if_it_fits(&mut self, write: impl FnOnce(&mut Self)) {
        if self.is_cut {
            return;
        }
        let (len, counts) = (self.out.len(), self.counts);
        write(self);
        if self.is_cut {
            self.out.truncate(len);
            (self.counts, self.is_cut) = (counts, false);
        }
    }

    /// Ends the reply. One that did not fit has no records (RFC 2181 §9: they are not to be used anyway), so that it fits.
    pub(crate) fn finish(mut self) {
        if self.is_cut {
            self.out.truncate(self.question_end);
            self.counts = [0; 3];
            self.flags |= TC;
        }
        if let Some(edns) = self.edns {
            self.out.extend_from_slice(&opt(edns, self.rcode));
            self.counts[Section::Additional as usize] += 1;
        }
        let [answer, authority, additional] = self.counts;
        let words = [self.flags | self.rcode.low(), 1, answer, authority, additional];
        for (place, word) in self.out[2..HEADER_LEN].chunks_exact_mut(2).zip(words) {
            place.copy_from_slice(&word.to_be_bytes());
        }
    }
}

/// The OPT record of a reply (RFC 6891 §6.1.2): no options, and of the flags only DO (RFC 3225 §3).
pub(crate) fn opt(edns: Edns, rcode: Rcode) -> [u8; OPT_LEN] {
    let [type_high, type_low] = rtype::OPT.to_be_bytes();
    let [size_high, size_low] = Query::MOST_UDP.to_be_bytes();
    let flags = if edns.dnssec_ok { 0x80 } else { 0 };
    [0, type_high, type_low, size_high, size_low, rcode.high(), 0, flags, 0, 0, 0]
}

/// Writes a reply that is nothing but a header, to a query of which nothing more is understood.
pub(crate) fn header_only(query: &[u8], rcode: Rcode, out: &mut Vec<u8>) {
    out.clear();
    let Some(([id_high, id_low, flags_high, flags_low], _)) = query.split_first_chunk() else { return };
    let asked = u16::from_be_bytes([*flags_high, *flags_low]);
    let flags = QR | (asked & (OPCODE | RD)) | rcode.low();
    out.extend_from_slice(&[*id_high, *id_low]);
    out.extend_from_slice(&flags.to_be_bytes());
    out.resize(HEADER_LEN, 0);
}
