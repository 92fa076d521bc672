//! `netyard ping`.

use std::fmt::Write;
use std::time::Duration;

use netyard_kernel::{Paths, sandbox};
use netyard_plan::RESOLV_COPY;
use netyard_probe::{Answer, Event, Family, Options, Outcome, Resolv, ResolveError, Resolver, Target};
use netyard_types::{LabName, NodeName};
use nix::errno::Errno;
use serde_json::{Value, json};

use super::exec::check_node;
use super::{print, print_json};
use crate::args::Ping;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::render::table::Table;
use crate::world::World;

/// How many requests may be on their way at once. Each is queued at every hop in a queue that all namespaces of the machine
/// share (`net.core.netdev_max_backlog`), and what does not fit there is lost.
const IN_FLIGHT: usize = 32;

/// Pings from one node.
pub(super) fn run(lab: Option<&LabName>, ping: &Ping) -> Result<Exit, CommandError> {
    World::find(lab)?.enter(|| {
        check_node(&ping.from)?;
        let paths = Paths::default();
        let targets = resolve(&paths, &ping.from, ping)?;
        let options = Options {
            count: Some(ping.count.into()),
            interval: ping.interval,
            timeout: ping.timeout,
            payload: ping.size,
            in_flight: IN_FLIGHT,
            ..Options::default()
        };
        let interrupted = sandbox::catch_interrupt();
        let mut last_answers: Vec<Option<Answer>> = vec![None; targets.len()];
        let mut broken = Ok(());
        // Line by line for one target; of many, a person wants the sums.
        let chatty = targets.len() == 1 && !ping.json.json;
        let outcomes = netyard_probe::ping(
            &paths.namespace(&ping.from),
            &targets,
            &options,
            &|| interrupted.load(std::sync::atomic::Ordering::Relaxed),
            &mut |event| {
                last_answers[event.target] = Some(event.answer);
                if chatty && broken.is_ok() {
                    broken = print(&line(&targets[event.target], event)).map(drop);
                }
            },
        )?;
        broken?;
        let rows: Vec<Row<'_>> = (targets.iter().zip(&outcomes).zip(&last_answers))
            .map(|((target, outcome), last)| Row { target, outcome, last: last.as_ref() })
            .collect();
        if ping.json.json {
            print_json(&json!({
                "schema_version": 1,
                "from": ping.from,
                "targets": rows.iter().map(Row::json).collect::<Vec<_>>(),
            }))?;
        } else if chatty {
            print(&rows.iter().map(Row::sums).collect::<String>())?;
        } else {
            print(&table(&rows))?;
        }
        let all_answered = outcomes.iter().all(|outcome| outcome.received > 0);
        Ok(if all_answered { Exit::Done } else { Exit::Failed })
    })
}

fn resolve(paths: &Paths, from: &NodeName, ping: &Ping) -> Result<Vec<Target>, CommandError> {
    // A node without a hosts file knows no names by it; addresses work all the same.
    let hosts = std::fs::read_to_string(paths.hosts(from)).unwrap_or_default();
    let resolv = std::fs::read_to_string(paths.resolv(from)).ok();
    // A copy of the machine's file names the machine's servers, which no lab asks.
    let resolv =
        resolv.filter(|text| text.lines().next() != Some(RESOLV_COPY)).map(|text| Resolv::parse(&text));
    let family = match (ping.ipv4, ping.ipv6) {
        (true, _) => Some(Family::V4),
        (_, true) => Some(Family::V6),
        _ => None,
    };
    let namespace = paths.namespace(from);
    let resolver = Resolver { hosts: &hosts, resolv: resolv.as_ref(), namespace: &namespace };
    let found = resolver.resolve_all(&ping.to, family);
    found.map_err(|source| CommandError::Resolve {
        from: from.clone(),
        near: near(from, &source),
        source: Box::new(source),
    })
}

