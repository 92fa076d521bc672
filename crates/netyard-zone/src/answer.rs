//! From a query to a reply.

use alloc::boxed::Box;
use alloc::vec::Vec;

use netyard_types::{BadAnswer, NodeName, Trouble};

use crate::Zones;
use crate::alias::Alias;
use crate::find::Found;
use crate::header::{Rcode, class, rtype};
use crate::index::{Entry, ViewIndex};
use crate::query::{Query, Unreadable};
use crate::record::RecordSet;
use crate::reply::{Owner, Reply, Section, header_only};
use crate::special::{self, Special, localhost};
use crate::wire_name::WireName;

/// How a query came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// In a datagram: a reply has a limit, and is cut where it does not fit.
    Udp,
    /// Over a connection.
    Tcp,
}

/// What is to be done with a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Send the reply, this many milliseconds later.
    Reply {
        /// The delay; mostly 0.
        delay_ms: u32,
    },
    /// Send nothing.
    Silence,
    /// Ask one of [`netyard_types::Names::forward`], and hand on what it answers.
    Forward {
        /// The delay before the answer is handed on; mostly 0.
        delay_ms: u32,
        /// The aliases that lead to the name to be asked for, if it is not the query's own: then [`Alias::query`] is to be sent in
        /// place of the query, and what comes back to be handed on by [`Alias::relay`].
        alias: Option<Box<Alias>>,
    },
    /// Send the zone, message by message ([`Zones::transfer`]).
    Transfer {
        /// The zone, by its place among the zones.
        zone: usize,
    },
}

/// The most aliases that are followed for one question.
pub(crate) const MOST_ALIASES: usize = 16;
/// The most names in data whose addresses are added.
const MOST_TARGETS: usize = 16;

impl Zones {
    /// Answers the query in `query`, which may be any bytes at all. `asker` is the node that asks, if a node of the lab does.
    /// Of several addresses, the one that `turn` points to comes first. The reply is written over what `reply` held; unless the
    /// outcome is [`Outcome::Reply`], what it holds then means nothing.
    ///
    /// What is slow on purpose is so for every outcome but [`Outcome::Transfer`]: a secondary is not an asker.
    pub fn answer(
        &self,
        query: &[u8],
        asker: Option<&NodeName>,
        transport: Transport,
        turn: u32,
        reply: &mut Vec<u8>,
    ) -> Outcome {
        match Query::read(query) {
            Ok(query) => {
                let view = self.view(asker);
                let asked =
                    Asked { zones: self, query: &query, view, is_node: asker.is_some(), transport, turn };
                asked.answer(reply)
            }
            Err(Unreadable::Header(rcode)) => {
                header_only(query, rcode, reply);
                Outcome::Reply { delay_ms: 0 }
            }
            Err(Unreadable::Nothing) => {
                reply.clear();
                Outcome::Silence
            }
        }
    }
}

/// A query with all that its answer depends on.
struct Asked<'a> {
    zones: &'a Zones,
    query: &'a Query<'a>,
    view: Option<&'a ViewIndex>,
    is_node: bool,
    transport: Transport,
    turn: u32,
}

impl<'a> Asked<'a> {
    fn answer(&self, out: &mut Vec<u8>) -> Outcome {
        let query = self.query;
        let mut reply = Reply::new(query, self.transport, !self.zones.names.forward.is_empty(), out);
        let refusal = if query.is_broken {
            Some(Rcode::FormErr)
        } else if query.edns.is_some_and(|edns| edns.version > 0) {
            Some(Rcode::BadVers)
        } else if !matches!(query.class, class::IN | class::ANY) {
            Some(Rcode::Refused)
        } else {
            None
        };
        if let Some(rcode) = refusal {
            reply.set_rcode(rcode);
            reply.finish();
            return Outcome::Reply { delay_ms: 0 };
        }
        let Trouble { slow_ms: delay_ms, answer } =
            self.zones.trouble(&query.name, self.view).unwrap_or_default();
        match answer {
            Some(BadAnswer::Drop) => return Outcome::Silence,
            Some(BadAnswer::Servfail) => reply.set_rcode(Rcode::ServFail),
            Some(BadAnswer::Nxdomain) => self.deny(&mut reply),
            Some(BadAnswer::Truncate) if self.transport == Transport::Udp => reply.cut(),
            Some(BadAnswer::Truncate) | None => match self.write(&mut reply) {
                Written::Reply => {}
                Written::Forward { alias } => return Outcome::Forward { delay_ms, alias },
                Written::Transfer { zone } => return Outcome::Transfer { zone },
            },
        }
        reply.finish();
        Outcome::Reply { delay_ms }
    }

