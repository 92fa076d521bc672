//! Echo requests and what answers them, as bytes (RFC 792, RFC 4443). No sockets, no clock; no bytes make it panic.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::{Family, UnreachableKind};

/// The bytes of an echo message before its payload.
pub const HEADER_LEN: usize = 8;

/// The protocol number of ICMP in an IPv4 header.
const ICMP: u8 = 1;
/// The number of ICMPv6 in a next-header field.
const ICMPV6: u8 = 58;
const ECHO_REPLY: u8 = 0;
const ECHO_REQUEST: u8 = 8;
const ECHO_REQUEST_V6: u8 = 128;
const ECHO_REPLY_V6: u8 = 129;

/// The two numbers by which a reply is matched to its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo {
    /// Which process asks.
    pub identifier: u16,
    /// Which of its requests it is.
    pub sequence: u16,
}

/// A message that answers an echo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The reply.
    Reply {
        /// The numbers of the request, sent back.
        echo: Echo,
        /// The length of the message with its header of 8 bytes, without the IP header.
        bytes: usize,
    },
    /// Somebody on the way could not deliver the request.
    Error {
        /// Why.
        kind: UnreachableKind,
        /// The numbers of the request, from the part of it that is quoted.
        echo: Echo,
        /// Where the request went, from the same part.
        to: IpAddr,
    },
}

/// Writes an echo request with `payload` bytes of payload into `out`, in place of what is there.
///
/// The checksum of ICMPv6 is left 0: it covers the source address, which only the kernel knows, and the kernel fills it in
/// (RFC 3542 §3.1).
pub fn write_request(family: Family, echo: Echo, payload: u16, out: &mut Vec<u8>) {
    out.clear();
    out.reserve(HEADER_LEN + usize::from(payload));
    out.extend([if family == Family::V4 { ECHO_REQUEST } else { ECHO_REQUEST_V6 }, 0, 0, 0]);
    out.extend(echo.identifier.to_be_bytes());
    out.extend(echo.sequence.to_be_bytes());
    out.extend((0..=u8::MAX).cycle().take(usize::from(payload)));
    if family == Family::V4 {
        let sum = checksum(out);
        out[2..4].copy_from_slice(&sum.to_be_bytes());
    }
}

/// The Internet checksum (RFC 1071). Of a message that holds a right one it is 0.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u16 {
    let mut words = bytes.chunks_exact(2);
    let mut sum: u64 = words.by_ref().map(|word| u64::from(u16::from_be_bytes([word[0], word[1]]))).sum();
    if let [odd] = words.remainder() {
        sum += u64::from(*odd) << 8;
    }
    while let carry @ 1.. = sum >> 16 {
        sum = (sum & 0xffff) + carry;
    }
    !u16::try_from(sum).expect("nothing is left above 16 bits")
}

/// Reads what a raw ICMP socket gives: a packet with its IPv4 header. Returns the time to live and the message; `None` for all
/// that answers no echo request, and for what arrived damaged.
#[must_use]
pub fn read_v4(packet: &[u8]) -> Option<(u8, Message)> {
    let (header, message) = split_v4(packet)?;
    if checksum(message) != 0 {
        return None;
    }
    let (&[kind, code, ..], word) = (message.first_chunk::<4>()?, be32(message, 4)?);
    if (kind, code) == (ECHO_REPLY, 0) {
        return Some((header[8], Message::Reply { echo: echo_at(message)?, bytes: message.len() }));
    }
    let kind = UnreachableKind::from_icmp(kind, code, word)?;
    let (echo, to) = quoted_v4(message.get(HEADER_LEN..)?)?;
    Some((header[8], Message::Error { kind, echo, to }))
}

/// Reads what a raw ICMPv6 socket gives: a message without any header, whose checksum the kernel has verified. `None` for all
/// that answers no echo request.
#[must_use]
pub fn read_v6(message: &[u8]) -> Option<Message> {
    let (&[kind, code, ..], word) = (message.first_chunk::<4>()?, be32(message, 4)?);
    if (kind, code) == (ECHO_REPLY_V6, 0) {
        return Some(Message::Reply { echo: echo_at(message)?, bytes: message.len() });
    }
    let kind = UnreachableKind::from_icmpv6(kind, code, word)?;
    let (echo, to) = quoted_v6(message.get(HEADER_LEN..)?)?;
    Some(Message::Error { kind, echo, to })
}

/// Splits an IPv4 packet that carries ICMP into its header, options left out, and what follows.
fn split_v4(packet: &[u8]) -> Option<(&[u8; 20], &[u8])> {
    let header = packet.first_chunk::<20>()?;
    let len = usize::from(header[0] & 0xf) * 4;
    if header[0] >> 4 != 4 || len < header.len() || header[9] != ICMP {
        return None;
    }
    Some((header, packet.get(len..)?))
}

