//! Steps as a POSIX shell script of `ip` and `sysctl` commands, as a person would type them.
//!
//! The forms are those that iproute2 6.1 takes. It has no word for the protocol of an address (`IFA_PROTO`), so addresses that
//! the script adds do not carry Netyard's mark; [`diff`](crate::diff()) takes them for present all the same.

use alloc::borrow::Cow;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt::{self, Write};

use netyard_types::{IfAddr, IfName, NodeName, Origin, Prefix, Route, SysctlKey};

use crate::hosts::{HOSTS_BASE, HOSTS_BEGIN, HOSTS_END, push_block};
use crate::step::{CableEnd, Phase, Step};
use crate::words::{
    BridgeWords, EndWords, FdbWords, KindWord, NeighbourWords, RouteWords, Target, dev, fdb_state, protocol,
    quote,
};

const HEADER: &str = "#!/bin/sh\n\
    # The same by hand: run it as root, or in a sandbox (netyard enter --empty).\n\
    set -e\n";

/// The steps as a shell script that does the same.
#[must_use]
pub fn script(steps: &[Step]) -> String {
    let hosts = steps.iter().filter_map(|step| match step {
        Step::WriteHosts { lines, .. } => lines.as_ref(),
        _ => None,
    });
    let resolvers = steps.iter().filter_map(|step| match step {
        Step::WriteResolv { text, .. } => text.as_ref(),
        _ => None,
    });
    let (names, resolvers) = (shared_texts(hosts), shared_texts(resolvers));
    let mut script = Script { text: String::from(HEADER), fresh: BTreeSet::new(), names, resolvers };
    script.define(steps).expect("a String takes all that is written to it");
    let mut phase = None;
    for step in steps {
        if phase.replace(step.phase()) != Some(step.phase()) {
            script.text.push_str("\n# ");
            script.text.push_str(title(step.phase()));
            script.text.push('\n');
        }
        script.step(step).expect("a String takes all that is written to it");
    }
    script.text
}

/// The heading of a phase.
fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Remove => "what goes",
        Phase::Nodes => "the namespaces",
        Phase::Settings => "settings",
        Phase::Bridges => "bridges",
        Phase::Cables => "cables",
        Phase::Links => "interfaces",
        Phase::AddAddresses => "addresses",
        Phase::DeleteAddresses => "addresses that go",
        Phase::Routes => "routes and neighbours",
        Phase::Names => "names",
        Phase::Discard => "what goes and cannot be put back",
    }
}

/// The texts that several files get, numbered in the order in which they come.
fn shared_texts<'a>(texts: impl Iterator<Item = &'a Arc<str>>) -> BTreeMap<Arc<str>, usize> {
    let mut uses: BTreeMap<&Arc<str>, usize> = BTreeMap::new();
    let mut shared = BTreeMap::new();
    for text in texts {
        let count = uses.entry(text).or_default();
        *count += 1;
        if *count == 2 {
            shared.insert(text.clone(), shared.len() + 1);
        }
    }
    shared
}

/// Texts by their numbers.
fn by_number(shared: &BTreeMap<Arc<str>, usize>) -> BTreeMap<usize, &Arc<str>> {
    shared.iter().map(|(text, number)| (*number, text)).collect()
}

/// A script in the making.
struct Script {
    text: String,
    /// The nodes that the script makes: their hosts files hold nothing of Netyard's yet.
    fresh: BTreeSet<NodeName>,
    /// The lines that several hosts files get, with the number of the function that prints them.
    names: BTreeMap<Arc<str>, usize>,
    /// The texts that several resolver files get, likewise.
    resolvers: BTreeMap<Arc<str>, usize>,
}

impl Script {
    /// Defines the functions that print what several files get.
    fn define(&mut self, steps: &[Step]) -> fmt::Result {
        if steps.iter().any(|step| matches!(step, Step::AddNode { .. })) {
            writeln!(self.text, "\nlocalhost() {{\n    cat {}}}", HereDocument(HOSTS_BASE))?;
        }
        for (number, lines) in by_number(&self.names) {
            writeln!(self.text, "\nnames_{number}() {{\n    cat {}}}", HereDocument(&block(lines)))?;
        }
        for (number, text) in by_number(&self.resolvers) {
            writeln!(self.text, "\nresolver_{number}() {{\n    cat {}}}", HereDocument(text))?;
        }
        Ok(())
    }

