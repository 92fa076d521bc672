//! The cases.

use std::cell::Cell;
use std::net::IpAddr;
use std::num::NonZeroU8;
use std::time::Duration;

use netyard_probe::{
    Answer, Event, Options, Outcome, PingError, Target, Unreachable, UnreachableKind, ping, resolve,
};
use nix::errno::Errno;

use crate::sandbox::{Nodes, ip, namespace, sysctl};

/// The cases by name.
pub(crate) const ALL: &[(&str, fn())] = &[
    ("a_node_answers_itself", a_node_answers_itself),
    ("without_a_route_the_kernel_refuses", without_a_route_the_kernel_refuses),
    ("a_neighbour_answers_at_once", a_neighbour_answers_at_once),
    ("a_link_local_address_needs_its_zone", a_link_local_address_needs_its_zone),
    ("nobody_answers_arp", nobody_answers_arp),
    ("a_router_names_itself_when_it_refuses", a_router_names_itself_when_it_refuses),
    ("a_large_payload_arrives_in_pieces", a_large_payload_arrives_in_pieces),
    ("a_packet_too_big_for_a_later_link_is_named", a_packet_too_big_for_a_later_link_is_named),
    ("many_targets_are_asked_at_once", many_targets_are_asked_at_once),
    ("silence_is_a_timeout", silence_is_a_timeout),
    ("stopping_keeps_what_was_counted", stopping_keeps_what_was_counted),
    ("a_namespace_that_is_none_is_an_error", a_namespace_that_is_none_is_an_error),
    ("two_pings_of_one_node_do_not_mix", two_pings_of_one_node_do_not_mix),
];

fn target(text: &str) -> Target {
    resolve("", text, None).unwrap()
}

fn once() -> Options {
    Options { count: Some(1), interval: Duration::from_millis(20), ..Options::default() }
}

/// Pings from a node; all events, in order, and the outcomes.
fn run(node: &str, targets: &[&str], options: &Options) -> (Vec<Event>, Vec<Outcome>) {
    let targets: Vec<Target> = targets.iter().map(|text| target(text)).collect();
    let mut events = Vec::new();
    let outcomes =
        ping(&namespace(node), &targets, options, &|| false, &mut |event| events.push(*event)).unwrap();
    (events, outcomes)
}

/// The most times a case pings before it is taken to fail.
const TRIES: usize = 8;

/// Pings until all is as it should be. A machine that is busy with other networks drops packets of this one: the queue of
/// packets between interfaces (`net.core.netdev_max_backlog`) is one per processor, for all namespaces.
fn expect(node: &str, targets: &[&str], options: &Options, is_right: impl Fn(&[Event], &[Outcome]) -> bool) {
    let mut last = Vec::new();
    for _ in 0..TRIES {
        let (events, outcomes) = run(node, targets, options);
        if is_right(&events, &outcomes) {
            return;
        }
        last = events;
    }
    panic!("{targets:?} from {node}: {last:?}");
}

/// Pings until every target has one answer that is as it should be.
fn expect_each(node: &str, targets: &[&str], options: &Options, is_right: impl Fn(usize, &Answer) -> bool) {
    expect(node, targets, options, |events, _| {
        events.len() == targets.len() && events.iter().all(|event| is_right(event.target, &event.answer))
    });
}

/// A reply of that many bytes.
fn is_reply(answer: &Answer, expected: usize) -> bool {
    matches!(answer, Answer::Reply(reply) if reply.bytes == expected)
}

/// A refusal by `from`.
fn is_refusal(answer: &Answer, from: IpAddr, kind: UnreachableKind) -> bool {
    *answer == Answer::Unreachable(Unreachable { from, kind })
}

fn addrs<const N: usize>(texts: [&str; N]) -> [IpAddr; N] {
    texts.map(|text| text.parse().unwrap())
}

