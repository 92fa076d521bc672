//! What is looked through for mistakes at a time: the records that all nodes are answered, or those of one view.

use netyard_types::{DomainName, NodeName, Records};

use super::Beside;
use super::owners::Owners;
use super::records::Given;
use crate::network::{Network, NodeId};

/// Records, and what they stand beside.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    /// The lab's domain.
    pub(super) domain: &'a DomainName,
    /// The names that there are.
    pub(super) owners: &'a Owners<'a>,
    /// What the file says here.
    pub(super) given: &'a Given<'a>,
    /// What stands at these names without the file's saying so; in a view nothing does.
    pub(super) beside: Option<&'a Records>,
    /// In a view, what the file says to all nodes.
    pub(super) below: Option<&'a Given<'a>>,
}

impl Scope<'_> {
    /// What stands at a name without the file's saying so.
    pub(super) fn holder(&self, network: &Network, name: &DomainName) -> Option<Beside> {
        if !self.beside.is_some_and(|beside| beside.contains_key(name)) {
            return None;
        }
        let node = node_of(network, self.domain, name).map(|id| (id, network[id].name.clone()));
        Some(match node {
            Some((id, node)) if is_name_of(network, id, name) => Beside::Node(node),
            Some((_, node)) => Beside::AliasOf(node),
            None => Beside::Wildcard,
        })
    }
}

/// The node that has a name of the domain, as its own or as an alias.
pub(super) fn node_of(network: &Network, domain: &DomainName, name: &DomainName) -> Option<NodeId> {
    let label = name.labels().next().filter(|_| name.parent().as_ref() == Some(domain))?;
    network.node_or_alias(&label.to_ascii_lowercase())
}

fn is_name_of(network: &Network, id: NodeId, name: &DomainName) -> bool {
    let node: &NodeName = &network[id].name;
    name.labels().next().is_some_and(|label| label.eq_ignore_ascii_case(node.as_str()))
}
