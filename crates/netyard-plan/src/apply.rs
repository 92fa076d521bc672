//! The loop over the kernel: observe, compare, execute, verify; and the way back when a step fails.

use alloc::boxed::Box;
use alloc::vec::Vec;

use netyard_types::NetState;
use serde::Serialize;

use crate::diff::{Foreign, diff, diff_with};
use crate::kernel::{ExecuteError, Kernel, Scope, Which};
use crate::plan::{Conflict, Plan, PlannedStep};
use crate::reason::Reason;
use crate::simulate::simulate;
use crate::step::{Phase, Step};
use crate::touched::touched;
use crate::undo::inverse;

/// How often the difference is applied: once, and twice more for what the kernel did unasked meanwhile.
const MAX_ROUNDS: usize = 3;

/// How far the work is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Steps done.
    pub done: usize,
    /// Steps in all.
    pub total: usize,
    /// The phase of the latest step.
    pub phase: Phase,
}

/// What was done.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The steps that were carried out, of all rounds; none if there was nothing to do.
    pub plan: Plan,
    /// How often a difference was applied. More than once if the kernel did something unasked.
    pub rounds: usize,
    /// The network as it was observed last.
    pub state: NetState,
    /// The network as it was before.
    pub before: NetState,
}

/// Why the network is not as described.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError<E: core::error::Error + 'static> {
    /// The network cannot be read.
    #[error("cannot read the state of the network")]
    Observe(#[source] E),
    /// Things of others stand in the way. Nothing was touched.
    #[error("{} in the way that netyard must not change", Things(.0.len()))]
    Conflicts(Vec<Conflict>),
    /// A step failed, and what was done before it was undone.
    #[error("cannot {step}")]
    Step {
        /// The step.
        step: Box<Step>,
        /// What came of undoing.
        rolled_back: Box<RolledBack<E>>,
        /// Why the step failed.
        source: E,
    },
    /// Every step succeeded, but the network cannot be read any more, and what was done was undone.
    #[error("cannot read the state of the network after the change")]
    Verify {
        /// What came of undoing.
        rolled_back: Box<RolledBack<E>>,
        /// Why it cannot be read.
        source: E,
    },
    /// Every step succeeded, and still the network is not as described. It is left as it is.
    #[error("{} still not as described after {MAX_ROUNDS} rounds", Things(.remaining.steps.len() + .remaining.conflicts.len()))]
    NotVerified {
        /// What would still have to be done.
        remaining: Box<Plan>,
    },
}

/// A number of things, with its verb.
struct Things(usize);

impl core::fmt::Display for Things {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.0 == 1 { f.write_str("1 thing is") } else { write!(f, "{} things are", self.0) }
    }
}

/// What came of undoing.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RolledBack<E> {
    /// The network is as it was before.
    Restored,
    /// What Netyard made is as it was before. Of what others made, some is gone.
    Lost {
        /// The steps that would have removed it.
        steps: Vec<Step>,
    },
    /// It is not.
    Incomplete {
        /// What would have to be done to have it as it was.
        left: Plan,
        /// The first error on the way, if there was one.
        source: Option<E>,
    },
    /// Nobody knows: it cannot be read.
    Unknown {
        /// Why.
        source: E,
    },
}

/// Makes the network as `desired` describes it, or leaves it as it was.
///
/// `progress` is told how far the work is, in each round anew.
///
/// # Errors
/// Says what stands in the way, which step failed, or what could not be verified.
pub fn apply<K: Kernel>(
    kernel: &mut K,
    desired: &NetState,
    progress: &mut dyn FnMut(Progress),
) -> Result<Applied, ApplyError<K::Error>> {
    apply_with(kernel, desired, Foreign::Keep, progress)
}

/// Makes the network as `desired` describes it, as [`apply`] does, with `foreign` for the things of others.
///
/// # Errors
/// Says what stands in the way, which step failed, or what could not be verified.
pub fn apply_with<K: Kernel>(
    kernel: &mut K,
    desired: &NetState,
    foreign: Foreign,
    progress: &mut dyn FnMut(Progress),
) -> Result<Applied, ApplyError<K::Error>> {
    // Of all namespaces: a person's may have the name of a node that is to be made.
    let scope = Scope { nodes: Which::All, ..Scope::default() };
    let before = kernel.observe(&scope).map_err(ApplyError::Observe)?;
    let mut next = diff_with(&before, desired, foreign);
    if !next.conflicts.is_empty() {
        return Err(ApplyError::Conflicts(next.conflicts));
    }
    let mut applied =
        Applied { plan: Plan::default(), rounds: 0, state: NetState::default(), before: NetState::default() };
    applied.plan.moves.clone_from(&next.moves);
    let mut latest = None;
    while !next.is_empty() {
        if applied.rounds == MAX_ROUNDS || !next.conflicts.is_empty() {
            return Err(ApplyError::NotVerified { remaining: Box::new(next) });
        }
        if let Err(error) = execute(kernel, &next.steps, progress) {
            let failed = next.steps[error.step.min(next.steps.len() - 1)].step.clone();
            let took_effect = |(index, _): &(usize, PlannedStep)| error.done.get(*index) == Some(&true);
            let done = next.steps.into_iter().enumerate().filter(took_effect).map(|(_, step)| step);
            applied.plan.steps.extend(done);
            let rolled_back = Box::new(roll_back(kernel, &before, &applied.plan));
            return Err(ApplyError::Step { step: Box::new(failed), rolled_back, source: error.source });
        }
        let seen = latest.as_ref().unwrap_or(&before);
        let looked = look_again(kernel, seen, &next.steps);
        applied.plan.steps.append(&mut next.steps);
        applied.rounds += 1;
        let state = match looked {
            Ok(state) => state,
            Err(source) => {
                let rolled_back = Box::new(roll_back(kernel, &before, &applied.plan));
                return Err(ApplyError::Verify { rolled_back, source });
            }
        };
        next = diff_with(&state, desired, foreign);
        latest = Some(state);
    }
    match latest {
        Some(state) => {
            applied.state = state;
            applied.before = before;
        }
        // Nothing was changed, so nobody will want to go back.
        None => applied.state = before,
    }
    Ok(applied)
}

