//! Clients that take more than their share, and others that are served all the same.

use std::io::{ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use hickory_proto::rr::RecordType;
use netyard_names::{Limits, Report};

use crate::client::{PATIENCE, addresses, ask, ask_over, connect, framed, is_closed, query, read};
use crate::server::{Lab, Wanted};

/// How soon another client has to have his answer, whatever happens.
const SOON: Duration = Duration::from_secs(2);

fn lab(names: Wanted, limits: Limits) -> (Lab, [SocketAddr; 2]) {
    let mut lab = Lab::start(limits);
    let addrs = ["a", "b"].map(|on| lab.listen(on));
    lab.names(names);
    assert_eq!(lab.commit(), Report::Committed);
    (lab, addrs)
}

/// Asks over both transports; says how long it took.
fn check(addr: SocketAddr) -> Duration {
    let start = Instant::now();
    assert_eq!(addresses(&ask(addr, "db.office.test")), ["10.0.0.7"]);
    let mut stream = connect(addr);
    let message = ask_over(&mut stream, &query(1, "db.office.test", RecordType::A)).unwrap();
    assert_eq!(addresses(&message), ["10.0.0.7"]);
    start.elapsed()
}

fn db() -> Wanted {
    Wanted::new().a("db", "10.0.0.7")
}

#[test]
fn half_a_message_is_not_waited_for_for_ever() {
    let message = Duration::from_millis(300);
    let (_lab, [addr, _]) = lab(db(), Limits { message, idle: PATIENCE, ..Limits::default() });
    let whole = framed(&query(1, "db.office.test", RecordType::A));
    for half in [&whole[..1], &whole[..2], &whole[..20], &[&whole[..], &[0]].concat(), &[0xff; 6000]] {
        let mut stream = connect(addr);
        let start = Instant::now();
        stream.write_all(half).unwrap();
        assert!(is_closed(&mut stream));
        let took = start.elapsed();
        assert!(took >= message && took < PATIENCE, "{took:?}");
    }
}

#[test]
fn bytes_that_trickle_do_not_keep_a_message_alive() {
    let message = Duration::from_millis(300);
    let (_lab, [addr, _]) = lab(db(), Limits { message, idle: PATIENCE, ..Limits::default() });
    let mut stream = connect(addr);
    stream.set_nodelay(true).unwrap();
    let start = Instant::now();
    stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    let closed = loop {
        assert!(start.elapsed() < PATIENCE);
        if stream.write_all(&[0xff]).is_err() {
            break true;
        }
        match std::io::Read::read(&mut stream, &mut [0]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            _ => break true,
        }
    };
    assert!(closed && start.elapsed() >= message);
}

#[test]
fn who_says_nothing_is_not_kept() {
    let idle = Duration::from_millis(300);
    let (_lab, [addr, _]) = lab(db(), Limits { idle, ..Limits::default() });
    let start = Instant::now();
    let (mut silent, mut asked) = (connect(addr), connect(addr));
    ask_over(&mut asked, &query(1, "db.office.test", RecordType::A)).unwrap();
    assert!(is_closed(&mut silent) && is_closed(&mut asked));
    assert!(start.elapsed() >= idle);
}

#[test]
fn who_waits_for_a_slow_answer_is_not_idle() {
    let idle = Duration::from_millis(100);
    let names = db().a("slow", "10.0.0.8").slow("slow", 500);
    let (_lab, [addr, _]) = lab(names, Limits { idle, ..Limits::default() });
    let mut stream = connect(addr);
    let message = ask_over(&mut stream, &query(1, "slow.office.test", RecordType::A)).unwrap();
    assert_eq!(addresses(&message), ["10.0.0.8"]);
    assert!(is_closed(&mut stream));
}

#[test]
fn who_never_reads_is_closed_and_costs_no_memory() {
    let mut names = db();
    for number in 0..2000 {
        names = names.a("many", &format!("10.1.{}.{}", number / 250, number % 250));
    }
    let idle = Duration::from_millis(500);
    let (_lab, [addr, other]) = lab(names, Limits { idle, ..Limits::default() });
    let mut stream = connect(addr);
    stream.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let question = framed(&query(1, "many.office.test", RecordType::A)).repeat(100);
    let before = memory();
    let start = Instant::now();
    // 32 KB for each question: the server soon stops reading, and then this cannot write.
    let mut written = 0;
    let error = loop {
        assert!(start.elapsed() < PATIENCE);
        match stream.write(&question) {
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(check(other) < SOON);
            }
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert!(written < 32 << 20);
    let grown = memory().saturating_sub(before);
    assert!(grown < 32 << 20, "{grown} bytes more");
}

/// How much memory this process has, in bytes (proc_pid_statm(5)). Other tests run at the same time, so this is coarse.
fn memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
fn of_all_that_do_not_read_the_greediest_is_closed() {
    const ANSWERS: usize = 1000;
    let mut names = db();
    for number in 0..2000 {
        names = names.a("many", &format!("10.1.{}.{}", number / 250, number % 250));
    }
    let idle = Duration::from_secs(1);
    let limits = Limits { unsent_in_all: 400 << 10, unsent: 300 << 10, idle, ..Limits::default() };
    let (_lab, [addr, other]) = lab(names, limits);
    let question = framed(&query(1, "many.office.test", RecordType::A));
    // More than the buffers of the kernel hold.
    let mut streams: Vec<TcpStream> = (0..2).map(|_| connect(addr)).collect();
    for stream in &mut streams {
        stream.write_all(&question.repeat(ANSWERS)).unwrap();
    }
    assert!(check(other) < SOON);
    let mut answers: Vec<usize> = thread::scope(|scope| {
        let count = |stream: &mut TcpStream| std::iter::from_fn(|| read(stream).ok()).count();
        let readers: Vec<_> = streams.iter_mut().map(|stream| scope.spawn(move || count(stream))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    answers.sort_unstable();
    assert!(answers[0] < ANSWERS, "one is closed before it has all of its answers");
    assert_eq!(answers[1], ANSWERS, "then there is room for the other");
}

#[test]
fn one_node_has_no_more_connections_than_it_may() {
    let limits = Limits { connections_of_one: 4, ..Limits::default() };
    let (_lab, [addr, other]) = lab(db(), limits);
    let mut kept = connect(other);
    let mut streams: Vec<TcpStream> = Vec::new();
    let question = query(1, "db.office.test", RecordType::A);
    for _ in 0..10 {
        let mut stream = connect(addr);
        ask_over(&mut stream, &question).unwrap();
        streams.push(stream);
    }
    // Those that were idle for the longest time went.
    for stream in &mut streams[..6] {
        assert!(is_closed(stream));
    }
    for stream in &mut streams[6..] {
        ask_over(stream, &question).unwrap();
    }
    ask_over(&mut kept, &question).unwrap();
}

#[test]
fn when_there_are_too_many_connections_those_that_do_nothing_go() {
    let limits = Limits { connections: 20, ..Limits::default() };
    let (_lab, [addr, other]) = lab(db(), limits);
    let question = query(1, "db.office.test", RecordType::A);
    let mut busy = connect(other);
    for _ in 0..100 {
        let mut silent = connect(addr);
        silent.write_all(&[0]).unwrap();
        ask_over(&mut busy, &question).unwrap();
    }
}

#[test]
fn thousands_of_connections_keep_nobody_else_from_being_served() {
    const ENOUGH: usize = 3000;
    let (_lab, [addr, other]) = lab(db(), Limits::default());
    let (made, question) = (AtomicUsize::new(0), framed(&query(1, "db.office.test", RecordType::A)));
    let deadline = Instant::now() + PATIENCE;
    let goes_on = || made.load(Ordering::Relaxed) < ENOUGH && Instant::now() < deadline;
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut open = Vec::new();
                while goes_on() {
                    // The server closes some while they are being made.
                    if let Ok(mut stream) = TcpStream::connect_timeout(&addr, PATIENCE) {
                        let number = made.fetch_add(1, Ordering::Relaxed);
                        let _ = stream.write(&question[..number % question.len()]);
                        open.push(stream);
                    }
                    if open.len() > 200 {
                        open.clear();
                    }
                }
            });
        }
        while goes_on() {
            let took = check(other);
            assert!(took < SOON, "{took:?}");
        }
    });
    let made = made.into_inner();
    assert!(made > ENOUGH / 3, "{made}");
    check(addr);
}

#[test]
fn who_reads_late_gets_everything_in_the_end() {
    let mut names = db();
    for number in 0..2000 {
        names = names.a("many", &format!("10.1.{}.{}", number / 250, number % 250));
    }
    let (_lab, [addr, _]) = lab(names, Limits { unsent: 40 << 10, ..Limits::default() });
    let mut stream = connect(addr);
    // Many megabytes of answers: the server stops and goes on, again and again.
    let question = framed(&query(1, "many.office.test", RecordType::A));
    stream.write_all(&question.repeat(300)).unwrap();
    for _ in 0..300 {
        assert!(read(&mut stream).unwrap().len() > 30_000);
    }
    ask_over(&mut stream, &query(1, "db.office.test", RecordType::A)).unwrap();
}