/// The name that was probably meant in place of one that nobody has.
fn near(from: &NodeName, error: &ResolveError) -> Option<String> {
    let (ResolveError::UnknownName { name, .. } | ResolveError::NoName { name, .. }) = error else {
        return None;
    };
    let mut state = super::show::observe().ok()?;
    state.nodes.retain(|node, _| node == from);
    let rows = super::names::find(&state, &Paths::default());
    netyard_spec::closest(name, rows.iter().map(|row| row.name.as_str())).map(str::to_owned)
}

/// What is known of one target in the end.
struct Row<'a> {
    target: &'a Target,
    outcome: &'a Outcome,
    last: Option<&'a Answer>,
}

/// The address with its zone, as a person would write it.
fn address(target: &Target) -> String {
    match &target.zone {
        Some(zone) => format!("{}%{zone}", target.addr),
        None => target.addr.to_string(),
    }
}

fn line(target: &Target, event: &Event) -> String {
    let (name, address) = (&target.name, address(target));
    let who = if *name == address { address } else { format!("{name} ({address})") };
    let text = match &event.answer {
        Answer::Reply(reply) | Answer::Duplicate(reply) => {
            let ttl = reply.ttl.map_or_else(String::new, |ttl| format!(" ttl={ttl}"));
            let twice = if matches!(event.answer, Answer::Duplicate(_)) { " (again)" } else { "" };
            format!("{} bytes{ttl} time={} ms{twice}", reply.bytes, milliseconds(reply.rtt))
        }
        other => trouble(other),
    };
    format!("{who}: seq={} {text}\n", event.seq)
}

/// Why there was no reply.
fn trouble(answer: &Answer) -> String {
    match answer {
        Answer::Reply(_) | Answer::Duplicate(_) => String::new(),
        Answer::Unreachable(unreachable) => format!("{}, says {}", unreachable.kind, unreachable.from),
        Answer::Timeout => String::from("no answer"),
        // What the kernel answers where a blackhole route takes the packet (fib_props in net/ipv4/fib_semantics.c).
        Answer::Refused(Errno::EINVAL) => String::from("a blackhole route takes it"),
        Answer::Refused(errno) => errno.desc().to_lowercase(),
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64() * 1000.0)
}

impl Row<'_> {
    fn sums(&self) -> String {
        let Outcome { sent, received, .. } = self.outcome;
        let lost = self.outcome.loss_permille();
        let mut text = format!("{sent} sent, {received} answered, {}.{} % lost", lost / 10, lost % 10);
        if let (Some(rtt), Some(avg)) = (self.outcome.rtt, self.outcome.avg()) {
            let [min, avg, max] = [rtt.min, avg, rtt.max].map(milliseconds);
            let _ = write!(text, ", min/avg/max {min}/{avg}/{max} ms");
        }
        text.push('\n');
        text
    }

    fn json(&self) -> Value {
        let Outcome { sent, received, duplicates, unreachable, refused, rtt } = self.outcome;
        let nanoseconds = |time: Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        json!({
            "to": self.target.name,
            "address": address(self.target),
            "sent": sent,
            "received": received,
            "duplicates": duplicates,
            "unreachable": unreachable,
            "refused": refused,
            "rtt_ns": rtt.map(|rtt| json!({
                "min": nanoseconds(rtt.min),
                "avg": self.outcome.avg().map(nanoseconds),
                "max": nanoseconds(rtt.max),
            })),
            "trouble": self.last.map(trouble).filter(|text| !text.is_empty()),
        })
    }
}

fn table(rows: &[Row<'_>]) -> String {
    let mut table = Table::new(&["to", "address", "sent", "answered", "avg ms", "trouble"]);
    for row in rows {
        table.row([
            row.target.name.clone(),
            address(row.target),
            row.outcome.sent.to_string(),
            row.outcome.received.to_string(),
            row.outcome.avg().map_or_else(String::new, milliseconds),
            row.last.map(trouble).unwrap_or_default(),
        ]);
    }
    table.render()
}
