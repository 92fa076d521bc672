//! The cases about names.

use std::net::{SocketAddrV6, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::RecordType;
use netyard_probe::{Family, Resolv, ResolveError, Resolver, ServerFault, Target};
use nix::errno::Errno;
use nix::net::if_::if_nametoindex;

use crate::sandbox::{Nodes, ip, namespace, sysctl};
use crate::server::{Server, answer, asked_for, empty, framed, open_in, socket};

/// The cases by name.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("the_hosts_file_comes_first", the_hosts_file_comes_first),
    ("domains_are_searched_in_order", domains_are_searched_in_order),
    ("ipv4_is_asked_for_first", ipv4_is_asked_for_first),
    ("what_is_not_there_is_said_by_whom", what_is_not_there_is_said_by_whom),
    ("of_several_misses_the_one_that_says_most_is_told", of_several_misses_the_one_that_says_most_is_told),
    ("replies_to_other_questions_are_passed_over", replies_to_other_questions_are_passed_over),
    ("a_cut_reply_is_asked_for_by_tcp", a_cut_reply_is_asked_for_by_tcp),
    ("nonsense_by_tcp_is_no_answer", nonsense_by_tcp_is_no_answer),
    ("after_a_failure_the_next_server_is_asked", after_a_failure_the_next_server_is_asked),
    ("a_late_answer_is_an_answer", a_late_answer_is_an_answer),
    ("a_silent_server_is_named", a_silent_server_is_named),
    ("a_closed_port_and_no_route_are_told_apart", a_closed_port_and_no_route_are_told_apart),
    ("a_host_that_is_not_there_is_unreachable", a_host_that_is_not_there_is_unreachable),
    ("a_link_local_server_has_a_zone", a_link_local_server_has_a_zone),
    ("many_names_are_asked_for_at_once", many_names_are_asked_for_at_once),
    ("addresses_need_no_server", addresses_need_no_server),
];

/// Long enough for an answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a resolver file says, with another time to wait.
fn resolv(text: &str, timeout: Duration) -> Resolv {
    Resolv { timeout, ..Resolv::parse(text) }
}

fn find(
    hosts: &str,
    resolv: &Resolv,
    names: &[&str],
    family: Option<Family>,
) -> Result<Vec<Target>, ResolveError> {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let namespace = namespace("a");
    Resolver { hosts, resolv: Some(resolv), namespace: &namespace }.resolve_all(&names, family)
}

/// The address of one name.
fn addr_of(resolv: &Resolv, name: &str) -> Result<String, ResolveError> {
    find("", resolv, &[name], None).map(|targets| targets[0].addr.to_string())
}

fn bytes(message: &Message) -> Vec<Vec<u8>> {
    vec![message.to_vec().unwrap()]
}

/// A server that knows one name.
fn serve(node: &str, at: &str, name: &'static str, addr: &'static str) -> Server {
    Server::new(node, at, move |query| {
        let is_known = asked_for(query).0 == name;
        bytes(&if is_known { answer(query, addr) } else { empty(query, ResponseCode::NXDomain) })
    })
}

fn faults(result: Result<String, ResolveError>) -> Vec<ServerFault> {
    match result {
        Err(ResolveError::NoAnswer { faults, .. }) => faults.into_iter().map(|(_, fault)| fault).collect(),
        other => panic!("{other:?}"),
    }
}

fn the_hosts_file_comes_first() {
    let _nodes = Nodes::new(&["a"]);
    let server = serve("a", "127.0.0.53", "db.office.test.", "fd00::9");
    let resolv = resolv("nameserver 127.0.0.53\nsearch office.test", PATIENCE);
    let by_file = find("10.0.0.1 db\n", &resolv, &["db"], None).unwrap();
    assert_eq!((by_file[0].addr.to_string().as_str(), server.asked()), ("10.0.0.1", 0));
    // The family that the file does not have.
    let by_server = find("10.0.0.1 db\n", &resolv, &["db"], Some(Family::V6)).unwrap();
    assert_eq!((by_server[0].addr.to_string().as_str(), server.asked()), ("fd00::9", 1));
    let nobody = find("10.0.0.1 web\n", &resolv, &["web"], Some(Family::V6)).unwrap_err();
    assert!(matches!(nobody, ResolveError::OtherFamily { .. }), "{nobody:?}");
}

