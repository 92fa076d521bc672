//! From a file to a network, stage by stage. Each stage goes on after mistakes, so that all of them are found at once.

use alloc::vec::Vec;

use netyard_spec::{Finding, Spec};
use netyard_types::LabName;

use crate::draft::Draft;
use crate::network::Network;
use crate::problem::Problem;
use crate::{
    addresses, assign, gateways, loops, macs, mtu, names, nodes, routes, routing, segments, settings,
    subnets, wiring,
};

/// What a file comes to.
#[derive(Debug, Clone)]
#[must_use = "a network is only there if there are no errors"]
pub struct Resolution {
    /// The network; there if nothing stands in its way.
    pub network: Option<Network>,
    /// The mistakes that stand in its way, by place.
    pub errors: Vec<Finding<Problem>>,
    /// The mistakes that the file allows, by place. The network has them.
    pub allowed: Vec<Finding<Problem>>,
}

/// Decides everything that `spec` leaves open, for a lab of that name, or finds all that is wrong with it. The same file and
/// name give the same network, byte for byte.
pub fn resolve(spec: &Spec, name: &LabName) -> Resolution {
    let mut draft = Draft::new(spec, name.clone());
    nodes::expand(&mut draft);
    nodes::check_names(&mut draft);
    wiring::wire(&mut draft);
    segments::join(&mut draft);
    segments::check_port_counts(&mut draft);
    loops::check_loops(&mut draft);
    subnets::check_overlaps(&mut draft);
    mtu::decide(&mut draft);
    macs::decide(&mut draft);
    addresses::take_given(&mut draft);
    assign::assign(&mut draft);
    addresses::check_mtu(&mut draft);
    settings::collect(&mut draft);
    routes::add_given(&mut draft);
    gateways::choose(&mut draft);
    routing::add_shortest_paths(&mut draft);
    names::decide(&mut draft);
    let (errors, allowed) = draft.report.finish();
    Resolution { network: errors.is_empty().then_some(draft.network), errors, allowed }
}
