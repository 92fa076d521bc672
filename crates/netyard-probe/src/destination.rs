//! Which of several addresses of a name is taken (RFC 6724 §6).

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// A port that no packet is sent to: connecting a datagram socket only asks for the way (discard, RFC 863).
const DISCARD: u16 = 9;

/// The nearest of `addrs`, seen from the namespace of the calling thread; none if there are none.
pub(crate) fn nearest(addrs: &[IpAddr]) -> Option<IpAddr> {
    choose(addrs, source)
}

/// The address that packets to `addr` would come from; none if there is no way there.
fn source(addr: IpAddr) -> Option<IpAddr> {
    let any: IpAddr =
        if addr.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect((addr, DISCARD)).ok()?;
    Some(socket.local_addr().ok()?.ip())
}

/// One that there is a way to (rule 1), and of these the one that has most leading bits in common with the address that packets to
/// it come from (rule 9, as musl has it for both families); of equals the first (rule 10).
fn choose(addrs: &[IpAddr], source: impl Fn(IpAddr) -> Option<IpAddr>) -> Option<IpAddr> {
    match addrs {
        [] => None,
        // Mostly there is nothing to choose.
        [only] => Some(*only),
        several => several
            .iter()
            .min_by_key(|addr| Reverse(source(**addr).map(|source| common_bits(source, **addr))))
            .copied(),
    }
}

fn common_bits(a: IpAddr, b: IpAddr) -> u32 {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(addrs: &[&str], source: impl Fn(IpAddr) -> Option<&'static str>) -> Option<String> {
        let addrs: Vec<IpAddr> = addrs.iter().map(|addr| addr.parse().unwrap()).collect();
        let source = |addr| source(addr).map(|source| source.parse().unwrap());
        choose(&addrs, source).map(|addr| addr.to_string())
    }

    #[test]
    fn the_nearest_is_taken() {
        let here = |_| Some("10.0.0.2");
        assert_eq!(chosen(&["10.1.0.1", "10.0.0.1"], here).as_deref(), Some("10.0.0.1"));
        assert_eq!(chosen(&["10.0.0.1", "10.1.0.1"], here).as_deref(), Some("10.0.0.1"));
        assert_eq!(chosen(&[], here), None);
    }

    #[test]
    fn of_equals_the_first_is_taken() {
        let here = |_| Some("10.0.0.2");
        assert_eq!(chosen(&["10.1.0.9", "10.1.0.8"], here).as_deref(), Some("10.1.0.9"));
        assert_eq!(chosen(&["10.1.0.8", "10.1.0.9"], |_| None).as_deref(), Some("10.1.0.8"));
    }

    #[test]
    fn one_without_a_way_comes_last() {
        let here = |addr: IpAddr| (addr.to_string() != "fd00::1").then_some("fd99::1");
        assert_eq!(chosen(&["fd00::1", "2001:db8::1"], here).as_deref(), Some("2001:db8::1"));
    }
}