    /// Says that there is no such name.
    fn deny(&self, reply: &mut Reply<'_>) {
        reply.set_rcode(Rcode::NxDomain);
        if let Some(zone) = self.zones.find(&self.query.name, self.view).zone() {
            self.enter(reply, zone);
            self.push_soa(reply, Section::Authority, zone);
        }
    }

    /// Says that the server is the authority for the zone of the question.
    fn enter(&self, reply: &mut Reply<'_>, zone: usize) {
        // Of all classes it is the authority for one (RFC 1035 §6.2).
        if self.query.class == class::IN {
            reply.set_authoritative();
        }
        reply.set_home(zone, &self.zones.index.zones[zone]);
    }

    fn push_soa(&self, reply: &mut Reply<'_>, section: Section, zone: usize) {
        let owner = reply.apex(zone, &self.zones.index.zones[zone]);
        if let Some(soa) = self.zones.top(zone).set(rtype::SOA) {
            reply.push_set(section, owner, soa, (zone, 0), |_| {});
        }
    }

    /// Writes the right answer.
    fn write(&self, reply: &mut Reply<'_>) -> Written {
        if matches!(self.query.rtype, rtype::AXFR | rtype::IXFR) {
            return self.write_zone(reply);
        }
        match self.zones.find(&self.query.name, self.view) {
            Found::Elsewhere => self.write_elsewhere(reply, Reply::asked(self.query)),
            found => self.write_found(reply, found),
        }
    }

    /// Writes what is found in the zones, aliases followed to the end (RFC 1034 §4.3.2), unless that is elsewhere and another server
    /// has to be asked.
    fn write_found(&self, reply: &mut Reply<'_>, mut found: Found<'a>) -> Written {
        if let Some(zone) = found.zone() {
            self.enter(reply, zone);
        }
        let mut owner = Reply::asked(self.query);
        let mut passed: [Option<&Entry>; MOST_ALIASES] = [None; MOST_ALIASES];
        for number in 0..MOST_ALIASES {
            let entry = match found {
                Found::Entry(entry) => entry,
                // What the last name of the chain is says how the query went (RFC 6604 §3).
                Found::Nothing { zone } => {
                    reply.set_rcode(Rcode::NxDomain);
                    self.push_soa(reply, Section::Authority, zone);
                    break;
                }
                Found::Elsewhere => return self.write_elsewhere(reply, owner),
            };
            if let Some(set) = self.wanted(entry) {
                self.push_wanted(reply, owner, entry.zone, set);
                break;
            }
            let Some(alias) = entry.set(rtype::CNAME).and_then(|set| set.records.first()) else {
                self.push_soa(reply, Section::Authority, entry.zone);
                break;
            };
            if passed.iter().flatten().any(|other| core::ptr::eq(*other, entry)) {
                break;
            }
            passed[number] = Some(entry);
            let Some(at) = reply.push(Section::Answer, owner, alias, entry.zone) else { break };
            let Some(target) = WireName::read(&alias.bytes, alias.target) else { break };
            owner = Owner { at: at + alias.target, wire: alias.data() };
            found = self.zones.find(&target, self.view);
        }
        Written::Reply
    }

