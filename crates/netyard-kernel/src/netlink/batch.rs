//! Many requests on their way to the kernel in few system calls.

use netlink_packet_core::{NLM_F_ACK, NetlinkHeader, NetlinkMessage, NetlinkPayload};

use super::message::HEADER;
use super::request::Request;

/// Requests in the order in which the kernel is to handle them, each with a number by which its sender knows it again.
#[derive(Debug, Default, Clone)]
pub struct Batch {
    bytes: Vec<u8>,
    /// Where each message ends, and its number.
    ends: Vec<(usize, usize)>,
}

/// As many requests as go into one datagram.
#[derive(Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    /// The numbers of the requests, in their order.
    pub(super) tags: Vec<usize>,
}

impl Batch {
    /// The most bytes in one datagram: well below the default of `net.core.wmem_default`.
    pub const MAX_BYTES: usize = 64 * 1024;
    /// The most requests in one datagram. Should all of them fail, the refusals still fit the default receive buffer (212,992
    /// bytes; 200 fit, 400 do not).
    pub const MAX_REQUESTS: usize = 128;

    /// Adds a request, known to the sender as `tag`.
    pub fn push(&mut self, request: Request, tag: usize) {
        let mut header = NetlinkHeader::default();
        header.flags = request.flags;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(request.message));
        message.finalize();
        let start = self.bytes.len();
        let len = message.buffer_len();
        self.bytes.resize(start + len.next_multiple_of(4), 0);
        message.serialize(&mut self.bytes[start..start + len]);
        self.ends.push((self.bytes.len(), tag));
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The messages, one behind the other, not yet numbered.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The numbers of the requests, in their order.
    pub fn tags(&self) -> impl Iterator<Item = usize> {
        self.ends.iter().map(|(_, tag)| *tag)
    }

    /// Cuts the batch into datagrams, numbers the requests from `sequence` on, and asks for an acknowledgement of the last request
    /// of each: errors are reported anyway, and the kernel handles a datagram in its order.
    pub(super) fn chunks(&self, mut sequence: u32) -> Vec<Chunk> {
        let mut chunks = Vec::new();
        let mut first = 0;
        let mut start = 0;
        while first < self.ends.len() {
            let fits = |(i, (end, _)): &(usize, (usize, usize))| {
                *i == 0 || (*i < Self::MAX_REQUESTS && end - start <= Self::MAX_BYTES)
            };
            let taken: Vec<_> = self.ends[first..].iter().copied().enumerate().take_while(fits).collect();
            let end = taken.last().map_or(start, |(_, (end, _))| *end);
            let mut bytes = self.bytes[start..end].to_vec();
            let mut at = 0;
            for (i, (message_end, _)) in &taken {
                bytes[at + 8..at + 12].copy_from_slice(&sequence.to_ne_bytes());
                if i + 1 == taken.len() {
                    let flags = u16::from_ne_bytes([bytes[at + 6], bytes[at + 7]]) | NLM_F_ACK;
                    bytes[at + 6..at + 8].copy_from_slice(&flags.to_ne_bytes());
                }
                debug_assert!(message_end - start - at >= HEADER);
                at = message_end - start;
                sequence = sequence.wrapping_add(1);
            }
            first += taken.len();
            start = end;
            chunks.push(Chunk { bytes, tags: taken.into_iter().map(|(_, (_, tag))| tag).collect() });
        }
        chunks
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Messages, set_up};
    use super::*;

    #[test]
    fn only_the_last_request_of_a_datagram_is_acknowledged() {
        let mut batch = Batch::default();
        for tag in 0..300_u32 {
            batch.push(set_up(tag + 1, true), tag as usize);
        }
        let chunks = batch.chunks(1000);
        assert_eq!(chunks.iter().map(|c| c.tags.len()).collect::<Vec<_>>(), [128, 128, 44]);
        let mut next = 1000;
        for chunk in &chunks {
            assert!(chunk.bytes.len() <= Batch::MAX_BYTES);
            let mut at = 0;
            let mut acks = Vec::new();
            for message in Messages::new(&chunk.bytes) {
                let message = message.unwrap();
                assert_eq!(message.sequence, next);
                acks.push(u16::from_ne_bytes([chunk.bytes[at + 6], chunk.bytes[at + 7]]) & NLM_F_ACK != 0);
                at += (HEADER + message.payload.len()).next_multiple_of(4);
                next += 1;
            }
            assert_eq!(acks.len(), chunk.tags.len());
            assert_eq!(acks.iter().filter(|ack| **ack).count(), 1);
            assert_eq!(acks.last(), Some(&true));
        }
        assert_eq!(chunks[1].tags[0], 128);
        assert!(Batch::default().chunks(1).is_empty());
    }
}
