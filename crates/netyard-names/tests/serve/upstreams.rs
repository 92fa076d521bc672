//! Aliases that lead to names of others, and other servers that refuse.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_names::{Limits, Report};
use netyard_types::{RecordData, View};

use crate::client::{PATIENCE, addresses, ask, ask_over, connect, datagrams, parse, query, rcode, receive};
use crate::forwarding::{Answers, answer, impatient, right, silent, upstream};
use crate::server::{Lab, Wanted, domain, node};

/// A server that asks others, of which none is given up before the test is.
fn lab(upstreams: &[SocketAddr]) -> (Lab, SocketAddr) {
    let mut lab = Lab::start(Limits { upstream: PATIENCE, forward: PATIENCE * 2, ..Limits::default() });
    let addr = lab.listen("a");
    lab.names(Wanted::new().a("db", "10.0.0.7").alias("www", "cdn.example.com").forward(upstreams));
    assert_eq!(lab.commit(), Report::Committed);
    (lab, addr)
}

/// The question of a query with a code, and nothing else.
fn code(query: &[u8], rcode: u8) -> Vec<u8> {
    let mut reply = answer(query, [0; 4], 0);
    reply.truncate(reply.len() - 16);
    reply[3] |= rcode;
    reply[7] = 0;
    reply
}

/// A code without the question.
fn bare(query: &[u8], rcode: u8) -> Vec<u8> {
    [&query[..2], &[0x80, rcode], &[0; 8]].concat()
}

fn fails(query: &[u8]) -> Vec<Vec<u8>> {
    vec![code(query, 2)]
}

fn refuses(query: &[u8]) -> Vec<Vec<u8>> {
    vec![code(query, 5)]
}

fn refuses_barely(query: &[u8]) -> Vec<Vec<u8>> {
    vec![bare(query, 1)]
}

fn is_not_there(query: &[u8]) -> Vec<Vec<u8>> {
    vec![code(query, 3)]
}

#[test]
fn an_alias_is_followed_to_another_server() {
    let (other, queries) = upstream(right);
    let (_lab, addr) = lab(&[other]);
    let message = ask(addr, "www.office.test");
    let answers: Vec<String> = message.answers.iter().map(ToString::to_string).collect();
    assert_eq!(
        answers,
        ["www.office.test. 60 IN CNAME cdn.example.com.", "cdn.example.com. 30 IN A 192.0.2.1"]
    );
    assert!(message.metadata.authoritative && message.metadata.recursion_available);
    let mut stream = connect(addr);
    let message = ask_over(&mut stream, &query(9, "WWW.office.test", RecordType::A)).unwrap();
    assert_eq!((message.metadata.id, addresses(&message)), (9, vec!["192.0.2.1".to_owned()]));
    assert_eq!(message.queries[0].name().to_string(), "WWW.office.test.");
    for _ in 0..2 {
        let asked = parse(&queries.recv_timeout(PATIENCE).unwrap());
        assert_eq!(asked.queries[0].to_string(), "cdn.example.com. IN A");
    }
    // One who asks for the alias gets it.
    let message = ask_over(&mut stream, &query(9, "www.office.test", RecordType::CNAME)).unwrap();
    assert_eq!(message.answers.len(), 1);
    assert!(queries.try_recv().is_err());
}

#[test]
fn an_alias_of_a_view_is_followed_for_its_nodes() {
    let (other, _queries) = upstream(right);
    let mut lab = Lab::start(Limits::default());
    let addrs = ["a", "b"].map(|on| lab.listen(on));
    let mut names = Wanted::new().a("db", "10.0.0.7").forward(&[other]);
    names.0.views.push(View {
        name: "inside".to_owned(),
        nodes: [node("a")].into(),
        records: [(domain("db.office.test"), vec![RecordData::Cname(domain("db.example.com")).into()])]
            .into(),
        troubles: netyard_types::Troubles::default(),
    });
    lab.names(names);
    assert_eq!(lab.commit(), Report::Committed);
    assert_eq!(addrs.map(|addr| addresses(&ask(addr, "db.office.test"))), [["192.0.2.1"], ["10.0.0.7"]]);
}

