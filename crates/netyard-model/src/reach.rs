//! Whom a node can send to directly.

use alloc::vec::Vec;
use core::net::IpAddr;

use netyard_types::IfAddr;

use crate::addresses::{is_link_local, names_range};
use crate::network::{Family, Network, NodeId, PortId};
use crate::problem::Unreachable;

impl Network {
    /// The port by which a node reaches an address directly: the one whose range holds it, and of several the smallest range.
    /// `dev` leaves no other port. A link-local address is on every segment, so it needs `dev` or a node of one port.
    pub(crate) fn on_link(
        &self,
        node: NodeId,
        addr: IpAddr,
        dev: Option<PortId>,
    ) -> Result<PortId, Unreachable> {
        let ports = &self[node].ports;
        let addresses =
            || ports.iter().flat_map(|&port| self[port].addresses.iter().map(move |a| (port, a.ip)));
        if addresses().any(|(_, ip)| ip.addr == addr) {
            return Err(Unreachable::Own);
        }
        if is_link_local(addr)
            && let Some(port) = dev.or_else(|| self.only_port(node))
        {
            return Ok(port);
        }
        let (port, ip) = addresses()
            .filter(|(port, ip)| dev.is_none_or(|dev| dev == *port) && ip.prefix().contains(addr))
            .rev()
            .max_by_key(|(_, ip)| ip.len)
            .ok_or(Unreachable::NotOnLink)?;
        let target = IfAddr { addr, ..ip };
        if addr.is_ipv4() && (names_range(target) || target.broadcast() == Some(addr)) {
            return Err(Unreachable::NotUnicast);
        }
        Ok(port)
    }

    /// The port of a node that has only one.
    pub(crate) fn only_port(&self, node: NodeId) -> Option<PortId> {
        match self[node].ports[..] {
            [port] => Some(port),
            _ => None,
        }
    }

    /// The address at which a node reaches a router directly, and the port by which: the router's first address, in the order
    /// of the file, that is in a range of the node's on the same segment.
    pub(crate) fn router_address(
        &self,
        node: NodeId,
        router: NodeId,
        family: Family,
        dev: Option<PortId>,
    ) -> Option<(PortId, IpAddr)> {
        if node == router {
            return None;
        }
        self[router].ports.iter().find_map(|&far| {
            let shared =
                self[node].ports.iter().copied().filter(|&port| {
                    self[port].segment == self[far].segment && dev.is_none_or(|dev| dev == port)
                });
            let near: Vec<PortId> = shared.collect();
            let global = |addr: &IpAddr| Family::of(*addr) == family && !is_link_local(*addr);
            self[far].addresses.iter().map(|a| a.ip.addr).filter(global).find_map(|addr| {
                let holds =
                    |port: &PortId| self[*port].addresses.iter().any(|a| a.ip.prefix().contains(addr));
                near.iter().copied().find(holds).map(|port| (port, addr))
            })
        })
    }

    /// The routers that a node reaches directly, in the order of the file.
    pub(crate) fn routers_near(&self, node: NodeId, family: Family) -> Vec<NodeId> {
        let segments = self[node].ports.iter().map(|&port| self[port].segment);
        let mut routers: Vec<NodeId> = segments.flat_map(|id| self[id].routers.iter().copied()).collect();
        routers.sort_unstable();
        routers.dedup();
        routers.retain(|&router| self.router_address(node, router, family, None).is_some());
        routers
    }
}