/// Two nodes, `a` with .1 and `b` with .2, joined by a cable between their `eth0`.
fn pair() -> Nodes {
    let nodes = Nodes::new(&["a", "b"]);
    ip("link add eth0 netns a type veth peer name eth0 netns b
        -n a addr add 192.168.15.1/24 dev eth0
        -n a addr add fd00::1/64 dev eth0 nodad
        -n b addr add 192.168.15.2/24 dev eth0
        -n b addr add fd00::2/64 dev eth0 nodad
        -n b addr add fe80::2/64 dev eth0 nodad
        -n a link set eth0 up
        -n b link set eth0 up");
    nodes.settle()
}

/// `a` (10.0.1.2) and `b` (10.0.2.2) with the router `gw` (.1 on both sides) between them.
fn routed() -> Nodes {
    let nodes = Nodes::new(&["a", "gw", "b"]);
    ip("link add eth0 netns a type veth peer name a0 netns gw
        link add eth0 netns b type veth peer name b0 netns gw
        -n a addr add 10.0.1.2/24 dev eth0
        -n a addr add fd01::2/64 dev eth0 nodad
        -n gw addr add 10.0.1.1/24 dev a0
        -n gw addr add fd01::1/64 dev a0 nodad
        -n gw addr add 10.0.2.1/24 dev b0
        -n gw addr add fd02::1/64 dev b0 nodad
        -n b addr add 10.0.2.2/24 dev eth0
        -n b addr add fd02::2/64 dev eth0 nodad
        -n a link set eth0 up
        -n b link set eth0 up
        -n gw link set a0 up
        -n gw link set b0 up
        -n a route add default via 10.0.1.1
        -n a route add default via fd01::1
        -n b route add default via 10.0.2.1
        -n b route add default via fd02::1");
    sysctl("gw", "ipv4/ip_forward", "1");
    sysctl("gw", "ipv6/conf/all/forwarding", "1");
    nodes.settle()
}

fn a_node_answers_itself() {
    let _nodes = Nodes::new(&["a"]);
    let targets = ["127.0.0.1", "::1", "127.0.0.77"];
    expect("a", &targets, &Options { count: Some(3), ..once() }, |events, outcomes| {
        let as_asked = events.iter().all(|event| match event.answer {
            Answer::Reply(reply) => {
                let asked = target(targets[event.target]).addr;
                (reply.from, reply.ttl, reply.bytes) == (asked, Some(64), 64) && reply.rtt > Duration::ZERO
            }
            _ => false,
        });
        let summed_up = outcomes.iter().all(|outcome| {
            let (Some(rtt), Some(avg)) = (outcome.rtt, outcome.avg()) else { return false };
            (outcome.sent, outcome.received, outcome.loss_permille()) == (3, 3, 0)
                && rtt.min <= avg
                && avg <= rtt.max
        });
        events.len() == 9 && as_asked && summed_up
    });
}

fn without_a_route_the_kernel_refuses() {
    let _nodes = Nodes::new(&["a"]);
    let (events, outcomes) = run("a", &["192.168.2.9", "fd00::9"], &once());
    assert!(events.iter().all(|event| event.answer == Answer::Refused(Errno::ENETUNREACH)), "{events:?}");
    for outcome in outcomes {
        assert_eq!((outcome.sent, outcome.refused, outcome.received), (1, 1, 0));
    }
}

fn a_neighbour_answers_at_once() {
    let _nodes = pair();
    let targets = ["192.168.15.2", "fd00::2", "192.168.15.1", "fd00::1"];
    expect_each("a", &targets, &Options { payload: 0, ..once() }, |_, answer| is_reply(answer, 8));
}

fn a_link_local_address_needs_its_zone() {
    let _nodes = pair();
    let [from] = addrs(["fe80::2"]);
    expect_each(
        "a",
        &["fe80::2%eth0"],
        &once(),
        |_, answer| matches!(answer, Answer::Reply(reply) if reply.from == from),
    );
    let targets = [target("fe80::2%eth7")];
    let result = ping(&namespace("a"), &targets, &once(), &|| false, &mut |_| ());
    assert!(matches!(result, Err(PingError::UnknownZone { .. })), "{result:?}");
}

fn nobody_answers_arp() {
    let _nodes = pair();
    // Three questions, 50 ms apart, instead of a second.
    sysctl("a", "ipv4/neigh/eth0/retrans_time_ms", "50");
    sysctl("a", "ipv6/neigh/eth0/retrans_time_ms", "50");
    // The node itself says so.
    let own = addrs(["192.168.15.1", "fd00::1"]);
    expect("a", &["192.168.15.99", "fd00::99"], &once(), |events, outcomes| {
        events.len() == 2
            && events.iter().all(|event| is_refusal(&event.answer, own[event.target], UnreachableKind::Host))
            && outcomes.iter().all(|outcome| (outcome.unreachable, outcome.received) == (1, 0))
    });
}

fn a_router_names_itself_when_it_refuses() {
    let _nodes = routed();
    // A kernel sends one error a second to each host it refuses (icmp_ratelimit, icmp(7)).
    sysctl("gw", "ipv4/icmp_ratelimit", "0");
    sysctl("gw", "ipv6/icmp/ratelimit", "0");
    let (far, nowhere) = (["10.0.2.2", "fd02::2"], ["10.9.9.9", "fd99::9"]);
    // One router was passed.
    expect_each(
        "a",
        &far,
        &once(),
        |_, answer| matches!(answer, Answer::Reply(reply) if reply.ttl == Some(63)),
    );
    let routers = addrs(["10.0.1.1", "fd01::1"]);
    let refuses = |targets: &[&str], options: &Options, kind: UnreachableKind| {
        expect_each("a", targets, options, |at, answer| is_refusal(answer, routers[at], kind));
    };
    refuses(&far, &Options { ttl: NonZeroU8::new(1), ..once() }, UnreachableKind::TtlExceeded);
    refuses(&nowhere, &once(), UnreachableKind::Net);
    ip("-n gw route add prohibit 10.9.9.0/24
        -n gw route add prohibit fd99::/64");
    refuses(&nowhere, &once(), UnreachableKind::Prohibited);
}

fn a_large_payload_arrives_in_pieces() {
    let _nodes = pair();
    let options = |payload| Options { payload, ..once() };
    expect_each("a", &["192.168.15.2", "fd00::2"], &options(4000), |_, answer| is_reply(answer, 4008));
    expect_each("a", &["127.0.0.1", "::1"], &options(65507), |_, answer| is_reply(answer, 65515));
    let targets = [target("192.168.15.2")];
    let result = ping(&namespace("a"), &targets, &options(65508), &|| false, &mut |_| ());
    assert!(matches!(result, Err(PingError::PayloadTooLarge { max: 65507, .. })), "{result:?}");
}

fn a_packet_too_big_for_a_later_link_is_named() {
    let _nodes = routed();
    sysctl("gw", "ipv4/icmp_ratelimit", "0");
    sysctl("gw", "ipv6/icmp/ratelimit", "0");
    ip("-n gw link set b0 mtu 1400
        -n b link set eth0 mtu 1400");
    let routers = addrs(["10.0.1.1", "fd01::1"]);
    for (addr, from) in ["10.0.2.2", "fd02::2"].into_iter().zip(routers) {
        // Once told, the kernel remembers, and cuts the next packet itself: the answer is asked for one by one.
        expect_each("a", &[addr], &Options { payload: 1420, ..once() }, |_, answer| {
            is_refusal(answer, from, UnreachableKind::TooBig { mtu: 1400 })
        });
    }
}

fn many_targets_are_asked_at_once() {
    let _nodes = pair();
    let names: Vec<String> = (2..=143).map(|host| format!("192.168.15.{host}")).collect();
    let batch: Vec<String> =
        names.iter().skip(1).map(|addr| format!("addr add {addr}/24 dev eth0")).collect();
    std::fs::write("/run/batch", batch.join("\n")).unwrap();
    ip("-n b -batch /run/batch");
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for in_flight in [1, 10, 1024] {
        let options = Options { in_flight, count: Some(2), timeout: Duration::from_secs(1), ..once() };
        expect("a", &names, &options, |events, outcomes| {
            // Every target has had its first answer before any has its second.
            let by_turns = events.is_sorted_by_key(|event| event.seq);
            by_turns && outcomes.iter().all(|outcome| (outcome.sent, outcome.received) == (2, 2))
        });
    }
}

fn silence_is_a_timeout() {
    let _nodes = pair();
    sysctl("b", "ipv4/icmp_echo_ignore_all", "1");
    let options = Options { count: Some(2), timeout: Duration::from_millis(300), ..once() };
    expect("a", &["192.168.15.2", "fd00::2"], &options, |events, outcomes| {
        let mut of_first = events.iter().filter(|event| event.target == 0);
        of_first.all(|event| event.answer == Answer::Timeout)
            && outcomes.iter().map(|outcome| (outcome.sent, outcome.received)).eq([(2, 0), (2, 2)])
    });
    let deadline = Some(Duration::from_millis(30));
    let (events, outcomes) = run("a", &["192.168.15.2"], &Options { deadline, ..once() });
    assert_eq!((events.len(), outcomes[0].sent, outcomes[0].received), (0, 1, 0));
}

fn stopping_keeps_what_was_counted() {
    let _nodes = Nodes::new(&["a"]);
    let replies = Cell::new(0);
    let options = Options { interval: Duration::ZERO, ..Options::default() };
    let mut count =
        |event: &Event| replies.set(replies.get() + u32::from(matches!(event.answer, Answer::Reply(_))));
    let outcomes =
        ping(&namespace("a"), &[target("127.0.0.1")], &options, &|| replies.get() >= 100, &mut count)
            .unwrap();
    assert!(outcomes[0].received >= 100);
    assert_eq!(outcomes[0].received, replies.get());
    let stopped = ping(&namespace("a"), &[target("127.0.0.1")], &options, &|| true, &mut |_| ()).unwrap();
    assert_eq!(stopped[0].sent, 0);
}

fn a_namespace_that_is_none_is_an_error() {
    let targets = [target("127.0.0.1")];
    let result = ping(&namespace("nobody"), &targets, &once(), &|| false, &mut |_| ());
    assert!(matches!(result, Err(PingError::OpenNamespace { .. })), "{result:?}");
    std::fs::write("/run/netns/no-namespace", "").unwrap();
    let result = ping(&namespace("no-namespace"), &targets, &once(), &|| false, &mut |_| ());
    std::fs::remove_file("/run/netns/no-namespace").unwrap();
    assert!(matches!(result, Err(PingError::EnterNamespace { source: Errno::EINVAL, .. })), "{result:?}");
}

fn two_pings_of_one_node_do_not_mix() {
    let _nodes = pair();
    let options =
        |identifier| Options { identifier, count: Some(50), interval: Duration::from_millis(1), ..once() };
    std::thread::scope(|scope| {
        let pings = [1, 2]
            .map(|identifier| scope.spawn(move || run("a", &["192.168.15.2"], &options(identifier)).1[0]));
        for ping in pings {
            let outcome = ping.join().unwrap();
            // An answer to the other one would be a second answer to this one's.
            assert_eq!((outcome.sent, outcome.duplicates), (50, 0));
            assert!(outcome.received > 0);
        }
    });
}