fn domains_are_searched_in_order() {
    let _nodes = Nodes::new(&["a"]);
    let server = serve("a", "127.0.0.53", "db.b.test.", "10.0.0.1");
    let resolv = resolv("nameserver 127.0.0.53\nsearch a.test b.test", PATIENCE);
    assert_eq!(addr_of(&resolv, "db").unwrap(), "10.0.0.1");
    assert_eq!(server.asked(), 2);
    assert_eq!(addr_of(&resolv, "db.b.test.").unwrap(), "10.0.0.1");
    assert_eq!(server.asked(), 3);
    assert!(addr_of(&resolv, "db.").is_err());
    assert_eq!(server.asked(), 4);
}

fn ipv4_is_asked_for_first() {
    let _nodes = Nodes::new(&["a"]);
    let both = Server::new("a", "127.0.0.53", |query| {
        bytes(&answer(query, if asked_for(query).1 == RecordType::A { "10.0.0.1" } else { "fd00::1" }))
    });
    let resolv = resolv("nameserver 127.0.0.53", PATIENCE);
    assert_eq!(addr_of(&resolv, "db").unwrap(), "10.0.0.1");
    assert_eq!(both.asked(), 1);
    let only = find("", &resolv, &["db"], Some(Family::V6)).unwrap();
    assert_eq!(only[0].addr.to_string(), "fd00::1");
    drop(both);
    let _v6 = serve("a", "127.0.0.53", "db.", "fd00::2");
    assert_eq!(addr_of(&resolv, "db").unwrap(), "fd00::2");
}

fn what_is_not_there_is_said_by_whom() {
    let _nodes = Nodes::new(&["a"]);
    let _server = serve("a", "127.0.0.53", "db.office.test.", "10.0.0.1");
    let resolv = resolv("nameserver 127.0.0.53\nsearch office.test", PATIENCE);
    let words = |name: &str, family| find("", &resolv, &[name], family).unwrap_err().to_string();
    assert_eq!(
        words("dbb", None),
        "`dbb` is no name in the domain office.test, says the name server 127.0.0.53"
    );
    assert_eq!(words("dbb.", None), "`dbb.` is no name, says the name server 127.0.0.53");
    assert_eq!(words("db", Some(Family::V6)), "`db` has no IPv6 address, says the name server 127.0.0.53");
    assert_eq!(words("d b", None), "\"d b\" is no domain name");
}

fn of_several_misses_the_one_that_says_most_is_told() {
    let _nodes = Nodes::new(&["a"]);
    let _server = Server::new("a", "127.0.0.53", |query| {
        let code = match asked_for(query).0.as_str() {
            "empty.b.test." => ResponseCode::NoError,
            "bad.b.test." => ResponseCode::ServFail,
            name if name.ends_with(".test.") => ResponseCode::NXDomain,
            _ => ResponseCode::Refused,
        };
        bytes(&empty(query, code))
    });
    let resolv = resolv("nameserver 127.0.0.53\nsearch a.test b.test", PATIENCE);
    let miss = |name| addr_of(&resolv, name).unwrap_err();
    assert!(matches!(miss("empty"), ResolveError::NoAddress { .. }));
    assert_eq!(faults(Err(miss("bad"))), [ServerFault::Failed]);
    assert!(matches!(miss("nobody"), ResolveError::NoName { domains, .. } if domains.len() == 2));
    // As it is, it was asked for first.
    assert_eq!(faults(Err(miss("www.example"))), [ServerFault::Declined]);
}

fn replies_to_other_questions_are_passed_over() {
    let _nodes = Nodes::new(&["a"]);
    let _server = Server::new("a", "127.0.0.53", |query| {
        let wrong = answer(query, "10.6.6.6");
        let (mut other_id, mut other_name, mut no_reply) = (wrong.clone(), wrong.clone(), wrong);
        other_id.metadata.id ^= 0x100;
        other_name.queries[0].set_name("evil.test.".parse().unwrap());
        no_reply.metadata.message_type = MessageType::Query;
        let wrong = [other_id, other_name, no_reply].map(|message| message.to_vec().unwrap());
        let nonsense = [vec![], vec![0; 3], vec![0xff; 600]];
        [&wrong[..], &nonsense, &bytes(&answer(query, "10.0.0.1"))].concat()
    });
    assert_eq!(addr_of(&resolv("nameserver 127.0.0.53", PATIENCE), "db").unwrap(), "10.0.0.1");
}