/// Reads a quoted IPv4 packet, of which at least 8 bytes follow the header.
fn quoted_v4(packet: &[u8]) -> Option<(Echo, IpAddr)> {
    let (header, message) = split_v4(packet)?;
    // A piece of a packet that is not its first has no ICMP header.
    let fragment_offset = be16(header, 6)? & 0x1fff;
    if fragment_offset != 0 || !message.starts_with(&[ECHO_REQUEST, 0]) {
        return None;
    }
    let to: [u8; 4] = *header.last_chunk()?;
    Some((echo_at(message)?, Ipv4Addr::from(to).into()))
}

/// Reads a quoted IPv6 packet. Extension headers may stand before the message: a large request was cut by the sender itself.
fn quoted_v6(packet: &[u8]) -> Option<(Echo, IpAddr)> {
    let header = packet.first_chunk::<40>()?;
    if header[0] >> 4 != 6 {
        return None;
    }
    let to: [u8; 16] = *header.last_chunk()?;
    let (mut next, mut rest) = (header[6], &packet[40..]);
    while next != ICMPV6 {
        let len = match next {
            // Hop-by-hop options, routing, destination options: the length is in units of 8, less the first (RFC 8200 §4).
            0 | 43 | 60 => (usize::from(*rest.get(1)?) + 1) * 8,
            // The first fragment.
            44 if be16(rest, 2)? & 0xfff8 == 0 => 8,
            _ => return None,
        };
        next = *rest.first()?;
        rest = rest.get(len..)?;
    }
    if !rest.starts_with(&[ECHO_REQUEST_V6, 0]) {
        return None;
    }
    Some((echo_at(rest)?, Ipv6Addr::from(to).into()))
}

fn echo_at(message: &[u8]) -> Option<Echo> {
    Some(Echo { identifier: be16(message, 4)?, sequence: be16(message, 6)? })
}