/// Undoes what [`apply`] did, where something behind it failed.
pub fn take_back<K: Kernel>(kernel: &mut K, applied: &Applied) -> RolledBack<K::Error> {
    if applied.plan.is_empty() {
        return RolledBack::Restored;
    }
    roll_back(kernel, &applied.before, &applied.plan)
}

fn execute<K: Kernel>(
    kernel: &mut K,
    steps: &[PlannedStep],
    progress: &mut dyn FnMut(Progress),
) -> Result<(), ExecuteError<K::Error>> {
    let total = steps.len();
    let bare: Vec<_> = steps.iter().map(|planned| planned.step.clone()).collect();
    let mut tell = |done: usize| {
        let done = done.min(total);
        if let Some(step) = bare.get(done.saturating_sub(1)) {
            progress(Progress { done, total, phase: step.phase() });
        }
    };
    kernel.execute(&bare, &mut tell)
}

/// Observes the network again, of which `seen` was there before `steps` were carried out. Where few nodes have to do with them, only
/// those are read: the others were, a moment ago.
fn look_again<K: Kernel>(
    kernel: &mut K,
    seen: &NetState,
    steps: &[PlannedStep],
) -> Result<NetState, K::Error> {
    let touched = touched(seen, steps.iter().map(|planned| &planned.step));
    let beside_nodes = |planned: &PlannedStep| matches!(planned.step, Step::DiscardStranger { .. });
    if touched.len() * 2 > seen.nodes.len() || steps.iter().any(beside_nodes) {
        return kernel.observe(&Scope { nodes: Which::All, ..Scope::default() });
    }
    let mut fresh = kernel.observe(&Scope { nodes: Which::These(touched.clone()), ..Scope::default() })?;
    let others = seen.nodes.iter().filter(|(node, _)| !touched.contains(*node));
    fresh.nodes.extend(others.map(|(node, state)| (node.clone(), state.clone())));
    fresh.strangers.clone_from(&seen.strangers);
    Ok(fresh)
}

/// Undoes the steps of `plan`, all of which took effect, and looks whether `before` is back. What is then still different, a
/// plan of its own is tried for.
fn roll_back<K: Kernel>(kernel: &mut K, before: &NetState, plan: &Plan) -> RolledBack<K::Error> {
    let mut source = execute_all(kernel, &undo_of_done(before, plan));
    let mut tries = 0;
    // As before: of all namespaces, or a person's would be missing.
    let scope = Scope { nodes: Which::All, ..Scope::default() };
    loop {
        let state = match kernel.observe(&scope) {
            Ok(state) => state,
            Err(error) => return RolledBack::Unknown { source: source.unwrap_or(error) },
        };
        let left = diff(&state, before);
        if left.steps.is_empty() {
            let steps = lost(before, &state);
            return if steps.is_empty() { RolledBack::Restored } else { RolledBack::Lost { steps } };
        }
        if tries == MAX_ROUNDS {
            return RolledBack::Incomplete { left, source };
        }
        tries += 1;
        source = source.or(execute_all(kernel, &left.bare_steps()));
    }
}

/// The steps that lead from things of others in `before` to those in `now`: what a person's interface or namespace took along
/// cannot be put back.
fn lost(before: &NetState, now: &NetState) -> Vec<Step> {
    let plan = diff_with(before, now, Foreign::Remove);
    let is_foreign = |reason: &Reason| {
        matches!(reason, Reason::ByHand { .. } | Reason::ByProgram { .. } | Reason::InTheWay { .. })
    };
    plan.steps.into_iter().filter(|planned| is_foreign(&planned.reason)).map(|planned| planned.step).collect()
}

/// The steps that undo those of `plan`, all of which took effect. The plan's own inverses are made for all of it; where a step
/// in the middle failed and later ones did not, those behind it found another network.
fn undo_of_done(before: &NetState, plan: &Plan) -> Vec<Step> {
    let mut state = before.clone();
    let inverses = plan.steps.iter().map(|planned| {
        let undo = inverse(&state, &planned.step);
        // The kernel took it, so it is not for the simulation to refuse.
        let _refused = simulate(&mut state, &planned.step);
        undo
    });
    let inverses: Vec<_> = inverses.collect();
    inverses.into_iter().rev().flatten().collect()
}

/// Carries out as many of the steps as can be, and gives the first error.
fn execute_all<K: Kernel>(kernel: &mut K, steps: &[Step]) -> Option<K::Error> {
    let mut first = None;
    let mut rest = steps.to_vec();
    while !rest.is_empty() {
        let Err(ExecuteError { step, done, source }) = kernel.execute(&rest, &mut |_| {}) else { break };
        first.get_or_insert(source);
        // The failed step is not tried again, so this comes to an end.
        let untried = |index: usize| index != step && done.get(index) != Some(&true);
        rest =
            rest.into_iter().enumerate().filter(|(index, _)| untried(*index)).map(|(_, step)| step).collect();
    }
    first
}
