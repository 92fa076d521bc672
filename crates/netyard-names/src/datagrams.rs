//! Questions in datagrams.

use std::os::fd::AsFd;

use netyard_kernel::Datagrams;
use netyard_zone::{Outcome, Transport, Zones};

use crate::Server;
use crate::asker::{Source, asker};
use crate::connection::is_for_later;
use crate::forward::Question;
use crate::listener::Socket;
use crate::reply::ReplyTo;
use crate::slab::Key;

/// How often one socket is received from in one turn, while it has more.
const MOST_BATCHES: usize = 4;

impl Server {
    /// Answers what one socket has, but not more than fits into one turn, so that others have theirs.
    pub(crate) fn answer_datagrams(&mut self, key: Key) {
        let Some(zones) = self.zones.clone() else { return };
        for _ in 0..MOST_BATCHES {
            if self.answer_batch(key, &zones) < Datagrams::MOST {
                break;
            }
        }
    }

    /// Answers what can be received with one system call; says how many datagrams that were.
    fn answer_batch(&mut self, key: Key, zones: &Zones) -> usize {
        let Some(listening) = self.listeners.get_mut(key) else { return 0 };
        let Socket::Udp(socket) = &listening.socket else { return 0 };
        let count = match self.datagrams.receive(socket.as_fd()) {
            Ok(count) => count,
            Err(error) => {
                if !is_for_later(&error) && listening.failed() {
                    self.pause(key);
                }
                return 0;
            }
        };
        let mut ready = [0; Datagrams::MOST];
        let mut ready_count = 0;
        for index in 0..count {
            let Some(source) = self.datagrams.source(index) else { continue };
            let who = asker(zones, &listening.node, source.ip());
            self.turn = self.turn.wrapping_add(1);
            let query = self.datagrams.bytes(index);
            match zones.answer(query, who, Transport::Udp, self.turn, &mut self.replies[index]) {
                Outcome::Reply { delay_ms: 0 } => {
                    ready[ready_count] = index;
                    ready_count += 1;
                }
                // A zone does not fit into a datagram (RFC 5936 §4.2).
                Outcome::Silence | Outcome::Transfer { .. } => {}
                later => self.put_off.push((index, later)),
            }
        }
        let replies = ready[..ready_count].iter().map(|index| (*index, self.replies[*index].as_slice()));
        self.datagrams.reply(socket.as_fd(), replies);
        listening.worked();
        if !self.put_off.is_empty() {
            self.put_off_datagrams(key, zones);
        }
        count
    }

    /// Does with datagrams that are not answered at once what is to be done with them.
    fn put_off_datagrams(&mut self, listener: Key, zones: &Zones) {
        let mut put_off = std::mem::take(&mut self.put_off);
        for (index, outcome) in put_off.drain(..) {
            let Some(peer) = self.datagrams.source(index) else { continue };
            let Some(node) = self.listeners.get(listener).map(|found| &found.node) else { continue };
            let (to, source) = (ReplyTo::Datagram { listener, peer }, Source::new(zones, node, peer.ip()));
            match outcome {
                Outcome::Reply { delay_ms } => {
                    // One for which there is no room is lost, as datagrams are.
                    self.keep_back(to, source, delay_ms, self.replies[index].clone());
                }
                Outcome::Forward { delay_ms, alias } => {
                    let (query, node) = (self.datagrams.bytes(index).to_vec(), node.clone());
                    if let Some(question) =
                        self.forward(Question { to, source, query, alias, delay_ms, node })
                    {
                        let reply = question.fail();
                        self.deliver_after(to, question.source, delay_ms, reply);
                    }
                }
                Outcome::Silence | Outcome::Transfer { .. } => {}
            }
        }
        self.put_off = put_off;
    }
}
