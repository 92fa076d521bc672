//! What comes of requests, one by one and summed up.

use std::net::IpAddr;
use std::time::Duration;

use nix::errno::Errno;

use crate::UnreachableKind;

/// What came of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// Whose request it was: the place in the list of targets.
    pub target: usize,
    /// Which of that target's requests it was, counted from 1.
    pub seq: u32,
    /// What came of it.
    pub answer: Answer,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The target answered.
    Reply(Reply),
    /// An answer had come already, and here is another: a packet was doubled on the way, or several hosts answer.
    Duplicate(Reply),
    /// Somebody on the way could not deliver it.
    Unreachable(Unreachable),
    /// Nothing came in time.
    Timeout,
    /// The node's own kernel refused to send it: `ENETUNREACH` without a route, `EPERM` from a firewall, `EMSGSIZE`, …
    Refused(Errno),
}

/// The answer of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    /// Who answered: the target, or any host where the target is a multicast address.
    pub from: IpAddr,
    /// What was left of the answer's time to live (IPv4) or hop limit (IPv6); none if the kernel did not tell.
    pub ttl: Option<u8>,
    /// The time from the sending of the request to the arrival of the answer, to the nanosecond.
    pub rtt: Duration,
    /// The length of the answer with its header of 8 bytes, without the IP header.
    pub bytes: usize,
}

/// The answer of somebody who could not deliver a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreachable {
    /// Who says so: a router, or the node itself.
    pub from: IpAddr,
    /// Why.
    pub kind: UnreachableKind,
}

/// All that came of one target's requests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Requests made, those that the kernel refused included. Those neither received nor unreachable nor refused got no answer.
    pub sent: u32,
    /// Requests that the target answered.
    pub received: u32,
    /// Answers to requests that were answered already.
    pub duplicates: u32,
    /// Requests that somebody on the way could not deliver.
    pub unreachable: u32,
    /// Requests that the node's own kernel refused to send.
    pub refused: u32,
    /// The times of the answers; none if there was no answer.
    pub rtt: Option<Rtt>,
}

/// The times of a target's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rtt {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
    /// All of them together.
    pub total: Duration,
}

impl Outcome {
    /// The mean time of the answers, if there is any.
    #[must_use]
    pub fn avg(&self) -> Option<Duration> {
        self.rtt?.total.checked_div(self.received)
    }

    /// The requests without an answer of the target, in thousandths of those sent; 0 if none was sent.
    #[must_use]
    pub fn loss_permille(&self) -> u32 {
        let lost = u64::from(self.sent.saturating_sub(self.received)) * 1000;
        lost.checked_div(u64::from(self.sent)).map_or(0, |share| u32::try_from(share).expect("at most 1000"))
    }

    /// Counts what came of one request.
    pub(crate) fn count(&mut self, answer: &Answer) {
        match answer {
            Answer::Reply(reply) => {
                self.received += 1;
                let rtt =
                    self.rtt.get_or_insert(Rtt { min: reply.rtt, max: reply.rtt, total: Duration::ZERO });
                rtt.min = rtt.min.min(reply.rtt);
                rtt.max = rtt.max.max(reply.rtt);
                rtt.total = rtt.total.saturating_add(reply.rtt);
            }
            Answer::Duplicate(_) => self.duplicates = self.duplicates.saturating_add(1),
            Answer::Unreachable(_) => self.unreachable += 1,
            Answer::Refused(_) => self.refused += 1,
            Answer::Timeout => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn reply(micros: u64) -> Reply {
        Reply {
            from: Ipv4Addr::LOCALHOST.into(),
            ttl: Some(64),
            rtt: Duration::from_micros(micros),
            bytes: 64,
        }
    }

    #[test]
    fn times_are_summed_up() {
        let mut outcome = Outcome { sent: 4, ..Outcome::default() };
        for micros in [20, 10, 60] {
            outcome.count(&Answer::Reply(reply(micros)));
        }
        outcome.count(&Answer::Duplicate(reply(1000)));
        outcome.count(&Answer::Timeout);
        let rtt = outcome.rtt.unwrap();
        let micros = [rtt.min, outcome.avg().unwrap(), rtt.max].map(|time| time.as_micros());
        assert_eq!(micros, [10, 30, 60]);
        assert_eq!((outcome.received, outcome.duplicates, outcome.loss_permille()), (3, 1, 250));
    }

    #[test]
    fn nothing_sent_is_nothing_lost() {
        let outcome = Outcome::default();
        assert_eq!((outcome.avg(), outcome.loss_permille()), (None, 0));
    }
}
