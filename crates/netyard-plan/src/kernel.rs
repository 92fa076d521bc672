//! The seam to the kernel: the two methods that everything above needs of it.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use netyard_types::{NetState, NodeName, SysctlKey};

use crate::step::Step;

/// Something that holds a network and can change it: Linux, or [`SimulatedKernel`](crate::SimulatedKernel).
pub trait Kernel {
    /// What can go wrong.
    type Error: core::error::Error + 'static;

    /// Reads the network.
    ///
    /// # Errors
    /// When it cannot be read.
    fn observe(&mut self, scope: &Scope) -> Result<NetState, Self::Error>;

    /// Carries out steps in order. Within a phase it may gather them by namespace, keeping the order inside each.
    /// `progress` is told the number of steps done so far.
    ///
    /// # Errors
    /// When a step fails; the error says which steps took effect all the same.
    fn execute(
        &mut self,
        steps: &[Step],
        progress: &mut dyn FnMut(usize),
    ) -> Result<(), ExecuteError<Self::Error>>;
}

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// The namespaces.
    pub nodes: Which,
    /// Settings to read besides those that Netyard has set.
    pub sysctls: BTreeSet<(NodeName, SysctlKey)>,
}

/// Which namespaces to look at.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Which {
    /// Those that Netyard made.
    #[default]
    Owned,
    /// All that have a name. One that Netyard did not make is taken for a host.
    All,
    /// These, if they are there, whoever made them. Where a cable leads is known if its other end is in one of them too, or was
    /// seen by an earlier observation and has not changed since.
    These(BTreeSet<NodeName>),
}

/// A step failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("step {} failed", step + 1)]
pub struct ExecuteError<E: core::error::Error + 'static> {
    /// The index of the first step that failed.
    pub step: usize,
    /// For each step, by index, whether it took effect. One who sends many steps at once goes on past an error, so a step behind
    /// the failed one may have. Steps beyond the end of the list did not.
    pub done: Vec<bool>,
    /// Why.
    #[source]
    pub source: E,
}
