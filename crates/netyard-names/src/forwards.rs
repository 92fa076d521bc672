//! Asking other servers: sockets come from the keeper, answers go back to who asked.

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;

use netyard_zone::Transport;

use crate::forward::{Forward, Progress, Question, Refusal, Upstream, is_truncated};
use crate::poll::Owner;
use crate::reply::ReplyTo;
use crate::server::Due;
use crate::shares::{Share, Shares};
use crate::slab::{Key, Slab};
use crate::{Protocol, Report, Server};

/// All questions that other servers are being asked.
#[derive(Debug)]
pub(crate) struct Forwards {
    slab: Slab<Forward>,
    /// Whose they are.
    shares: Shares,
    /// Those that wait for a socket, by the number of the request.
    tokens: BTreeMap<u64, Key>,
    next_token: u64,
}

impl Forwards {
    pub(crate) fn new() -> Self {
        Self { slab: Slab::new(), shares: Shares::default(), tokens: BTreeMap::new(), next_token: 0 }
    }
}

impl Server {
    /// Asks the first of the other servers. Gives the question back when there are too many on their way, in all or of one asker.
    pub(crate) fn forward(&mut self, question: Question) -> Option<Question> {
        let most = [self.limits.forwards, self.limits.forwards_of_one];
        let [most, most_of_one] = most.map(|count| Share { count, bytes: usize::MAX });
        if self.upstream_count() == 0
            || !self.control.has_room()
            || !self.forwards.shares.take(&question.source, 0, (most, most_of_one))
        {
            return Some(question);
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
            refusal: None,
        };
        let key = self.forwards.slab.insert(forward);
        self.ask(key);
        None
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
        let upstream = socket
            .and_then(|socket| Upstream::new(forward.question.to_send(), forward.protocol, socket).ok());
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
            Progress::Answer(len) => self.take_answer(key, len),
            Progress::Wait => {
                let wanted = upstream.wanted();
                if wanted != before {
                    self.poll.modify(&*upstream, Owner::Forward(key), wanted);
                }
            }
            Progress::Failed => self.try_next(key),
        }
    }

    /// Does with the answer that is in the scratch memory what is to be done with it.
    fn take_answer(&mut self, key: Key, len: usize) {
        let has_next = self.has_next(key);
        let Some(forward) = self.forwards.slab.get_mut(key) else { return };
        let answer = &self.scratch[..len];
        if has_next && let Some(refusal) = Refusal::read(answer) {
            forward.refusal = Some(refusal);
            return self.try_next(key);
        }
        let over_connection = forward.question.transport() == Transport::Tcp;
        if over_connection && forward.protocol == Protocol::Udp && is_truncated(answer) {
            forward.protocol = Protocol::Tcp;
            return self.ask(key);
        }
        let bytes = forward.question.relay(answer);
        if let Some(Forward { question, .. }) = self.end(key) {
            self.deliver_after(question.to, question.source, question.delay_ms, bytes);
        }
    }

    /// Whether there is another server to ask, and time for it.
    fn has_next(&self, key: Key) -> bool {
        let count = self.upstream_count();
        let forward = self.forwards.slab.get(key);
        forward.is_some_and(|forward| forward.upstream + 1 < count && forward.deadline > self.now)
            && self.control.has_room()
    }

    /// Asks the next of the other servers, or gives up: then a server that refused is the best answer there is.
    pub(crate) fn try_next(&mut self, key: Key) {
        if self.has_next(key) {
            if let Some(forward) = self.forwards.slab.get_mut(key) {
                forward.upstream += 1;
                forward.protocol = Protocol::Udp;
                self.ask(key);
            }
        } else if let Some(Forward { question, refusal, .. }) = self.end(key) {
            let bytes = match refusal {
                Some(refusal) => question.relay(refusal.as_bytes()),
                None => question.fail(),
            };
            self.deliver_after(question.to, question.source, question.delay_ms, bytes);
        }
    }

    fn end(&mut self, key: Key) -> Option<Forward> {
        let forward = self.forwards.slab.remove(key)?;
        self.forwards.shares.give_back(&forward.question.source, 0);
        self.forwards.tokens.remove(&forward.token);
        if let Some(timer) = forward.timer {
            self.timers.cancel(timer);
        }
        if let Some(socket) = &forward.socket {
            self.poll.remove(socket);
        }
        Some(forward)
    }
}
