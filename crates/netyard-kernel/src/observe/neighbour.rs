//! Neighbours and forwarding entries, as the kernel lists them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use netyard_types::{FdbEntry, FdbState, IfName, Link, MacAddr, Neighbour, NeighbourState, Origin};

use crate::netlink::{Attributes, Message, u8_of, u16_of, u32_of};

use super::network::{Names, ip};

const RTM_NEWNEIGH: u16 = 28;
const AF_BRIDGE: u8 = 7;

/// Reads an entry of a neighbour table out of an answer. Left out is what no question and no answer led to: addresses that map
/// to Ethernet addresses by rule, and `lo`. ip-neighbour(8) leaves these out too.
pub(super) fn read_neighbour(message: &Message<'_>, names: &Names) -> Option<Neighbour> {
    const NDA_DST: u16 = 1;
    const NDA_LLADDR: u16 = 2;
    const NDA_PROTOCOL: u16 = 12;
    let payload = message.payload;
    if message.kind != RTM_NEWNEIGH {
        return None;
    }
    let family = *payload.first()?;
    let dev = names.get(&u32_of(payload.get(4..)?)?)?;
    let state = neighbour_state(u16_of(payload.get(8..)?)?);
    let (mut addr, mut mac, mut protocol) = (None, None, 0);
    for (kind, value) in Attributes::behind(payload, 12) {
        match kind {
            NDA_DST => addr = ip(family, value),
            NDA_LLADDR => mac = value.try_into().ok().map(MacAddr),
            NDA_PROTOCOL => protocol = u8_of(value)?,
            _ => {}
        }
    }
    let addr = addr?;
    let by_rule = addr.is_multicast() || addr == IpAddr::V4(Ipv4Addr::BROADCAST) || addr.is_unspecified();
    if state == NeighbourState::Noarp && (by_rule || addr.is_loopback() || dev.as_str() == "lo") {
        return None;
    }
    let origin = match (protocol, state) {
        // RTPROT_UNSPEC: nobody has signed. Only a person or a program sets a permanent entry.
        (0, NeighbourState::Permanent | NeighbourState::Noarp) => Origin::Other(0),
        (0, _) => Origin::Kernel,
        (other, _) => Origin::from_protocol(other),
    };
    Some(Neighbour { dev: dev.clone(), addr, mac, state, origin })
}

/// `NUD_*`, linux/neighbour.h. The states are bits, but an entry has one.
fn neighbour_state(bits: u16) -> NeighbourState {
    match bits {
        0x80 => NeighbourState::Permanent,
        0x40 => NeighbourState::Noarp,
        0x20 => NeighbourState::Failed,
        0x10 => NeighbourState::Probe,
        0x08 => NeighbourState::Delay,
        0x04 => NeighbourState::Stale,
        0x02 => NeighbourState::Reachable,
        0x01 => NeighbourState::Incomplete,
        _ => NeighbourState::None,
    }
}

/// Reads an entry of a bridge's forwarding table out of an answer. An interface's own list of multicast addresses comes in the
/// same answer, without a bridge, and is left out.
pub(super) fn read_fdb(message: &Message<'_>, names: &Names) -> Option<FdbEntry> {
    const NDA_LLADDR: u16 = 2;
    const NDA_MASTER: u16 = 9;
    const NUD_NOARP: u16 = 0x40;
    const NUD_PERMANENT: u16 = 0x80;
    let payload = message.payload;
    if message.kind != RTM_NEWNEIGH || *payload.first()? != AF_BRIDGE {
        return None;
    }
    let index = u32_of(payload.get(4..)?)?;
    let state = u16_of(payload.get(8..)?)?;
    let (mut mac, mut master) = (None, None);
    for (kind, value) in Attributes::behind(payload, 12) {
        match kind {
            NDA_LLADDR => mac = value.try_into().ok().map(MacAddr),
            NDA_MASTER => master = u32_of(value),
            _ => {}
        }
    }
    Some(FdbEntry {
        bridge: names.get(&master?)?.clone(),
        mac: mac?,
        dev: names.get(&index)?.clone(),
        state: match state {
            _ if state & NUD_PERMANENT != 0 => FdbState::Permanent,
            _ if state & NUD_NOARP != 0 => FdbState::Static,
            _ => FdbState::Learned,
        },
        origin: Origin::Kernel,
    })
}

