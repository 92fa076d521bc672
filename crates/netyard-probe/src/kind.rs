//! Why a request was not delivered, as ICMP and ICMPv6 say it. Only the words: what they were said about is in [`packet`].
//!
//! [`packet`]: crate::packet

use std::fmt;

/// Why a router, or the host that was asked, did not deliver a request (RFC 792, RFC 1122 §3.2.2.1, RFC 1812 §5.2.7, RFC 4443 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum UnreachableKind {
    /// No route to the network.
    Net,
    /// The last router got no answer from the host: nobody answered ARP or neighbour discovery.
    Host,
    /// The host does not speak the protocol.
    Protocol,
    /// Nobody listens on the port. A firewall that rejects says this too.
    Port,
    /// The packet is larger than the next link takes, and must not be cut.
    TooBig {
        /// The largest packet that link takes, in bytes; 0 from a router that does not tell (before RFC 1191).
        mtu: u32,
    },
    /// The source route cannot be followed.
    SourceRoute,
    /// A router does not know the network.
    NetUnknown,
    /// A router does not know the host.
    HostUnknown,
    /// A router keeps the sender apart.
    SourceIsolated,
    /// A firewall or a `prohibit` route keeps packets from the network.
    NetProhibited,
    /// A firewall keeps packets from the host.
    HostProhibited,
    /// The network cannot be reached with this type of service.
    NetService,
    /// The host cannot be reached with this type of service.
    HostService,
    /// A firewall or a `prohibit` route refuses the packet.
    Prohibited,
    /// The precedence of the packet is too low for the host.
    Precedence,
    /// The precedence of the packet is too low for the network.
    PrecedenceCutoff,
    /// The source address does not reach as far as the target's (RFC 4443 §3.1).
    BeyondScope,
    /// A firewall refuses the source address (RFC 4443 §3.1).
    SourcePolicy,
    /// The route says to refuse (RFC 4443 §3.1).
    RejectRoute,
    /// The packet went through as many routers as it may: mostly a loop of routes.
    TtlExceeded,
    /// Some pieces of the packet did not arrive in time.
    ReassemblyTime,
    /// Somebody could not make sense of the packet.
    ParameterProblem,
    /// Something else.
    Other {
        /// The type of the ICMP message.
        kind: u8,
        /// Its code.
        code: u8,
    },
}

impl UnreachableKind {
    /// Reads type, code and the second word of an ICMP error (RFC 792); `None` if it is no error about a packet. Redirects and
    /// source quenches are none: the packet was delivered.
    #[must_use]
    pub fn from_icmp(kind: u8, code: u8, word: u32) -> Option<Self> {
        Some(match (kind, code) {
            (3, 0) => Self::Net,
            (3, 1) => Self::Host,
            (3, 2) => Self::Protocol,
            (3, 3) => Self::Port,
            // The next-hop MTU is the lower half of the word (RFC 1191 §4).
            (3, 4) => Self::TooBig { mtu: word & 0xffff },
            (3, 5) => Self::SourceRoute,
            (3, 6) => Self::NetUnknown,
            (3, 7) => Self::HostUnknown,
            (3, 8) => Self::SourceIsolated,
            (3, 9) => Self::NetProhibited,
            (3, 10) => Self::HostProhibited,
            (3, 11) => Self::NetService,
            (3, 12) => Self::HostService,
            (3, 13) => Self::Prohibited,
            (3, 14) => Self::Precedence,
            (3, 15) => Self::PrecedenceCutoff,
            (11, 0) => Self::TtlExceeded,
            (11, 1) => Self::ReassemblyTime,
            (12, _) => Self::ParameterProblem,
            (3 | 11, _) => Self::Other { kind, code },
            _ => return None,
        })
    }

    /// Reads type, code and the second word of an ICMPv6 error; `None` if it is none: errors have types below 128, and of those
    /// RFC 4443 defines four.
    #[must_use]
    pub fn from_icmpv6(kind: u8, code: u8, word: u32) -> Option<Self> {
        Some(match (kind, code) {
            (1, 0) => Self::Net,
            (1, 1) => Self::Prohibited,
            (1, 2) => Self::BeyondScope,
            (1, 3) => Self::Host,
            (1, 4) => Self::Port,
            (1, 5) => Self::SourcePolicy,
            (1, 6) => Self::RejectRoute,
            (2, _) => Self::TooBig { mtu: word },
            (3, 0) => Self::TtlExceeded,
            (3, 1) => Self::ReassemblyTime,
            (4, _) => Self::ParameterProblem,
            (1 | 3, _) => Self::Other { kind, code },
            _ => return None,
        })
    }
}

impl fmt::Display for UnreachableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Net => "destination network unreachable",
            Self::Host => "destination host unreachable",
            Self::Protocol => "destination protocol unreachable",
            Self::Port => "destination port unreachable",
            Self::TooBig { mtu: 0 } => "packet too big",
            Self::TooBig { mtu } => return write!(f, "packet too big, the next link takes {mtu} bytes"),
            Self::SourceRoute => "source route failed",
            Self::NetUnknown => "destination network unknown",
            Self::HostUnknown => "destination host unknown",
            Self::SourceIsolated => "source host isolated",
            Self::NetProhibited => "destination network prohibited",
            Self::HostProhibited => "destination host prohibited",
            Self::NetService => "destination network unreachable for this type of service",
            Self::HostService => "destination host unreachable for this type of service",
            Self::Prohibited => "packet filtered",
            Self::Precedence => "precedence violation",
            Self::PrecedenceCutoff => "precedence cutoff",
            Self::BeyondScope => "beyond the scope of the source address",
            Self::SourcePolicy => "source address refused by policy",
            Self::RejectRoute => "refused by a route",
            Self::TtlExceeded => "time to live exceeded",
            Self::ReassemblyTime => "fragment reassembly time exceeded",
            Self::ParameterProblem => "parameter problem",
            Self::Other { kind, code } => return write!(f, "ICMP error of type {kind}, code {code}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families_name_the_same_things_alike() {
        assert_eq!(UnreachableKind::from_icmp(3, 1, 0), UnreachableKind::from_icmpv6(1, 3, 0));
        assert_eq!(UnreachableKind::from_icmp(11, 0, 0), UnreachableKind::from_icmpv6(3, 0, 0));
        assert_eq!(UnreachableKind::from_icmp(3, 4, 1400), UnreachableKind::from_icmpv6(2, 0, 1400));
    }

    #[test]
    fn the_upper_half_of_the_mtu_word_is_unused_in_ipv4() {
        assert_eq!(
            UnreachableKind::from_icmp(3, 4, 0xffff_0578),
            Some(UnreachableKind::TooBig { mtu: 1400 })
        );
    }

    #[test]
    fn what_is_no_error_is_none() {
        for kind in [0, 4, 5, 8, 9, 13] {
            assert_eq!(UnreachableKind::from_icmp(kind, 0, 0), None, "type {kind}");
        }
        for kind in [0, 5, 128, 129, 134, 136] {
            assert_eq!(UnreachableKind::from_icmpv6(kind, 0, 0), None, "type {kind}");
        }
    }

    #[test]
    fn an_unknown_code_keeps_its_numbers() {
        let kind = UnreachableKind::from_icmp(3, 99, 0).unwrap();
        assert_eq!(kind.to_string(), "ICMP error of type 3, code 99");
    }
}
