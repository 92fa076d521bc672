//! The loop of a ping: the session's requests go out by the sockets, and what comes in goes to the session.

use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;

use crate::packet::{self, HEADER_LEN};
use crate::session::{Request, Session};
use crate::socket::{Sent, Sockets};
use crate::{Event, Family, Options, Outcome, PingError, Target};

/// How often `stop` is asked at least. A signal ends a wait at once, but not if it comes just before the wait begins.
const STOP_INTERVAL: Duration = Duration::from_millis(100);

/// The largest IP packet (RFC 791 §3.1; RFC 8200 §3 without the 40 bytes of the header).
const LARGEST_PACKET: u16 = u16::MAX;

/// How many packets are sent or taken in before anything else is looked at, so that a flood does not hold up everything.
const MOST_AT_ONCE: usize = 512;

/// Asks all `targets` at once from the network namespace that the file `namespace` names, and tells what came of every request.
/// Returns what came of each target's requests, in the order of `targets`; targets may be named more than once.
///
/// Ends when every target has had its [`count`](Options::count) of requests and each is answered or timed out, at the
/// [`deadline`](Options::deadline), or as soon as `stop` says so; it is asked at least ten times a second, and after every
/// signal. Requests that wait for their answer then are counted as sent.
///
/// The process needs `CAP_SYS_ADMIN` over the namespace to enter it (setns(2)) and `CAP_NET_RAW` in it. The calling thread stays
/// in its own namespace.
///
/// # Errors
/// When the sockets cannot be opened there, or a payload is larger than a packet. That a request is refused is no error but an
/// [`Answer`](crate::Answer).
pub fn ping(
    namespace: &Path,
    targets: &[Target],
    options: &Options,
    stop: &dyn Fn() -> bool,
    on_event: &mut dyn FnMut(&Event),
) -> Result<Vec<Outcome>, PingError> {
    check_payload(targets, options)?;
    let sockets = Sockets::open(namespace, targets, options)?;
    let session = Session::new(targets, options, Instant::now());
    let buffer = vec![0; usize::from(LARGEST_PACKET) + 1];
    let mut run = Run { sockets, session, buffer, message: Vec::new(), on_event };
    while !stop() {
        run.take_in()?;
        run.expire();
        run.send_due(targets, options)?;
        let now = Instant::now();
        if run.session.is_over(now) {
            break;
        }
        run.wait(now)?;
    }
    Ok(run.session.into_outcomes())
}

fn check_payload(targets: &[Target], options: &Options) -> Result<(), PingError> {
    for target in targets {
        let family = Family::of(target.addr);
        let ip_header = if family == Family::V4 { 20 } else { 0 };
        let max = LARGEST_PACKET - ip_header - u16::try_from(HEADER_LEN).expect("it is 8");
        if options.payload > max {
            return Err(PingError::PayloadTooLarge { family, size: options.payload, max });
        }
    }
    Ok(())
}

struct Run<'a, 'e> {
    sockets: Sockets,
    session: Session<'a>,
    buffer: Vec<u8>,
    message: Vec<u8>,
    on_event: &'e mut dyn FnMut(&Event),
}

impl Run<'_, '_> {
    /// Sends what is due. Answers are taken in between, because one segment can answer faster than a burst is sent.
    fn send_due(&mut self, targets: &[Target], options: &Options) -> Result<(), PingError> {
        for _ in 0..MOST_AT_ONCE {
            let Some(request) = self.session.take_due(Instant::now()) else { break };
            let family = Family::of(targets[request.target].addr);
            packet::write_request(family, request.echo, options.payload, &mut self.message);
            if !self.send(request) {
                break;
            }
            self.take_in()?;
        }
        Ok(())
    }

    /// Sends one request; says whether there is room for more.
    fn send(&mut self, request: Request) -> bool {
        let at = Instant::now();
        match self.sockets.send(request.target, &self.message) {
            Sent::Taken => self.session.sent(request, at),
            Sent::Refused(errno) => (self.on_event)(&self.session.refused(request, errno, at)),
            Sent::Full => {
                self.session.postponed(request, at);
                return false;
            }
        }
        true
    }

    /// Takes in the packets that have come.
    fn take_in(&mut self) -> Result<(), PingError> {
        for socket in &mut self.sockets.open {
            for _ in 0..MOST_AT_ONCE {
                let Some(received) = socket.receive(&mut self.buffer)? else { break };
                let at = Instant::now();
                let bytes = &self.buffer[..received.len];
                let read = match socket.family {
                    Family::V4 => packet::read_v4(bytes).map(|(ttl, message)| (Some(ttl), message)),
                    Family::V6 => packet::read_v6(bytes).map(|message| (received.hop_limit, message)),
                };
                let Some((ttl, message)) = read else { continue };
                if let Some(event) = self.session.receive(&message, received.from, ttl, at) {
                    (self.on_event)(&event);
                }
            }
        }
        Ok(())
    }

    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(event) = self.session.expire(now) {
            (self.on_event)(&event);
        }
    }

    /// Sleeps until a packet comes or the session has something to do.
    fn wait(&self, now: Instant) -> Result<(), PingError> {
        let until = self.session.wakes_at().map_or(STOP_INTERVAL, |at| at.saturating_duration_since(now));
        let mut fds: Vec<PollFd<'_>> =
            self.sockets.open.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        match ppoll(&mut fds, Some(TimeSpec::from(until.min(STOP_INTERVAL))), None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(source) => Err(PingError::Wait { source }),
        }
    }
}
