//! Commands in a lab that is up: `exec` against `ip netns exec`, `show routes`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use crate::life::take_down;
use crate::support::file;
use crate::support::machine::{Machine, is_here};
use crate::support::spent::{Goal, Series, Spent, figure, median, spend};

/// Hosts of a small lab.
const SMALL: usize = 4;
/// How often `exec` is called in each round.
const CALLS: usize = 50;

/// A world with one namespace made by `ip netns add`, in which a node's files are laid over `/etc` as `ip netns exec` does. The
/// machine itself sees nothing of it.
const OWN_WORLD: &str = "mount -t tmpfs run /run && mkdir /run/up /run/work && \
     { mount -t overlay -o lowerdir=/etc,upperdir=/run/up,workdir=/run/work,userxattr etc /etc || exit; } && \
     mkdir -p /etc/netns/a1 && cp /etc/hosts /etc/netns/a1/hosts && echo a1 >/etc/netns/a1/hostname && \
     cp /etc/hosts /etc/netns/a1/resolv.conf && ip netns add a1 || exit; ";

pub(crate) fn measure(machine: &Machine, hosts: usize, rounds: usize) {
    println!("\ncommands, {}, {rounds} rounds by turns", machine.who());
    if is_here("ip") {
        small(machine, rounds);
    } else {
        println!("  skipped: `ip` is not here");
    }
    large(machine, hosts, rounds);
}

/// One node here and there, both called from outside.
fn small(machine: &Machine, rounds: usize) {
    machine.write("lab.toml", &file::with_counts(SMALL, 0));
    machine.run(&["up", "lab.toml"]);
    let user = if machine.is_root() { "-nm" } else { "-Urnm" };
    let world = format!("{OWN_WORLD}{}", calling("ip netns exec a1 true"));
    let mut unshared = machine.command("unshare");
    unshared.args([user, "sh", "-c", &world]);
    let mut callers = [Caller::new(calling_netyard(machine, "a1")), Caller::new(unshared)];
    let times = race(&mut callers, rounds);
    println!("  a small lab, and a namespace of `ip netns add`:");
    tell(times);
    drop(callers);
    machine.run(&["down", file::LAB]);
}

/// One of many nodes: `ip netns exec` inside of the lab, where it knows them.
fn large(machine: &Machine, hosts: usize, rounds: usize) {
    machine.write("lab.toml", &file::with_counts(hosts, 0));
    machine.run(&["up", "lab.toml"]);
    if is_here("ip") {
        let mut inside = machine.command(machine.path().join("netyard"));
        inside.args(["-l", file::LAB, "enter", "--", "sh", "-c", &calling("ip netns exec a1 true")]);
        let mut callers = [Caller::new(calling_netyard(machine, "a1")), Caller::new(inside)];
        let times = race(&mut callers, rounds);
        println!("  a lab of {hosts} hosts, and `ip netns exec` inside of it:");
        tell(times);
    }
    let mut shown = Series::default();
    for _ in 0..rounds {
        shown.push(spend(|| machine.run(&["-l", file::LAB, "show", "routes"])).1);
    }
    figure(&format!("show routes, {hosts} hosts"), shown.wall() * 1e3, "ms", Goal::AtMost(300.0));
    take_down(machine, || -> Spent { spend(|| machine.run(&["down", file::LAB])).1 });
}

/// A shell's loop that runs `command` for each line it is given, and says when it is done.
fn calling(command: &str) -> String {
    format!("while read -r line; do {command} || exit; echo; done")
}

fn calling_netyard(machine: &Machine, node: &str) -> Command {
    let program = machine.path().join("netyard");
    let mut command = machine.command("sh");
    let text = calling(&format!("{} -l {} exec {node} -- true", program.display(), file::LAB));
    command.args(["-c", &text]);
    command
}

/// A shell that calls a command as often as it is told.
struct Caller {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Caller {
    fn new(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("there is a shell");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { child, input, output }
    }

    /// Calls once, and says how many seconds it took.
    fn call(&mut self) -> f64 {
        let start = Instant::now();
        self.input.as_mut().expect("it is piped").write_all(b"\n").expect("the shell reads");
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).expect("the shell writes") > 0, "the command failed");
        start.elapsed().as_secs_f64()
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

fn race(callers: &mut [Caller; 2], rounds: usize) -> [f64; 2] {
    let mut times: [Vec<f64>; 2] = Default::default();
    for call in 0..rounds * CALLS + 2 {
        for (caller, times) in callers.iter_mut().zip(&mut times) {
            let seconds = caller.call();
            // The first ones find nothing in the caches.
            if call >= 2 {
                times.push(seconds);
            }
        }
    }
    times.map(median)
}

fn tell([netyard, ip]: [f64; 2]) {
    println!("    netyard exec {:.2} ms, ip netns exec {:.2} ms", netyard * 1e3, ip * 1e3);
    figure("exec / ip netns exec", netyard / ip, "x", Goal::AtMost(1.0));
}