#[test]
fn what_becomes_of_the_target_becomes_of_the_alias() {
    let (other, _queries) = upstream(is_not_there);
    let (_lab, addr) = lab(&[other]);
    let message = ask(addr, "www.office.test");
    assert_eq!((rcode(&message), message.answers.len()), (ResponseCode::NXDomain, 1));
    for refusal in [fails as Answers, refuses, refuses_barely] {
        let (other, _queries) = upstream(refusal);
        let (_lab, addr) = lab(&[other]);
        let message = ask(addr, "www.office.test");
        assert_eq!((rcode(&message), message.answers.len()), (ResponseCode::ServFail, 0));
    }
    let (silent, _queries) = upstream(silent);
    let mut lab = Lab::start(impatient(100));
    let addr = lab.listen("a");
    lab.names(Wanted::new().alias("www", "cdn.example.com").forward(&[silent]));
    assert_eq!(lab.commit(), Report::Committed);
    assert_eq!(rcode(&ask(addr, "www.office.test")), ResponseCode::ServFail);
}

#[test]
fn an_alias_that_comes_back_is_not_followed_for_ever() {
    let (other, queries) = upstream(|query| {
        let mut reply = answer(query, [0; 4], 0);
        reply.truncate(reply.len() - 6);
        // In place of the address, an alias of the lab's own name.
        let (at, name) = (reply.len() - 8, b"\x03www\x06office\x04test\0");
        reply[at + 1] = 5;
        reply.extend([0, u8::try_from(name.len()).unwrap()]);
        reply.extend(name);
        vec![reply]
    });
    let (_lab, addr) = lab(&[other]);
    let message = ask(addr, "www.office.test");
    let data: Vec<String> = message.answers.iter().map(|record| record.data.to_string()).collect();
    assert_eq!(data, ["cdn.example.com.", "www.office.test."]);
    assert_eq!(queries.recv_timeout(PATIENCE).map(|query| query.len() > 12), Ok(true));
    assert!(queries.try_recv().is_err(), "asked once");
}

/// Nothing here waits until a server has had its time.
#[test]
fn a_server_that_refuses_is_passed_over() {
    let (good, _queries) = upstream(right);
    for refusal in [fails as Answers, refuses, refuses_barely] {
        let (other, asked) = upstream(refusal);
        let (_lab, addr) = lab(&[other, good]);
        let start = Instant::now();
        assert_eq!(addresses(&ask(addr, "example.com")), ["192.0.2.1"]);
        let mut stream = connect(addr);
        let message = ask_over(&mut stream, &query(9, "www.office.test", RecordType::A)).unwrap();
        assert_eq!(addresses(&message), ["192.0.2.1"]);
        assert!(start.elapsed() < PATIENCE);
        for _ in 0..2 {
            asked.recv_timeout(PATIENCE).unwrap();
        }
    }
    // That there is no such name is an answer.
    let (other, _queries) = upstream(is_not_there);
    let (_lab, addr) = lab(&[other, good]);
    assert_eq!(rcode(&ask(addr, "example.com")), ResponseCode::NXDomain);
}

#[test]
fn a_refusal_is_handed_on_when_nobody_answers() {
    let [(failing, _a), (refusing, _b), (bare, _c)] =
        [fails as Answers, refuses, refuses_barely].map(upstream);
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (upstreams, expected) in [
        (&[bare][..], ResponseCode::FormErr),
        (&[failing, refusing], ResponseCode::Refused),
        (&[refusing, failing], ResponseCode::ServFail),
        (&[failing, refusing, closed], ResponseCode::Refused),
        (&[refusing, bare, closed], ResponseCode::FormErr),
    ] {
        let (_lab, addr) = lab(upstreams);
        let message = ask(addr, "example.com");
        assert_eq!((rcode(&message), message.queries.len()), (expected, 1));
        assert_eq!(message.queries[0].to_string(), "example.com. IN A");
    }
}

