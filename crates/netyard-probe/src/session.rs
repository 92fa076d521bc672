//! Which request is due, which answer belongs to which request, and who waited long enough. No socket and no clock: the time is
//! an argument, so all of it can be tested without waiting.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use nix::errno::Errno;

use crate::packet::{Echo, Message};
use crate::{Answer, Event, Options, Outcome, Reply, Target, Unreachable};

/// Longer than any wait: what is further away never comes. Keeps the sums of times in range.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The most requests that may be unanswered: half of the sequence numbers, so that a free one is always near.
const MOST_IN_FLIGHT: usize = 1 << 15;

/// How long a request waits that the kernel has no room for at the moment.
const POSTPONED: Duration = Duration::from_millis(10);

/// A request that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Request {
    /// Whom to send it to: the place in the list of targets.
    pub(crate) target: usize,
    /// The numbers to put into it.
    pub(crate) echo: Echo,
    due: Instant,
}

/// A request that was sent.
#[derive(Debug)]
struct Probe {
    target: usize,
    seq: u32,
    sent_at: Instant,
    /// Whether its answer has come.
    settled: bool,
}

/// All requests of one ping.
#[derive(Debug)]
pub(crate) struct Session<'a> {
    targets: &'a [Target],
    options: &'a Options,
    /// When the next request of each target is due. A target that has had all its requests is not there.
    due: BTreeSet<(Instant, usize)>,
    /// Requests sent, by the sequence number on the wire. Those that are answered stay until their time is over, so that a
    /// second answer is known for what it is.
    probes: BTreeMap<u16, Probe>,
    /// The same, oldest first, as they run out of time. May name a probe whose number has a newer request by now.
    order: VecDeque<(Instant, u16)>,
    /// Requests without an answer that still have time.
    in_flight: usize,
    /// One number for all targets: a quoted packet tells no more than this and the address, and two targets may have the same.
    next_sequence: u16,
    outcomes: Vec<Outcome>,
    ends_at: Option<Instant>,
}

impl<'a> Session<'a> {
    pub(crate) fn new(targets: &'a [Target], options: &'a Options, now: Instant) -> Self {
        let starts = if options.count == Some(0) { 0 } else { targets.len() };
        Self {
            targets,
            options,
            due: (0..starts).map(|target| (now, target)).collect(),
            probes: BTreeMap::new(),
            order: VecDeque::new(),
            in_flight: 0,
            next_sequence: 1,
            outcomes: vec![Outcome::default(); targets.len()],
            ends_at: options.deadline.map(|deadline| now + deadline.min(FAR)),
        }
    }

    /// Takes the request that is due longest. It must be given back by one of `sent`, `refused` and `postponed`.
    pub(crate) fn take_due(&mut self, now: Instant) -> Option<Request> {
        let &(due, target) = self.due.first()?;
        if due > now || !self.has_room() {
            return None;
        }
        self.due.pop_first();
        while self.probes.get(&self.next_sequence).is_some_and(|probe| !probe.settled) {
            self.next_sequence = self.next_sequence.wrapping_add(1);
        }
        let echo = Echo { identifier: self.options.identifier, sequence: self.next_sequence };
        Some(Request { target, echo, due })
    }

    /// The kernel has taken the request, at `at`.
    pub(crate) fn sent(&mut self, request: Request, at: Instant) {
        let seq = self.advance(&request, at);
        let sequence = request.echo.sequence;
        self.probes.insert(sequence, Probe { target: request.target, seq, sent_at: at, settled: false });
        self.order.push_back((at, sequence));
        self.in_flight += 1;
        self.next_sequence = sequence.wrapping_add(1);
    }

    /// The kernel has refused the request.
    pub(crate) fn refused(&mut self, request: Request, errno: Errno, at: Instant) -> Event {
        let seq = self.advance(&request, at);
        self.event(request.target, seq, Answer::Refused(errno))
    }

