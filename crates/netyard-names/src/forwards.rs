//! Asking other servers: sockets come from the keeper, answers go back to who asked.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use netyard_zone::{Transport, Zones};

use crate::forward::{Forward, Progress, Question, Upstream, is_truncated, transport};
use crate::poll::Owner;
use crate::reply::ReplyTo;
use crate::server::Due;
use crate::slab::{Key, Slab};
use crate::{Protocol, Report, Server};

/// All questions that other servers are being asked.
#[derive(Debug)]
pub(crate) struct Forwards {
    slab: Slab<Forward>,
    /// Those that wait for a socket, by the number of the request.
    tokens: BTreeMap<u64, Key>,
    next_token: u64,
}

impl Forwards {
    pub(crate) fn new() -> Self {
        Self { slab: Slab::new(), tokens: BTreeMap::new(), next_token: 0 }
    }
}

impl Server {
    /// Asks the first of the other servers.
    ///
    /// # Errors
    /// Gives the question back when there are too many on their way.
    pub(crate) fn forward(&mut self, question: Question) -> Result<(), Question> {
        if self.upstream_count() == 0
            || self.forwards.slab.len() >= self.limits.forwards
            || !self.control.has_room()
        {
            return Err(question);
        }
        let deadline = self.now + self.limits.forward;
        let forward = Forward {
            question,
            upstream: 0,
            protocol: Protocol::Udp,
            token: 0,
            socket: None,
            deadline,
            timer: None,
        };
        let key = self.forwards.slab.insert(forward);
        self.ask(key);
        Ok(())
    }

    fn upstream_count(&self) -> usize {
        self.zones.as_ref().map_or(0, |zones| zones.names().forward.len())
    }

    /// Begins to ask the server whose turn it is, with a request for a socket.
    fn ask(&mut self, key: Key) {
        let Some(forward) = self.forwards.slab.get_mut(key) else { return };
        if let Some(socket) = forward.socket.take() {
            self.poll.remove(&socket);
        }
        if let Some(timer) = forward.timer.take() {
            self.timers.cancel(timer);
        }
        self.forwards.tokens.remove(&forward.token);
        forward.token = self.forwards.next_token;
        self.forwards.next_token += 1;
        self.forwards.tokens.insert(forward.token, key);
        let until = forward.deadline.min(self.now + self.limits.upstream);
        forward.timer = Some(self.timers.set(until, Due::Forward(key)));
        self.control.report(&Report::Connect {
            token: forward.token,
            node: forward.question.node.clone(),
            upstream: forward.upstream,
            protocol: forward.protocol,
        });
    }

    /// Gives up what nobody waits for any more, so that no socket stays in a namespace that is to go.
    pub(crate) fn end_forwards_for_nobody(&mut self) {
        let is_for_nobody = |forward: &Forward| match forward.question.to {
            ReplyTo::Datagram { listener, .. } => self.listeners.get(listener).is_none(),
            ReplyTo::Connection(key) => !self.connections.contains(key),
        };
        let forwards = self.forwards.slab.iter().filter(|(_, forward)| is_for_nobody(forward));
        let keys: Vec<Key> = forwards.map(|(key, _)| key).collect();
        for key in keys {
            self.end(key);
        }
    }

    /// Takes the socket that was requested, or the word that there is none.
    pub(crate) fn take_upstream(&mut self, token: u64, socket: Option<OwnedFd>) {
        let Some(key) = self.forwards.tokens.remove(&token) else { return };
        let Some(forward) = self.forwards.slab.get_mut(key) else { return };
        let upstream =
            socket.and_then(|socket| Upstream::new(&forward.question.query, forward.protocol, socket).ok());
        match upstream {
            Some(upstream) if self.poll.add(&upstream, Owner::Forward(key), upstream.wanted()).is_ok() => {
                forward.socket = Some(upstream);
            }
            _ => self.try_next(key),
        }
    }

    pub(crate) fn look_after_forward(&mut self, key: Key) {
        let Some(forward) = self.forwards.slab.get_mut(key) else { return };
        let Some(upstream) = &mut forward.socket else { return };
        let before = upstream.wanted();
        match upstream.advance(&mut self.scratch) {
            Progress::Answer(len) => {
                let over_connection = transport(&forward.question.to) == Transport::Tcp;
                let was_datagram = forward.protocol == Protocol::Udp;
                if over_connection && was_datagram && is_truncated(&self.scratch[..len]) {
                    forward.protocol = Protocol::Tcp;
                    self.ask(key);
                } else {
                    self.hand_on(key, len);
                }
            }
            Progress::Wait => {
                let wanted = upstream.wanted();
                if wanted != before {
                    self.poll.modify(&*upstream, Owner::Forward(key), wanted);
                }
            }
            Progress::Failed => self.try_next(key),
        }
    }

    /// Asks the next of the other servers, or gives up.
    pub(crate) fn try_next(&mut self, key: Key) {
        let count = self.upstream_count();
        let Some(forward) = self.forwards.slab.get_mut(key) else { return };
        forward.upstream += 1;
        forward.protocol = Protocol::Udp;
        if forward.upstream < count && forward.deadline > self.now && self.control.has_room() {
            self.ask(key);
        } else if let Some(question) = self.end(key) {
            let mut reply = Vec::new();
            Zones::fail(&question.query, &mut reply);
            self.deliver_after(question.to, question.delay_ms, reply);
        }
    }

    /// Hands on the answer that is in the scratch memory.
    fn hand_on(&mut self, key: Key, len: usize) {
        if let Some(Question { to, query, delay_ms, .. }) = self.end(key) {
            let mut reply = Vec::new();
            Zones::relay(&query, &self.scratch[..len], transport(&to), &mut reply);
            self.deliver_after(to, delay_ms, reply);
        }
    }

    fn end(&mut self, key: Key) -> Option<Question> {
        let forward = self.forwards.slab.remove(key)?;
        self.forwards.tokens.remove(&forward.token);
        if let Some(timer) = forward.timer {
            self.timers.cancel(timer);
        }
        if let Some(socket) = &forward.socket {
            self.poll.remove(socket);
        }
        Some(forward.question)
    }
}