    fn step(&mut self, step: &Step) -> fmt::Result {
        let text = &mut self.text;
        match step {
            Step::AddNode { node, .. } => {
                self.fresh.insert(node.clone());
                writeln!(text, "ip netns add {node}")?;
                writeln!(text, "ip -n {node} link set dev lo up")?;
                writeln!(text, "ip netns exec {node} sysctl -q -w net.ipv4.conf.all.promote_secondaries=1")?;
                writeln!(text, "mkdir -p /etc/netns/{node}")?;
                writeln!(text, "echo {node} >/etc/netns/{node}/hostname")?;
                writeln!(text, "localhost >/etc/netns/{node}/hosts")
            }
            Step::DeleteNode { node } => {
                // The kernel takes a namespace apart some time later; the cables' other ends have to go now.
                writeln!(text, "ip -n {node} link delete group {} 2>/dev/null || true", Origin::LINK_GROUP)?;
                writeln!(text, "ip netns delete {node}")?;
                writeln!(text, "rm -rf /etc/netns/{node}")
            }
            Step::SetSysctl { node, key, value } => {
                let setting = format!("{key}={value}");
                writeln!(text, "ip netns exec {node} sysctl -q -w {}", quote(&setting))
            }
            Step::ResetSysctl { node, key } => reset_setting(text, node, key),
            Step::AddBridge { node, link, mac, mtu, bridge } => {
                writeln!(
                    text,
                    "ip -n {node} link add name {} group {} address {mac} mtu {mtu} type bridge {}",
                    dev(link),
                    Origin::LINK_GROUP,
                    BridgeWords(bridge)
                )?;
                writeln!(text, "ip -n {node} link set dev {} up", dev(link))
            }
            Step::AddCable { ends } => add_cable(text, ends),
            Step::DiscardNode { node } => {
                writeln!(text, "ip netns delete {node}")?;
                writeln!(text, "rm -rf /etc/netns/{node}")
            }
            Step::DiscardStranger { name } => writeln!(text, "ip netns delete {}", quote(name)),
            Step::DeleteLink { node, link } | Step::DiscardLink { node, link } => {
                writeln!(text, "ip -n {node} link delete dev {}", dev(link))
            }
            Step::SetLink { node, link, change } => {
                writeln!(text, "ip -n {node} link set dev {} {change}", dev(link))
            }
            Step::WriteHosts { node, lines } => self.write_hosts(node, lines.as_ref()),
            Step::WriteResolv { node, text } => self.write_resolv(node, text.as_ref()),
            Step::WriteNames { names: Some(names) } => {
                writeln!(text, "# the names of {} are served by netyard up, not by this script", names.domain)
            }
            Step::WriteNames { names: None } => {
                writeln!(text, "# netyard up serves no names any more; there is nothing to do here")
            }
            _ => network_layer(text, step),
        }
    }

    fn write_hosts(&mut self, node: &NodeName, lines: Option<&Arc<str>>) -> fmt::Result {
        let text = &mut self.text;
        let file = format!("/etc/netns/{node}/hosts");
        if !self.fresh.contains(node) {
            writeln!(text, "sed -i '/^{HOSTS_BEGIN}$/,/^{HOSTS_END}$/d' {file}")?;
        }
        let Some(lines) = lines else { return Ok(()) };
        match self.names.get(lines) {
            Some(number) => writeln!(text, "names_{number} >>{file}"),
            None => write!(text, "cat >>{file} {}", HereDocument(&block(lines))),
        }
    }

    /// Without a file of its own, a node has the lab's.
    fn write_resolv(&mut self, node: &NodeName, wanted: Option<&Arc<str>>) -> fmt::Result {
        let text = &mut self.text;
        let file = format!("/etc/netns/{node}/resolv.conf");
        match wanted.map(|wanted| (wanted, self.resolvers.get(wanted))) {
            None => writeln!(text, "rm -f {file}"),
            Some((_, Some(number))) => writeln!(text, "resolver_{number} >{file}"),
            Some((wanted, None)) => write!(text, "cat >{file} {}", HereDocument(wanted)),
        }
    }
}