/// Says of the entries of a namespace with these interfaces who put them there. The kernel signs none, but by itself it makes only
/// those that it learns and those of the addresses of the bridge and its ports (`br_fdb_add_local()`, net/bridge/br_fdb.c).
pub(super) fn sign_fdb(entries: &mut [FdbEntry], links: &BTreeMap<IfName, Link>) {
    for entry in entries {
        let belongs = |(name, link): (&IfName, &Link)| {
            link.mac == Some(entry.mac)
                && (*name == entry.bridge || link.master.as_ref() == Some(&entry.bridge))
        };
        let by_kernel = match entry.state {
            FdbState::Learned => true,
            FdbState::Static => false,
            FdbState::Permanent => links.iter().any(belongs),
        };
        entry.origin = if by_kernel { Origin::Kernel } else { Origin::Other(0) };
    }
}

#[cfg(test)]
mod tests {
    use netyard_types::IfName;

    use super::*;
    use crate::netlink::{self, Batch, Messages, Request};

    fn names() -> Names {
        Names::from([(7, IfName::new("eth1").unwrap())])
    }

    fn entry(addr: &str, mac: Option<[u8; 6]>) -> Neighbour {
        Neighbour {
            dev: IfName::new("eth1").unwrap(),
            addr: addr.parse().unwrap(),
            mac: mac.map(MacAddr),
            state: NeighbourState::Permanent,
            origin: Origin::Netyard,
        }
    }

    fn bytes(request: Request) -> Vec<u8> {
        let mut batch = Batch::default();
        batch.push(request, 0);
        batch.as_bytes().to_vec()
    }

    fn read(bytes: &[u8]) -> Option<Neighbour> {
        Messages::new(bytes).next()?.ok().and_then(|message| read_neighbour(&message, &names()))
    }

    #[test]
    fn neighbours_are_read_as_they_are_written() {
        for (addr, mac) in [
            ("10.0.0.9", Some([2, 0, 0, 0, 0, 9])),
            ("fd00::9", Some([2, 0, 0, 0, 1, 9])),
            ("10.0.0.8", None),
        ] {
            let entry = entry(addr, mac);
            assert_eq!(read(&bytes(netlink::add_neighbour(7, &entry))), Some(entry));
        }
    }

    #[test]
    fn addresses_that_map_by_rule_are_left_out() {
        let noarp = |addr| Neighbour { state: NeighbourState::Noarp, ..entry(addr, Some([0; 6])) };
        for addr in ["ff02::1", "224.0.0.22", "127.0.0.1"] {
            assert_eq!(read(&bytes(netlink::add_neighbour(7, &noarp(addr)))), None, "{addr}");
        }
        assert!(read(&bytes(netlink::add_neighbour(7, &noarp("10.0.0.9")))).is_some());
    }

    #[test]
    fn only_entries_of_bridges_are_forwarding_entries() {
        // An entry of family AF_INET, and one of AF_BRIDGE without a bridge.
        let mut bytes = bytes(netlink::add_neighbour(7, &entry("10.0.0.9", Some([2; 6]))));
        for family in [2, AF_BRIDGE] {
            bytes[16] = family;
            let message = Messages::new(&bytes).next().unwrap().unwrap();
            assert_eq!(read_fdb(&message, &names()), None);
        }
        // With NDA_MASTER (9) it is one.
        bytes.extend(8_u16.to_ne_bytes());
        bytes.extend(9_u16.to_ne_bytes());
        bytes.extend(7_u32.to_ne_bytes());
        let len = u32::try_from(bytes.len()).unwrap();
        bytes[..4].copy_from_slice(&len.to_ne_bytes());
        let message = Messages::new(&bytes).next().unwrap().unwrap();
        let found = read_fdb(&message, &names()).unwrap();
        let expected = (MacAddr([2; 6]), "eth1", FdbState::Permanent);
        assert_eq!((found.mac, found.bridge.as_str(), found.state), expected);
    }

    #[test]
    fn what_is_cut_short_does_not_panic() {
        let whole = bytes(netlink::add_neighbour(7, &entry("fd00::9", Some([2; 6]))));
        for len in 0..whole.len() {
            let mut cut = whole[..len].to_vec();
            if let Some(field) = cut.first_chunk_mut() {
                *field = u32::try_from(len).unwrap().to_ne_bytes();
            }
            // What is read of half a message does not matter, that it is not read past its end does.
            for message in Messages::new(&cut).flatten() {
                let _ = (read_neighbour(&message, &names()), read_fdb(&message, &names()));
            }
        }
    }
}
