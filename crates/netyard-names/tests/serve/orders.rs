//! What the keeper orders.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use netyard_names::{Limits, Listener, Order, Protocol, Report};

use crate::client::{addresses, ask, ask_over, connect, datagrams, is_closed, query, rcode, receive};
use crate::server::{Lab, Wanted, node};

fn reason(report: Report) -> String {
    match report {
        Report::Rejected { reason } => reason,
        report => panic!("{report:?}"),
    }
}

#[test]
fn the_next_question_is_answered_by_what_was_committed() {
    let (mut lab, addr) = Lab::with(Wanted::new().a("db", "10.0.0.1"));
    let (end, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for is_stream in [false, true] {
            let (end, asked) = (&end, &asked);
            scope.spawn(move || {
                let socket = datagrams(addr);
                let mut stream = connect(addr);
                let query = query(5, "db.office.test", RecordType::A);
                while !end.load(Ordering::Relaxed) {
                    let message = if is_stream {
                        ask_over(&mut stream, &query).unwrap()
                    } else {
                        socket.send(&query).unwrap();
                        receive(&socket)
                    };
                    // The old ones or the new ones, but never none and never both.
                    let found = addresses(&message);
                    assert!(found == ["10.0.0.1"] || found == ["10.0.0.2"], "{message:?}");
                    asked.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut stream = connect(addr);
        for number in 0..200 {
            let current = ["10.0.0.1", "10.0.0.2"][number % 2];
            lab.names(Wanted::new().a("db", current));
            assert_eq!(lab.commit(), Report::Committed);
            assert_eq!(addresses(&ask(addr, "db.office.test")), [current]);
            let message = ask_over(&mut stream, &query(1, "db.office.test", RecordType::A)).unwrap();
            assert_eq!(addresses(&message), [current]);
        }
        end.store(true, Ordering::Relaxed);
    });
    assert!(asked.load(Ordering::Relaxed) > 200);
}

#[test]
fn nothing_is_changed_before_the_commit() {
    let (mut lab, addr) = Lab::with(Wanted::new().a("db", "10.0.0.1"));
    lab.names(Wanted::new().a("db", "10.0.0.2"));
    let other = lab.listen("b");
    let waiting = datagrams(other);
    waiting.send(&query(3, "db.office.test", RecordType::A)).unwrap();
    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.1"]);
    assert_eq!(lab.commit(), Report::Committed);
    // What came before is answered, too.
    assert_eq!(addresses(&receive(&waiting)), ["10.0.0.2"]);
}

#[test]
fn what_is_rejected_leaves_everything_as_it_was() {
    let (mut lab, addr) = Lab::with(Wanted::new().a("db", "10.0.0.1"));
    let first = lab.last_ids();

    lab.names_text(b"{ \"domain\": 5 }");
    let never = lab.listen("b");
    lab.order(&Order::Close { ids: first.clone() }, &[]);
    assert!(reason(lab.commit()).contains("no names (line 1"));
    assert!(TcpStream::connect(never).is_err(), "the sockets of what was rejected are closed");

    lab.names(Wanted::new().a("db", "10.0.0.2"));
    lab.order(&Order::Close { ids: vec![first[0], 99] }, &[]);
    assert_eq!(reason(lab.commit()), "there is no socket with the number 99");

    lab.names(Wanted::new().a("db", "10.0.0.2"));
    let taken = Listener { id: first[0], node: node("b"), protocol: Protocol::Udp };
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let fresh = lab.listen("b");
    lab.order(&Order::Listen { listeners: vec![taken.clone()] }, &[std::os::fd::AsFd::as_fd(&socket)]);
    assert_eq!(reason(lab.commit()), format!("there is a socket with the number {} already", first[0]));
    assert!(TcpStream::connect(fresh).is_err());

    lab.order(&Order::Listen { listeners: vec![taken] }, &[]);
    assert_eq!(reason(lab.commit()), "an order came with 0 descriptors in place of 1");

    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.1"]);
    // What was rejected is forgotten.
    assert_eq!(lab.commit(), Report::Committed);
    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.1"]);
}

#[test]
fn without_names_nothing_can_be_answered() {
    let mut lab = Lab::start(Limits::default());
    lab.listen("a");
    assert_eq!(reason(lab.commit()), "there are no names to answer with");
}

#[test]
fn what_is_closed_is_closed_with_its_connections() {
    let (mut lab, first) = Lab::with(Wanted::new().a("db", "10.0.0.1"));
    let ids = lab.last_ids();
    let mut stream = connect(first);
    ask_over(&mut stream, &query(1, "db.office.test", RecordType::A)).unwrap();
    let second = lab.listen("b");
    lab.order(&Order::Close { ids }, &[]);
    assert_eq!(lab.commit(), Report::Committed);
    assert!(is_closed(&mut stream));
    assert!(TcpStream::connect(first).is_err());
    let socket = datagrams(first);
    socket.send(b"anybody?").unwrap();
    assert_eq!(socket.recv(&mut [0; 10]).unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    assert_eq!(addresses(&ask(second, "db.office.test")), ["10.0.0.1"]);
}

#[test]
fn every_node_is_answered_on_its_own_socket() {
    let mut names = Wanted::new().a("db", "10.0.0.1");
    let zone = Wanted::new().a("db", "10.0.0.9").0;
    names.0.views = vec![netyard_types::View {
        name: "inside".into(),
        nodes: [node("b")].into(),
        records: zone.zones[&zone.domain].clone(),
        troubles: netyard_types::Troubles::default(),
    }];
    let mut lab = Lab::start(Limits::default());
    let addrs = ["a", "b"].map(|on| lab.listen(on));
    lab.names(names);
    assert_eq!(lab.commit(), Report::Committed);
    for (addr, expected) in addrs.into_iter().zip(["10.0.0.1", "10.0.0.9"]) {
        assert_eq!(addresses(&ask(addr, "db.office.test")), [expected]);
        let mut stream = connect(addr);
        let message = ask_over(&mut stream, &query(1, "db.office.test", RecordType::A)).unwrap();
        assert_eq!(addresses(&message), [expected]);
    }
}

#[test]
fn many_nodes_are_answered() {
    const NODES: usize = 300;
    let mut lab = Lab::start(Limits::default());
    let addrs: Vec<_> = (0..NODES).map(|number| lab.listen(&format!("n{number}"))).collect();
    lab.names(Wanted::new().a("db", "10.0.0.1"));
    assert_eq!(lab.commit(), Report::Committed);
    for addr in addrs {
        assert_eq!(rcode(&ask(addr, "db.office.test")), ResponseCode::NoError);
    }
}
