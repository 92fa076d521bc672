//! Who asks.

use std::net::{IpAddr, Ipv6Addr};

use netyard_types::NodeName;
use netyard_zone::Zones;

/// The node that asks: over its own loopback the node that the socket is on, else the one that has the address.
pub(crate) fn asker<'a>(zones: &'a Zones, node: &'a NodeName, source: IpAddr) -> Option<&'a NodeName> {
    let source = source.to_canonical();
    if source.is_loopback() { Some(node) } else { zones.client(source) }
}

/// Whom a connection counts for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Source {
    /// A node of the lab, whatever address it uses.
    Node(NodeName),
    /// An address outside of it; for IPv6 the network, of which whoever has one address has all.
    Address(IpAddr),
}

impl Source {
    pub(crate) fn new(zones: &Zones, node: &NodeName, source: IpAddr) -> Self {
        match (asker(zones, node, source), source.to_canonical()) {
            (Some(node), _) => Self::Node(node.clone()),
            (None, IpAddr::V6(addr)) => {
                Self::Address(Ipv6Addr::from_bits(addr.to_bits() & (u128::MAX << 64)).into())
            }
            (None, addr) => Self::Address(addr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netyard_types::{DomainName, Names, Troubles};
    use std::sync::Arc;

    fn node(name: &str) -> NodeName {
        NodeName::new(name).unwrap()
    }

    fn zones() -> Zones {
        let domain = DomainName::new("office.test").unwrap();
        let clients = [("10.0.0.1", "a"), ("fd00::1", "a"), ("10.0.0.2", "b")];
        let names = Names {
            name_servers: vec![domain.clone()],
            ttl: 60,
            servers: [].into(),
            zones: [(domain.clone(), [].into())].into(),
            clients: clients.map(|(addr, name)| (addr.parse().unwrap(), node(name))).into(),
            views: Vec::new(),
            troubles: Troubles::default(),
            forward: Vec::new(),
            domain,
        };
        Zones::new(Arc::new(names), 1)
    }

    #[test]
    fn askers_are_known_by_their_loopback_or_their_address() {
        let (zones, gw) = (zones(), node("gw"));
        for (source, expected) in [
            ("127.0.0.1", Some("gw")),
            ("127.3.2.1", Some("gw")),
            ("::1", Some("gw")),
            ("::ffff:127.0.0.1", Some("gw")),
            ("10.0.0.1", Some("a")),
            ("::ffff:10.0.0.2", Some("b")),
            ("fd00::1", Some("a")),
            ("10.0.0.3", None),
        ] {
            let found = asker(&zones, &gw, source.parse().unwrap());
            assert_eq!(found, expected.map(node).as_ref(), "{source}");
        }
    }

    #[test]
    fn all_addresses_of_one_count_together() {
        let (zones, gw) = (zones(), node("gw"));
        let of = |source: &str| Source::new(&zones, &gw, source.parse().unwrap());
        assert_eq!(of("10.0.0.1"), of("fd00::1"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
    }
}
