//! Networks to build, written down shortly, and packets to send through them.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use netyard_kernel::LinuxKernel;
use netyard_plan::{Applied, Kernel, Scope, Which, apply, owned};
use netyard_types::{
    Bridge, Endpoint, IfAddr, IfName, Link, MacAddr, Neighbour, NeighbourState, NetState, NextHop, NodeKind,
    NodeName, NodeState, Origin, Prefix, Route, RouteKind, SysctlKey,
};

pub(crate) fn name(text: &str) -> NodeName {
    NodeName::new(text).unwrap()
}

pub(crate) fn link(text: &str) -> IfName {
    IfName::new(text).unwrap()
}

pub(crate) fn key(text: &str) -> SysctlKey {
    SysctlKey::new(text).unwrap()
}

pub(crate) fn at(text: &str) -> Endpoint {
    let (node, port) = text.split_once('.').unwrap();
    Endpoint::new(name(node), link(port))
}

pub(crate) fn prefix(text: &str) -> Prefix {
    text.parse().unwrap()
}

/// A different address for each text (FNV-1a).
pub(crate) fn mac(text: &str) -> MacAddr {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let bytes = hash.to_be_bytes();
    MacAddr([2, bytes[1], bytes[2], bytes[3], bytes[4], bytes[5]])
}

/// A network that is to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted(pub(crate) NetState);

impl Wanted {
    pub(crate) fn node(&mut self, node: &str, kind: NodeKind) -> &mut NodeState {
        self.0.nodes.entry(name(node)).or_insert_with(|| NodeState::new(kind))
    }

    pub(crate) fn host(&mut self, node: &str) {
        let sysctls = &mut self.node(node, NodeKind::Host).sysctls;
        for which in ["all", "default"] {
            sysctls.insert(key(&format!("net/ipv6/conf/{which}/accept_dad")), "0".into());
        }
    }

    pub(crate) fn router(&mut self, node: &str) {
        let sysctls = &mut self.node(node, NodeKind::Router).sysctls;
        for path in
            ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/default/forwarding"]
        {
            sysctls.insert(key(path), "1".into());
        }
        sysctls.insert(key("net/ipv6/conf/default/accept_dad"), "0".into());
    }

    /// A switch with the bridge `br0`.
    pub(crate) fn switch(&mut self, node: &str, bridge: Bridge) {
        let state = self.node(node, NodeKind::Switch);
        state.links.insert(link("br0"), Link::bridge(mac(node), 1500, bridge));
        for which in ["all", "default"] {
            state.sysctls.insert(key(&format!("net/ipv6/conf/{which}/disable_ipv6")), "1".into());
        }
    }

    /// A cable; its ends in switches become ports.
    pub(crate) fn cable(&mut self, a: &str, b: &str) {
        for (near, far) in [(a, b), (b, a)] {
            let end = at(near);
            let state = self.0.nodes.get_mut(&end.node).unwrap();
            let mut veth = Link::veth(mac(near), 1500, at(far));
            veth.master = (state.kind == NodeKind::Switch).then(|| link("br0"));
            state.links.insert(end.link, veth);
        }
    }

    pub(crate) fn link(&mut self, text: &str) -> &mut Link {
        let end = at(text);
        self.0.nodes.get_mut(&end.node).unwrap().links.get_mut(&end.link).unwrap()
    }

    pub(crate) fn address(&mut self, port: &str, addr: &str) {
        let (addr, len) = addr.split_once('/').unwrap();
        let addr = IfAddr::netyard(addr.parse().unwrap(), len.parse().unwrap());
        self.link(port).addresses.insert(addr);
    }

    pub(crate) fn state(&mut self, node: &str) -> &mut NodeState {
        self.0.nodes.get_mut(&name(node)).unwrap()
    }

