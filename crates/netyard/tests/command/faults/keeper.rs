//! The keeper and the name server killed: packets flow on, and all that was known is known again.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use crate::support::{has_programs, wait_until};

use super::{FILE, Place, changed};

/// A program on a node that is under way: it has printed this line.
fn begin(place: &Place, args: &[&str], line: &str) -> (Child, Option<ChildStdin>, BufReader<ChildStdout>) {
    let mut child = place.yard.command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    output.read_line(&mut first).unwrap();
    assert!(first.starts_with(line), "{first}");
    let keys = child.stdin.take();
    (child, keys, output)
}

/// The processes of the lab that were started with this argument, by their ids on the machine.
fn kill(place: &Place, argument: &str) {
    let script = format!(
        "for p in /proc/[0-9]*; do if [ \"$(tr '\\0' ' ' < $p/cmdline 2>/dev/null)\" = 'netyard {argument} ' ]; then kill -9 ${{p#/proc/}} && echo ${{p#/proc/}}; fi; done"
    );
    let killed = place.yard.run_args(["enter", "--", "sh", "-c", &script]).expect_code(0).stdout;
    assert_eq!(killed.lines().count(), 1, "there is one {argument}: {killed}");
}

/// What each node is told for each name.
fn told(place: &Place) -> Vec<String> {
    let all = "for n in anna bert gate www anna.faults.test; do getent ahosts $n || echo no $n; done";
    ["anna", "bert", "gate"].map(|node| place.yard.sh(node, all).expect_code(0).stdout).to_vec()
}

/// Neither pings nor a stream lose anything, whoever of the two is killed; afterwards names are what they were.
#[test]
fn packets_flow_on() {
    let Some(place) = Place::new("flow") else { return };
    place.yard.ok("up");
    let before = told(&place);
    let (mut pings, _, mut answers) =
        begin(&place, &["ping", "anna", "10.1.0.2", "fd00::1", "-c", "150", "-i", "0.01"], "");
    let stream = has_programs(&["python3"]).then(|| {
        let receive = "import socket; s=socket.socket(); s.bind((\"\",5000)); s.listen(); print(\"ready\",flush=True); c,_=s.accept(); n=0\nwhile b:=c.recv(1<<16): n+=len(b)\nprint(n)";
        let send = "import select,socket,sys; c=socket.create_connection((\"10.1.0.2\",5000)); n=0; print(\"sending\",flush=True)\nwhile not select.select([sys.stdin],[],[],0.001)[0]: c.sendall(bytes(5000)); n+=5000\nc.close(); print(n)";
        let to = begin(&place, &["exec", "bert", "--", "python3", "-c", receive], "ready");
        (begin(&place, &["exec", "anna", "--", "python3", "-c", send], "sending"), to)
    });
    for argument in ["--serve-names", "--keep-names"] {
        kill(&place, argument);
        // The server is started again by the keeper, the keeper by the next command, which this is.
        wait_until("names are what they were", || told(&place) == before);
    }
    if let Some(((mut sender, keys, mut sent), (mut receiver, _keys, mut received))) = stream {
        assert!(sender.try_wait().unwrap().is_none(), "the stream did not last");
        drop(keys);
        let rest = |output: &mut BufReader<ChildStdout>| {
            let mut text = String::new();
            output.read_to_string(&mut text).unwrap();
            text.trim().parse::<u64>().unwrap()
        };
        let (sent, received) = (rest(&mut sent), rest(&mut received));
        assert!(sent > 0 && sent == received, "of {sent} bytes {received} arrived");
        assert!(sender.wait().unwrap().success() && receiver.wait().unwrap().success());
    }
    let mut said = String::new();
    answers.read_to_string(&mut said).unwrap();
    assert!(pings.wait().unwrap().success(), "{said}");
    let none_lost = |line: &&str| line.split_whitespace().filter(|word| *word == "150").count() == 2;
    assert_eq!(said.lines().filter(none_lost).count(), 2, "{said}");
}

/// An `up` that is killed after it has written the names and before it has told the keeper: they are served all the same.
#[test]
fn names_that_nobody_could_tell_of() {
    let Some(place) = Place::new("untold") else { return };
    place.yard.ok("up");
    let www = |node: &str| place.yard.sh(node, "getent hosts www").stdout;
    assert!(www("anna").starts_with("10.1.0.12 "));
    place.write(&FILE.replace("\"10.1.0.12\"", "\"10.1.0.99\""));
    let outcome = place.disturbed("up", "kill:settle.enter:1");
    assert_eq!(outcome.signal, Some(9), "{outcome}");
    // A command in the lab asks for nothing as long as a keeper is there.
    wait_until("the new names are served", || www("anna").starts_with("10.1.0.99 "));
    // One that is killed before it has written them has changed nothing of them.
    place.write(&FILE.replace("\"10.1.0.12\"", "\"10.1.0.55\""));
    place.disturbed("up", "kill:names.rename:1");
    assert!(www("anna").starts_with("10.1.0.99 "));
    place.write(&changed());
    place.yard.ok("up");
    assert!(www("dora").starts_with("10.1.0.12 "), "{}", www("dora"));
    place.take_down();
}

/// What the keeper does by itself while an `up` is at work does not get into its way: names are answered on nodes that have just come,
/// and on those that were taken away and came back because the change failed.
#[test]
fn nodes_that_have_just_come() {
    let Some(place) = Place::new("come") else { return };
    let www = |node: &str| place.yard.sh(node, "getent hosts www").stdout;
    place.yard.ok("up");
    for _ in 0..3 {
        place.write(&changed());
        place.yard.ok("up");
        for node in ["anna", "cleo", "dora", "gate"] {
            assert!(www(node).starts_with("10.1.0.1"), "{node}");
        }
        place.write(FILE);
        place.yard.ok("up");
        place.write(&changed());
        place.disturbed("up", "fail:names.rename:1:EIO").expect_code(1);
        for node in ["anna", "bert", "gate"] {
            assert!(www(node).starts_with("10.1.0.1"), "{node}");
        }
    }
}

/// All of the lab goes with its holder.
#[test]
fn the_holder_killed() {
    let Some(place) = Place::new("held") else { return };
    place.disturbed("up", "").expect_code(0);
    assert!(place.processes().len() >= 2, "{:?}", place.processes());
    let [holder] = crate::support::holders_named(&place.name)[..] else { panic!("one lab has one holder") };
    nix::sys::signal::kill(
        nix::unistd::Pid::from_raw(holder.try_into().unwrap()),
        nix::sys::signal::Signal::SIGKILL,
    )
    .unwrap();
    wait_until("no process is left", || place.processes().is_empty());
    assert_eq!(place.yard.ok("ls"), "no lab is running\n");
    place.assert_nothing_left();
}
