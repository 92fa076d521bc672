//! Zones as a whole, for other servers (AXFR, RFC 5936).

use alloc::vec::Vec;

use netyard_types::NodeName;

use crate::Zones;
use crate::header::{AA, FRAME_LEN, QR, RD, Rcode, rtype};
use crate::index::{Entry, Index, Zone};
use crate::query::Query;
use crate::record::ReadyRecord;
use crate::reply::opt;
use crate::wire_name::WireName;

/// The most bytes of one message, unless a single record is longer: pointers reach that far.
const MESSAGE_LEN: usize = 16 * 1024;

/// A record of a zone by its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    entry: usize,
    set: usize,
    record: usize,
}

/// How a zone is sent: which records, in which messages.
#[derive(Debug, Default)]
pub(crate) struct Parcels {
    /// The records in the order of sending. The first is the SOA record, and so is the last (RFC 5936 §2.2).
    records: Vec<Place>,
    /// With which record each message begins.
    starts: Vec<usize>,
}

impl Parcels {
    /// Divides a zone so that every message has room for its records even without a pointer in them.
    pub(crate) fn new(index: &Index, zone: &Zone) -> Self {
        let all = zone.owners.iter().flat_map(|&entry| {
            let sets = index.entries.nth(entry).sets.iter().enumerate();
            sets.flat_map(move |(set, found)| {
                (0..found.records.len()).map(move |record| Place { entry, set, record })
            })
        });
        let is_soa = |place: &Place| index.entries.nth(place.entry).sets[place.set].rtype == rtype::SOA;
        let (soa, others): (Vec<Place>, Vec<Place>) = all.partition(is_soa);
        let records: Vec<Place> = soa.iter().chain(&others).chain(&soa).copied().collect();
        let mut starts = Vec::new();
        let mut room = 0;
        for (number, place) in records.iter().enumerate() {
            let (entry, record) = index.at(*place);
            let len = entry.owner.len() + record.bytes.len();
            if number == 0 || len > room {
                starts.push(number);
                room = MESSAGE_LEN - FRAME_LEN;
            }
            room = room.saturating_sub(len);
        }
        Self { records, starts }
    }

    /// The records of a message, by its number.
    fn message(&self, number: usize) -> Option<&[Place]> {
        let start = *self.starts.get(number)?;
        let end = self.starts.get(number + 1).copied().unwrap_or(self.records.len());
        self.records.get(start..end)
    }
}

impl Index {
    fn at(&self, place: Place) -> (&Entry, &ReadyRecord) {
        let entry = self.entries.nth(place.entry);
        (entry, &entry.sets[place.set].records[place.record])
    }
}

impl Zones {
    /// The zone with this apex.
    pub(crate) fn zone_at(&self, apex: &WireName) -> Option<usize> {
        let entries = &self.index.entries;
        let number = entries.position(apex.hash(), |key| key == apex.as_bytes())?;
        (number < self.index.zones.len()).then_some(number)
    }

    /// What the apex of a zone has.
    pub(crate) fn top(&self, zone: usize) -> &Entry {
        self.index.entries.nth(zone)
    }

    /// Writes message `number`, from 0, of the transfer of a zone (RFC 5936) in answer to `query`; `false` if there is no such
    /// message any more, or nobody of the lab is asking. A message has 16 KiB at most, unless it is a single record that has more.
    ///
    /// Everybody is sent what is everybody's: a secondary does not know who will ask it, so a view of the asker's plays no role.
    pub fn transfer(
        &self,
        zone: usize,
        query: &[u8],
        asker: Option<&NodeName>,
        number: usize,
        reply: &mut Vec<u8>,
    ) -> bool {
        reply.clear();
        let (Ok(query), Some(_)) = (Query::read(query), asker) else { return false };
        let Some(zone) = self.index.zones.get(zone) else { return false };
        let Some(records) = zone.parcels.message(number) else { return false };

        // The question is only in the first message (RFC 5936 §2.2).
        let asked = if number == 0 { query.question() } else { &[] };
        let [id_high, id_low] = [query.message[0], query.message[1]];
        reply.extend_from_slice(&[id_high, id_low]);
        let answers = u16::try_from(records.len()).expect("a message has no room for more");
        let words = [
            QR | AA | (query.flags & RD),
            u16::from(number == 0),
            answers,
            0,
            u16::from(query.edns.is_some()),
        ];
        reply.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        reply.extend_from_slice(asked);
        let mut apex_at = None;
        for place in records {
            let (entry, record) = self.index.at(*place);
            push_owner(reply, &entry.owner, &zone.apex, &mut apex_at);
            reply.extend_from_slice(&record.bytes);
        }
        if let Some(edns) = query.edns {
            reply.extend_from_slice(&opt(edns, Rcode::NoError));
        }
        true
    }
}

/// Writes an owner; its apex only once in a message, and then with the letters of the file (RFC 5936 §3.4).
fn push_owner(reply: &mut Vec<u8>, owner: &[u8], apex: &[u8], apex_at: &mut Option<u16>) {
    let at = reply.len();
    match (owner.strip_suffix(apex), *apex_at) {
        (Some(labels), Some(apex_at)) => {
            reply.extend_from_slice(labels);
            reply.extend_from_slice(&(0xc000 | apex_at).to_be_bytes());
        }
        (labels, _) => {
            reply.extend_from_slice(owner);
            *apex_at =
                labels.and_then(|labels| u16::try_from(at + labels.len()).ok()).filter(|at| *at <= 0x3fff);
        }
    }
}
