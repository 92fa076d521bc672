//! Files of networks like those of the floor program: hosts on two switches, or more, with one router.

use std::fmt::Write;

/// Hosts of one switch: a bridge takes 1,023 ports.
const PER_SWITCH: usize = 1000;

/// The lab of the benches.
pub(crate) const LAB: &str = "bench";

fn letter(switch: usize) -> char {
    (b'a'..=b'z').nth(switch).map_or('z', char::from)
}

fn hosts_of(hosts: usize) -> Vec<usize> {
    let switches = hosts.div_ceil(PER_SWITCH).max(2);
    (0..switches).map(|switch| hosts / switches + usize::from(switch < hosts % switches)).collect()
}

/// A file of `hosts` hosts, and `more` on the last switch.
pub(crate) fn with_counts(hosts: usize, more: usize) -> String {
    let mut counts = hosts_of(hosts);
    if let Some(last) = counts.last_mut() {
        *last += more;
    }
    let mut text = head(counts.len());
    for (switch, count) in counts.iter().enumerate() {
        let name = letter(switch);
        writeln!(text, "[host.{name}]\non = \"lan{switch}\"\ncount = {count}").expect("it is a string");
    }
    text
}

/// The same network with a table for each host.
pub(crate) fn with_tables(hosts: usize) -> String {
    let counts = hosts_of(hosts);
    let mut text = head(counts.len());
    for (switch, count) in counts.iter().enumerate() {
        let name = letter(switch);
        for number in 1..=*count {
            writeln!(text, "[host.{name}{number}]\non = \"lan{switch}\"").expect("it is a string");
        }
    }
    text
}

fn head(switches: usize) -> String {
    let mut text = format!("name = \"{LAB}\"\n");
    for switch in 0..switches {
        writeln!(text, "[switch.lan{switch}]\nsubnet = \"10.{switch}.0.0/16\"").expect("it is a string");
    }
    let names: Vec<String> = (0..switches).map(|switch| format!("\"lan{switch}\"")).collect();
    writeln!(text, "[router.gw]\non = [{}]", names.join(", ")).expect("it is a string");
    text
}

/// The first host, and the last: on two switches, so what goes from one to the other goes through the router.
pub(crate) fn first_and_last(hosts: usize) -> [String; 2] {
    let counts = hosts_of(hosts);
    let last = counts.len() - 1;
    ["a1".to_owned(), format!("{}{}", letter(last), counts[last])]
}
