//! The session, told of packets and times by hand.

use super::*;
use crate::UnreachableKind;

const MS: Duration = Duration::from_millis(1);

fn options(count: u32) -> Options {
    Options { count: Some(count), identifier: 9, ..Options::default() }
}

fn targets(addrs: &[&str]) -> Vec<Target> {
    addrs.iter().map(|addr| Target::from(addr.parse::<IpAddr>().unwrap())).collect()
}

fn reply(echo: Echo) -> Message {
    Message::Reply { echo, bytes: 64 }
}

fn host_unreachable(echo: Echo, to: &str) -> Message {
    Message::Error { kind: UnreachableKind::Host, echo, to: to.parse().unwrap() }
}

/// Sends whatever is due.
fn send_due(session: &mut Session<'_>, now: Instant) -> Vec<Request> {
    let mut sent = Vec::new();
    while let Some(request) = session.take_due(now) {
        session.sent(request, now);
        sent.push(request);
    }
    sent
}

#[test]
fn requests_come_at_their_interval_and_no_more_than_the_count() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(2), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    assert_eq!(send_due(&mut session, t0).len(), 1);
    assert_eq!(send_due(&mut session, t0 + 999 * MS).len(), 0);
    assert_eq!(session.wakes_at(), Some(t0 + 1000 * MS));
    assert_eq!(send_due(&mut session, t0 + 1000 * MS)[0].echo, Echo { identifier: 9, sequence: 2 });
    assert_eq!(send_due(&mut session, t0 + 9000 * MS).len(), 0);
    assert_eq!(session.into_outcomes()[0].sent, 2);
}

#[test]
fn a_reply_settles_its_request_and_the_session_is_over() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let request = send_due(&mut session, t0)[0];
    assert!(!session.is_over(t0));
    let event = session.receive(&reply(request.echo), targets[0].addr, Some(64), t0 + 3 * MS).unwrap();
    let expected = Reply { from: targets[0].addr, ttl: Some(64), rtt: 3 * MS, bytes: 64 };
    assert_eq!(event, Event { target: 0, seq: 1, answer: Answer::Reply(expected) });
    assert!(session.is_over(t0 + 3 * MS));
    assert_eq!(session.into_outcomes()[0].received, 1);
}

#[test]
fn a_second_reply_is_a_duplicate_and_a_late_one_nothing() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let echo = send_due(&mut session, t0)[0].echo;
    let from = targets[0].addr;
    session.receive(&reply(echo), from, None, t0).unwrap();
    let again = session.receive(&reply(echo), from, None, t0 + MS).unwrap();
    assert!(matches!(again.answer, Answer::Duplicate(_)));
    assert_eq!(session.expire(t0 + options.timeout), None, "it was answered");
    assert_eq!(session.receive(&reply(echo), from, None, t0 + options.timeout), None);
    let outcome = session.into_outcomes()[0];
    assert_eq!((outcome.received, outcome.duplicates), (1, 1));
}

#[test]
fn answers_to_others_are_not_ours() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let echo = send_due(&mut session, t0)[0].echo;
    let (ours, other): (IpAddr, IpAddr) = (targets[0].addr, "10.0.0.2".parse().unwrap());
    let wrong = [
        (reply(Echo { identifier: 8, ..echo }), ours),
        (reply(Echo { sequence: 2, ..echo }), ours),
        (reply(echo), other),
        (host_unreachable(echo, "10.0.0.2"), other),
    ];
    for (message, from) in wrong {
        assert_eq!(session.receive(&message, from, None, t0), None, "{message:?} from {from}");
    }
    assert!(session.receive(&reply(echo), ours, None, t0).is_some());
}