/// A server that cuts all its replies by UDP.
fn cutting() -> Server {
    Server::new("a", "127.0.0.53", |query| {
        let mut reply = empty(query, ResponseCode::NoError);
        reply.metadata.truncation = true;
        bytes(&reply)
    })
}

fn a_cut_reply_is_asked_for_by_tcp() {
    let _nodes = Nodes::new(&["a"]);
    let cut = cutting();
    let resolv = resolv("nameserver 127.0.0.53", PATIENCE);
    assert_eq!(faults(addr_of(&resolv, "db")), [ServerFault::NobodyListens]);
    let whole = Server::by_tcp("a", "127.0.0.53", |query| framed(&answer(query, "10.0.0.1")));
    assert_eq!(addr_of(&resolv, "db").unwrap(), "10.0.0.1");
    assert_eq!((cut.asked(), whole.asked()), (3, 1));
}

fn nonsense_by_tcp_is_no_answer() {
    let _nodes = Nodes::new(&["a"]);
    let _cut = cutting();
    let resolv = resolv("nameserver 127.0.0.53", PATIENCE);
    let nonsense: [fn(&Message) -> Vec<u8>; 4] = [
        // Nothing, and a length without as much behind it.
        |_| vec![],
        |_| vec![0xff, 0xff, 0],
        |_| vec![0, 3, 1, 2, 3],
        |query| {
            let mut reply = answer(query, "10.0.0.1");
            reply.metadata.truncation = true;
            framed(&reply)
        },
    ];
    for script in nonsense {
        let _server = Server::by_tcp("a", "127.0.0.53", script);
        assert_eq!(faults(addr_of(&resolv, "db")), [ServerFault::Garbled]);
    }
}

fn after_a_failure_the_next_server_is_asked() {
    let _nodes = Nodes::new(&["a"]);
    let failing = Server::new("a", "127.0.0.51", |query| bytes(&empty(query, ResponseCode::ServFail)));
    let declining = Server::new("a", "127.0.0.52", |query| bytes(&empty(query, ResponseCode::Refused)));
    let resolv = resolv("nameserver 127.0.0.51\nnameserver 127.0.0.52\nnameserver 127.0.0.53", PATIENCE);
    let last = serve("a", "127.0.0.53", "db.", "10.0.0.1");
    assert_eq!(addr_of(&resolv, "db").unwrap(), "10.0.0.1");
    assert_eq!((failing.asked(), declining.asked(), last.asked()), (1, 1, 1));
    drop(last);
    let all = [ServerFault::Failed, ServerFault::Declined, ServerFault::NobodyListens];
    assert_eq!(faults(addr_of(&resolv, "db")), all);
}

/// The first server answers only once the second one has been asked.
fn a_late_answer_is_an_answer() {
    let _nodes = Nodes::new(&["a"]);
    let late = socket("a", "127.0.0.51");
    let waiting = Arc::new(Mutex::new(None));
    let (first, sender) = (Arc::clone(&waiting), late.try_clone().unwrap());
    let silent = Server::on(late, move |_, query, from| {
        first.lock().unwrap().get_or_insert((answer(query, "10.0.0.1").to_vec().unwrap(), from));
    });
    let second = Server::on(socket("a", "127.0.0.52"), move |_, _, _| {
        if let Some((reply, to)) = waiting.lock().unwrap().take() {
            sender.send_to(&reply, to).unwrap();
        }
    });
    let resolv = Resolv {
        attempts: 40,
        ..resolv("nameserver 127.0.0.51\nnameserver 127.0.0.52", Duration::from_millis(500))
    };
    assert_eq!(addr_of(&resolv, "db").unwrap(), "10.0.0.1");
    assert!(silent.asked() >= 1 && second.asked() >= 1);
}

fn a_silent_server_is_named() {
    let _nodes = Nodes::new(&["a"]);
    let silent = Server::new("a", "127.0.0.53", |_| vec![]);
    let timeout = Duration::from_millis(100);
    let resolv = resolv("nameserver 127.0.0.53\nsearch office.test", timeout);
    let start = Instant::now();
    let error = addr_of(&resolv, "db").unwrap_err();
    assert!(start.elapsed() >= 2 * timeout);
    assert_eq!(
        error.to_string(),
        "nobody says what `db` is: the name server 127.0.0.53 does not answer (asked 2 times, 0.1 s each)"
    );
    // The name as it is, without the domain, is not asked for any more.
    assert!(silent.asked() <= 2);
    assert_eq!(faults(Err(error)), [ServerFault::Silent { asked: 2, timeout }]);
}