    /// The records that answer the question by what a name has. One set is enough for whoever asks for any (RFC 8482 §4.1).
    fn wanted(&self, entry: &'a Entry) -> Option<&'a RecordSet> {
        match self.query.rtype {
            rtype::ANY => entry.sets.first(),
            rtype => entry.set(rtype),
        }
    }

    fn push_wanted(&self, reply: &mut Reply<'_>, owner: Owner<'_>, zone: usize, set: &RecordSet) {
        if !matches!(set.rtype, rtype::MX | rtype::SRV | rtype::NS) {
            return reply.push_set(Section::Answer, owner, set, (zone, self.turn), |_| {});
        }
        let mut places = [0; MOST_TARGETS];
        let mut free = places.iter_mut();
        reply.push_set(Section::Answer, owner, set, (zone, self.turn), |at| {
            if let Some(place) = free.next() {
                *place = at;
            }
        });
        for (number, (record, at)) in set.records.iter().zip(places).enumerate() {
            let name = &record.bytes[record.target..];
            let is_double = |other: &[u8]| other.eq_ignore_ascii_case(name);
            if set.records[..number].iter().any(|other| is_double(&other.bytes[other.target..])) {
                continue;
            }
            self.push_addresses(reply, Owner { at: at + record.target, wire: name });
        }
    }

    /// Adds the addresses of a name that stands in the answer (RFC 1035 §3.3.9, RFC 2782).
    fn push_addresses(&self, reply: &mut Reply<'_>, owner: Owner<'_>) {
        let Some(name) = WireName::read(owner.wire, 0) else { return };
        let Found::Entry(entry) = self.zones.find(&name, self.view) else { return };
        for set in entry.sets.iter().filter(|set| set.is_addresses()) {
            reply.push_if_it_fits(|reply| {
                reply.push_set(Section::Additional, owner, set, (entry.zone, self.turn), |_| {});
            });
        }
    }

    /// Answers a question about a name of no zone: its own, or the one that its aliases lead to.
    fn write_elsewhere(&self, reply: &mut Reply<'_>, owner: Owner<'_>) -> Written {
        let name = WireName::read(owner.wire, 0);
        match name.as_ref().and_then(Special::of) {
            Some(Special::Localhost) => {
                if self.query.class == class::IN {
                    reply.set_authoritative();
                }
                if let Some(bytes) = localhost(self.query.rtype) {
                    reply.push_bytes(Section::Answer, owner, bytes);
                }
            }
            Some(Special::Nothing) => reply.set_rcode(Rcode::NxDomain),
            None if self.query.wants_recursion() && !self.zones.names.forward.is_empty() => {
                return Written::Forward { alias: Alias::new(self.query, reply, owner).map(Box::new) };
            }
            // One who has got the aliases can ask for the rest himself.
            None if reply.answers().is_some() => {}
            None if self.zones.names.forward.is_empty()
                && matches!(self.query.rtype, rtype::A | rtype::AAAA)
                && name.as_ref().is_some_and(special::is_bare) =>
            {
                reply.set_rcode(Rcode::NxDomain);
            }
            None => reply.set_rcode(Rcode::Refused),
        }
        Written::Reply
    }

    /// Answers one who wants a whole zone (AXFR, RFC 5936) or what has changed in it (IXFR, RFC 1995).
    fn write_zone(&self, reply: &mut Reply<'_>) -> Written {
        let is_full = self.query.rtype == rtype::AXFR;
        let is_datagram = self.transport == Transport::Udp;
        let zone = self.zones.zone_at(&self.query.name);
        match zone {
            // RFC 5936 §4.2: there is no such thing.
            _ if is_datagram && is_full => reply.set_rcode(Rcode::FormErr),
            _ if !is_datagram && !self.is_node => reply.set_rcode(Rcode::Refused),
            // RFC 5936 §2.2.1.
            None => reply.set_rcode(Rcode::NotAuth),
            Some(zone) if is_datagram || !is_full && self.is_up_to_date() => {
                self.enter(reply, zone);
                self.push_soa(reply, Section::Answer, zone);
            }
            Some(zone) => return Written::Transfer { zone },
        }
        Written::Reply
    }

    /// Whether the asker has the zone already (RFC 1995 §2), by the arithmetic of serial numbers (RFC 1982).
    fn is_up_to_date(&self) -> bool {
        let known = self.query.known_serial();
        known.is_some_and(|known| known.wrapping_sub(self.zones.serial) < 1 << 31)
    }
}

/// What came of writing an answer.
enum Written {
    /// It is written.
    Reply,
    /// Another server has it, or what its aliases lead to.
    Forward { alias: Option<Box<Alias>> },
    /// It is a zone.
    Transfer { zone: usize },
}
