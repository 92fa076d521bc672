//! Requests that a test wants refused are not sent, and the kernel goes on behind them as it does behind those that it refuses.

use crate::fault::{self, Fault};

use super::batch::Chunk;
use super::error::Refusal;
use super::message::NLMSG_NOOP;
use super::socket::site_of;

/// Takes requests out of a datagram, with their numbers and acknowledgements left in place, and adds them to `refused`. Where the
/// process is to be killed at a request, those before it are sent first: so does the kernel, which goes through a datagram one by
/// one.
pub(super) fn withhold(chunk: &mut Chunk, refused: &mut Vec<(usize, Refusal)>, send: impl Fn(&[u8])) {
    let mut start = 0;
    for tag in &chunk.tags {
        let header = &chunk.bytes[start..];
        let len = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
        match fault::at_request(site_of(u16::from_ne_bytes([header[4], header[5]]))) {
            None => {}
            Some(Fault::Fail(errno)) => {
                chunk.bytes[start + 4..start + 6].copy_from_slice(&NLMSG_NOOP.to_ne_bytes());
                refused.push((*tag, errno.into()));
            }
            Some(Fault::Kill) => {
                if start > 0 {
                    send(&chunk.bytes[..start]);
                }
                fault::kill();
            }
        }
        start += len.next_multiple_of(4);
    }
}
