//! Names and Ethernet addresses from hashes: the same for the same file, and independent of what else the file holds.

use alloc::format;
use alloc::string::String;
use core::hash::Hasher;

use netyard_types::{IfName, LabName, MacAddr, NodeName};
use siphasher::sip::SipHasher24;

/// SipHash-2-4 with a key of Netyard's own. The key is no secret; it must never change, or every address of every lab would.
fn hash(parts: &[&str], salt: u32) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(0x6e65_7479_6172_6400, 0x6c61_6279_6172_6401);
    for part in parts {
        hasher.write(part.as_bytes());
        // No name holds a zero byte, so no two lists of names are hashed alike.
        hasher.write(&[0]);
    }
    hasher.write(&salt.to_le_bytes());
    hasher.finish()
}

/// The Ethernet address of an interface: locally administered (`02` in the first byte) and of one interface only (IEEE 802).
pub(crate) fn mac(lab: &LabName, node: &NodeName, port: &IfName, salt: u32) -> MacAddr {
    let [_, _, _, a, b, c, d, e] = hash(&[lab.as_str(), node.as_str(), port.as_str()], salt).to_be_bytes();
    MacAddr([0x02, a, b, c, d, e])
}

/// An interface name: `wish` if a person could have given it and it is free, else its first eight bytes and a hash of `of`.
pub(crate) fn interface_name(wish: &str, of: [&str; 2], taken: impl Fn(&IfName) -> bool) -> IfName {
    if let Ok(name) = IfName::check_given(wish)
        && !taken(&name)
    {
        return name;
    }
    let start: String = wish.chars().take(8).collect();
    (0..)
        .map(|salt| format!("{start}-{:06x}", hash(&of, salt) & 0x00ff_ffff))
        .map(|name| {
            IfName::new(name)
                .expect("fifteen bytes, and names of nodes and ports hold none that is not allowed")
        })
        .find(|name| !taken(name))
        .expect("a node has fewer interfaces than there are hashes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ethernet_addresses_are_local_and_individual_and_lasting() {
        let name = |text| NodeName::new(text).unwrap();
        let (lab, eth0) = (LabName::new("office").unwrap(), IfName::new("eth0").unwrap());
        let one = mac(&lab, &name("a"), &eth0, 0);
        assert_eq!(one.0[0], 2);
        assert_eq!(one, mac(&lab, &name("a"), &eth0, 0));
        assert_ne!(one, mac(&lab, &name("a"), &eth0, 1));
        assert_ne!(
            mac(&lab, &name("ab"), &IfName::new("c").unwrap(), 0),
            mac(&lab, &name("a"), &IfName::new("bc").unwrap(), 0)
        );
    }

    #[test]
    fn names_that_do_not_fit_are_shortened() {
        let free = |_: &IfName| false;
        assert_eq!(interface_name("web17", ["web17", "eth0"], free).as_str(), "web17");
        let long = interface_name("a-very-long-node-name", ["a-very-long-node-name", "eth0"], free);
        assert!(long.as_str().starts_with("a-very-l-") && long.as_str().len() == 15, "{long}");
        let first = interface_name("1st", ["1st", "eth0"], free);
        assert!(first.as_str().starts_with("1st-"), "{first}");
        let second = interface_name("1st", ["1st", "eth0"], |name| *name == first);
        assert_ne!(first, second);
    }
}
