//! Next hops that the file names: a router or an address, found on a segment of the node.

use core::net::IpAddr;

use netyard_spec::{Code, GatewaySpec, Span, Spanned};
use netyard_types::{NextHop, NodeName};

use crate::draft::Draft;
use crate::network::{Family, NodeId, PortId};
use crate::problem::{Problem, Unreachable, Via, Wanted};

/// What a next hop of the file comes to.
pub(crate) struct Hop {
    pub(crate) hop: NextHop,
    /// The router, where the file names one.
    pub(crate) router: Option<NodeId>,
}

/// The next hop that the file names. One that cannot be reached directly is told, and made all the same if the file allows it
/// and the interface is clear.
pub(crate) fn find(
    draft: &mut Draft<'_>,
    node: NodeId,
    via: &Spanned<GatewaySpec>,
    family: Family,
    dev: Option<PortId>,
) -> Option<Hop> {
    match &via.value {
        GatewaySpec::Node(name) => by_name(draft, node, name, &via.span, family, dev),
        GatewaySpec::Address(addr) => by_address(draft, node, *addr, &via.span, dev),
        GatewaySpec::None => {
            let none = NodeName::new("none").expect("a label");
            by_name(draft, node, &none, &via.span, family, dev)
        }
    }
}

fn by_name(
    draft: &mut Draft<'_>,
    node: NodeId,
    name: &NodeName,
    span: &Span,
    family: Family,
    dev: Option<PortId>,
) -> Option<Hop> {
    let router = draft.find(name, span, Wanted::Router)?;
    if let Some((port, addr)) = draft.network.router_address(node, router, family, dev) {
        let hop = NextHop::new(Some(addr), draft.network[port].name.clone());
        return Some(Hop { hop, router: Some(router) });
    }
    if draft.suspect[router.0] {
        return None;
    }
    let reason = if router == node { Unreachable::Own } else { Unreachable::NotOnLink };
    let addresses = draft.network[router].ports.iter().flat_map(|&port| &draft.network[port].addresses);
    let addr = addresses.map(|a| a.ip.addr).find(|addr| Family::of(*addr) == family);
    refuse(draft, node, Via::Node(name.clone()), span, family, reason);
    let hop = on_link_anyway(draft, node, addr?, reason, dev)?;
    Some(Hop { hop, router: Some(router) })
}

fn by_address(
    draft: &mut Draft<'_>,
    node: NodeId,
    addr: IpAddr,
    span: &Span,
    dev: Option<PortId>,
) -> Option<Hop> {
    let hop = match draft.network.on_link(node, addr, dev) {
        Ok(port) => NextHop::new(Some(addr), draft.network[port].name.clone()),
        Err(reason) => {
            refuse(draft, node, Via::Address(addr), span, Family::of(addr), reason);
            on_link_anyway(draft, node, addr, reason, dev)?
        }
    };
    Some(Hop { hop, router: None })
}

fn refuse(draft: &mut Draft<'_>, node: NodeId, via: Via, span: &Span, family: Family, reason: Unreachable) {
    if draft.suspect[node.0] {
        return;
    }
    let near = draft.network.routers_near(node, family);
    let candidates = near.into_iter().map(|id| draft.network[id].name.clone()).collect();
    let node = draft.network[node].name.clone();
    draft.report.add(Problem::UnreachableGateway { node, via, reason, candidates }, span.clone(), []);
}

/// A next hop that no address of the interface reaches, as `ip route … onlink` makes it. The kernel takes no own address and no
/// broadcast address, and needs to know the interface.
fn on_link_anyway(
    draft: &Draft<'_>,
    node: NodeId,
    addr: IpAddr,
    reason: Unreachable,
    dev: Option<PortId>,
) -> Option<NextHop> {
    if reason != Unreachable::NotOnLink || !draft.report.allows(Code::UnreachableGateway) {
        return None;
    }
    let port = dev.or_else(|| draft.network.only_port(node))?;
    Some(NextHop { onlink: true, ..NextHop::new(Some(addr), draft.network[port].name.clone()) })
}