    /// The kernel has no room for the request at the moment.
    pub(crate) fn postponed(&mut self, request: Request, now: Instant) {
        self.due.insert((now + POSTPONED, request.target));
    }

    /// Counts a request as made and plans the target's next one. One that was late does not make the next ones hurry.
    fn advance(&mut self, request: &Request, at: Instant) -> u32 {
        let outcome = &mut self.outcomes[request.target];
        outcome.sent = outcome.sent.saturating_add(1);
        let seq = outcome.sent;
        if self.options.count.unwrap_or(u32::MAX) > seq {
            let next = (request.due + self.options.interval.min(FAR)).max(at);
            self.due.insert((next, request.target));
        }
        seq
    }

    /// Takes a message that came from `from`; an event, if it answers a request of this session.
    pub(crate) fn receive(
        &mut self,
        message: &Message,
        from: IpAddr,
        ttl: Option<u8>,
        at: Instant,
    ) -> Option<Event> {
        let (Message::Reply { echo, .. } | Message::Error { echo, .. }) = message;
        if echo.identifier != self.options.identifier {
            return None;
        }
        let probe = self.probes.get_mut(&echo.sequence)?;
        let asked = self.targets[probe.target].addr;
        let answer = match *message {
            Message::Reply { bytes, .. } if may_answer(asked, from) => {
                let reply = Reply { from, ttl, rtt: at.saturating_duration_since(probe.sent_at), bytes };
                if probe.settled { Answer::Duplicate(reply) } else { Answer::Reply(reply) }
            }
            Message::Error { kind, to, .. } if (to == asked || asked.is_unspecified()) && !probe.settled => {
                Answer::Unreachable(Unreachable { from, kind })
            }
            _ => return None,
        };
        let (target, seq) = (probe.target, probe.seq);
        if !probe.settled {
            probe.settled = true;
            self.in_flight -= 1;
        }
        Some(self.event(target, seq, answer))
    }

    /// Lets go of requests whose time is over; the event of the next one that got no answer. To be called until there is none.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Event> {
        while let Some(&(sent_at, sequence)) = self.order.front() {
            if now.saturating_duration_since(sent_at) < self.options.timeout {
                return None;
            }
            self.order.pop_front();
            if self.probes.get(&sequence).is_none_or(|probe| probe.sent_at != sent_at) {
                continue;
            }
            let Some(probe) = self.probes.remove(&sequence) else { continue };
            if !probe.settled {
                self.in_flight -= 1;
                return Some(self.event(probe.target, probe.seq, Answer::Timeout));
            }
        }
        None
    }

    /// When something is to be done next even if no packet comes.
    pub(crate) fn wakes_at(&self) -> Option<Instant> {
        let due = self.due.first().filter(|_| self.has_room()).map(|(due, _)| *due);
        let expires = self.order.front().map(|(sent_at, _)| *sent_at + self.options.timeout.min(FAR));
        [due, expires, self.ends_at].into_iter().flatten().min()
    }

    /// Whether nothing is left to be sent or awaited, or the deadline has passed.
    pub(crate) fn is_over(&self, now: Instant) -> bool {
        (self.due.is_empty() && self.in_flight == 0) || self.ends_at.is_some_and(|end| end <= now)
    }

    /// What came of each target's requests, in the order of the targets.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.outcomes
    }

    fn has_room(&self) -> bool {
        self.in_flight < self.options.in_flight.clamp(1, MOST_IN_FLIGHT)
    }

    fn event(&mut self, target: usize, seq: u32, answer: Answer) -> Event {
        self.outcomes[target].count(&answer);
        Event { target, seq, answer }
    }
}

/// Whether a reply from `from` can answer what was asked of `asked`. To a multicast address any host answers, to the
/// unspecified one the node itself, with an address of its choice.
fn may_answer(asked: IpAddr, from: IpAddr) -> bool {
    asked == from || asked.is_multicast() || asked.is_unspecified()
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
