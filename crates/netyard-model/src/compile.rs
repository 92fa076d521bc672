//! The network as the state that the kernel is to have.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use core::net::IpAddr;

use netyard_spec::{HostNamesBy, Span};
use netyard_types::{
    Endpoint, Features, IfName, Link, Neighbour, NeighbourState, NetState, NodeKind, NodeName, NodeState,
    Origin, Prefix, SysctlKey,
};

use crate::hash;
use crate::names::{self, ResolvFiles};
use crate::network::{Network, Node, NodeId, NodeRoute, PortId, RouteSource};

/// Why a kernel cannot have the network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// An IPv6 address, and no IPv6.
    #[error("`{at}` has the IPv6 address {addr}, and this kernel has no IPv6")]
    Ipv6Address {
        /// The interface.
        at: Endpoint,
        /// The address.
        addr: IpAddr,
        /// The place of the address in the file, or of its subnet.
        span: Option<Span>,
    },
    /// An IPv6 route, and no IPv6.
    #[error("`{node}` has a route to {to}, and this kernel has no IPv6")]
    Ipv6Route {
        /// The node.
        node: NodeName,
        /// Where the route leads.
        to: Prefix,
        /// The place of the route in the file.
        span: Option<Span>,
    },
    /// A setting of IPv6, and no IPv6.
    #[error("`{node}` has the setting {key}, and this kernel has no IPv6")]
    Ipv6Setting {
        /// The node.
        node: NodeName,
        /// The setting.
        key: SysctlKey,
        /// Its place in the file.
        span: Span,
    },
}

/// Writes a network down as the state of a kernel with `features`.
///
/// # Errors
/// The first thing, in the order of the file, that such a kernel cannot have.
pub fn compile(network: &Network, features: &Features) -> Result<NetState, CompileError> {
    if !features.ipv6 {
        check_no_ipv6(network)?;
    }
    let hosts: Option<Arc<str>> = match network.names_by() {
        HostNamesBy::Hosts => Some(Arc::from(network.hosts_file())),
        HostNamesBy::Dns | HostNamesBy::None => None,
    };
    let mut resolv = network.names().map(|service| ResolvFiles::new(network, service));
    let names = network.names().map(|service| Arc::new(names::compile(network, service)));
    let mut state = NetState { names, ..NetState::default() };
    for (id, node) in network.nodes() {
        let mut made = NodeState::new(node.kind);
        add_links(network, node, &mut made);
        add_settings(node, features, &mut made);
        made.routes = node.routes.iter().map(|r| r.route.clone()).collect();
        made.hosts.clone_from(&hosts);
        made.resolv = resolv.as_mut().map(|files| files.of(id));
        state.nodes.insert(network[id].name.clone(), made);
    }
    add_neighbours(network, &mut state);
    Ok(state)
}

/// Nothing needs IPv6.
fn check_no_ipv6(network: &Network) -> Result<(), CompileError> {
    for (_, node) in network.nodes() {
        for &port in &node.ports {
            if let Some(address) = network[port].addresses.iter().find(|a| a.ip.addr.is_ipv6()) {
                let subnet = address.subnet.map(|id| network[id].span.clone());
                let span = address.given.clone().or(subnet);
                return Err(CompileError::Ipv6Address {
                    at: network.endpoint(port),
                    addr: address.ip.addr,
                    span,
                });
            }
        }
        if let Some(NodeRoute { route, source }) = node.routes.iter().find(|r| !r.route.to.is_ipv4()) {
            let span = match source {
                RouteSource::File { span } => Some(span.clone()),
                RouteSource::Gateway { span, .. } => span.clone(),
                RouteSource::ShortestPath => None,
            };
            return Err(CompileError::Ipv6Route { node: node.name.clone(), to: route.to, span });
        }
        if let Some(setting) = node.sysctls.iter().find(|s| s.key.as_path().starts_with("net/ipv6/")) {
            let (node, key) = (node.name.clone(), setting.key.clone());
            return Err(CompileError::Ipv6Setting { node, key, span: setting.span.clone() });
        }
    }
    Ok(())
}

fn add_links(network: &Network, node: &Node, state: &mut NodeState) {
    if let Some(bridge) = &node.bridge {
        state.links.insert(bridge.name.clone(), Link::bridge(bridge.mac, bridge.mtu, bridge.settings));
    }
    for &id in &node.ports {
        let port = &network[id];
        let peer = match network.peer(id) {
            Some(peer) => network.endpoint(peer),
            None => add_loose_end(network, node, id, state),
        };
        let mut link = Link::veth(port.mac, port.mtu, peer);
        link.master = node.bridge.as_ref().map(|bridge| bridge.name.clone());
        link.addresses = port.addresses.iter().map(|address| address.ip).collect();
        state.links.insert(port.name.clone(), link);
    }
}

