//! A plan: the steps, why each is there and how it is undone; and what stands in the way.

use alloc::string::String;
use alloc::vec::Vec;

use netyard_types::{Endpoint, IfAddr, Neighbour, NodeName, Route};
use serde::Serialize;

use crate::reason::Reason;
use crate::step::Step;
use crate::summary::Summary;
use crate::words::{NeighbourWords, WholeRoute};

/// The way from one network to another.
#[must_use]
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The steps, in order: by [`Step::phase`], and within a phase node by node.
    pub steps: Vec<PlannedStep>,
    /// What stands in the way. The steps do not touch it; a plan with conflicts is not carried out.
    pub conflicts: Vec<Conflict>,
    /// The interfaces whose addresses move.
    pub(crate) moves: Vec<Move>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedStep {
    /// The step.
    #[serde(flatten)]
    pub step: Step,
    /// Why it is there.
    pub reason: Reason,
    /// The steps that undo it, in the order in which they are done. The undo lists of all steps, the last step's first, give
    /// back what was there before the plan.
    #[serde(skip)]
    pub undo: Vec<Step>,
}

/// An interface that is there before and after, and loses an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Move {
    /// The interface.
    pub at: Endpoint,
    /// Netyard's addresses before.
    pub from: Vec<IfAddr>,
    /// Netyard's addresses after.
    pub to: Vec<IfAddr>,
}

/// Something that a person or another program made and that the plan would have to destroy, or that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "kebab-case", tag = "conflict")]
#[non_exhaustive]
pub enum Conflict {
    /// The name of an interface is taken.
    #[error("{at} is a {kind} that netyard did not make")]
    Link {
        /// The interface.
        at: Endpoint,
        /// Its kind, in the word of ip-link(8).
        kind: String,
    },
    /// The name of a node is taken.
    #[error("there is a namespace {node} that netyard did not make")]
    Node {
        /// The node.
        node: NodeName,
    },
    /// The interface has the IPv6 address with another length.
    #[error("{at} has {found}, which netyard did not add, in the place of {wanted}")]
    Address {
        /// The interface.
        at: Endpoint,
        /// The address that is to be there.
        wanted: IfAddr,
        /// The address that is there.
        found: IfAddr,
    },
    /// There is another route with the same key.
    #[error("{node} has the route {}, which netyard did not add, in the place of {}", WholeRoute(.found), WholeRoute(.wanted))]
    Route {
        /// The node.
        node: NodeName,
        /// The route that is to be there.
        wanted: Route,
        /// The route that is there.
        found: Route,
    },
    /// The neighbour was set by hand to another Ethernet address.
    #[error(
        "{node} has the neighbour {}, which netyard did not add, in the place of {}",
        NeighbourWords(.found),
        NeighbourWords(.wanted)
    )]
    Neighbour {
        /// The node.
        node: NodeName,
        /// The entry that is to be there.
        wanted: Neighbour,
        /// The entry that is there.
        found: Neighbour,
    },
    /// The interface can be moved elsewhere, but not removed: it is a piece of hardware.
    #[error("{at} is a device that can be moved, but not removed")]
    Device {
        /// The interface.
        at: Endpoint,
    },
    /// The node has a resolver file of a person's.
    #[error("{node} has a resolv.conf that netyard did not write, in the place of its own")]
    Resolver {
        /// The node.
        node: NodeName,
    },
    /// An interface that cannot be made: a cable needs two ends that name each other, everything needs an Ethernet address,
    /// and only bridges and cables are made.
    #[error("the description of {at} is incomplete")]
    Incomplete {
        /// The interface.
        at: Endpoint,
    },
}

impl Plan {
    /// Whether there is nothing to do, and nothing that stands in the way of it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.conflicts.is_empty()
    }

    /// The steps alone, without reasons.
    #[must_use]
    pub fn bare_steps(&self) -> Vec<Step> {
        self.steps.iter().map(|planned| planned.step.clone()).collect()
    }

    /// The steps that undo the plan.
    #[must_use]
    pub fn undo(&self) -> Vec<Step> {
        self.steps.iter().rev().flat_map(|planned| planned.undo.iter().cloned()).collect()
    }

    /// Every interface that is there before and after the plan and loses an address of Netyard's: who knows it by that
    /// address no longer finds it. An interface that only gains addresses is not among them.
    #[must_use]
    pub fn moves(&self) -> Vec<Move> {
        self.moves.clone()
    }

    /// How many things of each kind come, go and change.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::of(self)
    }
}