#[test]
fn one_who_asks_too_much_leaves_room_for_others() {
    let (other, _queries) = upstream(|query| {
        let is_for_silence = query[13..].starts_with(b"silence");
        if is_for_silence { Vec::new() } else { right(query) }
    });
    let limits = Limits {
        forwards: 8,
        forwards_of_one: 3,
        upstream: PATIENCE,
        forward: PATIENCE,
        ..Limits::default()
    };
    let mut lab = Lab::start(limits);
    let addrs = ["a", "b"].map(|on| lab.listen(on));
    lab.names(Wanted::new().alias("silence", "silence.example").forward(&[other]));
    assert_eq!(lab.commit(), Report::Committed);
    let greedy = datagrams(addrs[0]);
    for id in 0..10 {
        let name = if id % 2 == 0 { "silence.example" } else { "silence.office.test" };
        greedy.send(&query(id, name, RecordType::A)).unwrap();
    }
    // He has three on their way, over whatever socket and connection.
    let failed: Vec<u16> = (0..7).map(|_| receive(&greedy)).map(|message| message.metadata.id).collect();
    assert_eq!(failed, [3, 4, 5, 6, 7, 8, 9]);
    let mut stream = connect(addrs[0]);
    let message = ask_over(&mut stream, &query(1, "example.com", RecordType::A)).unwrap();
    assert_eq!(rcode(&message), ResponseCode::ServFail);
    assert_eq!(addresses(&ask(addrs[1], "example.com")), ["192.0.2.1"]);
}

#[test]
fn who_is_answered_has_his_share_again() {
    let (other, _queries) = upstream(right);
    let mut lab = Lab::start(Limits { forwards_of_one: 1, ..Limits::default() });
    let addr = lab.listen("a");
    let late = Wanted::new().a("slow", "10.0.0.8").slow("slow", 1).forward(&[other]);
    lab.names(late);
    assert_eq!(lab.commit(), Report::Committed);
    for _ in 0..20 {
        assert_eq!(addresses(&ask(addr, "example.com")), ["192.0.2.1"]);
        assert_eq!(addresses(&ask(addr, "slow.office.test")), ["10.0.0.8"]);
    }
}

#[test]
fn slow_answers_of_one_leave_room_for_those_of_others() {
    let late = 300;
    let limits = Limits { delayed: 8, delayed_of_one: 3, ..Limits::default() };
    let mut lab = Lab::start(limits);
    let addrs = ["a", "b"].map(|on| lab.listen(on));
    lab.names(Wanted::new().a("slow", "10.0.0.8").slow("slow", late).a("db", "10.0.0.7"));
    assert_eq!(lab.commit(), Report::Committed);
    let greedy = datagrams(addrs[0]);
    for id in 0..20 {
        greedy.send(&query(id, "slow.office.test", RecordType::A)).unwrap();
    }
    greedy.send(&query(20, "db.office.test", RecordType::A)).unwrap();
    assert_eq!(receive(&greedy).metadata.id, 20);
    assert_eq!(addresses(&ask(addrs[1], "slow.office.test")), ["10.0.0.8"]);
    // The others were lost, as datagrams are.
    let ids: Vec<u16> = (0..3).map(|_| receive(&greedy).metadata.id).collect();
    assert_eq!(ids, [0, 1, 2]);
    greedy.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    assert!(greedy.recv(&mut [0; 512]).is_err());
}

#[test]
fn many_answers_that_are_due_together_all_come() {
    let (_lab, addr) = Lab::with(Wanted::new().a("slow", "10.0.0.8").slow("slow", 300));
    let question = crate::client::framed(&query(1, "slow.office.test", RecordType::A));
    let mut streams: Vec<_> = (0..10).map(|_| connect(addr)).collect();
    for stream in &mut streams {
        std::io::Write::write_all(stream, &question.repeat(60)).unwrap();
    }
    for stream in &mut streams {
        for _ in 0..60 {
            assert_eq!(addresses(&parse(&crate::client::read(stream).unwrap())), ["10.0.0.8"]);
        }
    }
}