fn be16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_be_bytes)
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ECHO: Echo = Echo { identifier: 0x1234, sequence: 7 };

    fn request(family: Family, payload: u16) -> Vec<u8> {
        let mut out = vec![0xff; 3];
        write_request(family, ECHO, payload, &mut out);
        out
    }

    fn ipv4(protocol: u8, to: Ipv4Addr, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0x40, 0, 61, protocol, 0, 0, 192, 168, 1, 1];
        packet.extend(to.octets());
        packet.extend(body);
        packet
    }

    fn icmp(kind: u8, code: u8, word: u32, body: &[u8]) -> Vec<u8> {
        let mut message = vec![kind, code, 0, 0];
        message.extend(word.to_be_bytes());
        message.extend(body);
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        message
    }

    fn ipv6(next: u8, to: Ipv6Addr, body: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 0, next, 64];
        packet.extend(Ipv6Addr::LOCALHOST.octets());
        packet.extend(to.octets());
        packet.extend(body);
        packet
    }

    #[test]
    fn the_checksum_is_that_of_rfc_1071() {
        // The example of its section 3.
        assert_eq!(checksum(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]), !0xddf2);
        assert_eq!(checksum(&[]), 0xffff);
        assert_eq!(checksum(&[0xab]), !0xab00);
    }

    #[test]
    fn a_request_is_laid_out_as_rfc_792_says() {
        let packet = request(Family::V4, 3);
        assert_eq!(packet, [8, 0, 0xe3, 0xc3, 0x12, 0x34, 0, 7, 0, 1, 2]);
        assert_eq!(checksum(&packet), 0);
        assert_eq!(request(Family::V6, 2), [128, 0, 0, 0, 0x12, 0x34, 0, 7, 0, 1]);
        assert_eq!(request(Family::V4, u16::MAX).len(), 65543);
    }

    #[test]
    fn a_reply_is_read_with_its_time_to_live_and_size() {
        let packet = ipv4(1, Ipv4Addr::LOCALHOST, &icmp(0, 0, 0x1234_0007, &[9; 56]));
        assert_eq!(read_v4(&packet), Some((61, Message::Reply { echo: ECHO, bytes: 64 })));
        assert_eq!(read_v6(&icmp(129, 0, 0x1234_0007, &[])), Some(Message::Reply { echo: ECHO, bytes: 8 }));
    }

    #[test]
    fn a_damaged_reply_is_none() {
        let mut packet = ipv4(1, Ipv4Addr::LOCALHOST, &icmp(0, 0, 0x1234_0007, &[9; 56]));
        *packet.last_mut().unwrap() ^= 1;
        assert_eq!(read_v4(&packet), None);
    }

    #[test]
    fn requests_and_other_protocols_are_no_answer() {
        assert_eq!(read_v4(&ipv4(1, Ipv4Addr::LOCALHOST, &request(Family::V4, 8))), None);
        assert_eq!(read_v4(&ipv4(17, Ipv4Addr::LOCALHOST, &icmp(0, 0, 0, &[]))), None);
        assert_eq!(read_v6(&request(Family::V6, 8)), None);
        // A router advertisement.
        assert_eq!(read_v6(&icmp(134, 0, 0, &[0; 8])), None);
    }

    #[test]
    fn ip_options_before_a_reply_are_skipped() {
        let mut packet = ipv4(1, Ipv4Addr::LOCALHOST, &[]);
        packet[0] = 0x46;
        packet.extend([1, 1, 1, 1]);
        packet.extend(icmp(0, 0, 0x1234_0007, &[]));
        assert_eq!(read_v4(&packet), Some((61, Message::Reply { echo: ECHO, bytes: 8 })));
    }

    #[test]
    fn an_error_names_the_request_that_it_quotes() {
        let to = Ipv4Addr::new(10, 0, 0, 9);
        // Routers quote the IP header and 8 bytes, or more.
        let quoted = ipv4(1, to, &request(Family::V4, 56)[..8]);
        let packet = ipv4(1, Ipv4Addr::LOCALHOST, &icmp(11, 0, 0, &quoted));
        let expected = Message::Error { kind: UnreachableKind::TtlExceeded, echo: ECHO, to: to.into() };
        assert_eq!(read_v4(&packet), Some((61, expected)));
    }

    #[test]
    fn an_error_about_something_else_is_none() {
        let to = Ipv4Addr::new(10, 0, 0, 9);
        let mut later_piece = ipv4(1, to, &request(Family::V4, 56));
        later_piece[7] = 1;
        for quoted in
            [ipv4(17, to, &[0; 8]), ipv4(1, to, &icmp(0, 0, 0, &[])), later_piece, vec![], vec![0x45]]
        {
            let packet = ipv4(1, Ipv4Addr::LOCALHOST, &icmp(3, 1, 0, &quoted));
            assert_eq!(read_v4(&packet), None, "{quoted:?}");
        }
    }

    #[test]
    fn an_icmpv6_error_names_the_request_that_it_quotes() {
        let to: Ipv6Addr = "fd00::9".parse().unwrap();
        let expected = Message::Error { kind: UnreachableKind::Host, echo: ECHO, to: to.into() };
        let plain = ipv6(58, to, &request(Family::V6, 56));
        assert_eq!(read_v6(&icmp(1, 3, 0, &plain)), Some(expected));
        let mut extended = vec![44, 1];
        extended.resize(16, 0);
        extended.extend([58, 0, 0, 1, 0, 0, 0, 1]);
        extended.extend(request(Family::V6, 56));
        assert_eq!(read_v6(&icmp(1, 3, 0, &ipv6(60, to, &extended))), Some(expected));
    }

    #[test]
    fn a_later_piece_of_an_ipv6_packet_names_nothing() {
        let mut piece = vec![58, 0, 0x05, 0xa8, 0, 0, 0, 1];
        piece.extend(request(Family::V6, 56));
        let quoted = ipv6(44, Ipv6Addr::LOCALHOST, &piece);
        assert_eq!(read_v6(&icmp(3, 1, 0, &quoted)), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read_v4(&bytes);
            let _ = read_v6(&bytes);
        }

        #[test]
        fn no_quoted_bytes_make_it_panic(kind in 0u8..16, code in 0u8..16, bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let _ = read_v4(&ipv4(1, Ipv4Addr::LOCALHOST, &icmp(kind, code, 0, &bytes)));
            let _ = read_v4(&ipv4(1, Ipv4Addr::LOCALHOST, &icmp(kind, code, 0, &ipv4(1, Ipv4Addr::LOCALHOST, &bytes))));
            let _ = read_v6(&icmp(kind, code, 0, &bytes));
            let _ = read_v6(&icmp(kind, code, 0, &ipv6(code, Ipv6Addr::LOCALHOST, &bytes)));
        }

        #[test]
        fn a_request_comes_back_as_its_reply(identifier: u16, sequence: u16, payload in 0u16..2000) {
            let echo = Echo { identifier, sequence };
            let mut out = Vec::new();
            write_request(Family::V4, echo, payload, &mut out);
            prop_assert_eq!(checksum(&out), 0);
            let word = u32::from(identifier) << 16 | u32::from(sequence);
            let reply = ipv4(1, Ipv4Addr::LOCALHOST, &icmp(0, 0, word, &out[8..]));
            prop_assert_eq!(read_v4(&reply), Some((61, Message::Reply { echo, bytes: usize::from(payload) + 8 })));
        }
    }
}
