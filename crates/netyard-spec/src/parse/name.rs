//! Names of labs, nodes, interfaces and cable ends.

use alloc::string::String;

use netyard_types::{IfName, LabName, NameError, NodeName};

use super::item::Item;
use super::{Findings, note};
use crate::{CableEnd, NameOf, Problem, Span, Spanned};

/// Names that would break a node's hosts file (`localhost` and what Debian writes beside it), and `none`, which `gateway`
/// reads as no gateway.
const RESERVED: [&str; 4] = ["localhost", "ip6-localhost", "ip6-loopback", "none"];

/// Whether no node can have this name, although it is well formed.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

pub(super) fn lab_name(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<LabName>> {
    let text = item.text(found)?;
    match LabName::new(text) {
        Ok(name) => Some(Spanned::new(name, item.span())),
        Err(source) => {
            note(
                found,
                Problem::InvalidName { text: String::from(text), what: NameOf::Lab, source },
                item.span(),
            );
            None
        }
    }
}

/// A name that speaks of a node.
pub(super) fn node_name(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<NodeName>> {
    let name = node_name_of(item.text(found)?, item.span(), found)?;
    Some(Spanned::new(name, item.span()))
}

/// The same, of a part of a value.
pub(super) fn node_name_of(text: &str, span: Span, found: &mut Findings) -> Option<NodeName> {
    NodeName::new(text)
        .map_err(|source| {
            let problem = Problem::InvalidName { text: String::from(text), what: NameOf::Node, source };
            note(found, problem, span);
        })
        .ok()
}

/// A name that is given to a node.
pub(super) fn new_name(
    text: &str,
    what: NameOf,
    span: Span,
    found: &mut Findings,
) -> Option<Spanned<NodeName>> {
    if is_reserved(text) {
        let problem = Problem::InvalidName { text: String::from(text), what, source: NameError::Reserved };
        note(found, problem, span);
        return None;
    }
    label(text, what, span, found)
}

/// A name that is one label of a host name.
pub(super) fn label(text: &str, what: NameOf, span: Span, found: &mut Findings) -> Option<Spanned<NodeName>> {
    match NodeName::new(text) {
        Ok(name) => Some(Spanned::new(name, span)),
        Err(source) => {
            note(found, Problem::InvalidName { text: String::from(text), what, source }, span);
            None
        }
    }
}

pub(super) fn alias(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<NodeName>> {
    new_name(item.text(found)?, NameOf::Alias, item.span(), found)
}

pub(super) fn interface(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<IfName>> {
    let name = interface_of(item.text(found)?, item.span(), found)?;
    Some(Spanned::new(name, item.span()))
}

pub(super) fn interface_of(text: &str, span: Span, found: &mut Findings) -> Option<IfName> {
    let problem = match IfName::check_given(text) {
        Ok(name) => return Some(name),
        Err(NameError::TooLong { len, max }) => {
            Problem::InterfaceNameTooLong { text: String::from(text), len, max }
        }
        Err(source) => Problem::InvalidInterfaceName { text: String::from(text), source },
    };
    note(found, problem, span);
    None
}

/// `node` or `node.interface`; names of nodes have no dots, names of interfaces may.
pub(super) fn cable_end(item: Item<'_, '_>, found: &mut Findings) -> Option<Spanned<CableEnd>> {
    let text = item.text(found)?;
    let (node, port) = match text.split_once('.') {
        Some((node, port)) => (node, Some(port)),
        None => (text, None),
    };
    let node = node_name_of(node, item.span(), found);
    let port = port.map(|port| interface_of(port, item.span(), found));
    let end = CableEnd { node: node?, port: port.map_or(Some(None), |port| port.map(Some))? };
    Some(Spanned::new(end, item.span()))
}