fn a_closed_port_and_no_route_are_told_apart() {
    let _nodes = Nodes::new(&["a"]);
    let resolv = resolv("nameserver 127.0.0.53\nnameserver 10.9.9.9\nnameserver ::1", PATIENCE);
    let error = addr_of(&resolv, "db").unwrap_err();
    assert_eq!(
        error.to_string(),
        "nobody says what `db` is: nobody listens on port 53 of 127.0.0.53; the name server 10.9.9.9 cannot be \
         reached: network is unreachable; nobody listens on port 53 of ::1"
    );
    let unreachable = ServerFault::Unreachable { errno: Errno::ENETUNREACH };
    assert_eq!(faults(Err(error)), [ServerFault::NobodyListens, unreachable, ServerFault::NobodyListens]);
}

/// Two nodes, `a` with .1 and `b` with .2, joined by a cable.
fn pair() -> Nodes {
    let nodes = Nodes::new(&["a", "b"]);
    ip("link add eth0 netns a type veth peer name eth0 netns b
        -n a addr add 192.168.15.1/24 dev eth0
        -n b addr add 192.168.15.2/24 dev eth0
        -n b addr add fe80::2/64 dev eth0
        -n a link set eth0 up
        -n b link set eth0 up");
    nodes.settle()
}

fn a_host_that_is_not_there_is_unreachable() {
    let _nodes = pair();
    sysctl("a", "ipv4/neigh/eth0/retrans_time_ms", "50");
    let resolv = resolv("nameserver 192.168.15.99", PATIENCE);
    let unreachable = ServerFault::Unreachable { errno: Errno::EHOSTUNREACH };
    assert_eq!(faults(addr_of(&resolv, "db")), [unreachable]);
}

fn a_link_local_server_has_a_zone() {
    let _nodes = pair();
    let near = open_in("b", || {
        let index = if_nametoindex("eth0").unwrap();
        UdpSocket::bind(SocketAddrV6::new("fe80::2".parse().unwrap(), 53, 0, index)).unwrap()
    });
    let _server = Server::on(near, |socket, query, from| {
        socket.send_to(&answer(query, "10.0.0.1").to_vec().unwrap(), from).unwrap();
    });
    // A machine that is busy drops packets, so that one question can be too few.
    let patient = |text| Resolv { attempts: 20, ..resolv(text, Duration::from_secs(1)) };
    assert_eq!(addr_of(&patient("nameserver fe80::2%eth0"), "db").unwrap(), "10.0.0.1");
    let nowhere = faults(addr_of(&patient("nameserver fe80::2%eth7"), "db"));
    assert_eq!(nowhere, [ServerFault::Unreachable { errno: Errno::ENODEV }]);
}

fn many_names_are_asked_for_at_once() {
    let _nodes = Nodes::new(&["a"]);
    let _server = Server::new("a", "127.0.0.53", |query| {
        let (name, _) = asked_for(query);
        let number = name.trim_start_matches('n').trim_end_matches('.').parse::<u8>();
        bytes(&match number {
            Ok(number) => answer(query, &format!("10.0.0.{number}")),
            Err(_) => empty(query, ResponseCode::NXDomain),
        })
    });
    let resolv = resolv("nameserver 127.0.0.53", PATIENCE);
    let names: Vec<String> = (1..=200).map(|number| format!("n{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found: Vec<String> =
        find("", &resolv, &names, None).unwrap().iter().map(|target| target.addr.to_string()).collect();
    assert_eq!(found, (1..=200).map(|number| format!("10.0.0.{number}")).collect::<Vec<_>>());
    names[100] = "nobody";
    let error = find("", &resolv, &names, None).unwrap_err();
    assert!(matches!(&error, ResolveError::NoName { name, .. } if name == "nobody"), "{error:?}");
}

fn addresses_need_no_server() {
    let resolv = resolv("nameserver 127.0.0.53", PATIENCE);
    // Not even a namespace.
    let found = find("10.0.0.1 db\n", &resolv, &["fd00::1", "db"], None).unwrap();
    assert_eq!(found.len(), 2);
    let error = find("", &resolv, &["fd00::1"], Some(Family::V4)).unwrap_err();
    assert!(matches!(error, ResolveError::OtherFamily { .. }), "{error:?}");
    let error = find("", &resolv, &["db"], None).unwrap_err();
    assert!(matches!(error, ResolveError::Namespace(_)), "{error:?}");
}
