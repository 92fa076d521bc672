//! What is made: hosts on switches, all switches on one router.

use std::net::Ipv4Addr;

/// Hosts of one switch: a bridge takes 1,023 ports, and one is the router's.
const PER_SWITCH: u32 = 1000;

/// The size of the network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) hosts: u32,
}

/// A host and its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Host {
    pub(crate) switch: u32,
    /// Its number on its switch, from 0.
    pub(crate) number: u32,
}

impl Shape {
    /// Two switches, or as many as it takes.
    pub(crate) fn switches(self) -> u32 {
        self.hosts.div_ceil(PER_SWITCH).max(2)
    }

    /// The hosts of one switch.
    pub(crate) fn hosts_of(self, switch: u32) -> impl Iterator<Item = Host> {
        let (all, switches) = (self.hosts, self.switches());
        let len = all / switches + u32::from(switch < all % switches);
        (0..len).map(move |number| Host { switch, number })
    }
}

impl Host {
    pub(crate) fn name(self) -> String {
        format!("h{}-{}", self.switch + 1, self.number + 1)
    }

    pub(crate) fn addr(self) -> Ipv4Addr {
        Ipv4Addr::from_bits(subnet(self.switch) + 2 + self.number)
    }

    pub(crate) fn mac(self, far: bool) -> [u8; 6] {
        mac(self.switch, self.number + 2, far)
    }

    /// The index of the port at the switch. Never that of `eth0`, which is 2: the kernel takes a pair with one index for a link of
    /// its own and lets its carrier wait for up to a second (`linkwatch_urgent_event()`).
    pub(crate) fn port_index(self) -> u32 {
        self.number + 10
    }
}

/// The first address of a switch's /16, as a number.
fn subnet(switch: u32) -> u32 {
    Ipv4Addr::new(10, 0, 0, 0).to_bits() + (switch << 16)
}

/// The router's address at a switch.
pub(crate) fn gateway(switch: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(subnet(switch) + 1)
}

pub(crate) fn switch_name(switch: u32) -> String {
    format!("lan{}", switch + 1)
}

pub(crate) fn mac(switch: u32, number: u32, far: bool) -> [u8; 6] {
    let [_, _, high, low] = number.to_be_bytes();
    let [_, _, _, switch] = switch.to_be_bytes();
    [2, 0x10, u8::from(far), switch, high, low]
}