/// The other end of the cable of a port that has none on purpose. The kernel makes no veth without a peer, so the peer lies on
/// the same node, switched off: the port has no carrier, as one that is not plugged in.
fn add_loose_end(network: &Network, node: &Node, id: PortId, state: &mut NodeState) -> Endpoint {
    let port = &network[id];
    let wish = format!("{}-open", port.name);
    let taken = |name: &IfName| network.port(port.node, name).is_some() || state.links.contains_key(name);
    let name = hash::interface_name(&wish, [node.name.as_str(), port.name.as_str()], taken);
    let mac = hash::mac(network.lab(), &node.name, &name, 0);
    let mut link = Link::veth(mac, port.mtu, network.endpoint(id));
    link.up = false;
    state.links.insert(name.clone(), link);
    Endpoint::new(node.name.clone(), name)
}

/// Settings of every host and router, written before its interfaces are made. Where writing `all` writes `default` and every
/// interface too, or counts whatever they say, it alone is written (Documentation/networking/ip-sysctl.rst): a setting costs
/// time on every node.
const STATION_IPV6: &[(&str, &str)] = &[
    // No waiting for duplicate address detection (RFC 4862 §5.4), of link-local addresses either.
    ("net/ipv6/conf/default/accept_dad", "0"),
];
/// Settings of every host and router that the file gives no IPv6 address: no link-local ones either. A thousand hosts that join
/// multicast groups at once keep a segment busy for seconds. IPv6 itself stays on, for addresses that a person adds.
const WITHOUT_IPV6: &[(&str, &str)] = &[(NodeState::ADDR_GEN_MODE, "1")];
/// Settings of every router.
const ROUTER: &[(&str, &str)] = &[
    ("net/ipv4/ip_forward", "1"),
    // Equal paths are chosen by ports as well, so that flows between two hosts spread.
    ("net/ipv4/fib_multipath_hash_policy", "1"),
];
const ROUTER_IPV6: &[(&str, &str)] =
    &[("net/ipv6/conf/all/forwarding", "1"), ("net/ipv6/fib_multipath_hash_policy", "1")];
/// A switch has no addresses, not even link-local ones, and sends nothing of its own accord but the spanning tree's messages.
const SWITCH_IPV6: &[(&str, &str)] = &[("net/ipv6/conf/all/disable_ipv6", "1")];
/// A switch hands no frame to the packet filter.
const SWITCH_NETFILTER: &[(&str, &str)] = &[
    ("net/bridge/bridge-nf-call-arptables", "0"),
    ("net/bridge/bridge-nf-call-ip6tables", "0"),
    ("net/bridge/bridge-nf-call-iptables", "0"),
];

/// Netyard's own settings, then those of the file in their place.
fn add_settings(node: &Node, features: &Features, state: &mut NodeState) {
    let station = node.kind != NodeKind::Switch;
    let router = node.kind == NodeKind::Router;
    let groups = [
        (STATION_IPV6, station && features.ipv6),
        (WITHOUT_IPV6, station && features.ipv6 && !has_ipv6(state)),
        (ROUTER, router),
        (ROUTER_IPV6, router && features.ipv6),
        (SWITCH_IPV6, !station && features.ipv6),
        (SWITCH_NETFILTER, !station && features.bridge_netfilter),
    ];
    for (key, value) in groups.into_iter().filter(|(_, wanted)| *wanted).flat_map(|(group, _)| group) {
        let key = SysctlKey::new(key).expect("a key of the tables above");
        state.sysctls.insert(key, String::from(*value));
    }
    for setting in &node.sysctls {
        state.sysctls.insert(setting.key.clone(), setting.value.clone());
    }
}

/// Whether any interface of a node has an IPv6 address.
fn has_ipv6(node: &NodeState) -> bool {
    node.links.values().flat_map(|link| &link.addresses).any(|address| address.addr.is_ipv6())
}

/// On segments with static neighbours every port of a host or router knows all others from the start, in the families that it
/// has itself.
fn add_neighbours(network: &Network, state: &mut NetState) {
    for (id, segment) in network.segments() {
        if !network.has_static_neighbours(id) {
            continue;
        }
        let stations =
            || segment.ports.iter().copied().filter(|&port| is_station(network, network[port].node));
        for port in stations() {
            let node = &network[network[port].node];
            let Some(made) = state.nodes.get_mut(&node.name) else { continue };
            let own = &network[port].addresses;
            // Where two ports have one address on purpose, the first is the one that is known.
            let mut known: BTreeSet<IpAddr> = own.iter().map(|a| a.ip.addr).collect();
            for other in stations().filter(|&other| other != port) {
                for address in &network[other].addresses {
                    let addr = address.ip.addr;
                    let same_family = own.iter().any(|a| a.ip.addr.is_ipv4() == addr.is_ipv4());
                    if same_family && known.insert(addr) {
                        made.neighbours.insert(Neighbour {
                            dev: network[port].name.clone(),
                            addr,
                            mac: Some(network[other].mac),
                            state: NeighbourState::Permanent,
                            origin: Origin::Netyard,
                        });
                    }
                }
            }
        }
    }
}

fn is_station(network: &Network, node: NodeId) -> bool {
    network[node].kind != NodeKind::Switch
}
