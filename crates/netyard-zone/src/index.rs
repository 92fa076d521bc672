//! The index of all names: what is there, by name, in every zone and view.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use hickory_proto::rr::RData;
use netyard_types::{DomainName, Names, NodeName, Record, Records};

use crate::header::rtype;
use crate::record::{self, ReadyRecord, RecordSet};
use crate::table::Table;
use crate::transfer::Parcels;
use crate::trouble::TroubleIndex;
use crate::wire_name::{WireName, to_wire};

/// What is there, by name.
#[derive(Debug)]
pub(crate) struct Index {
    /// What everybody is answered. The apexes are the first entries, in the order of the zones.
    pub(crate) entries: Table<Entry>,
    /// The zones, in the order of [`Names::zones`].
    pub(crate) zones: Vec<Zone>,
    /// What some nodes are answered, in the order of [`Names::views`].
    pub(crate) views: Vec<ViewIndex>,
    /// Which view a node has.
    pub(crate) view_of: BTreeMap<NodeName, usize>,
    /// What goes wrong for everybody.
    pub(crate) troubles: TroubleIndex,
}

/// A name that exists.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The number of its zone.
    pub(crate) zone: usize,
    /// Its records by type, the first type of the file first; none if it exists only because names below it do (RFC 8020).
    pub(crate) sets: Vec<RecordSet>,
    /// Whether it is written down itself.
    pub(crate) is_owner: bool,
    /// The name with the letters of the file.
    pub(crate) owner: Vec<u8>,
}

impl Entry {
    /// The records of a type.
    pub(crate) fn set(&self, rtype: u16) -> Option<&RecordSet> {
        self.sets.iter().find(|set| set.rtype == rtype)
    }
}

/// A zone.
#[derive(Debug)]
pub(crate) struct Zone {
    /// Its apex with the letters of the file.
    pub(crate) apex: Vec<u8>,
    /// The numbers of the entries of all its names that are written down, the apex first.
    pub(crate) owners: Vec<usize>,
    /// How it is sent as a whole.
    pub(crate) parcels: Parcels,
}

/// What some nodes are answered in place of what all others are.
#[derive(Debug)]
pub(crate) struct ViewIndex {
    /// The names that have records of their own here, and the names above them.
    pub(crate) entries: Table<Entry>,
    /// What goes wrong for these nodes.
    pub(crate) troubles: TroubleIndex,
}

impl Index {
    /// Makes the index of `names`.
    pub(crate) fn new(names: &Names, serial: u32) -> Self {
        let mut entries = Table::default();
        let zones = names.zones.keys().map(|apex| Zone {
            apex: to_wire(apex),
            owners: Vec::new(),
            parcels: Parcels::default(),
        });
        let mut builder = Builder { names, serial, zones: zones.collect() };
        for (number, apex) in names.zones.keys().enumerate() {
            let name = WireName::of(apex);
            entries.entry(name.hash(), name.as_bytes(), || Entry {
                zone: number,
                sets: builder.sets(number, true, &[]),
                is_owner: true,
                owner: to_wire(apex),
            });
        }
        for (number, records) in names.zones.values().enumerate() {
            let mut owners = builder.add_all(&mut entries, None, Some(number), records);
            owners.retain(|owner| *owner != number);
            owners.insert(0, number);
            builder.zones[number].owners = owners;
        }
        let views = names.views.iter().map(|view| {
            let mut own = Table::default();
            builder.add_all(&mut own, Some(&entries), None, &view.records);
            ViewIndex { entries: own, troubles: TroubleIndex::new(&view.troubles) }
        });
        let views = views.collect();
        let view_of = (0..).zip(&names.views);
        let view_of =
            view_of.flat_map(|(number, view)| view.nodes.iter().map(move |node| (node.clone(), number)));
        let mut index = Self {
            views,
            view_of: view_of.collect(),
            troubles: TroubleIndex::new(&names.troubles),
            zones: builder.zones,
            entries,
        };
        for number in 0..index.zones.len() {
            index.zones[number].parcels = Parcels::new(&index, &index.zones[number]);
        }
        index
    }
}

struct Builder<'a> {
    names: &'a Names,
    serial: u32,
    zones: Vec<Zone>,
}

