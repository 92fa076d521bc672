//! A plan as people and programs read it.

use std::fmt::Write;

use anstyle::Style;
use netyard_plan::{Move, Plan, Step};
use netyard_types::IfAddr;
use serde_json::{Value, json};

use super::style::{ADDED, CHANGED, DIM, REMOVED, WARNING};

/// The steps, each with its reason, then what moves, then the numbers.
pub(crate) fn list(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.steps {
        let (sign, style) = sign(&planned.step);
        let (step, reason) = (&planned.step, &planned.reason);
        let _ = writeln!(text, "{style}{sign}{style:#} {step}  {DIM}({reason}){DIM:#}");
    }
    for moved in plan.moves() {
        let Move { at, from, to } = moved;
        let _ = writeln!(
            text,
            "{WARNING}moves{WARNING:#}: {at} goes from {} to {}",
            addresses(&from),
            addresses(&to)
        );
    }
    for conflict in &plan.conflicts {
        let _ = writeln!(text, "{REMOVED}in the way{REMOVED:#}: {conflict}");
    }
    text
}

fn sign(step: &Step) -> (char, Style) {
    match step {
        Step::AddNode { .. }
        | Step::AddBridge { .. }
        | Step::AddCable { .. }
        | Step::AddAddress { .. }
        | Step::AddRoute { .. }
        | Step::AddNeighbour { .. }
        | Step::AddFdb { .. } => ('+', ADDED),
        Step::DeleteNode { .. }
        | Step::DeleteLink { .. }
        | Step::DeleteAddress { .. }
        | Step::DeleteRoute { .. }
        | Step::DeleteNeighbour { .. }
        | Step::DeleteFdb { .. }
        | Step::DiscardLink { .. }
        | Step::DiscardNode { .. }
        | Step::DiscardStranger { .. }
        | Step::ResetSysctl { .. } => ('-', REMOVED),
        Step::SetSysctl { .. }
        | Step::SetLink { .. }
        | Step::ReplaceRoute { .. }
        | Step::WriteHosts { .. }
        | Step::WriteResolv { .. }
        | Step::WriteNames { .. } => ('~', CHANGED),
    }
}

fn addresses(list: &[IfAddr]) -> String {
    if list.is_empty() {
        return String::from("no address");
    }
    list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The numbers of a plan in one line.
pub(crate) fn summary(plan: &Plan) -> String {
    let text = plan.summary().to_string();
    if text.is_empty() { String::from("nothing to do") } else { text }
}

/// The steps for programs.
pub(crate) fn steps_json(plan: &Plan) -> Value {
    let described = plan.steps.iter().map(|planned| {
        json!({ "what": planned.step.to_string(), "why": planned.reason.to_string(), "step": planned.step })
    });
    Value::Array(described.collect())
}