/// Steps on addresses, routes and neighbours.
fn network_layer(text: &mut String, step: &Step) -> fmt::Result {
    match step {
        Step::AddAddress { node, link, addr } => add_address(text, node, link, addr),
        Step::DeleteAddress { node, link, addr } => {
            writeln!(text, "ip -n {node} address delete {addr} dev {}", dev(link))
        }
        Step::AddRoute { node, route } => change_route(text, node, "add", route),
        Step::ReplaceRoute { node, new, .. } => change_route(text, node, "replace", new),
        Step::DeleteRoute { node, route } => change_route(text, node, "delete", route),
        Step::AddNeighbour { node, neighbour } => writeln!(
            text,
            "ip -n {node} neighbour replace {} nud permanent protocol {}",
            NeighbourWords(neighbour),
            protocol(neighbour.origin)
        ),
        Step::DeleteNeighbour { node, neighbour } => {
            writeln!(text, "ip -n {node} neighbour delete {} dev {}", neighbour.addr, dev(&neighbour.dev))
        }
        Step::AddFdb { node, entry } => {
            writeln!(text, "bridge -n {node} fdb add {} {}", FdbWords(entry), fdb_state(entry.state))
        }
        Step::DeleteFdb { node, entry } => {
            writeln!(text, "bridge -n {node} fdb delete {}", FdbWords(entry))
        }
        _ => Ok(()),
    }
}

fn add_cable(text: &mut String, [first, second]: &[CableEnd; 2]) -> fmt::Result {
    // `name` and `dev` are needed: without, ip(8) takes an interface called `a` for the word `address`.
    writeln!(
        text,
        "ip -n {} link add name {} group {group} {} type veth peer name {} netns {} group {group} {}",
        first.at.node,
        dev(&first.at.link),
        EndWords(first),
        dev(&second.at.link),
        second.at.node,
        EndWords(second),
        group = Origin::LINK_GROUP,
    )?;
    for end in [first, second] {
        write!(text, "ip -n {} link set dev {}", end.at.node, dev(&end.at.link))?;
        if let Some(master) = &end.master {
            write!(text, " master {}", dev(master))?;
        }
        writeln!(text, " up")?;
    }
    Ok(())
}

fn add_address(text: &mut String, node: &NodeName, link: &IfName, addr: &IfAddr) -> fmt::Result {
    write!(text, "ip -n {node} address add {addr}")?;
    if addr.broadcast().is_some() {
        text.push_str(" broadcast +");
    }
    write!(text, " dev {}", dev(link))?;
    // Duplicate address detection would keep the address from use for a second.
    writeln!(text, "{}", if addr.addr.is_ipv6() { " nodad" } else { "" })
}

fn change_route(text: &mut String, node: &NodeName, verb: &str, route: &Route) -> fmt::Result {
    let family = |to: &Prefix| if to.is_default() && !to.is_ipv4() { "-6 " } else { "" };
    writeln!(
        text,
        "ip -n {node} {}route {verb} {}{}{}",
        family(&route.to),
        KindWord(&route.kind),
        Target(&route.to),
        RouteWords { route, with_protocol: true }
    )
}

/// The value before Netyard's is not written down in a step. A script takes the one that a fresh namespace has: an interface's
/// is `default`'s, and another one's that of the namespace in which the script runs.
fn reset_setting(text: &mut String, node: &NodeName, key: &SysctlKey) -> fmt::Result {
    let fresh = key
        .interface()
        .and_then(|name| SysctlKey::new(&key.as_path().replacen(&format!("/{name}/"), "/default/", 1)).ok());
    let key = format!("{key}");
    write!(text, "ip netns exec {node} sysctl -q -w {}=\"$(", quote(&key))?;
    match fresh {
        Some(fresh) => write!(text, "ip netns exec {node} sysctl -n {}", quote(&format!("{fresh}")))?,
        None => write!(text, "sysctl -n {}", quote(&key))?,
    }
    text.push_str(")\"\n");
    Ok(())
}

/// Netyard's block of a hosts file.
fn block(lines: &str) -> String {
    let mut text = String::new();
    push_block(&mut text, lines);
    text
}

/// Text that the shell passes on as it is.
struct HereDocument<'a>(&'a str);

impl fmt::Display for HereDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut end = Cow::Borrowed("EOF");
        while self.0.lines().any(|line| line == end) {
            end.to_mut().push('_');
        }
        let last = if self.0.is_empty() || self.0.ends_with('\n') { "" } else { "\n" };
        write!(f, "<<'{end}'\n{}{last}{end}\n", self.0)
    }
}
