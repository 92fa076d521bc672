//! The answers to names as a table, and for programs.

use netyard_types::NodeName;
use serde_json::{Value, json};

use super::table::Table;
use crate::commands::names::{Answer, Row, Source};

/// More nodes than these are counted and not named.
const MOST_NAMED: usize = 6;

/// The table.
pub(crate) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&["name", "answer", "from", "on"]);
    for row in rows {
        table.row([row.name.clone(), answer(&row.answer), from(&row.answer.from), nodes(row)]);
    }
    table
}

fn answer(answer: &Answer) -> String {
    let mut parts: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
    parts.extend(answer.records.iter().map(|(kind, data)| format!("{kind} {data}")));
    let mut text = parts.join(", ");
    if let Some(last) = answer.aliases.last() {
        text = format!("{text} ({last})").trim_start().to_owned();
    }
    let Some((slow_ms, bad)) = answer.trouble else { return text };
    // Over TCP a truncated answer is the right one.
    if let Some(bad) = bad {
        text = if bad == "truncate" { format!("{text}, truncated") } else { bad.to_owned() };
    }
    if slow_ms > 0 { format!("{text}, {slow_ms} ms late") } else { text }
}

fn from(source: &Source) -> String {
    match source {
        Source::HostsFile => String::from("hosts file"),
        Source::Keeper => String::from("dns"),
        Source::Server(node) => format!("dns on {node}"),
    }
}

fn nodes(row: &Row) -> String {
    if row.others.is_empty() {
        String::from("all")
    } else if row.others.len() < row.nodes.len() {
        format!("all but {}", named(&row.others))
    } else {
        named(&row.nodes)
    }
}

fn named(nodes: &[NodeName]) -> String {
    let named: Vec<&str> = nodes.iter().take(MOST_NAMED).map(NodeName::as_str).collect();
    match nodes.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

/// The same for programs.
pub(crate) fn json(rows: &[Row]) -> Value {
    let row = |row: &Row| {
        let Answer { from, aliases, addresses, records, trouble } = &row.answer;
        json!({
            "name": row.name,
            "addresses": addresses,
            "aliases": aliases,
            "records": records.iter().map(|(kind, data)| json!({ "type": kind, "data": data })).collect::<Vec<_>>(),
            "from": match from { Source::HostsFile => "hosts", Source::Keeper | Source::Server(_) => "dns" },
            "server": match from { Source::Server(node) => Some(node), _ => None },
            "trouble": trouble.map(|(slow_ms, answer)| json!({ "slow_ms": slow_ms, "answer": answer })),
            "nodes": row.nodes,
        })
    };
    rows.iter().map(row).collect()
}
