//! What other servers answer.

use alloc::vec::Vec;

use crate::header::{HEADER_LEN, OPCODE, QR, RA, RCODE, Rcode, u16_at};
use crate::query::{Query, Unreadable};
use crate::reply::{Reply, header_only};
use crate::section::RawRecord;
use crate::wire_name::WireName;
use crate::{Transport, Zones};

impl Zones {
    /// Whether `reply`, which came from another server, is one to `query`: it has its id and its question, whose name is compared
    /// without regard to case, and is a message from end to end. A refusal need not have the question (RFC 8906).
    #[must_use]
    pub fn is_reply_to(reply: &[u8], query: &[u8]) -> bool {
        let Ok(query) = Query::read(query) else { return false };
        let is_reply = answers(reply, &query) || bare_refusal(reply).is_some();
        reply.get(..2) == query.message.get(..2) && is_reply
    }

    /// Whether a reply says of its server that it does not answer (SERVFAIL, REFUSED, any refusal without the question), rather
    /// than something of the name. Another server may well answer.
    #[must_use]
    pub fn is_refusal(reply: &[u8]) -> bool {
        let rcode = u16_at(reply, 2).unwrap_or_default() & RCODE;
        rcode == Rcode::ServFail.low() || rcode == Rcode::Refused.low() || bare_refusal(reply).is_some()
    }

    /// Fits the reply of another server for the one who asked: with the query's own id and question, and over UDP without records if
    /// it is longer than the asker takes. What is no reply to the query becomes [`Zones::fail`]'s. For what [`Alias::query`] asked
    /// there is [`Alias::relay`].
    ///
    /// [`Alias::query`]: crate::Alias::query
    /// [`Alias::relay`]: crate::Alias::relay
    pub fn relay(query: &[u8], upstream: &[u8], transport: Transport, reply: &mut Vec<u8>) {
        let asked = match Query::read(query) {
            Ok(asked) if answers(upstream, &asked) => asked,
            Ok(_) => return refuse(query, bare_refusal(upstream).unwrap_or(Rcode::ServFail), reply),
            Err(_) => return Self::fail(query, reply),
        };
        if upstream.len() > asked.limit(transport) {
            let mut cut = Reply::new(&asked, transport, true, reply);
            cut.cut();
            return cut.finish();
        }
        reply.clear();
        reply.extend_from_slice(&asked.message[..2]);
        let flags = u16_at(upstream, 2).unwrap_or_default() | RA;
        reply.extend_from_slice(&flags.to_be_bytes());
        reply.extend_from_slice(&upstream[4..HEADER_LEN]);
        reply.extend_from_slice(asked.question());
        reply.extend_from_slice(&upstream[asked.question_end..]);
    }

    /// Writes the reply to a query that should have been forwarded and could not be answered (SERVFAIL). Nothing is written if
    /// `query` is nothing that is answered.
    pub fn fail(query: &[u8], reply: &mut Vec<u8>) {
        refuse(query, Rcode::ServFail, reply);
    }
}

/// Writes the reply to a query that is answered by a code alone.
fn refuse(query: &[u8], rcode: Rcode, reply: &mut Vec<u8>) {
    match Query::read(query) {
        Ok(query) => {
            // An error without records fits into any datagram.
            let mut refusal = Reply::new(&query, Transport::Tcp, true, reply);
            refusal.set_rcode(rcode);
            refusal.finish();
        }
        Err(Unreadable::Header(_)) => header_only(query, rcode, reply),
        Err(Unreadable::Nothing) => reply.clear(),
    }
}

/// The code of a reply without question and answer that refuses, if it is one: some servers do not read so far as the question, or
/// do not say which it was.
fn bare_refusal(reply: &[u8]) -> Option<Rcode> {
    let flags = u16_at(reply, 2)?;
    let is_bare = [4, 6, 8].iter().all(|place| u16_at(reply, *place) == Some(0));
    if flags & (QR | OPCODE) != QR || !is_bare || !is_whole(reply, HEADER_LEN) {
        return None;
    }
    let refusals = [Rcode::FormErr, Rcode::ServFail, Rcode::NotImp, Rcode::Refused];
    refusals.into_iter().find(|code| code.low() == flags & RCODE)
}

/// Whether `reply` answers the question of `query` and is a message from end to end. The question has the same length, because no name
/// in it is compressed.
pub(crate) fn answers(reply: &[u8], query: &Query<'_>) -> bool {
    let Some((header, _)) = reply.split_first_chunk::<HEADER_LEN>() else { return false };
    let flags = u16::from_be_bytes([header[2], header[3]]);
    if flags & (QR | OPCODE) != QR || [header[4], header[5]] != [0, 1] {
        return false;
    }
    let is_same_name =
        WireName::read(reply, HEADER_LEN).is_some_and(|name| name.as_bytes() == query.name.as_bytes());
    let what = query.question_end - 4..query.question_end;
    is_same_name && reply.get(what.clone()) == query.message.get(what) && is_whole(reply, query.question_end)
}

/// Whether the records of a message, which begin at `at`, are all there, and nothing follows them.
fn is_whole(message: &[u8], mut at: usize) -> bool {
    let counts = [6, 8, 10].map(|place| u16_at(message, place).unwrap_or_default());
    for _ in 0..counts.into_iter().map(u32::from).sum::<u32>() {
        let Some((_, next)) = RawRecord::read(message, at) else { return false };
        at = next;
    }
    at == message.len()
}
