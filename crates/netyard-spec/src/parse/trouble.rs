//! `trouble`: what goes wrong with answers on purpose.

use alloc::vec::Vec;

use netyard_types::{BadAnswer, Trouble};
use toml::de::DeValue;

use super::duration::lateness;
use super::fields::Fields;
use super::item::{Item, entries};
use super::{Findings, domain, note, value};
use crate::key_table::BAD_ANSWERS;
use crate::{Problem, Spanned, Table, TroubleSpec, ValueType};

/// Reads `trouble`.
pub(super) fn troubles(item: Item<'_, '_>, found: &mut Findings) -> Vec<TroubleSpec> {
    let Some(table) = item.table(found) else { return Vec::new() };
    entries(table).into_iter().filter_map(|item| trouble_of_name(item, found)).collect()
}

fn trouble_of_name(item: Item<'_, '_>, found: &mut Findings) -> Option<TroubleSpec> {
    let name = if item.key == "*" {
        Some(Spanned::new(None, item.key_span()))
    } else {
        domain::target(item.key, item.key_span(), found).map(|name| Spanned::new(Some(name.value), name.span))
    };
    let trouble = trouble(item, found);
    Some(TroubleSpec { name: name?, trouble: trouble? })
}

/// A word, or a table that says when and what.
fn trouble(item: Item<'_, '_>, found: &mut Findings) -> Option<Trouble> {
    match item.as_value() {
        DeValue::String(_) => {
            bad_answer(item, found).map(|answer| Trouble { slow_ms: 0, answer: Some(answer) })
        }
        DeValue::Table(table) => {
            let mut fields = Fields::open(Table::Trouble, table, item.span(), found);
            let slow = fields.get("slow").map(|item| value::duration_as(lateness, item, found));
            let answer = fields.get("answer").map(|item| bad_answer(item, found));
            if table.is_empty() {
                note(found, Problem::MissingKey { key: "slow", table: Table::Trouble }, item.span());
            }
            fields.close();
            // Half of a trouble would be another one.
            let slow_ms = slow.map_or(Some(0), |slow| slow.map(|slow| slow.value))?;
            Some(Trouble { slow_ms, answer: answer.map_or(Some(None), |answer| answer.map(Some))? })
        }
        _ => {
            item.wrong_type(&[ValueType::String, ValueType::Table], found);
            None
        }
    }
}

fn bad_answer(item: Item<'_, '_>, found: &mut Findings) -> Option<BadAnswer> {
    Some(match value::word(item, BAD_ANSWERS, found)?.value {
        "servfail" => BadAnswer::Servfail,
        "nxdomain" => BadAnswer::Nxdomain,
        "drop" => BadAnswer::Drop,
        _ => BadAnswer::Truncate,
    })
}