#[test]
fn an_error_settles_the_request_that_it_quotes() {
    let (targets, options, t0) = (targets(&["10.0.0.1", "10.0.0.2"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let echo = send_due(&mut session, t0)[1].echo;
    let router: IpAddr = "10.0.0.254".parse().unwrap();
    let event = session.receive(&host_unreachable(echo, "10.0.0.2"), router, Some(64), t0).unwrap();
    let expected = Unreachable { from: router, kind: UnreachableKind::Host };
    assert_eq!(event, Event { target: 1, seq: 1, answer: Answer::Unreachable(expected) });
    assert_eq!(
        session.receive(&host_unreachable(echo, "10.0.0.2"), router, None, t0),
        None,
        "once is enough"
    );
    assert_eq!(session.into_outcomes()[1].unreachable, 1);
}

#[test]
fn what_nobody_answers_times_out_once() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    send_due(&mut session, t0);
    assert_eq!(session.wakes_at(), Some(t0 + options.timeout));
    assert_eq!(session.expire(t0 + options.timeout - MS), None);
    let event = session.expire(t0 + options.timeout).unwrap();
    assert_eq!(event, Event { target: 0, seq: 1, answer: Answer::Timeout });
    assert_eq!(session.expire(t0 + options.timeout), None);
    assert!(session.is_over(t0 + options.timeout));
}

#[test]
fn no_more_wait_for_answers_than_allowed() {
    let options = Options { in_flight: 2, ..options(1) };
    let (targets, t0) = (targets(&["10.0.0.1", "10.0.0.2", "10.0.0.3"]), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let sent = send_due(&mut session, t0);
    assert_eq!(sent.len(), 2);
    assert_eq!(session.wakes_at(), Some(t0 + options.timeout), "the third waits for room, not for the time");
    session.receive(&reply(sent[0].echo), targets[0].addr, None, t0 + MS).unwrap();
    assert_eq!(send_due(&mut session, t0 + MS)[0].target, 2);
}

#[test]
fn a_refused_request_counts_and_the_next_one_comes() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(2), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    for seq in 1..=2 {
        let now = t0 + (seq - 1) * options.interval;
        let request = session.take_due(now).unwrap();
        let event = session.refused(request, Errno::ENETUNREACH, now);
        assert_eq!(event, Event { target: 0, seq, answer: Answer::Refused(Errno::ENETUNREACH) });
    }
    assert!(session.is_over(t0 + options.interval));
    let outcome = session.into_outcomes()[0];
    assert_eq!((outcome.sent, outcome.refused), (2, 2));
}

#[test]
fn a_postponed_request_is_neither_lost_nor_counted() {
    let (targets, options, t0) = (targets(&["10.0.0.1"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let request = session.take_due(t0).unwrap();
    session.postponed(request, t0);
    assert!(!session.is_over(t0));
    assert_eq!(session.take_due(t0), None, "no busy loop");
    assert_eq!(send_due(&mut session, t0 + POSTPONED).len(), 1);
}

#[test]
fn the_deadline_ends_everything() {
    let options = Options { count: None, deadline: Some(10 * MS), ..options(1) };
    let (targets, t0) = (targets(&["10.0.0.1"]), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    send_due(&mut session, t0);
    assert_eq!(session.wakes_at(), Some(t0 + 10 * MS));
    assert!(!session.is_over(t0 + 9 * MS));
    assert!(session.is_over(t0 + 10 * MS));
}

#[test]
fn sequence_numbers_go_round_and_spare_those_that_wait() {
    let options = Options { count: None, interval: Duration::ZERO, ..options(1) };
    let (targets, t0) = (targets(&["10.0.0.1", "10.0.0.2"]), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let waiting = session.take_due(t0).unwrap();
    session.sent(waiting, t0);
    for _ in 0..=u16::MAX {
        let request = session.take_due(t0).unwrap();
        assert_ne!(request.echo.sequence, waiting.echo.sequence);
        session.sent(request, t0);
        session.receive(&reply(request.echo), targets[request.target].addr, None, t0).unwrap();
    }
    assert_eq!(session.in_flight, 1);
}

#[test]
fn the_longest_times_are_no_overflow() {
    let longest = Some(Duration::MAX);
    let options =
        Options { interval: Duration::MAX, timeout: Duration::MAX, deadline: longest, ..options(2) };
    let (targets, t0) = (targets(&["10.0.0.1"]), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    assert_eq!(send_due(&mut session, t0).len(), 1);
    assert!(session.wakes_at().unwrap() > t0);
}

#[test]
fn nothing_to_ask_is_over_at_once() {
    let (none, some, t0) = (targets(&[]), targets(&["10.0.0.1"]), Instant::now());
    assert!(Session::new(&none, &Options::default(), t0).is_over(t0));
    assert!(Session::new(&some, &options(0), t0).is_over(t0));
}

#[test]
fn any_host_answers_for_a_group() {
    let (targets, options, t0) = (targets(&["ff02::1", "0.0.0.0"]), options(1), Instant::now());
    let mut session = Session::new(&targets, &options, t0);
    let sent = send_due(&mut session, t0);
    let hosts: [IpAddr; 2] = ["fe80::7".parse().unwrap(), "127.0.0.1".parse().unwrap()];
    for (request, from) in sent.iter().zip(hosts) {
        assert!(session.receive(&reply(request.echo), from, None, t0).is_some());
    }
}
