//! Aliases that lead out of the zones: another server is asked for the name at the end, because resolvers in the nodes do not follow
//! an alias themselves (RFC 1034 §4.3.2 leaves it to the server that recurses).

use alloc::vec::Vec;

use crate::Transport;
use crate::Zones;
use crate::header::{CD, RCODE, RD, Rcode, TC, rtype, u16_at};
use crate::query::Query;
use crate::record::DATA_AT;
use crate::reply::{Owner, Reply, Section, opt};
use crate::section::{RawRecord, expand_name};
use crate::upstream::answers;

/// A chain of aliases that leads to a name of no zone: what another server is to be asked, and what its answer is put behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    query: Vec<u8>,
    /// The records of the chain, as they stand behind the question that was asked.
    chain: Vec<u8>,
    /// How many there are.
    count: u16,
    /// Where in a reply the last name of the chain stands.
    target_at: usize,
    is_authoritative: bool,
}

impl Alias {
    /// The chain that `reply`, one to `query`, holds so far; `None` if it holds none. `target` is the name at its end.
    pub(crate) fn new(query: &Query<'_>, reply: &Reply<'_>, target: Owner<'_>) -> Option<Self> {
        let (chain, count) = reply.answers()?;
        Some(Self {
            query: query_for(query, target.wire),
            chain: chain.to_vec(),
            count,
            target_at: target.at,
            is_authoritative: reply.is_authoritative(),
        })
    }

    /// What the other server is to be asked: for the name at the end of the chain, with the id of the query that was asked here.
    #[must_use]
    pub fn query(&self) -> &[u8] {
        &self.query
    }

    /// Writes the reply to `query`, the one that led here: the chain, then what the other server answered to [`Self::query`]. How
    /// that went is how all of it went (RFC 6604 §3); the server is the authority if it is one for the first name (RFC 1035
    /// §4.1.1). What does not fit is cut. An alias back into the zones is left as it is. What is no reply, or neither records nor
    /// word that there are none, becomes [`Zones::fail`]'s.
    pub fn relay(&self, query: &[u8], upstream: &[u8], transport: Transport, reply: &mut Vec<u8>) {
        if self.write(query, upstream, transport, reply).is_none() {
            Zones::fail(query, reply);
        }
    }

    fn write(&self, query: &[u8], upstream: &[u8], transport: Transport, reply: &mut Vec<u8>) -> Option<()> {
        let (asked, sent) = (Query::read(query).ok()?, Query::read(&self.query).ok()?);
        if !answers(upstream, &sent) {
            return None;
        }
        let flags = u16_at(upstream, 2)?;
        let mut reply = Reply::new(&asked, transport, true, reply);
        reply.set_rcode(
            [Rcode::NoError, Rcode::NxDomain].into_iter().find(|code| code.low() == flags & RCODE)?,
        );
        if self.is_authoritative {
            reply.set_authoritative();
        }
        reply.push_answers(&self.chain, self.count);
        if flags & TC != 0 {
            reply.cut();
        }
        let target = &sent.question()[..sent.question().len() - 4];
        let mut source =
            Source { message: upstream, at: sent.question_end, last: (self.target_at, target.to_vec()) };
        source.copy(&mut reply, Section::Answer, u16_at(upstream, 6)?)?;
        // The SOA record of a name without records, above all.
        let mut copied = Some(());
        let count = u16_at(upstream, 8)?;
        reply.push_if_it_fits(|reply| copied = source.copy(reply, Section::Authority, count));
        copied?;
        reply.finish();
        Some(())
    }
}

/// The question for another name: with the id, the wishes and the EDNS of `query`, and without its options, which are for one server
/// only.
fn query_for(query: &Query<'_>, name: &[u8]) -> Vec<u8> {
    let mut bytes = query.message[..2].to_vec();
    let words = [query.flags & (RD | CD), 1, 0, 0, u16::from(query.edns.is_some())];
    bytes.extend(words.iter().flat_map(|word| word.to_be_bytes()));
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(&query.message[query.question_end - 4..query.question_end]);
    if let Some(edns) = query.edns {
        bytes.extend_from_slice(&opt(edns, Rcode::NoError));
    }
    bytes
}

/// Another server's message, from which records are taken.
struct Source<'a> {
    message: &'a [u8],
    /// Where the next record begins.
    at: usize,
    /// The name that the last alias led to, and where in the reply it stands: mostly that is the next owner.
    last: (usize, Vec<u8>),
}

impl Source<'_> {
    /// Copies the next `count` records, as far as they fit; `None` if one is not well formed. Pointers in them are followed, because
    /// in the reply everything stands elsewhere.
    fn copy(&mut self, reply: &mut Reply<'_>, section: Section, count: u16) -> Option<()> {
        for _ in 0..count {
            let (record, next) = RawRecord::read(self.message, self.at)?;
            let mut owner = Vec::new();
            expand_name(self.message, self.at, &mut owner)?;
            let bytes = record.expand(self.message)?;
            let at = if owner.eq_ignore_ascii_case(&self.last.1) { self.last.0 } else { usize::MAX };
            let Some(at) = reply.push_bytes(section, Owner { at, wire: &owner }, &bytes) else { break };
            if record.rtype == rtype::CNAME {
                self.last = (at + DATA_AT, bytes[DATA_AT..].to_vec());
            }
            self.at = next;
        }
        Some(())
    }
}