    /// A route through one router or, flow by flow, several, each written `ROUTER PORT`.
    pub(crate) fn route(&mut self, node: &str, to: &str, hops: &[&str]) {
        let hop = |text: &&str| {
            let (via, dev) = text.split_once(' ').unwrap();
            NextHop::new(via.parse().ok(), link(dev))
        };
        let kind = RouteKind::Unicast(hops.iter().map(hop).collect());
        self.state(node).routes.insert(Route::netyard(prefix(to), kind));
    }

    pub(crate) fn neighbour(&mut self, port: &str, addr: &str, mac: MacAddr) {
        let end = at(port);
        let entry = Neighbour {
            dev: end.link,
            addr: addr.parse().unwrap(),
            mac: Some(mac),
            state: NeighbourState::Permanent,
            origin: Origin::Netyard,
        };
        self.state(end.node.as_str()).neighbours.insert(entry);
    }

    /// Builds it, and looks that the kernel has it.
    pub(crate) fn build(&self, kernel: &mut LinuxKernel) {
        let _ = self.apply(kernel);
    }

    /// Builds it, looks that the kernel has it, and says how.
    pub(crate) fn apply(&self, kernel: &mut LinuxKernel) -> Applied {
        let applied = apply(kernel, &self.0, &mut |_| {}).unwrap_or_else(|error| {
            panic!("{error}: {:?}", std::error::Error::source(&error).map(ToString::to_string))
        });
        assert_eq!(owned(&applied.state), owned(&self.0));
        // What was not read again has not changed either.
        let all = Scope { nodes: Which::All, ..Scope::default() };
        assert_eq!(owned(&kernel.observe(&all).unwrap()), owned(&self.0));
        applied
    }

    pub(crate) fn settle(&self, kernel: &mut LinuxKernel) {
        kernel.settle(&self.0, Instant::now() + Duration::from_secs(60), &mut |_, _| {}).unwrap();
    }
}

/// Two hosts on a switch, one behind a router, both families.
pub(crate) fn office() -> Wanted {
    let mut office = Wanted::default();
    office.switch("lan", Bridge::default());
    office.router("gw");
    for host in ["a", "b", "c"] {
        office.host(host);
    }
    for (near, far) in
        [("lan.a", "a.eth0"), ("lan.b", "b.eth0"), ("lan.gw", "gw.lan0"), ("gw.dmz0", "c.eth0")]
    {
        office.cable(near, far);
    }
    for (port, addresses) in [
        ("a.eth0", ["192.168.1.10/24", "fd00:1::10/64"]),
        ("b.eth0", ["192.168.1.11/24", "fd00:1::11/64"]),
        ("gw.lan0", ["192.168.1.1/24", "fd00:1::1/64"]),
        ("gw.dmz0", ["192.168.2.1/24", "fd00:2::1/64"]),
        ("c.eth0", ["192.168.2.9/24", "fd00:2::9/64"]),
    ] {
        addresses.iter().for_each(|addr| office.address(port, addr));
    }
    for (host, net) in [("a", 1), ("b", 1), ("c", 2)] {
        office.route(host, "0.0.0.0/0", &[&format!("192.168.{net}.1 eth0")]);
        office.route(host, "::/0", &[&format!("fd00:{net}::1 eth0")]);
    }
    office
}

/// Sends one packet from node to node; it must arrive, and so must one answer. No packet is sent again.
pub(crate) fn exchange(kernel: &mut LinuxKernel, from: &str, to: &str, addr: &str) -> io::Result<()> {
    let addr: IpAddr = addr.parse().unwrap();
    let server = kernel.with_node(&name(to), || UdpSocket::bind(SocketAddr::new(addr, 0))).unwrap()?;
    let any: SocketAddr = if addr.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().unwrap();
    let client = kernel.with_node(&name(from), || UdpSocket::bind(any)).unwrap()?;
    for socket in [&server, &client] {
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    }
    client.send_to(b"ping", server.local_addr()?)?;
    let mut buffer = [0; 8];
    let (_, back) = server.recv_from(&mut buffer)?;
    server.send_to(b"pong", back)?;
    client.recv_from(&mut buffer)?;
    assert_eq!(&buffer[..4], b"pong");
    Ok(())
}