impl Builder<'_> {
    /// Puts records into `table`; gives the entries of their owners. The apexes are in `base`, or in `table` itself. Owners that
    /// are in no zone, or not in the one they should be in, are left out: nobody could be led to them.
    fn add_all(
        &self,
        table: &mut Table<Entry>,
        base: Option<&Table<Entry>>,
        home: Option<usize>,
        records: &Records,
    ) -> Vec<usize> {
        let mut found = Vec::with_capacity(records.len());
        for (owner, records) in records {
            let name = WireName::of(owner);
            let Some((zone, labels)) = self.zone_of(base.unwrap_or(table), &name) else { continue };
            if home.is_some_and(|home| home != zone) {
                continue;
            }
            add_above(table, zone, &name, labels);
            let sets = self.sets(zone, labels == 0, records);
            let owner = to_wire(owner);
            let number = table.entry(name.hash(), name.as_bytes(), || Entry::above_others(zone, Vec::new()));
            let entry = table.nth_mut(number);
            (entry.sets, entry.owner, entry.is_owner) = (sets, owner, true);
            found.push(number);
        }
        found
    }

    /// The zone of a name, the one with the longest apex, and how many labels the name has more than the apex.
    fn zone_of(&self, apexes: &Table<Entry>, name: &WireName) -> Option<(usize, usize)> {
        (0..=name.labels()).find_map(|skipped| {
            let suffix = name.suffix(skipped);
            let number = apexes.position(name.suffix_hash(skipped), |key| key == suffix)?;
            // The apexes came first into the table.
            (number < self.zones.len()).then_some((number, skipped))
        })
    }

    /// The records of a name by type. Of different times to live the shortest holds (RFC 2181 §5.2).
    fn sets(&self, zone: usize, is_apex: bool, records: &[Record]) -> Vec<RecordSet> {
        let mut data: Vec<(u32, RData)> = records
            .iter()
            .map(|record| (record.ttl.unwrap_or(self.names.ttl), record::rdata(&record.data)))
            .collect();
        if is_apex {
            data.extend(self.heads().map(|head| (self.names.ttl, head)));
        }
        let mut sets: Vec<RecordSet> = Vec::new();
        for (_, one) in &data {
            let rtype = u16::from(one.record_type());
            if sets.iter().any(|set| set.rtype == rtype) {
                continue;
            }
            let same = || data.iter().filter(|(_, other)| other.record_type() == one.record_type());
            let ttl = same().map(|(ttl, _)| *ttl).min().unwrap_or(self.names.ttl);
            let ready = same().filter_map(|(_, data)| ReadyRecord::new(data, ttl, &self.zones[zone].apex));
            // A record is in a set once (RFC 2181 §5).
            let mut seen = BTreeSet::new();
            let mut records: Vec<ReadyRecord> =
                ready.filter(|record| seen.insert(record.bytes.clone())).collect();
            if rtype == rtype::CNAME {
                records.truncate(1);
            }
            if !records.is_empty() {
                sets.push(RecordSet { rtype, records });
            }
        }
        sets
    }

    /// The records that every apex has.
    fn heads(&self) -> impl Iterator<Item = RData> {
        let Names { domain, name_servers, ttl, .. } = self.names;
        let primary: &DomainName = name_servers.first().unwrap_or(domain);
        let soa = record::soa(primary, domain, self.serial, *ttl);
        core::iter::once(soa).chain(name_servers.iter().map(record::ns))
    }
}

/// Puts the names between a name and its apex, `labels` labels above, into `table` where they are not there yet.
fn add_above(table: &mut Table<Entry>, zone: usize, name: &WireName, labels: usize) {
    let mut hash = name.suffix_hash(labels);
    for number in (1..labels).rev() {
        hash = hash.below(name.label(number));
        let above = name.suffix(number);
        table.entry(hash, above, || Entry::above_others(zone, above.to_vec()));
    }
}

impl Entry {
    /// A name that exists because of those below it.
    fn above_others(zone: usize, owner: Vec<u8>) -> Self {
        Self { zone, sets: Vec::new(), is_owner: false, owner }
    }
}
