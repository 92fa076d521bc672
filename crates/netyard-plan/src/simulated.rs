//! A kernel that is only simulated, and fails when told to.

use alloc::vec::Vec;

use netyard_types::NetState;

use crate::kernel::{ExecuteError, Kernel, Scope, Which};
use crate::simulate::{SimulateError, simulate};
use crate::step::Step;

/// A network in memory that behaves like the kernel's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimulatedKernel {
    /// The network.
    pub state: NetState,
    fail_at: Option<usize>,
    fail_from: Option<usize>,
    blind_from: Option<usize>,
    blind_until: usize,
    die_at: Option<usize>,
    batching: bool,
    dead: bool,
    tried: usize,
    observed: usize,
}

/// Why a simulated step fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulatedError {
    /// The kernel would refuse it.
    #[error("the step is refused")]
    Refused(#[from] SimulateError),
    /// It was told to.
    #[error("the step fails because it was told to")]
    Told,
    /// Everything fails since the step that it was told to die at.
    #[error("the process is dead")]
    Dead,
}

impl SimulatedKernel {
    /// A kernel that holds `state` and does all it is asked.
    #[must_use]
    pub fn new(state: NetState) -> Self {
        Self { state, ..Self::default() }
    }

    /// Refuses the step number `step`, counted from 0 over all calls, and goes on afterwards.
    #[must_use]
    pub fn failing_at(self, step: usize) -> Self {
        Self { fail_at: Some(step), ..self }
    }

    /// Refuses every step from the number `step` on, counted in the same way.
    #[must_use]
    pub fn failing_from(self, step: usize) -> Self {
        Self { fail_from: Some(step), ..self }
    }

    /// Cannot be read at the observations with these numbers, counted from 0 over all calls.
    #[must_use]
    pub fn blind_at(self, observations: core::ops::Range<usize>) -> Self {
        Self { blind_from: Some(observations.start), blind_until: observations.end, ..self }
    }

    /// Does nothing any more from the step number `step` on, as if the process had been killed; see [`Self::revive`].
    #[must_use]
    pub fn dying_at(self, step: usize) -> Self {
        Self { die_at: Some(step), ..self }
    }

    /// Goes on to the end of the phase when a step fails, as one does who sends many steps at once.
    #[must_use]
    pub fn batching(self) -> Self {
        Self { batching: true, ..self }
    }

    /// The process is started again, and nothing is refused any more.
    pub fn revive(&mut self) {
        *self = Self::new(core::mem::take(&mut self.state));
    }

    /// How many steps were tried.
    #[must_use]
    pub fn tried(&self) -> usize {
        self.tried
    }

    fn execute_one(&mut self, step: &Step) -> Result<(), SimulatedError> {
        let number = self.tried;
        self.tried += 1;
        if self.dead || self.die_at == Some(number) {
            self.dead = true;
            return Err(SimulatedError::Dead);
        }
        if self.fail_at == Some(number) || self.fail_from.is_some_and(|first| first <= number) {
            return Err(SimulatedError::Told);
        }
        simulate(&mut self.state, step)?;
        Ok(())
    }
}

impl Kernel for SimulatedKernel {
    type Error = SimulatedError;

    fn observe(&mut self, scope: &Scope) -> Result<NetState, SimulatedError> {
        let number = self.observed;
        self.observed += 1;
        if self.dead {
            return Err(SimulatedError::Dead);
        }
        if self.blind_from.is_some_and(|first| first <= number) && number < self.blind_until {
            return Err(SimulatedError::Told);
        }
        let mut state = self.state.clone();
        if let Which::These(nodes) = &scope.nodes {
            state.nodes.retain(|node, _| nodes.contains(node));
        }
        Ok(state)
    }

    fn execute(
        &mut self,
        steps: &[Step],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), ExecuteError<SimulatedError>> {
        let mut done = Vec::with_capacity(steps.len());
        let mut failed: Option<(usize, SimulatedError)> = None;
        for (index, step) in steps.iter().enumerate() {
            if let Some((first, _)) = failed
                && (!self.batching || steps[first].phase() != step.phase())
            {
                break;
            }
            match self.execute_one(step) {
                Ok(()) => done.push(true),
                Err(source) => {
                    done.push(false);
                    failed.get_or_insert((index, source));
                }
            }
            progress(index + 1);
        }
        match failed {
            None => Ok(()),
            Some((step, source)) => Err(ExecuteError { step, done, source }),
        }
    }
}
